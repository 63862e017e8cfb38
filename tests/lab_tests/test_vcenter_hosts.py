# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encryption mode of the lab's hosts, and VMs that are locked and opened again, with keys over real KMIP."""

from __future__ import annotations

import pytest
from pyVmomi import vim, vmodl

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import KeyRef
from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.vcenter_site import (
    KmsSite,
    VCenterSite,
    provider_id,
)


@pytest.fixture
def site():
    made = VCenterSite()
    yield made
    made.close()


@pytest.fixture
def kms(site, tmp_path):
    made = KmsSite(site, tmp_path)
    yield made
    made.server.close()


@pytest.fixture
def content(site):
    return site.connect().content


@pytest.fixture
def provider(site, kms, content):
    """A provider that works, the default of the system."""
    manager = content.cryptoManager
    manager.RegisterKmipServer(kms.spec("kp"))
    manager.UploadKmipServerCert(provider_id("kp"), kms.authority.certificate_pem)
    manager.UploadClientCert(provider_id("kp"), *kms.clients.leaf("vcenter", "client"))
    manager.MarkDefault(provider_id("kp"))
    return "kp"


def host(content, name="esx1.lab.test"):
    return content.searchIndex.FindByInventoryPath(f"DC0/host/C0/{name}")


def mode(found):
    key = found.runtime.cryptoKeyId
    return found.runtime.cryptoState, key.keyId if key else None


def machine(site, content, name="vm1"):
    return site.vcenter.inventory.vm(name), content.searchIndex.FindByInventoryPath(f"DC0/vm/{name}")


def outcome(task):
    assert task.info.state in ("success", "error")
    return task.info.error


def plain(key_id="k-plain"):
    key = vim.encryption.CryptoKeyId(keyId=key_id, providerId=provider_id("kp"))
    return vim.encryption.CryptoKeyPlain(keyId=key, algorithm="AES-256", keyData="c2VjcmV0")


def test_by_hand_step_by_step(content):
    found = host(content)
    with pytest.raises(vim.fault.InvalidState):
        found.EnableCrypto(plain())
    found.PrepareCrypto()
    assert mode(found) == ("prepared", None)
    with pytest.raises(vim.fault.InvalidState):
        found.PrepareCrypto()
    found.EnableCrypto(plain())
    assert mode(found) == ("safe", "k-plain")
    manager = found.configManager.cryptoManager
    assert manager.enabled is True
    manager.Disable()
    assert mode(found)[0] == "pendingIncapable"
    with pytest.raises(vim.fault.InvalidState):
        manager.Disable()


def test_after_a_restart_a_host_is_incapable(site, content):
    found = host(content, "esx2.lab.test")
    manager = found.configManager.cryptoManager
    manager.Prepare()
    manager.Enable(plain())
    manager.Disable()
    site.vcenter.restart_host("esx2")
    assert mode(found) == ("incapable", None)


def test_not_while_vsan_is_encrypted(site, content):
    site.vcenter.inventory.give_host_key(site.vcenter.inventory.host("esx1"), "kp", "k")
    site.vcenter.inventory.cluster("C0").vsan_encryption = "kp"
    with pytest.raises(vim.fault.InvalidState):
        host(content).configManager.cryptoManager.Disable()


def test_key_of_the_default_provider_then_of_the_cluster(kms, content, provider):
    first, second = host(content), host(content, "esx2.lab.test")
    first.ConfigureCryptoKey()
    key = first.runtime.cryptoKeyId
    assert (key.providerId.id, first.runtime.cryptoState) == (provider, "safe")
    assert kms.server.keys()[key.keyId]["state"] == "Active"
    second.ConfigureCryptoKey()
    assert mode(second) == ("safe", key.keyId)
    assert len(kms.server.keys()) == 1
    first.ConfigureCryptoKey()
    assert mode(first) == ("safe", key.keyId)


def test_default_of_the_cluster_comes_first(site, content, provider):
    site.vcenter.crypto.add_native("nkp", has_backup=True)
    content.cryptoManager.SetDefaultKmsCluster(host(content).parent, provider_id("nkp"))
    host(content).ConfigureCryptoKey()
    assert host(content).runtime.cryptoKeyId.providerId.id == "nkp"


def test_given_key(site, content, provider):
    made = content.cryptoManager.GenerateKey(provider_id(provider)).keyId
    host(content).ConfigureCryptoKey(made)
    assert mode(host(content)) == ("safe", made.keyId)
    lost = vim.encryption.CryptoKeyId(keyId="no such key", providerId=provider_id(provider))
    with pytest.raises(vmodl.RuntimeFault, match="Cannot retrieve key"):
        host(content).ConfigureCryptoKey(lost)


def refused(content, text):
    with pytest.raises(vmodl.RuntimeFault, match=f"Cannot generate key.*{text}"):
        host(content).ConfigureCryptoKey()
    assert mode(host(content)) == ("incapable", None)


def test_refusals_of_key_servers(site, kms, content, provider):
    kms.server.allowed = lambda *_who: False
    refused(content, "Permission_Denied")
    kms.server.stop()
    refused(content, "annot connect")
    site.vcenter.crypto.default = None
    refused(content, "default key provider is not set")


