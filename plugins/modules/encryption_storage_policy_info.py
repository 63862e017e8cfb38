#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: encryption_storage_policy_info
short_description: Read the encryption storage policies of vCenter
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Reads the storage policies that encrypt, how they do it, and how many VMs and disks have them.
  - The module tells from a policy's rules, never from its name, whether the policy encrypts.
  - The user needs the privilege C(StorageProfile.View).
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
options:
  name:
    description: Name of the only policy to read. Without it, the module reads all policies.
    type: str
  all_policies:
    description: Whether to read storage policies that do not encrypt too.
    type: bool
    default: false
seealso:
  - module: ovhcloud.vmware_encryption.encryption_storage_policy
"""

EXAMPLES = r"""
- name: Read all policies that encrypt
  ovhcloud.vmware_encryption.encryption_storage_policy_info:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
  register: found

- name: List our own policies that nothing uses
  ansible.builtin.debug:
    msg: "{{ unused | map(attribute='name') }}"
  vars:
    own: "{{ found.storage_policies | rejectattr('bundled') }}"
    unused: "{{ own | rejectattr('used_by.virtual_machines') | rejectattr('used_by.others') }}"
"""

RETURN = r"""
vcenter:
  description: The vCenter that was asked.
  returned: success
  type: str
  sample: pcc-192-0-2-10.ovh.com
storage_policies:
  description: The policies, by name. Empty if there is none (with that name).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the policy.
      type: str
      returned: always
      sample: encrypted
    id:
      description: Id of the policy.
      type: str
      returned: always
      sample: 7d1a0b54-3a2b-4f0e-8f0c-55a8c1f0b1d2
    description:
      description: Its description, empty if it has none.
      type: str
      returned: always
      sample: Encrypted by the provider of the cluster
    encryption:
      description: Whether the policy encrypts.
      type: bool
      returned: always
      sample: true
    allow_filters_before_encryption:
      description:
        - Whether other I/O filters see unencrypted data.
        - Null if the policy leaves this to its RV(storage_policies[].component), or if its rule sets differ.
      type: bool
      returned: always
      sample: null
    allow_cleartext_filters:
      description:
        - The former name of RV(storage_policies[].allow_filters_before_encryption). Use the new one; this one is
          returned until 2.0.0.
      type: bool
      returned: until 2.0.0
      sample: null
    component:
      description:
        - Name of the policy component that encrypts. Null if the policy has a rule of its own, or if its rule sets
          differ.
      type: str
      returned: always
      sample: Default encryption properties
    rules:
      description: What the policy requires besides encryption, such as rules for vSAN, tags or replication.
      type: list
      elements: str
      returned: always
      sample: [VSAN.hostFailuresToTolerate=2]
    made_from:
      description:
        - Name of the policy whose rules M(ovhcloud.vmware_encryption.vm_encryption) combined with encryption, as the
          description says; its id if that policy no longer exists.
        - Null for all other policies.
      type: str
      returned: always
      sample: null
    bundled:
      description: Whether it is built into vCenter. The modules never change such a policy.
      type: bool
      returned: always
      sample: false
    used_by:
      description: Number of objects that have this policy.
      type: dict
      returned: always
      contains:
        virtual_machines:
          description: Number of VMs whose home or disks have it.
          type: int
          returned: always
          sample: 12
        disks:
          description: Number of VM disks that have it.
          type: int
          returned: always
          sample: 30
        others:
          description: Number of other objects, such as first class disks.
          type: int
          returned: always
          sample: 0
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    given,
    text,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.encryption import (
    policy_report,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.store import StoragePolicies

SPEC = ArgSpec(
    connection(),
    name=text(),
    all_policies=boolean(default=False),
    trimmed=("name",),
)


class EncryptionStoragePolicyInfo:
    """Reader of the policies."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def find(self) -> dict[str, t.Any]:
        """The result keys."""
        params = self._context.params
        session = connect(self._context)
        found = policy_report(StoragePolicies(session), given(params["name"]), params["all_policies"])
        return {"vcenter": session.hostname, "storage_policies": found}


def main() -> None:
    """Entry point."""
    run_info(SPEC, EncryptionStoragePolicyInfo)


if __name__ == "__main__":
    main()
