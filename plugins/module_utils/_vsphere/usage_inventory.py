# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that the visible inventory uses: homes, disks and vTPMs of virtual machines, and hosts."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.errors import moid_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys import Key, key_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.properties import Found, inventory
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage_result import MachineUse

_VM_PATHS = ("name", "config.keyId", "config.hardware.device")
_HOST_PATHS = ("name", "runtime.cryptoKeyId")
_CLUSTER_PATHS = ("name",)


@dataclasses.dataclass(frozen=True)
class Machine:
    """A virtual machine. `readable` is False when its configuration could not be read; then it may use any key."""

    name: str
    moid: str
    home: Key | None = None
    disks: t.Mapping[str, tuple[Key, ...]] = dataclasses.field(default_factory=dict)
    vtpm: bool = False
    readable: bool = True

    def used_keys(self) -> set[Key]:
        """All its keys."""
        of_disks = {key for keys in self.disks.values() for key in keys}
        return of_disks | ({self.home} if self.home else set())

    def use_of(self, provider: str) -> MachineUse | None:
        """What of it needs the provider."""
        home = self.home is not None and self.home.provider == provider
        disks = tuple(label for label, keys in self.disks.items() if any(key.provider == provider for key in keys))
        if not home and not disks:
            return None
        return MachineUse(self.name, self.moid, home, disks, home and self.vtpm)

    def doubt(self) -> str | None:
        """Why it may need any provider, in words."""
        if not self.readable:
            return f"VM {self.name} (its configuration cannot be read)"
        if any(key.provider is None for key in self.used_keys()):
            return f"VM {self.name} (its key names no provider)"
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
        return of_hosts.union(*(machine.used_keys() for machine in self.machines))


def _disk_keys(backing: t.Any) -> tuple[Key, ...]:
    """Keys of a disk and of the disks below it that snapshots left behind."""
    keys: list[Key] = []
    while backing is not None:
        key = key_of(getattr(backing, "keyId", None))
        if key is not None and key not in keys:
            keys.append(key)
        backing = getattr(backing, "parent", None)
    return tuple(keys)


def machine_of(found: Found) -> Machine:
    """A virtual machine in our shape."""
    moid = moid_of(found.object)
    if "config.hardware.device" not in found.properties:
        return Machine(found.name, moid, readable=False)
    disks: dict[str, tuple[Key, ...]] = {}
    vtpm = False
    for device in found.properties["config.hardware.device"]:
        vtpm = vtpm or isinstance(device, vim.vm.device.VirtualTPM)
        keys = _disk_keys(getattr(device, "backing", None))
        if keys:
            disks[device.deviceInfo.label if device.deviceInfo else f"device {device.key}"] = keys
    return Machine(found.name, moid, key_of(found.properties.get("config.keyId")), disks, vtpm)


def inventory_of(found: t.Iterable[Found]) -> Inventory:
    """Machines, hosts and clusters in our shape, by name."""
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
