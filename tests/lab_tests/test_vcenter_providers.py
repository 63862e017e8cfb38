# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key providers of the lab's vCenter: registering, listing, defaults, keys of its own cache."""

from __future__ import annotations

import pytest
from pyVmomi import vim, vmodl

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.assumptions import every_value
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import KeyRef
from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.vcenter_site import VCenterSite, provider_id

Info = vim.encryption.KmipServerInfo


def spec(provider, name="kms1", password=None, **fields):
    info = Info(**{"name": name, "address": "127.0.0.1", "port": 5696, **fields})
    return vim.encryption.KmipServerSpec(clusterId=provider_id(provider), info=info, password=password)


@pytest.fixture
def site():
    made = VCenterSite()
    yield made
    made.close()


@pytest.fixture
def content(site):
    return site.connect().content


@pytest.fixture
def manager(content):
    return content.cryptoManager


def names(clusters):
    return [cluster.clusterId.id for cluster in clusters]


def test_first_server_makes_the_provider(manager):
    manager.RegisterKmipServer(spec("kp<&>é", userName="u"))
    manager.RegisterKmipServer(spec("kp<&>é", "kms2", timeout=10))
    found = manager.ListKmsClusters(True)
    assert names(found) == ["kp<&>é"]
    assert [server.name for server in found[0].servers] == ["kms1", "kms2"]
    assert (found[0].managementType, found[0].useAsDefault) == ("vCenter", False)
    assert list(manager.ListKmsClusters()[0].servers) == []
    first, second = manager.ListKmipServers()[0].servers
    assert (first.userName, first.proxyAddress, first.protocol, first.timeout) == ("u", "", "", None)
    assert (second.userName, second.timeout) == ("", 10)


def test_update_keeps_what_is_unset_and_clears_on_demand(site, manager):
    manager.RegisterKmipServer(
        spec("kp", password="secret", userName="u", proxyAddress="p", proxyPort=8080, timeout=10)
    )
    manager.UpdateKmipServer(spec("kp", address="127.0.0.2", port=5697))
    server = manager.kmipServers[0].servers[0]
    assert (server.address, server.port, server.userName, server.proxyPort) == ("127.0.0.2", 5697, "u", 8080)
    assert site.vcenter.crypto.providers["kp"].servers["kms1"].password == "secret"
    manager.UpdateKmipServer(spec("kp", password="", userName="", proxyAddress="", proxyPort=-1, timeout=-1))
    server = manager.kmipServers[0].servers[0]
    assert (server.userName, server.proxyAddress, server.proxyPort, server.timeout) == ("", "", None, None)
    assert site.vcenter.crypto.providers["kp"].servers["kms1"].password is None


@pytest.mark.parametrize("remains", [False, True])
def test_last_server_and_its_provider(site, manager, remains):
    site.vcenter.settings.empty_provider_remains = remains
    manager.RegisterKmipServer(spec("kp"))
    manager.MarkDefault(provider_id("kp"))
    manager.RemoveKmipServer(provider_id("kp"), "kms1")
    assert names(manager.ListKmsClusters(True)) == (["kp"] if remains else [])
    assert (manager.GetDefaultKmsCluster() is None) is not remains


def test_unregister_drops_provider_and_default(manager):
    manager.RegisterKmipServer(spec("kp"))
    manager.MarkDefault(provider_id("kp"))
    manager.UnregisterKmsCluster(provider_id("kp"))
    assert list(manager.ListKmipServers()) == []
    assert manager.GetDefaultKmsCluster() is None


@pytest.mark.parametrize("fault", ["InvalidArgument", "RuntimeFault"])
def test_duplicates_and_unknown_ones(fault):
    site = VCenterSite(argument_fault=fault)
    kind = vmodl.fault.InvalidArgument if fault == "InvalidArgument" else vmodl.RuntimeFault
    try:
        manager = site.connect().content.cryptoManager
        manager.RegisterKmipServer(spec("kp"))
        site.vcenter.crypto.add_native("native")
        calls = (
            lambda: manager.RegisterKmipServer(spec("kp")),
            lambda: manager.RegisterKmipServer(spec("native")),
            lambda: manager.UpdateKmipServer(spec("other")),
            lambda: manager.UpdateKmipServer(spec("kp", "other")),
            lambda: manager.RemoveKmipServer(provider_id("kp"), "other"),
            lambda: manager.MarkDefault(provider_id("other")),
            lambda: manager.UnregisterKmsCluster(provider_id("other")),
            lambda: manager.RegisterKmsCluster(provider_id("kp")),
            lambda: manager.GenerateKey(provider_id("native")),
            lambda: manager.GenerateClientCsr(provider_id("other")),
        )
        for call in calls:
            with pytest.raises(vmodl.RuntimeFault) as caught:
                call()
            assert caught.value.__class__ is kind
            assert "msg = '" in str(caught.value)
    finally:
        site.close()


