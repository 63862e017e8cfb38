# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that last for some looks, many at once, and VMs that go wrong as planned."""

from __future__ import annotations

import pytest
from pyVmomi import vim, vmodl

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import Inventory
from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.machine_site import (
    MachineSite,
    encrypt,
    native_key,
    outcome,
    shallow,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.vcenter_site import all_machines

Query = vmodl.query.PropertyCollector


@pytest.fixture
def site(tmp_path):
    made = MachineSite(tmp_path, reconfigure_polls=3)
    yield made
    made.close()


def test_effect_comes_at_the_end(site):
    machine, vm = site.machine("vm1")
    task = vm.ReconfigVM_Task(encrypt(vm, native_key()))
    looks = [(task.info.state, machine.crypto_key is not None) for _look in range(4)]
    assert looks == [("running", False)] * 3 + [("success", True)]
    assert task.info.completeTime is not None and task.info.entityName == "vm1"


def test_error_comes_at_the_end(site):
    machine, vm = site.machine("vm1")
    machine.power_state = "poweredOn"
    task = vm.ReconfigVM_Task(encrypt(vm, native_key()))
    assert [task.info.error for _look in range(3)] == [None] * 3
    assert isinstance(task.info.error, vim.fault.InvalidPowerState)


def test_progress_goes_on(site):
    site.vcenter.settings.reconfigure_polls = 8
    _machine, vm = site.machine("vm1")
    task = vm.ReconfigVM_Task(encrypt(vm, native_key()))
    assert [task.info.progress for _look in range(9)] == [0, 0, 25, 25, 50, 50, 75, 75, None]


def test_looks_at_the_machine_count_too(site):
    machine, vm = site.machine("vm1")
    vm.ReconfigVM_Task(encrypt(vm, native_key()))
    assert [len(vm.recentTask) for _look in range(4)] == [1, 1, 1, 0]
    assert machine.crypto_key is not None


def test_one_task_at_a_time(site):
    _machine, vm = site.machine("vm1")
    first = vm.ReconfigVM_Task(encrypt(vm, native_key()))
    second = vm.ReconfigVM_Task(vim.vm.ConfigSpec(migrateEncryption="required"))
    third = vm.PowerOnVM_Task()
    for task in (second, third):
        assert isinstance(task.info.error, vim.fault.TaskInProgress) and task.info.error.task == first
    # who only tries again comes to an end too
    assert [first.info.state for _look in range(2)] == ["running", "success"]


def test_what_is_left_alone_settles(site):
    machine, vm = site.machine("vm1")
    vm.ReconfigVM_Task(encrypt(vm, native_key()))
    assert len(site.vcenter.tasks.unfinished()) == 1
    site.vcenter.tasks.settle()
    assert site.vcenter.tasks.unfinished() == [] and machine.crypto_key is not None


def start_all(site, content, count):
    """Encrypt so many VMs with the native provider, without a look in between."""
    found = []
    for machine in site.inventory.vms[:count]:
        seen = vim.VirtualMachine(machine.reference._moId, content.searchIndex._stub)
        found.append(seen.ReconfigVM_Task(encrypt(seen, native_key(), disks=False)))
    return found


def watch(content, tasks, paths=("info.state", "info.error")):
    collector = content.propertyCollector.CreatePropertyCollector()
    wanted = Query.PropertySpec(type=vim.Task, pathSet=list(paths))
    objects = [Query.ObjectSpec(obj=task) for task in tasks]
    collector.CreateFilter(
        Query.FilterSpec(objectSet=objects, propSet=[wanted], reportMissingObjectsInResults=True), False
    )
    return collector


def states(updates):
    return [
        change.val
        for found in updates.filterSet
        for update in found.objectSet
        for change in update.changeSet
        if change.name == "info.state"
    ]


def test_wait_for_many(tmp_path):
    site = MachineSite(tmp_path, Inventory.fleet(300, hosts=6, datastores=3), reconfigure_polls=4)
    try:
        tasks = start_all(site, site.content, 300)
        peaks = site.vcenter.tasks.peaks()
        assert (peaks["overall"], set(peaks["hosts"].values())) == (300, {50})
        assert peaks["datastores"] == {"datastore1": 100, "datastore2": 100, "datastore3": 100}
        collector, mark = watch(site.content, tasks), site.journal.mark()
        first = collector.WaitForUpdatesEx("", Query.WaitOptions(maxWaitSeconds=60))
        assert states(first) == ["running"] * 300
        second = collector.WaitForUpdatesEx(first.version, Query.WaitOptions(maxWaitSeconds=60))
        assert states(second) == ["success"] * 300
        assert len(site.journal.entries(operation="WaitForUpdatesEx", since=mark)) == 2
        site.vcenter.tasks.reset_peaks()
        assert site.vcenter.tasks.peaks() == {"overall": 0, "hosts": {}, "datastores": {}}
    finally:
        site.close()


def test_queue(tmp_path):
    site = MachineSite(tmp_path, Inventory.fleet(5, hosts=2), reconfigure_polls=2, tasks_at_once=2)
    try:
        tasks = start_all(site, site.content, 5)
        assert [task.info.state for task in tasks] == ["running"] * 2 + ["queued"] * 3
        collector, version = watch(site.content, tasks), ""
        seen: list[str] = []
        while seen.count("success") < 5:
            updates = collector.WaitForUpdatesEx(version, Query.WaitOptions(maxWaitSeconds=10))
            version, seen = updates.version, seen + states(updates)
        assert seen.count("running") >= 5 and all(machine.crypto_key for machine in site.inventory.vms)
    finally:
        site.close()


# planned faults


def test_half_done(site):
    machine, vm = site.machine("vm3")
    site.vcenter.machine_faults.add("vm3", "half", key="msg.keysafe.locator", disks=1)
    task = vm.ReconfigVM_Task(encrypt(vm, native_key()))
    site.vcenter.tasks.settle()
    assert outcome(task) == ("error", "GenericVmConfigFault", ["msg.keysafe.locator"])
    assert [key is not None for key in (machine.crypto_key, *(disk.crypto_key for disk in machine.disks))] == [
        True,
        True,
        False,
    ]
    assert vm.config.migrateEncryption == "required"


def test_error_as_planned_happens_once(site):
    machine, vm = site.machine("vm1")
    site.vcenter.machine_faults.add("vm*", "error", key="SystemError")
    task = vm.ReconfigVM_Task(encrypt(vm, native_key()))
    site.vcenter.tasks.settle()
    assert outcome(task)[:2] == ("error", "SystemError") and machine.crypto_key is None
    task = vm.ReconfigVM_Task(encrypt(vm, native_key()))
    site.vcenter.tasks.settle()
    assert outcome(task)[0] == "success"


def test_task_that_never_ends(site):
    machine, vm = site.machine("vm1")
    site.vcenter.machine_faults.add("vm1", "hang")
    task = vm.ReconfigVM_Task(encrypt(vm, native_key()))
    assert {task.info.state for _look in range(20)} == {"running"}
    site.vcenter.tasks.settle()
    assert task.info.state == "running" and machine.crypto_key is None


@pytest.mark.parametrize("kind, done", [("lost", False), ("lost_done", True)])
def test_task_that_vanishes(site, kind, done):
    machine, vm = site.machine("vm1")
    site.vcenter.machine_faults.add("vm1", kind)
    task = vm.ReconfigVM_Task(encrypt(vm, native_key()))
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        _unused = task.info
    assert (machine.crypto_key is not None) is done
    collector = watch(site.content, [task])
    updates = collector.WaitForUpdatesEx("", Query.WaitOptions(maxWaitSeconds=5))
    assert updates.filterSet[0].missingSet[0].obj == task
    again = vm.ReconfigVM_Task(shallow(vm, native_key()) if done else encrypt(vm, native_key()))
    site.vcenter.tasks.settle()
    assert again.info.state == "success"


def test_faults_of_other_operations(site):
    machine, vm = site.machine("vm1")
    site.vcenter.machine_faults.add("vm1", "error", operation="PowerOnVM_Task", key="InvalidState")
    assert outcome(vm.PowerOnVM_Task())[:2] == ("error", "InvalidState")
    assert machine.power_state == "poweredOff"
    with pytest.raises(ValueError, match="unknown fault of a machine"):
        site.vcenter.machine_faults.add("vm1", "explode")
    with pytest.raises(ValueError, match="unknown fault 'x'"):
        site.vcenter.machine_faults.add("vm1", "error", key="x")


# large inventories


def test_large_inventory_is_read_in_pages(tmp_path):
    site = MachineSite(tmp_path, Inventory.fleet(201, disks=2, hosts=3))
    try:
        paths = ["name", "config.keyId", "config.hardware.device", "runtime.powerState", "runtime.host", "parent"]
        collector = site.content.propertyCollector
        page = collector.RetrievePropertiesEx([all_machines(site.content, paths)], Query.RetrieveOptions())
        sizes = [len(page.objects)]
        while page.token is not None:
            page = collector.ContinueRetrievePropertiesEx(page.token)
            sizes.append(len(page.objects))
        assert sizes == [100, 100, 1]
    finally:
        site.close()


def test_fleet_is_spread(tmp_path):
    inventory = Inventory.fleet(400, disks=3, hosts=8, clusters=2, datastores=4, folders=5)
    assert {len([vm for vm in inventory.vms if vm.host is host]) for host in inventory.hosts} == {50}
    assert {len([vm for vm in inventory.vms if vm.datastore is store]) for store in inventory.datastores} == {100}
    assert inventory.path("DC0/vm/folder5/vm5") is inventory.vm("vm5")
    pools = {id(inventory.root_pool(cluster)) for cluster in inventory.clusters}
    assert {id(vm.pool) for vm in inventory.vms} == pools and len(pools) == 2
    assert {len(vm.disks) for vm in inventory.vms} == {3}
    assert len({disk.file_name for vm in inventory.vms for disk in vm.disks}) == 1200
