# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control port's part for virtual machines: how they are, and what their owners do to them."""

from __future__ import annotations

import json
import re
import typing as t
import urllib.parse

from .vcenter.entities import KeyRef, VirtualMachine, all_snapshots
from .vcenter.pbm_profiles import Profiles
from .vcenter.pbm_rules import storage_of
from .vcenter.vmomi import moid
from .web import Request

if t.TYPE_CHECKING:
    from .lab import Lab

POWER = ("poweredOn", "poweredOff", "suspended")
# what may be set from outside, with the type that it must have
FIELDS: dict[str, type] = {
    "tools": bool,
    "template": bool,
    "fault_tolerance": str,
    "managed_by": str,
    "product": str,
    "guest_host_name": str,
    "shutdown_looks": int,
    "connection_state": str,
    "locked": bool,
    "ip_addresses": list,
}


def _key(key: KeyRef | None) -> dict[str, str] | None:
    return {"provider": key.provider, "key_id": key.key_id} if key else None


def machine_state(machine: VirtualMachine, policies: Profiles) -> dict[str, t.Any]:
    """One VM, without secrets: key ids are none."""
    return {
        "name": machine.name,
        "id": moid(machine.reference),
        "host": machine.host.name if machine.host else None,
        "power_state": machine.power_state,
        "template": machine.template,
        "locked": machine.locked,
        "tpm": machine.tpm,
        "key": _key(machine.crypto_key),
        "policy": machine.policy,
        "migrate_encryption": machine.migrate_encryption,
        "ft_encryption": machine.ft_encryption,
        "snapshots": [snapshot.name for snapshot in all_snapshots(machine.snapshots)],
        "disks": [
            {
                "key": disk.key,
                "bus": f"{disk.bus}:{disk.controller}:{disk.unit}",
                "file": disk.file_name,
                "encrypted_with": _key(disk.crypto_key),
                "policy": disk.policy,
            }
            for disk in machine.disks
        ],
        "storage": storage_of(policies, machine),
        "tasks": len(machine.tasks),
    }


def machines_state(lab: Lab) -> list[dict[str, t.Any]]:
    """All VMs in the order of the inventory."""
    with lab.vcenter.lock:
        return [machine_state(machine, lab.vcenter.policies) for machine in lab.vcenter.inventory.vms]


class MachineControl:
    """Routes below /machines, and those for planned faults and for what ran at the same time."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        name = r"/machines/([^/]+)"
        self.routes: list[tuple[str, re.Pattern[str], t.Callable[..., t.Any]]] = [
            ("GET", re.compile(r"/machines"), lambda request: {"machines": machines_state(lab)}),
            ("POST", re.compile(r"/machines"), self._add),
            ("GET", re.compile(name), lambda request, one: self._state(self._machine(one))),
            ("POST", re.compile(name), self._set),
            ("POST", re.compile(name + "/power"), self._power),
            ("POST", re.compile(name + "/snapshots"), self._snapshot),
            ("DELETE", re.compile(name + "/snapshots"), self._remove_snapshots),
            ("POST", re.compile(r"/machine-faults"), self._fault),
            ("DELETE", re.compile(r"/machine-faults"), lambda request: lab.vcenter.machine_faults.clear()),
            ("GET", re.compile(r"/tasks/peaks"), lambda request: lab.vcenter.tasks.peaks()),
            ("POST", re.compile(r"/tasks/settle"), lambda request: lab.vcenter.tasks.settle()),
        ]

    def _machine(self, name: str) -> VirtualMachine:
        wanted = urllib.parse.unquote(name)
        with self._lab.vcenter.lock:
            found = [machine for machine in self._lab.vcenter.inventory.vms if machine.name == wanted]
        if not found:
            raise ValueError(f"no virtual machine {wanted!r}")
        return found[0]

    def _state(self, machine: VirtualMachine) -> dict[str, t.Any]:
        return machine_state(machine, self._lab.vcenter.policies)

    @staticmethod
    def _body(request: Request) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", json.loads(request.body or b"{}"))

    def _add(self, request: Request) -> t.Any:
        """`name`, `disks` (a list of places such as scsi:1), and fields of FIELDS."""
        body = self._body(request)
        name, disks = str(body.pop("name")), [str(one) for one in body.pop("disks", ["scsi"])]
        fields = self._checked(body)
        with self._lab.vcenter.lock:
            machine = self._lab.vcenter.inventory.add_vm(name, disks, **fields)
            return self._state(machine)

    @staticmethod
    def _checked(body: dict[str, t.Any]) -> dict[str, t.Any]:
        for field, value in body.items():
            if field not in FIELDS or not isinstance(value, FIELDS[field]):
                raise ValueError(f"not a field of a machine that can be set: {field}={value!r}")
        return body

    def _set(self, request: Request, name: str) -> t.Any:
        machine, fields = self._machine(name), self._checked(self._body(request))
        with self._lab.vcenter.lock:
            for field, value in fields.items():
                setattr(machine, field, value)
            machine.changes += 1
            return self._state(machine)

    def _power(self, request: Request, name: str) -> t.Any:
        """`state`, as its owner would do it: nobody asks for keys."""
        machine, state = self._machine(name), self._body(request)["state"]
        if state not in POWER:
            raise ValueError(f"unknown power state {state!r}, one of {', '.join(POWER)}")
        with self._lab.vcenter.lock:
            machine.power_state = state
            machine.changes += 1
            return self._state(machine)

    def _snapshot(self, request: Request, name: str) -> t.Any:
        """`name` of the snapshot; `below` is the name of one that it is a child of, the newest if not given."""
        machine, body = self._machine(name), self._body(request)
        with self._lab.vcenter.lock:
            named = {one.name: one for one in all_snapshots(machine.snapshots)}
            above = named[body["below"]] if "below" in body else machine.current_snapshot()
            self._lab.vcenter.inventory.snapshot(machine, str(body.get("name", "snapshot")), above)
            return self._state(machine)

    def _remove_snapshots(self, request: Request, name: str) -> t.Any:
        machine = self._machine(name)
        with self._lab.vcenter.lock:
            self._lab.vcenter.inventory.remove_snapshots(machine)
            return self._state(machine)

    def _fault(self, request: Request) -> t.Any:
        """`machine` (a pattern), `kind`, and the other fields of MachineFault."""
        body = self._body(request)
        with self._lab.vcenter.lock:
            self._lab.vcenter.machine_faults.add(body.pop("machine"), body.pop("kind"), **body)
        return {"faults": 1}
