# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes in words, hosts, and vSAN: the pure parts, by tables."""

from __future__ import annotations

import pytest
from pyVmomi import vim

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import ApiError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import Found
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.hosts.modes import host_inventory_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.causes import (
    cause_of,
    cause_of_status,
    certain_cause,
    with_cause,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.vsan.service import (
    Encryption,
    Space,
    encryption_of,
    vsan_health_of,
)

# what vCenter, its KMIP servers and support articles say, and a word of the cause
SAID = {
    "Cannot generate key. The default key provider is not set.": "no default key provider",
    "Cannot generate key. No default key provider": "no default key provider",
    "Cannot generate Key": "returned no key",
    "QLC_ERR_VALUE_MISSING: password": "no longer have the password",
    "Create operation failed on the server: Permission_Denied, denied": "does not create keys",
    "Get operation failed on the server: Authentication_Not_Successful": "does not accept vCenter's user name",
    "Get operation failed on the server: Item_Not_Found": "no longer exists",
    "key 12 is Deactivated on the server": "not active",
    "cannot connect to the key server kms:5696: timed out": "cannot reach",
    "vCenter does not trust the key server kms": "do not trust each other",
    "Key provider tls-backup requires backup.": "not backed up",
    "Key provider k requires TPM, which is missing on esx1.": "TPM 2.0",
    "The host is not connected. (HostNotConnected)": "not connected",
    "no text (EncryptionKeyRequired)": "does not have the key",
}


@pytest.mark.parametrize("text", SAID)
def test_cause(text):
    found = cause_of(text)
    assert found is not None
    assert SAID[text] in found.reason


def test_names_of_objects_are_no_causes():
    error = with_cause(ApiError("could not turn on encryption mode of handshake-backup on tpm: no text (SystemError)"))
    assert "cause" not in error.details
    assert error.message.endswith("(SystemError)")


def test_explained_keeps_kind_details_and_results():
    error = ApiError("could not do it: cannot connect", fault="VsanFault")
    error.results = {"a": 1}
    again = with_cause(with_cause(error))
    assert (type(again), again.details["fault"], again.results) == (ApiError, "VsanFault", {"a": 1})
    assert again.message.count("Next step:") == 1


REASONS = vim.encryption.CryptoManagerKmip.CryptoKeyStatus.KeyUnavailableReason


@pytest.mark.parametrize("reason", [name for name in vars(REASONS) if name.startswith(("Key", "No", "Wrapping"))])
def test_every_reason_of_the_api_has_words(reason):
    managed = reason.startswith("KeyStateManagedBy")  # says who manages the key, not what is wrong with it
    assert (reason in cause_of_status(reason).reason) == managed


def test_unknown_reasons_are_told():
    assert "no reason given" in cause_of_status(None).reason
    assert "KeyStateNew" in cause_of_status("KeyStateNew").reason


def host(**properties):
    return Found(vim.HostSystem("host-1"), {"name": "esx", **properties})


@pytest.mark.parametrize(
    ("properties", "state", "obstacle"),
    [
        ({}, "incapable", "the host is not connected (unknown); connect it again"),
        ({"runtime.connectionState": "connected"}, "incapable", None),
        (
            {"runtime.connectionState": "connected", "runtime.cryptoState": "pendingIncapable"},
            "pending_incapable",
            None,
        ),
        ({"capability.cryptoSupported": False}, "incapable", "the host does not support encryption"),
    ],
)
def test_host(properties, state, obstacle):
    (found,) = host_inventory_of([host(**properties)]).hosts
    assert (found.state, found.obstacle(), found.cluster, found.key) == (state, obstacle, None, None)


@pytest.mark.parametrize(
    ("said", "reason", "next_step"),
    [
        ("The disk [ds] a/a.vmdk is encrypted and a required key was not found.", "the host does not", "vm_unlock"),
        ("One or more required encryption keys are missing.", "the host does not have the key", "host_encryption_info"),
        ("Key required for encryption.bundle.", "the host does not have the key", "key_provider_info"),
        ("Error creating disk Key locator", "the host does not have the key", "vm_unlock"),
        ("Virtual machine is locked because keys are missing on KMS cluster.", "it does not have the key", "key id"),
        ("Manually recover the missing key to the key provider.", "does not return it", "key id"),
        ("tlsv1 alert bad certificate", "no IAM policy", "iam_policy"),
        ("Cannot retrieve the requested certificate", "cannot read the KMIP server's certificate", "5697"),
        (
            "Failed to generate key on KMS 192.0.2.1: QLC_ERR_COMMUNICATE",
            "cannot reach the KMIP server",
            "private_cloud",
        ),
        ("Failed to generate key on KMS 192.0.2.1: QLC_ERR_SSL", "TLS handshake", "key_provider_info"),
        ("Failed to generate key on KMS 192.0.2.1: QLC_ERR_VALUE_MISSING", "the password", "standard_key_provider"),
        ("encryptForbiddenWithoutEncryptedProfile", "without an encryption storage policy", "policy"),
        ("Create operation failed on the server: General_Failure, read-only", "is read-only", "wait"),
        ("Create operation failed on the server: General_Failure", "does not create new keys", "kmip_server_test"),
        ("Get_Attributes operation is not supported by the server", "refuses an operation", "kmip_server_test"),
        ("RuntimeFault: Cannot generate key", "returned no key", "kmip_server_test"),
        ("key 1 failed on the server: Item_Not_Found", "no longer exists", "restore"),
    ],
)
def test_cause_and_next_step_of_what_vcenter_says(said, reason, next_step):
    found = cause_of(said)
    assert found is not None and reason in found.reason and next_step in found.next_step
    assert ("restore" in found.next_step) == (next_step in ("restore", "key id"))


@pytest.mark.parametrize(
    "said", ["The operation is not allowed in the current state.", "timed out", "The host is not connected", "tpm"]
)
def test_words_with_several_meanings_are_no_certain_cause(said):
    assert certain_cause(said) is None


def test_places_are_from_the_bottom_up():
    cluster = vim.ClusterComputeResource("domain-c1")
    found = [
        host(parent=cluster),
        Found(cluster, {"name": "C", "parent": vim.Folder("group-h1")}),
        Found(vim.Folder("group-h1"), {"name": "host", "parent": vim.Datacenter("datacenter-1")}),
    ]
    fleet = host_inventory_of(found)
    assert fleet.hosts[0].places == ("domain-c1", "group-h1", "datacenter-1")
    assert (fleet.hosts[0].cluster, fleet.clusters[0].mode) == ("C", None)


def test_vsan_encryption():
    config = vim.vsan.ConfigInfoEx(enabled=True)
    assert encryption_of(None) == encryption_of(config) == Encryption(False)
    config.dataEncryptionConfig = vim.vsan.DataEncryptionConfig(encryptionEnabled=False, kekId="old", changing=True)
    assert encryption_of(config) == Encryption(False, changing=True)
    config.dataEncryptionConfig = vim.vsan.DataEncryptionConfig(encryptionEnabled=True, kekId="", hostKeyId="h")
    assert encryption_of(config) == Encryption(True, None, None, "h", False)


def test_vsan_health():
    groups = [
        vim.cluster.VsanClusterHealthGroup(
            groupId="a",
            groupName="Data",
            groupHealth="red",
            groupTests=[
                vim.cluster.VsanClusterHealthTest(testId="t1", testHealth="red"),
                vim.cluster.VsanClusterHealthTest(testName="fine", testHealth="green"),
                vim.cluster.VsanClusterHealthTest(testName="not run", testHealth="skipped"),
            ],
        ),
        vim.cluster.VsanClusterHealthGroup(groupId="b", groupName="Network", groupHealth="yellow"),
    ]
    summary = vim.cluster.VsanClusterHealthSummary(overallHealth="red", overallHealthDescription="", groups=groups)
    assert vsan_health_of(summary).problems == ["Data: t1 is red", "Network is yellow"]
    summary = vim.cluster.VsanClusterHealthSummary(overallHealth="unknown", overallHealthDescription="no\ndata")
    assert (vsan_health_of(summary).overall, vsan_health_of(summary).problems) == ("unknown", ["no data"])


@pytest.mark.parametrize(("capacity", "free", "share"), [(100, 25, 25.0), (3, 1, 33.3), (0, 0, None), (5, None, None)])
def test_vsan_space(capacity, free, share):
    assert Space(capacity, free).free_percent == share
