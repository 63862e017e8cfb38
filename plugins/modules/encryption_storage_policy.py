#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: encryption_storage_policy
short_description: Manage an encryption storage policy of vCenter
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Creates, changes and removes a storage policy that encrypts VMs and disks.
  - Every vCenter has the C(VM Encryption Policy). You need your own policy only for another description or
    another order of I/O filters, or to distinguish VMs by their policy.
  - The module finds a policy by its name. It tells from the policy's rules, never from the name, whether the policy
    encrypts.
  - Policies that M(ovhcloud.vmware_encryption.vm_encryption) derived from others (with C(- encrypted) at the end of
    their names) are ordinary policies. Remove them when nothing uses them any more.
  - The module never changes or removes built-in policies, or policies that do not encrypt.
  - The user needs the privileges C(StorageProfile.View), C(StorageProfile.Update) and
    C(Cryptographer.ManageEncryptionPolicy).
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
options:
  name:
    description: Name of the policy. A new one has at most 80 characters.
    type: str
    required: true
  state:
    description:
      - V(present) ensures that the policy exists and encrypts.
      - V(absent) removes it, unless VMs, disks or other objects have it. The error then names them.
        vCenter itself refuses to remove such a policy, so you cannot override this.
    type: str
    choices: [present, absent]
    default: present
  description:
    description:
      - Description of the policy. An empty text clears it.
      - If it is not given, an existing policy's description stays unchanged.
    type: str
  allow_filters_before_encryption:
    description:
      - Whether other I/O filters, such as those for replication or caching, may see the data before it is encrypted.
        In that case, encryption comes last. V(false) encrypts first. In both cases, the policy gets a rule of its own.
      - If it is not given, a new policy refers to the component C(Default encryption properties), as the
        C(VM Encryption Policy) does, and an existing policy keeps its rules.
      - All other rules of an existing policy stay. VMs with the policy follow a change only when it is applied to
        them again; a warning says how many these are.
      - The former name, O(allow_cleartext_filters), works until 2.0.0.
    type: bool
    aliases: [allow_cleartext_filters]
seealso:
  - module: ovhcloud.vmware_encryption.encryption_storage_policy_info
  - module: ovhcloud.vmware_encryption.vm_encryption
"""

EXAMPLES = r"""
- name: Create our own encryption policy
  ovhcloud.vmware_encryption.encryption_storage_policy:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    name: encrypted
    description: Encrypted by the provider of the cluster

- name: Create one for VMs that an I/O filter replicates
  ovhcloud.vmware_encryption.encryption_storage_policy:
    name: encrypted-after-replication
    allow_filters_before_encryption: true

- name: Remove a policy that nothing uses
  ovhcloud.vmware_encryption.encryption_storage_policy:
    name: encrypted-old
    state: absent
"""

RETURN = r"""
storage_policy:
  description: The policy, empty if it is absent. In check mode, the prediction.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the policy.
      type: str
      returned: when present
      sample: encrypted
    id:
      description: Id of the policy. Null in check mode for a new policy.
      type: str
      returned: when present
      sample: 7d1a0b54-3a2b-4f0e-8f0c-55a8c1f0b1d2
    description:
      description: Its description, empty if it has none.
      type: str
      returned: when present
      sample: Encrypted by the provider of the cluster
    encryption:
      description: Whether the policy encrypts.
      type: bool
      returned: when present
      sample: true
    allow_filters_before_encryption:
      description:
        - Whether other I/O filters see unencrypted data.
        - Null if the policy leaves this to its RV(storage_policy.component), or if its rule sets differ.
      type: bool
      returned: when present
      sample: null
    allow_cleartext_filters:
      description:
        - The former name of RV(storage_policy.allow_filters_before_encryption). Use the new one; this one is
          returned until 2.0.0.
      type: bool
      returned: until 2.0.0
      sample: null
    component:
      description:
        - Name of the policy component that encrypts. Null if the policy has a rule of its own, or if its rule sets
          differ.
      type: str
      returned: when present
      sample: Default encryption properties
    rules:
      description: What the policy requires besides encryption, such as rules for vSAN, tags or replication.
      type: list
      elements: str
      returned: when present
      sample: [VSAN.hostFailuresToTolerate=2]
    made_from:
      description:
        - Name of the policy whose rules M(ovhcloud.vmware_encryption.vm_encryption) combined with encryption, as the
          description says; its id if that policy no longer exists.
        - Null for all other policies.
      type: str
      returned: when present
      sample: null
    bundled:
      description: Whether it is built into vCenter. The modules never change such a policy.
      type: bool
      returned: when present
      sample: false
    used_by:
      description: Number of objects that have this policy.
      type: dict
      returned: when present
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

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    renamed,
    state_option,
    text,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.encryption import (
    EncryptionPolicy,
)

SPEC = ArgSpec(
    connection(),
    state_option(),
    name=text(required=True),
    description=text(),
    allow_filters_before_encryption=renamed(boolean(), "allow_cleartext_filters"),
    trimmed=("name",),
)


def build(context: Context) -> EncryptionPolicy:
    """Log in and bind the policy."""
    return EncryptionPolicy(connect(context), context.params, context.warn)


def main() -> None:
    """Entry point."""
    run(SPEC, build)


if __name__ == "__main__":
    main()
