# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's storage policies, seen by plain pyVmomi."""

from __future__ import annotations

import http.client
import urllib.request

import pytest
from pyVmomi import SoapStubAdapter, pbm, vim, vmodl

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import Inventory
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import pbm_profiles as bundled
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.entities import KeyRef
from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.vcenter_site import VCenterSite

STORAGE = pbm.profile.ResourceType(resourceType="STORAGE")
ENCRYPTION = bundled.component_rule(bundled.ENCRYPTION_COMPONENT)


@pytest.fixture
def site():
    made = VCenterSite()
    yield made
    made.close()


def stub_of(site, instance=None, path="/pbm/sdk", version="pbm.version.version11", header=True):
    """A stub as the samples of pyVmomi make it."""
    stub = SoapStubAdapter(
        host="localhost",
        port=site.port,
        path=path,
        version=version,
        sslContext=site.context(),
        connectionPoolTimeout=-1,
    )
    if instance is not None and header:
        stub.requestContext = {"vcSessionCookie": instance._stub.GetSessionId()}
    elif instance is not None:
        stub.cookie = instance._stub.cookie
    return stub


def service_content(*arguments, **options):
    return pbm.ServiceInstance("ServiceInstance", stub_of(*arguments, **options)).RetrieveContent()


@pytest.fixture
def content(site):
    return service_content(site, site.connect())


@pytest.fixture
def manager(content):
    return content.profileManager


def identifiers(found):
    return [one.uniqueId for one in found]


def profile_id(identifier):
    return pbm.profile.ProfileId(uniqueId=identifier)


def retrieve(manager, *wanted):
    return manager.RetrieveContent([profile_id(one) for one in wanted])


def spec(name="team", rules=(ENCRYPTION,), **fields):
    constraints = bundled.constraints_of(bundled.sub_profile("rules", rules))
    return pbm.profile.CapabilityBasedProfileCreateSpec(
        name=name, resourceType=STORAGE, category="REQUIREMENT", constraints=constraints, **fields
    )


@pytest.mark.parametrize("path", ["/pbm", "/pbm/sdk"])
@pytest.mark.parametrize("version", ["7.0.2", "8.0.3", "9.0"])
def test_versions_and_paths(version, path):
    site = VCenterSite(version=version)
    try:
        found = service_content(site, site.connect(), path=path)
        assert found.aboutInfo.name == "PBM"
        assert bundled.VM_ENCRYPTION in identifiers(found.profileManager.QueryProfile(STORAGE, "REQUIREMENT"))
    finally:
        site.close()


def test_a_path_that_is_not_served():
    site = VCenterSite(pbm_paths=("/pbm",))
    try:
        with pytest.raises(http.client.HTTPException, match="404"):
            service_content(site, site.connect())
        assert service_content(site, site.connect(), path="/pbm").aboutInfo.name == "PBM"
    finally:
        site.close()


@pytest.mark.parametrize("action", ["urn:pbm/", '"urn:pbm/"', "urn:pbm"])
@pytest.mark.parametrize("body", ["PbmRetrieveServiceContent", "PbmQueryProfile"])
def test_a_request_without_a_version(site, action, body):
    """As govmomi sends it, and SDKs of other languages."""
    cookie = site.connect()._stub.cookie.partition('"')[2].partition('"')[0]
    this = {"PbmRetrieveServiceContent": ("PbmServiceInstance", "ServiceInstance")}.get(
        body, ("PbmProfileProfileManager", "ProfileManager")
    )
    inner = f'<_this type="{this[0]}">{this[1]}</_this>'
    if body == "PbmQueryProfile":
        inner += "<resourceType><resourceType>STORAGE</resourceType></resourceType>"
    envelope = (
        '<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/">'
        f'<Header><vcSessionCookie xmlns="">{cookie}</vcSessionCookie></Header>'
        f'<Body><{body} xmlns="urn:pbm">{inner}</{body}></Body></Envelope>'
    )
    headers = {"SOAPAction": action, "Content-Type": "text/xml"}
    url = f"https://localhost:{site.port}/pbm"
    request = urllib.request.Request(url, envelope.encode(), headers)
    with urllib.request.urlopen(request, context=site.context(), timeout=60) as answer:
        text = answer.read().decode()
    assert f'<{body}Response xmlns="urn:pbm">' in text
    assert ("<name>PBM</name>" if body == "PbmRetrieveServiceContent" else bundled.VM_ENCRYPTION) in text


