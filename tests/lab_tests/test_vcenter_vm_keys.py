# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the keys of a reconfigured VM come from, and what is said when they cannot be had."""

from __future__ import annotations

import pytest
from pyVmomi import vim

from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.machine_site import (
    ENCRYPT,
    POLICY,
    MachineSite,
    decrypt,
    disks_of,
    edit,
    encrypt,
    native_key,
    outcome,
    profile,
    shallow,
    spec,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.vcenter_site import provider_id

CONFIG = "msg.hostd.configSpec.enc"


@pytest.fixture
def site(tmp_path):
    made = MachineSite(tmp_path)
    yield made
    made.close()


def test_profile_alone_encrypts_with_the_default_provider(site):
    machine, vm = site.machine("vm3")
    change = [edit(one, policy=POLICY) for one in disks_of(vm)]
    assert outcome(vm.ReconfigVM_Task(vim.vm.ConfigSpec(vmProfile=profile(), deviceChange=change)))[0] == "success"
    assert machine.crypto_key.provider == "kp" and {one.crypto_key for one in machine.disks} == {machine.crypto_key}
    assert machine.crypto_key.key_id in site.made_keys()
    change = [edit(one, policy="") for one in disks_of(vm)]
    assert outcome(vm.ReconfigVM_Task(vim.vm.ConfigSpec(vmProfile=profile(""), deviceChange=change)))[0] == "success"
    assert not list(machine.crypto_keys())


def test_default_of_the_cluster_comes_first(site):
    machine, vm = site.machine("vm1")
    site.content.cryptoManager.SetDefaultKmsCluster(machine.host.parent.reference, provider_id("nkp"))
    assert outcome(vm.ReconfigVM_Task(vim.vm.ConfigSpec(vmProfile=profile())))[0] == "success"
    assert machine.crypto_key.provider == "nkp" and machine.disks[0].crypto_key is None
    # a disk with the profile alone takes the key of its home
    change = [edit(one, policy=POLICY) for one in disks_of(vm)]
    assert outcome(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=change)))[0] == "success"
    assert machine.disks[0].crypto_key == machine.crypto_key


def test_no_default_provider(site):
    _machine, vm = site.machine("vm1")
    site.vcenter.crypto.default = None
    error = ("error", "GenericVmConfigFault", ["msg.keysafe.locator"])
    assert outcome(vm.ReconfigVM_Task(vim.vm.ConfigSpec(vmProfile=profile()))) == error


def key_of(provider, key_id):
    return vim.encryption.CryptoKeyId(keyId=key_id, providerId=provider_id(provider))


@pytest.mark.parametrize(
    "key, message",
    [
        (key_of("kp", "77"), "msg.vigor.enc.keyNotFound"),
        (key_of("kp", ""), "msg.vigor.enc.keyNotFound"),
        (key_of("nkp", "a-key-of-another-vcenter"), "msg.vigor.enc.keyNotFound"),
        (key_of("nobody", "1"), "msg.keysafe.locator"),
    ],
)
def test_key_that_cannot_be_had(site, key, message):
    machine, vm = site.machine("vm3")
    assert outcome(vm.ReconfigVM_Task(encrypt(vm, key))) == ("error", "GenericVmConfigFault", [message])
    assert not list(machine.crypto_keys())


def test_key_server_down(site):
    machine, vm = site.machine("vm3")
    key = site.new_key()
    site.kms.server.stop()
    error = ("error", "GenericVmConfigFault", ["msg.keysafe.locator"])
    assert outcome(vm.ReconfigVM_Task(encrypt(vm, key))) == error
    site.kms.server.start()
    assert outcome(vm.ReconfigVM_Task(encrypt(vm, key)))[0] == "success"
    assert machine.crypto_key.key_id == key.keyId


def test_native_provider_and_hosts(site):
    machine, vm = site.machine("vm3")
    machine.host.tpm = False
    site.vcenter.crypto.providers["nkp"].tpm_required = True
    assert outcome(vm.ReconfigVM_Task(encrypt(vm, native_key())))[:2] == ("error", "NotSupported")
    site.vcenter.crypto.providers["nkp"].tpm_required = False
    machine.host.parent = site.inventory.host_folder
    key = "vim.vpxd.encryption.NativeKeyProviderNotSupported.NotInCluster"
    assert outcome(vm.ReconfigVM_Task(encrypt(vm, native_key()))) == ("error", "NotSupported", [key])


def test_settings_for_what_is_not_known(site):
    machine, vm = site.machine("vm3")
    settings, first, second = site.vcenter.settings, site.new_key(), site.new_key()
    settings.mixed_keys = False
    mixed = encrypt(vm, first)
    mixed.deviceChange[0].backing.crypto = ENCRYPT(cryptoKeyId=second)
    assert outcome(vm.ReconfigVM_Task(mixed)) == ("error", "InvalidVmConfig", [f"{CONFIG}.mixedKeys"])
    settings.mixed_keys = True
    assert outcome(vm.ReconfigVM_Task(mixed))[0] == "success"
    assert [disk.crypto_key.key_id for disk in machine.disks] == [second.keyId, first.keyId]
    same = spec(vm, vim.encryption.CryptoSpecShallowRecrypt(newKeyId=first), disks=False)
    assert outcome(vm.ReconfigVM_Task(same)) == ("error", "InvalidVmConfig", [f"{CONFIG}.mismatch"])
    settings.recrypt_needs_new_key = False
    assert outcome(vm.ReconfigVM_Task(same))[0] == "success"
    settings.decrypt_needs_profile = False
    assert outcome(vm.ReconfigVM_Task(decrypt(vm, policy=None)))[0] == "success"
    settings.standard_empty_key_id = True
    assert outcome(vm.ReconfigVM_Task(encrypt(vm, key_of("kp", ""))))[0] == "success"
    assert machine.crypto_key.key_id in site.made_keys()
    settings.native_unsaved_usable = False
    site.vcenter.crypto.providers["nkp"].has_backup = False
    assert outcome(vm.ReconfigVM_Task(shallow(vm, native_key())))[:2] == ("error", "NotSupported")


def test_state_of_many_keys_over_one_connection(site):
    keys = [site.new_key() for _number in range(3)]
    site.kms.server.stop()
    found = site.content.cryptoManager.QueryCryptoKeyStatus(keys, 1)
    assert {one.reason for one in found} == {"KeyStateClusterUnreachable"}
    site.kms.server.start()
    vm = site.machine("vm1")[1]
    assert outcome(vm.ReconfigVM_Task(encrypt(vm, keys[0])))[0] == "success"
    found = site.content.cryptoManager.QueryCryptoKeyStatus([*keys, key_of("kp", "77"), native_key("x")], 3)
    reasons = [None, "KeyStateNotActiveOrEnabled", "KeyStateNotActiveOrEnabled", "KeyStateMissingInKMS"]
    assert [one.reason for one in found] == [*reasons, "KeyStateManagedByNKP"]
    assert [len(one.encryptedVMs) for one in found] == [1, 0, 0, 0, 0]
