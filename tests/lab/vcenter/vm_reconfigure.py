# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ReconfigVM_Task: what it refuses is in vm_rules, all of it is an error of the task; what it does is here."""

from __future__ import annotations

import re
import typing as t

from . import errors, sessions, vm_faults, vm_policies, vm_rules, vm_spec, vmomi
from .dispatcher import Call, operation
from .entities import Disk, HasPolicy, KeyRef, VirtualMachine
from .tasks import RECONFIGURE, Task
from .vm_spec import DECRYPT, SHALLOW, Change, Target

if t.TYPE_CHECKING:
    from .core import Core
    from .machine_faults import MachineFault, MachineFaults
    from .machine_keys import MachineKeys
    from .tasks import Tasks

NAME = re.compile(r"(.*?)(?:_(\d+))?(\.vmdk)")
BUNDLE = "encryption.bundle"


def renamed(machine: VirtualMachine, disk: Disk) -> str:
    """The name of a disk's file after it was written anew: vm.vmdk becomes vm_1.vmdk, or the next that is free."""
    found = NAME.fullmatch(disk.file_name)
    if found is None:
        return disk.file_name
    taken = {other.file_name for other in machine.disks}
    number = 1
    while f"{found[1]}_{number}{found[3]}" in taken:
        number += 1
    return f"{found[1]}_{number}{found[3]}"


class Reconfigure:
    """The one operation."""

    def __init__(self, core: Core, tasks: Tasks, keys: MachineKeys, faults: MachineFaults) -> None:
        self._core = core
        self._tasks = tasks
        self._keys = keys
        self._faults = faults

    @operation("ReconfigVM_Task", kind="write", blocking=True)
    def reconfigure(self, call: Call) -> t.Any:
        """Check, get the keys, and leave the rest to the task."""
        with self._core.lock:
            machine: VirtualMachine = self._core.store.source(call.this)
            busy = self._tasks.busy(machine, RECONFIGURE)
            if busy is not None:
                return busy
            task = self._tasks.open(machine, RECONFIGURE)
            settings, spec = self._core.settings, call.arguments["spec"]
            change = vm_spec.read(machine, spec, self._core.is_encryption_policy, settings.tpm_removal_decrypts)
            error = self._refusal(change)
            planned = None if error is not None else self._faults.pick(machine.name, call.name)
        if error is None:
            try:
                self._get_keys(change)
            except vmomi.MethodFault as fault:
                error = fault
        if planned is not None and error is None:
            return self._launch_planned(task, change, planned)
        return self._tasks.launch(task, lambda: self._apply(change), error)

    def _refusal(self, change: Change) -> t.Any:
        session = sessions.current()
        privilege = vm_rules.missing_privilege(change, session.may, self._core.settings)
        if privilege is not None:
            return errors.no_permission(change.machine.reference, privilege)
        fault = vm_policies.refusal(change, self._core) or vm_rules.refusal(change, self._core.settings)
        if fault is not None:
            return fault
        host = change.machine.host
        if host is not None and self._needs_key(change) and host.crypto_state != "safe":
            if not host.crypto_supported:
                return vm_faults.not_supported("The host does not support encryption.")
            if not session.may("Cryptographer.RegisterHost"):
                return errors.no_permission(host.reference, "Cryptographer.RegisterHost")
        return None

    @staticmethod
    def _needs_key(change: Change) -> bool:
        return bool(change.actions() - {DECRYPT})

    # keys

    def _get_keys(self, change: Change) -> None:
        """Each distinct key once; a disk without crypto of its own takes the home's."""
        if not self._needs_key(change):
            return
        host, got = change.machine.host, {}
        home = change.home.new_key if change.home.action else change.machine.crypto_key
        for target in change.targets:
            if not target.action or target.action == DECRYPT:
                continue
            given = target.given
            if given is None and home is not None:
                target.new_key = home
                continue
            name = (given.providerId.id if given and given.providerId else "", given.keyId if given else "")
            if name not in got:
                got[name] = self._keys.wanted(given, host)
            target.new_key = got[name]
            home = target.new_key if target is change.home else home
        fault = vm_rules.keys_refusal(change, self._core.settings)
        if fault is not None:
            raise fault
        key = next(target.new_key for target in change.targets if target.new_key)
        if host is not None:
            self._keys.make_safe(host, self._keys.provider(key.provider))

    # doing it

    def _launch_planned(self, task: Task, change: Change, planned: MachineFault) -> t.Any:
        if planned.kind == "hang":
            task.endless = True
            return self._tasks.launch(task)
        if planned.kind == "half":
            return self._tasks.launch(task, lambda: self._break(change, planned))
        if planned.kind == "error":
            return self._tasks.launch(task, error=planned.fault())
        if planned.kind == "lost_done":
            self._apply(change)
        self._tasks.lose(task)
        return task.reference

    def _break(self, change: Change, planned: MachineFault) -> None:
        for target in change.targets[: 1 + planned.disks]:
            self._apply_target(change.machine, target)
        self._encrypted_or_not(change.machine)
        raise planned.fault()

    def _apply(self, change: Change) -> None:
        machine, spec = change.machine, change.spec
        was_encrypted = machine.crypto_key is not None
        for target in change.targets:
            self._apply_target(machine, target)
        if was_encrypted and machine.crypto_key is None:
            machine.ft_encryption = self._core.settings.ft_mode_after_decryption
        machine.tpm = change.has_tpm
        machine.migrate_encryption = spec.migrateEncryption or machine.migrate_encryption
        machine.ft_encryption = getattr(spec, "ftEncryptionMode", None) or machine.ft_encryption
        machine.name = spec.name or machine.name
        for option in spec.extraConfig:
            machine.extra_config[option.key] = str(option.value)
            if not option.value:
                del machine.extra_config[option.key]
        self._encrypted_or_not(machine)

    @staticmethod
    def _encrypted_or_not(machine: VirtualMachine) -> None:
        machine.changes += 1
        if machine.crypto_key is None:
            machine.extra_config.pop(BUNDLE, None)
            return
        machine.migrate_encryption, machine.ft_encryption = "required", "ftEncryptionRequired"
        machine.extra_config.setdefault(BUNDLE, "vmware:key/list/(lab)")

    def _apply_target(self, machine: VirtualMachine, target: Target) -> None:
        key: KeyRef | None = target.new_key
        if target.profile is not None:
            part: HasPolicy = target.disk or machine
            part.give_policy(target.profile or None, self._core.settings.policy_told_late)
        if target.disk is None:
            if target.action:
                machine.crypto_key = key
            return
        disk = target.disk
        if not target.action:
            return
        if target.action != SHALLOW:
            disk.file_name = renamed(machine, disk)
        disk.crypto_key = key