@pytest.mark.parametrize("strict", [True, False])
def test_a_version_that_the_vcenter_does_not_know(strict):
    site = VCenterSite(version="7.0.2", pbm_strict_version=strict)
    try:
        instance = site.connect()
        if strict:
            with pytest.raises(vmodl.fault.InvalidRequest, match="Unsupported version"):
                service_content(site, instance, version="pbm.version.v9_0_0_0")
        else:
            assert service_content(site, instance, version="pbm.version.v9_0_0_0").profileManager
    finally:
        site.close()


def test_versions_file(site):
    with urllib.request.urlopen(
        f"https://localhost:{site.port}/sdk/pbmServiceVersions.xml", context=site.context(), timeout=5
    ) as answer:
        text = answer.read().decode()
    assert "urn:pbm" in text and "<version>8.0.3.0</version>" in text and "<version>6.5</version>" in text


@pytest.mark.parametrize("fault", ["SecurityError", "NotAuthenticated"])
def test_the_login_is_in_the_header(fault):
    site = VCenterSite(pbm_session_fault=fault)
    kinds = {"SecurityError": vmodl.fault.SecurityError, "NotAuthenticated": vim.fault.NotAuthenticated}
    try:
        instance = site.connect()
        cookie_only = service_content(site, instance, header=False)
        with pytest.raises(kinds[fault]) as caught:
            cookie_only.profileManager.QueryProfile(STORAGE)
        assert caught.value.__class__ is kinds[fault]
        after = service_content(site, instance)
        assert after.profileManager.QueryProfile(STORAGE)
        instance.content.sessionManager.Logout()
        with pytest.raises(kinds[fault]):
            after.profileManager.QueryProfile(STORAGE)
    finally:
        site.close()


def test_categories(manager):
    policies = identifiers(manager.QueryProfile(STORAGE, "REQUIREMENT"))
    assert bundled.ENCRYPTION_COMPONENT not in policies and bundled.MANAGEMENT_ENCRYPTION in policies
    components = identifiers(manager.QueryProfile(STORAGE, "DATA_SERVICE_POLICY"))
    assert components == [bundled.ENCRYPTION_COMPONENT, bundled.IO_SHARES_COMPONENT]
    assert set(identifiers(manager.QueryProfile(STORAGE))) == {*policies, *components}
    for wrong in ((pbm.profile.ResourceType(resourceType="CPU"), None), (STORAGE, "OTHER")):
        with pytest.raises(vmodl.fault.InvalidArgument):
            manager.QueryProfile(*wrong)


def test_bundled_encryption_policy(manager):
    (policy,) = retrieve(manager, bundled.VM_ENCRYPTION)
    assert (policy.name, policy.profileCategory, policy.lineOfService) == ("VM Encryption Policy", "REQUIREMENT", None)
    (capability,) = policy.constraints.subProfiles[0].capability
    (instance,) = capability.constraint[0].propertyInstance
    assert capability.id.namespace == "com.vmware.storageprofile.dataservice"
    assert capability.id.id == instance.id == instance.value == bundled.ENCRYPTION_COMPONENT
    (component,) = retrieve(manager, bundled.ENCRYPTION_COMPONENT)
    (capability,) = component.constraints.subProfiles[0].capability
    assert (component.lineOfService, capability.id.id) == ("ENCRYPTION", "vmwarevmcrypt@ENCRYPTION")
    assert capability.constraint[0].propertyInstance[0].value == "False"


def test_values_of_all_types_arrive(manager):
    found = {one.name: one for one in retrieve(manager, *identifiers(manager.QueryProfile(STORAGE)))}
    tags = found["Gold storage"].constraints.subProfiles[0].capability[0].constraint[0].propertyInstance[0]
    assert list(tags.value.values) == ["gold"]
    vsan = found["vSAN Default Storage Policy"].constraints.subProfiles[0].capability
    values = {one.id.id: one.constraint[0].propertyInstance[0].value for one in vsan}
    assert (values["hostFailuresToTolerate"], values["forceProvisioning"]) == (1, False)
    assert not hasattr(found["VVol No Requirements Policy"].constraints, "subProfiles")


def test_unknown_profiles(manager):
    for wrong in (["none"], [bundled.VM_ENCRYPTION, "none"]):
        with pytest.raises(vmodl.fault.InvalidArgument):
            retrieve(manager, *wrong)


