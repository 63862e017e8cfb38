# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The managers that clients read in passing, with pyVmomi."""

from __future__ import annotations

import datetime

import pytest
from pyVmomi import vim, vmodl

from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.vcenter_site import (
    USER,
    RestClient,
    VCenterSite,
    all_machines,
)

Query = vmodl.query.PropertyCollector
MANAGERS = (
    "authorizationManager",
    "customFieldsManager",
    "eventManager",
    "extensionManager",
    "licenseManager",
    "perfManager",
    "setting",
    "sessionManager",
)


@pytest.fixture
def site():
    made = VCenterSite()
    yield made
    made.close()


@pytest.fixture
def content(site):
    return site.connect().content


def everything_of(content, reference):
    """All properties of one object, as an inventory tool reads them."""
    spec = Query.FilterSpec(
        objectSet=[Query.ObjectSpec(obj=reference)],
        propSet=[Query.PropertySpec(type=type(reference), all=True)],
    )
    (found,) = content.propertyCollector.RetrieveContents([spec])
    assert not found.missingSet
    return {one.name: one.val for one in found.propSet}


@pytest.mark.parametrize("name", MANAGERS)
@pytest.mark.parametrize("version", ["7.0.2", "8.0.3", "9.0"])
def test_all_properties_of_a_manager_can_be_read(name, version):
    site = VCenterSite(version=version)
    try:
        content = site.connect().content
        manager = getattr(content, name)
        assert everything_of(content, manager)
        for info in type(manager)._GetPropertyList():
            getattr(manager, info.name)
    finally:
        site.close()


def test_sessions_as_an_administrator_reads_them(site, content, tmp_path):
    rest = RestClient(site, tmp_path)
    found = everything_of(content, content.sessionManager)
    assert {one.userName for one in found["sessionList"]} == {USER}
    assert len(found["sessionList"]) == 2  # that of REST too
    assert found["currentSession"].key in {one.key for one in found["sessionList"]}
    other = next(one for one in found["sessionList"] if one.key != found["currentSession"].key)
    content.sessionManager.TerminateSession([other.key])
    assert rest("GET", "/api/session").status_code == 401
    rest.close()


def test_sessions_that_may_not_be_read_are_missing(site):
    site.privileges = {"System.View"}
    content = site.connect().content
    spec = Query.FilterSpec(
        objectSet=[Query.ObjectSpec(obj=content.sessionManager)],
        propSet=[Query.PropertySpec(type=vim.SessionManager, pathSet=["sessionList", "currentSession"])],
    )
    (found,) = content.propertyCollector.RetrieveContents([spec])
    assert [one.name for one in found.propSet] == ["currentSession"]
    assert isinstance(found.missingSet[0].fault, vim.fault.NoPermission)


def test_licences(content):
    manager = content.licenseManager
    assert [one.editionKey for one in manager.licenses] == ["vc.standard.instance"]
    assigned = manager.licenseAssignmentManager.QueryAssignedLicenses(content.about.instanceUuid)
    assert (assigned[0].entityId, assigned[0].assignedLicense.used) == (content.about.instanceUuid, 1)
    assert manager.QueryUsage().sourceAvailable is True


def test_options(content):
    manager = content.setting
    assert {one.key for one in manager.setting} == {one.key for one in manager.supportedOption}
    assert manager.QueryOptions("VirtualCenter.FQDN")[0].value == "vcenter.lab.test"
    assert [one.key for one in manager.QueryOptions("event.")] == ["event.maxAge", "event.maxAgeEnabled"]
    assert len(manager.QueryOptions()) == len(manager.setting)
    with pytest.raises(vim.fault.InvalidName):
        manager.QueryOptions("no.such")


def test_extensions(content):
    manager = content.extensionManager
    assert "com.vmware.vim.eam" in {one.key for one in manager.extensionList}
    assert manager.FindExtension("com.vmware.vsan.health").company == "VMware, Inc."
    assert manager.FindExtension("com.example") is None
    assert list(manager.QueryManagedBy("com.vmware.vim.eam")) == []


def test_custom_fields(content):
    assert list(content.customFieldsManager.field) == []


def test_roles_and_permissions(site, content):
    manager = content.authorizationManager
    known = {one.privId for one in manager.privilegeList}
    assert {"Cryptographer.ManageKeyServers", "System.View"} <= known
    by_name = {one.name: one for one in manager.roleList}
    assert set(by_name["Admin"].privilege) == known and list(by_name["NoAccess"].privilege) == []
    root, vm = content.rootFolder, site.vcenter.inventory.vms[0].reference
    assert [one.principal for one in manager.RetrieveAllPermissions()] == [USER]
    assert manager.RetrieveEntityPermissions(root, False)[0].roleId == by_name["Admin"].roleId
    assert list(manager.RetrieveEntityPermissions(vm, False)) == []
    assert len(manager.RetrieveEntityPermissions(vm, True)) == 1
    assert list(manager.RetrieveRolePermissions(by_name["View"].roleId)) == []
    with pytest.raises(vim.fault.NotFound):
        manager.RetrieveRolePermissions(77)
    (answer,) = manager.HasUserPrivilegeOnEntities([vm], USER, ["Cryptographer.Encrypt"])
    assert answer.privAvailability[0].isGranted is True
    with pytest.raises(vim.fault.NoPermission):
        manager.HasUserPrivilegeOnEntities([vm], "somebody", ["Cryptographer.Encrypt"])


