# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage policies of the homes and disks of machines, as reports show them."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import HOME, Machine
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.obstacles import ENCRYPT
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.policy_choice import (
    Chooser,
    Present,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.report import (
    PartPolicy,
    Policies,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.store import StoragePolicies


def read_policies(session: Session, machines: t.Sequence[Machine], warn: t.Callable[[str], None]) -> Policies:
    """For all parts of the machines, in a handful of requests; a warning when they cannot be read."""
    store = StoragePolicies(session)
    try:
        chooser, found = Chooser(store.all()), store.associations()
    except CollectionError as error:
        warn(f"storage policies are not shown: {error.message}")
        return {}
    keys = [key for machine in machines for key in part_keys(machine).values()]
    return {key: _part_policy(chooser, next(iter(found.get(key, ())), None)) for key in keys}


def _part_policy(chooser: Chooser, identifier: str | None) -> PartPolicy:
    present = Present(identifier, chooser.policy(identifier))
    rules = present.policy.rules if present.policy else [] if present.free else None
    return PartPolicy(present.name, rules, chooser.choose(ENCRYPT, present).name)


def part_keys(machine: Machine) -> dict[int, str]:
    """How the service names home and disks, by part."""
    return {HOME: machine.moid, **{disk.key: f"{machine.moid}:{disk.key}" for disk in machine.disks}}


def labels(machine: Machine) -> dict[int, str]:
    """How results name home and disks, by part."""
    return {HOME: "home", **{disk.key: disk.label for disk in machine.disks}}
