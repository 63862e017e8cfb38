# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pyVmomi alone encrypts a VM with a key of the lab's OKMS, rekeys it while it runs, and decrypts it."""

from __future__ import annotations

import typing as t

from pyVim.task import WaitForTask
from pyVmomi import vim

from ..lab import Lab
from .checks import Checks

POLICY = "4d5f673c-536f-11e6-beb8-9e71128cae77"  # the bundled VM Encryption Policy
MACHINE = "vm5"  # it has a SCSI, an NVMe and a SATA disk, all of unit 0


def _disks(machine: t.Any) -> list[t.Any]:
    return [one for one in machine.config.hardware.device if isinstance(one, vim.vm.device.VirtualDisk)]


def _spec(machine: t.Any, crypto: t.Any, profile: t.Any) -> t.Any:
    """Home and every disk in one spec."""
    spec = vim.vm.ConfigSpec(crypto=crypto, vmProfile=[profile] if profile else [])
    for disk in _disks(machine):
        change = vim.vm.device.VirtualDeviceSpec(operation="edit", device=disk, profile=[profile] if profile else [])
        change.backing = vim.vm.device.VirtualDeviceSpec.BackingSpec(crypto=crypto)
        spec.deviceChange.append(change)
    return spec


def _keys(machine: t.Any) -> set[str | None]:
    found = [machine.config.keyId, *(disk.backing.keyId for disk in _disks(machine))]
    return {key.keyId if key else None for key in found}


def _key(content: t.Any, provider: str) -> t.Any:
    return content.cryptoManager.GenerateKey(vim.encryption.KeyProviderId(id=provider)).keyId


def check(lab: Lab, checks: Checks, content: t.Any, provider: str) -> None:
    """Run all checks."""
    machine = content.searchIndex.FindByInventoryPath(f"DC0/vm/{MACHINE}")
    policy = vim.vm.DefinedProfileSpec(profileId=POLICY)
    first, second = _key(content, provider), _key(content, provider)
    mark = lab.journal.mark()
    WaitForTask(machine.ReconfigVM_Task(_spec(machine, vim.encryption.CryptoSpecEncrypt(cryptoKeyId=first), policy)))
    checks.that(_keys(machine) == {first.keyId}, "pyVmomi: home and three disks are encrypted with one key of OKMS")
    fetched = lab.journal.entries(system="okms_kmip", operation="Get", since=mark)
    checks.that(first.keyId in {entry.target for entry in fetched}, "pyVmomi: vCenter got that key over KMIP")
    checks.that(machine.runtime.host.runtime.cryptoState == "safe", "pyVmomi: its host is in encryption mode")
    WaitForTask(machine.PowerOnVM_Task())
    deep = _spec(machine, vim.encryption.CryptoSpecDeepRecrypt(newKeyId=second), policy)
    what = "pyVmomi: deep recrypt of a running machine"
    checks.raises(vim.fault.InvalidPowerState, lambda: WaitForTask(machine.ReconfigVM_Task(deep)), what)
    shallow = _spec(machine, vim.encryption.CryptoSpecShallowRecrypt(newKeyId=second), None)
    WaitForTask(machine.ReconfigVM_Task(shallow))
    checks.that(_keys(machine) == {second.keyId}, "pyVmomi: shallow recrypt of a running machine")
    WaitForTask(machine.PowerOffVM_Task())
    clear = _spec(machine, vim.encryption.CryptoSpecDecrypt(), vim.vm.EmptyProfileSpec())
    WaitForTask(machine.ReconfigVM_Task(clear))
    checks.that(_keys(machine) == {None}, "pyVmomi: decrypted, home and disks")
