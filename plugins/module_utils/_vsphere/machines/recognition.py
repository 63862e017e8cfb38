# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs on which encryption itself, this run or vSphere depends: excluded unless the user says otherwise."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import pathlib
import socket
import typing as t
import uuid

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    Provider,
    list_providers,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.addresses import resolved
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import Machine

VCENTER, KMIP_SERVER, CONTROL_NODE, AGENT = "vcenter", "kmip_server", "control_node", "agent"
REPLICATION = "replication"
WORDS = {
    VCENTER: "a vCenter",
    KMIP_SERVER: "a KMIP server",
    CONTROL_NODE: "the control node of this run",
    AGENT: "an agent that vSphere manages",
    REPLICATION: "a replication appliance of Zerto, which must not be changed",
}
_ZERTO = "z-vra"  # beginning of the names of its appliances (OVHcloud's guide on Zerto)
_AGENT_MANAGER = "com.vmware.vim.eam"  # ESX Agent Manager, which makes the vCLS VMs
_VCENTER_PRODUCT = "vmware vcenter server"
_NAMELESS = ("localhost", "localhost.localdomain")  # names of guests that nobody named
_PRODUCT_UUID = pathlib.Path("/sys/class/dmi/id/product_uuid")


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """Addresses and names, in lower case, of what this run connects to; UUIDs of the control node."""

    vcenter: frozenset[str] = frozenset()
    kmip_servers: frozenset[str] = frozenset()
    control_node: frozenset[str] = frozenset()
    control_node_uuids: frozenset[str] = frozenset()


def recognise(machine: Machine, around: Surroundings) -> str | None:
    """What the VM is, None for any other. Pure."""
    if machine.managed_by == _AGENT_MANAGER:
        return AGENT
    if is_zerto(machine.name):
        return REPLICATION
    if (machine.product or "").lower().startswith(_VCENTER_PRODUCT) or _is_at(machine, around.vcenter):
        return VCENTER
    if _is_at(machine, around.kmip_servers):
        return KMIP_SERVER
    if machine.uuid.lower() in around.control_node_uuids or _is_at(machine, around.control_node):
        return CONTROL_NODE
    return None


def is_zerto(name: str) -> bool:
    """Whether a VM of that name is a replication appliance of Zerto."""
    return name.lower().startswith(_ZERTO)


def _is_at(machine: Machine, ends: t.Collection[str]) -> bool:
    """Whether the guest has one of the addresses or names; a name without domain is compared with the first label."""
    name = (machine.guest_name or "").lower().rstrip(".")
    named = bool(name) and name not in _NAMELESS and (name in ends or name.partition(".")[0] in ends)
    return named or any(plain_address(address) in ends for address in machine.addresses)


def plain_address(text: str) -> str:
    """An address in its one form, without a zone; another text in lower case."""
    bare = text.partition("%")[0].strip("[]").lower()
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return bare.rstrip(".")


def ends_of(host: str) -> set[str]:
    """A host's name and its addresses, as far as the control node can resolve it."""
    return {plain_address(one) for one in resolved(host)} - {""}


def uuids_of(text: str) -> frozenset[str]:
    """A BIOS UUID in both byte orders: which one a guest sees depends on its virtual hardware."""
    with contextlib.suppress(ValueError):
        seen = uuid.UUID(text.strip())
        return frozenset({str(seen), str(uuid.UUID(bytes_le=seen.bytes))})
    return frozenset()


def look_around(
    session: Session, warn: t.Callable[[str], None], providers: t.Sequence[Provider] | None = None
) -> Surroundings:
    """One request to vCenter for its KMIP servers, unless its key providers are known already.

    Without that privilege, KMIP servers cannot be recognised; a warning is issued.
    """
    try:
        known = list_providers(session) if providers is None else providers
    except CollectionError as error:
        warn(f"VMs that are KMIP servers cannot be recognised: {error.message}")
        known = []
    servers = {server["address"] for provider in known for server in provider.servers if server["address"]}
    kmip_servers = frozenset(end for server in servers for end in ends_of(server))
    vcenter = frozenset(ends_of(session.hostname))
    return Surroundings(vcenter, kmip_servers, frozenset(_own_addresses(vcenter)), _own_uuids())


def _own_addresses(towards: t.Iterable[str]) -> set[str]:
    """Addresses from which the control node reaches the others."""
    # Its other addresses, such as those of bridges to containers, are the same on many VMs and tell nothing.
    found: set[str] = set()
    for address in towards:
        with contextlib.suppress(OSError, ValueError):
            family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((address, 443))  # chooses a route; nothing is sent
                found.add(plain_address(str(probe.getsockname()[0])))
    return found


def _own_uuids() -> frozenset[str]:
    """Empty where the file is not there or not readable (it belongs to root)."""
    with contextlib.suppress(OSError, UnicodeError):
        return uuids_of(_PRODUCT_UUID.read_text(encoding="ascii"))
    return frozenset()
