# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every refusal of a reconfiguration, with its fault and its message key, seen by plain pyVmomi."""

from __future__ import annotations

import pytest
from pyVmomi import vim

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.pbm_profiles import GOLD
from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.machine_site import (
    ENCRYPT,
    POLICY,
    MachineSite,
    decrypt,
    deep,
    disks_of,
    edit,
    encrypt,
    native_key,
    outcome,
    shallow,
)

CONFIG, DEVICE = "msg.hostd.configSpec.enc", "msg.hostd.deviceSpec.enc"
ON, OFF = "poweredOn", "poweredOff"


@pytest.fixture
def site(tmp_path):
    made = MachineSite(tmp_path)
    yield made
    made.close()


def powered(state):
    return lambda site, machine: setattr(machine, "power_state", state)


def encrypted(site, machine):
    site.inventory.encrypt(machine, "kp", "old")


def snapshot(site, machine):
    site.inventory.snapshot(machine, "one")


def tree(site, machine):
    root = site.inventory.snapshot(machine, "one")
    site.inventory.snapshot(machine, "two", root)
    site.inventory.snapshot(machine, "three", root)


def disk(**fields):
    def change(site, machine):
        for name, value in fields.items():
            setattr(machine.disks[-1], name, value)

    return change


def linked(site, machine):
    machine.disks[-1].parents = ["[datastore1] other/other.vmdk"]


def chain(site, machine):
    machine.disks[-1].parents = [machine.disks[-1].file_name.replace(".vmdk", "-base.vmdk")]


def state(**fields):
    def change(site, machine):
        for name, value in fields.items():
            setattr(machine, name, value)

    return change


def fault_tolerant(site, machine):
    machine.fault_tolerance = "running"


def disks_only(vm, key, policy=POLICY):
    return vim.vm.ConfigSpec(deviceChange=[edit(one, ENCRYPT(cryptoKeyId=key), policy) for one in disks_of(vm)])


def without_disk_policy(vm, key):
    made = encrypt(vm, key)
    made.deviceChange = [edit(one, ENCRYPT(cryptoKeyId=key)) for one in disks_of(vm)]
    return made


def with_parent(vm, key):
    made = encrypt(vm, key)
    made.deviceChange[0].backing.parent = vim.vm.device.VirtualDeviceSpec.BackingSpec()
    return made


def on_network_card(vm, key):
    made = encrypt(vm, key)
    card = next(one for one in vm.config.hardware.device if isinstance(one, vim.vm.device.VirtualEthernetCard))
    made.deviceChange.append(edit(card, ENCRYPT(cryptoKeyId=key)))
    return made


def unknown_disk(vm, key):
    made = encrypt(vm, key)
    made.deviceChange[0].device.key = 2999
    return made


def option(name):
    return lambda vm, key: vim.vm.ConfigSpec(extraConfig=[vim.option.OptionValue(key=name, value="x")])


def mode(value):
    return lambda vm, key: vim.vm.ConfigSpec(migrateEncryption=value)


def other_policy(vm, key):
    return encrypt(vm, key, policy=GOLD)


def no_policy(vm, key):
    return encrypt(vm, key, policy=None)


def deep_without_policy(vm, key):
    return deep(vm, key, policy=None)


def decrypt_home(vm, key):
    return decrypt(vm, disks=False)


def decrypt_keeping_policy(vm, key):
    return decrypt(vm, policy=POLICY)


def decrypt_without_policy(vm, key):
    return decrypt(vm, policy=None)


def decrypt_all(vm, key):
    return decrypt(vm)


def stale(vm, key):
    return vim.vm.ConfigSpec(changeVersion="0", name="other")


