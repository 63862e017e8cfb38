# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which VMs may move to another vCenter, and how, from what both vCenters say. Pure.

Encrypted VMs move across vCenters from 7.0 on. The target needs a key provider of the same name that gives the same
keys; a native one must be the imported backup of the source's (Broadcom KB 378053, with a vTPM KB 386333).
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing, plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.left import UNREADABLE, Facts

YES, NO, NOT_KNOWN = "yes", "no", "not known"
VMOTION, REPLICATION, RESTORE = "cross-vCenter vMotion", "replication", "restore from a backup"
WAYS = (VMOTION, REPLICATION, RESTORE)
_OLDEST = 7
_NAMES = 20
# no source says that a vCenter asks the KMS for a key that none of its VMs uses
_NONE = (
    "the target gets none of the keys: the KMS may refuse them to it, or that vCenter may only answer for keys that it "
    "knows. To find out, move one VM that is switched off and can wait, then run verify_target, which asks for its key "
    "again"
)


@dataclasses.dataclass(frozen=True)
class Way:
    """Whether a VM may move that way, and why not, or what to mind."""

    way: str
    may: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Mover:
    """A VM with the ways that it has."""

    name: str
    moid: str
    instance_uuid: t.Optional[str]
    uuid: t.Optional[str]
    vtpm: bool
    providers: list[str]
    keys: list[dict[str, str]]
    ways: list[dict[str, t.Any]]


def keys_of(machine: Facts) -> list[dict[str, str]]:
    """Each key of a VM once, with its provider; those of disks below snapshots too, without which it does not start."""
    disks = machine.get("disks") or []
    parts = [machine.get("home") or {}, *disks, *(key for disk in disks for key in disk.get("keys_below") or [])]
    found = {(str(one.get("provider")), str(one["key_id"])) for one in parts if one.get("key_id")}
    return [{"provider": provider, "key_id": key_id} for provider, key_id in sorted(found)]


def movers(machines: t.Sequence[Facts], provider: str) -> list[Facts]:
    """The VMs with keys of a key provider by name, and those that nobody can read, because they may have some."""
    due = [
        one
        for one in machines
        if one.get("encryption_state") == UNREADABLE
        or provider in (one.get("providers") or [])
        or any(key["provider"] == provider for key in keys_of(one))
    ]
    return sorted(due, key=lambda one: (str(one.get("name")), str(one.get("moid"))))


def wanted_keys(machines: t.Sequence[Facts], provider: str) -> list[dict[str, str]]:
    """All keys of these VMs, each once; those of other providers too, because a VM needs all of its keys."""
    found = {(key["provider"], key["key_id"]) for one in movers(machines, provider) for key in keys_of(one)}
    return [{"provider": name, "key_id": key_id} for name, key_id in sorted(found)]


def move(source: Facts, target: Facts, keys: t.Sequence[Facts], earlier: Facts) -> dict[str, t.Any]:
    """The verdict. Both sides have vcenter, vcenter_version and key_providers; `keys` is what the target said of them.

    VMs of `earlier`, the record of a run before, that are not in the source any more stay in the record.
    """
    name = str(source["provider"])
    states = {(str(one["provider"]), str(one["key_id"])): one for one in keys}
    trouble = _of_both(source, target, name)
    rows = [as_result(_mover(one, states, trouble)) for one in movers(source["virtual_machines"], name)]
    lost = [one for one in keys if not one["available"]]
    held = [
        {"name": one["name"], "reason": way["reason"]}
        for one in rows
        for way in one["ways"]
        if way["way"] == VMOTION and way["may"] == NO
    ]
    present = {one.get("moid") for one in source["virtual_machines"]}
    gone = [dict(one) for one in earlier.get("virtual_machines") or [] if one.get("moid") not in present]
    return {
        "provider": name,
        "source": {"vcenter": source["vcenter"], "vcenter_id": source.get("vcenter_id") or ""},
        "target": {"vcenter": target["vcenter"], "vcenter_id": target.get("vcenter_id") or ""},
        "keys_asked": len(keys),
        "keys_unavailable": [dict(one) for one in lost],
        "trouble": trouble,
        "may_move": bool(rows) and not held,
        "held": held,
        "virtual_machines": [*rows, *gone],
        "table": _table(rows, keys, lost, trouble),
    }


