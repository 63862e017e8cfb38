# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records and summary of the VMs that a module's options choose."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.choice import (
    Chosen,
    choose_machines,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.fleet import (
    Fleet,
    read_fleet,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import Machine
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.obstacles import ENCRYPT
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.policy_choice import (
    Chooser,
    Present,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.report import (
    MachineRecord,
    PartPolicy,
    Policies,
    Summary,
    machine_record,
    obstacles_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.store import StoragePolicies


def fleet_report(context: Context, session: Session, tags: bool, details: bool) -> dict[str, t.Any]:
    """The keys `virtual_machines` and `summary`. Policies are only read when records are wanted."""
    fleet = read_fleet(session, context.params)
    chosen = choose_machines(context, session, fleet, show_tags=tags and details)
    policies = read_policies(session, chosen.machines, context.warn) if details and chosen.machines else {}
    summary = Summary()
    for machine in chosen.machines:
        summary.add(machine, [one["code"] for one in obstacles_of(machine, chosen.spared_as(machine))])
    return {
        "virtual_machines": records(fleet, chosen, policies) if details else [],
        "summary": summary.as_result(),
    }


def records(fleet: Fleet, chosen: Chosen, policies: Policies) -> list[MachineRecord]:
    """One for each chosen VM."""
    return [
        machine_record(
            machine,
            fleet,
            chosen.infrastructure.get(machine.moid),
            chosen.spared,
            policies,
            None if chosen.tags is None else chosen.tags.get(machine.moid, ()),
        )
        for machine in chosen.machines
    ]


def read_policies(session: Session, machines: t.Sequence[Machine], warn: t.Callable[[str], None]) -> Policies:
    """For all parts of the VMs, in a handful of requests; a warning when they cannot be read."""
    store = StoragePolicies(session)
    try:
        chooser, found = Chooser(store.all()), store.associations()
    except CollectionError as error:
        warn(f"storage policies are not shown: {error.message}")
        return {}
    keys = [key for machine in machines for key in machine.policy_keys.values()]
    return {key: _part_policy(chooser, next(iter(found.get(key, ())), None)) for key in keys}


def _part_policy(chooser: Chooser, identifier: str | None) -> PartPolicy:
    present = Present(identifier, chooser.policy(identifier))
    rules = present.policy.rules if present.policy else [] if present.free else None
    return PartPolicy(present.name, rules, chooser.choose(ENCRYPT, present).name)
