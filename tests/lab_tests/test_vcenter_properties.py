# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Property collector, views, search and tasks of the lab's vCenter."""

from __future__ import annotations

import contextlib
import threading

import pytest
from pyVim.task import WaitForTask
from pyVmomi import vim, vmodl

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import Inventory
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.vm_properties import TABLE
from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.vcenter_site import Query, VCenterSite, all_machines


@pytest.fixture
def site():
    made = VCenterSite()
    yield made
    made.close()


@pytest.fixture
def content(site):
    return site.connect().content


@pytest.fixture(scope="module")
def big():
    made = VCenterSite(Inventory(hosts=4, vms=250))
    yield made
    made.close()


def values(found):
    return {one.name: one.val for one in found.propSet}


def on_object(reference, *paths, missing=False):
    return Query.FilterSpec(
        objectSet=[Query.ObjectSpec(obj=reference)],
        propSet=[Query.PropertySpec(type=type(reference), pathSet=list(paths))],
        reportMissingObjectsInResults=missing,
    )


def test_pages_of_100_with_token_0(big):
    content = big.connect().content
    collector = content.propertyCollector
    spec = all_machines(content, ["name", "config.hardware.device"])
    first = collector.RetrievePropertiesEx([spec], Query.RetrieveOptions())
    second = collector.ContinueRetrievePropertiesEx(first.token)
    third = collector.ContinueRetrievePropertiesEx(second.token)
    assert first.token == "0"
    assert [len(page.objects) for page in (first, second, third)] == [100, 100, 50]
    assert third.token is None
    names = {values(one)["name"] for page in (first, second, third) for one in page.objects}
    assert len(names) == 250


def test_token_is_good_once_and_only_in_its_session(big):
    content = big.connect().content
    spec = all_machines(content, ["name"])
    page = content.propertyCollector.RetrievePropertiesEx([spec], Query.RetrieveOptions(maxObjects=10))
    assert len(page.objects) == 10
    with pytest.raises(vmodl.fault.InvalidArgument):
        big.connect().content.propertyCollector.ContinueRetrievePropertiesEx(page.token)
    content.propertyCollector.CancelRetrievePropertiesEx(page.token)
    with pytest.raises(vmodl.fault.InvalidArgument):
        content.propertyCollector.ContinueRetrievePropertiesEx(page.token)


def test_old_call_has_no_pages(big):
    content = big.connect().content
    assert len(content.propertyCollector.RetrieveProperties([all_machines(content, ["name"])])) == 250


@pytest.mark.parametrize("path", ["nonsense", "config.nonsense", "name.more", "config.hardware.device.key"])
def test_unknown_path(content, path):
    with pytest.raises(vmodl.query.InvalidProperty) as caught:
        content.propertyCollector.RetrievePropertiesEx([all_machines(content, [path])], Query.RetrieveOptions())
    assert caught.value.name == path


def test_property_newer_than_the_version():
    site = VCenterSite(version="7.0.2")
    try:
        content = site.connect().content
        spec = all_machines(content, ["runtime.stateEncryption"], kind=vim.HostSystem)
        with pytest.raises(vmodl.query.InvalidProperty):
            content.propertyCollector.RetrievePropertiesEx([spec], Query.RetrieveOptions())
    finally:
        site.close()


def test_nothing_selected_is_no_result(content):
    spec = all_machines(content, ["name"], recursive=False)
    assert content.propertyCollector.RetrievePropertiesEx([spec], Query.RetrieveOptions()) is None


def test_vanished_object(content):
    gone = vim.VirtualMachine("vm-99")
    collector = content.propertyCollector
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        collector.RetrievePropertiesEx([on_object(gone, "name")], Query.RetrieveOptions())
    assert collector.RetrievePropertiesEx([on_object(gone, "name", missing=True)], Query.RetrieveOptions()) is None


