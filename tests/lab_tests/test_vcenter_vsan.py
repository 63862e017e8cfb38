# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vSAN of the lab's vCenter with the vendor's SDK: encryption on and off, providers, keys, health and space."""

from __future__ import annotations

import types
import urllib.error
import urllib.request

import pytest
import vsanapiutils
from pyVmomi import vim, vmodl

from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.vcenter_site import (
    KmsSite,
    VCenterSite,
    provider_id,
)

SYSTEMS = {
    "vsan-cluster-config-system": "VsanVcClusterConfigSystem",
    "vsan-cluster-space-report-system": "VsanSpaceReportSystem",
}
SPOKEN = "vsan.version.version16"


@pytest.fixture
def site():
    made = VCenterSite()
    made.vcenter.inventory.cluster("C0").vsan = True
    yield made
    made.close()


@pytest.fixture
def kms(site, tmp_path):
    made = KmsSite(site, tmp_path)
    yield made
    made.server.close()


@pytest.fixture
def instance(site):
    return site.connect()


@pytest.fixture
def cluster(site):
    return site.vcenter.inventory.cluster("C0")


@pytest.fixture
def provider(kms, instance):
    manager = instance.content.cryptoManager
    manager.RegisterKmipServer(kms.spec("kp"))
    manager.UploadKmipServerCert(provider_id("kp"), kms.authority.certificate_pem)
    manager.UploadClientCert(provider_id("kp"), *kms.clients.leaf("vcenter", "client"))
    return "kp"


@pytest.fixture
def vsan(site, instance, cluster):
    """The services, bound to the cluster."""
    mos = vsanapiutils.GetVsanVcMos(instance._stub, context=site.context(), version=SPOKEN)
    config = mos["vsan-cluster-config-system"]

    def end(task):
        return vim.Task(task._moId, instance._stub).info

    def encrypt(enabled=True, provider="kp", **more):
        reduced = more.pop("allowReducedRedundancy", None)
        spec = vim.vsan.ReconfigSpec(
            modify=True,
            allowReducedRedundancy=reduced,
            dataEncryptionConfig=vim.vsan.DataEncryptionConfig(
                encryptionEnabled=enabled, kmsProviderId=provider_id(provider) if provider else None, **more
            ),
        )
        return end(config.ReconfigureEx(cluster.reference, spec))

    yield types.SimpleNamespace(
        encrypt=encrypt,
        rekey=lambda *how: end(config.RekeyEncryptedCluster(cluster.reference, *how)),
        raw=config,
        read=lambda: config.GetConfigInfoEx(cluster.reference).dataEncryptionConfig,
        health=lambda: mos["vsan-cluster-health-system"].QueryClusterHealthSummary(cluster.reference),
        space=lambda: mos["vsan-cluster-space-report-system"].QuerySpaceUsage(cluster.reference),
    )
    config._stub.DropConnections()


def test_on_with_keys_of_the_key_server_then_off(site, kms, vsan, provider):
    info = vsan.encrypt(eraseDisksBeforeUse=True)
    assert (info.state, info.error) == ("success", None)
    config = vsan.read()
    assert (config.encryptionEnabled, config.kmsProviderId.id, config.eraseDisksBeforeUse) == (True, "kp", True)
    assert config.changing is False
    assert set(kms.server.keys()) == {config.kekId, config.hostKeyId}
    assert {key["state"] for key in kms.server.keys().values()} == {"Active"}
    assert {host.crypto_state for host in site.vcenter.inventory.hosts} == {"safe"}
    assert vsan.encrypt(enabled=False, provider=None).error is None
    config = vsan.read()
    assert (config.encryptionEnabled, config.kmsProviderId, config.kekId) == (False, None, None)


