# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of a standard key provider: what the user asked for laid over what is there.

A KMS that is a VM of the vCenter that needs it is told before it can lock everything up.
"""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    GuardError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.hosts import check_host
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ports import KMIP
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import inventory
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    SERVER_KEYS,
    Server,
    unset,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import key_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.addresses import (
    machines_by_address,
    resolved,
)

_LARGEST = 2**31 - 1  # of an int in vSphere
_NUMBERS = ("timeout", "reconnect", "nbio")
_PATHS = ("name", "guest.ipAddress", "guest.net", "config.keyId")


def check_servers(servers: t.Sequence[t.Mapping[str, t.Any]]) -> None:
    """Raise InvalidInputError for empty or repeated names, empty addresses, impossible ports and numbers."""
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
        _check_numbers(server)
        seen.add(name)


def _check_numbers(server: t.Mapping[str, t.Any]) -> None:
    proxy = server.get("proxy_port")
    if proxy is not None and proxy != -1 and not 0 < proxy < 65536:
        raise InvalidInputError(f"servers: {server['name']} has the invalid proxy_port {proxy}; -1 clears it")
    for option in _NUMBERS:
        number = server.get(option)
        if number is not None and not -1 <= number <= _LARGEST:
            raise InvalidInputError(
                f"servers: {option} of {server['name']} is {number}, expected 0 to {_LARGEST}, or -1 to clear it"
            )


def merge_server(wanted: t.Mapping[str, t.Any], present: Server | None) -> Server:
    """One server as it will be: options that were not given keep what is there, '' and -1 clear it."""
    base: Server = dict(present) if present is not None else {**dict.fromkeys(SERVER_KEYS), "port": KMIP}
    return {key: base[key] if wanted.get(key) is None else unset(wanted[key]) for key in SERVER_KEYS}


def as_registered(wanted: t.Sequence[dict[str, t.Any]], present: t.Sequence[Server]) -> list[dict[str, t.Any]]:
    """The options with the names of the servers that are meant: one may be there with white space around its name."""
    names = [server["name"] for server in present]
    known = {**{name.strip(): name for name in names}, **{name: name for name in names}}
    return [{**server, "name": known.get(server["name"], server["name"])} for server in wanted]


def merge_servers(
    wanted: t.Sequence[t.Mapping[str, t.Any]],
    present: t.Sequence[Server],
    purge: bool,
    removed: t.Collection[str] = (),
) -> list[Server]:
    """All servers as they will be, by name; without purge those that are not named stay, but for the removed ones."""
    existing = {server["name"]: {key: server[key] for key in SERVER_KEYS} for server in present}
    # a list that came as one text has a blank after each comma
    gone = {name if name in existing else name.strip() for name in removed}
    merged = {} if purge else {name: server for name, server in existing.items() if name not in gone}
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


def changes_of(plan: Plan) -> dict[str, list[str]]:
    """Names of the servers that the plan adds, modifies (settings or password) and removes."""
    before = {server["name"]: bare(server) for server in plan.before.get("servers", [])}
    after = {server["name"]: bare(server) for server in plan.after.get("servers", [])}
    given = plan.after.get("passwords_set", [])
    both = [name for name in after if name in before]
    return {
        "added": sorted(set(after) - set(before)),
        "modified": sorted(name for name in both if after[name] != before[name] or name in given),
        "removed": sorted(set(before) - set(after)),
    }


class Location(t.NamedTuple):
    """A new server that is a VM of this vCenter. `locked_in`: that VM needs a key of the very provider to start."""

    server: Server
    names: list[str]
    locked_in: bool

    @property
    def words(self) -> str:
        """What it is."""
        server = self.server
        return f"the KMS {server['name']} at {server['address']} is the VM {', '.join(self.names)} of this vCenter"


def locations(session: Session, plan: Plan, provider: str) -> list[Location]:
    """New servers that are virtual machines here. The inventory is read only when servers change."""
    servers = new_servers(plan)
    if not servers:
        return []
    machines = machines_by_address(inventory(session, {vim.VirtualMachine: _PATHS}))
    found = []
    for server in servers:
        there = [machines[address] for address in resolved(server["address"]) if address in machines]
        if there:
            keys = [key_of(machine.properties.get("config.keyId")) for machine in there]
            locked_in = any(key is not None and key.provider == provider for key in keys)
            found.append(Location(server, sorted({machine.name for machine in there}), locked_in))
    return found


def judge_locations(found: t.Iterable[Location], allowed: bool) -> list[str]:
    """One warning for each; raises GuardError for one that could not start without itself, unless allowed."""
    warnings = []
    for one in found:
        if one.locked_in and not allowed:
            raise GuardError(
                f"{one.words}, and it is encrypted with a key of this key provider: once it is off, neither it nor any "
                "other encrypted VM could start. Nothing was changed. Run the KMS elsewhere, or decrypt its VM "
                "(vm_encryption, state: decrypted), or type the provider's name in confirm_name"
            )
        warnings.append(
            f"{one.words}: never encrypt it with this key provider, and start it before all others, because hosts and "
            "encrypted VMs get no keys while it is down. Preferably, run the KMS elsewhere"
        )
    return warnings
