# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an entry of the dossier may say, and which ones a recovery rebuilds. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records import dossier as records
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.shapes import (
    BOOL,
    COUNT,
    LINES,
    LIST,
    LIST_OR_NOTHING,
    MOMENT,
    NOT_EMPTY,
    OBJECT,
    PORT,
    SETTING,
    TEXT,
    TEXT_OR_TEXTS,
    TEXTS,
    TRUTH,
    Record,
    Shape,
    ShapeError,
    check,
    check_each,
    check_fields,
    name_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.vcenters import (
    VCenter,
    named,
    nameless,
    of_id,
    of_name,
    same_name,
)

_ENTRY = {
    "type": TEXT, "role": TEXT, "default": BOOL, "default_clusters": TEXTS, "servers": LIST, "key_id": TEXT,
    "key_ids": TEXTS, "server_certificates": TEXTS, "client_certificate": OBJECT, "okms": OBJECT, "backup": OBJECT,
    "variables": OBJECT, "retired_at": MOMENT,
}  # fmt: skip
_SERVER = {
    "name": TEXT, "address": TEXT, "port": PORT, "username": TEXT, "proxy_address": TEXT, "proxy_port": SETTING,
    "protocol": TEXT, "reconnect": SETTING, "nbio": SETTING, "timeout": SETTING, "thumbprint": TEXT,
}  # fmt: skip
_OKMS = {
    "id": TEXT, "region": TEXT, "display_name": TEXT, "endpoint": OBJECT, "policy": TEXT, "log_stream_id": TEXT,
    "log_kinds": TEXTS,
}  # fmt: skip
_BACKUP = {"path": TEXT, "sha256": TEXT, "created_at": MOMENT}
_COPY = {"host": TEXT, "path": TEXT, "owner": TEXT, "group": TEXT}
_PLACE = {**_COPY, "okms_secret": TEXT, "vault": TEXT, "mount": TEXT, "namespace": TEXT, "max_versions": COUNT}
_VARIABLES: dict[str, Shape] = {
    **dict.fromkeys(
        (
            "native_key_provider_name", "native_key_provider_backup_path", "native_key_provider_vsphere_user",
            "native_key_provider_private_cloud", "external_kms_private_cloud", "external_kms_vsphere_user",
            "external_kms_entry_description", "external_kms_provider", "external_kms_identity", "okms_private_cloud",
            "okms_id", "okms_vsphere_user", "okms_provider", "okms_server", "okms_endpoint", "okms_credential_name",
            "okms_entry_description", "okms_iam_policy",
            "external_kms_flow_description", "okms_flow_description",  # former names, in older dossiers
        ),
        TEXT,
    ),
    # as people give them: one text for a list, a word for a truth
    **dict.fromkeys(("okms_server_thumbprints", "okms_identity_urns", "okms_iam_kmip_actions"), TEXT_OR_TEXTS),
    **dict.fromkeys(("native_key_provider_tpm_required", "okms_kmip_policy"), TRUTH),
    **dict.fromkeys(("native_key_provider_backup_copies", "native_key_provider_backup_places"), LIST_OR_NOTHING),
    "native_key_provider_backup_places_required": COUNT,
    "external_kms_servers": LIST,
    "external_kms_server_ca": LINES,
}  # fmt: skip
# the roles that a recovery knows: type of the provider, and what it cannot be rebuilt without
_ROLES: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "native_key_provider": ("native", ("backup",), ("native_key_provider_backup_path",)),
    "okms": ("standard", ("servers", "okms"), ("okms_private_cloud", "okms_id")),
    "external_kms": ("standard", ("servers", "server_certificates"), ("external_kms_servers",)),
}


class Chosen(t.NamedTuple):
    """What a reader gets."""

    vcenter: str  # the vCenter in words; empty when the dossier has nothing of it
    providers: Record
    retired: Record


def read(dossier: Record, vcenter: VCenter) -> Chosen:
    """The entries of a vCenter, each in its right shape. Raises ShapeError."""
    found = records.entries(dossier, vcenter)
    for part in ("providers", "retired"):
        for name, entry in found[part].items():
            check_entry(name, entry)
    return Chosen(str(vcenter) if found["providers"] or found["retired"] else "", **found)


def backups_of(dossier: Record, vcenter: VCenter) -> dict[str, str]:
    """When the backup of each native key provider of a vCenter was made, as far as the dossier tells."""
    found = {
        name: (entry.get("backup") or {}).get("created_at") for name, entry in read(dossier, vcenter).providers.items()
    }
    return {name: created for name, created in found.items() if created}


