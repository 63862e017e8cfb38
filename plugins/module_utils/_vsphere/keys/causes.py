# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what vCenter says when a key is not to be had, to the cause and the next step, in words."""

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
    "vCenter cannot reach the key server",
    "check its address, port and firewall (on OVHcloud the KMS flow, module private_cloud_kms), then read the "
    "connection with key_provider_info",
)
_REFUSED = Cause(
    "the key server lets vCenter in, but does not make keys or hand them out to it (Broadcom KB 435158)",
    "give vCenter's client identity the rights to create, activate and get keys in the KMS, and prove it with "
    "kmip_server_test",
)
_TRUST = Cause(
    "vCenter and the key server do not trust each other",
    "read both trust flags with key_provider_info, then renew what is missing with standard_key_provider or "
    "key_provider_client_certificate",
)
HOST_LACKS_KEY = Cause(
    "the host does not have the key; most often its way to the key provider is cut, or its encryption mode is off",
    "read the key provider with key_provider_info and the host with host_encryption_info and mend the connection, then "
    "run vm_unlock, which says whether a key is really missing",
)
_GONE = Cause(
    "the key does not exist any more in its key provider",
    "restore the key in the KMS, or the native key provider from its backup",
)
# words that mean one thing wherever vCenter says them; order counts: the first that fits
_CERTAIN: tuple[tuple[str, Cause], ...] = (
    (
        r"QLC_ERR_VALUE_MISSING|QLC_ERR.*password",
        Cause(
            "the password for the key server is gone from vCenter's settings (Broadcom KB 396701)",
            "give the password of the server again with standard_key_provider",
        ),
    ),
    (r"QLC_ERR_COMMUNICATE", _REACH),
    (
        r"QLC_ERR_SSL",
        Cause(
            "vCenter and the key server do not agree in the TLS handshake",
            "check the port of the server (OKMS for vCenter: 5697) and both trust flags with key_provider_info, then "
            "renew what is missing with standard_key_provider or key_provider_client_certificate",
        ),
    ),
    (
        r"encryptForbiddenWithoutEncryptedProfile",
        Cause(
            "home or a disk was to be encrypted without an encryption storage policy",
            "run again, the policy of the VM may have changed meanwhile; else name an encryption storage policy in the "
            "option policy",
        ),
    ),
    (
        r"bad[ _]certificate",
        Cause(
            "the key server refuses the client certificate; OKMS does so when no IAM policy lets the identity of the "
            "certificate use KMIP",
            "on OKMS give that identity a policy on the domain with the role okms or with iam_policy and wait a "
            "minute; else give vCenter a new certificate with key_provider_client_certificate",
        ),
    ),
    (
        r"cannot retrieve the requested certificate",
        Cause(
            "vCenter cannot read the certificate of the key server",
            "check its address, its port (OKMS for vCenter: 5697) and the KMS flow (private_cloud_kms), and look at it "
            "with kmip_server_info",
        ),
    ),
    (
        r"keys? (is|are) missing on (the )?(kms|key server)|recover the missing key to the key provider",
        Cause(
            "the key server answers, but it does not have the key, or does not hand it out",
            "look for the key id in the key server: activate or restore the key there, or let vCenter's client "
            "identity get it; then run vm_unlock",
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
            "the key server is read-only: it hands out the keys that it has and makes no new ones",
            "wait and run again; OKMS is read-only while two of its zones or database hosts are down. VMs go on, and "
            "moves to a key that exists work",
        ),
    ),
    (
        r"operation is not supported by the server",
        Cause(
            "the key server refuses an operation that vCenter needs",
            "prove it with kmip_server_test; OKMS is read-only while two of its zones or database hosts are down: "
            "then wait and run again",
        ),
    ),
    (
        r"create operation failed.*general_failure",
        Cause(
            "the key server makes no new keys now",
            "prove it with kmip_server_test; OKMS is read-only while two of its zones or database hosts are down: "
            "then wait and run again. VMs go on, and moves to a key that exists work",
        ),
    ),
)
# the same for a failure of a key or of vSAN; elsewhere these words may mean something else
_KNOWN: tuple[tuple[str, Cause], ...] = (
    (
        r"evacuate|redundancy",
        Cause(
            "vSAN cannot empty a disk group and keep full redundancy",
            "add capacity or a host, or say allow_reduced_redundancy: true after a backup",
        ),
    ),
    (
        r"vsan esa|express storage",
        Cause(
            "vSAN of the Express Storage Architecture takes encryption only when the cluster is created",
            "make a new cluster with encryption and move the machines there",
        ),
    ),
    (
        r"authentication_not_successful|authentication.*(fail|not success)",
        Cause(
            "the key server does not accept vCenter's user name, password or certificate",
            "give the login of the server again with standard_key_provider, or a new certificate with "
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
            "the native key provider asks for a TPM 2.0 that the host does not have",
            "use a key provider with tpm_required: false for this cluster",
        ),
    ),
    (r"keynotfound|key .*(not found|missing)|cannot be (found|derived)", _GONE),
    (
        r"is (deactivated|compromised|destroyed|preactive)|not active",
        Cause("the key is not active in the key server", "activate the key in the KMS again"),
    ),
    (r"cannot connect|unreachable|timed? ?out|connection refused|no route|not answer|has no servers", _REACH),
    (
        r"not connected|hostnotconnected|notresponding|disconnected",
        Cause("the host is not connected to vCenter", "connect the host again"),
    ),
    (
        r"cannot generate key",
        Cause(
            "the key provider gave no key", "read its state with key_provider_info, and prove it with kmip_server_test"
        ),
    ),
)

# words for CryptoKeyStatus.reason; a provider's own reason is in _KNOWN
_STATUS = {
    "KeyStateMissingInCache": Cause(
        "vCenter does not have the key, and cannot get it",
        "bring back the key provider that made it: restore a native one from its backup with native_key_provider",
    ),
    "KeyStateClusterInvalid": Cause(
        "the key provider of the key does not exist in this vCenter",
        "make it again under the same name: standard_key_provider, or native_key_provider with restore_from",
    ),
    "KeyStateClusterUnreachable": _REACH,
    "KeyStateMissingInKMS": Cause(
        "the key does not exist in the key server",
        "restore the key in the KMS from its own backup; without it the data is lost",
    ),
    "KeyStateNotActiveOrEnabled": Cause(
        "the key is not active in the key server (deactivated, expired or revoked)",
        "activate the key in the KMS again, then rekey the machine",
    ),
    "NoPermissionToAccessKeyProvider": _REFUSED,
    "WrappingKeyMissingInKMS": Cause(
        "the wrapping key of the provider does not exist in the key server",
        "restore the wrapping key in the KMS",
    ),
    "WrappingKeyNotActiveOrEnabled": Cause(
        "the wrapping key of the provider is not active in the key server",
        "activate the wrapping key in the KMS again",
    ),
}
UNKNOWN = Cause("vCenter gives no reason that is known", "look at the task and the events of the object in vCenter")


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
    return _STATUS.get(reason or "", Cause(f"the key is not available ({reason or 'no reason given'})", UNKNOWN[1]))


def explained(error: Error) -> Error:
    """The same error, with cause and next step when they are known; to be raised in its place."""
    # what comes before is ours, and names objects
    cause = cause_of(error.message.partition(": ")[2] or error.message)
    if cause is None or "next_step" in error.details:
        return error
    message = f"{error.message}. Cause: {cause.reason}. Next step: {cause.next_step}"
    made = type(error)(message, **{**error.details, "cause": cause.reason, "next_step": cause.next_step})
    made.results = error.results
    return made
