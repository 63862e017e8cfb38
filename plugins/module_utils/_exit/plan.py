# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan to decrypt everything: what can be decrypted now, how long it is down, what needs a person first. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import (
    listing,
    plural,
    readable_size,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.left import (
    HOST,
    NOT_READ,
    OTHER,
    VM,
    VSAN,
    VTPM,
    Facts,
    encrypted,
    kind_of,
    left,
)

_MEBIBYTE = 1024 * 1024
_NAMES = 20
_WORDS = {
    VTPM: "with a vTPM",
    "template": "templates",
    "snapshots": "with snapshots",
    "linked_clone": "linked clones",
    "fault_tolerance": "with Fault Tolerance",
    "locked": "locked",
    "unreadable": "not readable",
    VSAN: "vSAN of clusters",
    HOST: "hosts in encryption mode",
    OTHER: "other users of keys",
    NOT_READ: "could not be read",
}


def plan(facts: Facts, rate: int, parallel: int) -> dict[str, t.Any]:
    """The plan, as data and as lines for the screen. `rate` in MiB/s for each VM, of `parallel` at a time."""
    machines = facts["virtual_machines"]
    due = encrypted(machines)
    ready = [one for one in due if kind_of(one) == VM]
    downtime = sorted((_downtime(one, rate) for one in ready if _on(one)), key=lambda one: -one["seconds"])
    rows = [one for one in left(facts) if one["kind"] != VM]
    return {
        "encrypted": [str(one["moid"]) for one in due],
        "ready": [str(one["name"]) for one in ready],
        "downtime": downtime,
        "seconds": _together([one["seconds"] for one in downtime], parallel),
        "needs_person": rows,
        "table": [*_lines(machines, due, ready, downtime, rate, parallel), *_obstacles(rows)],
    }


def _on(machine: Facts) -> bool:
    return machine.get("power_state") == "powered_on"


def _downtime(machine: Facts, rate: int) -> dict[str, t.Any]:
    """Of a VM that runs: its encrypted disks are written again while it is off."""
    size = sum(int(disk.get("capacity_bytes") or 0) for disk in machine.get("disks") or [] if disk.get("encrypted"))
    return {"name": str(machine["name"]), "bytes": size, "seconds": -(-size // (max(rate, 1) * _MEBIBYTE))}


def _together(seconds: t.Sequence[int], parallel: int) -> int:
    """How long all of it takes at least: the longest VM, or the work of all divided by how many run at once."""
    return max([-(-sum(seconds) // max(parallel, 1)), *seconds], default=0)


def duration(seconds: int) -> str:
    """In minutes or hours, rounded up."""
    minutes = -(-seconds // 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{max(minutes, 1)} min"


def _lines(
    machines: t.Sequence[Facts],
    due: t.Sequence[Facts],
    ready: t.Sequence[Facts],
    downtime: t.Sequence[Facts],
    rate: int,
    parallel: int,
) -> list[str]:
    """What is encrypted, what of it can be decrypted now, and how long VMs are down for it."""
    lines = [
        f"{len(due)} of {plural(len(machines), 'VM')} are encrypted: {len(ready)} can be decrypted now, "
        f"{len(due) - len(ready)} need a person first"
    ]
    if downtime:
        whole = duration(_together([one["seconds"] for one in downtime], parallel))
        longest = [
            f"{one['name']} {duration(one['seconds'])} ({readable_size(one['bytes'])})" for one in downtime[:_NAMES]
        ]
        lines.append(
            f"downtime: {plural(len(downtime), 'VM')} run and are off while their disks are rewritten; at {rate} MiB/s "
            f"for each VM, {parallel} at a time, about {whole} in all. The longest: {listing(longest, _NAMES)}"
        )
    return lines


def _obstacles(rows: t.Sequence[Facts]) -> list[str]:
    """One line for each kind, with names and the next step; VMs with a vTPM have their own."""
    lines = []
    for kind in dict.fromkeys(str(one["kind"]) for one in rows):
        found = [one for one in rows if one["kind"] == kind]
        names = listing([str(one["subject"]) for one in found], _NAMES)
        lines.append(f"{_WORDS[kind]} ({len(found)}): {names} -> {found[0]['next_step']}")
    return lines
