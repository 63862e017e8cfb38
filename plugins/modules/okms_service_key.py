#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: okms_service_key
short_description: Create, import, activate, deactivate and delete service keys of an OVHcloud KMS (OKMS) domain
description:
  - Service keys are the keys that applications use over OKMS's REST API. vCenter does not use them; it creates KMIP
    objects instead. OVHcloud bills their number each month, and a domain cannot be terminated while it holds any.
  - The module finds a key by O(key_id), otherwise by O(name) and O(type). Several keys with one name and type are an
    error, unless exactly one of them was never deactivated and O(state) is V(present) or V(active).
  - Type, size, curve and operations of a key can never change. If an existing key differs in one that is given, the
    module fails. It also fails if an asymmetric key's public part is not that of O(key). It cannot compare the material
    of a symmetric key, because OKMS never returns it.
  - Only keys that were created over OKMS's regional API, with O(regional_api=true), are within its PCI DSS scope, and
    only in the regions that offer it (Roubaix, Strasbourg, Gravelines, Limburg, Erith, Warsaw, Beauharnois). Keys that
    were created over OVHcloud's central API are not.
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
requirements:
  - cryptography >= 38.0
options:
  okms_id:
    description:
      - Id of the OKMS domain.
      - An empty string stands for a domain that will be ordered. Check mode then predicts a new key, a real run
        fails.
    type: str
    required: true
  key_id:
    description: Id of an existing key. Required to rename one. This or O(name) is required.
    type: str
  name:
    description: Name of the key, 1 to 32 printable ASCII characters. Names are not unique in OKMS.
    type: str
  type:
    description:
      - Type of the key, V(oct) is a symmetric key.
      - By default, a new key has the region's default type, and an existing one can have any.
    type: str
    choices: [oct, RSA, EC]
  size:
    description:
      - Bits of a key of type V(oct) or V(RSA). By default, the region's default. An imported O(key) has its own.
    type: int
  curve:
    description:
      - Curve of a key of type V(EC). By default, the region's default. An imported O(key) has its own.
    type: str
    choices: [P-256, P-384, P-521]
  operations:
    description: Purpose of the key. By default, what the region proposes for its type, or what the imported JWK says.
    type: list
    elements: str
    choices: [encrypt, decrypt, sign, verify, wrapKey, unwrapKey]
  protection_level:
    description:
      - Where the key is kept, V(SOFTWARE) or V(HSM), which is hardware. Not all regions offer it.
      - By default, a new key is in software. A key in an HSM cannot be imported, and the level can never change.
      - If OVHcloud's API does not return an existing key's level, the result is null, and a warning says that it
        was not compared.
    type: str
    choices: [SOFTWARE, HSM]
  extractable:
    description:
      - Whether the key may leave OKMS, wrapped by another key. OKMS remembers that a key was once extractable, even
        after this is disabled.
      - Only OKMS's regional API returns it and can create such a key, see O(regional_api).
      - If the API does not return it for an existing key, a warning says so, and nothing changes.
    type: bool
  regional_api:
    description:
      - Whether to create the key over the domain's regional API (REST), and to read there what the central API does
        not return, such as the protection level.
      - It accepts only tokens. With an application key, the module fails before any call. The identity needs
        C(okms:apikms:serviceKey/create), C(okms:apikms:serviceKey/get) and C(okms:apikms:serviceKey/update) on the
        domain.
    type: bool
    default: false
  context:
    description: Additional data bound to the key, at most 64 characters. Only used when the module creates the key.
    type: str
  key:
    description:
      - Your own key, to import instead of generating one.
      - It is a private key in PEM (RSA or EC), a JWK as JSON text (with the filter C(to_json)), or the base64 of a
        symmetric key.
      - It is only sent if there is no key yet, and never returned.
    type: str
  key_path:
    description: File with the content of O(key). Mutually exclusive with it.
    type: path
  state:
    description:
      - V(present) creates the key if there is none, and leaves an existing one's state unchanged.
      - V(active) does the same and activates it. It also activates a deactivated key again.
      - V(deactivated) disables it. The key must exist. Data that it encrypted cannot be read until it is active
        again.
      - V(absent) destroys a deactivated key. It requires O(confirm_name). Nobody can undo this.
    type: str
    choices: [present, active, deactivated, absent]
    default: present
  deactivation_reason:
    description:
      - Reason, for O(state=deactivated) only. V(key_compromise) and V(ca_compromise) mark the key as compromised, as
        OVHcloud's own console does.
      - V(unspecified) if it is not given. OKMS does not return the reason of a key that is already deactivated, so
        giving another one changes nothing, except that a compromise is always recorded.
    type: str
    choices:
      - unspecified
      - superseded
      - cessation_of_operation
      - affiliation_changed
      - privilege_withdrawn
      - key_compromise
      - ca_compromise
  confirm_name:
    description: The key's name, typed again. Required for O(state=absent).
    type: str
