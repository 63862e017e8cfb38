#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vm_encryption_info
short_description: Read the encryption of VMs
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Returns for all VMs of a vCenter, or for selected ones, what is encrypted (home and each disk),
    with which key of which provider and which storage policy, and the obstacles to the next operation.
  - It reads thousands of VMs together, with one request for each 100 of them.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
  - ovhcloud.vmware_encryption._selection
options:
  tags:
    description:
      - Whether to return the VMs' tags. They are also returned if O(selection.tags) or O(exclude.tags)
        select by them.
      - Tags need a second login, at vCenter's REST interface, a request for each 500 VMs, and one for each tag.
    type: bool
    default: false
  details:
    description: Whether to return a record for each VM. With V(false), the module returns only RV(summary).
    type: bool
    default: true
notes:
  - This module also returns VMs that are recognised as infrastructure (see O(exclude.infrastructure)), with the
    obstacle V(infrastructure) unless O(exclude.infrastructure=false).
  - The module needs C(StorageProfile.View) to show storage policies, and C(Cryptographer.ManageKeyServers) to recognise
    KMIP servers. Without them, a warning says what is missing.
  - VMs that this vSphere user cannot see are not counted.
seealso:
  - module: ovhcloud.vmware_encryption.vm_encryption
  - module: ovhcloud.vmware_encryption.vm_rekey
  - module: ovhcloud.vmware_encryption.vm_unlock
  - module: ovhcloud.vmware_encryption.key_provider_info
  - plugin: ovhcloud.vmware_encryption.encrypted_vms
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Read the encryption of everything
  ovhcloud.vmware_encryption.vm_encryption_info:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
  register: fleet

- name: Show how many VMs are encrypted
  ansible.builtin.debug:
    msg: "{{ fleet.summary.encrypted }} of {{ fleet.summary.virtual_machines }} VMs are encrypted"

- name: Count only the VMs of one folder, without lab VMs
  ovhcloud.vmware_encryption.vm_encryption_info:
    selection:
      folders: [DC0/vm/prod]
    exclude:
      tags: [stage:lab]
    details: false

- name: Read VMs with a tag
  ovhcloud.vmware_encryption.vm_encryption_info:
    selection:
      tags: [confidentiality:high]
  register: confidential

