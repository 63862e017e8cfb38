# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the lab plays each cause of the catalogue, in each way in which it can be seen."""

from __future__ import annotations

import typing as t

from pyVmomi import vim, vmodl

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes import (
    catalogue,
    faults,
    situations,
    states,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    add_standard,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud.state import Countdown, Task
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import vm_faults
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.entities import KeyRef

PROVIDER, VCENTER, VM = "team-kms", "vCenter", "vm1"
UNLOCK, RECONFIGURE = "VirtualMachine.cryptoUnlock", "VirtualMachine.reconfigure"
Play = t.Callable[[Lab], str]  # sets the lab in that state; returns the object of the finding


def _failed_task(description: str, fault: t.Any) -> Play:
    def play(lab: Lab) -> str:
        lab.vcenter.tasks.failed(lab.vcenter.inventory.vm(VM), description, fault, age=60)
        return VM

    return play


def _event(name: str) -> Play:
    def play(lab: Lab) -> str:
        about = {"vm": lab.vcenter.inventory.vm(VM), "host": lab.vcenter.inventory.hosts[0]}.get(name.split(".")[3])
        lab.vcenter.history.happened(name, entity=about, age=60)
        return about.name if about else VCENTER

    return play


def _locked(state: str) -> Play:
    def play(lab: Lab) -> str:
        add_standard(lab, PROVIDER)
        key = lab.generate_key(PROVIDER)
        machine = lab.vcenter.inventory.vm(VM)
        lab.vcenter.inventory.encrypt(machine, PROVIDER, key)
        machine.locked = True
        lab.vcenter.crypto.told_states[KeyRef(PROVIDER, key)] = state
        return VM

    return play


def _task(**fields: t.Any) -> Play:
    def play(lab: Lab) -> str:
        cloud = lab.ovhcloud.state.pccs[lab.private_cloud]
        values: dict[str, t.Any] = {"state": "doing", "countdown": Countdown(1000), **fields}
        task = Task(4711, "addVmEncryptionKms", ("kms", 1), lab.clock.now(), "", lambda: None, **values)
        cloud.tasks[task.task_id] = task
        return lab.private_cloud

    return play


def _waits_for_code(lab: Lab) -> str:
    lab.ovhcloud.settings.advanced_security = True
    return _task(state="waitingTodo", needs_code=True)(lab)


def _locked_with_keys(lab: Lab) -> str:
    add_standard(lab, PROVIDER)
    machine = lab.vcenter.inventory.vm(VM)
    key = lab.generate_key(PROVIDER)
    lab.vcenter._connections.use_key(lab.vcenter.crypto.providers[PROVIDER], key)
    lab.vcenter.inventory.encrypt(machine, PROVIDER, key)
    machine.locked = True
    return VM


def _mode_off(lab: Lab) -> str:
    add_standard(lab, PROVIDER)
    host = lab.vcenter.inventory.hosts[0]
    others = [one for one in lab.vcenter.inventory.hosts if one.parent is host.parent and one is not host]
    for one in others:
        one.crypto_state = "safe"
    return str(host.name)


def _not_green(lab: Lab) -> str:
    provider = add_native(lab, "nkp")
    provider.settling_reads, provider.settling_health = 1000, "WARNING"
    return "key provider nkp"


SITUATIONS: dict[str, Play] = {
    situations.VM_LOCKED.id: _locked_with_keys,
    situations.HOST_MODE_OFF.id: _mode_off,
    situations.PROVIDER_NOT_GREEN.id: _not_green,
    situations.PRIVILEGE_MISSING.id: _failed_task(
        RECONFIGURE,
        vim.fault.NoPermission(
            object=vim.Folder("group-d1"),
            privilegeId="Cryptographer.Encrypt",
            msg="Permission to perform this operation was denied.",
        ),
    ),
    situations.TASK_WAITS_FOR_CODE.id: _waits_for_code,
    situations.TASK_WAITS.id: _task(),
    situations.TASK_WAITS_FOR_CUSTOMER.id: _task(description=situations.TASK_WAITS_FOR_CUSTOMER.says),
    situations.TASK_FAILED.id: _task(state="error"),
}


def plays() -> t.Iterator[tuple[str, str, Play]]:
    """Each cause with each way in which it is seen: its id, the way, and how the lab plays it."""
    for known in dict.fromkeys(known for _pattern, known in (*texts.CERTAIN, *texts.PROBABLE)):
        yield known.id, "failed task", _failed_task(UNLOCK, vmodl.RuntimeFault(msg=known.says))
    for known in catalogue.ALL:
        for name in known.events:
            yield known.id, name.partition("vc.")[2], _event(name)
    for state, known in states.STATES.items():
        yield known.id, state, _locked(state)
    for key, known in faults.FAULTS:
        (named, *_more) = [one for one in vm_faults.KEYED if one.startswith(key)]
        yield known.id, key, _failed_task(RECONFIGURE, vm_faults.named(named))
    for name, play in SITUATIONS.items():
        yield name, "state", play