def test_empty_names(manager):
    with pytest.raises(vmodl.fault.InvalidArgument) as caught:
        manager.RegisterKmipServer(spec("kp", ""))
    assert caught.value.invalidProperty == "server.info.name"
    with pytest.raises(vmodl.fault.InvalidArgument):
        manager.RegisterKmipServer(spec(""))


def test_register_cluster(manager):
    manager.RegisterKmsCluster(provider_id("trusted"))
    assert manager.ListKmsClusters()[0].managementType == "trustAuthority"
    with pytest.raises(vmodl.fault.InvalidArgument):
        manager.RegisterKmsCluster(provider_id("x"), "nativeProvider")


def test_filters(site, manager):
    manager.RegisterKmipServer(spec("standard", port=1))
    manager.RegisterKmsCluster(provider_id("trusted"))
    site.vcenter.crypto.add_native("native", has_backup=True, tpm_required=True)
    assert names(manager.ListKmsClusters(False, 1)) == ["standard"]
    assert names(manager.ListKmsClusters(False, 10)) == ["trusted", "native"]
    assert names(manager.ListKmsClusters(False, -1)) == ["standard", "trusted", "native"]
    assert names(manager.ListKmsClusters(False, None, 1)) == ["native"]
    assert names(manager.ListKmsClusters(False, None, 2)) == ["standard", "trusted"]
    assert names(manager.ListKmipServers(2)) == ["standard", "trusted"]
    native = manager.ListKmsClusters(True)[2]
    assert (native.hasBackup, native.tpmRequired, list(native.servers)) == (True, True, [])


def test_defaults(site, content, manager):
    cluster, folder = site.vcenter.inventory.clusters[0].reference, site.vcenter.inventory.host_folder.reference
    for name in ("a", "b"):
        manager.RegisterKmipServer(spec(name))
    assert manager.GetDefaultKmsCluster() is None
    manager.SetDefaultKmsCluster(None, provider_id("a"))
    assert manager.GetDefaultKmsCluster().id == "a"
    assert manager.GetDefaultKmsCluster(cluster) is None
    assert manager.GetDefaultKmsCluster(cluster, True).id == "a"
    manager.SetDefaultKmsCluster(folder, provider_id("b"))
    assert manager.GetDefaultKmsCluster(cluster, True).id == "b"
    listed = {one.clusterId.id: one for one in manager.ListKmsClusters()}
    assert (listed["a"].useAsDefault, listed["b"].useAsDefault) == (True, False)
    assert list(listed["b"].useAsEntityDefault) == [folder]
    manager.SetDefaultKmsCluster(folder)
    manager.SetDefaultKmsCluster()
    assert manager.GetDefaultKmsCluster(cluster, True) is None
    with pytest.raises(vmodl.fault.InvalidArgument):
        manager.SetDefaultKmsCluster(content.rootFolder, provider_id("a"))


def test_key_type_of_further_servers():
    site = VCenterSite(version="9.0")
    try:
        manager = site.connect().content.cryptoManager
        manager.RegisterKmipServer(spec("kp"))
        other = spec("kp", "kms2")
        other.defaultKeyType = "wrappedKey"
        with pytest.raises(vmodl.fault.InvalidArgument):
            manager.RegisterKmipServer(other)
        assert manager.ListKmsClusters()[0].defaultKeyType == "rawKey"
    finally:
        site.close()


def test_key_of_nobody(manager):
    result = manager.GenerateKey()
    assert (result.success, bool(result.reason)) == (False, True)


def test_cached_keys_and_who_uses_them(site, manager):
    inventory = site.vcenter.inventory
    inventory.encrypt(inventory.vm("vm1"), "kp", "k-1")
    inventory.encrypt(inventory.vm("vm2"), "kp", "k-1", disks=False)
    inventory.host("esx1").crypto_key = KeyRef("kp", "k-h")
    site.vcenter.crypto.references[KeyRef("kp", "k-1")] = ["backup product"]
    assert [key.keyId for key in manager.ListKeys()] == ["k-1", "k-h"]
    first, second = manager.QueryCryptoKeyStatus(None, 14)
    assert [vm._moId for vm in first.encryptedVMs] == ["vm-1", "vm-2"]
    assert (list(first.affectedHosts), list(first.referencedByTags)) == ([], ["backup product"])
    assert [host._moId for host in second.affectedHosts] == ["host-1"]
    assert first.keyAvailable is None
    assert manager.QueryCryptoKeyStatus(None, 1)[0].reason == "KeyStateClusterInvalid"


