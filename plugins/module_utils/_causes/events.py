# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes that vCenter tells as events. Their ids are the same from vCenter 7.0 Update 2 to 8.0 Update 3. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import (
    CRITICAL,
    EVENTS,
    NOTICE,
    WARNING,
    Cause,
    Known,
)

_KMS, _HOST, _VM = "com.vmware.vc.kms.crypto", "com.vmware.vc.host.Crypto", "com.vmware.vc.vm"
_TRUSTED = f"{_KMS}.TrustAuthority"


def _known(name: str, severity: str, reason: str, next_step: str, *events: str) -> Known:
    return Known(name, severity, Cause(reason, next_step), EVENTS, events[0], events)


OF_EVENTS = (
    _known(
        "provider_error", CRITICAL,
        "vCenter could not get keys because its key provider reported an error",
        "check the key provider with key_provider_info, fix what it names, then run vm_unlock for locked VMs",
        f"{_VM}.Crypto.VMLocked.KMSClusterError", f"{_KMS}.SendKeyError.KMSClusterError",
    ),
    _known(
        "host_without_provider", CRITICAL,
        "a host must be in encryption mode, and vCenter could not reach the key provider for its key",
        "check the key provider with key_provider_info, then turn the mode on with host_encryption",
        f"{_HOST}.ReqEnable.KMSClusterError",
    ),
    _known(
        "host_key_missing", CRITICAL,
        "a host must be in encryption mode, and the KMS does not have or does not return the host's key",
        "activate or restore the key in the KMS, then turn the mode on with host_encryption",
        f"{_HOST}.ReqEnable.KeyMissingOnKMS",
    ),
    _known(
        "host_refuses_keys", CRITICAL,
        "vCenter has the keys, but a host did not accept them",
        "check the host's connection and mode with host_encryption_info, then run vm_unlock",
        f"{_HOST}.SendKeyError.HostError",
    ),
    _known(
        "host_encryption_disabled", WARNING,
        "something that needs encryption was tried on a host whose encryption mode is off",
        "turn the mode on with host_encryption",
        f"{_HOST}.HostCryptoDisabled",
    ),
    _known(
        "host_key_renewed", NOTICE,
        "a host got a new key because its old one could not be fetched; core dumps from before need the old key",
        "find out why the old key is not available: key_provider_info, and the KMS",
        f"{_HOST}.HostKey.NewKey.KMSClusterError", f"{_HOST}.HostKey.NewKey.KeyMissingOnKMS",
    ),
    _known(
        "backup_outdated", WARNING,
        "a native key provider has changed since its last backup",
        "make a new backup with native_key_provider_backup",
        f"{_KMS}.NotBackedUpAfterUpdate",
    ),
    _known(
        "client_certificate_ends", WARNING,
        "vCenter's client certificate for the KMS expires soon",
        "run the playbook certificate_renewal",
        "com.vmware.vc.vecs.KMSClientCertExpirationEvent",
    ),
    _known(
        "server_certificate_ends", WARNING,
        "the certificate of a KMIP server expires soon",
        "have it renewed on the server; then run the playbook certificate_renewal, so that vCenter trusts the new one",
        "com.vmware.vc.vecs.KMSServerCertExpirationEvent",
    ),
    _known(
        "no_disk_space", WARNING,
        "a datastore has no space for the second copy of a disk that encryption needs for a while",
        "free space, at least as much as the VM's largest disk, then rerun",
        f"{_VM}.crypto.NoDiskSpace",
    ),
    _known(
        "rekey_failed", WARNING,
        "a VM did not get its new key; it still has the old one",
        "check the key provider with key_provider_info, then rerun vm_rekey",
        f"{_VM}.crypto.RekeyFail",
    ),
    _known(
        "vtpm_certificate_failed", WARNING,
        "vCenter could not make or read a certificate of a vTPM",
        "check the key provider with key_provider_info and the VM in vCenter, then try again",
        "com.vmware.vc.vtpm.FailedProcessingVTpmCertsEvent",
    ),
    _known(
        "trusted_key_provider", WARNING,
        "a trusted key provider (vSphere Trust Authority), which the collection does not manage, has a problem",
        "check it in the vSphere Client; vCenter 9 no longer has such providers, so plan the move to another one",
        f"{_TRUSTED}.ClusterNotAvailable", f"{_TRUSTED}.ClusterUnhealthy", f"{_TRUSTED}.KmsUnhealthy",
        f"{_VM}.Crypto.VMLocked.TAKeyMissingOnHost", f"{_VM}.Crypto.VMLocked.TAKMSClusterUnavaliable",
        "com.vmware.vc.TrustAuthority.KMSClientCertExpirationEvent",
        "com.vmware.vc.TrustAuthority.KMSServerCertExpirationEvent",
    ),
)  # fmt: skip
# an event that ends what others, whose ids begin like this, told of the same object before
ENDINGS: t.Mapping[str, tuple[str, ...]] = {
    f"{_VM}.Crypto.VMUnlocked": (f"{_VM}.Crypto.VMLocked.",),
    f"{_HOST}.Enabled": (f"{_HOST}.ReqEnable.", f"{_HOST}.HostCryptoDisabled"),
    f"{_KMS}.AllBackedUp": (f"{_KMS}.NotBackedUp",),
}
