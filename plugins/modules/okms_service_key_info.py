#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: okms_service_key_info
short_description: List service keys of OVHcloud KMS (OKMS) domains
description:
  - Lists the service keys of one domain, or of all domains that the account can see, without destroyed keys.
  - If there are none, the list is empty; this is not an error. It never contains a secret part of a key.
  - vCenter's keys are KMIP objects and are not listed here.
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
requirements:
  - cryptography >= 38.0
options:
  okms_id:
    description: Only keys of this domain. Without it, those of all domains.
    type: str
  key_id:
    description: Only the key with this id.
    type: str
  name:
    description: Only keys with this name.
    type: str
  type:
    description: Only keys of this type.
    type: str
    choices: [oct, RSA, EC]
  states:
    description: Only keys in one of these states.
    type: list
    elements: str
    choices: [PRE_ACTIVE, ACTIVE, DEACTIVATED, COMPROMISED]
  public_keys:
    description: Whether to read the public part of asymmetric keys too, with two calls for each.
    type: bool
    default: false
  regional_api:
    description:
      - Whether to read over each domain's regional API what the central one does not return (protection level,
        extractable), with one call for each key.
      - It accepts only tokens. With an application key, the module fails before any call.
    type: bool
    default: false
seealso:
  - module: ovhcloud.vmware_encryption.okms_service_key
"""

EXAMPLES = r"""
- name: Find keys that could be deleted
  ovhcloud.vmware_encryption.okms_service_key_info:
    okms_id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
    states: [DEACTIVATED, COMPROMISED]
  register: unused
"""

RETURN = r"""
service_keys:
  description: The keys, by domain, name and date.
  returned: success
  type: list
  elements: dict
  contains:
    okms_id:
      description: Id of the domain.
      type: str
      sample: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31
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
      description: Public part of an asymmetric key in PEM, null without O(public_keys=true).
      type: str
      sample: null
    public_key_sha256:
      description: SHA-256 of the public key, null without O(public_keys=true).
      type: str
      sample: null
"""


from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import CRYPTOGRAPHY
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    text,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import require
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    connect,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.service_key_resource import (
    OkmsServiceKeyInfo,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.service_keys import (
    ALIVE,
    ENDED_KEY_STATES,
)

SPEC = ArgSpec(
    connection(),
    okms_id=text(),
    key_id=text(),
    name=text(),
    type=text(choices=("oct", "RSA", "EC")),
    states=texts(choices=(*ALIVE, *ENDED_KEY_STATES)),
    public_keys=boolean(default=False),
    regional_api=boolean(default=False),
    trimmed=("okms_id", "key_id", "name"),
)


def build(context: Context) -> OkmsServiceKeyInfo:
    """The reader for the options of the module."""
    require(CRYPTOGRAPHY)
    return OkmsServiceKeyInfo(context, connect(context))


def main() -> None:
    """Entry point."""
    run_info(SPEC, build)


if __name__ == "__main__":
    main()