def test_cache_of_keys(site, manager):
    def plain(name):
        key = vim.encryption.CryptoKeyId(keyId=name, providerId=provider_id("kp"))
        return vim.encryption.CryptoKeyPlain(keyId=key, algorithm="AES-256", keyData="AAAA")

    manager.AddKey(plain("k-1"))
    with pytest.raises(vim.fault.AlreadyExists):
        manager.AddKey(plain("k-1"))
    assert [one.success for one in manager.AddKeys([plain("k-1"), plain("k-2")])] == [False, True]
    site.vcenter.inventory.encrypt(site.vcenter.inventory.vm("vm1"), "kp", "k-1")
    with pytest.raises(vim.fault.ResourceInUse):
        manager.RemoveKey(plain("k-1").keyId, False)
    manager.RemoveKey(plain("k-1").keyId, True)
    with pytest.raises(vmodl.fault.InvalidArgument):
        manager.RemoveKey(plain("k-3").keyId, False)
    results = manager.RemoveKeys([plain("k-2").keyId, plain("k-3").keyId], False)
    assert [one.success for one in results] == [True, False]


def test_native_key_status(site, manager):
    site.vcenter.crypto.add_native("native")
    key = vim.encryption.CryptoKeyId(keyId="n", providerId=provider_id("native"))
    status = manager.QueryCryptoKeyStatus([key], 1)[0]
    assert (status.keyAvailable, status.reason) == (True, "KeyStateManagedByNKP")
    assert manager.IsKmsClusterActive(provider_id("native")) is True


@pytest.mark.parametrize("address", ["kms..example.net", ".example.net", "", "a" * 64 + ".example.net", "kms 1"])
def test_address_that_is_no_name_is_a_fault(site, manager, address):
    with pytest.raises(vmodl.fault.InvalidArgument, match=r"server.info.address"):
        manager.RegisterKmipServer(spec("kp", address=address))
    manager.RegisterKmipServer(spec("kp"))
    with pytest.raises(vmodl.fault.InvalidArgument, match=r"server.info.address"):
        manager.UpdateKmipServer(spec("kp", address=address))


@pytest.mark.parametrize(
    "address", ["kms.example.net", "kms.example.net.", "192.0.2.7", "2001:db8::7", "bücher.example"]
)
def test_address_that_is_a_name_or_a_number_is_taken(manager, address):
    manager.RegisterKmipServer(spec("kp", address=address))
    assert manager.kmipServers[0].servers[0].address == address


def test_address_that_is_no_name_cannot_be_reached(site, manager):
    site.vcenter.settings.bad_address_refused = False
    manager.RegisterKmipServer(spec("kp", address="kms..example.net"))
    status = manager.RetrieveKmipServersStatus().info.result[0]
    assert (status.overallStatus, status.servers[0].status) == ("red", "red")
    assert manager.GenerateKey(provider_id("kp")).success is False


def test_active_needs_a_known_provider(manager):
    with pytest.raises(vmodl.fault.InvalidArgument):
        manager.IsKmsClusterActive()
    with pytest.raises(vmodl.fault.InvalidArgument):
        manager.IsKmsClusterActive(provider_id("other"))


@pytest.mark.parametrize(
    ("wanted", "backup", "status"),
    [("by_backup", True, "green"), ("by_backup", False, "red"), ("gray", True, "gray")],
)
def test_status_of_providers_without_servers(site, manager, wanted, backup, status):
    site.vcenter.settings.native_status = wanted
    site.vcenter.crypto.add_native("native", has_backup=backup)
    manager.RegisterKmsCluster(provider_id("empty"), "vCenter")
    result = manager.RetrieveKmipServersStatus().info.result
    assert [(one.clusterId.id, one.overallStatus, list(one.servers)) for one in result] == [
        ("native", status, []),
        ("empty", "gray", []),
    ]


@every_value
def test_property_read_without_the_privilege_of_the_list(assumed):
    """No module reads it; other clients do."""
    site = VCenterSite(**{assumed.setting.partition(".")[2]: assumed.value})
    site.privileges = {"System.View"}
    try:
        manager = site.connect().content.cryptoManager
        with pytest.raises(vim.fault.NoPermission):
            manager.ListKmipServers()
        if assumed.value:
            with pytest.raises(vim.fault.NoPermission):
                list(manager.kmipServers)
        else:
            assert list(manager.kmipServers) == []
    finally:
        site.close()
