# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what vCenter says when a key is unavailable, to the cause and the next step, in words."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError

Error = t.TypeVar("Error", bound=CollectionError)


class Cause(t.NamedTuple):
    """Why, and what to do about it."""

    reason: str
    next_step: str


_REACH = Cause(
    "vCenter cannot reach the KMIP server",
    "check its address, port and firewall (on OVHcloud the KMS entry, module private_cloud_kms), then check the "
    "connection with key_provider_info",
)
_REFUSED = Cause(
    "the KMS lets vCenter in, but does not create keys for it or give it keys (Broadcom KB 435158)",
    "in the KMS, give vCenter's client identity the rights to create, activate and get keys, and verify with "
    "kmip_server_test",
)
_TRUST = Cause(
    "vCenter and the KMIP server do not trust each other",
    "read both trust flags with key_provider_info, then renew what is missing with standard_key_provider or "
    "key_provider_client_certificate",
)
HOST_LACKS_KEY = Cause(
    "the host does not have the key; usually its connection to the key provider is interrupted, or its encryption mode "
    "is off",
    "check the key provider with key_provider_info and the host with host_encryption_info, fix the connection, then "
    "run vm_unlock, which says whether a key is really missing",
)
_GONE = Cause(
    "the key no longer exists in its key provider",
    "restore the key in the KMS, or the native key provider from its backup",
)
# words that mean one thing wherever vCenter says them; order counts: the first that fits
_CERTAIN: tuple[tuple[str, Cause], ...] = (
    (
        r"QLC_ERR_VALUE_MISSING|QLC_ERR.*password",
        Cause(
            "vCenter's settings no longer have the password for the KMIP server (Broadcom KB 396701)",
            "set the server's password again with standard_key_provider",
        ),
    ),
    (r"QLC_ERR_COMMUNICATE", _REACH),
    (
        r"QLC_ERR_SSL",
        Cause(
            "vCenter and the KMIP server fail in the TLS handshake",
            "check the server's port (OKMS for vCenter: 5697) and both trust flags with key_provider_info, then "
            "renew what is missing with standard_key_provider or key_provider_client_certificate",
        ),
    ),
    (
        r"encryptForbiddenWithoutEncryptedProfile",
        Cause(
            "an encryption of home or a disk named no encryption storage policy",
            "rerun, because the VM's policy may have changed meanwhile; otherwise name an encryption storage policy in "
            "the option policy",
        ),
    ),
    (
        r"bad[ _]certificate",
        Cause(
            "the KMIP server refuses the client certificate; OKMS does so if no IAM policy lets the certificate's "
            "identity use KMIP",
            "on OKMS, give that identity a policy on the domain with the role okms or with iam_policy and wait a "
            "minute; otherwise give vCenter a new certificate with key_provider_client_certificate",
        ),
    ),
    (
        r"cannot retrieve the requested certificate",
        Cause(
            "vCenter cannot read the KMIP server's certificate",
            "check the server's address, its port (OKMS for vCenter: 5697) and the KMS entry (private_cloud_kms), and "
            "read the certificate with kmip_server_info",
        ),
    ),
    (
        r"keys? (is|are) missing on (the )?(kms|key server)|recover the missing key to the key provider",
        Cause(
            "the KMS answers, but it does not have the key or does not return it",
            "look for the key id in the KMS: activate or restore the key there, or let vCenter's client identity get "
            "it; then run vm_unlock",
        ),
    ),
    (r"item_not_found", _GONE),
    (
        r"required key was not found|encryptionkeyrequired|keys? (is|are) (required|missing)\b|key required for|"
        r"required encryption keys|key locator|keysafe\.locator|vigor\.enc\.key",
        HOST_LACKS_KEY,
    ),
    (
        r"read.?only",
        Cause(
            "the KMS is read-only: it returns existing keys and creates no new ones",
            "wait and rerun; OKMS is read-only while two of its zones or database hosts are down. VMs keep running, "
            "and moves to an existing key work",
        ),
    ),
    (
        r"operation is not supported by the server",
        Cause(
            "the KMIP server refuses an operation that vCenter needs",
            "verify with kmip_server_test; OKMS is read-only while two of its zones or database hosts are down: in "
            "that case, wait and rerun",
        ),
    ),
    (
        r"create operation failed.*general_failure",
        Cause(
            "the KMS does not create new keys now",
            "verify with kmip_server_test; OKMS is read-only while two of its zones or database hosts are down: in "
            "that case, wait and rerun. VMs keep running, and moves to an existing key work",
        ),
    ),
)
# the same for a failure of a key or of vSAN; elsewhere these words may mean something else
_KNOWN: tuple[tuple[str, Cause], ...] = (
    (
        r"evacuate|redundancy",
        Cause(
            "vSAN cannot empty a disk group and keep full redundancy",
            "add capacity or a host, or set allow_reduced_redundancy: true after a backup",
        ),
    ),
    (
        r"vsan esa|express storage",
        Cause(
            "vSAN with the Express Storage Architecture can only be encrypted when the cluster is created",
            "create a new cluster with encryption and move the VMs there",
        ),
    ),
    (
        r"authentication_not_successful|authentication.*(fail|not success)",
        Cause(
            "the KMIP server does not accept vCenter's user name, password or certificate",
            "set the server's login again with standard_key_provider, or a new certificate with "
            "key_provider_client_certificate",
        ),
    ),
    (r"permission_denied|not (allowed|authorized|permitted)|operation_not_supported", _REFUSED),
    (r"does not trust|not trusted|certificate (verify|has|is|was|expired|unknown|revoked|required)|handshake", _TRUST),
    (
        r"(no|default) (default )?key provider.*(not set|not configured|missing)|no default",
        Cause(
            "there is no default key provider for this cluster",
            "make one the default with standard_key_provider or native_key_provider",
        ),
    ),
    (
        r"requires? backup|not (been )?backed up|keyProviderNotBackedUp",
        Cause("the native key provider is not backed up", "back it up with native_key_provider_backup"),
    ),
    (
        r"\btpm\b",
        Cause(
            "the native key provider requires a TPM 2.0, which the host does not have",
            "use a key provider with tpm_required: false for this cluster",
        ),
    ),
    (r"keynotfound|key .*(not found|missing)|cannot be (found|derived)", _GONE),
    (
        r"is (deactivated|compromised|destroyed|preactive)|not active",
        Cause("the key is not active in the KMS", "activate the key in the KMS again"),
    ),
    (r"cannot connect|unreachable|timed? ?out|connection refused|no route|not answer|has no servers", _REACH),
    (
        r"not connected|hostnotconnected|notresponding|disconnected",
        Cause("the host is not connected to vCenter", "connect the host again"),
    ),
    (
        r"cannot generate key",
        Cause(
            "the key provider returned no key",
            "check its state with key_provider_info, and verify with kmip_server_test",
        ),
    ),
)

