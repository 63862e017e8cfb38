# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for job templates: what they hand to a role must be what the role takes."""

from __future__ import annotations

import functools
import pathlib
import re
import typing as t

import jinja2
import yaml
from jinja2 import meta

from ansible_collections.ovhcloud.vmware_encryption.tests.awx import kinds, surveys

Given = t.Mapping[str, t.Any]
ROOT = pathlib.Path(__file__).resolve().parents[2]
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
# variables of the playbooks, and of the templates themselves
_SHARED = re.compile(r"(vcenter|ovhcloud)_[a-z_]+|job_volume")
_ENVIRONMENT = re.compile(r"lookup\('ansible\.builtin\.env', '(\w+)'\)")
_AS_TYPED = re.compile(r"/[^/{}]*\{\{ (\w+) \}\}")  # roles read names without white space at their ends
_TRUE = (True, "true", "yes")


@functools.cache
def options(role: str) -> dict[str, t.Any]:
    """The documented options of a role."""
    text = (ROOT / "roles" / role / "meta/argument_specs.yml").read_text(encoding="utf-8")
    return t.cast("dict[str, t.Any]", yaml.safe_load(text)["argument_specs"]["main"]["options"])


# a role that runs others takes their variables too
_RUNS = {
    "certificate_renewal": ("external_kms", "okms"),
    "encryption_exit": ("external_kms", "native_key_provider", "okms"),
}


def role_of(template: Given) -> str:
    """The role that its playbook runs; blank when it is none of ours."""
    match = re.fullmatch(r"playbooks/(\w+)\.yml", str(template.get("playbook")))
    return match[1] if match and match[1] in PLAYBOOKS else ""


_MOVES = ("prepare_target", "verify_target")


def dangerous(template: Given) -> str:
    """Why it needs an approval: it may order, or it destroys, if only what protects data."""
    given = template.get("extra_vars", {})
    asked = {question["variable"] for question in surveys.questions(template)}
    if role_of(template) == "okms" and (given.get("okms_allow_order") in _TRUE or "okms_allow_order" in asked):
        return "orders"
    if role_of(template) == "decommission":
        return "destroys"
    # the other modes prepare and compare a move, and destroy nothing
    if role_of(template) == "encryption_exit" and given.get("encryption_exit_mode") not in _MOVES:
        return "destroys"
    return ""


def problems(definitions: Given) -> t.Iterator[str]:
    """What is wrong with the templates, each text begins with the name of one."""
    templates = definitions["controller_templates"]
    for template in templates:
        checks = (_settings(template), _related(template, definitions), surveys.problems(template))
        for text in [text for check in checks for text in check]:
            yield f"{template['name']}: {text}"
        if not role_of(template):
            yield f"{template['name']}: its playbook {template.get('playbook')} is no playbooks/NAME.yml of the project"
            continue
        for text in [*_variables(template), *_asked(template), *_drill(template)]:
            yield f"{template['name']}: {text}"
    for name in PLAYBOOKS:
        if name not in {role_of(template) for template in templates}:
            yield f"the playbook {name} has no template"


def _settings(template: Given) -> t.Iterator[str]:
    if template.get("allow_simultaneous") is not False:
        yield "two of its jobs could run at once"
    if template.get("ask_variables_on_launch"):
        yield "takes any variable, so nothing that it fixes is fixed"
    if template.get("job_type") != "run":
        yield "says not whether it runs or checks"