- name: Show what prevents the encryption of those that are not completely encrypted
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.obstacles | map(attribute='reason') | join('; ') | default('nothing', true) }}"
  loop: "{{ confidential.virtual_machines | rejectattr('encryption_state', 'equalto', 'encrypted') }}"
  loop_control:
    label: "{{ item.name }}"
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
virtual_machines:
  description: The VMs, by name. Empty with O(details=false).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the VM.
      type: str
      returned: always
      sample: db-01
    moid:
      description: Its id in vCenter.
      type: str
      returned: always
      sample: vm-12
    instance_uuid:
      description: Its UUID in vCenter, which stays the same when its id changes, null if it cannot be read.
      type: str
      returned: always
      sample: 5030a1b2-0000-4000-8000-000000000012
    uuid:
      description: Its BIOS UUID, null if it cannot be read.
      type: str
      returned: always
      sample: 4230a1b2-0000-4000-8000-000000000012
    folder:
      description: Inventory path of its folder, null if the folder cannot be read.
      type: str
      returned: always
      sample: /DC0/vm/prod
    cluster:
      description: Name of its cluster; null on a host without cluster.
      type: str
      returned: always
      sample: C0
    host:
      description: Name of its host.
      type: str
      returned: always
      sample: esx1.example.com
    resource_pool:
      description: Name of its resource pool; null for templates.
      type: str
      returned: always
      sample: Resources
    vapp:
      description: Name of the vApp that it is in (the innermost of nested ones), null if it is in none.
      type: str
      returned: always
      sample: null
    tags:
      description: Its tags, as C(category:tag), sorted, null if nothing asks for them, or if they cannot be read.
      type: list
      elements: str
      returned: always
      sample: [confidentiality:high]
    power_state:
      description: One of V(powered_on), V(powered_off), V(suspended).
      type: str
      returned: always
      sample: powered_on
    connection_state:
      description: vCenter's word for its connection, V(connected) if all is well.
      type: str
      returned: always
      sample: connected
    template:
      description: Whether it is a template.
      type: bool
      returned: always
      sample: false
    encryption_state:
      description:
        - V(encrypted) if home and all disks are encrypted, V(unencrypted) if nothing is.
        - V(vtpm_only) if only the home is, because of a vTPM.
        - V(partly_encrypted) for any other mix.
        - V(unreadable) if its configuration cannot be read.
      type: str
      returned: always
      sample: encrypted
    state:
      description:
        - The former name of RV(virtual_machines[].encryption_state), where V(unencrypted) is V(clear). Use the new one;
          this one is returned until 2.0.0.
      type: str
      returned: until 2.0.0
      sample: encrypted
    vtpm:
      description: Whether it has a vTPM.
      type: bool
      returned: always
      sample: false
    locked:
      description: Whether it is locked, because its host does not have its key, null if vCenter does not say.
      type: bool
      returned: always
      sample: false
    home:
      description: Its home, which is its configuration, swap and NVRAM.
      type: dict
      returned: always
      contains:
        encrypted:
          description: Whether it is encrypted.
          type: bool
          returned: always
          sample: true
        provider:
          description: Name of the key provider, null if it is unencrypted.
          type: str
          returned: always
          sample: okms-eu-west-rbx
        key_id:
          description: Id of the key, null if it is unencrypted.
          type: str
          returned: always
          sample: 9c0c1f62-7f8b-4a5e-8c43-1d6f0f6f2f10
        policy:
          description: Name of the storage policy, null if there is none, or if policies cannot be read.
          type: str
          returned: always
          sample: VM Encryption Policy
        policy_rules:
          description:
            - What this policy requires besides encryption, such as rules for vSAN, tags or replication.
            - Null if policies cannot be read.
          type: list
          elements: str
          returned: always
          sample: []
        encrypting_policy:
          description:
            - Name of the policy that it keeps or gets if it is encrypted with the default options of
              M(ovhcloud.vmware_encryption.vm_encryption). Such a policy may not exist yet.
            - Null if the rules of the current policy, or all policies, cannot be read.
          type: str
          returned: always
          sample: VM Encryption Policy
    disks:
      description: Its disks, in the order of its devices.
      type: list
      elements: dict
      returned: always
      contains:
        label:
          description: Name of the disk.
          type: str
          returned: always
          sample: Hard disk 1
        key:
          description: Device key, which is unique within the VM.
          type: int
          returned: always
          sample: 2000
        controller:
          description: Controller (kind and bus number) and unit number.
          type: str
          returned: always
          sample: "SCSI 0:0"
        file:
          description: File of the disk.
          type: str
          returned: always
          sample: "[datastore1] db-01/db-01.vmdk"
        datastore:
          description: Name of its datastore.
          type: str
          returned: always
          sample: datastore1
        capacity_bytes:
          description: Capacity in bytes.
          type: int
          returned: always
          sample: 107374182400
        kind:
          description: V(flat) for a file of its own, V(rdm) for a raw device mapping, otherwise V(other).
          type: str
          returned: always
          sample: flat
        shared:
          description: Whether other VMs can write to it too (multi-writer, or a shared bus).
          type: bool
          returned: always
          sample: false
        encrypted:
          description: Whether it is encrypted.
          type: bool
          returned: always
          sample: true
        provider:
          description: Name of the key provider, null if it is unencrypted.
          type: str
          returned: always
          sample: okms-eu-west-rbx
        key_id:
          description: Id of the key, null if it is unencrypted.
          type: str
          returned: always
          sample: 9c0c1f62-7f8b-4a5e-8c43-1d6f0f6f2f10
        keys_below:
          description:
            - Keys of the files that the disk builds on, below its snapshots or those of the VM from which it was
              cloned. The VM needs them too.
          type: list
          elements: dict
          returned: always
          sample: []
          contains:
            provider:
              description: Name of the key provider, null if the key names none.
              type: str
              returned: always
              sample: okms-eu-west-rbx
            key_id:
              description: Id of the key.
              type: str
              returned: always
              sample: 9c0c1f62-7f8b-4a5e-8c43-1d6f0f6f2f10
        policy:
          description: Name of the storage policy, null if there is none, or if policies cannot be read.
          type: str
          returned: always
          sample: VM Encryption Policy
        policy_rules:
          description:
            - What this policy requires besides encryption, such as rules for vSAN, tags or replication.
            - Null if policies cannot be read.
          type: list
          elements: str
          returned: always
          sample: []
        encrypting_policy:
          description:
            - Name of the policy that it keeps or gets if it is encrypted with the default options of
              M(ovhcloud.vmware_encryption.vm_encryption). Such a policy may not exist yet.
            - Null if the rules of the current policy, or all policies, cannot be read.
          type: str
          returned: always
          sample: VM Encryption Policy
    providers:
      description: Names of the key providers of home and disks, sorted.
      type: list
      elements: str
      returned: always
      sample: [okms-eu-west-rbx]
    key_ids:
      description: Ids of the keys of home and disks, sorted.
      type: list
      elements: str
      returned: always
      sample: [9c0c1f62-7f8b-4a5e-8c43-1d6f0f6f2f10]
    mixed_keys:
      description: Whether it has more than one key.
      type: bool
      returned: always
      sample: false
    snapshots:
      description: Number of its snapshots.
      type: int
      returned: always
      sample: 0
    snapshot_tree:
      description: Shape of its snapshots, V(none), V(linear) or V(branched).
      type: str
      returned: always
      sample: none
    linked_clone:
      description: Whether it shares disks with the VM from which it was cloned.
      type: bool
      returned: always
      sample: false
    consolidation_needed:
      description: Whether its disks depend on files that belong to no snapshot, so that they need consolidation.
      type: bool
      returned: always
      sample: false
    hardware_version:
      description: Version of its virtual hardware, null if it cannot be read. Encryption needs 13 or newer.
      type: int
      returned: always
      sample: 19
    fault_tolerance:
      description: Whether Fault Tolerance protects it.
      type: bool
      returned: always
      sample: false
    vmotion_encryption:
      description: Encryption of vMotion, V(disabled), V(opportunistic) or V(required), null if it cannot be read.
      type: str
      returned: always
      sample: required
    fault_tolerance_encryption:
      description: Encryption of Fault Tolerance, V(disabled), V(opportunistic) or V(required), null if it cannot be
        read.
      type: str
      returned: always
      sample: required
    infrastructure_kind:
      description:
        - What it was recognised as, V(vcenter), V(kmip_server), V(control_node), V(agent) (managed by vSphere, such as
          vCLS), V(replication) (an appliance of Zerto), null for all others.
      type: str
      returned: always
      sample: null
    infrastructure:
      description:
        - The former name of RV(virtual_machines[].infrastructure_kind), where V(kmip_server) is V(key_server) and
          V(control_node) is V(controller). Use the new one; this one is returned until 2.0.0.
      type: str
      returned: until 2.0.0
      sample: null
    obstacles:
      description: What prevents the next operation. Empty if nothing does.
      type: list
      elements: dict
      returned: always
      contains:
        operation:
          description: The next operation, V(recrypt) (a new key, shallow) for encrypted VMs, V(encrypt) for all others.
          type: str
          returned: always
          sample: encrypt
        code:
          description:
            - One of V(powered_on), V(suspended), V(snapshots), V(branched_snapshots), V(ide_powered_on),
              V(linked_clone), V(consolidation), V(hardware_version), V(rdm), V(shared_disk), V(fault_tolerance),
              V(template), V(locked), V(not_connected), V(unreadable), V(infrastructure).
          type: str
          returned: always
          sample: snapshots
        reason:
          description: The same in words.
          type: str
          returned: always
          sample: it has snapshots
        next_step:
          description: What to do about it.
          type: str
          returned: always
          sample: remove or consolidate its snapshots; the collection never removes them
