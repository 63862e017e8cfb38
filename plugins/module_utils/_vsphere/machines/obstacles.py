# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands between a VM and an encryption operation, told before anything is written. Pure.

The rules are those of vSphere Security, "Virtual Machine Encryption Interoperability", and of the reconfigure call.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import Machine

ENCRYPT, RECRYPT, DEEP_RECRYPT, DECRYPT = "encrypt", "recrypt", "deep_recrypt", "decrypt"
ADD_VTPM, REMOVE_VTPM = "add_vtpm", "remove_vtpm"
HARDWARE = 13  # the oldest virtual hardware that can be encrypted (OVHcloud's guide vm-encrypt)
HARDWARE_VTPM = 14  # the oldest that can have a vTPM (vSphere Security, Virtual Trusted Platform Module)
OPERATIONS = (ENCRYPT, RECRYPT, DEEP_RECRYPT, DECRYPT)
VTPM_OPERATIONS = (ADD_VTPM, REMOVE_VTPM)
# a shutdown takes these away, everything else needs a person
BY_SHUTDOWN = ("powered_on", "ide_powered_on")


@dataclasses.dataclass(frozen=True)
class Obstacle:
    """One reason. `code` is for programs, the rest for people."""

    code: str
    reason: str
    next_step: str

    def as_result(self, operation: str) -> dict[str, str]:
        """Its form in results."""
        return {"operation": operation, **dataclasses.asdict(self)}


Test = t.Callable[[Machine], bool]


@dataclasses.dataclass(frozen=True)
class ObstacleRule:
    """When an obstacle is there, and for which operations."""

    code: str
    operations: tuple[str, ...]
    holds: Test
    reason: str
    next_step: str


