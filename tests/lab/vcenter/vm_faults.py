# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults of operations on VMs. Their keys are public (vm-operator's crypto reconciler); the texts are ours."""

from __future__ import annotations

import typing as t

from pyVmomi import vim, vmodl

CONFIG, DEVICE = "msg.hostd.configSpec.enc", "msg.hostd.deviceSpec.enc"
_CONFIG, _DEVICE = vim.fault.InvalidVmConfig, vim.fault.InvalidDeviceSpec
_OPERATION, _GENERIC = vim.fault.InvalidDeviceOperation, vim.fault.GenericVmConfigFault
NOT_IN_CLUSTER = "vim.vpxd.encryption.NativeKeyProviderNotSupported.NotInCluster"

# message key -> type of the fault and its text
KEYED: dict[str, tuple[t.Any, str]] = {
    f"{CONFIG}.snapshots": (_CONFIG, "The operation is not supported when the virtual machine has snapshots."),
    f"{CONFIG}.notEncrypted": (_CONFIG, "The operation needs a virtual machine that is not encrypted."),
    f"{CONFIG}.encrypted": (_CONFIG, "The operation needs a virtual machine that is encrypted."),
    f"{CONFIG}.mismatch": (_CONFIG, "The encryption states of virtual machine and disks do not fit."),
    f"{CONFIG}.mixedKeys": (_CONFIG, "Virtual machine and disks must be encrypted with the same key."),
    f"{DEVICE}.diskChain": (_CONFIG, "The operation is not supported on a chain of disks."),
    f"{DEVICE}.badPolicy": (_DEVICE, "Invalid storage policy for encryption operation"),
    f"{DEVICE}.notDisk": (_DEVICE, "Only disks can be encrypted."),
    f"{DEVICE}.sharedBacking": (_DEVICE, "A shared disk cannot be encrypted."),
    f"{DEVICE}.notFile": (_DEVICE, "A disk that is not a file cannot be encrypted."),
    "msg.hostd.deviceSpec.add.noencrypt": (_DEVICE, "The disk that is added must not be encrypted."),
    f"{DEVICE}.encrypted": (_OPERATION, "The disk is encrypted."),
    f"{DEVICE}.notEncrypted": (_OPERATION, "The disk is not encrypted."),
    "msg.vigor.enc.keyNotFound": (_GENERIC, "A required key was not found."),
    "msg.keysafe.locator": (_GENERIC, "The key cannot be located."),
    "msg.vtpm.add.notEncrypted": (_GENERIC, "A virtual TPM needs an encrypted virtual machine."),
    "msg.vigor.enc.required.vtpm": (_GENERIC, "A virtual machine with a virtual TPM must be encrypted."),
    "msg.disk.policyChangeFailure": (vmodl.fault.NotSupported, "The storage policy cannot be changed."),
    "com.vmware.vim.vpxd.encryption.opUnsupportedOnEncryptedVm": (
        vmodl.fault.NotSupported,
        "The operation is not supported on an encrypted virtual machine.",
    ),
    NOT_IN_CLUSTER: (vmodl.fault.NotSupported, "The key provider needs a host that is in a cluster."),
}
# faults without a key, by the name of their type: for planned faults
PLAIN = ("SystemError", "InvalidPowerState", "InvalidState", "TaskInProgress", "NoPermission", "RuntimeFault")


def message(key: str, text: str) -> list[t.Any]:
    """The list that carries a key."""
    return [vmodl.LocalizableMessage(key=key, message=text)]


def keyed(key: str, index: int | None = None, text: str | None = None) -> t.Any:
    """The fault that comes with a message key; `index` is the place in deviceChange."""
    kind, usual = KEYED[key]
    text = text or usual
    fault = kind(msg=text, faultMessage=message(key, text))
    if kind is _CONFIG:
        fault.property = "configSpec.crypto"
    elif kind is _GENERIC:
        fault.reason = text
    elif kind in (_DEVICE, _OPERATION):
        fault.deviceIndex = index or 0
        fault.property = f"virtualDeviceSpec.backing.crypto[{index or 0}]"
    if kind is _OPERATION:
        fault.badOp = "edit"
    return fault


def power_state(existing: str, wanted: str = "poweredOff") -> t.Any:
    """The VM is in the wrong power state."""
    words = {"poweredOn": "Powered on", "poweredOff": "Powered off", "suspended": "Suspended"}
    text = f"The attempted operation cannot be performed in the current state ({words.get(existing, existing)})."
    return vim.fault.InvalidPowerState(requestedState=wanted, existingState=existing, msg=text)


def invalid_state(text: str) -> t.Any:
    """The VM's state does not allow it."""
    return vim.fault.InvalidState(msg=f"The operation is not allowed in the current state. {text}")


def not_supported(text: str) -> t.Any:
    """The VM is of a kind that cannot do it."""
    return vmodl.fault.NotSupported(msg=f"The operation is not supported on the object. {text}")


def invalid(text: str) -> t.Any:
    """The configuration does not allow it."""
    return _CONFIG(msg=f"Invalid virtual machine configuration. {text}", property="configSpec.crypto")


def task_in_progress(task: t.Any) -> t.Any:
    """Another task works on the VM."""
    return vim.fault.TaskInProgress(task=task, msg="Another task is already in progress.")


def keys_required(keys: list[t.Any]) -> t.Any:
    """Keys of a locked VM are missing."""
    return vim.fault.EncryptionKeyRequired(requiredKey=keys, msg="One or more required encryption keys are missing.")


def disk_key_missing(path: str) -> t.Any:
    """What power-on says of a disk whose key is missing; the text is documented."""
    text = f"The disk {path} is encrypted and a required key was not found."
    return keyed("msg.vigor.enc.keyNotFound", text=text)


def named(name: str) -> t.Any:
    """A fault for a test's plan: a message key, or the name of a type for one without."""
    if name in KEYED:
        return keyed(name)
    if name not in PLAIN:
        raise ValueError(f"unknown fault {name!r}, one of {', '.join([*KEYED, *PLAIN])}")
    text = "A general system error occurred: planned"
    if name == "SystemError":
        return vmodl.fault.SystemError(reason="planned", msg=text)
    if name == "InvalidPowerState":
        return power_state("poweredOn")
    if name == "TaskInProgress":
        return task_in_progress(vim.Task("task-0"))
    if name == "NoPermission":
        return vim.fault.NoPermission(object=vim.Folder("group-d1"), privilegeId="Cryptographer.Encrypt", msg=text)
    return invalid_state("planned") if name == "InvalidState" else vmodl.RuntimeFault(msg=text)
