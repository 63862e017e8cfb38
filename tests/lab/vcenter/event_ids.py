# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids and descriptions of vCenter's events about encryption.

As vCenter 7.0 Update 2 to 8.0 Update 3 list them: github.com/lamw/vcenter-event-mapping, vsphere-8.0u3.md. Those of
vSphere Trust Authority are missing in vCenter 9, which no longer has it.
"""

from __future__ import annotations

_HOST, _KMS, _VM = "com.vmware.vc.host.Crypto", "com.vmware.vc.kms.crypto", "com.vmware.vc.vm"
_SOON = "Certificate will expire soon."
_INFO = ("Enabled", "AllBackedUp", "Vendor", "VMUnlocked")
TEXTS = {
    f"{_HOST}.Enabled": "Encryption mode is enabled on host.",
    f"{_HOST}.HostCryptoDisabled": "The operation is not supported on hosts which have encryption disabled.",
    f"{_HOST}.HostKey.NewKey.KeyMissingOnKMS": "Host key is being renewed because key was missing on the key provider.",
    f"{_HOST}.HostKey.NewKey.KMSClusterError": (
        "Host key is being renewed because an error occurred on the key provider."
    ),
    f"{_HOST}.ReqEnable.KeyMissingOnKMS": (
        "Host requires encryption mode enabled and the key is not available on the key provider."
    ),
    f"{_HOST}.ReqEnable.KMSClusterError": (
        "Host requires encryption mode enabled and the key provider is not available."
    ),
    f"{_HOST}.SendKeyError.HostError": "Failed to send keys to host because of host error.",
    f"{_KMS}.AllBackedUp": "Key providers are backed up.",
    f"{_KMS}.KeyGenerateFail": "Key creation failed on key provider.",
    f"{_KMS}.NotBackedUp": "Key provider(s) are not backed up.",
    f"{_KMS}.NotBackedUpAfterUpdate": "Key provider backup is suggested after it is updated.",
    f"{_KMS}.SendKeyError.KeyMissingOnKMS": "Failed to send keys because keys are missing on key provider.",
    f"{_KMS}.SendKeyError.KMSClusterError": "Failed to send keys because of key provider error.",
    f"{_KMS}.TrustAuthority.ClusterNotAvailable": "The Trusted Key Provider is not available.",
    f"{_KMS}.TrustAuthority.ClusterUnhealthy": "The Trusted Key Provider is unhealthy.",
    f"{_KMS}.TrustAuthority.KmsUnhealthy": "The Trusted Key Provider is unhealthy.",
    f"{_KMS}.Unreachable": "Key Management Server is unreachable",
    f"{_KMS}.Vendor": "Retrieved Key Management Server vendor information.",
    f"{_VM}.crypto.DiskchainUsingMixedKeys": "The disk device is encrypted with mixed keys.",
    f"{_VM}.crypto.NoDiskSpace": "Cryptographic operation failed due to insufficient disk space on datastore",
    f"{_VM}.crypto.RekeyFail": "",
    f"{_VM}.Crypto.VMLocked.KeyMissingOnHost": "Virtual machine is locked because keys were missing on the host.",
    f"{_VM}.Crypto.VMLocked.KeyMissingOnKMS": (
        "Virtual machine is locked because keys were missing on the key provider."
    ),
    f"{_VM}.Crypto.VMLocked.KMSClusterError": (
        "Virtual machine is locked because an error occurred on the key provider."
    ),
    f"{_VM}.Crypto.VMLocked.TAKeyMissingOnHost": (
        "Virtual machine is locked because Trust Authority managed key(s) are missing on the required host."
    ),
    f"{_VM}.Crypto.VMLocked.TAKMSClusterUnavaliable": (
        "Virtual machine is locked because the required Trusted Key Provider(s) is unavailable."
    ),
    f"{_VM}.Crypto.VMUnlocked": "Virtual machine is unlocked.",
    "com.vmware.vc.TrustAuthority.KMSClientCertExpirationEvent": f"Trusted Key Provider: {_SOON}",
    "com.vmware.vc.TrustAuthority.KMSServerCertExpirationEvent": f"Trusted Key Provider: {_SOON}",
    "com.vmware.vc.vecs.KMSClientCertExpirationEvent": f"KMS Client {_SOON}",
    "com.vmware.vc.vecs.KMSServerCertExpirationEvent": f"KMS Server {_SOON}",
    "com.vmware.vc.vtpm.FailedProcessingVTpmCertsEvent": (
        "Unable to create a Certificate for Virtual TPM device on Virtual Machine vm1."
    ),
}


def known(event: str, version: str) -> bool:
    """Whether this vCenter has such an event; only ids that name a subject are checked."""
    gone = version.startswith("9") and ("TrustAuthority" in event or ".VMLocked.TA" in event)
    return not event.startswith("com.vmware.") or (event in TEXTS and not gone)


def severity(event: str) -> str:
    """info or error."""
    return "info" if event.rpartition(".")[2] in _INFO else "error"