RULES = [
    # power
    (powered(ON), encrypt, "InvalidPowerState", ""),
    (powered("suspended"), encrypt, "InvalidPowerState", ""),
    ([encrypted, powered(ON)], decrypt_all, "InvalidPowerState", ""),
    ([encrypted, powered(ON)], deep, "InvalidPowerState", ""),
    ([encrypted, powered(ON), disk(bus="ide", controller=0)], shallow, "InvalidPowerState", ""),
    # snapshots
    (snapshot, encrypt, "InvalidVmConfig", f"{CONFIG}.snapshots"),
    ([encrypted, snapshot], decrypt_all, "InvalidVmConfig", f"{CONFIG}.snapshots"),
    ([encrypted, snapshot], deep, "InvalidVmConfig", f"{CONFIG}.snapshots"),
    ([encrypted, tree], shallow, "InvalidVmConfig", f"{CONFIG}.snapshots"),
    # chains of disks
    (linked, encrypt, "InvalidVmConfig", f"{DEVICE}.diskChain"),
    ([encrypted, linked], shallow, "InvalidVmConfig", f"{DEVICE}.diskChain"),
    ([encrypted, linked], decrypt_all, "InvalidVmConfig", f"{DEVICE}.diskChain"),
    (chain, encrypt, "InvalidVmConfig", f"{DEVICE}.diskChain"),
    ([], with_parent, "InvalidVmConfig", f"{DEVICE}.diskChain"),
    # disks and other devices that cannot be encrypted
    (disk(kind="rdm"), encrypt, "InvalidDeviceSpec", f"{DEVICE}.notFile"),
    (disk(sharing="sharingMultiWriter"), encrypt, "InvalidDeviceSpec", f"{DEVICE}.sharedBacking"),
    ([], on_network_card, "InvalidDeviceSpec", f"{DEVICE}.notDisk"),
    ([], unknown_disk, "InvalidDeviceSpec", ""),
    # wrong state
    (encrypted, encrypt, "InvalidVmConfig", f"{CONFIG}.notEncrypted"),
    ([], decrypt_all, "InvalidVmConfig", f"{CONFIG}.encrypted"),
    ([], shallow, "InvalidVmConfig", f"{CONFIG}.encrypted"),
    ([], deep, "InvalidVmConfig", f"{CONFIG}.encrypted"),
    (encrypted, disks_only, "InvalidDeviceOperation", f"{DEVICE}.encrypted"),
    ([encrypted, disk(crypto_key=None)], shallow, "InvalidDeviceOperation", f"{DEVICE}.notEncrypted"),
    # home before disks
    ([], disks_only, "InvalidVmConfig", f"{CONFIG}.mismatch"),
    (encrypted, decrypt_home, "InvalidVmConfig", f"{CONFIG}.mismatch"),
    # profiles in the same spec
    ([], without_disk_policy, "InvalidDeviceSpec", f"{DEVICE}.badPolicy"),
    ([], no_policy, "InvalidVmConfig", f"{DEVICE}.badPolicy"),
    ([], other_policy, "InvalidVmConfig", f"{DEVICE}.badPolicy"),
    (encrypted, deep_without_policy, "InvalidVmConfig", f"{DEVICE}.badPolicy"),
    (encrypted, decrypt_keeping_policy, "InvalidVmConfig", f"{DEVICE}.badPolicy"),
    (encrypted, decrypt_without_policy, "InvalidVmConfig", f"{DEVICE}.badPolicy"),
    # vTPM
    ([encrypted, state(tpm=True)], decrypt_all, "GenericVmConfigFault", "msg.vigor.enc.required.vtpm"),
    # the VM as a whole
    (fault_tolerant, encrypt, "NotSupported", ""),
    (state(template=True), encrypt, "NotSupported", ""),
    (state(connection_state="disconnected"), encrypt, "InvalidState", ""),
    ([encrypted, state(locked=True)], shallow, "EncryptionKeyRequired", ""),
    ([], stale, "ConcurrentAccess", ""),
    # what is not for clients
    ([], option("dataFileKey"), "InvalidArgument", ""),
    ([], option("encryption.bundle"), "InvalidArgument", ""),
    (encrypted, mode("opportunistic"), "InvalidArgument", ""),
    (encrypted, mode("disabled"), "InvalidArgument", ""),
]


def prepare(site, machine, changes):
    for change in changes if isinstance(changes, list) else [changes]:
        change(site, machine)


def picture(machine):
    keys = [disk.crypto_key for disk in machine.disks]
    return machine.crypto_key, keys, [disk.file_name for disk in machine.disks], machine.migrate_encryption


@pytest.mark.parametrize("changes, build, kind, key", RULES)
def test_refused(site, changes, build, kind, key):
    machine, vm = site.machine("vm3")
    site.inventory.give_host_key(machine.host, "kp", "host key")
    prepare(site, machine, changes)
    before, mark = picture(machine), site.journal.mark()
    task = vm.ReconfigVM_Task(build(vm, native_key()))
    assert outcome(task) == ("error", kind, [key] if key else [])
    assert picture(machine) == before
    assert not site.journal.entries(system="okms_kmip", since=mark)


ALLOWED = [
    # one line of snapshots, and the power on
    ([encrypted, snapshot, powered(ON)], shallow),
    ([encrypted, powered("suspended")], shallow),
    ([encrypted, disk(bus="ide")], shallow),
    # with a vTPM the home needs no policy
    (state(tpm=True), lambda vm, key: vim.vm.ConfigSpec(crypto=ENCRYPT(cryptoKeyId=key))),
    # a disk of an encrypted home, alone
    (
        [encrypted, disk(crypto_key=None)],
        lambda vm, key: vim.vm.ConfigSpec(deviceChange=[edit(disks_of(vm)[-1], ENCRYPT(cryptoKeyId=key), POLICY)]),
    ),
    ([encrypted], mode("required")),
    ([], mode("disabled")),
    ([], option("guestinfo.x")),
    ([encrypted], lambda vm, key: vim.vm.ConfigSpec(crypto=vim.encryption.CryptoSpecNoOp())),
    ([encrypted], lambda vm, key: vim.vm.ConfigSpec(crypto=vim.encryption.CryptoSpecRegister(cryptoKeyId=key))),
    # unencrypted VMs of any kind can still be changed
    (state(template=True), lambda vm, key: vim.vm.ConfigSpec(extraConfig=[])),
]