def test_path_of_a_derived_type(site, content):
    cluster = site.vcenter.inventory.clusters[0].reference
    spec = on_object(cluster, "configurationEx.cryptoConfig.cryptoMode")
    found = content.propertyCollector.RetrievePropertiesEx([spec], Query.RetrieveOptions())
    assert values(found.objects[0])["configurationEx.cryptoConfig.cryptoMode"] == "onDemand"


def test_no_permission_for_one_path(site):
    site.privileges = set()
    content = site.connect().content
    spec = on_object(content.cryptoManager, "kmipServers", "enabled")
    found = content.propertyCollector.RetrievePropertiesEx([spec], Query.RetrieveOptions()).objects[0]
    assert values(found) == {"enabled": True}
    assert found.missingSet[0].path == "kmipServers"
    assert isinstance(found.missingSet[0].fault, vim.fault.NoPermission)


def test_traversal_that_refers_to_itself(site, content):
    machine = site.vcenter.inventory.vms[0].reference
    up = Query.TraversalSpec(
        name="traverseParent",
        type=vim.ManagedEntity,
        path="parent",
        skip=False,
        selectSet=[Query.SelectionSpec(name="traverseParent")],
    )
    spec = Query.FilterSpec(
        objectSet=[Query.ObjectSpec(obj=machine, selectSet=[up])],
        propSet=[Query.PropertySpec(type=vim.ManagedEntity, pathSet=["name"])],
    )
    found = content.propertyCollector.RetrievePropertiesEx([spec], Query.RetrieveOptions()).objects
    assert [values(one)["name"] for one in found] == ["vm1", "vm", "DC0", "Datacenters"]


def test_every_property_of_every_entity_can_be_read(site, content):
    for entity in site.vcenter.inventory:
        spec = Query.FilterSpec(
            objectSet=[Query.ObjectSpec(obj=entity.reference)],
            propSet=[Query.PropertySpec(type=type(entity.reference), all=True)],
        )
        found = content.propertyCollector.RetrieveProperties([spec])[0]
        assert values(found)["name"] == entity.name


def test_short_cuts_agree_with_the_whole_object(site):
    inventory = site.vcenter.inventory
    machine = inventory.vm("vm2")
    inventory.encrypt(machine, "kp", "k-1")
    machine.tpm, machine.locked = True, True
    for path, function in TABLE.items():
        first, *rest = path.split(".")
        value = TABLE[first](machine)
        for name in rest:
            value = getattr(value, name)
        assert str(value) == str(function(machine)), path


def test_encryption_state_of_a_machine(site, content):
    inventory = site.vcenter.inventory
    machine = inventory.vm("vm5")
    assert {disk.bus for disk in machine.disks} == {"scsi", "nvme", "sata"}
    inventory.encrypt(machine, "kp", "k-1", disks=False)
    machine.tpm = True
    paths = ("config.keyId", "config.hardware.device", "runtime.cryptoState", "summary.config.tpmPresent", "snapshot")
    spec = on_object(machine.reference, *paths)
    found = values(content.propertyCollector.RetrievePropertiesEx([spec], Query.RetrieveOptions()).objects[0])
    assert (found["config.keyId"].keyId, found["config.keyId"].providerId.id) == ("k-1", "kp")
    assert found["runtime.cryptoState"] == "unlocked"
    assert found["summary.config.tpmPresent"] is True
    assert "snapshot" not in found
    devices = found["config.hardware.device"]
    disks = [device for device in devices if isinstance(device, vim.vm.device.VirtualDisk)]
    assert [getattr(disk.backing, "keyId", "?") for disk in disks] == [None] * 3
    assert {disk.controllerKey for disk in disks} <= {device.key for device in devices}
    assert any(isinstance(device, vim.vm.device.VirtualTPM) for device in devices)


