# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check of a provider's use reads from the lab's vCenter."""

from __future__ import annotations

import http.client
import xml.dom.minidom

import pytest
import vsanapiutils
from pyVmomi import vim, vmodl

from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.vcenter_site import (
    VCenterSite,
    all_machines,
    provider_id,
)

Query = vmodl.query.PropertyCollector


@pytest.fixture
def site():
    made = VCenterSite()
    yield made
    made.close()


@pytest.fixture
def instance(site):
    return site.connect()


def read(content, kind, paths):
    spec = all_machines(content, paths, kind=kind)
    found = content.propertyCollector.RetrievePropertiesEx([spec], Query.RetrieveOptions()).objects
    return {one.obj._moId: {value.name: value.val for value in one.propSet} for one in found}


def status(content, key_id, bits=15, provider="kp"):
    key = vim.encryption.CryptoKeyId(keyId=key_id, providerId=provider_id(provider))
    found = content.cryptoManager.QueryCryptoKeyStatus([key], bits)[0]
    machines, hosts = ([one._moId for one in several] for several in (found.encryptedVMs, found.affectedHosts))
    return machines, hosts, list(found.referencedByTags)


def disk_keys(devices):
    backings = [getattr(one, "backing", None) for one in devices if isinstance(one, vim.vm.device.VirtualDisk)]
    keys = [getattr(backing, "keyId", None) for backing in backings]
    return [key.keyId if key else None for key in keys]


def test_vtpm_encrypts_the_home_only(site, instance):
    inventory = site.vcenter.inventory
    inventory.give_tpm(inventory.vm("vm1"), "kp", "k-tpm")
    paths = ["config.keyId", "config.hardware.device", "summary.config.tpmPresent", "runtime.cryptoState"]
    found = read(instance.content, vim.VirtualMachine, paths)["vm-1"]
    assert (found["config.keyId"].keyId, found["config.keyId"].providerId.id) == ("k-tpm", "kp")
    assert (found["summary.config.tpmPresent"], found["runtime.cryptoState"]) == (True, "unlocked")
    devices = found["config.hardware.device"]
    assert any(isinstance(one, vim.vm.device.VirtualTPM) for one in devices)
    assert disk_keys(devices) == [None]
    assert status(instance.content, "k-tpm") == (["vm-1"], [], [])


def test_one_disk(site, instance):
    inventory = site.vcenter.inventory
    inventory.encrypt_disk(inventory.vm("vm2"), 1, "kp", "k-disk")
    found = read(instance.content, vim.VirtualMachine, ["config.keyId", "config.hardware.device"])["vm-2"]
    assert "config.keyId" not in found
    assert disk_keys(found["config.hardware.device"]) == [None, "k-disk", None]
    assert status(instance.content, "k-disk") == (["vm-2"], [], [])


def test_host_key(site, instance):
    inventory = site.vcenter.inventory
    inventory.give_host_key(inventory.host("esx2"), "kp", "k-host")
    found = read(instance.content, vim.HostSystem, ["runtime.cryptoKeyId", "runtime.cryptoState"])
    assert found["host-2"]["runtime.cryptoKeyId"].keyId == "k-host"
    assert found["host-2"]["runtime.cryptoState"] == "safe"
    assert "runtime.cryptoKeyId" not in found["host-1"]
    assert status(instance.content, "k-host") == ([], ["host-2"], [])


def test_bits_are_apart_and_providers_too(site, instance):
    inventory = site.vcenter.inventory
    inventory.encrypt(inventory.vm("vm1"), "kp", "k")
    inventory.give_host_key(inventory.host("esx1"), "kp", "k")
    site.vcenter.crypto.references[next(inventory.vm("vm1").crypto_keys())] = ["backup product"]
    everything = (["vm-1"], ["host-1"], ["backup product"])
    for bits, wanted in ((2, (0,)), (4, (1,)), (8, (2,)), (6, (0, 1)), (1, ())):
        expected = tuple(part if number in wanted else [] for number, part in enumerate(everything))
        assert status(instance.content, "k", bits) == expected
    assert status(instance.content, "k", provider="other") == ([], [], [])