def _related(template: Given, definitions: Given) -> t.Iterator[str]:
    for key, variable in (
        ("project", "controller_projects"),
        ("inventory", "controller_inventories"),
        ("execution_environment", "controller_execution_environments"),
    ):
        if template.get(key) not in {one["name"] for one in definitions[variable]}:
            yield f"{key} {template.get(key)!r} is not defined"
    known = {one["name"] for one in definitions["controller_notifications"]}
    yield from (
        f"notification {name} is not defined"
        for name in template.get("notification_templates_error", [])
        if name not in known
    )
    by_name = {one["name"]: one["credential_type"] for one in definitions["controller_credentials"]}
    used = [by_name.get(name) for name in template.get("credentials", [])]
    yield from (f"credential {name} is not defined" for name in template.get("credentials", []) if name not in by_name)
    yield from (
        f"two credentials of the type {kind}" for kind in {kind for kind in used if kind and used.count(kind) > 1}
    )
    given = {
        name for kind in used if kind for name in kinds.environment(kind, definitions["controller_credential_types"])
    }
    for name in _ENVIRONMENT.findall(str(template.get("extra_vars", {}))):
        if name not in given:
            yield f"no credential of its own sets {name}"


def _variables(template: Given) -> t.Iterator[str]:
    role, given = role_of(template), template.get("extra_vars", {})
    asked = {question["variable"] for question in surveys.questions(template)}
    for name, value in given.items():
        known = {
            **options(role),
            **{name: spec for other in _RUNS.get(role, ()) for name, spec in options(other).items()},
        }
        if name not in known and not _SHARED.fullmatch(name):
            yield f"sets {name}, which is no option of the role {role}"
        if options(role).get(name, {}).get("no_log") and not _ENVIRONMENT.search(str(value)):
            yield f"{name} is a secret that stands in the template"
        if name in asked:
            yield f"asks for {name} and fixes it"
        for answer in sorted(asked.intersection(_AS_TYPED.findall(str(value)))):
            yield f"{name} is a path with {answer} as it was typed: trim it"
        for used in sorted(_undefined(value) - asked - set(given)):
            yield f"{name} uses {used}, which nobody asks for"


def _undefined(value: t.Any) -> set[str]:
    """Variables that an expression needs; what it has a default for can be missing."""
    if isinstance(value, t.Mapping):
        return {name for item in value.values() for name in _undefined(item)}
    if not isinstance(value, str) or "{{" not in value:
        return set()
    environment = jinja2.Environment()
    optional = set(re.findall(r"(\w+) \| default\(", value))
    return meta.find_undeclared_variables(environment.parse(value)) - {"lookup"} - optional


def _asked(template: Given) -> t.Iterator[str]:
    role, given = role_of(template), template.get("extra_vars", {})
    used = str(given)
    asked = {question["variable"]: question for question in surveys.questions(template)}
    for name, question in asked.items():
        spec = options(role).get(name)
        if spec is None and not re.search(rf"\b{name}\b", used):
            yield f"asks for {name}, which it hands to no option"
        if spec is not None:
            yield from (f"question {name}: {text}" for text in _fits(question, spec))
    for name, spec in options(role).items():
        if spec.get("required") and name not in given and name not in asked:
            yield f"neither sets nor asks for {name}, which the role {role} requires"


def _fits(question: Given, spec: Given) -> t.Iterator[str]:
    """Whether an answer is one that the option takes."""
    kind = spec.get("type", "str")
    fitting = {
        "bool": ("multiplechoice",),
        "int": ("integer",),
        "float": ("float", "integer"),
        "list": ("textarea", "multiselect", "text"),
        "dict": ("textarea",),
    }
    if question["type"] not in fitting.get(kind, ("text", "textarea", "multiplechoice")):
        yield f"is of type {question['type']}, the option is {kind}"
    choices = set(question.get("choices", []))
    if kind == "bool" and choices != {"true", "false"}:
        yield "its choices are not true and false"
    if spec.get("choices") and not choices <= set(map(str, spec["choices"])):
        yield "it offers what the role does not take"
    if spec.get("no_log"):
        yield "asks for a secret: what is secret comes from a credential"


def _drill(template: Given) -> t.Iterator[str]:
    """AWX ignores answers that nobody asked for, so a drill that is launched as a variable would be a recovery."""
    if role_of(template) == "recovery" and not isinstance(template.get("extra_vars", {}).get("recovery_drill"), bool):
        yield "does not fix recovery_drill"