def test_host_facts(site, content):
    host = site.vcenter.inventory.host("esx2")
    host.crypto_state, host.tpm, host.attestation = "safe", False, ""
    spec = all_machines(
        content,
        ["name", "runtime.cryptoState", "capability.tpmSupported", "summary.tpmAttestation", "config.product.version"],
        kind=vim.HostSystem,
    )
    found = content.propertyCollector.RetrievePropertiesEx([spec], Query.RetrieveOptions()).objects
    by_name = {one["name"]: one for one in map(values, found)}
    assert by_name["esx2.lab.test"]["runtime.cryptoState"] == "safe"
    assert by_name["esx2.lab.test"]["capability.tpmSupported"] is False
    assert "summary.tpmAttestation" not in by_name["esx2.lab.test"]
    assert by_name["esx1.lab.test"]["summary.tpmAttestation"].status == "accepted"


def test_views(content):
    machines = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    assert len(machines.view) == 6
    named = content.viewManager.CreateListView(machines.view[:2])
    assert (
        named.ModifyListView([*machines.view[2:3], vim.VirtualMachine("vm-99")], machines.view[:1])[0]._moId == "vm-99"
    )
    assert [one.name for one in named.view] == ["vm2", "vm3"]
    machines.Destroy()
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        _unused = machines.view


def test_search(site, content):
    machine = site.vcenter.inventory.vm("vm3")
    index = content.searchIndex
    assert index.FindByInventoryPath("DC0/vm/vm3") == machine.reference
    assert index.FindByInventoryPath("/DC0/vm/none") is None
    assert index.FindByUuid(None, machine.uuid, True) == machine.reference
    assert index.FindByUuid(None, machine.instance_uuid, True, True) == machine.reference
    assert index.FindByDnsName(None, "esx1.lab.test", False)._moId == "host-1"
    assert index.FindChild(content.rootFolder, "DC0")._moId == "datacenter-2"


def test_task_is_waited_for(site, content):
    assert WaitForTask(content.cryptoManager.RetrieveKmipServersStatus()) == "success"
    task = content.cryptoManager.RetrieveKmipServersStatus()
    assert (task.info.state, list(task.info.result)) == ("success", [])
    site.vcenter.settings.task_polls = 3
    task = content.cryptoManager.RetrieveKmipServersStatus()
    assert [task.info.state for _look in range(4)] == ["running"] * 3 + ["success"]


def test_task_with_error(content):
    unknown = vim.encryption.KmipClusterInfo(clusterId=vim.encryption.KeyProviderId(id="none"), useAsDefault=False)
    task = content.cryptoManager.RetrieveKmipServersStatus([unknown])
    assert task.info.state == "error"
    assert isinstance(task.info.error, vmodl.fault.InvalidArgument)
    with pytest.raises(vmodl.fault.InvalidArgument):
        WaitForTask(task)


def test_own_collector_with_deadline(site, content):
    site.vcenter.settings.task_polls = 2
    task = content.cryptoManager.RetrieveKmipServersStatus()
    collector = content.propertyCollector.CreatePropertyCollector()
    watch = collector.CreateFilter(on_object(task, "info.state", missing=True), False)
    options = Query.WaitOptions(maxWaitSeconds=10)
    first = collector.WaitForUpdatesEx("", options)
    change = first.filterSet[0].objectSet[0]
    assert (change.kind, change.changeSet[0].val) == ("enter", "running")
    second = collector.WaitForUpdatesEx(first.version, options)
    assert second.filterSet[0].objectSet[0].changeSet[0].val == "success"
    assert collector.WaitForUpdatesEx(second.version, Query.WaitOptions(maxWaitSeconds=0)) is None
    with pytest.raises(vmodl.query.InvalidCollectorVersion):
        collector.WaitForUpdatesEx("77", options)
    watch.Destroy()
    collector.Destroy()


def test_updates_come_in_parts(content):
    collector = content.propertyCollector
    watch = collector.CreateFilter(all_machines(content, ["name"]), False)
    options = Query.WaitOptions(maxWaitSeconds=0, maxObjectUpdates=4)
    first = collector.WaitForUpdatesEx("", options)
    second = collector.WaitForUpdatesEx(first.version, options)
    counts = [len(update.filterSet[0].objectSet) for update in (first, second)]
    assert (counts, bool(first.truncated), bool(second.truncated)) == ([4, 2], True, False)
    watch.Destroy()


