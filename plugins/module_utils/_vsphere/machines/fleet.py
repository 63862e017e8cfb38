# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory in one read: VMs, the places they are in, and which of them are meant."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import (
    Found,
    of_objects,
    walk,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import moid_of, vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines import selection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import (
    PATHS,
    Machine,
    machine_of,
)

_NAMED = ("name", "parent")
_OTHER_ROOTS = ("hostFolder", "datastoreFolder", "networkFolder")  # of a datacenter: nothing below holds VMs
_POOLS = ("resource_pools", "vapps")  # a vApp is a resource pool too
Params = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Spot:
    """A place in the tree of the inventory. `kind` is a kind of selection.PLACES, empty for others.

    `folder` is that of a vApp, which lies among pools and in a folder; a vApp in a vApp has none of its own.
    """

    id: str
    name: str
    parent: str | None
    kind: str
    folder: str | None = None


@dataclasses.dataclass
class Fleet:
    """VMs in the order of their names, and the places by id."""

    machines: list[Machine] = dataclasses.field(default_factory=list)
    spots: dict[str, Spot] = dataclasses.field(default_factory=dict)
    tags: dict[str, list[selection.Tag]] = dataclasses.field(default_factory=dict)
    whole: bool = True  # all VMs were read, not only those that a selection can mean

    def name(self, place: str | None) -> str | None:
        """Name of a place, None when it is not known."""
        return selection.plain(self.spots[place].name) if place in self.spots else None

    def above(self, place: str | None) -> list[Spot]:
        """The place and all that it lies in, from the bottom up."""
        found: list[Spot] = []
        while place in self.spots:
            found.append(self.spots[place])
            place = found[-1].parent
        return found

    def path(self, place: str | None) -> str:
        """Inventory path of a place, such as DC0/vm/prod; the root folder has none."""
        names = [selection.plain(spot.name) for spot in self.above(place) if spot.parent is not None]
        return "/".join(reversed(names))

    def vapp(self, machine: Machine) -> str | None:
        """Id of the vApp that it is in, the innermost of nested ones."""
        return next((spot.id for spot in self.above(machine.pool) if spot.kind == "vapps"), None)

    def folder_path(self, vapp: Spot) -> str:
        """Path of a vApp as the view of folders shows it, such as DC0/vm/prod/shop; empty without its folder."""
        names = []
        for spot in self.above(vapp.id):
            if spot.kind == "vapps":
                names.append(selection.plain(spot.name))
            if spot.folder:
                return "/".join([self.path(spot.folder), *reversed(names)])
        return ""

    def cluster(self, machine: Machine) -> str | None:
        """Id of the cluster it runs in, by its host, else by its resource pool."""
        spots = (*self.above(machine.host), *self.above(machine.pool))
        return next((spot.id for spot in spots if spot.kind == "clusters"), None)

    def compute_places(self, machine: Machine) -> list[str]:
        """Ids of its host, its cluster and the folders above, which may have a default key provider of their own."""
        return [spot.id for spot in self.above(machine.host)]

    def facts(self, machine: Machine) -> selection.MachineFacts:
        """What it is chosen by."""
        cluster = self.cluster(machine)
        return selection.MachineFacts(
            moid=machine.moid,
            name=machine.name,
            instance_uuid=machine.instance_uuid,
            folders=[spot.id for spot in self.above(machine.folder)],
            clusters=[cluster] if cluster else [],
            resource_pools=[spot.id for spot in self.above(machine.pool) if spot.kind in _POOLS],
            vapps=[spot.id for spot in self.above(machine.pool) if spot.kind == "vapps"],
            hosts=[machine.host] if machine.host else [],
            datastores=sorted({*machine.datastores, *(disk.datastore for disk in machine.disks if disk.datastore)}),
            tags=self.tags.get(machine.moid, ()),
        )

    def in_folder(self, machine: Machine) -> Machine:
        """The VM with the folder of its vApp: one in a vApp says nothing about a folder."""
        if machine.folder is not None:
            return machine
        found = next((spot.folder for spot in self.above(machine.pool) if spot.folder), None)
        return dataclasses.replace(machine, folder=found)

    def forget_folders_of(self, roots: t.Collection[str]) -> None:
        """Folders below these hold no VMs, so that a selection cannot mean them."""
        for spot in list(self.spots.values()):
            if spot.kind == "folders" and any(one.id in roots for one in self.above(spot.id)):
                self.spots[spot.id] = dataclasses.replace(spot, kind="")

    def known(self, tags: t.Collection[selection.Tag] = ()) -> selection.Known:
        """All that a selection can name."""
        places: dict[str, list[selection.Place]] = {kind: [] for kind in selection.PLACES}
        for spot in self.spots.values():
            is_vapp = spot.kind == "vapps"
            place = selection.Place(spot.id, spot.name, self.path(spot.id), self.folder_path(spot) if is_vapp else "")
            for kind in _POOLS if is_vapp else (spot.kind,):
                if kind:
                    places[kind].append(place)
        return selection.Known([self.facts(machine) for machine in self.machines], places, tags)


