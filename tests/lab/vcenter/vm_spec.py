# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ConfigSpec means for the encryption of a VM: one target for its home, one for each edited disk."""

from __future__ import annotations

import dataclasses
import typing as t

from pyVmomi import vim

from .entities import Disk, KeyRef, VirtualMachine

ENCRYPT, DECRYPT, SHALLOW, DEEP = "encrypt", "decrypt", "shallow recrypt", "deep recrypt"
RECRYPT = (SHALLOW, DEEP)
# Register and NoOp leave things as they are
ACTIONS = (
    (vim.encryption.CryptoSpecEncrypt, ENCRYPT),
    (vim.encryption.CryptoSpecDecrypt, DECRYPT),
    (vim.encryption.CryptoSpecShallowRecrypt, SHALLOW),
    (vim.encryption.CryptoSpecDeepRecrypt, DEEP),
)
TPM = vim.vm.device.VirtualTPM


@dataclasses.dataclass
class Target:
    """Home (`disk` is None) or a disk, and what to do with it; `index` is its place in deviceChange.

    `profile` is the id of the policy in the spec, "" for one that stands for no policy, None when there is none.
    """

    action: str
    current: KeyRef | None
    profile: str | None
    encrypting_profile: bool
    disk: Disk | None = None
    index: int | None = None
    given: t.Any = None  # CryptoKeyId of the spec
    has_parent: bool = False
    new_key: KeyRef | None = None


@dataclasses.dataclass
class Change:
    """A ConfigSpec, read for one VM. `stray` are places in deviceChange with crypto for what is no disk."""

    machine: VirtualMachine
    spec: t.Any
    targets: list[Target] = dataclasses.field(default_factory=list)
    stray: list[int] = dataclasses.field(default_factory=list)
    unknown: list[int] = dataclasses.field(default_factory=list)  # edits of devices that are not there
    other: list[int] = dataclasses.field(default_factory=list)  # devices added or removed: the lab does not play that
    adds_tpm: bool = False
    removes_tpm: bool = False
    tpm_decrypts: bool = False  # the home becomes unencrypted because its vTPM goes

    @property
    def home(self) -> Target:
        """The target for the home."""
        return self.targets[0]

    @property
    def disks(self) -> list[Target]:
        """The targets for disks."""
        return self.targets[1:]

    @property
    def has_tpm(self) -> bool:
        """Whether there is a vTPM afterwards."""
        return (self.machine.tpm or self.adds_tpm) and not self.removes_tpm

    def actions(self) -> set[str]:
        """All that there is to do."""
        return {target.action for target in self.targets if target.action}

    def key_afterwards(self, disk: Disk | None) -> bool:
        """Whether home (None) or a disk is encrypted afterwards."""
        for target in self.targets:
            if target.disk is disk:
                if target.action:
                    return target.action != DECRYPT
                return target.current is not None
        return disk is not None and disk.crypto_key is not None


def _profile(profiles: t.Any) -> str | None:
    """Id of the policy; "" for EmptyProfileSpec and DefaultProfileSpec."""
    found = None
    for profile in profiles or []:
        named = isinstance(profile, vim.vm.DefinedProfileSpec)
        found = str(profile.profileId) if named else ""
    return found


def _target(crypto: t.Any, profiles: t.Any, current: KeyRef | None, is_encrypting: t.Callable[[str], bool]) -> Target:
    profile = _profile(profiles)
    encrypting = bool(profile) and is_encrypting(profile or "")
    action = next((name for kind, name in ACTIONS if isinstance(crypto, kind)), "")
    if crypto is None and profile is not None:
        # the profile alone: [C] for encryption with the default provider (4.2), [I] for the way back
        if encrypting and current is None:
            action = ENCRYPT
        elif not encrypting and current is not None:
            action = DECRYPT
    given = getattr(crypto, "cryptoKeyId", None) if action == ENCRYPT else getattr(crypto, "newKeyId", None)
    return Target(action, current, profile, encrypting, given=given)


def read(
    machine: VirtualMachine, spec: t.Any, is_encrypting: t.Callable[[str], bool], tpm_removal_decrypts: bool
) -> Change:
    """The change that a ConfigSpec asks for; disks are matched by their device key."""
    change = Change(machine, spec)
    change.targets.append(_target(spec.crypto, spec.vmProfile, machine.crypto_key, is_encrypting))
    disks = {disk.key: disk for disk in machine.disks}
    for index, edit in enumerate(spec.deviceChange):
        backing = edit.backing
        crypto = backing.crypto if backing else None
        if isinstance(edit.device, TPM):
            change.adds_tpm = change.adds_tpm or edit.operation == "add"
            change.removes_tpm = change.removes_tpm or edit.operation == "remove"
        elif edit.operation != "edit":
            change.other.append(index)
            continue
        if not isinstance(edit.device, vim.vm.device.VirtualDisk):
            if crypto is not None:
                change.stray.append(index)
            continue
        disk = disks.get(edit.device.key)
        if disk is None:
            change.unknown.append(index)
            continue
        target = _target(crypto, edit.profile, disk.crypto_key, is_encrypting)
        target.disk, target.index, target.has_parent = disk, index, bool(backing and backing.parent)
        change.targets.append(target)
    if change.adds_tpm and not machine.crypto_key and not change.home.action:
        change.home.action = ENCRYPT  # 4.8: with the default provider's key, the disks stay clear
    if change.removes_tpm and tpm_removal_decrypts and machine.tpm and machine.crypto_key and not change.home.action:
        # the vendor's questions and answers about vTPM: without other encryption, the VM is no longer encrypted;
        # with snapshots, no home can be decrypted (4.3)
        encrypted = any(change.key_afterwards(disk) for disk in machine.disks)
        change.tpm_decrypts = not encrypted and not machine.snapshots
        change.home.action = DECRYPT if change.tpm_decrypts else ""
    return change