def test_life_of_a_policy(site, manager):
    made = manager.Create(spec(description="ours")).uniqueId
    (policy,) = retrieve(manager, made)
    assert (policy.name, policy.description, policy.createdBy) == ("team", "ours", "admin@lab.test")
    with pytest.raises(pbm.fault.DuplicateName) as caught:
        manager.Create(spec())
    assert caught.value.name == "team"
    change = pbm.profile.CapabilityBasedProfileUpdateSpec(
        description="",
        constraints=bundled.constraints_of(bundled.sub_profile("rules", [bundled.encryption_rule(True)])),
    )
    manager.Update(profile_id(made), change)
    (policy,) = retrieve(manager, made)
    value = policy.constraints.subProfiles[0].capability[0].constraint[0].propertyInstance[0].value
    assert (policy.name, policy.description, policy.generationId, value) == ("team", "", 1, "True")
    (outcome,) = manager.Delete([profile_id(made)])
    assert outcome.fault is None
    (outcome,) = manager.Delete([profile_id(made)])
    assert isinstance(outcome.fault, vmodl.fault.InvalidArgument)
    writes = [entry.operation for entry in site.journal.writes(0, "vcenter")]
    assert writes == ["PbmCreate", "PbmCreate", "PbmUpdate", "PbmDelete", "PbmDelete"]


def test_a_rename_to_a_taken_name(manager):
    made = manager.Create(spec())
    taken = pbm.profile.CapabilityBasedProfileUpdateSpec(name="Gold storage")
    with pytest.raises(pbm.fault.DuplicateName):
        manager.Update(made, taken)


def test_associations_follow_the_inventory(site, manager):
    inventory = site.vcenter.inventory
    machine, other = inventory.vm("vm1"), inventory.vm("vm2")
    machine.policy = machine.disks[0].policy = other.policy = bundled.VM_ENCRYPTION
    other.disks[1].policy = bundled.GOLD
    found = {one.object.key: identifiers(one.profileId) for one in manager.QueryAssociatedEntities()}
    disk, gold = f"vm-1:{machine.disks[0].key}", f"vm-2:{other.disks[1].key}"
    encrypted = [bundled.VM_ENCRYPTION]
    assert found == {"vm-1": encrypted, disk: encrypted, "vm-2": encrypted, gold: [bundled.GOLD]}
    some = manager.QueryAssociatedEntities([profile_id(bundled.GOLD)])
    assert [(one.object.objectType, one.object.key) for one in some] == [("virtualDiskId", gold)]
    homes = manager.QueryAssociatedEntity(profile_id(bundled.VM_ENCRYPTION), "virtualMachine")
    assert [one.key for one in homes] == ["vm-1", "vm-2"]

    entity = pbm.ServerObjectRef(objectType="virtualDiskId", key=gold)
    clear = pbm.ServerObjectRef(objectType="virtualMachine", key="vm-3")
    gone = pbm.ServerObjectRef(objectType="virtualMachine", key="vm-99")
    assert identifiers(manager.QueryAssociatedProfile(entity)) == [bundled.GOLD]
    first, second, third = manager.QueryAssociatedProfiles([entity, clear, gone])
    assert identifiers(first.profileId) == [bundled.GOLD]
    assert not second.profileId and second.fault is None
    assert isinstance(third.fault, vmodl.fault.InvalidArgument)


def test_a_policy_in_use_stays(site, manager):
    made = manager.Create(spec())
    site.vcenter.inventory.vm("vm1").policy = made.uniqueId
    (outcome,) = manager.Delete([made])
    assert "still associated with 1 entities" in outcome.fault.msg
    assert isinstance(outcome.fault, pbm.fault.ResourceInUse)
    assert retrieve(manager, made.uniqueId)


def test_a_limit_of_one_question():
    site = VCenterSite(policy_query_limit=2)
    try:
        manager = service_content(site, site.connect()).profileManager
        with pytest.raises(pbm.fault.PBMFault):
            manager.QueryAssociatedEntities()
        assert manager.QueryAssociatedEntities([profile_id(bundled.GOLD)]) == []
    finally:
        site.close()