def to_rebuild(dossier: Record, vcenter: VCenter, source: str = "", names: t.Sequence[str] = ()) -> Chosen:
    """The entries to rebuild in this vCenter: those of it, or of the one that `source` names."""
    section, words = _source(dossier["vcenters"], vcenter, source)
    found, known = section["providers"], ", ".join(map(name_of, sorted(section["providers"]))) or "none"
    missing = [name for name in names if name not in found]
    if missing or not found:
        wanted = f"key provider {', '.join(missing)}" if missing else "no key provider"
        raise ShapeError(f"it names {'no ' if missing else ''}{wanted} of {words}; it names {known}")
    wanted_entries = {name: entry for name, entry in found.items() if not names or name in names}
    strange = [name for name, entry in wanted_entries.items() if not _of_known_kind(entry)]
    if strange:
        raise ShapeError(
            "it names key providers of a kind that the role recovery does not know: "
            f"{', '.join(map(name_of, strange))}; nothing was changed. A provider has the type native (role "
            "native_key_provider) or standard (role okms or external_kms): use the dossier as the collection wrote it, "
            "or name only the other providers "
            "(providers=NAME)"
        )
    for name, entry in wanted_entries.items():
        _check_whole(name, entry)
    return Chosen(words, wanted_entries, section["retired"])


def _source(sections: list[Record], vcenter: VCenter, source: str) -> tuple[Record, str]:
    """The entries to rebuild, and whose they are in words."""
    if source:
        alike = [one for one in sections if source.lower() == one["id"] or same_name(one["name"], source)]
        if len(alike) != 1:
            found = f"{len(alike)} vCenters" if alike else "no vCenter"
            raise ShapeError(
                f"it names {found} {name_of(source)}: give the instance UUID of one of {_listed(sections)} "
                "(source=UUID)"
            )
        return alike[0], named(alike[0])
    own = [of_name(sections, vcenter), of_id(sections, vcenter)]
    unnamed = [one for one in sections if nameless(one)]
    if sections and not any(own) and not unnamed:
        raise ShapeError(
            f"it names nothing for {vcenter}, but for {_listed(sections)}. If that vCenter was newly installed, "
            "or if you want to rebuild that vCenter's key providers here, give its instance UUID or address "
            "(source=UUID)"
        )
    return records.joined([*unnamed, *own]), str(vcenter)


def _listed(sections: t.Sequence[Record]) -> str:
    return ", ".join(named(one) for one in sections) or "none"


def _of_known_kind(entry: t.Any) -> bool:
    role = entry.get("role") if isinstance(entry, dict) else None
    return isinstance(role, str) and role in _ROLES and entry.get("type") == _ROLES[role][0]


def _check_whole(name: str, entry: Record) -> None:
    check_entry(name, entry)
    _type, parts, variables = _ROLES[entry["role"]]
    where = f"provider {name_of(name)}"
    check_fields(entry, _ENTRY, where, ["variables", *parts])
    check_fields(entry["variables"], _VARIABLES, f"{where}.variables", variables)
    if "servers" in parts:
        # nothing could be proved of a provider without a server
        check(entry["servers"], NOT_EMPTY, f"{where}.servers")
        check_each(entry["servers"], _SERVER, f"{where}.servers", ("name", "address", "port"))
    if "okms" in parts:
        check_fields(entry["okms"], _OKMS, f"{where}.okms", ["id"])
    if "backup" in parts:
        check_fields(entry["backup"], _BACKUP, f"{where}.backup", ["path", "sha256"])
    if entry["role"] == "external_kms":
        check_each(entry["variables"]["external_kms_servers"], _SERVER, f"{where}.external_kms_servers", ["name"])


def check_entry(name: str, entry: t.Any) -> None:
    """Raise ShapeError when a value of the entry that the collection reads is not of its shape."""
    where = f"provider {name_of(name)}"
    check_fields(entry, _ENTRY, where)
    check_each(entry.get("servers") or [], _SERVER, f"{where}.servers")
    for part, fields in (("okms", _OKMS), ("backup", _BACKUP), ("variables", _VARIABLES)):
        check_fields(entry.get(part) or {}, fields, f"{where}.{part}")
    variables = entry.get("variables") or {}
    lists = (
        ("native_key_provider_backup_copies", _COPY),
        ("native_key_provider_backup_places", _PLACE),
        ("external_kms_servers", _SERVER),
    )
    for part, fields in lists:
        check_each(variables.get(part) or [], fields, f"{where}.{part}")
