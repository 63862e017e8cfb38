# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recovery dossier: what is known of the key providers of each vCenter. Pure: texts in, texts out.

Format 1 had one vCenter, by its address or by nothing. It is read as a section without an instance UUID.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.shapes import (
    LIST,
    MOMENT,
    OBJECT,
    TEXT,
    Record,
    ShapeError,
    check,
    check_fields,
    name_of,
    parsed,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.vcenters import (
    VCenter,
    nameless,
    of_id,
    of_name,
    ordered,
)

DOSSIER_FORMAT = 2
# the first name of each says whether a run speaks of it
_MADE_IN_OKMS = (("policy",), ("log_stream_id", "log_kinds"))
_IDENTITIES = "okms_identity_urns"


class DossierChange(t.NamedTuple):
    """What a run wants to note of one key provider."""

    provider: str
    entry: t.Mapping[str, t.Any]  # empty: take it out
    retire: bool = False
    key_id: str = ""  # of a native provider that is taken out


def loaded_dossier(text: str) -> Record:
    """The dossier in a text, in today's format; an empty text is one without entries. Raises ShapeError."""
    if not text.strip():
        return {"format": DOSSIER_FORMAT, "vcenters": [], "updated_at": None}
    found = parsed(text)
    if found.get("format") == 1:
        sections = [_section("", found.get("vcenter") or "", found)]
    elif found.get("format") == DOSSIER_FORMAT:
        sections = []
        for number, one in enumerate(check(found.get("vcenters"), LIST, "vcenters"), start=1):
            check_fields(one, {"id": TEXT, "name": TEXT}, f"vCenter {number}")
            sections.append(_section(one.get("id") or "", one.get("name") or "", one))
    else:
        check(
            found.get("providers", found.get("vcenters")),
            OBJECT,
            "it is not a dossier of this collection, what it says about key providers",
        )
        raise ShapeError(f"its format is unknown, expected {DOSSIER_FORMAT}")
    check_fields(found, {"updated_at": MOMENT}, "the dossier")
    return {"format": found["format"], "vcenters": sections, "updated_at": found.get("updated_at")}


def _section(vcenter_id: str, name: str, told: t.Mapping[str, t.Any]) -> Record:
    where = f"vCenter {name_of(name or vcenter_id or 'without a name')}"
    check(name, TEXT, f"{where}.name")
    parts = {part: {} if told.get(part) is None else told[part] for part in ("providers", "retired")}
    check_fields(parts, dict.fromkeys(parts, OBJECT), where)
    return {"id": vcenter_id.lower(), "name": name, **parts}


def changed_dossier(dossier: Record, vcenter: VCenter, change: DossierChange, now: str) -> Record:
    """The dossier after the change. Entries of other vCenters are never touched."""
    if "PRIVATE KEY" in json.dumps(change.entry):
        raise ShapeError(f"the entry of {name_of(change.provider)} contains a private key")
    own, others = _taken_over(dossier["vcenters"], vcenter, change)
    name, entry = change.provider, change.entry
    # a vCenter has one default: whoever becomes it ends that of the others
    ends_default = {"default": False} if entry.get("default") else {}
    providers = {key: _with(value, ends_default) for key, value in own["providers"].items() if key != name}
    retired = dict(own["retired"])
    if entry:
        providers[name] = _remembering(json.loads(json.dumps(entry)), own["providers"].get(name))
        retired.pop(name, None)
    elif change.retire and name in own["providers"]:
        retired[name] = _with(own["providers"][name], {"default": False, "retired_at": now})
    section = {**own, "providers": providers, "retired": retired}
    kept = [one for one in (*others, section) if one["providers"] or one["retired"]]
    return {"format": DOSSIER_FORMAT, "vcenters": ordered(kept), "updated_at": now}


def _remembering(entry: Record, earlier: t.Any) -> Record:
    """The entry, with what an earlier run made in the same OKMS domain and this one does not speak of.

    It stays there and is billed or grants rights until somebody removes it, so it must not be forgotten. A run without
    identities leaves the certificate those that it has.
    """
    before, okms = (one.get("okms") if isinstance(one, dict) else None for one in (earlier, entry))
    if not isinstance(before, dict) or not isinstance(okms, dict) or before.get("id") != okms.get("id"):
        return entry
    silent = [names for names in _MADE_IN_OKMS if not okms.get(names[0])]
    kept = {name: before[name] for names in silent for name in names if before.get(name)}
    return {**entry, **_identities(entry, earlier), "okms": {**okms, **kept}}


def _variables(entry: Record) -> Record:
    found = entry.get("variables")
    return found if isinstance(found, dict) else {}


def _identities(entry: Record, earlier: Record) -> Record:
    now, before = (_variables(one) for one in (entry, earlier))
    if now.get(_IDENTITIES) or not before.get(_IDENTITIES):
        return {}
    return {"variables": {**now, _IDENTITIES: before[_IDENTITIES]}}


def _with(entry: t.Any, values: Record) -> t.Any:
    return {**entry, **values} if isinstance(entry, dict) else entry


def _taken_over(sections: list[Record], vcenter: VCenter, change: DossierChange) -> tuple[Record, list[Record]]:
    """The section of the vCenter, with what older files hold of it, and all others."""
    mine = [one for one in (of_id(sections, vcenter), of_name(sections, vcenter)) if one is not None]
    own: Record = {"providers": {}, "retired": {}}
    for one in reversed(mine):
        own = {part: {**own[part], **one[part]} for part in ("providers", "retired")}
    others = [one for one in sections if not any(one is own_one for own_one in mine)]
    own = {"id": vcenter.id or (mine[0]["id"] if mine else ""), "name": vcenter.name, **own}
    return own, [_without_moved(one, own, change) if nameless(one) else one for one in others]


def _without_moved(unnamed: Record, own: Record, change: DossierChange) -> Record:
    """What nothing tells the vCenter of stays as it is, but for the very provider that the run has seen."""
    kept = unnamed["providers"].get(change.provider)
    if not isinstance(kept, dict) or not _keys_of({"key_id": change.key_id, **change.entry}) & _keys_of(kept):
        return unnamed
    own["providers"].setdefault(change.provider, kept)
    rest = {name: entry for name, entry in unnamed["providers"].items() if name != change.provider}
    return {**unnamed, "providers": rest}


def _keys_of(entry: t.Mapping[str, t.Any]) -> set[str]:
    """Keys and certificates that no other provider has."""
    certificate = entry.get("client_certificate")
    client = certificate.get("sha256") if isinstance(certificate, dict) else None
    keys = entry.get("key_ids") if isinstance(entry.get("key_ids"), list) else []
    return {str(one) for one in (entry.get("key_id"), client, *(keys or ())) if one}


def dumped_dossier(dossier: Record) -> str:
    """The text of the file."""
    return json.dumps(dossier, indent=2, sort_keys=True) + "\n"


def entries(dossier: Record, vcenter: VCenter) -> Record:
    """Providers and retired ones of a vCenter, with those of older files that nothing tells the vCenter of."""
    sections = dossier["vcenters"]
    unnamed = [one for one in sections if nameless(one)]
    return joined([*unnamed, of_name(sections, vcenter), of_id(sections, vcenter)])


def joined(sections: t.Iterable[Record | None]) -> Record:
    """Providers and retired ones of several sections; what a later one says counts."""
    providers: Record = {}
    retired: Record = {}
    for one in sections:
        if one is not None:
            providers = {name: kept for name, kept in providers.items() if name not in one["retired"]}
            retired = {name: kept for name, kept in retired.items() if name not in one["providers"]}
            providers.update(one["providers"])
            retired.update(one["retired"])
    return {"providers": providers, "retired": retired}
