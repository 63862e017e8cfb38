# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A KMS that runs as a virtual machine of the vCenter that needs it: told before it can lock everything up."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import (
    Found,
    inventory,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import Server
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.addresses import resolved
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.servers import same_place

_PATHS = ("name", "guest.ipAddress", "guest.net")


def new_servers(plan: Plan) -> list[Server]:
    """Servers that are added, or get another address, by the plan."""
    present = plan.before.get("servers", [])
    return [
        server for server in plan.after.get("servers", []) if not any(same_place(server, known) for known in present)
    ]


def location_warnings(session: Session, plan: Plan) -> list[str]:
    """One line for each new server that is a virtual machine here. The inventory is read only when servers change."""
    servers = new_servers(plan)
    if not servers:
        return []
    machines = addresses_of_machines(inventory(session, {vim.VirtualMachine: _PATHS}))
    found = []
    for server in servers:
        names = sorted({machines[address] for address in resolved(server["address"]) if address in machines})
        if names:
            found.append(
                f"the KMS {server['name']} at {server['address']} is the virtual machine {', '.join(names)} of this "
                "vCenter: never encrypt it with this key provider, and start it before all others, because hosts and "
                "encrypted machines get no keys while it is down. Better run the KMS elsewhere"
            )
    return found


def addresses_of_machines(found: t.Iterable[Found]) -> dict[str, str]:
    """Name of the machine by each address that VMware Tools report. Pure."""
    known: dict[str, str] = {}
    for machine in found:
        cards = machine.properties.get("guest.net") or []
        addresses = [address for card in cards for address in card.ipAddress or []]
        for address in [machine.properties.get("guest.ipAddress"), *addresses]:
            if address:
                known.setdefault(address.partition("%")[0].lower(), machine.name)
    return known