@pytest.mark.parametrize("version", ["vsan/vSAN 8.0U3", "vsan/8.0.0.4", "vim25/8.0.3.0", "vim25/6.7", "vsan/"])
def test_answers_and_faults_stand_in_the_namespace_of_vsan(site, instance, cluster, version):
    session = instance._stub.cookie.partition(";")[0]
    headers = {"SOAPAction": f"urn:{version}", "Content-Type": "text/xml", "Cookie": session}

    def ask(method, moid, argument):
        envelope = (
            '<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body>'
            f'<{method} xmlns="urn:vsan"><_this type="{SYSTEMS[moid]}">{moid}</_this>{argument}</{method}>'
            "</Body></Envelope>"
        )
        url = f"https://localhost:{site.port}/vsanHealth"
        request = urllib.request.Request(url, envelope.encode(), headers)
        try:
            with urllib.request.urlopen(request, context=site.context(), timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    target = f'<cluster type="ClusterComputeResource">{cluster.reference._moId}</cluster>'
    status, text = ask("VsanClusterGetConfig", "vsan-cluster-config-system", target)
    assert status == 200 and '<VsanClusterGetConfigResponse xmlns="urn:vsan">' in text
    assert "<encryptionEnabled>false</encryptionEnabled>" in text
    status, text = ask("VsanClusterGetConfig", "vsan-cluster-config-system", target.replace("domain", "no-"))
    assert status == 500 and '<ManagedObjectNotFoundFault xmlns="urn:vsan"' in text
    cluster.vsan = False
    status, text = ask("VsanQuerySpaceUsage", "vsan-cluster-space-report-system", target)
    assert status == 500 and '<VsanFaultFault xmlns="urn:vsan"' in text


def test_same_again_makes_no_keys(kms, vsan, provider):
    vsan.encrypt()
    vsan.encrypt(eraseDisksBeforeUse=True)
    assert len(kms.server.keys()) == 2
    assert vsan.read().eraseDisksBeforeUse is True


def test_change_of_provider(site, vsan, provider):
    vsan.encrypt()
    before = vsan.read()
    site.vcenter.crypto.add_native("nkp", has_backup=True)
    vsan.encrypt(provider="nkp")
    after = vsan.read()
    assert after.kmsProviderId.id == "nkp"
    assert after.kekId != before.kekId


def test_rekey(vsan, provider):
    vsan.encrypt()
    first = vsan.read()
    vsan.rekey()
    second = vsan.read()
    assert second.kekId != first.kekId
    assert second.dekGenerationId == first.dekGenerationId
    vsan.rekey(True)
    third = vsan.read()
    assert third.kekId != second.kekId
    assert third.dekGenerationId == first.dekGenerationId + 1


def test_one_change_at_a_time(site, vsan, provider):
    site.vcenter.settings.task_polls = 2
    site.vcenter.settings.vsan_settling_looks = 1
    info = vsan.encrypt()
    assert info.state == "running"
    assert vsan.read().changing is True
    with pytest.raises(vim.fault.InvalidState):
        vsan.rekey()
    site.vcenter.tasks.settle()
    assert [vsan.read().changing, vsan.read().changing] == [True, False]


def test_what_the_key_server_refuses_is_the_error_of_the_task(site, kms, vsan, provider):
    kms.server.allowed = lambda *_who: False
    info = vsan.encrypt()
    assert "Permission_Denied" in info.error.msg
    assert isinstance(info.error, vim.fault.VsanFault)
    assert vsan.read().encryptionEnabled is False
    assert "not configured" in vsan.encrypt(provider="no such").error.msg
    site.vcenter.crypto.add_native("nkp")
    assert "requires backup" in vsan.encrypt(provider="nkp").error.msg


def test_too_few_hosts(cluster, vsan, provider):
    cluster.vsan_state.tight = True
    assert "full redundancy" in vsan.encrypt().error.msg
    assert vsan.encrypt(allowReducedRedundancy=True).error is None
    assert vsan.rekey().error is None
    assert "full redundancy" in vsan.rekey(True).error.msg
    assert vsan.rekey(True, True).error is None


def test_esa(site, cluster, vsan, provider):
    cluster.vsan_state.esa = True
    assert "ESA" in vsan.encrypt().error.msg
    site.vcenter.settings.vsan_esa_can_change = True
    assert vsan.encrypt().error is None


def test_health_and_space(cluster, kms, vsan, provider):
    health = vsan.health()
    assert (health.overallHealth, health.encryptionHealth) == ("green", None)
    vsan.encrypt()
    health = vsan.health()
    assert (health.overallHealth, health.encryptionHealth.kmsHealth) == ("green", "green")
    kms.server.stop()
    health = vsan.health()
    assert (health.overallHealth, health.encryptionHealth.overallHealth) == ("red", "red")
    assert [group.groupName for group in health.groups if group.groupHealth == "red"] == ["Data-at-rest encryption"]
    cluster.vsan_state.health = "yellow"
    kms.server.start()
    assert vsan.health().overallHealth == "yellow"
    cluster.vsan_state.free = 1 << 40
    assert (vsan.space().totalCapacityB, vsan.space().freeCapacityB) == (40 << 40, 1 << 40)


def test_errors(cluster, vsan):
    with pytest.raises(vim.fault.InvalidState):
        vsan.rekey()
    with pytest.raises(vmodl.fault.InvalidArgument):
        vsan.raw.ReconfigureEx(cluster.reference, vim.vsan.ReconfigSpec(modify=False))
    cluster.vsan = False
    for ask in (vsan.health, vsan.space, vsan.encrypt):
        with pytest.raises(vim.fault.VsanFault):
            ask()


@pytest.mark.parametrize(
    "privilege", ["Host.Inventory.EditCluster", "Cryptographer.ManageKeys", "Cryptographer.ManageEncryptionPolicy"]
)
def test_privileges(site, privilege):
    everything = {"Host.Inventory.EditCluster", "Cryptographer.ManageKeys", "Cryptographer.ManageEncryptionPolicy"}
    site.privileges.clear()
    site.privileges.update(everything - {privilege})
    instance = site.connect()
    system = vsanapiutils.GetVsanVcMos(instance._stub, context=site.context(), version=SPOKEN)
    config = system["vsan-cluster-config-system"]
    with pytest.raises(vim.fault.NoPermission) as caught:
        config.RekeyEncryptedCluster(site.vcenter.inventory.cluster("C0").reference)
    config._stub.DropConnections()
    assert caught.value.privilegeId == privilege


def test_each_object_has_its_own_address(site, instance, vsan, provider):
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        vim.cluster.VsanVcClusterConfigSystem("vsan-cluster-config-system", instance._stub).GetConfigInfoEx(
            site.vcenter.inventory.cluster("C0").reference
        )
    vsan.encrypt()
    task = instance.content.taskManager.recentTask[-1]
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        vim.Task(task._moId, vsan.raw._stub).info  # noqa: B018  # reading it is the request
