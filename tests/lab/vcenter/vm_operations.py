# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power, snapshots, templates, clones: what VMs do besides being reconfigured."""

from __future__ import annotations

import typing as t

from pyVmomi import vim

from . import errors, sessions, vm_faults
from .dispatcher import Call, operation
from .entities import Folder, KeyRef, VirtualMachine
from .vm_properties import crypto_key_id

if t.TYPE_CHECKING:
    from .core import Core
    from .inventory import Inventory
    from .machine_faults import MachineFaults
    from .machine_keys import MachineKeys
    from .tasks import Effect, Tasks

ON, OFF, SUSPENDED = "poweredOn", "poweredOff", "suspended"


class VmOperations:
    """Methods of VirtualMachine. Wrong states are errors of the task."""

    def __init__(
        self, core: Core, inventory: Inventory, tasks: Tasks, keys: MachineKeys, faults: MachineFaults
    ) -> None:
        self._core = core
        self._inventory = inventory
        self._tasks = tasks
        self._keys = keys
        self._faults = faults

    def _machine(self, call: Call) -> VirtualMachine:
        return t.cast(VirtualMachine, self._core.store.source(call.this))

    def _start(self, call: Call, name: str, refusal: t.Any, effect: Effect) -> t.Any:
        """A task that is refused, goes wrong as planned, or has its effect."""
        machine = self._machine(call)
        busy = self._tasks.busy(machine, f"VirtualMachine.{name}")
        if busy is not None:
            return busy
        error = refusal or self._state(machine)
        planned = None if error is not None else self._faults.pick(machine.name, call.name)
        task = self._tasks.open(machine, f"VirtualMachine.{name}")
        task.endless = planned is not None and planned.kind == "hang"
        if planned is not None and planned.kind.startswith("lost"):
            if planned.kind == "lost_done":
                effect()
            self._tasks.lose(task)
            return task.reference
        if planned is not None and planned.kind in ("error", "half"):
            error = planned.fault()
        return self._tasks.launch(task, effect, error)

    @staticmethod
    def _state(machine: VirtualMachine) -> t.Any:
        if machine.connection_state not in ("connected", "invalid"):
            return vm_faults.invalid_state(f"The virtual machine is {machine.connection_state}.")
        return None

    # power

    @operation("PowerOnVM_Task", kind="write", blocking=True)
    def power_on(self, call: Call) -> t.Any:
        """Off or suspended to on; its host needs its keys."""
        machine = self._machine(call)
        with self._core.lock:
            refusal = self._cannot_start(machine)
        if refusal is None:
            refusal = self._missing_key(machine)
        with self._core.lock:
            return self._start(call, "powerOn", refusal, lambda: _power(machine, ON))

    @staticmethod
    def _cannot_start(machine: VirtualMachine) -> t.Any:
        if machine.template:
            return vm_faults.not_supported("It is a template.")
        if machine.locked:
            return vm_faults.keys_required([crypto_key_id(key) for key in dict.fromkeys(machine.crypto_keys())])
        return vm_faults.power_state(ON, ON) if machine.power_state == ON else None

    def _missing_key(self, machine: VirtualMachine) -> t.Any:
        """The text for a disk is documented; for a home without its key there is none."""
        missing: set[KeyRef] = {
            key for key in dict.fromkeys(machine.crypto_keys()) if not self._keys.available(key, machine.host)
        }
        for disk in machine.disks:
            if disk.crypto_key in missing:
                return vm_faults.disk_key_missing(disk.file_name)
        return vm_faults.keyed("msg.vigor.enc.keyNotFound") if missing else None

    @operation("PowerOffVM_Task", kind="write")
    def power_off(self, call: Call) -> t.Any:
        """On to off at once."""
        machine = self._machine(call)
        refusal = vm_faults.power_state(OFF, OFF) if machine.power_state == OFF else None
        return self._start(call, "powerOff", refusal, lambda: _power(machine, OFF))

    @operation("SuspendVM_Task", kind="write")
    def suspend(self, call: Call) -> t.Any:
        """On to suspended."""
        machine = self._machine(call)
        refusal = vm_faults.power_state(machine.power_state, SUSPENDED) if machine.power_state != ON else None
        return self._start(call, "suspend", refusal, lambda: _power(machine, SUSPENDED))

    @operation("ShutdownGuest", kind="write")
    def shutdown(self, call: Call) -> None:
        """Ask VMware Tools; no task: the VM is off after some readings of it, or never."""
        machine = self._machine(call)
        fault = self._state(machine)
        if fault is None and machine.power_state != ON:
            fault = vm_faults.power_state(machine.power_state, OFF)
        if fault is None and machine.tasks:
            fault = vm_faults.task_in_progress(machine.tasks[0].reference)
        if fault is not None:
            raise fault
        if not machine.tools_running:
            raise vim.fault.ToolsUnavailable(msg="VMware Tools is not running in this virtual machine.")
        looks = machine.shutdown_looks
        looks = self._core.settings.shutdown_looks if looks is None else looks
        machine.shutting_down = None if looks < 0 else looks

    # templates

    @operation("MarkAsTemplate", kind="write")
    def mark_as_template(self, call: Call) -> None:
        """Only what is off."""
        machine = self._machine(call)
        if machine.power_state != OFF:
            raise vm_faults.power_state(machine.power_state)
        machine.template, machine.pool = True, None
        machine.changes += 1

    @operation("MarkAsVirtualMachine", kind="write")
    def mark_as_machine(self, call: Call) -> None:
        """Back into a resource pool."""
        machine = self._machine(call)
        if not machine.template:
            raise vm_faults.invalid_state("The virtual machine is not a template.")
        machine.template, machine.pool = False, self._core.store.source(call.arguments["pool"])
        host = call.arguments.get("host")
        machine.host = self._core.store.source(host) if host else machine.host
        machine.changes += 1

    # snapshots

    @operation("CreateSnapshot_Task", kind="write")
    def snapshot(self, call: Call) -> t.Any:
        """Below the newest one."""
        machine = self._machine(call)

        def take() -> t.Any:
            newest = machine.current_snapshot()
            return self._inventory.snapshot(machine, call.arguments["name"], newest).reference

        return self._start(call, "createSnapshot", None, take)

    @operation("RemoveAllSnapshots_Task", kind="write")
    def remove_snapshots(self, call: Call) -> t.Any:
        """All of them; the disks are one file each again."""
        machine = self._machine(call)
        return self._start(call, "removeAllSnapshots", None, lambda: self._inventory.remove_snapshots(machine))

    # clones and the end

    @operation("CloneVM_Task", kind="write")
    def clone(self, call: Call) -> t.Any:
        """Full, or linked with `diskMoveType` createNewChildDiskBacking; keys and policies are those of the source."""
        machine, spec = self._machine(call), call.arguments["spec"]
        folder = t.cast(Folder, self._core.store.source(call.arguments["folder"]))
        linked = spec.location.diskMoveType == "createNewChildDiskBacking"
        needed = ["VirtualMachine.Provisioning.Clone", *(["Cryptographer.Clone"] if machine.crypto_key else [])]
        missing = next((one for one in needed if not sessions.current().may(one)), None)
        refusal = errors.no_permission(call.this, missing) if missing else None
        if refusal is None and linked and not machine.snapshots:
            refusal = errors.invalid_argument("spec.snapshot")

        def make() -> t.Any:
            made = self._inventory.clone(machine, call.arguments["name"], folder, linked)
            made.template = spec.template
            return made.reference

        return self._start(call, "clone", refusal, make)

    @operation("Destroy_Task", kind="write")
    def destroy(self, call: Call) -> t.Any:
        """A VM that is off; nothing else of the inventory can be destroyed here."""
        machine = self._core.store.source(call.this)
        if not isinstance(machine, VirtualMachine):
            raise vm_faults.not_supported("Only virtual machines can be destroyed.")
        refusal = None
        if not sessions.current().may("VirtualMachine.Inventory.Delete"):
            refusal = errors.no_permission(call.this, "VirtualMachine.Inventory.Delete")
        elif machine.power_state != OFF:
            refusal = vm_faults.power_state(machine.power_state)

        def remove() -> None:
            self._inventory.remove_vm(machine)
            self._core.store.remove(machine.reference)

        return self._start(call, "destroy", refusal, remove)


def _power(machine: VirtualMachine, state: str) -> None:
    machine.power_state, machine.shutting_down = state, None
    machine.changes += 1
