# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that the visible inventory uses: homes, disks and vTPMs of virtual machines, and hosts."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import (
    Found,
    inventory,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import moid_of, vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import Key, key_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import (
    Machine,
    machine_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage.result import MachineUse

_VM_PATHS = ("name", "config.keyId", "config.hardware.device")
_HOST_PATHS = ("name", "runtime.cryptoKeyId")
_CLUSTER_PATHS = ("name",)


def machine_use_of(machine: Machine, provider: str) -> MachineUse | None:
    """What of a VM needs the provider."""
    home = machine.home is not None and machine.home.provider == provider
    disks = tuple(
        disk.label
        for disk in machine.disks
        if any(key is not None and key.provider == provider for key in (disk.crypto_key, *disk.chain))
    )
    if not home and not disks:
        return None
    return MachineUse(machine.name, machine.moid, home, disks, home and machine.vtpm)


def doubt(machine: Machine) -> str | None:
    """Why a VM may need any provider, in words."""
    if not machine.readable:
        return f"VM {machine.name} (its configuration cannot be read)"
    if any(key.provider is None for key in machine.needed_keys):
        return f"VM {machine.name} (its key names no provider)"
    return None


@dataclasses.dataclass(frozen=True)
class KeyHost:
    """A host and its key."""

    name: str
    moid: str
    key: Key | None


@dataclasses.dataclass(frozen=True)
class Inventory:
    """What was found, in one read."""

    machines: list[Machine]
    hosts: list[KeyHost]
    clusters: list[Found]

    def used_keys(self) -> set[Key]:
        """Keys that are in use."""
        of_hosts = {host.key for host in self.hosts if host.key is not None}
        return of_hosts.union(*(machine.needed_keys for machine in self.machines))


def inventory_of(found: t.Iterable[Found]) -> Inventory:
    """VMs, hosts and clusters in our shape, by name."""
    machines, hosts, clusters = [], [], []
    for item in sorted(found, key=lambda item: (item.name, item.id)):
        if isinstance(item.object, vim.VirtualMachine):
            machines.append(machine_of(item))
        elif isinstance(item.object, vim.HostSystem):
            key = key_of(item.properties.get("runtime.cryptoKeyId"))
            hosts.append(KeyHost(item.name, moid_of(item.object), key))
        else:
            clusters.append(item)
    return Inventory(machines, hosts, clusters)


def read_inventory(session: Session) -> Inventory:
    """All that this user may see."""
    paths = {
        vim.VirtualMachine: _VM_PATHS,
        vim.HostSystem: _HOST_PATHS,
        vim.ClusterComputeResource: _CLUSTER_PATHS,
    }
    return inventory_of(inventory(session, paths))
