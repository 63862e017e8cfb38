# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of every role, in every shape in which surveys, templates, events and command lines hand it over."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers import options
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError

ROLES = pathlib.Path(__file__).resolve().parents[5] / "roles"
SPECS: dict[str, dict[str, t.Any]] = {
    path.name: yaml.safe_load((path / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    for path in sorted(ROLES.iterdir())
    if path.is_dir()
}
ALL = [(role, name) for role, specs in SPECS.items() for name in specs]
EMPTY: dict[str, list[t.Any]] = {"list": [[], [""], [None, " "], "[]"], "dict": [{}, "{}"]}
BLANKS = ("", None, " ", "\n", "\t\n ")
PIN = "AB:" * 31 + "AB"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"
# where not any text will do, by the end of the name
SAMPLES: dict[str, t.Any] = {
    "_thumbprint": PIN,
    "_thumbprints": [PIN, PIN.replace("AB", "CD")],
    "_sha256": PIN,
    "_urns": ["urn:v1:eu:identity:user:ab1-ovh/a", "urn:v1:eu:identity:user:ab1-ovh/b"],
    "_iam_users": ["group:a", "user:b"],
    "_log_stream_id": "8f0e7d6c-1a2b-4c3d-9e4f-5a6b7c8d9e0f",
    "_certificate": CERTIFICATE,
    "_server_ca": CERTIFICATE,
    "_kms_ca": CERTIFICATE,
    "_private_key": KEY,
    "_audit_mode": "0640",
    "_metrics_mode": "0640",
    "_since": "2026-11-29",
    "_servers": [
        {"name": "kms1", "address": "kms1.example.com", "port": 5697, "password": "0123"},
        {"name": "b", "address": "c"},
    ],
    "_remove_servers": ["kms-old", "kms2"],
    "_backup_copies": [
        {"host": "backup1", "path": "/srv/nkp.p12"},
        {"host": "backup2", "path": "/srv/b", "owner": "root"},
    ],
    "_backup_places": [{"host": "backup1", "path": "/srv/nkp.p12"}, {"vault": "kv", "path": "nkp", "max_versions": 3}],
    "_selection": {"names": ["vm1", "app-*"], "tags": ["a:b"]},
    "_exclude": {"infrastructure": False, "folders": ["DC0/vm/prod"]},
    "_server_secrets": {"kms1": {"password": "0123"}},
}  # fmt: skip
# what an option needs beside it, or what would be wrong with it alone
BESIDE: dict[str, dict[str, t.Any]] = {
    "vm_encryption_create_policy": {"vm_encryption_policy": "p"},
    "native_key_provider_vsphere_user": {"native_key_provider_private_cloud": "pcc"},
    "native_key_provider_backup_places_required": {
        "native_key_provider_backup_places": [{"host": f"b{number}", "path": "/srv/b"} for number in range(42)]
    },
    "okms_validity": {"okms_renew_before": 1},
    "external_kms_validity": {"external_kms_renew_before": 1},
    "awx_state": {"awx_confirm": "VMware encryption"},
    "awx_daily_option": {"awx_kms_servers": "[]"},
}
NEEDED: dict[str, dict[str, t.Any]] = {"external_kms": {"external_kms_identity": "csr"}}


def sample(name: str, spec: t.Mapping[str, t.Any]) -> t.Any:
    """A value that is not the default, in its own type."""
    kind = spec.get("type", "str")
    if name.endswith("_file") and not spec.get("required"):
        return ""  # it is read at once, see test_answers_paths.py
    end = max((end for end in SAMPLES if name.endswith(end)), key=len, default="")
    if end and isinstance(SAMPLES[end], {"str": str, "list": list, "dict": dict}.get(kind, ())):
        return SAMPLES[end]
    if spec.get("type") == "dict" and spec.get("options"):
        return {key: sample(f"{name}.{key}", one) for key, one in spec["options"].items() if one.get("type") != "path"}
    if "choices" in spec:
        choice = next(one for one in reversed(spec["choices"]) if one not in ("", spec.get("default")))
        return [choice] if spec.get("type") == "list" else choice
    of_path = "path" in (kind, spec.get("elements"))
    words = ["/srv/one", "/srv/two"] if of_path else ["one-1", "*two b"]
    return {
        "bool": not spec.get("default"),
        "int": 42,
        "float": 42.5,
        "list": words,
        "dict": {"a": "b"},
    }.get(kind, words[0])


def shapes(name: str, value: t.Any, spec: t.Mapping[str, t.Any]) -> list[t.Any]:
    """The value as others write it."""
    kind = spec.get("type", "str")
    if kind == "bool":
        words = ("true", "True", " yes\n", "1", 1, "on") if value else ("false", "False", " no ", "0", 0, "off")
        return [value, *words]
    if kind == "int":
        return [value, str(value), f" {value}\n", float(value), f"{value}.0"]
    if kind == "float":
        return [value, str(value), f" {value}\n"]
    if kind == "dict":
        return [
            value,
            json.dumps(value),
            json.dumps(value, indent=2),
            str(value),
            yaml.safe_dump(value),
            _blanked(value),
        ]
    if kind == "list" and spec.get("elements") == "dict":
        many = [_blanked(one) for one in value]
        return [value, json.dumps(value), str(value), yaml.safe_dump(value), many, yaml.safe_dump(many)]
    if kind == "list":
        lines = "\n".join(value)
        shown = [value, json.dumps(value), str(value), lines, f"{lines}\n\n", yaml.safe_dump(value), [*value, "", None]]
        return [*shown, "\n".join(f"- {one}" for one in value), *([", ".join(value)] if len(value) > 1 else [value[0]])]
    # secrets and what is typed to confirm are taken exactly
    return [value] if spec.get("no_log") or "_confirm" in name else [value, f" {value}\n"]


def _blanked(value: dict[str, t.Any]) -> dict[str, t.Any]:
    """With a question beside it that nobody answered."""
    other = {"name": "server_name", "host": "group", "names": "hosts"}.get(next(iter(value)))
    return {other: "", **value} if other else value


def found(role: str, **changes: t.Any) -> dict[str, t.Any]:
    """The options of the role with these, and what else it needs."""
    needed = {name: sample(name, spec) for name, spec in SPECS[role].items() if spec.get("required")}
    beside = {key: value for name in changes for key, value in BESIDE.get(name, {}).items()}
    values = {**needed, **NEEDED.get(role, {}), **beside, **changes}
    return options.answered(role, SPECS[role], values, start="/start")


@pytest.mark.parametrize(("role", "name"), ALL)
def test_blank_option_takes_its_default_or_is_named(role: str, name: str) -> None:
    spec, short = SPECS[role][name], name[len(role) + 1 :]
    # an empty list is an answer, but no good one where something is needed
    empty = EMPTY.get(spec.get("type", "str"), []) if spec.get("required") else []
    for blank in [*BLANKS, *empty]:
        if spec.get("required"):
            with pytest.raises(InvalidInputError) as caught:
                found(role, **{name: blank})
            assert f"nothing was changed: {name}: " in caught.value.message and "\n" not in caught.value.message
        else:
            without = found(role, **NEEDED.get(role, {}))
            assert found(role, **{name: blank})[short] == without[short]


@pytest.mark.parametrize(("role", "name"), ALL)
def test_option_means_the_same_in_every_shape(role: str, name: str) -> None:
    spec, short = SPECS[role][name], name[len(role) + 1 :]
    value = sample(name, spec)
    expected = found(role, **{name: value})[short]
    for shape in shapes(name, value, spec):
        assert found(role, **{name: shape})[short] == expected, shape


@pytest.mark.parametrize(("role", "name"), ALL)
def test_value_of_another_kind_is_refused_in_one_line(role: str, name: str) -> None:
    spec = SPECS[role][name]
    kind = spec.get("type", "str")
    odd = {"bool": ["perhaps", 7, [1]], "int": ["many", 1.5, True, {}], "float": ["much", True, []]}.get(kind, [True])
    odd = [*odd, ["a", ["b"]]] if kind == "list" else ["words", 3, [1]] if kind == "dict" else odd
    for value in odd if kind != "list" else odd[1:]:
        with pytest.raises(InvalidInputError) as caught:
            found(role, **{name: value})
        said = caught.value.message
        assert name in said and "\n" not in said and len(said) < 400
        assert not spec.get("no_log") or not isinstance(value, str) or value not in said
