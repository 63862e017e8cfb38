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
    alarms: list[t.Any] = dataclasses.field(default_factory=list, kw_only=True)  # triggered ones: vim.alarm.AlarmState

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
class VsanState:
    """vSAN of a cluster beyond its key provider; sizes in bytes. `tight`: too few hosts to empty one of them."""

    esa: bool = False
    kek: KeyRef | None = None
    host_key: KeyRef | None = None
    dek_generation: int = 0
    erase_disks: bool = False
    health: str = "green"
    health_reason: str = "vSAN object health"
    capacity: int = 40 << 40
    free: int = 25 << 40
    tight: bool = False
    stuck_key: bool = False  # a rekey reports success and changes nothing
    task: t.Any = None  # the last change
    settling_looks: int = 0  # so many readings after its end it still shows as changing


@dataclasses.dataclass
class Cluster(Entity):
    """A cluster; its children are its hosts and its root resource pool."""

    crypto_mode: str = "onDemand"
    vsan: bool = False
    vsan_encryption: str | None = None  # key provider of vSAN's data-at-rest encryption; it makes vSAN count as on
    vsan_state: VsanState = dataclasses.field(default_factory=VsanState)


@dataclasses.dataclass
class ResourcePool(Entity):
    """A resource pool."""


@dataclasses.dataclass
class VirtualApp(ResourcePool):
    """A vApp: a pool that lies in a folder too. VMs in it have no parent (vSphere API, ManagedEntity.parent)."""

    folder: Folder | None = None


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
    keys: set[KeyRef] = dataclasses.field(default_factory=set)  # pushed to it and still in its memory

    @property
    def has_tpm_2(self) -> bool:
        """Whether the host has what a native provider may be restricted to."""
        return self.tpm and self.tpm_version.startswith("2")


class HasPolicy:
    """A home or a disk. The service for storage policies may tell the policy of before for a while."""

    policy: str | None
    former_policy: tuple[str | None, int] = (None, 0)  # and the number of questions that are still answered with it

    def give_policy(self, policy: str | None, told_late: int) -> None:
        """Another policy, which so many questions do not see yet."""
        self.former_policy, self.policy = (self.policy, told_late), policy

    def told_policy(self) -> str | None:
        """The answer to one question."""
        former, left = self.former_policy
        if left:
            self.former_policy = former, left - 1
        return former if left else self.policy


@dataclasses.dataclass
class Disk(HasPolicy):
    """A virtual disk. `bus` is scsi, sata, nvme or ide, `controller` the number of the controller on that bus.

    `kind` is flat or rdm; `parents` are the files below `file_name`, the nearest first: those of snapshots lie in the
    VM's own folder, that of a linked clone in another VM's. `policy` is the id of a storage policy.
    """

    key: int
    bus: str
    unit: int
    file_name: str
    capacity_kb: int = 1 << 20
    crypto_key: KeyRef | None = None
    uuid: str = ""
    controller: int = 0
    kind: str = "flat"
    sharing: str = "sharingNone"
    parents: list[str] = dataclasses.field(default_factory=list)
    datastore: Datastore | None = None  # None: the VM's
    policy: str | None = None
    seen: tuple[t.Any, t.Any] | None = dataclasses.field(
        default=None, repr=False, compare=False
    )  # kept by vm_properties

    def facts(self) -> tuple[t.Any, ...]:
        """All that a reader of the VM can see of it."""
        place = self.key, self.bus, self.controller, self.unit
        file = self.file_name, self.capacity_kb, self.uuid, self.kind, self.sharing, tuple(self.parents)
        return (*place, *file, self.crypto_key)

    @property
    def linked(self) -> bool:
        """Whether it reads from a disk of another VM."""
        return any(folder_of(parent) != folder_of(self.file_name) for parent in self.parents)


def folder_of(file_name: str) -> str:
    """`[store] vm/` of `[store] vm/vm.vmdk`."""
    return file_name.rpartition("/")[0]


