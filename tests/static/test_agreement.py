# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Specs, docs, action groups and role specs agree with each other."""

from __future__ import annotations

import importlib
import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers import paths
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import with_former_names

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACTIONS = {"role_options", "workflow_facts"}  # of which the module holds the documentation only
MODULES = sorted({path.stem for path in (ROOT / "plugins/modules").glob("*.py")} - ACTIONS)
INVENTORIES = sorted(path.stem for path in (ROOT / "plugins/inventory").glob("*.py"))
ROLES = sorted(path.name for path in (ROOT / "roles").glob("*") if path.is_dir())
COLLECTION = "ansible_collections.ovhcloud.vmware_encryption"


def _module(name: str, kind: str = "modules") -> t.Any:
    return importlib.import_module(f"{COLLECTION}.plugins.{kind}.{name}")


def _fragment_documents(reference: str) -> dict[str, t.Any]:
    name, _separator, part = reference[len("ovhcloud.vmware_encryption.") :].partition(".")
    fragment = importlib.import_module(f"{COLLECTION}.plugins.doc_fragments.{name}").ModuleDocFragment
    return t.cast("dict[str, t.Any]", yaml.safe_load(getattr(fragment, (part or "documentation").upper())))


def documented(name: str, kind: str = "modules") -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """Options and attributes of a plugin with those of our fragments; the plugin's own win."""
    own = yaml.safe_load(_module(name, kind).DOCUMENTATION)
    options: dict[str, t.Any] = {}
    attributes: dict[str, t.Any] = {}
    references = own.get("extends_documentation_fragment", [])
    for reference in [name for name in references if name.startswith("ovhcloud.")]:
        document = _fragment_documents(reference)
        options.update(document.get("options", {}))
        for key, value in document.get("attributes", {}).items():
            attributes.setdefault(key, {}).update(value)
    options.update(own.get("options") or {})
    for key, value in (own.get("attributes") or {}).items():
        attributes.setdefault(key, {}).update(value)
    return options, attributes


def disagreements(spec: dict[str, t.Any], docs: dict[str, t.Any], where: str = "") -> list[str]:
    """Differences between an argument spec and documented options, nested ones too."""
    found = [f"{where}{name}: only in the spec" for name in sorted(set(spec) - set(docs))]
    found += [f"{where}{name}: only in the docs" for name in sorted(set(docs) - set(spec))]
    for name in sorted(set(spec) & set(docs)):
        option, text = spec[name], docs[name]
        for key, default in (
            ("type", "str"),
            ("required", False),
            ("elements", None),
            ("default", None),
            ("choices", None),
            ("aliases", None),
        ):
            if option.get(key, default) != text.get(key, default):
                found.append(
                    f"{where}{name}: {key} is {option.get(key, default)!r} and documented {text.get(key, default)!r}"
                )
        if "options" in option or "suboptions" in text:
            found += disagreements(option.get("options", {}), text.get("suboptions", {}), f"{where}{name}.")
    return found


@pytest.mark.parametrize("name", MODULES)
def test_spec_and_docs_agree(name: str) -> None:
    options, _attributes = documented(name)
    assert disagreements(_module(name).SPEC.options, options) == []


@pytest.mark.parametrize("name", INVENTORIES)
def test_spec_and_docs_of_inventory_plugins_agree(name: str) -> None:
    options, _attributes = documented(name, "inventory")
    del options["plugin"]  # Ansible's own
    # not imported above: unit tests import this file, and run where Ansible's control node is not installed
    filters = _module("inventory_source", "plugin_utils").filters()
    assert disagreements(ArgSpec(_module(name, "inventory").InventoryModule.spec, filters).options, options) == []


def test_private_clouds_name_the_option_of_every_role() -> None:
    # the role awx makes definitions, and runs over no private clouds
    named = {role for role in ROLES if f"{role}_private_cloud" in options_of_role(role)} - {"awx"}
    assert set(_module("private_clouds", "inventory").ROLES) == named


def options_of_role(role: str) -> dict[str, t.Any]:
    """The documented options of a role."""
    text = (ROOT / "roles" / role / "meta/argument_specs.yml").read_text()
    return t.cast("dict[str, t.Any]", yaml.safe_load(text)["argument_specs"]["main"]["options"])


def test_the_comparison_finds_differences() -> None:
    spec = {
        "a": {"type": "int", "default": 3},
        "b": {"type": "list", "elements": "dict", "options": {"c": {"type": "str"}}},
    }
    docs = {
        "a": {"type": "int", "default": 4},
        "b": {"type": "list", "elements": "dict", "suboptions": {}},
        "d": {"type": "str"},
    }
    assert disagreements(spec, docs) == [
        "d: only in the docs",
        "a: default is 3 and documented 4",
        "b.c: only in the spec",
    ]


