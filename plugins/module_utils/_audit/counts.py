# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much is encrypted: totals, by key provider, by cluster, by vMotion mode."""

from __future__ import annotations

import typing as t

Facts = dict[str, t.Any]
Machines = t.Sequence[t.Mapping[str, t.Any]]
Records = t.Sequence[t.Mapping[str, t.Any]]

STATES = ("encrypted", "partly_encrypted", "vtpm_only", "unencrypted", "unreadable")
VMOTION_MODES = ("required", "opportunistic", "disabled")


def percent(part: float, whole: float) -> t.Optional[float]:
    """Share in percent, cut to one decimal: 99.96 is not all. None of nothing."""
    return int(1000 * part / whole) / 10 if whole else None


def totals(machines: Machines) -> Facts:
    """Numbers of VMs by state, of disks, and of bytes."""
    disks = [disk for machine in machines for disk in machine.get("disks") or []]
    encrypted_disks = [disk for disk in disks if disk.get("encrypted")]
    found: Facts = {"virtual_machines": len(machines), **states(machines)}
    capacity, encrypted = _capacity(disks), _capacity(encrypted_disks)
    return {
        **found,
        "percent_encrypted": percent(found["encrypted"], len(machines)),
        "locked": sum(bool(machine.get("locked")) for machine in machines),
        "templates": sum(bool(machine.get("template")) for machine in machines),
        "vtpm": sum(bool(machine.get("vtpm")) for machine in machines),
        "mixed_keys": sum(bool(machine.get("mixed_keys")) for machine in machines),
        "disks": len(disks),
        "disks_encrypted": len(encrypted_disks),
        "capacity_bytes": capacity,
        "capacity_encrypted_bytes": encrypted,
        "percent_capacity_encrypted": percent(encrypted, capacity),
    }


def states(machines: Machines) -> dict[str, int]:
    """How many VMs are in each state; a word that is not known counts as unreadable."""
    found = dict.fromkeys(STATES, 0)
    for machine in machines:
        found[state_of(machine)] += 1
    return found


def state_of(machine: t.Mapping[str, t.Any]) -> str:
    """The state of a VM."""
    state = str(machine.get("encryption_state"))
    return state if state in STATES else "unreadable"


def by_state(numbers: t.Mapping[str, t.Any]) -> list[tuple[str, int]]:
    """Each state with its number, in the order of the page."""
    return [(state, numbers[state]) for state in STATES]


def _capacity(disks: t.Iterable[t.Mapping[str, t.Any]]) -> int:
    return sum(int(disk.get("capacity_bytes") or 0) for disk in disks)


def by_provider(machines: Machines) -> list[Facts]:
    """What each provider encrypts. A VM with two providers counts for both."""
    found: dict[str, Facts] = {}
    keys: dict[str, set[str]] = {}
    for machine in machines:
        for part, provider in _encrypted_parts(machine):
            entry = found.setdefault(provider, {"name": provider, "_moids": set(), "disks": 0, "capacity_bytes": 0})
            entry["_moids"].add(machine.get("moid"))
            if "capacity_bytes" in part:
                entry["disks"] += 1
                entry["capacity_bytes"] += int(part.get("capacity_bytes") or 0)
            if part.get("key_id"):
                keys.setdefault(provider, set()).add(str(part["key_id"]))
    for name, entry in found.items():
        entry["virtual_machines"] = len(entry.pop("_moids"))
        entry["key_count"] = len(keys.get(name, ()))
    return sorted(found.values(), key=lambda entry: (-entry["virtual_machines"], entry["name"]))


def _encrypted_parts(machine: t.Mapping[str, t.Any]) -> t.Iterator[tuple[t.Mapping[str, t.Any], str]]:
    for part in [machine.get("home") or {}, *(machine.get("disks") or [])]:
        if part.get("encrypted"):
            yield part, str(part.get("provider") or "")


def by_cluster(machines: Machines) -> list[Facts]:
    """States of the VMs of each cluster; the name is null for hosts outside of any."""
    groups: dict[str, list[t.Mapping[str, t.Any]]] = {}
    for machine in machines:
        groups.setdefault(str(machine.get("cluster") or ""), []).append(machine)
    rows = []
    for name, group in sorted(groups.items()):
        counted = states(group)
        share = percent(counted["encrypted"], len(group))
        rows.append({"name": name or None, "virtual_machines": len(group), **counted, "percent_encrypted": share})
    return rows


def vmotion(machines: Machines) -> dict[str, int]:
    """How many VMs have each mode of encrypted vMotion."""
    found = dict.fromkeys(VMOTION_MODES, 0)
    for machine in machines:
        mode = str(machine.get("vmotion_encryption") or "")
        if mode:
            found[mode] = found.get(mode, 0) + 1
    return found
