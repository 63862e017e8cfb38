# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a virtual machine and the summary of many, as modules return them. Pure."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import with_former_names
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import Key
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines import machine as states
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.fleet import Fleet
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import Disk, Machine
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.obstacles import (
    ENCRYPT,
    RECRYPT,
    infrastructure,
    obstacles,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.recognition import WORDS
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.selection import Tag, plain

MachineRecord = dict[str, t.Any]


class PartPolicy(t.NamedTuple):
    """The storage policy of a home or a disk: its rules besides encryption, and what it has when it is encrypted."""

    name: str | None
    rules: list[str] | None
    encrypting: str | None

    def as_result(self) -> MachineRecord:
        """For a module's result."""
        return {"policy": self.name, "policy_rules": self.rules, "encrypting_policy": self.encrypting}


UNREAD = PartPolicy(None, None, None)
Policies = t.Mapping[str, PartPolicy]  # by vm-12 for a home and vm-12:2000 for a disk


def _key(key: Key | None) -> MachineRecord:
    return {"provider": key.provider if key else None, "key_id": key.id if key else None}


def _disk(machine: Machine, disk: Disk, fleet: Fleet, policies: Policies) -> MachineRecord:
    return {
        "label": disk.label,
        "key": disk.key,
        "controller": disk.controller,
        "file": disk.file,
        "datastore": fleet.name(disk.datastore),
        "capacity_bytes": disk.capacity,
        "kind": disk.kind,
        "shared": disk.shared,
        "encrypted": disk.crypto_key is not None,
        **_key(disk.crypto_key),
        "keys_below": [_key(key) for key in sorted(set(disk.chain), key=lambda key: (key.provider or "", key.id))],
        **policies.get(f"{machine.moid}:{disk.key}", UNREAD).as_result(),
    }


def operation_for(machine: Machine) -> str:
    """What makes sense next: a new key for what is encrypted, encryption for everything else."""
    return RECRYPT if machine.state == states.ENCRYPTED else ENCRYPT


def obstacles_of(machine: Machine, kind: str | None) -> list[dict[str, str]]:
    """What stands in the way of that; `kind` is what an excluded VM was recognised as."""
    operation = operation_for(machine)
    found = obstacles(machine, operation) + ([infrastructure(WORDS[kind])] if kind else [])
    return [one.as_result(operation) for one in found]


def machine_record(
    machine: Machine,
    fleet: Fleet,
    infrastructure_kind: str | None = None,
    spared: bool = True,
    policies: Policies | None = None,
    tags: t.Sequence[Tag] | None = None,
) -> MachineRecord:
    """Everything there is to say about one VM. `tags` None: not asked for."""
    shown = policies or {}
    record = {
        **_place(machine, fleet),
        "tags": [str(tag) for tag in tags] if tags is not None else None,
        "power_state": machine.power,
        "connection_state": machine.connection,
        "template": machine.template,
        "encryption_state": machine.state,
        "vtpm": machine.vtpm,
        "locked": machine.locked,
        "home": {
            "encrypted": machine.home is not None,
            **_key(machine.home),
            **shown.get(machine.moid, UNREAD).as_result(),
        },
        "disks": [_disk(machine, disk, fleet, shown) for disk in machine.disks],
        "providers": machine.providers,
        "key_ids": sorted({key.id for key in machine.keys}),
        "mixed_keys": len(machine.keys) > 1,
        "snapshots": machine.snapshots.count,
        "snapshot_tree": _tree(machine),
        "linked_clone": machine.linked_clone,
        "consolidation_needed": machine.needs_consolidation,
        "hardware_version": machine.hardware,
        "fault_tolerance": machine.fault_tolerance,
        "vmotion_encryption": machine.vmotion,
        "fault_tolerance_encryption": machine.ft,
        "infrastructure_kind": infrastructure_kind,
        "obstacles": obstacles_of(machine, infrastructure_kind if spared else None),
    }
    return with_former_names(record)


def _place(machine: Machine, fleet: Fleet) -> MachineRecord:
    path = fleet.path(machine.folder)
    return {
        "name": plain(machine.name),
        "moid": machine.moid,
        "instance_uuid": machine.instance_uuid or None,
        "uuid": machine.uuid or None,
        "folder": f"/{path}" if path else None,
        "cluster": fleet.name(fleet.cluster(machine)),
        "host": fleet.name(machine.host),
        "resource_pool": fleet.name(machine.pool),
        "vapp": fleet.name(fleet.vapp(machine)),
    }


def _tree(machine: Machine) -> str:
    if not machine.snapshots.count:
        return "none"
    return "branched" if machine.snapshots.branched else "linear"


_STATES = (states.ENCRYPTED, states.PARTLY, states.VTPM_ONLY, states.UNENCRYPTED, states.UNREADABLE)


class Summary:
    """Counts VMs one by one."""

    def __init__(self) -> None:
        self._states = dict.fromkeys(_STATES, 0)
        self._counts: collections.Counter[str] = collections.Counter()
        self._providers: collections.Counter[str] = collections.Counter()
        self._obstacles: collections.Counter[str] = collections.Counter()

    def add(self, machine: Machine, codes: t.Iterable[str]) -> None:
        """Count a VM with the codes of its obstacles."""
        secret = [disk for disk in machine.disks if disk.crypto_key is not None]
        self._states[machine.state] += 1
        self._counts.update(
            virtual_machines=1,
            locked=int(machine.locked is True),
            templates=int(machine.template),
            disks=len(machine.disks),
            disks_encrypted=len(secret),
            capacity_bytes=machine.capacity,
            capacity_encrypted_bytes=sum(disk.capacity for disk in secret),
        )
        self._providers.update(machine.providers)
        self._obstacles.update(set(codes))

    def as_result(self) -> MachineRecord:
        """For a module's result."""
        counts = ("locked", "templates", "disks", "disks_encrypted", "capacity_bytes", "capacity_encrypted_bytes")
        return {
            "virtual_machines": self._counts["virtual_machines"],
            **self._states,
            **{name: self._counts[name] for name in counts},
            "providers": dict(sorted(self._providers.items())),
            "obstacles": dict(sorted(self._obstacles.items())),
        }
