#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcenter_field_info
short_description: Read how a vCenter behaves where this is not documented
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Looks at what this collection assumes of vCenter because no source confirms it, such as the status of a native key
    provider without a backup. The role C(field_check) compares the result with its catalogue of assumptions.
  - Only reads. Some of what it asks is meant to be refused, such as the certificate of a key provider that does not
    exist, a call without a login, or the tags of too many VMs. vCenter contacts its KMIP servers to show their status.
  - The result has no names, addresses or ids of your inventory.
  - It reads at most 1000 VMs.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
seealso:
  - module: ovhcloud.vmware_encryption.ovhcloud_field_info
  - module: ovhcloud.vmware_encryption.vcenter_readiness_info
"""

EXAMPLES = r"""
- name: Look at this vCenter
  ovhcloud.vmware_encryption.vcenter_field_info:
  register: found

- name: Show what it did not reveal, and why
  ansible.builtin.debug:
    msg: "{{ found.field.sightings | selectattr('fits', 'none') | items2dict(key_name='id', value_name='reason') }}"
"""

RETURN = r"""
field:
  description: What was seen.
  returned: success
  type: dict
  contains:
    version:
      description: Version of vCenter.
      type: str
      sample: 8.0.3
    build:
      description: Build of vCenter.
      type: str
      sample: "25600417"
    api_version:
      description: Version of the API that module and vCenter agreed on.
      type: str
      sample: 8.0.3.0
    sightings:
      description: The assumptions about vCenter that can be seen, by id.
      type: list
      elements: dict
      contains:
        id:
          description: Id of the assumption in the catalogue of the role C(field_check).
          type: str
          sample: native-status
        fits:
          description: The values that fit what was read, null if nothing showed it. Empty if no known value fits.
          type: list
          elements: raw
          sample: [by_backup]
        reason:
          description: Why nothing showed it, otherwise empty.
          type: str
          sample: ""
    unknown_privileges:
      description: Privileges that this collection uses and vCenter does not know. Null if vCenter lists none.
      type: list
      elements: str
      sample: []
    unknown_names:
      description:
        - Names of fields, types and enum values in SOAP answers that pyVmomi does not know, without values. The answers
          cannot be read then, and C(reason) says so for what they would have shown.
        - There are few, because vCenter leaves out what is newer than C(api_version), so most new fields are not seen.
      type: list
      elements: str
      sample: []
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import connect_rest
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.field.check import look

SPEC = ArgSpec(connection())


class VcenterFieldInfo:
    """Reader of what a vCenter shows."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def find(self) -> dict[str, t.Any]:
        """The result key."""
        return {"field": look(connect(self._context), connect_rest(self._context))}


def main() -> None:
    """Entry point."""
    run_info(SPEC, VcenterFieldInfo)


if __name__ == "__main__":
    main()
