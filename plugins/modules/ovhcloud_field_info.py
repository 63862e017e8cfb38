#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovhcloud_field_info
short_description: Read how the OVHcloud API behaves where this is not documented
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Looks at what this collection assumes of the OVHcloud API, of private clouds and of OKMS because no source confirms
    it, such as what the field of an OKMS domain's CA holds. The role C(field_check) compares the result with its
    catalogue of assumptions.
  - On request, it also compares the answers with the published contracts of the API.
  - Only reads. With an application key, it sends up to three calls that are signed for an earlier time, of which
    OVHcloud refuses some.
  - The result has no names, addresses or ids of your account.
  - It reads at most five private clouds, five OKMS domains, the newest 20 orders and 30 tasks, and of each domain, with
    a token, the attributes of 20 service keys and the metadata of 20 secrets.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
options:
  service_name:
    description: Only this private cloud, such as V(pcc-192-0-2-10). By default, all of the account, at most five.
    type: str
  contracts:
    description:
      - Types with which to compare the answers. C(routes) has the type of each route's answer, C(models) the fields of
        objects with their types, and the words of enums.
      - The role C(field_check) has them in its file C(contracts.json). Without them, nothing is compared.
    type: dict
seealso:
  - module: ovhcloud.vmware_encryption.vcenter_field_info
  - module: ovhcloud.vmware_encryption.api_rights_info
"""

EXAMPLES = r"""
- name: Look at this account
  ovhcloud.vmware_encryption.ovhcloud_field_info:
  register: found

- name: Show what was seen
  ansible.builtin.debug:
    msg: "{{ found.field.sightings | selectattr('fits') | items2dict(key_name='id', value_name='fits') }}"
"""

RETURN = r"""
field:
  description: What was seen.
  returned: success
  type: dict
  contains:
    sightings:
      description: The assumptions about OVHcloud that can be seen, by id.
      type: list
      elements: dict
      contains:
        id:
          description: Id of the assumption in the catalogue of the role C(field_check).
          type: str
          sample: public-ca
        fits:
          description: The values that fit what was read, null if nothing showed it. Empty if no known value fits.
          type: list
          elements: raw
          sample: [root]
        reason:
          description: Why nothing showed it, otherwise empty.
          type: str
          sample: ""
    shapes:
      description: Routes whose answers differ from their contract.
      type: list
      elements: dict
      contains:
        route:
          description: Path with C({}) in the place of each name.
          type: str
          sample: /v2/okms/resource/{}
        unknown_fields:
          description: Fields that the contract does not have, without their values.
          type: list
          elements: str
          sample: [iam.owner]
        missing_fields:
          description: Fields of the contract that are not in the answer.
          type: list
          elements: str
          sample: []
        unknown_words:
          description: Words that the contract does not list, if they consist of letters and underscores.
          type: list
          elements: str
          sample: ["state: frozen"]
        other_types:
          description: Fields whose value is of another type.
          type: list
          elements: str
          sample: ["taskId: text"]
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec, dictionary, text
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.field.check import look

SPEC = ArgSpec(connection(), service_name=text(), contracts=dictionary())


class OvhcloudFieldInfo:
    """Reader of what the API shows."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def find(self) -> dict[str, t.Any]:
        """The result key."""
        return {"field": look(self._context)}


def main() -> None:
    """Entry point."""
    run_info(SPEC, OvhcloudFieldInfo)


if __name__ == "__main__":
    main()