@pytest.mark.parametrize(
    ("held", "missing", "call"),
    [
        ([], "StorageProfile.View", lambda manager: manager.QueryProfile(STORAGE)),
        (["StorageProfile.View"], "StorageProfile.Update", lambda manager: manager.Create(spec())),
        (
            ["StorageProfile.View", "StorageProfile.Update"],
            "Cryptographer.ManageEncryptionPolicy",
            lambda manager: manager.Create(spec()),
        ),
        (
            ["StorageProfile.View", "StorageProfile.Update"],
            "Cryptographer.ManageEncryptionPolicy",
            lambda manager: manager.Delete([profile_id(bundled.VM_ENCRYPTION)]),
        ),
    ],
)
def test_privileges(held, missing, call):
    site = VCenterSite()
    site.privileges = set(held)
    try:
        with pytest.raises(vim.fault.NoPermission) as caught:
            call(service_content(site, site.connect()).profileManager)
        assert caught.value.privilegeId == missing
    finally:
        site.close()


def test_the_other_fault_for_a_missing_privilege():
    """It is known since 8.0.2; clients of older versions see what it derives from."""
    site = VCenterSite(pbm_permission_fault="PbmFaultNoPermission")
    site.privileges = set()
    try:
        instance = site.connect()
        with pytest.raises(pbm.fault.NoPermission) as caught:
            service_content(site, instance, version="pbm.version.v8_0_2_0").profileManager.QueryProfile(STORAGE)
        assert list(caught.value.missingPrivileges[0].privilegeIds) == ["StorageProfile.View"]
        with pytest.raises(vmodl.fault.SecurityError) as older:
            service_content(site, instance).profileManager.QueryProfile(STORAGE)
        assert older.value.__class__ is vmodl.fault.SecurityError
    finally:
        site.close()


def test_policy_without_encryption_needs_no_encryption_right():
    site = VCenterSite()
    site.privileges = {"StorageProfile.View", "StorageProfile.Update"}
    try:
        manager = service_content(site, site.connect()).profileManager
        assert manager.Create(spec(rules=[bundled.tag_rule("storage", "gold")])).uniqueId
    finally:
        site.close()


def test_what_is_an_encryption_policy(site, manager):
    is_encryption = site.vcenter.policies.is_encryption
    direct = manager.Create(spec("direct", [bundled.encryption_rule()])).uniqueId
    encrypting = [bundled.VM_ENCRYPTION, bundled.MANAGEMENT_ENCRYPTION, direct]
    clear = [bundled.VSAN_DEFAULT, bundled.GOLD, bundled.VVOL_DEFAULT, "none"]
    assert [is_encryption(one) for one in encrypting] == [True] * 3
    assert [is_encryption(one) for one in clear] == [False] * 4


def test_compliance(site, content):
    machine = site.vcenter.inventory.vm("vm1")
    disk = machine.disks[0]
    machine.policy = disk.policy = bundled.VM_ENCRYPTION
    machine.crypto_key = KeyRef("kp", "k")
    entities = [
        pbm.ServerObjectRef(objectType="virtualMachine", key="vm-1"),
        pbm.ServerObjectRef(objectType="virtualDiskId", key=f"vm-1:{disk.key}"),
        pbm.ServerObjectRef(objectType="virtualMachine", key="vm-2"),
    ]
    for ask in (content.complianceManager.CheckCompliance, content.complianceManager.FetchComplianceResult):
        assert [one.complianceStatus for one in ask(entities)] == ["compliant", "nonCompliant", "notApplicable"]
    (other,) = content.complianceManager.CheckCompliance(entities[:1], profile_id(bundled.GOLD))
    assert (other.complianceStatus, other.mismatch) == ("compliant", True)


def test_metadata(manager):
    (category,) = manager.FetchCapabilityMetadata()
    (capability,) = category.capabilityMetadata
    assert capability.id.namespace == "vmwarevmcrypt"
    assert [one.id for one in capability.propertyMetadata] == ["AllowCleartextFilters"]
    assert [one.resourceType for one in manager.FetchResourceType()] == ["STORAGE"]


def test_a_large_inventory():
    site = VCenterSite(inventory=Inventory(vms=500))
    try:
        for machine in site.vcenter.inventory.vms:
            machine.policy = bundled.VM_ENCRYPTION
            for disk in machine.disks:
                disk.policy = bundled.VM_ENCRYPTION
        found = service_content(site, site.connect()).profileManager.QueryAssociatedEntities()
        assert len(found) == 500 + sum(len(machine.disks) for machine in site.vcenter.inventory.vms)
    finally:
        site.close()