def _of_both(source: Facts, target: Facts, name: str) -> list[str]:
    """What holds all VMs back: versions, and a native provider that is not the source's."""
    found = []
    for side in (source, target):
        version = str(side.get("vcenter_version") or "")
        major = version.partition(".")[0]
        if major.isdigit() and int(major) < _OLDEST:
            found.append(f"{side['vcenter']} has version {version}; encrypted VMs move across vCenters from 7.0 on")
    old, new = _provider(source, name), _provider(target, name)
    if not new:
        found.append(f"{target['vcenter']} has no key provider {name}")
    elif new.get("type") != old.get("type"):
        found.append(
            f"{name} is {new.get('type')} in {target['vcenter']}, and {old.get('type')} in {source['vcenter']}"
        )
    elif old.get("type") == "native" and (not old.get("key_id") or new.get("key_id") != old.get("key_id")):
        found.append(
            f"the native key provider {name} of {target['vcenter']} has the key id {new.get('key_id') or 'unknown'}, "
            f"not {old.get('key_id') or 'unknown'}: it is another one of the same name, and must be the imported backup"
        )
    return found


def _provider(side: Facts, name: str) -> Facts:
    return next((one for one in side["key_providers"] if one["name"] == name), {})


def _mover(machine: Facts, states: t.Mapping[tuple[str, str], Facts], trouble: t.Sequence[str]) -> Mover:
    keys = keys_of(machine)
    return Mover(
        name=str(machine["name"]),
        moid=str(machine["moid"]),
        instance_uuid=machine.get("instance_uuid"),
        uuid=machine.get("uuid"),
        vtpm=bool(machine.get("vtpm")),
        providers=[str(one) for one in machine.get("providers") or []],
        keys=keys,
        ways=[as_result(one) for one in (_vmotion(machine, keys, states, trouble), _replication(), _restore(machine))],
    )


def _vmotion(
    machine: Facts, keys: t.Sequence[Facts], states: t.Mapping[tuple[str, str], Facts], trouble: t.Sequence[str]
) -> Way:
    reasons = list(trouble)
    if machine.get("encryption_state") == UNREADABLE:
        reasons.append("its configuration cannot be read")
    if machine.get("locked"):
        reasons.append("it is locked: unlock it first (module vm_unlock)")
    if machine.get("template"):
        reasons.append("it is a template: convert it to a VM first")
    for key in keys:
        state = states.get((key["provider"], key["key_id"]))
        if state is None or not state["available"]:
            why = (state or {}).get("reason") or "nobody asked for it"
            reasons.append(f"the target cannot get its key {key['key_id']} of {key['provider']}: {why}")
    return Way(VMOTION, NO if reasons else YES, "; ".join(reasons) or "the target can get all of its keys")


def _replication() -> Way:
    # OVHcloud's guides vm-encrypt-vnkp and user needs: Zerto; of other products no source says anything
    return Way(REPLICATION, NO, "Zerto cannot replicate encrypted VMs; of another product, ask its vendor")


def _restore(machine: Facts) -> Way:
    if machine.get("vtpm"):
        return Way(RESTORE, NOT_KNOWN, "a backup may lack the secrets of its vTPM: try it with a copy first")
    return Way(
        # VDDK reads unencrypted data (VDDK guide, "Encrypted VM Backup and Restore")
        RESTORE,
        YES,
        "backups hold unencrypted data: encrypt the VM again after the restore (role vm_encryption)",
    )


def _table(
    rows: t.Sequence[Facts], keys: t.Sequence[Facts], lost: t.Sequence[Facts], trouble: t.Sequence[str]
) -> list[str]:
    lines = [*trouble, f"the target can get {len(keys) - len(lost)} of {plural(len(keys), 'key')} that the VMs use"]
    lines += [
        f"key {one['key_id']} of {one['provider']}: {one['reason']} -> {one['next_step']}" for one in lost[:_NAMES]
    ]
    if keys and len(lost) == len(keys) and not trouble:
        lines.append(_NONE)
    for way in WAYS:
        for may in (YES, NOT_KNOWN, NO):
            found = [
                (row["name"], one["reason"])
                for row in rows
                for one in row["ways"]
                if (one["way"], one["may"]) == (way, may)
            ]
            for reason in dict.fromkeys(reason for _name, reason in found):
                names = [name for name, why in found if why == reason]
                lines.append(f"{way}, {may} ({len(names)}): {listing(names, _NAMES)}: {reason}")
    return lines