def read_fleet(session: Session, params: Params | None = None) -> Fleet:
    """All this user may see: one container view, pages followed to the end, each turned to plain data at once.

    With the options of a module, only the VMs that its selection can mean are read, when that is clear beforehand.
    """
    options = params or {}
    wanted = options.get("selection") or {}
    kind = selection.scope(wanted, options.get("exclude"))
    fleet, machines = Fleet(whole=kind is None), {vim.VirtualMachine: PATHS}
    root = session.content.rootFolder
    fleet.spots[moid_of(root)] = Spot(moid_of(root), "", None, "")
    if kind is None:
        _take(fleet, walk(session, {**machines, **_place_paths()}))
    else:
        places = _take(fleet, walk(session, _place_paths()))
        if kind == "ids":
            _take(fleet, _by_ids(session, wanted["ids"]))
        elif any(isinstance(place, vim.VirtualApp) for place in places.values()):
            _take(fleet, walk(session, machines))  # whether a view of a folder holds those of its vApps is not known
        else:
            for folder in sorted(selection.folders_named(fleet.known(), wanted["folders"])):
                _take(fleet, walk(session, machines, below=places[folder]))
    once = {machine.moid: fleet.in_folder(machine) for machine in fleet.machines}
    fleet.machines = sorted(once.values(), key=lambda machine: (machine.name, machine.moid))
    return fleet


def _kinds() -> dict[t.Any, str]:
    return {
        vim.Folder: "folders",
        vim.Datacenter: "folders",
        vim.ComputeResource: "",
        vim.ClusterComputeResource: "clusters",
        vim.ResourcePool: "resource_pools",
        vim.VirtualApp: "vapps",
        vim.HostSystem: "hosts",
        vim.Datastore: "datastores",
    }


def _place_paths() -> dict[t.Any, tuple[str, ...]]:
    more = {vim.Datacenter: _OTHER_ROOTS, vim.VirtualApp: ("parentFolder",)}
    return {kind: (*_NAMED, *more.get(kind, ())) for kind in _kinds()}


def _take(fleet: Fleet, items: t.Iterable[Found]) -> dict[str, t.Any]:
    """Put VMs and places into the fleet; returns the places by id."""
    kinds = _kinds()
    others: set[str] = set()
    places: dict[str, t.Any] = {}
    for found in items:
        if isinstance(found.object, vim.VirtualMachine):
            fleet.machines.append(machine_of(found))
        else:
            spot = _spot(found, next(kinds[base] for base in type(found.object).__mro__ if base in kinds))
            fleet.spots[spot.id], places[spot.id] = spot, found.object
            others.update(moid_of(found.properties[name]) for name in _OTHER_ROOTS if found.properties.get(name))
    fleet.forget_folders_of(others)
    return places


def _by_ids(session: Session, ids: t.Sequence[str]) -> list[Found]:
    """VMs of these ids, as far as they exist and this user may see them."""
    moids = dict.fromkeys(one.strip().lower() for one in ids)
    found = of_objects(session, [session.object(vim.VirtualMachine, moid) for moid in moids], PATHS)
    return [one for one in found if "name" in one.properties]


def _spot(found: Found, kind: str) -> Spot:
    parent, folder = found.properties.get("parent"), found.properties.get("parentFolder")
    return Spot(
        id=moid_of(found.object),
        name=found.name,
        parent=moid_of(parent) if parent is not None else None,
        kind=kind,
        folder=moid_of(folder) if folder is not None else None,
    )
