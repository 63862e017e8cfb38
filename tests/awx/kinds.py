# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for types of credentials and credentials: what AWX 24.6.1 refused or would do without a word."""

from __future__ import annotations

import re
import typing as t

import jinja2

Given = t.Mapping[str, t.Any]
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# AWX gives these to each job; a credential must not take them away
RESERVED = {
    "PATH", "HOME", "USER", "VIRTUAL_ENV", "JOB_ID", "INVENTORY_ID", "INVENTORY_HOSTVARS", "AWX_HOST",
    "PROJECT_REVISION",
}  # fmt: skip
_TEXTS_ONLY = ("multiline", "format", "choices")
# types that AWX brings along, with the variables of the environment that they set
MANAGED = {
    "VMware vCenter": {"VMWARE_HOST", "VMWARE_USER", "VMWARE_PASSWORD", "VMWARE_VALIDATE_CERTS"},
    "Red Hat Ansible Automation Platform": {
        "CONTROLLER_HOST",
        "CONTROLLER_USERNAME",
        "CONTROLLER_PASSWORD",
        "CONTROLLER_VERIFY_SSL",
        "CONTROLLER_OAUTH_TOKEN",
    },
    "Machine": set(),
}


def of_types(types: t.Iterable[Given]) -> t.Iterator[str]:
    """What is wrong with the types."""
    for kind in types:
        name = kind["name"]
        fields = kind.get("inputs", {}).get("fields", [])
        for text in [*_fields(fields), *_required(kind), *_injectors(kind.get("injectors", {}), fields)]:
            yield f"{name}: {text}"


def _fields(fields: t.Sequence[Given]) -> t.Iterator[str]:
    ids = [field.get("id", "") for field in fields]
    for one in sorted({one for one in ids if ids.count(one) > 1}):
        yield f"two fields {one}"
    for field in fields:
        one, kind = field.get("id", ""), field.get("type", "string")
        if not IDENTIFIER.fullmatch(one) or one == "tower":
            yield f"field {one!r} cannot be a variable"
        if kind not in ("string", "boolean"):
            yield f"field {one} is of type {kind}, AWX knows string and boolean"
        if kind != "string" and (bad := [key for key in ("secret", *_TEXTS_ONLY) if field.get(key)]):
            yield f"field {one} is no text, so it cannot have {', '.join(bad)}"
        if not field.get("label"):
            yield f"field {one} has no label"
        if field.get("secret") and field.get("default"):
            yield f"field {one} is a secret with a default"


def _required(kind: Given) -> t.Iterator[str]:
    inputs = kind.get("inputs", {})
    known = {field.get("id") for field in inputs.get("fields", [])}
    for name in inputs.get("required", []):
        if name not in known:
            yield f"requires {name}, which is no field"


def _injectors(injectors: Given, fields: t.Sequence[Given]) -> t.Iterator[str]:
    if strange := sorted(set(injectors) - {"env", "extra_vars", "file"}):
        yield f"has injectors {', '.join(strange)}"
    files = injectors.get("file", {})
    names = [name for name in files if name != "template"]
    if "template" in files and names:
        yield "has one file and several: template stands alone"
    yield from (f"file {name!r} is no template.NAME" for name in names if not re.fullmatch(r"template\.[a-z_]+", name))
    space: dict[str, t.Any] = {str(field.get("id")): "EXAMPLE" for field in fields}
    space["tower"] = {"filename": {name.partition(".")[2]: "EXAMPLE" for name in names} if names else "EXAMPLE"}
    if not files:
        space["tower"] = {}
    secrets = {field["id"] for field in fields if field.get("secret")}
    for where in ("env", "extra_vars", "file"):
        for name, value in injectors.get(where, {}).items():
            yield from _name(where, name)
            yield from _value(where, name, value, space)
            if where == "extra_vars" and any(re.search(rf"\b{secret}\b", str(value)) for secret in secrets):
                yield f"extra_vars {name} holds a secret, which the environment or a file would hide"


def _name(where: str, name: str) -> t.Iterator[str]:
    if where == "file":
        return
    if not IDENTIFIER.fullmatch(name):
        yield f"{where} {name!r} cannot be a variable"
    if where == "env" and (name.startswith("ANSIBLE_") or name in RESERVED):
        yield f"env {name} is reserved"
    if where == "extra_vars" and name.startswith(("ansible_", "awx_", "tower_")):
        yield f"extra_vars {name} is reserved"


def _value(where: str, name: str, value: t.Any, space: Given) -> t.Iterator[str]:
    if not isinstance(value, str):
        yield f"{where} {name} is no text"
        return
    try:
        jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(value).render(space)
    except jinja2.TemplateError as error:
        yield f"{where} {name}: {error}"


def of_credentials(credentials: t.Iterable[Given], types: t.Iterable[Given]) -> t.Iterator[str]:
    """What is wrong with the credentials, which were rendered without any secret in the environment."""
    own = {kind["name"]: kind for kind in types}
    for one in credentials:
        kind = one.get("credential_type")
        if kind not in own and kind not in MANAGED:
            yield f"{one['name']}: nobody defines the type {kind}"
            continue
        fields = {field["id"]: field for field in own.get(kind, {}).get("inputs", {}).get("fields", [])}
        for name, value in one.get("inputs", {}).items():
            if kind in own and name not in fields:
                yield f"{one['name']}: {kind} has no field {name}"
            if value and is_secret(name, fields.get(name, {})):
                yield f"{one['name']}: {name} stands in the file"
        # an update would put what the environment holds then, and blanks, over what was filled in AWX
        if one.get("state") != "exists":
            yield f"{one['name']}: each run would overwrite it (state: exists)"


def is_secret(name: str, field: Given) -> bool:
    """Whether the value of a field must not be read by others."""
    return bool(field.get("secret")) or bool(re.search(r"password|secret|token|passphrase|private_key", name))


def environment(kind: str, types: t.Iterable[Given]) -> set[str]:
    """Variables of the environment that a credential of the type sets."""
    own = {one["name"]: set(one.get("injectors", {}).get("env", {})) for one in types}
    return own.get(kind, MANAGED.get(kind, set()))