# words for CryptoKeyStatus.reason; a provider's own reason is in _KNOWN
_STATUS = {
    "KeyStateMissingInCache": Cause(
        "vCenter does not have the key, and cannot get it",
        "restore the key provider that created it: a native one from its backup, with native_key_provider",
    ),
    "KeyStateClusterInvalid": Cause(
        "the key's provider does not exist in this vCenter",
        "create it again under the same name: standard_key_provider, or native_key_provider with restore_from",
    ),
    "KeyStateClusterUnreachable": _REACH,
    "KeyStateMissingInKMS": Cause(
        "the key does not exist in the KMS",
        "restore the key in the KMS from its own backup; without it, the data is lost",
    ),
    "KeyStateNotActiveOrEnabled": Cause(
        "the key is not active in the KMS (deactivated, expired or revoked)",
        "activate the key in the KMS again, then rekey the VM",
    ),
    "NoPermissionToAccessKeyProvider": _REFUSED,
    "WrappingKeyMissingInKMS": Cause(
        "the provider's wrapping key does not exist in the KMS",
        "restore the wrapping key in the KMS",
    ),
    "WrappingKeyNotActiveOrEnabled": Cause(
        "the provider's wrapping key is not active in the KMS",
        "activate the wrapping key in the KMS again",
    ),
}
UNKNOWN_CAUSE = Cause("vCenter gives no known reason", "check the object's task and events in vCenter")


def certain_cause(text: str) -> Cause | None:
    """The cause that a message of vCenter tells, whatever it is about; None when it is none of the known ones."""
    return _first(_CERTAIN, text)


def cause_of(text: str) -> Cause | None:
    """The same for a message about a key, a host's encryption mode, or vSAN encryption."""
    return certain_cause(text) or _first(_KNOWN, text)


def _first(known: tuple[tuple[str, Cause], ...], text: str) -> Cause | None:
    for pattern, cause in known:
        if re.search(pattern, text, re.IGNORECASE):
            return cause
    return None


def cause_of_status(reason: str | None) -> Cause:
    """Words for the reason of a CryptoKeyStatus that is not available."""
    return _STATUS.get(
        reason or "", Cause(f"the key is not available ({reason or 'no reason given'})", UNKNOWN_CAUSE[1])
    )


def with_cause(error: Error) -> Error:
    """The same error, with cause and next step when they are known; to be raised in its place."""
    # what comes before is ours, and names objects
    cause = cause_of(error.message.partition(": ")[2] or error.message)
    if cause is None or "next_step" in error.details:
        return error
    message = f"{error.message}. Cause: {cause.reason}. Next step: {cause.next_step}"
    made = type(error)(message, **{**error.details, "cause": cause.reason, "next_step": cause.next_step})
    made.results = error.results
    return made
