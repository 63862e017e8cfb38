# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes that vCenter, a host or a KMIP server tells in words. Pure."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import (
    CRITICAL,
    GUIDE_KMS,
    GUIDE_OKMS,
    KMIP,
    LOCKED,
    READ_ONLY,
    VSAN,
    WARNING,
    Cause,
    Known,
    Patterns,
)

_KMS_EVENTS, _VM_EVENTS = "com.vmware.vc.kms.crypto", "com.vmware.vc.vm.Crypto.VMLocked"
UNREACHABLE = Known(
    "kmip_server_unreachable", CRITICAL,
    Cause(
        "vCenter cannot reach the KMIP server",
        "check its address, port and firewall (on OVHcloud the KMS entry, module private_cloud_kms), then check the "
        "connection with key_provider_info",
    ),
    "Broadcom KB 396701 (frame of the text); code from notes of users",
    "Failed to generate key on KMS 192.0.2.1: QLC_ERR_COMMUNICATE",
    (f"{_KMS_EVENTS}.Unreachable",),
)  # fmt: skip
REFUSES_KEYS = Known(
    "kms_refuses_keys", CRITICAL,
    Cause(
        "the KMS lets vCenter in, but does not create keys for it or give it keys (Broadcom KB 435158)",
        "in the KMS, give vCenter's client identity the rights to create, activate and get keys, and verify with "
        "kmip_server_test",
    ),
    f"Broadcom KB 435158; {KMIP}",
    "Create operation failed on the server: Permission_Denied",
)  # fmt: skip
TRUST = Known(
    "trust_missing", CRITICAL,
    Cause(
        "vCenter and the KMIP server do not trust each other",
        "read both trust flags with key_provider_info, then renew what is missing with standard_key_provider or "
        "key_provider_client_certificate",
    ),
    GUIDE_OKMS,
    "the server kms1 is not trusted",
)  # fmt: skip
HOST_LACKS_KEY = Known(
    "host_lacks_key", CRITICAL,
    Cause(
        "the host does not have the key; usually its connection to the key provider is interrupted, or its encryption "
        "mode is off",
        "check the key provider with key_provider_info and the host with host_encryption_info, fix the connection, "
        "then run vm_unlock, which says whether a key is really missing",
    ),
    LOCKED,
    "The disk [datastore1] db-01/db-01.vmdk is encrypted and a required key was not found.",
    (f"{_VM_EVENTS}.KeyMissingOnHost",),
)  # fmt: skip
KEY_GONE = Known(
    "key_gone", CRITICAL,
    Cause(
        "the key no longer exists in its key provider",
        "restore the key in the KMS, or the native key provider from its backup",
    ),
    KMIP,
    "Get operation failed on the server: Item_Not_Found",
)  # fmt: skip
NO_KEY_RETURNED = Known(
    "no_key_returned", CRITICAL,
    Cause(
        "the key provider returned no key",
        "check its state with key_provider_info, and verify with kmip_server_test",
    ),
    GUIDE_KMS,
    "A runtime fault occurred: Cannot generate key",
    (f"{_KMS_EVENTS}.KeyGenerateFail",),
)  # fmt: skip
NOT_BACKED_UP = Known(
    "provider_not_backed_up", CRITICAL,
    Cause("the native key provider is not backed up", "back it up with native_key_provider_backup"),
    "vSphere Security, back up a vSphere Native Key Provider",
    "Key provider nkp-prod requires backup.",
    (f"{_KMS_EVENTS}.NotBackedUp",),
)  # fmt: skip
MISSING_IN_KMS = Known(
    "keys_missing_in_kms", CRITICAL,
    Cause(
        "the KMS answers, but it does not have the key or does not return it",
        "look for the key id in the KMS: activate or restore the key there, or let vCenter's client identity get it; "
        "then run vm_unlock",
    ),
    LOCKED,
    "Virtual machine is locked because keys are missing on KMS cluster.",
    (f"{_VM_EVENTS}.KeyMissingOnKMS", f"{_KMS_EVENTS}.SendKeyError.KeyMissingOnKMS"),
)  # fmt: skip
# words that mean one thing wherever vCenter says them; order counts: the first that fits. A wildcard has an end, so
# that the time for a long text grows with its length only
CERTAIN: Patterns = (
    (
        r"QLC_ERR_VALUE_MISSING|QLC_ERR.{0,200}password",
        Known(
            "kms_password_missing", CRITICAL,
            Cause(
                "vCenter's settings no longer have the password for the KMIP server (Broadcom KB 396701)",
                "set the server's password again with standard_key_provider",
            ),
            "Broadcom KB 396701",
            "Failed to generate key on KMS 192.0.2.1: QLC_ERR_VALUE_MISSING",
        ),
    ),
    (r"QLC_ERR_COMMUNICATE", UNREACHABLE),
    (
        r"QLC_ERR_SSL",
        Known(
            "tls_handshake_fails", CRITICAL,
            Cause(
                "vCenter and the KMIP server fail in the TLS handshake",
                "check the server's port (OKMS for vCenter: 5697) and both trust flags with key_provider_info, then "
                "renew what is missing with standard_key_provider or key_provider_client_certificate",
            ),
            f"Broadcom KB 396701 (frame of the text); {GUIDE_OKMS}",
            "Failed to generate key on KMS 192.0.2.1: QLC_ERR_SSL",
        ),
    ),
    (
        r"encryptForbiddenWithoutEncryptedProfile",
        Known(
            "encryption_policy_missing", WARNING,
            Cause(
                "the home or a disk would have been encrypted without an encryption storage policy",
                "rerun, because the VM's policy may have changed meanwhile; otherwise name an encryption storage "
                "policy in the option policy",
            ),
            "notes of users; the rule is in vSphere Security",
            "Fault cause: vim.fault.encryptForbiddenWithoutEncryptedProfile",
        ),
    ),
    (
        r"bad[ _]certificate",
        Known(
            "client_certificate_refused", CRITICAL,
            Cause(
                "the KMIP server refuses the client certificate; OKMS does so if no IAM policy lets the certificate's "
                "identity use KMIP",
                "on OKMS, give that identity a policy on the domain with the role okms or with iam_policy and wait a "
                "minute; otherwise give vCenter a new certificate with key_provider_client_certificate",
            ),
            f"RFC 8446, alert bad_certificate; {GUIDE_OKMS}",
            "tlsv1 alert bad certificate",
        ),
    ),
    (
        r"cannot retrieve the requested certificate",
        Known(
            "server_certificate_unreadable", CRITICAL,
            Cause(
                "vCenter cannot read the KMIP server's certificate",
                "check the server's address, its port (OKMS for vCenter: 5697) and the KMS entry (private_cloud_kms), "
                "and read the certificate with kmip_server_info",
            ),
            "github.com/OpenKMIP/PyKMIP issue 626",
            "Cannot retrieve the requested certificate",
        ),
    ),
    (
        r"keys? (is|are|was|were) missing on (the )?(kms|key server|key provider)|"
        r"recover the missing key to the key provider",
        MISSING_IN_KMS,
    ),
    (
        r"unable to decrypt the ciphertext|failed to decrypt the key",
        Known(
            "native_keys_differ", CRITICAL,
            Cause(
                "the native key provider of that name in the other vCenter has another key: it was added there, not "
                "restored from the backup (Broadcom KB 378053; for VMs with a vTPM only, KB 386333)",
                "compare key_id of both with key_provider_info; restore the source's provider in the other vCenter "
                "with native_key_provider and restore_from, or the playbook encryption_exit, and move the VM again",
            ),
            "Broadcom KB 378053 and KB 386333",
            "Unable to decrypt the ciphertext. Failed to decrypt the key",
        ),
    ),
    (r"item_not_found", KEY_GONE),
    (
        r"required key was not found|encryptionkeyrequired|keys? (is|are) (required|missing)\b|key required for|"
        r"keys were missing on the host|required encryption keys|key locator|keysafe\.locator|vigor\.enc\.key",
        HOST_LACKS_KEY,
    ),
    (
        r"read.?only",
        Known(
            "kms_read_only", WARNING,
            Cause(
                "the KMS is read-only: it returns existing keys and creates no new ones",
                "wait and rerun; OKMS is read-only while two of its zones or database hosts are down. VMs keep "
                "running, and moves to an existing key work",
            ),
            READ_ONLY,
            "Create operation failed on the server: General_Failure, the service is in read-only mode",
        ),
    ),
    (
        r"operation is not supported by the server",
        Known(
            "kmip_operation_refused", CRITICAL,
            Cause(
                "the KMIP server refuses an operation that vCenter needs",
                "verify with kmip_server_test; OKMS is read-only while two of its zones or database hosts are down: "
                "in that case, wait and rerun",
            ),
            "github.com/OpenKMIP/PyKMIP issue 218",
            "Get_Attributes operation is not supported by the server",
        ),
    ),
    (
        r"create operation failed.{0,200}general_failure",
        Known(
            "kms_creates_no_keys", WARNING,
            Cause(
                "the KMS does not create new keys now",
                "verify with kmip_server_test; OKMS is read-only while two of its zones or database hosts are down: "
                "in that case, wait and rerun. VMs keep running, and moves to an existing key work",
            ),
            f"{KMIP}; {READ_ONLY}",
            "Create operation failed on the server: General_Failure",
        ),
    ),
)  # fmt: skip
# the same for a failure of a key or of vSAN; elsewhere these words may mean something else
PROBABLE: Patterns = (
    (
        r"evacuate|redundancy",
        Known(
            "vsan_cannot_evacuate", WARNING,
            Cause(
                "vSAN cannot empty a disk group and keep full redundancy",
                "add capacity or a host, or set allow_reduced_redundancy: true after a backup",
            ),
            VSAN,
            "The disk group cannot be evacuated",
        ),
    ),
    (
        r"vsan esa|express storage",
        Known(
            "vsan_esa_cannot_change", WARNING,
            Cause(
                "vSAN with the Express Storage Architecture can only be encrypted when the cluster is created",
                "create a new cluster with encryption and move the VMs there",
            ),
            VSAN,
            "Encryption cannot be changed on vSAN ESA",
        ),
    ),
    (
        r"authentication_not_successful|authentication.{0,200}(fail|not success)",
        Known(
            "kms_login_refused", CRITICAL,
            Cause(
                "the KMIP server does not accept vCenter's user name, password or certificate",
                "set the server's login again with standard_key_provider, or a new certificate with "
                "key_provider_client_certificate",
            ),
            KMIP,
            "Get operation failed on the server: Authentication_Not_Successful",
        ),
    ),
    (r"permission_denied|not (allowed|authorized|permitted)|operation_not_supported", REFUSES_KEYS),
    (r"does not trust|not trusted|certificate (verify|has|is|was|expired|unknown|revoked|required)|handshake", TRUST),
    (
        r"(no|default) (default )?key provider.{0,200}(not set|not configured|missing)|no default",
        Known(
            "no_default_provider", WARNING,
            Cause(
                "there is no default key provider for this cluster",
                "make one the default with standard_key_provider or native_key_provider",
            ),
            "vSphere Security, set the default key provider",
            "Cannot generate key. The default key provider is not set.",
        ),
    ),
    (r"requires? backup|not (been )?backed up|keyProviderNotBackedUp", NOT_BACKED_UP),
    (
        r"\btpm\b",
        Known(
            "tpm_missing", WARNING,
            Cause(
                "the native key provider requires a TPM 2.0, which the host does not have",
                "use a key provider with tpm_required: false for this cluster",
            ),
            "OVHcloud guide vm-encrypt-vnkp",
            "Key provider nkp-prod requires TPM, which is missing on esx1.",
        ),
    ),
    (r"keynotfound|key .{0,200}(not found|missing)|cannot be (found|derived)", KEY_GONE),
    (
        r"is (deactivated|compromised|destroyed|preactive)|not active",
        Known(
            "key_not_active", CRITICAL,
            Cause("the key is not active in the KMS", "activate the key in the KMS again"),
            "OASIS KMIP 1.4, states of a key",
            "key 12 is Deactivated on the server",
        ),
    ),
    (r"cannot connect|unreachable|timed? ?out|connection refused|no route|not answer|has no servers", UNREACHABLE),
    (
        r"not connected|hostnotconnected|notresponding|disconnected",
        Known(
            "host_not_connected", WARNING,
            Cause("the host is not connected to vCenter", "connect the host again"),
            "vSphere Web Services API, HostNotConnected",
            "The host is not connected. (HostNotConnected)",
        ),
    ),
    (r"cannot generate key", NO_KEY_RETURNED),
)  # fmt: skip
