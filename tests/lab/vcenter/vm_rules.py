# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which reconfiguration of a VM is refused, and with which fault.

The rules are those of vSphere Security, vcsim's checks and vm-operator; each function returns a fault or None. The
order in which the lab looks is that of the tables; clients must look at each fault by itself.
"""

from __future__ import annotations

import typing as t

from pyVmomi import vim

from . import errors, vm_faults, vm_policies
from .vm_faults import CONFIG, DEVICE, keyed
from .vm_properties import crypto_key_id
from .vm_spec import DECRYPT, DEEP, ENCRYPT, RECRYPT, SHALLOW, Change, Target

if t.TYPE_CHECKING:
    from .settings import VCenterSettings

Fault = t.Any
OLDEST_HARDWARE = 13
OLDEST_HARDWARE_TPM = 14  # the vendor on vSphere 6.7, "Virtual Trusted Platform Modules"
REWRITES = (ENCRYPT, DECRYPT, DEEP)  # the data is written anew
# VirtualMachine.config.extraConfig keys that belong to the platform (vm-operator)
PROTECTED = frozenset(
    (
        "ancestordatafilekeys",
        "cryptostate",
        "datafilekey",
        "encryption.bundle",
        "encryption.required",
        "encryption.required.vtpm",
        "encryption.unspecified.default",
    )
)
PRIVILEGES = {
    ENCRYPT: "Cryptographer.Encrypt",
    DECRYPT: "Cryptographer.Decrypt",
    SHALLOW: "Cryptographer.Recrypt",
    DEEP: "Cryptographer.Recrypt",
}


# the VM, whatever the spec says


def not_connected(change: Change) -> Fault:
    """A host that does not answer cannot do anything."""
    if change.machine.connection_state not in ("connected", "invalid"):
        return vm_faults.invalid_state(f"The virtual machine is {change.machine.connection_state}.")
    return None


def locked(change: Change) -> Fault:
    """A locked VM needs its keys first."""
    if not change.machine.locked:
        return None
    return vm_faults.keys_required([crypto_key_id(key) for key in dict.fromkeys(change.machine.crypto_keys())])


def template(change: Change) -> Fault:
    """A template has to become a VM first. (The fault is inferred: PowerOnVM_Task declares it for templates.)"""
    refused = change.machine.template and (change.actions() or change.spec.deviceChange)
    return vm_faults.not_supported("It is a template.") if refused else None


def stale(change: Change) -> Fault:
    """The caller saw another version of the configuration."""
    given = change.spec.changeVersion
    if given and given != str(change.machine.changes):
        return vim.fault.ConcurrentAccess(msg="Cannot complete the operation due to concurrent access.")
    return None


def protected_keys(change: Change) -> Fault:
    """Some keys of extraConfig are not for clients."""
    for option in change.spec.extraConfig:
        if option.key.lower() in PROTECTED:
            return errors.invalid_argument(f'config.extraConfig["{option.key}"]')
    return None


def vmotion_mode(change: Change, settings: VCenterSettings) -> Fault:
    """An encrypted VM moves encrypted, always; the fault is assumed."""
    mode = change.spec.migrateEncryption
    if not mode or mode == "required" or not change.key_afterwards(None):
        return None
    if settings.vmotion_mode_fault == "NotSupported":
        return vm_faults.not_supported("An encrypted virtual machine moves encrypted.")
    return errors.invalid_argument("configSpec.migrateEncryption")


def ft_mode(change: Change, settings: VCenterSettings) -> Fault:
    """The same for its Fault Tolerance (vSphere API, EncryptedFtModes); the fault is assumed."""
    mode = getattr(change.spec, "ftEncryptionMode", None)
    if not mode or mode == "ftEncryptionRequired" or not change.key_afterwards(None):
        return None
    if settings.ft_mode_fault == "NotSupported":
        return vm_faults.not_supported("The Fault Tolerance of an encrypted virtual machine is encrypted.")
    return errors.invalid_argument("configSpec.ftEncryptionMode")


def hardware(change: Change, settings: VCenterSettings) -> Fault:
    """Encryption needs virtual hardware 13 (OVHcloud's guide vm-encrypt of 2026); the fault is assumed."""
    version = change.machine.hardware
    encrypts = any(target.action == ENCRYPT for target in change.targets)
    if not encrypts or int(version.rpartition("-")[2]) >= OLDEST_HARDWARE:
        return None
    text = f"It has virtual hardware of version {version}."
    return vm_faults.not_supported(text) if settings.old_hardware_fault == "NotSupported" else vm_faults.invalid(text)


def fault_tolerance(change: Change, settings: VCenterSettings) -> Fault:
    """Not with Fault Tolerance; the fault is assumed."""
    if not change.actions() or change.machine.fault_tolerance == "notConfigured":
        return None
    text = "The virtual machine is protected by Fault Tolerance."
    refuse = vm_faults.not_supported if settings.fault_tolerance_fault == "NotSupported" else vm_faults.invalid_state
    return refuse(text)


def devices(change: Change) -> Fault:
    """Edits must name devices that are there, and only disks can be encrypted."""
    for index in change.unknown:
        return vim.fault.InvalidDeviceSpec(
            deviceIndex=index, property=f"virtualDeviceSpec.device.key[{index}]", msg="Invalid configuration for device"
        )
    if change.other:
        return vm_faults.not_supported("The lab does not play adding and removing of such devices.")
    return keyed(f"{DEVICE}.notDisk", change.stray[0]) if change.stray else None


def tpm(change: Change) -> Fault:
    """A vTPM is added and removed with the power off, in an encrypted VM (4.8)."""
    machine = change.machine
    if (change.adds_tpm or change.removes_tpm) and machine.power_state != "poweredOff":
        return vm_faults.power_state(machine.power_state)
    if change.home.action == DECRYPT and change.has_tpm:
        key = "msg.vtpm.add.notEncrypted" if change.adds_tpm else "msg.vigor.enc.required.vtpm"
        return keyed(key)
    return None


def tpm_needs(change: Change, settings: VCenterSettings) -> Fault:
    """One vTPM, EFI firmware, hardware 14 or newer (4.8); removed without snapshots. The faults are assumed."""
    machine, refuse = change.machine, vm_faults.invalid
    if settings.tpm_fault == "NotSupported":
        refuse = vm_faults.not_supported
    if change.adds_tpm and machine.tpm:
        return refuse("Only one virtual TPM is possible.")
    if change.adds_tpm and machine.firmware != "efi":
        return refuse("A virtual TPM needs EFI firmware.")
    if change.adds_tpm and int(machine.hardware.rpartition("-")[2]) < OLDEST_HARDWARE_TPM:
        return refuse(f"A virtual TPM is not possible with virtual hardware of version {machine.hardware}.")
    if change.removes_tpm and machine.snapshots and settings.tpm_removal_needs_no_snapshots:
        return keyed(f"{CONFIG}.snapshots")
    return None


# home and disks, one by one; only those with something to do


def state(change: Change, target: Target) -> Fault:
    """Encrypt what is clear, decrypt and recrypt what is encrypted."""
    encrypted = target.current is not None
    if encrypted != (target.action == ENCRYPT):
        return None
    if target.disk is None:
        return keyed(f"{CONFIG}.notEncrypted" if encrypted else f"{CONFIG}.encrypted")
    return keyed(f"{DEVICE}.encrypted" if encrypted else f"{DEVICE}.notEncrypted", target.index)


def power(change: Change, target: Target) -> Fault:
    """Off for what writes the data anew, and for IDE disks."""
    existing = change.machine.power_state
    if existing == "poweredOff":
        return None
    ide = target.disk is not None and target.disk.bus == "ide"
    return vm_faults.power_state(existing) if target.action in REWRITES or ide else None


def snapshots(change: Change, target: Target) -> Fault:
    """None for what writes the data anew, one line for a shallow recrypt."""
    allowed = ("none",) if target.action in REWRITES else ("none", "linear")
    return None if change.machine.snapshot_tree in allowed else keyed(f"{CONFIG}.snapshots")


def disk_chain(change: Change, target: Target) -> Fault:
    """No linked clone, no parent in the spec, no chain that is left without snapshots."""
    if target.disk is None:
        # linked clones: neither decrypted nor recrypted with other keys
        linked = change.machine.linked_clone and target.action in (DECRYPT, *RECRYPT)
        return keyed(f"{DEVICE}.diskChain") if linked else None
    chain = bool(target.disk.parents) if target.action in REWRITES else target.disk.linked
    return keyed(f"{DEVICE}.diskChain") if chain or target.has_parent else None


def raw_device(change: Change, target: Target) -> Fault:
    """A raw device mapping is no file."""
    return keyed(f"{DEVICE}.notFile", target.index) if target.disk and target.disk.kind == "rdm" else None


def shared(change: Change, target: Target) -> Fault:
    """A multi-writer disk belongs to others too."""
    is_shared = target.disk is not None and target.disk.sharing != "sharingNone"
    return keyed(f"{DEVICE}.sharedBacking", target.index) if is_shared else None


def home_before_disk(change: Change, target: Target) -> Fault:
    """No encrypted disk in a VM whose home is clear."""
    if target.disk is not None and target.action != DECRYPT and not change.key_afterwards(None):
        return keyed(f"{CONFIG}.mismatch")
    if target.disk is None and target.action == DECRYPT:
        left = any(change.key_afterwards(disk) for disk in change.machine.disks)
        return keyed(f"{CONFIG}.mismatch") if left else None
    return None


OF_MACHINES = (
    not_connected,
    locked,
    template,
    stale,
    protected_keys,
    devices,
    tpm,
)
BY_SETTINGS = (vmotion_mode, ft_mode, fault_tolerance, hardware, tpm_needs)
OF_TARGETS = (state, power, snapshots, disk_chain, raw_device, shared, home_before_disk)


def missing_privilege(change: Change, may: t.Callable[[str], bool], settings: VCenterSettings) -> str | None:
    """The first privilege on the VM that the spec needs and the session does not have."""
    needed = [PRIVILEGES[target.action] for target in change.targets if target.action]
    spec = change.spec
    if spec.deviceChange:
        needed.append("VirtualMachine.Config.EditDevice")
    if change.adds_tpm or change.removes_tpm:
        needed.append("VirtualMachine.Config.AddRemoveDevice")
    if vm_policies.needs_apply(change, settings):
        needed.append("StorageProfile.Apply")
    if spec.extraConfig:
        needed.append("VirtualMachine.Config.AdvancedConfig")
    if spec.migrateEncryption or getattr(spec, "ftEncryptionMode", None):
        needed.append("VirtualMachine.Config.Settings")
    if spec.name and spec.name != change.machine.name:
        needed.append("VirtualMachine.Config.Rename")
    return next((privilege for privilege in needed if not may(privilege)), None)


def refusal(change: Change, settings: VCenterSettings) -> Fault:
    """The first rule that the change breaks, None when it may be done."""
    for of_machine in OF_MACHINES:
        fault = of_machine(change)
        if fault is not None:
            return fault
    for by_settings in BY_SETTINGS:
        fault = by_settings(change, settings)
        if fault is not None:
            return fault
    for target in change.targets:
        if not target.action:
            continue
        for of_target in OF_TARGETS:
            fault = of_target(change, target)
            if fault is not None:
                return fault
        fault = vm_policies.missing(change, target, settings)
        if fault is not None:
            return fault
    return None


def keys_refusal(change: Change, settings: VCenterSettings) -> Fault:
    """What is wrong with the keys, once they are known."""
    for target in change.targets:
        if settings.recrypt_needs_new_key and target.action in RECRYPT and target.new_key == target.current:
            return keyed(f"{CONFIG}.mismatch", text="The new key is the key that is in use.")
    if settings.mixed_keys or not any(target.new_key for target in change.targets):
        return None
    after = {id(target.disk): target.new_key if target.action else target.current for target in change.targets}
    keys = {after.get(id(disk), disk.crypto_key) for disk in change.machine.disks} | {after[id(None)]}
    return keyed(f"{CONFIG}.mixedKeys") if len(keys - {None}) > 1 else None
