# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks of VMs: their keys, places and file names, as they are made, cloned and put under snapshots."""

from __future__ import annotations

import dataclasses
import re
import typing as t
import uuid

from .entities import Datastore, Disk, VirtualMachine, folder_of

NAMESPACE = uuid.UUID("6f1d3a52-6c39-4f6e-9a1e-6b9a2f0c7d10")
# keys of disks as vSphere gives them: first one of a bus, how many a controller has room for
DISK_KEYS = {"scsi": (2000, 16), "ide": (3000, 2), "sata": (16000, 30), "nvme": (32000, 15)}
SCSI_CONTROLLER_UNIT = 7  # taken by the controller itself
DELTA = re.compile(r"(-\d{6})?\.vmdk$")


def made_uuid(text: str) -> str:
    """The same in every run."""
    return str(uuid.uuid5(NAMESPACE, text))


def file_name(store: Datastore, name: str, number: int) -> str:
    """The file of a VM's disk of that number, counted from 0."""
    return f"[{store.name}] {name}/{name}" + (f"_{number}" if number else "") + ".vmdk"


def place(disks: t.Iterable[Disk], where: str, unit: int | None = None) -> tuple[str, int, int, int]:
    """Bus, controller, unit and device key of a disk at `scsi`, `scsi:1` and so on; the next unit if none is given."""
    bus, _sep, number = where.partition(":")
    controller = int(number or 0)
    if unit is None:
        taken = {disk.unit for disk in disks if (disk.bus, disk.controller) == (bus, controller)}
        if bus == "scsi":
            taken.add(SCSI_CONTROLLER_UNIT)
        unit = next(free for free in range(len(taken) + 1) if free not in taken)
    first, room = DISK_KEYS[bus]
    return bus, controller, unit, first + controller * room + unit


def make_disks(store: Datastore, name: str, places: t.Sequence[str]) -> list[Disk]:
    """One disk for each place, unencrypted."""
    disks: list[Disk] = []
    for number, where in enumerate(places):
        bus, controller, unit, key = place(disks, where)
        path = file_name(store, name, number)
        disks.append(Disk(key, bus, unit, path, uuid=made_uuid(path), controller=controller))
    return disks


def take_layer(machine: VirtualMachine, number: int, depth: int) -> None:
    """Put every disk that is a file under a snapshot: it goes on in a new one.

    `depth` is that of the snapshot: a branch leaves the files of the other branch.
    """
    for disk in machine.disks:
        if disk.kind == "flat":
            folder = folder_of(disk.file_name)
            own = [path for path in (disk.file_name, *disk.parents) if folder_of(path) == folder]
            disk.parents[: len(own) - 1] = own[-depth:]
            disk.file_name = DELTA.sub(f"-{number:06}.vmdk", disk.file_name)


def remove_layers(machine: VirtualMachine) -> None:
    """Each disk is one file again; what a linked clone reads from another VM stays."""
    for disk in machine.disks:
        own = [parent for parent in disk.parents if folder_of(parent) == folder_of(disk.file_name)]
        disk.parents = disk.parents[len(own) :]
        disk.file_name = own[-1] if own else disk.file_name


def cloned_disks(source: VirtualMachine, name: str, store: Datastore, linked: bool) -> list[Disk]:
    """The disks of a clone: same places, keys and policies."""
    made = []
    for number, disk in enumerate(source.disks):
        path = file_name(store, name, number)
        parents = list(disk.parents) if linked else []
        made.append(dataclasses.replace(disk, file_name=path, parents=parents, uuid=made_uuid(path), datastore=None))
    return made