@pytest.mark.parametrize("name", MODULES)
def test_attributes_are_stated(name: str) -> None:
    _options, attributes = documented(name)
    assert {"check_mode", "diff_mode", "idempotent", "action_group"} <= set(attributes)
    # partial: only part of an action can be rehearsed, its docs say which
    assert attributes["check_mode"]["support"] == "full" or "details" in attributes["check_mode"]


def _secret_options(spec: dict[str, t.Any]) -> t.Iterator[tuple[str, t.Any]]:
    for name, option in spec.items():
        yield name, option
        yield from _secret_options(option.get("options", {}))


@pytest.mark.parametrize("name", MODULES)
def test_secret_options_are_hidden(name: str) -> None:
    words = re.compile(r"password$|passphrase$|secret$|private_key$|access_token$|consumer_key$|termination_token$")
    options = [(key, option) for key, option in _secret_options(_module(name).SPEC.options) if words.search(key)]
    # an option with choices, such as update_password, holds no secret
    bare = [key for key, option in options if not option.get("no_log") and "choices" not in option]
    assert bare == []


def test_every_module_is_in_exactly_its_action_group() -> None:
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())
    listed = [module for group in runtime["action_groups"].values() for module in group]
    assert sorted(listed) == MODULES
    for group, modules in runtime["action_groups"].items():
        for name in modules:
            _options, attributes = documented(name)
            assert attributes["action_group"]["membership"] == [f"ovhcloud.vmware_encryption.{group}"], name


@pytest.mark.parametrize("name", MODULES)
def test_every_result_field_is_documented(name: str) -> None:
    returned = yaml.safe_load(_module(name).RETURN)
    members: list[t.Any] = list(vars(_module(name)).values())
    own: list[t.Any] = [
        value for value in members if isinstance(value, type) and value.__module__ == _module(name).__name__
    ]
    for resource in own:
        if not hasattr(resource, "result_key"):
            continue
        fields = with_former_names(dict.fromkeys(resource.fields))
        assert set(fields) == set(returned[resource.result_key]["contains"]), resource.result_key
    for key, entry in returned.items():
        assert "sample" in entry or "contains" in entry, key


# one thing that two modules return: what they say of it is a copy, but for the fields that one of them knows less of
COPIES: tuple[tuple[str, str, set[str]], ...] = (
    ("encryption_storage_policy.storage_policy", "encryption_storage_policy_info.storage_policies", {"id"}),
    ("host_encryption.host_encryption.hosts", "host_encryption_info.hosts", {"key_id"}),
    ("host_encryption.host_encryption.summary", "host_encryption_info.summary", set()),
    ("okms.okms", "okms_info.okms_domains", {"id"}),
    ("okms_credential.credential", "okms_credential_info.credentials", set()),
    ("okms_log_subscription.log_subscriptions", "okms_log_subscription_info.log_subscriptions", {"kind"}),
    ("okms_service_key.service_key", "okms_service_key_info.service_keys", {"public_key", "public_key_sha256"}),
    ("private_cloud_kms.kms_entries", "private_cloud_info.private_clouds.encryption.kms", set()),
    ("private_cloud_kms.kms_entries", "private_cloud_kms.stale_entries", set()),
    (
        "native_key_provider.key_provider",
        "key_provider_info.key_providers",
        {"type", "default", "has_backup", "key_id", "reasons", "tpm_required"},
    ),
    (
        "standard_key_provider.key_provider",
        "key_provider_info.key_providers",
        {"type", "default", "servers", "status", "connections"},
    ),
    ("standard_key_provider.key_provider.servers", "key_provider_info.key_providers.servers", set()),
    ("standard_key_provider.key_provider.connections", "key_provider_info.key_providers.connections", {"certificate"}),
    (
        "standard_key_provider.key_provider.connections.certificate",
        "key_provider_info.key_providers.connections.certificate",
        set(),
    ),
    ("vm_encryption.virtual_machines", "vm_rekey.virtual_machines", {"action"}),
    ("vm_encryption.summary", "vm_rekey.summary", set()),
    ("vm_encryption.virtual_machines.before", "vm_encryption.virtual_machines.after", {"power_state"}),
    ("vsan_encryption.vsan_encryption", "vsan_encryption_info.vsan_clusters", {"changing", "host_key_id", "key_id"}),
    ("vsan_encryption.checks", "vsan_encryption_info.vsan_clusters.checks", set()),
    (
        "kmip_server_test.kmip_server_test.server_certificate",
        "kmip_server_test.kmip_server_test.client_certificate",
        set(),
    ),
)