summary:
  description: The same in numbers. All numbers count VMs unless stated otherwise.
  returned: success
  type: dict
  contains:
    virtual_machines:
      description: All that are selected.
      type: int
      returned: always
      sample: 420
    encrypted:
      description: Home and all disks are encrypted.
      type: int
      returned: always
      sample: 400
    partly_encrypted:
      description: Something is encrypted, something is not.
      type: int
      returned: always
      sample: 2
    vtpm_only:
      description: Only the home is encrypted, because of a vTPM.
      type: int
      returned: always
      sample: 3
    unencrypted:
      description: Nothing is encrypted.
      type: int
      returned: always
      sample: 14
    unreadable:
      description: The configuration cannot be read.
      type: int
      returned: always
      sample: 1
    locked:
      description: Those that are locked.
      type: int
      returned: always
      sample: 0
    templates:
      description: Those that are templates.
      type: int
      returned: always
      sample: 5
    disks:
      description: Number of disks.
      type: int
      returned: always
      sample: 840
    disks_encrypted:
      description: Number of encrypted disks.
      type: int
      returned: always
      sample: 801
    capacity_bytes:
      description: Capacity of all disks in bytes.
      type: int
      returned: always
      sample: 90194313216000
    capacity_encrypted_bytes:
      description: Capacity of the encrypted disks in bytes.
      type: int
      returned: always
      sample: 86006720102400
    providers:
      description: How many use each key provider, by its name.
      type: dict
      returned: always
      sample: {"okms-eu-west-rbx": 405}
    obstacles:
      description: How many have each obstacle, by its code.
      type: dict
      returned: always
      sample: {"powered_on": 12, "snapshots": 2}
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec, boolean
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.fleet_report import (
    fleet_report,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.selection import (
    exclude,
    selection,
)

SPEC = ArgSpec(
    connection(),
    selection(),
    exclude(),
    tags=boolean(default=False),
    details=boolean(default=True),
)


class VmEncryptionInfo:
    """Reader of the fleet."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def find(self) -> dict[str, t.Any]:
        """The result keys."""
        params = self._context.params
        session = connect(self._context)
        found = fleet_report(self._context, session, params["tags"], params["details"])
        return {"vcenter": session.hostname, "vcenter_id": session.vcenter_id, **found}


def main() -> None:
    """Entry point."""
    run_info(SPEC, VmEncryptionInfo)


if __name__ == "__main__":
    main()
