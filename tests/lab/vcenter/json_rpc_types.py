# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values on the wire of vCenter's JSON-RPC: structures, optional values, secrets and bytes are marked with their kind.

Names of structures and of their fields are those of the official bindings for Python (vmware-vcenter 9.1.1).
"""

from __future__ import annotations

import dataclasses
import typing as t

Encoder = t.Callable[[t.Any], t.Any]
ERRORS = "com.vmware.vapi.std.errors."
KMS = "com.vmware.vcenter.crypto_manager.kms.providers."
HOST_KMS = "com.vmware.vcenter.crypto_manager.hosts.kms.providers."
TAGGING = "com.vmware.cis.tagging."


def plain(value: t.Any) -> t.Any:
    """Texts, numbers, booleans, enumerations, times, and lists of them."""
    return value


def secret(value: t.Any) -> t.Any:
    """A text that clients do not log."""
    return {"SECRET": value}


def optional(inner: Encoder = plain) -> Encoder:
    """A value that may be unset."""
    return lambda value: {"OPTIONAL": None if value is None else inner(value)}


def many(inner: Encoder) -> Encoder:
    """A list or a set."""
    return lambda values: [inner(value) for value in values]


@dataclasses.dataclass(frozen=True)
class Structure:
    """A structure with the kinds of its fields; those that are plain and always set need not be named."""

    name: str
    fields: t.Mapping[str, Encoder]
    kind: str = "STRUCTURE"

    def __call__(self, value: t.Mapping[str, t.Any]) -> t.Any:
        names = [*value, *(name for name in self.fields if name not in value)]
        return {self.kind: {self.name: {name: self.fields.get(name, plain)(value.get(name)) for name in names}}}


PARAM = Structure(
    "com.vmware.vapi.std.localization_param",
    dict.fromkeys(("s", "dt", "i", "d", "l", "format", "precision"), optional()),
)


def _map(values: t.Mapping[str, t.Any]) -> t.Any:
    entry = Structure("map-entry", {"value": PARAM})
    return [entry({"key": key, "value": value}) for key, value in values.items()]


MESSAGE = Structure("com.vmware.vapi.std.localizable_message", {"params": optional(_map), "localized": optional()})
OBJECT = Structure("com.vmware.vapi.std.dynamic_ID", {})
SESSION = Structure("com.vmware.cis.session.info", {})
CONSTRAINTS = Structure(KMS + "constraints", {})
NATIVE_INFO = Structure(KMS + "native_provider_info", {})
SUMMARY = Structure(KMS + "summary", {})
INFO = Structure(
    KMS + "info",
    {"details": many(MESSAGE), "constraints": optional(CONSTRAINTS), "native_info": optional(NATIVE_INFO)},
)
TOKEN = Structure(KMS + "token", {"token": secret})
LOCATION = Structure(KMS + "location", {"download_token": TOKEN})
EXPORT_RESULT = Structure(KMS + "export_result", {"location": optional(LOCATION)})
IMPORT_RESULT = Structure(
    KMS + "import_result", {"native_info": optional(NATIVE_INFO), "constraints": optional(CONSTRAINTS)}
)
HOST_SUMMARY = Structure(HOST_KMS + "summary", {})
HOST_INFO = Structure(
    HOST_KMS + "info",
    {"details": many(MESSAGE), "native_info": optional(Structure(HOST_KMS + "native_provider_info", {}))},
)
OBJECT_TO_TAGS = Structure(TAGGING + "tag_association.object_to_tags", {"object_id": OBJECT})
TAG_TO_OBJECTS = Structure(TAGGING + "tag_association.tag_to_objects", {"object_ids": many(OBJECT)})
# of the operations of tagging, by service and name; the others answer with ids
TAGGING_OUTPUT: dict[tuple[str, str], Encoder] = {
    ("category", "get"): Structure(TAGGING + "category_model", {}),
    ("tag", "get"): Structure(TAGGING + "tag_model", {}),
    ("tag_association", "list_attached_objects"): many(OBJECT),
    ("tag_association", "list_attached_tags_on_objects"): many(OBJECT_TO_TAGS),
    ("tag_association", "list_attached_objects_on_tags"): many(TAG_TO_OBJECTS),
}


def error(name: str, message: t.Mapping[str, t.Any]) -> t.Any:
    """An error of the standard ones."""
    fields: dict[str, Encoder] = {"messages": many(MESSAGE), "data": optional(), "error_type": optional()}
    if name == "unauthenticated":
        fields["challenge"] = optional()
    made = Structure(ERRORS + name, fields, "ERROR")
    return made({"messages": [message], "error_type": name.upper()})


def decode(value: t.Any) -> t.Any:
    """A value without its marks; without unset fields. ValueError for what is no such value."""
    if isinstance(value, list):
        return [decode(one) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1:
        raise ValueError("a value has one kind")
    ((kind, inner),) = value.items()
    if kind == "OPTIONAL":
        return None if inner is None else decode(inner)
    if kind in ("SECRET", "BINARY"):  # bytes stay in base64, as REST has them
        return inner
    if kind not in ("STRUCTURE", "ERROR") or not isinstance(inner, dict) or len(inner) != 1:
        raise ValueError(f"{kind} is no kind of value")
    (fields,) = inner.values()
    found = {name: decode(one) for name, one in fields.items()}
    return {name: one for name, one in found.items() if one is not None}
