# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of storage policies share: VMs with policies that have rules, and what is left of them."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.fleet_helpers import prepare, rows
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import pbm_profiles as P  # noqa: N812
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.pbm_rules import storage_of

OTHER = "nkp-other"
ONE: dict[str, t.Any] = {"selection": {"names": ["vm1"]}}
TWIN = "vSAN RAID-6 - encrypted"
Policies = dict[str, t.Optional[str]]


def ready(lab: Lab) -> t.Any:
    """Providers, policies with rules, and vm1 whose home and disks have that of vSAN with two rules."""
    prepare(lab)
    lab.vcenter.crypto.add_native(OTHER, has_backup=True)
    P.add_team_policies(lab.vcenter.policies)
    return give(lab, P.VSAN_RAID_6)


def give(lab: Lab, *policies: str | None, name: str = "vm1") -> t.Any:
    """A VM with these policies for its home and its disks; the last one counts for the rest."""
    machine = lab.vcenter.inventory.vm(name)
    parts: list[t.Any] = [machine, *machine.disks]
    for number, part in enumerate(parts):
        part.policy = policies[min(number, len(policies) - 1)]
    return machine


def rules(lab: Lab, machine: t.Any) -> dict[str, t.Any]:
    """Rules and vSAN layout of home and disks, whatever the policies are called."""
    found = storage_of(lab.vcenter.policies, machine)
    return {part: (one["rules"], one["vsan"]) for part, one in found.items()}


def policies_of(lab: Lab, machine: t.Any) -> list[str | None]:
    found = storage_of(lab.vcenter.policies, machine)
    return [one["policy"] for one in found.values()]


def shown(result: t.Any, when: str, name: str = "vm1") -> list[str | None]:
    """The policies of home and disks in a result."""
    return list(rows(result)[name][when]["policies"].values())


def writes_of(lab: Lab, operation: str) -> int:
    return [entry.operation for entry in lab.journal.writes(0, "vcenter")].count(operation)


def meanwhile(lab: Lab, operation: str, act: t.Callable[[], t.Any], skip: int = 0) -> None:
    """Somebody else acts after a request of that kind was answered."""
    left = [skip]

    def hear(entry: t.Any) -> None:
        if entry.operation == operation:
            left[0] -= 1
            if left[0] == -1:
                act()

    lab.journal.listeners.append(hear)
