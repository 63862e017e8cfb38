#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcenter_info
short_description: Read which vCenter answers
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Logs in to a vCenter and returns its instance UUID, name and version. Any vSphere user may read them.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
seealso:
  - module: ovhcloud.vmware_encryption.vcenter_readiness_info
"""

EXAMPLES = r"""
- name: Find out which vCenter this is
  ovhcloud.vmware_encryption.vcenter_info:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
  register: found
"""

RETURN = r"""
vcenter:
  description: The vCenter that was asked.
  returned: success
  type: str
  sample: pcc-192-0-2-10.ovh.com
vcenter_id:
  description:
    - Instance UUID of that vCenter. A new installation has another one, even under the old name. Empty if vCenter
      does not return it.
  returned: success
  type: str
  sample: 0f7c2d5e-3a55-4c86-9f0c-5d2a7c1b9e44
version:
  description: Version of vCenter.
  returned: success
  type: str
  sample: 8.0.3
build:
  description: Build of vCenter.
  returned: success
  type: str
  sample: "25600417"
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection

SPEC = ArgSpec(connection())


class VcenterInfo:
    """Reader of what vCenter says about itself."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def find(self) -> dict[str, t.Any]:
        """The result keys."""
        session = connect(self._context)
        about = session.content.about  # came with the login
        return {
            "vcenter": session.hostname,
            "vcenter_id": session.vcenter_id,
            "version": about.version,
            "build": about.build,
        }


def main() -> None:
    """Entry point."""
    run_info(SPEC, VcenterInfo)


if __name__ == "__main__":
    main()
