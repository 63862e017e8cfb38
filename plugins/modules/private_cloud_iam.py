#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: private_cloud_iam
short_description: Connect a VMware on OVHcloud private cloud with OVHcloud IAM
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Enables or disables OVHcloud IAM on a private cloud and adds vSphere roles, which IAM policies then let identities
    assume.
  - Local vSphere users stay unchanged. Certified or secured private clouds (HDS, PCI DSS, HIPAA,
    SecNumCloud) and private clouds with NSX cannot use IAM; the module recognises this before it tries.
  - Enabling takes up to 30 minutes.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
  - ovhcloud.vmware_encryption._wait
options:
  service_name:
    description: Name of the private cloud.
    type: str
    required: true
  state:
    description: Whether IAM must be on.
    type: str
    choices: [enabled, disabled]
    default: enabled
  roles:
    description:
      - Roles that must exist besides V(iam-admin) and V(iam-auditor), which are part of IAM. OVHcloud adds the prefix
        C(iam-) to their names. Other roles stay, because the API cannot remove them.
      - A role is listed among the vSphere users, and gets its rights with
        M(ovhcloud.vmware_encryption.private_cloud_user).
    type: list
    elements: str
    default: []
  confirm_name:
    description: The private cloud's name again, required to disable IAM, which ends all logins through IAM.
    type: str
  wait_timeout:
    description:
      - How long to wait at most, in seconds. If the time runs out, the module fails, nothing is lost, and the next run
        continues.
    type: int
    default: 3600
seealso:
  - module: ovhcloud.vmware_encryption.iam_policy
  - module: ovhcloud.vmware_encryption.private_cloud_user
"""

EXAMPLES = r"""
- name: Enable IAM with a role for encryption administrators
  ovhcloud.vmware_encryption.private_cloud_iam:
    service_name: pcc-198-51-100-10
    roles: [encryption]

- name: Grant that role the right to manage key providers
  ovhcloud.vmware_encryption.private_cloud_user:
    service_name: pcc-198-51-100-10
    name: iam-encryption
    encryption_right: true

- name: Let a group of the account assume the role
  ovhcloud.vmware_encryption.iam_policy:
    name: vsphere-encryption
    identities: ["group:encryption"]
    resources: [private_cloud:pcc-198-51-100-10, service_pack:pcc-198-51-100-10]
    allow: ["pccVMware:vSphere:assumeRole?iam-encryption"]
"""

RETURN = r"""
iam:
  description: The IAM option of the private cloud.
  returned: success
  type: dict
  contains:
    service_name:
      description: The private cloud.
      type: str
      sample: pcc-198-51-100-10
    state:
      description: V(enabled), V(disabled), or an intermediate state, such as V(enabling).
      type: str
      sample: enabled
    available:
      description: Whether IAM is on or could be.
      type: bool
      sample: true
    reason:
      description: Why it cannot be enabled, null if it can.
      type: str
      sample: null
    identity_provider_id:
      description: Id of the identity provider, null if IAM is off or, in check mode, not known yet.
      type: int
      sample: 12
    roles:
      description: Names of the roles.
      type: list
      elements: str
      sample: [iam-admin, iam-auditor, iam-encryption]
    actions:
      description: The IAM actions that let an identity assume the roles.
      type: list
      elements: str
      sample: ["pccVMware:vSphere:assumeRole?iam-admin", "pccVMware:vSphere:assumeRole?iam-auditor"]
"""

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    text,
    texts,
    wait_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.iam import (
    CloudIam,
    PrivateCloudIam,
)

SPEC = ArgSpec(
    connection(),
    wait_options(timeout=3600),
    service_name=text(required=True),
    state=text(default="enabled", choices=("enabled", "disabled")),
    roles=texts(default=[]),
    confirm_name=text(),
    trimmed=("roles",),
)


def build(context: Context) -> PrivateCloudIam:
    """The resource for these options."""
    iam = CloudIam(connect(context), context.params["service_name"], Patience.of(context.params))
    return PrivateCloudIam(context, iam)


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
