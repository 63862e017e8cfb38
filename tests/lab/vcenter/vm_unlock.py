# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CryptoUnlock_Task: the keys of a locked VM are pushed to its host again.

Sources: the API reference of VirtualMachine (declared faults) and of EncryptionKeyRequired (which keys are missing).
"""

from __future__ import annotations

import typing as t

from pyVmomi import vim, vmodl

from ..kmip.vcenter_client import KmsRefused
from .dispatcher import Call, operation
from .entities import KeyRef, VirtualMachine
from .host_crypto import SAFE
from .vm_properties import crypto_key_id

if t.TYPE_CHECKING:
    from .core import Core
    from .inventory import Inventory
    from .provider_keys import ProviderKeys
    from .tasks import Tasks

TASK = "VirtualMachine.cryptoUnlock"


class MachineUnlock:
    """Unlocks one VM at a time."""

    def __init__(self, core: Core, inventory: Inventory, keys: ProviderKeys, tasks: Tasks) -> None:
        self._core = core
        self._inventory = inventory
        self._keys = keys
        self._tasks = tasks

    @operation("CryptoUnlock_Task", kind="write", blocking=True)
    def unlock(self, call: Call) -> t.Any:
        """Only for a locked VM; what is wrong with its keys or its host is the error of the task."""
        machine = t.cast(VirtualMachine, self._inventory.entity(call.this))
        if next(machine.crypto_keys(), None) is None:
            raise vmodl.fault.NotSupported(msg="The virtual machine is not encrypted.")
        if not machine.locked:
            raise vim.fault.InvalidState(msg="The virtual machine is not locked.")
        return self._tasks.finish(machine.reference, TASK, error=self._push(machine))

    def _push(self, machine: VirtualMachine) -> t.Any:
        """The fault that keeps it locked, or None when it is open now."""
        if machine.host is None or machine.host.connection_state != "connected":
            text = "The attempted operation cannot be performed in the current state of the virtual machine."
            return vim.fault.InvalidVmState(vm=machine.reference, msg=text)
        missing: dict[KeyRef, str] = {}
        for key in dict.fromkeys(machine.crypto_keys()):
            try:
                self._keys.fetch(key)
            except KmsRefused as exc:
                missing[key] = str(exc)
        if missing:
            text = f"An encryption key is required. {next(iter(missing.values()))}"
            return vim.fault.EncryptionKeyRequired(requiredKey=[crypto_key_id(key) for key in missing], msg=text)
        with self._core.lock:
            machine.locked = False
            if machine.host.crypto_key:
                machine.host.crypto_state = SAFE
        return None