seealso:
  - module: ovhcloud.vmware_encryption.okms_service_key_info
  - module: ovhcloud.vmware_encryption.okms
"""

EXAMPLES = r"""
- name: Create a symmetric key
  ovhcloud.vmware_encryption.okms_service_key:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    name: billing-data
    type: oct
    size: 256
    state: active

- name: Import an RSA key
  ovhcloud.vmware_encryption.okms_service_key:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    name: signing
    key: "{{ vault_signing_key }}"
    operations: [sign, verify]

- name: Disable a key
  ovhcloud.vmware_encryption.okms_service_key:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    name: billing-data
    state: deactivated
    deactivation_reason: superseded

- name: Destroy it
  ovhcloud.vmware_encryption.okms_service_key:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    name: billing-data
    state: absent
    confirm_name: billing-data
"""

RETURN = r"""
service_key:
  description: The key, empty if it is absent. In check mode, unknown values are null.
  returned: success
  type: dict
  contains:
    id:
      description: Id of the key.
      type: str
      sample: 9a4c1f6e-2b3d-4c5e-8f70-112233445566
    name:
      description: Name of the key.
      type: str
      sample: billing-data
    type:
      description: V(oct), V(RSA) or V(EC).
      type: str
      sample: oct
    size:
      description: Its bits, null if its type is V(EC).
      type: int
      sample: 256
    curve:
      description: Its curve, null unless its type is V(EC).
      type: str
      sample: null
    operations:
      description: What it is for, sorted.
      type: list
      elements: str
      sample: [decrypt, encrypt]
    protection_level:
      description: V(SOFTWARE) or V(HSM), null if OVHcloud does not return it.
      type: str
      sample: SOFTWARE
    extractable:
      description: Whether the key may leave OKMS. Null if it was not requested, or is not returned.
      type: bool
      sample: null
    state:
      description: V(PRE_ACTIVE), V(ACTIVE), V(DEACTIVATED) or V(COMPROMISED).
      type: str
      sample: ACTIVE
    created_at:
      description: When it was made.
      type: str
      sample: "2026-09-01T06:10:00Z"
    urn:
      description: URN for IAM policies.
      type: str
      sample: urn:v1:eu:resource:okms:<okms id>/serviceKey/9a4c1f6e-2b3d-4c5e-8f70-112233445566
    tags:
      description: IAM tags.
      type: dict
      sample: {}
    public_key:
      description: Public part of an asymmetric key in PEM, null for a symmetric one.
      type: str
      sample: null
    public_key_sha256:
      description: SHA-256 of the public key, to compare with certificates and requests. Null for a symmetric key.
      type: str
      sample: null
"""


from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import CRYPTOGRAPHY
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    file_path,
    integer,
    text,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import require
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    connect,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.service_key_resource import (
    OkmsServiceKey,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.service_keys import (
    HSM,
    REASONS,
    SOFTWARE,
)

OPERATIONS = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]
SPEC = ArgSpec(
    connection(),
    okms_id=text(required=True),
    key_id=text(),
    name=text(),
    type=text(choices=("oct", "RSA", "EC")),
    size=integer(),
    curve=text(choices=("P-256", "P-384", "P-521")),
    operations=texts(choices=OPERATIONS),
    protection_level=text(choices=(SOFTWARE, HSM)),
    extractable=boolean(),
    regional_api=boolean(default=False),
    context=text(),
    key=text(secret=True),
    key_path=file_path(secret=False),
    state=text(default="present", choices=("present", "active", "deactivated", "absent")),
    deactivation_reason=text(choices=REASONS),
    confirm_name=text(),
    trimmed=("okms_id", "key_id", "name"),
    rules={
        "required_one_of": [("key_id", "name")],
        "required_if": [("state", "absent", ("confirm_name",))],
    },
)


def build(context: Context) -> OkmsServiceKey:
    """The resource for the options of the module."""
    require(CRYPTOGRAPHY)
    return OkmsServiceKey(context, connect(context))


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
