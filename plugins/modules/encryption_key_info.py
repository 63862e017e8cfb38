#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: encryption_key_info
short_description: Ask a vCenter whether it can get encryption keys
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Asks a vCenter whether it can get the given keys now from their key providers, and if not, why. No VM of this
    vCenter needs to use them.
  - Before encrypted VMs move to another vCenter, this proves that the other one can get their keys.
  - For a native key provider, vCenter only says that the provider manages the key. Also compare the C(key_id) of the
    provider in both vCenters, with M(ovhcloud.vmware_encryption.key_provider_info).
  - The vSphere user needs the privilege C(Cryptographer.ManageKeys).
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
options:
  keys:
    description: The keys to ask for. Each is asked for once.
    type: list
    elements: dict
    required: true
    suboptions:
      provider:
        description: Name of its key provider.
        type: str
        required: true
      key_id:
        description: Its id.
        type: str
        required: true
seealso:
  - plugin: ovhcloud.vmware_encryption.encryption_exit_keys
    plugin_type: filter
  - module: ovhcloud.vmware_encryption.vm_encryption_info
  - module: ovhcloud.vmware_encryption.key_provider_info
  - module: ovhcloud.vmware_encryption.vm_unlock
"""

EXAMPLES = r"""
- name: Read which keys the VMs of a folder need
  ovhcloud.vmware_encryption.vm_encryption_info:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    selection:
      folders: [DC0/vm/prod]
  register: old

- name: Can the new vCenter get those of this key provider?
  ovhcloud.vmware_encryption.encryption_key_info:
    hostname: pcc-198-51-100-20.ovh.com
    username: admin@pcc-198-51-100-20.ovh.com
    password: "{{ new_vsphere_password }}"
    keys: "{{ old.virtual_machines | ovhcloud.vmware_encryption.encryption_exit_keys('okms-prod') }}"
  register: found

- name: Fail if it cannot get one of them
  ansible.builtin.assert:
    that: found.unavailable == 0
    fail_msg: "{{ found.encryption_keys | map(attribute='reason') | select('string') | unique | join('; ') }}"
"""

RETURN = r"""
vcenter:
  description: The vCenter that was asked.
  returned: success
  type: str
  sample: pcc-192-0-2-10.ovh.com
vcenter_id:
  description: Instance UUID of that vCenter. Empty if vCenter does not return it.
  returned: success
  type: str
  sample: 0f7c2d5e-3a55-4c86-9f0c-5d2a7c1b9e44
encryption_keys:
  description: The keys, by provider and id.
  returned: success
  type: list
  elements: dict
  contains:
    provider:
      description: Name of its key provider.
      type: str
      returned: always
      sample: okms-eu-west-rbx
    key_id:
      description: Its id.
      type: str
      returned: always
      sample: 9c0c1f62-7f8b-4a5e-8c43-1d6f0f6f2f10
    available:
      description: Whether vCenter can get it. If vCenter does not say, V(false).
      type: bool
      returned: always
      sample: false
    reason:
      description: Why not, null if it can.
      type: str
      returned: always
      sample: the key does not exist in the KMS
    next_step:
      description: What to do about it, null if nothing.
      type: str
      returned: always
      sample: restore the key in the KMS from its own backup; without it, the data is lost
unavailable:
  description: Number of keys that vCenter cannot get.
  returned: success
  type: int
  sample: 1
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    suboptions,
    text,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.report import key_report

KEY = ArgSpec(provider=text(required=True), key_id=text(required=True, secret=False))
SPEC = ArgSpec(
    connection(),
    keys=suboptions(KEY, many=True, required=True, secret=False),
    trimmed=("keys.provider", "keys.key_id"),
)


class EncryptionKeyInfo:
    """Asks for the keys of the option."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def find(self) -> dict[str, t.Any]:
        """The result keys."""
        return key_report(connect(self._context), self._context.params["keys"])


def main() -> None:
    """Entry point."""
    run_info(SPEC, EncryptionKeyInfo)


if __name__ == "__main__":
    main()