def test_change_wakes_the_one_who_waits(content):
    view = content.viewManager.CreateListView([])
    collector = content.propertyCollector.CreatePropertyCollector()
    collector.CreateFilter(on_object(view, "view"), False)
    first = collector.WaitForUpdatesEx("", Query.WaitOptions(maxWaitSeconds=0))
    other = content.rootFolder
    timer = threading.Timer(0.05, lambda: view.ResetListView([other]))
    timer.start()
    second = collector.WaitForUpdatesEx(first.version, Query.WaitOptions(maxWaitSeconds=10))
    assert [one._moId for one in second.filterSet[0].objectSet[0].changeSet[0].val] == ["group-d1"]
    timer.join()


def test_end_of_the_lab_ends_waiting(site, content):
    view = content.viewManager.CreateListView([])
    collector = content.propertyCollector
    collector.CreateFilter(on_object(view, "view"), False)
    first = collector.WaitForUpdatesEx("", Query.WaitOptions(maxWaitSeconds=0))
    timer = threading.Timer(0.05, site.vcenter.close)
    timer.start()
    assert collector.WaitForUpdatesEx(first.version) is None
    timer.join()


def test_wait_is_cancelled(content):
    view = content.viewManager.CreateListView([])
    collector = content.propertyCollector.CreatePropertyCollector()
    collector.CreateFilter(on_object(view, "view"), False)
    first = collector.WaitForUpdatesEx("", Query.WaitOptions(maxWaitSeconds=0))
    collector.CancelWaitForUpdates()
    with pytest.raises(vmodl.fault.RequestCanceled):
        collector.WaitForUpdatesEx(first.version)


def test_object_that_leaves(content):
    view = content.viewManager.CreateListView([content.rootFolder])
    collector = content.propertyCollector.CreatePropertyCollector()
    step = Query.TraversalSpec(type=vim.view.ListView, path="view", skip=False)
    spec = Query.FilterSpec(
        objectSet=[Query.ObjectSpec(obj=view, skip=True, selectSet=[step])],
        propSet=[Query.PropertySpec(type=vim.Folder, pathSet=["name"])],
    )
    collector.CreateFilter(spec, False)
    first = collector.WaitForUpdatesEx("", Query.WaitOptions(maxWaitSeconds=0))
    view.ResetListView([])
    second = collector.WaitForUpdatesEx(first.version, Query.WaitOptions(maxWaitSeconds=5))
    update = second.filterSet[0].objectSet[0]
    assert (update.kind, update.obj) == ("leave", content.rootFolder)
    view.Destroy()
    assert collector.WaitForUpdatesEx(second.version, Query.WaitOptions(maxWaitSeconds=5)).filterSet[0].missingSet


def test_addresses_of_guests():
    inventory = Inventory()
    made = inventory.add_vm("kms-vm", ip_addresses=["198.51.100.7", "2001:db8::7"])
    with contextlib.closing(VCenterSite(inventory)) as site:
        addresses_are_seen(site.connect().content, inventory, made)


def addresses_are_seen(content, inventory, made):
    paths = ["guest.ipAddress", "guest.net", "guest", "summary.guest.ipAddress"]
    (found,) = content.propertyCollector.RetrieveContents([on_object(made.reference, *paths)])
    read = values(found)
    assert read["guest.ipAddress"] == read["summary.guest.ipAddress"] == read["guest"].ipAddress == "198.51.100.7"
    assert list(read["guest.net"][0].ipAddress) == list(read["guest"].net[0].ipAddress) == made.ip_addresses
    silent = inventory.vm("vm1")
    (found,) = content.propertyCollector.RetrieveContents([on_object(silent.reference, *paths)])
    read = values(found)
    assert "guest.ipAddress" not in read and not read.get("guest.net") and read["guest"].ipAddress is None
    silent.ip_addresses.append("192.0.2.9")
    (found,) = content.propertyCollector.RetrieveContents([on_object(silent.reference, "guest.ipAddress")])
    assert values(found) == {"guest.ipAddress": "192.0.2.9"}
