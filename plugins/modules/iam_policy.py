#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_policy
short_description: Manage an OVHcloud IAM policy
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Creates, changes and removes an IAM policy, identified by its name.
  - A policy grants each of its actions on each of its resources to each of its identities. Adding to
    a policy with other entries would therefore grant more than you asked for. The module refuses this and names
    what it would grant, unless you allow it.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
options:
  name:
    description: Name of the policy. Names that start with C(ovh-) are reserved for OVHcloud.
    type: str
    required: true
  state:
    description: Whether the policy must exist.
    type: str
    choices: [present, absent]
    default: present
  identities:
    description:
      - Who gets the rights, as URNs or as V(user:LOGIN), V(group:NAME), V(service_account:CLIENT_ID) or V(account).
      - Required for a new policy.
    type: list
    elements: str
  resources:
    description:
      - What the rights apply to, as URNs or as V(okms:ID), V(private_cloud:SERVICE_NAME),
        V(service_pack:SERVICE_NAME), V(resource_group:ID) or V(account).
      - A policy for a vSphere role needs both the private cloud and its service pack, and the role's action in
        O(allow), because OVHcloud's permissions groups do not contain it.
      - Required for a new policy.
    type: list
    elements: str
  allow:
    description:
      - Actions that are allowed. V(*) at the end of an action or of a URN stands for any text.
      - A new policy needs O(allow), O(deny) or O(permissions_groups).
    type: list
    elements: str
  except:
    description: Actions that this policy does not allow although O(allow) includes them.
    type: list
    elements: str
  deny:
    description: Actions that are denied, whatever other policies allow.
    type: list
    elements: str
  permissions_groups:
    description: URNs of groups of permissions.
    type: list
    elements: str
  description:
    description: Description of the policy. If not given, unchanged. An empty text clears it.
    type: str
  conditions:
    description: Conditions in the API's form. If not given, unchanged. An empty dictionary removes them.
    type: dict
  expires_at:
    description:
      - When the policy expires, such as V(2027-01-01T00:00:00Z). If not given, unchanged. An empty text removes the
        expiry.
    type: str
  purge:
    description:
      - Whether to remove entries of the policy that the given lists do not contain.
      - By default, they stay. A list that is not given always stays unchanged.
    type: bool
    default: false
  allow_widening:
    description: Whether an addition may grant more than you ask for, because of other entries in the policy.
    type: bool
    default: false
seealso:
  - module: ovhcloud.vmware_encryption.iam_policy_info
  - module: ovhcloud.vmware_encryption.api_rights_info
notes:
  - A changed policy can take a minute to come into effect.
"""

EXAMPLES = r"""
- name: Let the identity in vCenter's certificate use the keys of one OKMS domain
  ovhcloud.vmware_encryption.iam_policy:
    name: okms-vcenter-prod
    description: KMIP rights of vCenter's certificate
    identities: ["user:vcenter-kmip"]
    resources: ["okms:7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"]
    allow:
      - okms:kmip:activate
      - okms:kmip:addAttribute
      - okms:kmip:create
      - okms:kmip:destroy
      - okms:kmip:get
      - okms:kmip:getAttributeList
      - okms:kmip:getAttributes
      - okms:kmip:modifyAttribute
      - okms:kmip:register
      - okms:kmip:revoke

- name: Ask which rights this identity needs
  ovhcloud.vmware_encryption.api_rights_info:
    option: okms
    service_name: pcc-198-51-100-10
  register: found

- name: Grant them, as an identity that may manage policies
  ovhcloud.vmware_encryption.iam_policy:
    name: "{{ policy.name }}"
    identities: "{{ policy.identities }}"
    resources: "{{ policy.resources | map(attribute='urn') }}"
    allow: "{{ policy.permissions.allow | map(attribute='action') }}"
    purge: true
  vars:
    policy: "{{ found.profiles.operate.iam_policy }}"
"""

RETURN = r"""
policy:
  description: The policy, empty if it is absent.
  returned: success
  type: dict
  contains:
    id:
      description: Id, null in check mode for a new policy.
      type: str
      sample: b1c2d3e4-0000-4000-8000-aabbccddeeff
    name:
      description: Name.
      type: str
      sample: okms-vcenter-prod
    description:
      description: Description, null if there is none.
      type: str
      sample: KMIP rights of vCenter's certificate
    identities:
      description: Who gets the rights.
      type: list
      elements: str
      sample: ["urn:v1:eu:identity:user:ab12345-ovh/vcenter-kmip"]
    resources:
      description: What the rights apply to.
      type: list
      elements: str
      sample: ["urn:v1:eu:resource:okms:7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"]
    allow:
      description: Allowed actions.
      type: list
      elements: str
      sample: ["okms:kmip:create"]
    except:
      description: Actions that are taken out of the allowed ones.
      type: list
      elements: str
      sample: []
    deny:
      description: Denied actions.
      type: list
      elements: str
      sample: []
    permissions_groups:
      description: Groups of permissions.
      type: list
      elements: str
      sample: []
    conditions:
      description: Conditions, null if there are none.
      type: dict
      sample: null
    expires_at:
      description: When it ends, null for never.
      type: str
      sample: null
    owner:
      description: The account.
      type: str
      sample: ab12345-ovh
    read_only:
      description: Whether OVHcloud maintains the policy, so that nobody can change it.
      type: bool
      sample: false
    created_at:
      description: When it was made.
      type: str
      sample: "2026-09-01T08:00:00Z"
    updated_at:
      description: When it was changed last, null for never.
      type: str
      sample: null
unasked:
  description: Entries that the policy holds, or held before O(purge), and that you did not ask for, by list.
  returned: success
  type: dict
  sample: {identities: ["urn:v1:eu:identity:user:ab12345-ovh/alice"]}
"""


from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    state_option,
    text,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.iam.policies import (
    LISTS,
    IamPolicy,
    Policies,
)

SPEC = ArgSpec(
    connection(),
    state_option(),
    name=text(required=True),
    description=text(),
    conditions={"type": "dict"},
    expires_at=text(),
    purge=boolean(default=False),
    allow_widening=boolean(default=False),
    trimmed=("name",),
    **{name: texts() for name in LISTS},
)


def build(context: Context) -> IamPolicy:
    """The resource for these options."""
    return IamPolicy(context, Policies(connect(context)))


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