def test_refusals_of_native_providers(site, content):
    provider = site.vcenter.crypto.add_native("nkp", tpm_required=True)
    site.vcenter.crypto.default = "nkp"
    refused(content, "requires backup")
    provider.has_backup = True
    site.vcenter.inventory.hosts[0].tpm = False
    refused(content, "requires TPM")


def test_hosts_that_cannot(site, content, provider):
    inventory = site.vcenter.inventory
    inventory.hosts[0].crypto_supported = False
    with pytest.raises(vmodl.fault.NotSupported):
        host(content).ConfigureCryptoKey()
    inventory.hosts[1].connection_state = "notResponding"
    with pytest.raises(vmodl.fault.HostNotConnected):
        host(content, "esx2.lab.test").ConfigureCryptoKey()
    with pytest.raises(vmodl.fault.InvalidRequest):
        host(content).parent.SetCryptoMode("forceEnable")


def test_mode_of_a_cluster(site, content, provider):
    cluster = host(content).parent
    with pytest.raises(vmodl.fault.InvalidArgument):
        cluster.SetCryptoMode("whatever")
    cluster.SetCryptoMode("forceEnable")
    assert cluster.configurationEx.cryptoConfig.cryptoMode == "forceEnable"
    assert {one.runtime.cryptoState for one in cluster.host} == {"safe"}
    cluster.SetCryptoMode("onDemand")
    assert cluster.configurationEx.cryptoConfig.cryptoMode == "onDemand"


def test_privilege(site, content):
    site.privileges.clear()
    other = site.connect().content
    found = host(other)
    for call in (found.PrepareCrypto, found.ConfigureCryptoKey, lambda: found.parent.SetCryptoMode("onDemand")):
        with pytest.raises(vim.fault.NoPermission) as caught:
            call()
        assert caught.value.privilegeId == "Cryptographer.RegisterHost"
    with pytest.raises(vim.fault.NoPermission) as caught:
        machine(site, other)[1].CryptoUnlock()
    assert caught.value.privilegeId == "Cryptographer.RegisterVM"


# locked VMs


def make_encrypted(site, content, provider, name="vm1"):
    made, seen = machine(site, content, name)
    key = content.cryptoManager.GenerateKey(provider_id(provider)).keyId
    site.vcenter.inventory.encrypt(made, provider, key.keyId)
    return made, seen, key


def test_unlock_when_the_key_server_answers_again(site, kms, content, provider):
    _made, seen, key = make_encrypted(site, content, provider)
    host(content).ConfigureCryptoKey()
    kms.server.stop()
    site.vcenter.lock_machines("esx1")
    assert (seen.runtime.cryptoState, seen.runtime.powerState) == ("locked", "poweredOff")
    assert host(content).runtime.cryptoState == "prepared"
    error = outcome(seen.CryptoUnlock())
    assert isinstance(error, vim.fault.EncryptionKeyRequired)
    assert [one.keyId for one in error.requiredKey] == [key.keyId]
    kms.server.start()
    assert outcome(seen.CryptoUnlock()) is None
    assert seen.runtime.cryptoState == "unlocked"
    assert host(content).runtime.cryptoState == "safe"
    with pytest.raises(vim.fault.InvalidState):
        seen.CryptoUnlock()


def test_the_key_of_the_host_unlocks_too(site, kms, content, provider):
    _made, seen, _key = make_encrypted(site, content, provider)
    site.vcenter.lock_machines("esx1")
    host(content).ConfigureCryptoKey()
    assert seen.runtime.cryptoState == "unlocked"


def test_a_key_that_is_gone_or_not_active(site, kms, content, provider):
    made, seen, _key = make_encrypted(site, content, provider)
    site.vcenter.lock_machines("esx1")
    made.disks[0].crypto_key = KeyRef(provider, "gone")
    error = outcome(seen.CryptoUnlock())
    assert [one.keyId for one in error.requiredKey] == ["gone"]
    made.disks[0].crypto_key = KeyRef("no provider", "gone")
    assert isinstance(outcome(seen.CryptoUnlock()), vim.fault.EncryptionKeyRequired)


def test_unlock_of_what_is_not_locked_or_not_there(site, content, provider):
    with pytest.raises(vmodl.fault.NotSupported):
        machine(site, content)[1].CryptoUnlock()
    _made, seen, _key = make_encrypted(site, content, provider)
    site.vcenter.lock_machines("esx1")
    site.vcenter.inventory.hosts[0].connection_state = "disconnected"
    assert isinstance(outcome(seen.CryptoUnlock()), vim.fault.InvalidVmState)


def test_native_keys(site, content):
    site.vcenter.crypto.add_native("nkp", has_backup=True)
    made, seen = machine(site, content)
    site.vcenter.inventory.encrypt(made, "nkp", "k")
    site.vcenter.lock_machines("esx1")
    assert outcome(seen.CryptoUnlock()) is None
    site.vcenter.crypto.drop("nkp")
    assert isinstance(outcome(seen.CryptoUnlock()), vim.fault.EncryptionKeyRequired)
    site.vcenter.crypto.add_native("nkp", has_backup=True)  # another one of that name
    assert isinstance(outcome(seen.CryptoUnlock()), vim.fault.EncryptionKeyRequired)
