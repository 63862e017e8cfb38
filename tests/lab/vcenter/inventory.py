# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory of any size: one datacenter, clusters, hosts, virtual machines with disks on several controllers."""

from __future__ import annotations

import typing as t
import uuid

from pyVmomi import vim

from . import vmomi
from .entities import (
    Cluster,
    Datacenter,
    Datastore,
    Disk,
    Entity,
    Folder,
    Host,
    KeyRef,
    ResourcePool,
    Snapshot,
    VirtualMachine,
)

# disks of the first machines, repeated for the others: every bus and every mix occurs
DISK_LAYOUTS = (
    ("scsi",),
    ("scsi", "scsi", "sata"),
    ("nvme", "scsi"),
    ("sata",),
    ("scsi", "nvme", "sata"),
    ("ide", "scsi"),
)
FIRST_DISK_KEY = {"scsi": 2000, "ide": 3000, "sata": 16000, "nvme": 32000}
_NAMESPACE = uuid.UUID("6f1d3a52-6c39-4f6e-9a1e-6b9a2f0c7d10")

T = t.TypeVar("T", bound=Entity)


class Inventory:
    """The tree. Names: DC0, C0.., esx1.., vm-1 is called vm1; all ids and UUIDs are the same in every run."""

    def __init__(self, hosts: int = 3, vms: int = 6, clusters: int = 1) -> None:
        self._entities: dict[str, Entity] = {}
        self.on_added: list[t.Callable[[Entity], None]] = []
        self.root = self._add(Folder(vim.Folder("group-d1"), "Datacenters", child_types=("Folder", "Datacenter")))
        self.datacenter = self._add(Datacenter(vim.Datacenter("datacenter-2"), "DC0"), self.root)
        self.vm_folder = self._folder("group-v3", "vm", ("Folder", "VirtualMachine", "VirtualApp"))
        self.host_folder = self._folder("group-h4", "host", ("Folder", "ComputeResource"))
        self.datastore_folder = self._folder("group-s5", "datastore", ("Folder", "Datastore", "StoragePod"))
        self.network_folder = self._folder("group-n6", "network", ("Folder", "Network"))
        self.datastore = self._add(Datastore(vim.Datastore("datastore-11"), "datastore1"), self.datastore_folder)
        self.clusters = [self._cluster(number) for number in range(clusters)]
        self.hosts = [self._host(number) for number in range(hosts)]
        self.vms: list[VirtualMachine] = []
        for number in range(1, vms + 1):
            self.add_vm(f"vm{number}", DISK_LAYOUTS[(number - 1) % len(DISK_LAYOUTS)])

    # building

    def _add(self, entity: T, parent: Entity | None = None) -> T:
        entity.parent = parent
        if parent is not None:
            parent.children.append(entity)
        self._entities[vmomi.moid(entity.reference)] = entity
        for listener in self.on_added:
            listener(entity)
        return entity

    def _folder(self, moid: str, name: str, child_types: tuple[str, ...]) -> Folder:
        return self._add(Folder(vim.Folder(moid), name, child_types=child_types), self.datacenter)

    def _cluster(self, number: int) -> Cluster:
        reference = vim.ClusterComputeResource(f"domain-c{20 + number}")
        cluster = self._add(Cluster(reference, f"C{number}"), self.host_folder)
        self._add(ResourcePool(vim.ResourcePool(f"resgroup-{50 + number}"), "Resources"), cluster)
        return cluster

    def add_cluster(self) -> Cluster:
        """A further cluster, without hosts."""
        cluster = self._cluster(len(self.clusters))
        self.clusters.append(cluster)
        return cluster

    def _host(self, number: int) -> Host:
        name = f"esx{number + 1}.lab.test"
        host = Host(vim.HostSystem(f"host-{number + 1}"), name, uuid=str(uuid.uuid5(_NAMESPACE, name)))
        return self._add(host, self.clusters[number % len(self.clusters)])

    def add_vm(
        self,
        name: str,
        buses: t.Sequence[str] = ("scsi",),
        folder: Folder | None = None,
        ip_addresses: t.Sequence[str] = (),
    ) -> VirtualMachine:
        """A further machine, powered off and in clear, with one disk for each named bus."""
        number = len(self.vms) + 1
        host = self.hosts[(number - 1) % len(self.hosts)] if self.hosts else None
        pool = (
            next((one for one in host.parent.children if isinstance(one, ResourcePool)), None)
            if host and host.parent
            else None
        )
        machine = VirtualMachine(
            vim.VirtualMachine(f"vm-{number}"),
            name,
            host=host,
            pool=pool,
            datastore=self.datastore,
            disks=self._disks(name, buses),
            uuid=str(uuid.uuid5(_NAMESPACE, f"bios {number}")),
            instance_uuid=str(uuid.uuid5(_NAMESPACE, f"instance {number}")),
            ip_addresses=list(ip_addresses),
        )
        self.vms.append(machine)
        return self._add(machine, folder or self.vm_folder)

    def _disks(self, name: str, buses: t.Sequence[str]) -> list[Disk]:
        disks: list[Disk] = []
        for number, bus in enumerate(buses):
            unit = sum(disk.bus == bus for disk in disks)
            file_name = f"[{self.datastore.name}] {name}/{name}" + (f"_{number}" if number else "") + ".vmdk"
            made = str(uuid.uuid5(_NAMESPACE, file_name))
            disks.append(Disk(FIRST_DISK_KEY[bus] + unit, bus, unit, file_name, uuid=made))
        return disks

    # finding

    def __iter__(self) -> t.Iterator[Entity]:
        return iter(self._entities.values())

    def entity(self, reference: t.Any) -> Entity | None:
        """The entity of a reference or id."""
        return self._entities.get(reference if isinstance(reference, str) else vmomi.moid(reference))

    def vm(self, name: str) -> VirtualMachine:
        """The machine of that name."""
        return next(machine for machine in self.vms if machine.name == name)

    def host(self, name: str) -> Host:
        """The host of that name, long or short."""
        return next(host for host in self.hosts if name in (host.name, host.name.partition(".")[0]))

    def cluster(self, name: str) -> Cluster:
        """The cluster of that name."""
        return next(cluster for cluster in self.clusters if cluster.name == name)

    def below(self, container: t.Any, recursive: bool) -> list[t.Any]:
        """References of what is in a container."""
        entity = self.entity(container)
        if entity is None:
            return []
        found = list(entity.descendants() if recursive else entity.children)
        if isinstance(entity, (Cluster, ResourcePool, Host)) and recursive:
            pools = {vmomi.moid(one.reference) for one in [entity, *found] if isinstance(one, ResourcePool)}
            found += [
                machine
                for machine in self.vms
                if machine.host is entity or (machine.pool and vmomi.moid(machine.pool.reference) in pools)
            ]
        return [one.reference for one in found]

    def path(self, path: str) -> Entity | None:
        """The entity at an inventory path such as DC0/vm/vm1."""
        entity: Entity | None = self.root
        for name in path.strip("/").split("/"):
            entity = next((child for child in entity.children if child.name == name), None) if entity else None
        return entity

    # encryption state

    def encrypt(self, machine: VirtualMachine, provider: str, key_id: str, disks: bool = True) -> None:
        """Make a machine encrypted: its home, and its disks unless told otherwise (as a vTPM does)."""
        key = KeyRef(provider, key_id)
        machine.crypto_key = key
        machine.migrate_encryption = "required"
        for disk in machine.disks if disks else ():
            disk.crypto_key = key

    def encrypt_disk(self, machine: VirtualMachine, number: int, provider: str, key_id: str) -> Disk:
        """Make one disk encrypted with a key of its own; disks are counted from 0."""
        disk = machine.disks[number]
        disk.crypto_key = KeyRef(provider, key_id)
        return disk

    def give_tpm(self, machine: VirtualMachine, provider: str, key_id: str) -> None:
        """Add a vTPM: the home becomes encrypted, the disks stay as they are."""
        machine.tpm = True
        self.encrypt(machine, provider, key_id, disks=False)

    def give_host_key(self, host: Host, provider: str, key_id: str) -> None:
        """Turn a host's encryption mode on with that key."""
        host.crypto_key, host.crypto_state = KeyRef(provider, key_id), "safe"

    def decrypt(self, machine: VirtualMachine) -> None:
        """Make a machine clear."""
        machine.crypto_key, machine.locked, machine.migrate_encryption = None, False, "opportunistic"
        for disk in machine.disks:
            disk.crypto_key = None

    def snapshot(self, machine: VirtualMachine, name: str, parent: Snapshot | None = None) -> Snapshot:
        """Take a snapshot, below `parent` or at the top."""
        number = len(list(_all_snapshots(machine.snapshots))) + 1
        moid = f"snapshot-{vmomi.moid(machine.reference).partition('-')[2]}-{number}"
        made = Snapshot(vim.vm.Snapshot(moid), name, number)
        (parent.children if parent else machine.snapshots).append(made)
        return made

    def users_of(self, key: KeyRef) -> list[VirtualMachine]:
        """The machines of which home or a disk uses a key."""
        return [machine for machine in self.vms if key in machine.crypto_keys()]

    def keys_in_use(self) -> dict[KeyRef, None]:
        """All keys that machines and hosts refer to, in order of appearance."""
        found: dict[KeyRef, None] = {}
        for machine in self.vms:
            found.update(dict.fromkeys(machine.crypto_keys()))
        for host in self.hosts:
            if host.crypto_key:
                found[host.crypto_key] = None
        return found


def _all_snapshots(snapshots: t.Iterable[Snapshot]) -> t.Iterator[Snapshot]:
    for snapshot in snapshots:
        yield snapshot
        yield from _all_snapshots(snapshot.children)
