# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs that are encrypted, recrypted and decrypted by plain pyVmomi, with keys of a real KMIP server."""

from __future__ import annotations

import pytest
from pyVim.task import WaitForTask

from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.machine_site import (
    POLICY,
    MachineSite,
    decrypt,
    deep,
    disks_of,
    encrypt,
    native_key,
    outcome,
    shallow,
)


@pytest.fixture
def site(tmp_path):
    made = MachineSite(tmp_path)
    yield made
    made.close()


def test_encrypt_recrypt_decrypt(site):
    machine, vm = site.machine("vm6")
    key = site.new_key()
    before = [disk.backing.fileName for disk in disks_of(vm)]
    WaitForTask(vm.ReconfigVM_Task(encrypt(vm, key)))
    config = vm.config
    assert (config.keyId.keyId, config.keyId.providerId.id, config.migrateEncryption) == (key.keyId, "kp", "required")
    assert [disk.backing.keyId.keyId for disk in disks_of(vm)] == [key.keyId] * 2
    assert [list(disk.iofilter) for disk in disks_of(vm)] == [["VMW_vmwarevmcrypt_1.0.0"]] * 2
    names = [disk.backing.fileName for disk in disks_of(vm)]
    assert not set(before) & set(names) and len(set(names)) == 2
    assert (machine.policy, {disk.policy for disk in machine.disks}) == (POLICY, {POLICY})
    assert vm.runtime.cryptoState == "unlocked"
    assert "encryption.bundle" in [one.key for one in config.extraConfig]
    host = vm.runtime.host
    assert host.runtime.cryptoState == "safe" and host.runtime.cryptoKeyId.providerId.id == "kp"
    second = site.new_key()
    WaitForTask(vm.ReconfigVM_Task(shallow(vm, second)))
    assert {vm.config.keyId.keyId, *(disk.backing.keyId.keyId for disk in disks_of(vm))} == {second.keyId}
    assert [disk.backing.fileName for disk in disks_of(vm)] == names
    WaitForTask(vm.ReconfigVM_Task(deep(vm, native_key())))
    found = {(disk.backing.keyId.providerId.id, disk.backing.keyId.keyId) for disk in disks_of(vm)}
    assert found == {("nkp", vm.config.keyId.keyId)} and vm.config.keyId.keyId
    WaitForTask(vm.ReconfigVM_Task(decrypt(vm)))
    assert vm.config.keyId is None and [disk.backing.keyId for disk in disks_of(vm)] == [None] * 2
    assert machine.policy is None and "encryption.bundle" not in machine.extra_config


def test_powered_on(site):
    machine, vm = site.machine("vm1")
    WaitForTask(vm.PowerOnVM_Task())
    assert outcome(vm.ReconfigVM_Task(encrypt(vm, site.new_key()))) == ("error", "InvalidPowerState", [])
    WaitForTask(vm.PowerOffVM_Task())
    WaitForTask(vm.ReconfigVM_Task(encrypt(vm, site.new_key())))
    WaitForTask(vm.PowerOnVM_Task())
    WaitForTask(vm.ReconfigVM_Task(shallow(vm, site.new_key())))
    assert machine.power_state == "poweredOn"
