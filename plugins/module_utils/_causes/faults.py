# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes by the message key of a fault of a VM's task (fault.faultMessage[].key). Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import (
    CRITICAL,
    OPERATOR,
    RULES,
    WARNING,
    Cause,
    Known,
)

_HOST = Cause(
    "its host cannot get the key, usually because its connection to the key provider is interrupted",
    "see key_provider_info and host_encryption_info; vm_unlock says whether a key is really missing",
)
_CHANGED = Cause("its state has changed since the plan", "rerun")
_DISK_CHANGED = Cause("a disk's state has changed since the plan", "rerun")


def _known(name: str, key: str, cause: Cause, severity: str = WARNING, source: str = OPERATOR) -> tuple[str, Known]:
    return key, Known(name, severity, cause, source, key)


HOST_LACKS_ITS_KEY = _known("vm_key_not_on_host", "msg.vigor.enc.keyNotFound", _HOST, CRITICAL)[1]
_STATE_CHANGED = _known("vm_state_changed", "msg.hostd.configSpec.enc.notEncrypted", _CHANGED)[1]
_DISK_STATE_CHANGED = _known("disk_state_changed", "msg.hostd.deviceSpec.enc.notEncrypted", _DISK_CHANGED)[1]
# beginnings of message keys, see vSphere's message catalogue; order counts: the first that fits
FAULTS: tuple[tuple[str, Known], ...] = (
    _known(
        "vm_has_snapshots", "msg.hostd.configSpec.enc.snapshots",
        Cause("it has snapshots", "remove them first"), source=RULES,
    ),
    _known(
        "disks_depend_on_others", "msg.hostd.deviceSpec.enc.diskChain",
        Cause(
            "its disks depend on others (snapshots or linked clone)",
            "remove its snapshots, or make it a full clone",
        ),
    ),
    _known(
        "policy_does_not_encrypt", "msg.hostd.deviceSpec.enc.badPolicy",
        Cause(
            "the storage policy does not encrypt, or vCenter does not accept it",
            "check what the policy does with encryption_storage_policy_info, and name one that encrypts",
        ),
    ),
    _known(
        "disk_shared", "msg.hostd.deviceSpec.enc.sharedBacking",
        Cause("a disk is shared with other VMs", "end the sharing, or exclude the VM"), source=RULES,
    ),
    _known(
        "device_not_a_disk", "msg.hostd.deviceSpec.enc.notDisk",
        Cause("a device is not a virtual disk", "exclude the VM, or remove the device"),
    ),
    _known(
        "disk_not_a_file", "msg.hostd.deviceSpec.enc.notFile",
        Cause(
            "a disk is not a file of its own (raw device mapping)",
            "move that data to a virtual disk, or exclude the VM",
        ), source=RULES,
    ),
    ("msg.hostd.deviceSpec.enc.encrypted", _DISK_STATE_CHANGED),
    ("msg.hostd.deviceSpec.enc.notEncrypted", _DISK_STATE_CHANGED),
    ("msg.hostd.configSpec.enc.notEncrypted", _STATE_CHANGED),
    ("msg.hostd.configSpec.enc.encrypted", _STATE_CHANGED),
    (
        "msg.hostd.configSpec.enc.mixedKeys",
        Known(
            "mixed_keys", WARNING, Cause("home and disks must have the same key", "run vm_rekey on it first"), OPERATOR,
            "msg.hostd.configSpec.enc.mixedKeys", ("com.vmware.vc.vm.crypto.DiskchainUsingMixedKeys",),
        ),
    ),
    _known(
        "keys_and_policies_differ", "msg.hostd.configSpec.enc.mismatch",
        Cause("keys and policies do not match", "see the VM with vm_encryption_info, then rerun the encryption"),
    ),
    ("msg.vigor.enc.keyNotFound", HOST_LACKS_ITS_KEY),
    ("msg.keysafe.locator", HOST_LACKS_ITS_KEY),
    _known(
        "vtpm_needs_encryption", "msg.vigor.enc.required.vtpm",
        Cause(
            "its vTPM needs an encrypted home",
            "keep the home encrypted, or remove the vTPM, which destroys its secrets",
        ), source=RULES,
    ),
    _known(
        "vtpm_without_encryption", "msg.vtpm.add.notEncrypted",
        Cause("a vTPM needs an encrypted home", "encrypt the VM first, with vm_encryption"), source=RULES,
    ),
    _known(
        "policy_change_refused", "msg.disk.policyChangeFailure",
        Cause("the storage policy cannot be changed now", "wait until other tasks of the VM have ended, then rerun"),
    ),
    _known(
        "native_provider_needs_cluster", "vim.vpxd.encryption.NativeKeyProviderNotSupported",
        Cause("its host cannot use the native key provider", "move the VM to a host that is in a cluster"),
    ),
    _known(
        "not_for_encrypted_vms", "com.vmware.vim.vpxd.encryption.opUnsupportedOnEncryptedVm",
        Cause("encrypted VMs cannot do this", "use another way, or decrypt the VM first"),
    ),
)  # fmt: skip


def known_of_keys(keys: t.Sequence[str]) -> Known | None:
    """The cause that one of a fault's message keys names."""
    return next((known for start, known in FAULTS if any(key.startswith(start) for key in keys)), None)