def _contained(where: str) -> dict[str, t.Any]:
    module, *keys = where.split(".")
    found: dict[str, t.Any] = yaml.safe_load(_module(module).RETURN)
    for key in keys:
        found = found[key]["contains"]
    return found


def _said(entry: t.Any) -> t.Any:
    """Kind and description of a returned value; samples differ, and paths to neighbours begin elsewhere."""
    if "contains" in entry:
        return {key: _said(one) for key, one in entry["contains"].items()}
    text = re.sub(r"RV\([\w\[\].]*?(\w+)\)", r"RV(\1)", str(entry["description"]))
    return entry["type"], entry.get("elements"), text


@pytest.mark.parametrize(("one", "other", "apart"), COPIES, ids=lambda value: value if isinstance(value, str) else "")
def test_what_two_modules_return_is_described_alike(one: str, other: str, apart: set[str]) -> None:
    left, right = _contained(one), _contained(other)
    both = set(left) & set(right)
    assert len(both) >= 3 and apart <= both
    assert {key: left[key]["type"] for key in both} == {key: right[key]["type"] for key in both}
    differ = {key for key in both if _said(left[key]) != _said(right[key])}
    assert differ == apart


def _role(name: str, part: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.safe_load((ROOT / "roles" / name / part).read_text()) or {})


@pytest.mark.parametrize("role", ROLES)
def test_role_options_are_specified_documented_and_used(role: str) -> None:
    spec = _role(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = _role(role, "defaults/main.yml")
    required = {name for name, option in spec.items() if option.get("required")}
    assert set(defaults) == set(spec) - required
    tasks = "\n".join(path.read_text() for path in (ROOT / "roles" / role).rglob("tasks/*.yml"))
    readme = (ROOT / "roles" / role / "README.md").read_text()
    for name, option in spec.items():
        assert name.startswith(f"{role}_"), name
        assert option.get("description"), name
        assert f"`{name}`" in readme, f"{name} is not in the README"
        # the first task reads these into others
        read = paths.text_of(name, spec) or next((new for new in spec if paths.older_name(new, spec) == name), name)
        assert re.search(rf"\b__{role}_options\.{read[len(role) + 1 :]}\b", tasks), f"no task reads {name}"
        if name in defaults:
            assert option.get("default") == defaults[name], name


CONDITIONS = ("when", "that", "until", "failed_when", "changed_when")
LITERAL = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")


def _expressions(value: t.Any, key: str = "") -> t.Iterator[str]:
    """Jinja of a task file, without the texts in it."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _expressions(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from _expressions(one, key)
    elif isinstance(value, str):
        found = [value] if key in CONDITIONS else re.findall(r"\{\{(.*?)\}\}", value, re.DOTALL)
        yield from (LITERAL.sub("''", one) for one in found)


@pytest.mark.parametrize("role", ROLES)
def test_steps_of_a_role_read_its_judged_options(role: str) -> None:
    """A variable as it was typed can be null, blank, or text: `-e` and surveys override what a role would set."""
    spec = _role(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    typed = re.compile(rf"(?<![\w.])(?:{'|'.join(spec)})\b")
    known = {name[len(role) + 1 :] for name in spec}
    wrong = []
    for path in (ROOT / "roles" / role / "tasks").glob("*.yml"):
        for text in _expressions(yaml.safe_load(path.read_text())):
            right = f"__{role}_options."
            wrong += [f"{path.name}: {name}, read {right}{name[len(role) + 1 :]}" for name in typed.findall(text)]
            read = re.findall(rf"\b{right}(\w+)", text)
            wrong += [f"{path.name}: {right}{name} is no option" for name in read if name not in known]
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_options_of_a_role_are_judged_by_its_first_task(role: str) -> None:
    first = _role(role, "tasks/main.yml")[0]  # type: ignore[index]
    assert first["ovhcloud.vmware_encryption.role_options"] == {"role": role}
    assert (first["register"], first["tags"]) == (f"__{role}_options", ["always"])
    # or else Ansible refuses blank answers by their types before that task
    assert _role(role, "meta/argument_specs")["argument_specs"] == {}


@pytest.mark.parametrize("role", ROLES)
def test_names_of_role_options_are_no_keys_of_results(role: str) -> None:
    spec = _role(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    taken = {*dir(dict), "changed", "diff", "exception", "failed", "msg", "results", "skipped", "warnings"}
    assert {name[len(role) + 1 :] for name in spec} & taken == set()


def test_there_are_modules_and_roles() -> None:
    assert MODULES
    assert ROLES
