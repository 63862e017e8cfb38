# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups and names of VMs in an inventory, from their records: pure."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.obstacles import BY_SHUTDOWN
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.report import MachineRecord

_OFF_FIRST = frozenset({*BY_SHUTDOWN, "suspended"})  # codes of obstacles


def groups_of(machine: MachineRecord) -> list[str]:
    """State of encryption, key providers and storage policies; locked, and what has to be shut down first."""
    parts = [machine["home"], *machine["disks"]]
    policies = {part["policy"] for part in parts if part["policy"]}
    found = [machine["encryption_state"]]
    found += ["locked"] if machine["locked"] else []
    found += ["needs_power_off"] if needs_power_off(machine) else []
    found += [f"provider_{name}" for name in machine["providers"]]
    return found + [f"policy_{name}" for name in sorted(policies)]


def needs_power_off(machine: MachineRecord) -> bool:
    """Whether its next step waits for it to be off."""
    return any(obstacle["code"] in _OFF_FIRST for obstacle in machine["obstacles"])


def host_names(machines: t.Sequence[MachineRecord]) -> dict[str, str]:
    """A name for each VM, by its id: its own, with its id when others have the same name, or it has none."""
    counted = collections.Counter(machine["name"] for machine in machines)
    taken = {name for name, count in counted.items() if name and count == 1}
    found = {}
    for machine in machines:
        name, moid = machine["name"], machine["moid"]
        unique = name if name in taken else f"{name}_{moid}".lstrip("_")
        while name not in taken and unique in taken:  # somebody named a VM like that
            unique = f"{unique}_{moid}"
        found[moid] = unique
        taken.add(unique)
    return found
