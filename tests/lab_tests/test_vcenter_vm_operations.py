# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power, guests that shut down, snapshots, templates and clones."""

from __future__ import annotations

import pytest
from pyVim.task import WaitForTask
from pyVmomi import vim

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import KeyRef
from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.machine_site import (
    MachineSite,
    decrypt,
    disks_of,
    encrypt,
    outcome,
    shallow,
)


@pytest.fixture
def site(tmp_path):
    made = MachineSite(tmp_path)
    yield made
    made.close()


def test_power(site):
    machine, vm = site.machine("vm1")
    WaitForTask(vm.PowerOnVM_Task())
    assert vm.runtime.powerState == "poweredOn"
    assert outcome(vm.PowerOnVM_Task())[:2] == ("error", "InvalidPowerState")
    WaitForTask(vm.SuspendVM_Task())
    assert vm.runtime.powerState == "suspended"
    assert outcome(vm.SuspendVM_Task())[:2] == ("error", "InvalidPowerState")
    WaitForTask(vm.PowerOnVM_Task())
    WaitForTask(vm.PowerOffVM_Task())
    assert outcome(vm.PowerOffVM_Task())[:2] == ("error", "InvalidPowerState")
    machine.connection_state = "disconnected"
    assert outcome(vm.PowerOnVM_Task())[:2] == ("error", "InvalidState")


def test_power_on_needs_the_keys(site):
    machine, vm = site.machine("vm1")
    WaitForTask(vm.ReconfigVM_Task(encrypt(vm, site.new_key())))
    site.kms.server.stop()
    WaitForTask(vm.PowerOnVM_Task())  # the host still has the key
    WaitForTask(vm.PowerOffVM_Task())
    site.vcenter.restart_host(machine.host)
    error = vm.PowerOnVM_Task().info.error
    assert [one.key for one in error.faultMessage] == ["msg.vigor.enc.keyNotFound"]
    assert error.msg == f"The disk {machine.disks[0].file_name} is encrypted and a required key was not found."
    site.kms.server.start()
    WaitForTask(vm.PowerOnVM_Task())


def test_power_on_of_a_locked_machine(site):
    machine, vm = site.machine("vm1")
    WaitForTask(vm.ReconfigVM_Task(encrypt(vm, site.new_key())))
    site.vcenter.lock_machines(machine.host)
    error = vm.PowerOnVM_Task().info.error
    assert isinstance(error, vim.fault.EncryptionKeyRequired)
    assert [key.keyId for key in error.requiredKey] == [machine.crypto_key.key_id]
    WaitForTask(vm.CryptoUnlock_Task())
    WaitForTask(vm.PowerOnVM_Task())


def test_guest_shuts_down(site):
    machine, vm = site.machine("vm1")
    with pytest.raises(vim.fault.InvalidPowerState):
        vm.ShutdownGuest()
    machine.power_state = "poweredOn"
    with pytest.raises(vim.fault.ToolsUnavailable):
        vm.ShutdownGuest()
    machine.tools = True
    assert vm.guest.toolsRunningStatus == "guestToolsRunning"
    site.vcenter.settings.shutdown_looks = 2
    vm.ShutdownGuest()
    assert [vm.runtime.powerState for _look in range(3)] == ["poweredOn", "poweredOn", "poweredOff"]
    assert vm.guest.toolsRunningStatus == "guestToolsNotRunning"
    machine.power_state, machine.shutdown_looks = "poweredOn", -1
    vm.ShutdownGuest()
    assert [vm.runtime.powerState for _look in range(9)] == ["poweredOn"] * 9


def backing_files(vm):
    backing, files = disks_of(vm)[0].backing, []
    while backing is not None:
        files.append(backing.fileName)
        backing = backing.parent
    return files


def test_snapshots_make_chains(site):
    machine, vm = site.machine("vm1")
    before = backing_files(vm)
    assert WaitForTask(vm.CreateSnapshot_Task("one", None, False, False)) == "success"
    WaitForTask(vm.CreateSnapshot_Task("two", None, False, False))
    names = ["vm1-000002.vmdk", "vm1-000001.vmdk", "vm1.vmdk"]
    assert backing_files(vm) == [f"[datastore1] vm1/{name}" for name in names]
    assert vm.snapshot.rootSnapshotList[0].childSnapshotList[0].name == "two"
    assert (machine.snapshot_tree, machine.linked_clone) == ("linear", False)
    site.inventory.snapshot(machine, "beside", machine.snapshots[0])
    assert machine.snapshot_tree == "branched"
    WaitForTask(vm.RemoveAllSnapshots_Task())
    assert vm.snapshot is None and backing_files(vm) == before


def test_templates(site):
    machine, vm = site.machine("vm1")
    machine.power_state = "poweredOn"
    with pytest.raises(vim.fault.InvalidPowerState):
        vm.MarkAsTemplate()
    machine.power_state = "poweredOff"
    vm.MarkAsTemplate()
    assert vm.config.template and vm.resourcePool is None
    assert outcome(vm.PowerOnVM_Task())[:2] == ("error", "NotSupported")
    pool = machine.host.parent.children[0].reference
    vm.MarkAsVirtualMachine(pool)
    assert not vm.config.template and vm.resourcePool == pool
    with pytest.raises(vim.fault.InvalidState):
        vm.MarkAsVirtualMachine(pool)