_EVERY = (*OPERATIONS, *VTPM_OPERATIONS)
_REWRITES = (ENCRYPT, DEEP_RECRYPT, DECRYPT)
# that snapshots prevent the removal of a vTPM, too, is an assumption (vtpm-removal-snapshots)
_OFFLINE = (*_REWRITES, *VTPM_OPERATIONS)
# how vCenter refuses: assumptions old-hardware-fault, fault-tolerance-fault and vtpm-fault
RULES = (
    ObstacleRule(
        "unreadable", _EVERY, lambda machine: not machine.readable,
        "its configuration cannot be read",
        "give the vSphere user the right to read it, or fix its connection to vCenter",
    ),
    ObstacleRule(
        "not_connected", _EVERY, lambda machine: machine.connection != "connected",
        "vCenter has no connection to it",
        "restore its host or its files",
    ),
    ObstacleRule(
        "locked", _EVERY, lambda machine: machine.locked is True,
        "it is locked: its host does not have its key",
        "unlock it first (module vm_unlock)",
    ),
    ObstacleRule(
        "template", _EVERY, lambda machine: machine.template,
        "it is a template",
        "convert it to a VM, rerun, and convert it back",
    ),
    ObstacleRule(
        "fault_tolerance", _EVERY, lambda machine: machine.fault_tolerance,
        "it is protected by Fault Tolerance",
        "turn Fault Tolerance off",
    ),
    ObstacleRule(
        "hardware_version", (ENCRYPT,), lambda machine: machine.hardware is not None and machine.hardware < HARDWARE,
        f"its virtual hardware is older than version {HARDWARE}, which encryption needs",
        "upgrade its virtual hardware in vCenter, after a backup; the collection never does this",
    ),
    ObstacleRule(
        "linked_clone", (*OPERATIONS, REMOVE_VTPM), lambda machine: machine.linked_clone,
        "it is a linked clone, which shares disks with another VM",
        "make it a full clone",
    ),
    ObstacleRule(
        "rdm", (ENCRYPT,), lambda machine: any(disk.kind != "flat" for disk in machine.disks),
        "it has a raw device mapping or another disk that is not a file of its own",
        "move that data to a virtual disk, or exclude the VM",
    ),
    ObstacleRule(
        "shared_disk", (ENCRYPT,), lambda machine: any(disk.shared for disk in machine.disks),
        "it shares a disk with other VMs (multi-writer or shared bus)",
        "end the sharing, or exclude the VM",
    ),
    ObstacleRule(
        "snapshots", _OFFLINE, lambda machine: machine.snapshots.count > 0,
        "it has snapshots",
        "remove or consolidate its snapshots; the collection never removes them",
    ),
    ObstacleRule(
        # vCenter refuses a chain of disks: msg.hostd.deviceSpec.enc.diskChain (vmware-tanzu/vm-operator)
        "consolidation", _REWRITES,
        lambda machine: machine.needs_consolidation and not machine.snapshots.count,
        "its disks need consolidation: they depend on files that belong to no snapshot",
        "consolidate its disks in vCenter (Snapshots, Consolidate)",
    ),
    ObstacleRule(
        "branched_snapshots", (RECRYPT,), lambda machine: machine.snapshots.branched,
        "its snapshots have branches; only a single chain can get a new key",
        "remove the side branches of its snapshots",
    ),
    ObstacleRule(
        "vtpm", (DECRYPT,), lambda machine: machine.vtpm,
        "it has a vTPM, which needs an encrypted home",
        "save the data that the vTPM seals, then remove the vTPM (module vm_vtpm); removing it destroys its secrets",
    ),
    ObstacleRule(
        "vtpm_hardware_version", (ADD_VTPM,),
        lambda machine: machine.hardware is not None and machine.hardware < HARDWARE_VTPM,
        f"its virtual hardware is older than version {HARDWARE_VTPM}, which a vTPM needs",
        "upgrade its virtual hardware in vCenter, after a backup; the collection never does this",
    ),
    ObstacleRule(
        "vtpm_firmware", (ADD_VTPM,), lambda machine: machine.firmware not in (None, "efi"),
        "its firmware is BIOS, and a vTPM needs EFI",
        "convert its guest to EFI and change its firmware in vCenter; the collection never does this",
    ),
    ObstacleRule(
        "suspended", _OFFLINE, lambda machine: machine.power == "suspended",
        "it is suspended",
        "resume it and shut it down",
    ),
    ObstacleRule(
        "powered_on", _OFFLINE, lambda machine: machine.on,
        "it is powered on",
        "allow a shutdown (power_off: shutdown), or power it off",
    ),
    ObstacleRule(
        "ide_powered_on", (RECRYPT,),
        lambda machine: machine.on and any(disk.bus == "ide" for disk in machine.disks),
        "it is powered on and has disks on an IDE controller",
        "allow a shutdown (power_off: shutdown), or power it off",
    ),
)  # fmt: skip


def obstacles(machine: Machine, operation: str) -> list[Obstacle]:
    """All that stands in the way; of an unreadable VM nothing else is known."""
    found = [
        Obstacle(rule.code, rule.reason, rule.next_step)
        for rule in RULES
        if operation in rule.operations and rule.holds(machine)
    ]
    return [one for one in found if one.code == "unreadable"] or found


# not a rule: it depends on what the user allows
NO_TOOLS = Obstacle(
    "no_tools",
    "it is powered on, and without VMware Tools it cannot be shut down gracefully",
    "start VMware Tools in it, power it off by hand, or set power_off: force",
)


# not a rule either: whether there is replication, the VM itself does not tell
REPLICATED = Obstacle(
    "replication",
    "Zerto replicates VMs of this vCenter, and cannot replicate encrypted ones",
    "end its replication and set zerto: warn, or exclude the VM",
)


def infrastructure(words: str) -> Obstacle:
    """The obstacle of a recognised VM on which encryption itself depends; `words` say what it is."""
    return Obstacle(
        "infrastructure",
        f"it was recognised as {words}",
        "leave it excluded, or set exclude.infrastructure: false if you are sure",
    )