def test_defaults(site, instance):
    manager = instance.content.cryptoManager
    site.vcenter.crypto.add_native("nkp")
    cluster = site.vcenter.inventory.cluster("C0").reference
    manager.SetDefaultKmsCluster(cluster, provider_id("nkp"))
    listed = manager.ListKmsClusters()[0]
    assert (listed.useAsDefault, list(listed.useAsEntityDefault)) == (False, [cluster])
    assert manager.GetDefaultKmsCluster(cluster).id == "nkp"
    with pytest.raises(vmodl.RuntimeFault):
        manager.GenerateKey(provider_id("nkp"))


def test_machines_that_come_later(site, instance):
    inventory = site.vcenter.inventory
    inventory.encrypt(inventory.add_vm("late"), "kp", "k-late")
    found = read(instance.content, vim.VirtualMachine, ["name", "config.keyId"])
    assert [one["name"] for one in found.values() if "config.keyId" in one] == ["late"]
    assert status(instance.content, "k-late") == (["vm-7"], [], [])


# vSAN


def vsan(site, instance, version):
    mos = vsanapiutils.GetVsanVcMos(instance._stub, context=site.context(), version=version)
    return mos["vsan-cluster-config-system"]


@pytest.mark.parametrize("version", ["7.0.1", "7.0.2", "8.0.3", "9.0"])
@pytest.mark.parametrize("spoken", ["vsan.version.version3", "vsan.version.version16", "vsan.version.v9_0_0_0"])
def test_vsan_encryption(version, spoken):
    site = VCenterSite(version=version)
    try:
        instance = site.connect()
        cluster = site.vcenter.inventory.cluster("C0")
        cluster.vsan_encryption = "kp"
        config = vsan(site, instance, spoken).GetConfigInfoEx(cluster.reference)
        assert (config.enabled, config.dataEncryptionConfig.encryptionEnabled) == (True, True)
        assert config.dataEncryptionConfig.kmsProviderId.id == "kp"
        entry = site.journal.entries(operation="VsanClusterGetConfig")[0]
        assert (entry.system, entry.kind, entry.status) == ("vcenter", "read", "200")
    finally:
        site.close()


def test_vsan_without_encryption(site, instance):
    cluster = site.vcenter.inventory.cluster("C0")
    system = vsan(site, instance, "vsan.version.version16")
    config = system.GetConfigInfoEx(cluster.reference)
    assert (config.enabled, config.dataEncryptionConfig) == (False, None)
    cluster.vsan = True
    config = system.GetConfigInfoEx(cluster.reference)
    assert (config.enabled, config.dataEncryptionConfig.encryptionEnabled) == (True, False)
    assert config.dataEncryptionConfig.kmsProviderId is None
    found = read(instance.content, vim.ClusterComputeResource, ["configurationEx"])["domain-c20"]
    assert found["configurationEx"].vsanConfigInfo.enabled is True


def test_vsan_errors(site, instance):
    system = vsan(site, instance, "vsan.version.version16")
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        system.GetConfigInfoEx(vim.ClusterComputeResource("domain-c99"))
    instance.content.sessionManager.Logout()
    with pytest.raises(vim.fault.NotAuthenticated):
        system.GetConfigInfoEx(site.vcenter.inventory.cluster("C0").reference)


def test_vsan_versions_file(site):
    connection = http.client.HTTPSConnection("localhost", site.port, context=site.context())
    connection.request("GET", "/sdk/vsanServiceVersions.xml")
    root = xml.dom.minidom.parse(connection.getresponse())
    connection.close()
    names, versions = (
        [getattr(one.firstChild, "nodeValue", "") for one in root.getElementsByTagName(tag)]
        for tag in ("name", "version")
    )
    assert names == ["urn:vsan"]
    assert versions[0] == "8.0.0.4"
    assert "vSAN 7.0U2" in versions