def clone_spec(linked=False):
    kind = "createNewChildDiskBacking" if linked else None
    return vim.vm.CloneSpec(location=vim.vm.RelocateSpec(diskMoveType=kind), powerOn=False, template=False)


def test_clones_keep_the_keys(site):
    machine, vm = site.machine("vm2")
    WaitForTask(vm.ReconfigVM_Task(encrypt(vm, site.new_key())))
    task = vm.CloneVM_Task(vm.parent, "full", clone_spec())
    WaitForTask(task)
    made = task.info.result
    assert made.name == "full" and made.config.keyId.keyId == machine.crypto_key.key_id
    assert made.config.instanceUuid != vm.config.instanceUuid
    assert site.inventory.users()[machine.crypto_key] == [machine, site.inventory.vm("full")]
    assert not site.inventory.vm("full").linked_clone
    WaitForTask(made.ReconfigVM_Task(shallow(made, site.new_key())))
    assert made.config.keyId.keyId != vm.config.keyId.keyId
    WaitForTask(made.Destroy_Task())
    assert "full" not in [one.name for one in site.inventory.vms] and not vm.parent.childEntity[6:]


def test_linked_clone_keeps_its_keys_for_good(site):
    _machine, vm = site.machine("vm2")
    WaitForTask(vm.ReconfigVM_Task(encrypt(vm, site.new_key())))
    assert outcome(vm.CloneVM_Task(vm.parent, "linked", clone_spec(linked=True)))[:2] == ("error", "InvalidArgument")
    WaitForTask(vm.CreateSnapshot_Task("one", None, False, False))
    task = vm.CloneVM_Task(vm.parent, "linked", clone_spec(linked=True))
    WaitForTask(task)
    made = task.info.result
    assert backing_files(made) == ["[datastore1] linked/linked.vmdk", "[datastore1] vm2/vm2_3.vmdk"]
    assert site.inventory.vm("linked").linked_clone
    chain = ("error", "InvalidVmConfig", ["msg.hostd.deviceSpec.enc.diskChain"])
    assert outcome(made.ReconfigVM_Task(shallow(made, site.new_key()))) == chain
    assert outcome(made.ReconfigVM_Task(decrypt(made))) == chain


@pytest.mark.parametrize(
    "method, needed",
    [
        (lambda vm: vm.CloneVM_Task(vm.parent, "x", clone_spec()), "VirtualMachine.Provisioning.Clone"),
        (lambda vm: vm.Destroy_Task(), "VirtualMachine.Inventory.Delete"),
    ],
)
def test_privileges_of_tasks(site, method, needed):
    machine, _vm = site.machine("vm1")
    site.privileges = set()
    vm = site.connect().content.searchIndex.FindByUuid(None, machine.uuid, True)
    assert method(vm).info.error.privilegeId == needed
    with pytest.raises(vim.fault.NoPermission):
        vm.PowerOnVM_Task()


def test_cloning_encrypted_machines_is_a_privilege_of_its_own(site):
    machine, _vm = site.machine("vm1")
    site.inventory.encrypt(machine, "kp", "1")
    site.privileges = {"VirtualMachine.Provisioning.Clone"}
    vm = site.connect().content.searchIndex.FindByUuid(None, machine.uuid, True)
    assert vm.CloneVM_Task(vm.parent, "x", clone_spec()).info.error.privilegeId == "Cryptographer.Clone"


def test_the_key_of_a_host_stays_one(site):
    """The second VM on a host, and the hosts of one cluster, take the key that is there."""
    keys = set()
    for name in ("vm1", "vm4", "vm2", "vm3"):
        machine, vm = site.machine(name)
        WaitForTask(vm.ReconfigVM_Task(encrypt(vm, site.new_key())))
        keys.add(machine.host.crypto_key)
    assert len(keys) == 1 and len(site.made_keys()) == 5
    assert isinstance(keys.pop(), KeyRef)


def test_every_change_of_a_disk_is_seen(site):
    machine, vm = site.machine("vm1")
    (disk,) = machine.disks
    changes = {
        "capacity_kb": (4096, lambda seen: seen.capacityInKB),
        "file_name": ("[datastore1] vm1/other.vmdk", lambda seen: seen.backing.fileName),
        "sharing": ("sharingMultiWriter", lambda seen: seen.backing.sharing),
        "parents": (["[datastore1] vm1/base.vmdk"], lambda seen: [seen.backing.parent.fileName]),
        "datastore": (site.inventory.add_datastore(), lambda seen: seen.backing.datastore),
        "crypto_key": (
            KeyRef("kp", "1"),
            lambda seen: KeyRef(seen.backing.keyId.providerId.id, seen.backing.keyId.keyId),
        ),
        "unit": (5, lambda seen: seen.unitNumber),
        "controller": (2, lambda seen: seen.controllerKey - 1000),
        "uuid": ("a", lambda seen: seen.backing.uuid),
    }
    for field, (value, read) in changes.items():
        disks_of(vm)
        setattr(disk, field, value)
        assert read(disks_of(vm)[0]) == (value.reference if field == "datastore" else value), field
    disk.kind = "rdm"
    assert isinstance(disks_of(vm)[0].backing, vim.vm.device.VirtualDisk.RawDiskMappingVer1BackingInfo)
