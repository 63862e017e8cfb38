#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_policy_info
short_description: Read OVHcloud IAM policies
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Reads the IAM policies of the account, all of them or those that name an identity, a resource or an action.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
options:
  name:
    description: Only the policy with this name.
    type: str
  identity:
    description:
      - Only policies that name this identity, in the form of
        O(ovhcloud.vmware_encryption.iam_policy#module:identities).
    type: str
  resource:
    description:
      - Only policies that name this resource, in the form of
        O(ovhcloud.vmware_encryption.iam_policy#module:resources).
    type: str
  action:
    description: Only policies that name exactly this action, such as V(okms:kmip:create), not those that include it by
      V(*).
    type: str
seealso:
  - module: ovhcloud.vmware_encryption.iam_policy
"""

EXAMPLES = r"""
- name: Find the policies for the identity in vCenter's certificate
  ovhcloud.vmware_encryption.iam_policy_info:
    identity: user:vcenter-kmip
  register: found
"""

RETURN = r"""
policies:
  description: The policies, by name, with the fields that M(ovhcloud.vmware_encryption.iam_policy) returns.
  returned: success
  type: list
  elements: dict
  sample:
    - id: b1c2d3e4-0000-4000-8000-aabbccddeeff
      name: okms-vcenter-prod
      description: null
      identities: ["urn:v1:eu:identity:user:ab12345-ovh/vcenter-kmip"]
      resources: ["urn:v1:eu:resource:okms:7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"]
      allow: ["okms:kmip:create"]
      except: []
      deny: []
      permissions_groups: []
      conditions: null
      expires_at: null
      owner: ab12345-ovh
      read_only: false
      created_at: "2026-09-01T08:00:00Z"
      updated_at: null
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec, text
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.iam.policies import Policies
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.iam.urns import Urns

SPEC = ArgSpec(
    connection(),
    name=text(),
    identity=text(),
    resource=text(),
    action=text(),
    trimmed=("name",),
)


class IamPolicyInfo:
    """Reader of policies."""

    def __init__(self, params: t.Mapping[str, t.Any], policies: Policies) -> None:
        self._params = params
        self._policies = policies

    def find(self) -> dict[str, t.Any]:
        """The policies that match."""
        params, urns = self._params, Urns(self._policies.who)
        filters = {
            "identity": urns.identities([params["identity"]]) if params["identity"] else None,
            "resourceURN": urns.resources([params["resource"]]) if params["resource"] else None,
            "action": [params["action"]] if params["action"] else None,
        }
        chosen = {name: value for name, value in filters.items() if value}
        found = self._policies.every(chosen)
        return {"policies": [state for state in found if params["name"] in (None, "", state["name"])]}


def build(context: Context) -> IamPolicyInfo:
    """The reader for these options."""
    return IamPolicyInfo(context.params, Policies(connect(context)))


def main() -> None:
    """Entry point."""
    run_info(SPEC, build)


if __name__ == "__main__":
    main()
