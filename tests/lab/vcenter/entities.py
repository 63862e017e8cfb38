# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The things of an inventory, as plain data that tests may change."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class KeyRef:
    """Which key of which provider encrypts something."""

    provider: str
    key_id: str


@dataclasses.dataclass
class Entity:
    """What all have in common. `children` are in the order of the inventory tree."""

    reference: t.Any
    name: str
    parent: Entity | None = None
    children: list[Entity] = dataclasses.field(default_factory=list)

    def ancestors(self) -> t.Iterator[Entity]:
        """Parent, its parent, and so on."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    def descendants(self) -> t.Iterator[Entity]:
        """All below, from top to bottom."""
        for child in self.children:
            yield child
            yield from child.descendants()


@dataclasses.dataclass
class Folder(Entity):
    """A folder of one kind of entities."""

    child_types: tuple[str, ...] = ()


@dataclasses.dataclass
class Datacenter(Entity):
    """A datacenter; its children are its four folders: vm, host, datastore, network."""


@dataclasses.dataclass
class Cluster(Entity):
    """A cluster; its children are its hosts and its root resource pool."""

    crypto_mode: str = "onDemand"
    vsan: bool = False
    vsan_encryption: str | None = None  # key provider of vSAN's data-at-rest encryption; it makes vSAN count as on


@dataclasses.dataclass
class ResourcePool(Entity):
    """A resource pool."""


@dataclasses.dataclass
class Datastore(Entity):
    """A datastore; sizes in bytes."""

    capacity: int = 4 << 40
    free: int = 3 << 40


@dataclasses.dataclass
class Host(Entity):
    """An ESXi host. `attestation` is accepted, notAccepted or empty (none)."""

    crypto_state: str = "incapable"
    crypto_key: KeyRef | None = None
    tpm: bool = True
    tpm_version: str = "2.0"
    attestation: str = "accepted"
    crypto_supported: bool = True
    connection_state: str = "connected"
    power_state: str = "poweredOn"
    maintenance: bool = False
    version: str = "8.0.3"
    build: str = "24022510"
    uuid: str = ""

    @property
    def has_tpm_2(self) -> bool:
        """Whether the host has what a native provider may be restricted to."""
        return self.tpm and self.tpm_version.startswith("2")


@dataclasses.dataclass
class Disk:
    """A virtual disk. `bus` is scsi, sata, nvme or ide."""

    key: int
    bus: str
    unit: int
    file_name: str
    capacity_kb: int = 1 << 20
    crypto_key: KeyRef | None = None
    uuid: str = ""
    policy: str | None = None


@dataclasses.dataclass
class Snapshot:
    """A snapshot and those taken after it."""

    reference: t.Any
    name: str
    number: int
    children: list[Snapshot] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class VirtualMachine(Entity):
    """A virtual machine. `crypto_key` is the key of its home; `locked` makes its cryptoState locked."""

    host: Host | None = None
    pool: ResourcePool | None = None
    datastore: Datastore | None = None
    disks: list[Disk] = dataclasses.field(default_factory=list)
    crypto_key: KeyRef | None = None
    locked: bool = False
    tpm: bool = False
    power_state: str = "poweredOff"
    connection_state: str = "connected"
    snapshots: list[Snapshot] = dataclasses.field(default_factory=list)
    template: bool = False
    firmware: str = "efi"
    hardware: str = "vmx-19"
    migrate_encryption: str = "opportunistic"
    ft_encryption: str = "ftEncryptionOpportunistic"
    memory_mb: int = 2048
    cpus: int = 2
    uuid: str = ""
    instance_uuid: str = ""
    ip_addresses: list[str] = dataclasses.field(default_factory=list)  # as VMware Tools report them
    changes: int = 1
    policy: str | None = None  # id of the storage policy of its home

    def crypto_keys(self) -> t.Iterator[KeyRef]:
        """The keys of home and disks."""
        if self.crypto_key:
            yield self.crypto_key
        for disk in self.disks:
            if disk.crypto_key:
                yield disk.crypto_key