def test_permissions_of_a_hosted_user(site):
    site.privileges = {"Authorization.ModifyPermissions"}
    manager = site.connect().content.authorizationManager
    role = manager.RetrieveAllPermissions()[0].roleId
    assert next(one.name for one in manager.roleList if one.roleId == role) == "hosted"


def test_performance(site, content):
    manager = content.perfManager
    vm = next(machine for machine in site.vcenter.inventory.vms if machine.power_state == "poweredOff").reference
    host = site.vcenter.inventory.hosts[0].reference
    assert manager.QueryPerfProviderSummary(host).refreshRate == 20
    assert manager.QueryPerfProviderSummary(content.rootFolder).currentSupported is False
    counters = {one.key: one for one in manager.perfCounter}
    assert counters[2].nameInfo.key == "usage" and counters[2].groupInfo.key == "cpu"
    assert [one.key for one in manager.QueryPerfCounter([24])] == [24]
    assert len(manager.QueryPerfCounterByLevel(1)) == len(counters)
    with pytest.raises(vmodl.fault.InvalidArgument):
        manager.QueryPerfCounter([1])
    assert [one.samplingPeriod for one in manager.historicalInterval] == [300, 1800, 7200, 86400]
    metrics = manager.QueryAvailablePerfMetric(host, None, None, 20)
    assert {one.counterId for one in metrics} == set(counters)
    assert list(manager.QueryAvailablePerfMetric(vm)) == []
    spec = vim.PerformanceManager.QuerySpec(entity=host, metricId=[metrics[0]], intervalId=20, maxSample=1)
    (found,) = manager.QueryPerf([spec])
    assert (len(found.sampleInfo), len(found.value[0].value)) == (1, 1)


def test_events(site, content):
    manager = content.eventManager
    start = site.clock.now()
    site.clock.advance(60)
    site.connect()
    everything = manager.QueryEvents(vim.event.EventFilterSpec())
    assert [type(one) for one in everything] == [vim.event.UserLoginSessionEvent] * 2
    assert manager.latestEvent.key == everything[-1].key
    later = vim.event.EventFilterSpec.ByTime(beginTime=start + datetime.timedelta(seconds=30))
    assert [one.key for one in manager.QueryEvents(vim.event.EventFilterSpec(time=later))] == [everything[-1].key]
    by_kind = vim.event.EventFilterSpec(eventTypeId=["vim.event.UserLogoutSessionEvent"])
    assert list(manager.QueryEvents(by_kind)) == []
    nobody = vim.event.EventFilterSpec.ByUsername(systemUser=False, userList=["nobody"])
    assert list(manager.QueryEvents(vim.event.EventFilterSpec(userName=nobody))) == []
    assert {one.key for one in manager.description.eventInfo} >= {vim.event.UserLoginSessionEvent}


def test_history_is_read_page_by_page(site, content):
    for _number in range(4):
        site.connect()
    collector = content.eventManager.CreateCollectorForEvents(vim.event.EventFilterSpec())
    first, rest = collector.ReadNextEvents(2), collector.ReadNextEvents(10)
    keys = [one.key for one in (*first, *rest)]
    assert len(first) == 2 and keys == sorted(keys) and len(keys) == 5
    assert list(collector.ReadNextEvents(10)) == []
    assert [one.key for one in collector.ReadPreviousEvents(2)] == keys[-2:]
    collector.RewindCollector()
    assert collector.ReadNextEvents(1)[0].key == keys[0]
    collector.SetCollectorPageSize(3)
    assert [one.key for one in collector.latestPage] == keys[::-1][:3]
    collector.DestroyCollector()
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        collector.ReadNextEvents(1)


def test_datastores(site, content):
    spec = all_machines(content, ["info", "capability", "summary"], kind=vim.Datastore)
    found = content.propertyCollector.RetrieveContents([spec])
    assert len(found) == len(site.vcenter.inventory.datastores)
    for one in found:
        read = {value.name: value.val for value in one.propSet}
        assert read["info"].url == read["summary"].url and read["info"].vmfs.capacity == read["summary"].capacity
        assert read["capability"].directoryHierarchySupported is True


def test_one_method_or_property_can_be_refused_alone(site, content):
    """In a read of one property as a fault, in a read of many as a missing one."""
    site.vcenter.refuse("TaskManager", "CreateCollectorForTasks")
    site.vcenter.refuse("group-d1", "triggeredAlarmState")
    with pytest.raises(vim.fault.NoPermission) as refused:
        content.taskManager.CreateCollectorForTasks(vim.TaskFilterSpec())
    assert (refused.value.privilegeId, refused.value.object) == ("System.View", content.taskManager)
    assert content.eventManager.CreateCollectorForEvents(vim.event.EventFilterSpec()).latestPage
    with pytest.raises(vim.fault.NoPermission):
        assert content.rootFolder.triggeredAlarmState
    assert content.rootFolder.name
    paths = ["name", "triggeredAlarmState"]
    spec = Query.FilterSpec(
        objectSet=[Query.ObjectSpec(obj=content.rootFolder)],
        propSet=[Query.PropertySpec(type=vim.Folder, pathSet=paths)],
    )
    (found,) = content.propertyCollector.RetrieveContents([spec])
    assert [one.name for one in found.propSet] == ["name"]
    assert [one.path for one in found.missingSet] == ["triggeredAlarmState"]
