# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vCenter's encryption faults mean, and what to do about them. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import (
    fault_text,
    from_fault,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.causes import (
    HOST_LACKS_KEY,
    certain_cause,
)

_HOST = (
    "its host cannot get the key, usually because its connection to the key provider is interrupted: see "
    "key_provider_info and host_encryption_info; vm_unlock says whether a key is really missing"
)
# beginnings of message keys (fault.faultMessage[].key) and of texts, see vSphere's message catalogue
_WORDS: tuple[tuple[str, str], ...] = (
    ("msg.hostd.configSpec.enc.snapshots", "it has snapshots: remove them first"),
    ("msg.hostd.deviceSpec.enc.diskChain", "its disks depend on others (snapshots or linked clone)"),
    ("msg.hostd.deviceSpec.enc.badPolicy", "the storage policy does not encrypt, or vCenter does not accept it"),
    ("msg.hostd.deviceSpec.enc.sharedBacking", "a disk is shared with other VMs"),
    ("msg.hostd.deviceSpec.enc.notDisk", "a device is not a virtual disk"),
    ("msg.hostd.deviceSpec.enc.notFile", "a disk is not a file of its own (raw device mapping)"),
    ("msg.hostd.deviceSpec.enc.encrypted", "a disk's state has changed since the plan: rerun"),
    ("msg.hostd.deviceSpec.enc.notEncrypted", "a disk's state has changed since the plan: rerun"),
    ("msg.hostd.configSpec.enc.notEncrypted", "its state has changed since the plan: rerun"),
    ("msg.hostd.configSpec.enc.encrypted", "its state has changed since the plan: rerun"),
    ("msg.hostd.configSpec.enc.mixedKeys", "home and disks must have one key: run vm_rekey on it first"),
    ("msg.hostd.configSpec.enc.mismatch", "keys and policies do not match"),
    ("msg.vigor.enc.keyNotFound", _HOST),
    ("msg.keysafe.locator", _HOST),
    ("msg.vigor.enc.required.vtpm", "its vTPM needs an encrypted home"),
    ("msg.vtpm.add.notEncrypted", "a vTPM needs an encrypted home"),
    ("msg.disk.policyChangeFailure", "the storage policy cannot be changed now"),
    ("vim.vpxd.encryption.NativeKeyProviderNotSupported", "the native key provider does not reach its host"),
    ("com.vmware.vim.vpxd.encryption.opUnsupportedOnEncryptedVm", "encrypted VMs cannot do this"),
)
POLICY_REFUSED = ("msg.hostd.deviceSpec.enc.badPolicy", "msg.disk.policyChangeFailure")
_NO_KEY = ("msg.vigor.enc.keyNotFound", "msg.keysafe.locator", "msg.vigor.enc.keyUnavailable")


def message_keys(fault: t.Any) -> list[str]:
    """Keys of the messages of a fault."""
    return [str(message.key) for message in getattr(fault, "faultMessage", None) or [] if message.key]


def error_of_fault(fault: t.Any, what: str) -> CollectionError:
    """Our error for the fault of a task, with the cause in words when it is known."""
    error = from_fault(fault, what)
    keys = message_keys(fault)
    words = next((words for start, words in _WORDS if any(key.startswith(start) for key in keys)), None)
    cause = certain_cause(fault_text(fault)) or certain_cause(" ".join(keys))
    # the text of a host without a key may say why it has none
    if words and not (words == _HOST and cause not in (None, HOST_LACKS_KEY)):
        error.message += f". {words[0].upper()}{words[1:]}"
        error.details["message_key"] = keys[0]
        return error
    if cause is not None:
        error.message += f". Cause: {cause.reason}. Next step: {cause.next_step}"
        error.details.update(cause=cause.reason, next_step=cause.next_step)
    return error


def lacks_key(fault: t.Any) -> bool:
    """Whether no host gets keys any more, so that the next machine would fail the same way."""
    return any(key.startswith(start) for key in message_keys(fault) for start in _NO_KEY)
