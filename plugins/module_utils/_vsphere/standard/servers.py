# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of a standard key provider: what the user asked for laid over what is there.

A KMS that is a VM of the vCenter that needs it is told before it can lock everything up.
"""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.hosts import check_host
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.ports import KMIP
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import inventory
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    SERVER_KEYS,
    Server,
    unset,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.addresses import (
    addresses_of_machines,
    resolved,
)

_PATHS = ("name", "guest.ipAddress", "guest.net")


def check_servers(servers: t.Sequence[t.Mapping[str, t.Any]]) -> None:
    """Raise InvalidInputError for empty or repeated names, empty addresses, impossible ports."""
    seen: set[str] = set()
    for server in servers:
        name = server["name"]
        if not name or not server["address"]:
            raise InvalidInputError("servers: every server needs a name and an address that are not empty")
        check_host(f"servers: the address of {name}", server["address"])
        if server.get("proxy_address"):
            check_host(f"servers: the proxy_address of {name}", server["proxy_address"])
        if name in seen:
            raise InvalidInputError(f"servers: the name {name} is given twice")
        if server["port"] is not None and not 0 < server["port"] < 65536:
            raise InvalidInputError(f"servers: {name} has the invalid port {server['port']}")
        seen.add(name)


def merge_server(wanted: t.Mapping[str, t.Any], present: Server | None) -> Server:
    """One server as it will be: options that were not given keep what is there, '' and -1 clear it."""
    base: Server = dict(present) if present is not None else {**dict.fromkeys(SERVER_KEYS), "port": KMIP}
    return {key: base[key] if wanted.get(key) is None else unset(wanted[key]) for key in SERVER_KEYS}


def merge_servers(wanted: t.Sequence[t.Mapping[str, t.Any]], present: t.Sequence[Server], purge: bool) -> list[Server]:
    """All servers as they will be, by name; without purge those that are not named stay."""
    existing = {server["name"]: {key: server[key] for key in SERVER_KEYS} for server in present}
    merged = {} if purge else dict(existing)
    for server in wanted:
        merged[server["name"]] = merge_server(server, existing.get(server["name"]))
    return sorted(merged.values(), key=lambda server: str(server["name"]))


def same_place(one: Server, other: Server) -> bool:
    """Both entries lead to the same server."""
    return (one["address"], one["port"]) == (other["address"], other["port"])


def bare(server: Server) -> Server:
    """Only what vCenter stores."""
    return {key: server[key] for key in SERVER_KEYS}


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
                f"the KMS {server['name']} at {server['address']} is the VM {', '.join(names)} of this vCenter: never "
                "encrypt it with this key provider, and start it before all others, because hosts and encrypted VMs "
                "get no keys while it is down. Preferably, run the KMS elsewhere"
            )
    return found