@dataclasses.dataclass
class Snapshot:
    """A snapshot and those taken after it."""

    reference: t.Any
    name: str
    number: int
    children: list[Snapshot] = dataclasses.field(default_factory=list)


def all_snapshots(snapshots: t.Iterable[Snapshot]) -> t.Iterator[Snapshot]:
    """These and all below them."""
    for snapshot in snapshots:
        yield snapshot
        yield from all_snapshots(snapshot.children)


def path_to(snapshots: t.Iterable[Snapshot], wanted: Snapshot) -> list[Snapshot]:
    """A snapshot and those that it was taken after, the first one first."""
    for snapshot in snapshots:
        if snapshot is wanted:
            return [snapshot]
        below = path_to(snapshot.children, wanted)
        if below:
            return [snapshot, *below]
    return []


@dataclasses.dataclass
class VirtualMachine(HasPolicy, Entity):
    """A virtual machine. `crypto_key` is the key of its home; `locked` makes its cryptoState locked.

    `tools` says whether VMware Tools run; None: they do in VMs with addresses. `shutdown_looks` is how many
    readings it takes to shut down after ShutdownGuest; None: the vCenter's setting, -1: it never does.
    """

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
    tools: bool | None = None
    fault_tolerance: str = "notConfigured"
    managed_by: str = ""  # extension that made it, such as com.vmware.vim.eam for agents
    product: str = ""  # what an appliance says it is
    guest_host_name: str = ""
    snapshot_directory: str = ""  # `[store] folder/` when files of snapshots go elsewhere
    off_tree: bool = False  # it has snapshots and none of them is the current one
    extra_config: dict[str, str] = dataclasses.field(default_factory=dict)
    shutdown_looks: int | None = None
    shutting_down: int | None = None  # readings until it is off
    tasks: list[t.Any] = dataclasses.field(default_factory=list)  # those that are not over

    @property
    def tools_running(self) -> bool:
        """Whether VMware Tools answer: in VMs that are on."""
        return bool(self.ip_addresses) if self.tools is None else self.tools and self.power_state == "poweredOn"

    @property
    def linked_clone(self) -> bool:
        """Whether a disk reads from another VM's."""
        return any(disk.linked for disk in self.disks)

    @property
    def needs_consolidation(self) -> bool:
        """Whether disks hang on files of its own that no snapshot left (vSphere API, runtime.consolidationNeeded)."""
        return not self.snapshots and any(disk.parents and not disk.linked for disk in self.disks)

    @property
    def snapshot_tree(self) -> str:
        """none, linear or branched."""
        if not self.snapshots:
            return "none"
        branched = len(self.snapshots) > 1 or any(len(one.children) > 1 for one in all_snapshots(self.snapshots))
        return "branched" if branched else "linear"

    def current_snapshot(self) -> Snapshot | None:
        """The one that was taken last."""
        taken = list(all_snapshots(self.snapshots))
        return max(taken, key=lambda one: one.number) if taken else None

    def datastore_of(self, disk: Disk) -> Datastore | None:
        """Where a disk lies."""
        return disk.datastore or self.datastore

    def datastores(self) -> list[Datastore]:
        """Where home and disks lie."""
        found = [self.datastore, *(disk.datastore for disk in self.disks)]
        return list({id(one): one for one in found if one is not None}.values())

    def look(self) -> None:
        """Somebody reads the VM: its tasks and a shutdown of its guest go on."""
        for task in list(self.tasks):
            task.touch()
        if self.shutting_down is not None:
            self.shutting_down -= 1
            if self.shutting_down < 0:
                self.shutting_down, self.power_state = None, "poweredOff"
                self.changes += 1

    def crypto_keys(self) -> t.Iterator[KeyRef]:
        """The keys of home and disks."""
        if self.crypto_key:
            yield self.crypto_key
        for disk in self.disks:
            if disk.crypto_key:
                yield disk.crypto_key
