# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory of any size: one datacenter, clusters, hosts, virtual machines with disks on several controllers."""

from __future__ import annotations

import itertools
import typing as t

from pyVmomi import vim

from . import machine_builder, vmomi
from .core import BUNDLED_ENCRYPTION_POLICY
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
    VirtualApp,
    VirtualMachine,
    all_snapshots,
    path_to,
)
from .machine_builder import made_uuid

# disks of the first VMs, repeated for the others: every bus and every mix occurs
DISK_LAYOUTS = (
    ("scsi",),
    ("scsi", "scsi", "sata"),
    ("nvme", "scsi"),
    ("sata",),
    ("scsi", "nvme", "sata"),
    ("ide", "scsi"),
)

T = t.TypeVar("T", bound=Entity)


class Inventory:
    """The tree. Names: DC0, C0.., esx1.., vm-1 is called vm1; all ids and UUIDs are the same in every run."""

    def __init__(self, hosts: int = 3, vms: int = 6, clusters: int = 1, datastores: int = 1) -> None:
        self._entities: dict[str, Entity] = {}
        self._numbers: dict[str, t.Iterator[int]] = {}
        self.on_added: list[t.Callable[[Entity], None]] = []
        self.root = self._add(Folder(vim.Folder("group-d1"), "Datacenters", child_types=("Folder", "Datacenter")))
        self.datacenter = self._add(Datacenter(vim.Datacenter("datacenter-2"), "DC0"), self.root)
        self.vm_folder = self._folder("group-v3", "vm", ("Folder", "VirtualMachine", "VirtualApp"))
        self.host_folder = self._folder("group-h4", "host", ("Folder", "ComputeResource"))
        self.datastore_folder = self._folder("group-s5", "datastore", ("Folder", "Datastore", "StoragePod"))
        self.network_folder = self._folder("group-n6", "network", ("Folder", "Network"))
        self.datastores = [self._datastore(number) for number in range(1, max(1, datastores) + 1)]
        self.datastore = self.datastores[0]
        self.clusters = [self._cluster(number) for number in range(clusters)]
        self.hosts = [self._host(number) for number in range(hosts)]
        self.vms: list[VirtualMachine] = []
        for number in range(1, vms + 1):
            self.add_vm(f"vm{number}", DISK_LAYOUTS[(number - 1) % len(DISK_LAYOUTS)])

    @classmethod
    def fleet(
        cls,
        vms: int = 5000,
        disks: int = 2,
        hosts: int = 50,
        clusters: int = 5,
        datastores: int = 20,
        folders: int = 0,
        **fields: t.Any,
    ) -> Inventory:
        """A large inventory: `vm1`.. spread over hosts, datastores and folders, each with SCSI disks, all unencrypted.

        `fields` are set for every VM, such as power_state="poweredOn" and tools=True.
        """
        made = cls(hosts, 0, clusters, datastores)
        below = [made.add_folder(f"folder{number}") for number in range(1, folders + 1)] or [made.vm_folder]
        for number in range(vms):
            store = made.datastores[number % len(made.datastores)]
            made.add_vm(f"vm{number + 1}", ("scsi",) * disks, below[number % len(below)], datastore=store, **fields)
        return made

    # building

    def _number(self, kind: str, first: int) -> int:
        return next(self._numbers.setdefault(kind, itertools.count(first)))

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

    def _host(self, number: int, cluster: Cluster | Folder | None = None) -> Host:
        name = f"esx{number + 1}.lab.test"
        host = Host(vim.HostSystem(f"host-{number + 1}"), name, uuid=made_uuid(name))
        return self._add(host, cluster or self.clusters[number % len(self.clusters)])

    def add_host(self, cluster: Cluster | None = None) -> Host:
        """A further host; the clusters take turns unless one is given."""
        host = self._host(len(self.hosts), cluster)
        self.hosts.append(host)
        return host

    def _datastore(self, number: int) -> Datastore:
        return self._add(
            Datastore(vim.Datastore(f"datastore-{10 + number}"), f"datastore{number}"), self.datastore_folder
        )

    def add_datastore(self, name: str = "") -> Datastore:
        """A further datastore, seen by all hosts."""
        store = self._datastore(len(self.datastores) + 1)
        store.name = name or store.name
        self.datastores.append(store)
        return store

    def add_folder(self, name: str, parent: Folder | None = None) -> Folder:
        """A folder of VMs, at the top or in another one."""
        folder = Folder(vim.Folder(f"group-v{self._number('folder', 100)}"), name)
        folder.child_types = self.vm_folder.child_types
        return self._add(folder, parent or self.vm_folder)

    def add_pool(self, name: str, parent: ResourcePool | Cluster | None = None) -> ResourcePool:
        """A resource pool in another one, or in the root pool of a cluster (the first one if none is given)."""
        above = parent if isinstance(parent, ResourcePool) else self.root_pool(parent or self.clusters[0])
        return self._add(ResourcePool(vim.ResourcePool(f"resgroup-{self._number('pool', 1000)}"), name), above)

    def add_app(self, name: str, folder: Folder | None = None, parent: ResourcePool | None = None) -> VirtualApp:
        """A vApp in a pool, a vApp, or the first cluster's root pool; put VMs in with `add_vm(folder=app, pool=app)`.

        Only a vApp that is in no other one has a folder (vSphere API, VirtualApp.parentFolder).
        """
        inside = isinstance(parent, VirtualApp)
        app = VirtualApp(vim.VirtualApp(f"resgroup-v{self._number('app', 1)}"), name)
        app.folder = None if inside else folder or self.vm_folder
        return self._add(app, parent or self.root_pool(self.clusters[0]))

    @staticmethod
    def root_pool(cluster: Entity | None) -> ResourcePool | None:
        """The pool that all of a cluster's pools are in."""
        found = (one for one in cluster.children if isinstance(one, ResourcePool)) if cluster else iter(())
        return next(found, None)

    def add_vm(
        self,
        name: str,
        buses: t.Sequence[str] = ("scsi",),
        folder: Folder | VirtualApp | None = None,
        ip_addresses: t.Sequence[str] = (),
        host: Host | None = None,
        pool: ResourcePool | None = None,
        datastore: Datastore | None = None,
        disks: t.Sequence[Disk] | None = None,
        **fields: t.Any,
    ) -> VirtualMachine:
        """A further VM, powered off and unencrypted; `fields` are others of VirtualMachine.

        It has one disk for each named bus (`scsi`, or `scsi:1` for the second controller), or the given ones.
        """
        number = self._number("vm", 1)
        if host is None and self.hosts:
            host = self.hosts[(number - 1) % len(self.hosts)]
        store = datastore or self.datastore
        machine = VirtualMachine(
            vim.VirtualMachine(f"vm-{number}"),
            name,
            host=host,
            pool=pool or self.root_pool(host.parent if host else None),
            datastore=store,
            disks=machine_builder.make_disks(store, name, buses) if disks is None else list(disks),
            uuid=made_uuid(f"bios {number}"),
            instance_uuid=made_uuid(f"instance {number}"),
            ip_addresses=list(ip_addresses),
            **fields,
        )
        self.vms.append(machine)
        return self._add(machine, folder or self.vm_folder)

    def add_disk(self, machine: VirtualMachine, where: str = "scsi", unit: int | None = None, **fields: t.Any) -> Disk:
        """A further disk at `scsi`, `scsi:1`, `ide` and so on; `fields` are others of Disk."""
        bus, controller, unit, key = machine_builder.place(machine.disks, where, unit)
        store = fields.get("datastore") or machine.datastore or self.datastore
        taken = {disk.file_name for disk in machine.disks}
        names = (machine_builder.file_name(store, machine.name, number) for number in itertools.count())
        fields.setdefault("file_name", next(name for name in names if name not in taken))
        fields.setdefault("uuid", made_uuid(fields["file_name"]))
        disk = Disk(key, bus, unit, controller=controller, **fields)
        machine.disks.append(disk)
        return disk

    def clone(
        self, source: VirtualMachine, name: str, folder: Folder | None = None, linked: bool = False
    ) -> VirtualMachine:
        """A clone with the keys and policies of its source, linked to its disks or with its own."""
        store = source.datastore or self.datastore
        made = self.add_vm(
            name,
            folder=folder,
            host=source.host,
            pool=source.pool or self.root_pool(source.host.parent if source.host else None),
            datastore=store,
            disks=machine_builder.cloned_disks(source, name, store, linked),
        )
        for field in ("crypto_key", "policy", "tpm", "migrate_encryption", "ft_encryption", "firmware", "hardware"):
            setattr(made, field, getattr(source, field))
        made.extra_config = dict(source.extra_config)
        return made

    def remove_vm(self, machine: VirtualMachine) -> None:
        """Take out a VM."""
        self.vms.remove(machine)
        self._entities.pop(vmomi.moid(machine.reference), None)
        if machine.parent is not None:
            machine.parent.children.remove(machine)

    # finding

    def __iter__(self) -> t.Iterator[Entity]:
        return iter(self._entities.values())

    def entity(self, reference: t.Any) -> Entity | None:
        """The entity of a reference or id."""
        return self._entities.get(reference if isinstance(reference, str) else vmomi.moid(reference))

    def vm(self, name: str) -> VirtualMachine:
        """The VM of that name."""
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
            known = {id(one) for one in found}  # VMs of a vApp
            found += [
                machine
                for machine in self.vms
                if id(machine) not in known
                and (machine.host is entity or (machine.pool and vmomi.moid(machine.pool.reference) in pools))
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
        """Make a VM encrypted: its home, and its disks unless told otherwise; with the bundled policy."""
        self._encrypt_home(machine, KeyRef(provider, key_id))
        machine.policy = BUNDLED_ENCRYPTION_POLICY
        for disk in machine.disks if disks else ():
            disk.crypto_key, disk.policy = machine.crypto_key, BUNDLED_ENCRYPTION_POLICY

    @staticmethod
    def _encrypt_home(machine: VirtualMachine, key: KeyRef) -> None:
        machine.crypto_key, machine.migrate_encryption, machine.ft_encryption = key, "required", "ftEncryptionRequired"

    def encrypt_disk(self, machine: VirtualMachine, number: int, provider: str, key_id: str) -> Disk:
        """Make one disk encrypted with a key of its own; disks are counted from 0."""
        disk = machine.disks[number]
        disk.crypto_key, disk.policy = KeyRef(provider, key_id), BUNDLED_ENCRYPTION_POLICY
        return disk

    def give_tpm(self, machine: VirtualMachine, provider: str, key_id: str) -> None:
        """Add a vTPM: the home becomes encrypted, the disks stay as they are."""
        machine.tpm = True
        self._encrypt_home(machine, KeyRef(provider, key_id))

    def give_host_key(self, host: Host, provider: str, key_id: str) -> None:
        """Turn a host's encryption mode on with that key."""
        host.crypto_key, host.crypto_state = KeyRef(provider, key_id), "safe"

    def decrypt(self, machine: VirtualMachine) -> None:
        """Make a VM clear."""
        machine.crypto_key, machine.locked = None, False
        machine.migrate_encryption, machine.ft_encryption = "opportunistic", "ftEncryptionOpportunistic"
        machine.policy = None
        for disk in machine.disks:
            disk.crypto_key = disk.policy = None

    def snapshot(self, machine: VirtualMachine, name: str, parent: Snapshot | None = None) -> Snapshot:
        """Take a snapshot, below `parent` or at the top."""
        number = max((one.number for one in all_snapshots(machine.snapshots)), default=0) + 1
        moid = f"snapshot-{vmomi.moid(machine.reference).partition('-')[2]}-{number}"
        made = Snapshot(vim.vm.Snapshot(moid), name, number)
        (parent.children if parent else machine.snapshots).append(made)
        machine_builder.take_layer(machine, number, len(path_to(machine.snapshots, made)))
        machine.changes += 1
        return made

    def remove_snapshots(self, machine: VirtualMachine) -> None:
        """Take all snapshots away."""
        machine.snapshots.clear()
        machine_builder.remove_layers(machine)
        machine.changes += 1

    def users_of(self, key: KeyRef) -> list[VirtualMachine]:
        """The VMs of which home or a disk uses a key."""
        return [machine for machine in self.vms if key in machine.crypto_keys()]

    def users(self) -> dict[KeyRef, list[VirtualMachine]]:
        """The same for all keys at once."""
        found: dict[KeyRef, list[VirtualMachine]] = {}
        for machine in self.vms:
            for key in dict.fromkeys(machine.crypto_keys()):
                found.setdefault(key, []).append(machine)
        return found

    def keys_in_use(self) -> dict[KeyRef, None]:
        """All keys that VMs and hosts refer to, in order of appearance."""
        found: dict[KeyRef, None] = {}
        for machine in self.vms:
            found.update(dict.fromkeys(machine.crypto_keys()))
        for host in self.hosts:
            if host.crypto_key:
                found[host.crypto_key] = None
        return found