@pytest.mark.parametrize("changes, build", ALLOWED)
def test_allowed(site, changes, build):
    machine, vm = site.machine("vm3")
    prepare(site, machine, changes)
    assert outcome(vm.ReconfigVM_Task(build(vm, native_key()))) == ("success", "", [])


# vTPM


def add_tpm(operation="add"):
    return vim.vm.ConfigSpec(
        deviceChange=[vim.vm.device.VirtualDeviceSpec(operation=operation, device=vim.vm.device.VirtualTPM(key=-1))]
    )


def test_tpm_encrypts_the_home_alone(site):
    machine, vm = site.machine("vm3")
    machine.power_state = ON
    assert outcome(vm.ReconfigVM_Task(add_tpm()))[:2] == ("error", "InvalidPowerState")
    machine.power_state = OFF
    assert outcome(vm.ReconfigVM_Task(add_tpm()))[0] == "success"
    assert (
        vm.summary.config.tpmPresent
        and vm.config.keyId.providerId.id == "kp"
        and vm.config.migrateEncryption == "required"
    )
    assert [one.backing.keyId for one in disks_of(vm)] == [None, None] and machine.policy is None
    assert outcome(vm.ReconfigVM_Task(add_tpm()))[:2] == ("error", "NotSupported")
    assert outcome(vm.ReconfigVM_Task(disks_only(vm, native_key())))[0] == "success"
    assert outcome(vm.ReconfigVM_Task(add_tpm("remove")))[0] == "success"
    assert outcome(vm.ReconfigVM_Task(decrypt(vm)))[0] == "success"


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"firmware": "bios"}, "EFI"), ({"hardware": "vmx-13"}, "vmx-13"), ({"tpm": True}, "Only one")],
)
def test_tpm_needs_efi_new_hardware_and_its_place(site, fields, words):
    machine, vm = site.machine("vm3")
    for name, value in fields.items():
        setattr(machine, name, value)
    assert outcome(vm.ReconfigVM_Task(add_tpm()))[:2] == ("error", "NotSupported")
    site.vcenter.settings.tpm_fault = "InvalidVmConfig"
    task = vm.ReconfigVM_Task(add_tpm())
    assert outcome(task)[:2] == ("error", "InvalidVmConfig") and words in task.info.error.msg
    assert machine.crypto_key is None


def test_home_is_decrypted_with_its_tpm_only_if_disks_are_not(site):
    machine, vm = site.machine("vm3")
    site.vcenter.inventory.give_tpm(machine, "kp", "k")
    site.vcenter.inventory.snapshot(machine, "nightly")
    assert outcome(vm.ReconfigVM_Task(add_tpm("remove")))[:2] == ("error", "InvalidVmConfig")
    machine.snapshots.clear()
    assert outcome(vm.ReconfigVM_Task(add_tpm("remove")))[0] == "success"
    assert (machine.tpm, machine.crypto_key) == (False, None)
    site.vcenter.inventory.give_tpm(machine, "kp", "k")
    site.vcenter.settings.tpm_removal_decrypts = False
    assert outcome(vm.ReconfigVM_Task(add_tpm("remove")))[0] == "success"
    assert (machine.tpm, machine.crypto_key.key_id) == (False, "k")


# privileges

NEEDED = [
    ([], encrypt, "Cryptographer.Encrypt"),
    ([encrypted], decrypt_all, "Cryptographer.Decrypt"),
    ([encrypted], shallow, "Cryptographer.Recrypt"),
    ([encrypted], deep, "Cryptographer.Recrypt"),
    ([], disks_only, "VirtualMachine.Config.EditDevice"),
    ([], option("guestinfo.x"), "VirtualMachine.Config.AdvancedConfig"),
    ([], mode("disabled"), "VirtualMachine.Config.Settings"),
    ([], lambda vm, key: vim.vm.ConfigSpec(name="other"), "VirtualMachine.Config.Rename"),
]
ALL = {needed for _changes, _build, needed in NEEDED} | {"Cryptographer.RegisterHost", "StorageProfile.Apply"}


@pytest.mark.parametrize("changes, build, privilege", NEEDED)
def test_privilege_of_the_machine(site, changes, build, privilege):
    machine, _vm = site.machine("vm3")
    prepare(site, machine, changes)
    site.privileges = ALL - {privilege}
    vm = site.connect().content.searchIndex.FindByUuid(None, machine.uuid, True)
    info = vm.ReconfigVM_Task(build(vm, native_key())).info
    assert (info.state, type(info.error)) == ("error", vim.fault.NoPermission)
    assert (info.error.object, info.error.privilegeId) == (machine.reference, privilege)


def test_privilege_of_the_host(site):
    machine, _vm = site.machine("vm3")
    site.privileges = ALL - {"Cryptographer.RegisterHost"}
    vm = site.connect().content.searchIndex.FindByUuid(None, machine.uuid, True)
    error = vm.ReconfigVM_Task(encrypt(vm, native_key())).info.error
    assert (error.object, error.privilegeId) == (machine.host.reference, "Cryptographer.RegisterHost")
    site.inventory.give_host_key(machine.host, "kp", "1")
    assert outcome(vm.ReconfigVM_Task(encrypt(vm, native_key())))[0] == "success"
