# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has arrived in the other vCenter: each VM of the move's record, counted and compared. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.left import (
    UNENCRYPTED,
    UNREADABLE,
    Facts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.move import keys_of

ARRIVED, AT_SOURCE, TWICE, MISSING = "arrived", "at the source", "in both vCenters", "in neither vCenter"
NAMESAKE = "only a VM of the same name"
STILL_LOCKED, NO_KEY, BARE, OTHER_PROVIDER, UNKNOWN = (
    "arrived, but locked", "arrived, but its key is unavailable", "arrived unencrypted",
    "arrived with keys of another provider", "arrived, but not readable",
)  # fmt: skip
_STEPS = {
    AT_SOURCE: "Move it, then run verify_target again",
    TWICE: "Find out which one is in use, and remove the other one",
    NAMESAKE: "Compare both by hand: a restored VM has new UUIDs, any other is a stranger. Keep both until then",
    MISSING: "Look for it: it was renamed and given another UUID, or it is lost; restore it from its backup",
    STILL_LOCKED: "Unlock it with the module vm_unlock, which says why it is locked",
    NO_KEY: "Do not power it off. Make the key provider of the target give the key, see the reason",
    BARE: "Encrypt it again with the role vm_encryption, as after a restore from a backup",
    OTHER_PROVIDER: "Find out why; keep that provider, or move the VM with the role key_provider_migration",
    UNKNOWN: "Give the vSphere user the right to read it, or restore its connection to vCenter",
}
_NAMES = 20


@dataclasses.dataclass(frozen=True)
class Arrival:
    """Where a VM is now."""

    name: str
    moid: t.Optional[str]
    standing: str
    reason: str
    next_step: str


def arrived_keys(record: Facts, machines: t.Sequence[Facts]) -> list[dict[str, str]]:
    """The keys that the VMs of the record have in the target now, each once."""
    there = _Index(machines)
    found = [there.find(one) or there.namesake(one) for one in record["virtual_machines"]]
    keys = {(key["provider"], key["key_id"]) for one in found if one for key in keys_of(one)}
    return [{"provider": provider, "key_id": key_id} for provider, key_id in sorted(keys)]


def arrival(
    record: Facts, target: t.Sequence[Facts], source: t.Optional[t.Sequence[Facts]], keys: t.Sequence[Facts]
) -> dict[str, t.Any]:
    """Each VM of the record. Without `source`, nobody has looked whether it is still there."""
    here, there = _Index(source or []), _Index(target)
    lost = {(str(one["provider"]), str(one["key_id"])): str(one["reason"]) for one in keys if not one["available"]}
    rows = [as_result(_judged(one, here, there, lost)) for one in record["virtual_machines"]]
    counts = {standing: sum(one["standing"] == standing for one in rows) for standing in (ARRIVED, *_STEPS)}
    return {
        "provider": record["provider"],
        "source": record["source"],
        "target": record["target"],
        "source_read": source is not None,
        "expected": len(rows),
        "counts": {standing: count for standing, count in counts.items() if count},
        "complete": counts[ARRIVED] == len(rows),
        "virtual_machines": rows,
        "table": _table(rows),
    }


class _Index:
    """VMs by what stays the same when they move: instance UUID, then BIOS UUID.

    The name counts only for a VM of which no UUID is known; otherwise another VM may have it.
    """

    def __init__(self, machines: t.Sequence[Facts]) -> None:
        self._machines = machines

    def find(self, wanted: Facts) -> t.Optional[Facts]:
        """The VM of the record, None if it is not there."""
        keys = [key for key in ("instance_uuid", "uuid") if wanted.get(key)] or ["name"]
        return next((one for one in (self._only(wanted, key) for key in keys) if one), None)

    def namesake(self, wanted: Facts) -> t.Optional[Facts]:
        """The only VM of the same name, whatever its UUIDs are."""
        return self._only(wanted, "name")

    def _only(self, wanted: Facts, key: str) -> t.Optional[Facts]:
        found = [one for one in self._machines if one.get(key) == wanted[key]]
        return found[0] if len(found) == 1 else None


def _judged(wanted: Facts, here: _Index, there: _Index, lost: t.Mapping[tuple[str, str], str]) -> Arrival:
    at_source, at_target = here.find(wanted), there.find(wanted)
    standing, reason = _standing(wanted, at_source, at_target, lost)
    namesake = there.namesake(wanted) if standing == MISSING else None
    if namesake:
        standing, reason = NAMESAKE, "its UUIDs differ, so it may be another VM"
    step = "" if standing == ARRIVED else _STEPS[standing]
    return Arrival(str(wanted["name"]), (at_target or namesake or {}).get("moid"), standing, reason, step)


def _standing(
    wanted: Facts, here: t.Optional[Facts], there: t.Optional[Facts], lost: t.Mapping[tuple[str, str], str]
) -> tuple[str, str]:
    if there is None:
        return (AT_SOURCE, "it has not moved") if here else (MISSING, "nothing has its UUIDs")
    if here:
        return TWICE, "both have its UUID"
    if there.get("encryption_state") == UNREADABLE:
        return UNKNOWN, "its configuration cannot be read"
    if there.get("encryption_state") == UNENCRYPTED:
        return BARE, "nothing of it is encrypted any more"
    if there.get("locked"):
        return STILL_LOCKED, "its host does not have its key"
    gone = [lost[one["provider"], one["key_id"]] for one in keys_of(there) if (one["provider"], one["key_id"]) in lost]
    if gone:
        return NO_KEY, gone[0]
    # of a VM that nobody could read before the move, the record has no provider
    others = sorted(set(there.get("providers") or []) - set(wanted.get("providers") or there.get("providers") or []))
    if others:
        return OTHER_PROVIDER, f"it has keys of {', '.join(others)}"
    return ARRIVED, "encrypted, unlocked, and the target can get its keys"


def _table(rows: t.Sequence[Facts]) -> list[str]:
    lines = []
    for standing in (ARRIVED, *_STEPS):
        names = [str(one["name"]) for one in rows if one["standing"] == standing]
        step = f" -> {_STEPS[standing]}" if standing in _STEPS else ""
        if names:
            lines.append(f"{standing} ({len(names)}): {listing(names, _NAMES)}{step}")
    return lines
