#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vm_rekey
short_description: Give encrypted VMs new keys
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Gives homes and disks of encrypted VMs new keys of their provider, many VMs in one task. It compares the key ids
    before and after; an unchanged key is a failure.
  - Home and disks keep their storage policies. A deep recrypt needs policies that encrypt. If a home or disk is
    encrypted although its policy has rules and does not encrypt, it gets the policy that has the same rules and
    encrypts; without such a policy, the VM is blocked.
  - The module skips unencrypted VMs. To move VMs to another provider, use M(ovhcloud.vmware_encryption.vm_encryption).
  - The vSphere user needs C(Cryptographer.Recrypt), C(Cryptographer.ManageKeys), C(Cryptographer.ManageKeyServers) and
    C(VirtualMachine.Config.EditDevice), for O(mode=deep) also C(StorageProfile.View) and, from vSphere 8.0 on,
    C(StorageProfile.Apply).
  - The old keys stay in the KMS. Deactivate them there only when nothing uses them any more, including snapshots and
    backups.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
  - ovhcloud.vmware_encryption._selection
  - ovhcloud.vmware_encryption._campaign
attributes:
  idempotent:
    support: partial
    details:
      - Every run creates new keys, unless O(key_ids) says which keys to replace. A run that finds none of them
        changes nothing.
options:
  mode:
    description:
      - V(shallow) replaces the key that encrypts the data key. It takes seconds, works while a VM runs, and
        tolerates a single chain of snapshots.
      - V(deep) also replaces the data key, so that all disks are rewritten. The VM must be powered off and
        must not have snapshots. Have a fresh backup, because an interrupted deep recrypt can destroy a disk.
    type: str
    choices: [shallow, deep]
    default: shallow
  key_ids:
    description:
      - Ids of the keys to replace. Homes and disks with other keys stay unchanged.
      - Read them with M(ovhcloud.vmware_encryption.vm_encryption_info) before a rotation and keep them. If a
        rotation is interrupted, the next run then completes it, and further runs change nothing.
    type: list
    elements: str
seealso:
  - module: ovhcloud.vmware_encryption.vm_encryption
  - module: ovhcloud.vmware_encryption.vm_encryption_info
"""

EXAMPLES = r"""
- name: Give a cluster new outer keys, while everything runs
  ovhcloud.vmware_encryption.vm_rekey:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    selection:
      clusters: [cluster-1]
    max_failures: 3

- name: Replace one key wherever it is used
  ovhcloud.vmware_encryption.vm_rekey:
    selection:
      all: true
    key_ids: [9c0c1f62-7f8b-4a5e-8c43-1d6f0f6f2f10]

- name: Replace the data keys too
  ovhcloud.vmware_encryption.vm_rekey:
    selection:
      names: [vault-01]
    mode: deep
    power_off: shutdown
"""

RETURN = r"""
virtual_machines:
  description: The selected VMs, by name, with what was done or (in check mode) would be done.
  returned: success, and failure once VMs were read
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
      sample: vm-42
    action:
      description: What the VM needs, V(rekey), V(power_on) or V(none).
      type: str
      returned: always
      sample: rekey
    outcome:
      description:
        - V(already) needed nothing, V(planned) would be processed (check mode), V(done) was processed and
          verified, V(blocked) has obstacles, V(excluded) was recognised as infrastructure, V(failed), or V(not_started)
          because the run stopped before.
      type: str
      returned: always
      sample: done
    shutdown:
      description: Whether the VM has to be shut down for this.
      type: bool
      returned: always
      sample: false
    rewritten_bytes:
      description: Bytes of its disks that are rewritten.
      type: int
      returned: always
      sample: 0
    obstacles:
      description: Why the VM is blocked or excluded.
      type: list
      elements: dict
      returned: always
      contains:
        code:
          description: Short name, such as V(snapshots), V(powered_on), V(linked_clone), V(template).
          type: str
          returned: always
          sample: snapshots
        reason:
          description: The reason in words.
          type: str
          returned: always
          sample: it has snapshots
        next_step:
          description: What to do about it.
          type: str
          returned: always
          sample: remove or consolidate its snapshots; the collection never removes them
    error:
      description: What went wrong, null if nothing did.
      type: str
      returned: always
      sample: null
    before:
      description: How it was.
      type: dict
      returned: always
      contains:
        encryption_state:
          description: V(encrypted), V(partly_encrypted), V(vtpm_only), V(unencrypted) or V(unreadable).
          type: str
          returned: always
          sample: encrypted
        state:
          description:
            - The former name of RV(virtual_machines[].before.encryption_state), where V(unencrypted) is V(clear). Use
              the new one; this one is returned until 2.0.0.
          type: str
          returned: until 2.0.0
          sample: encrypted
        providers:
          description: Key providers of its home and disks.
          type: list
          elements: str
          returned: always
          sample: [okms-prod]
        key_ids:
          description: Ids of its keys, null in check mode if a key does not exist yet.
          type: list
          elements: str
          returned: always
          sample: [9c0c1f62-7f8b-4a5e-8c43-1d6f0f6f2f10]
        vmotion_encryption:
          description: Mode of encrypted vMotion, null if it is not known.
          type: str
          returned: always
          sample: required
        fault_tolerance_encryption:
          description: Mode of encrypted Fault Tolerance, null if it is not known.
          type: str
          returned: always
          sample: required
        vtpm:
          description: Whether it has a vTPM.
          type: bool
          returned: always
          sample: false
        power_state:
          description: V(powered_on), V(powered_off) or V(suspended).
          type: str
          returned: always
          sample: powered_off
        policies:
          description:
            - Names of the storage policies of its home (V(home)) and of its disks (by their labels). Null for a part
              without a policy.
            - Null as a whole if the policies cannot be read.
          type: dict
          returned: always
          sample: {home: vSAN RAID-6 - encrypted, Hard disk 1: vSAN RAID-6 - encrypted}
    after:
      description: Its state now, read after the change, or (in check mode) predicted. Null values are not known.
      type: dict
      returned: always
      contains:
        encryption_state:
          description: V(encrypted), V(partly_encrypted), V(vtpm_only), V(unencrypted) or V(unreadable).
          type: str
          returned: always
          sample: encrypted
        state:
          description:
            - The former name of RV(virtual_machines[].after.encryption_state), where V(unencrypted) is V(clear). Use
              the new one; this one is returned until 2.0.0.
          type: str
          returned: until 2.0.0
          sample: encrypted
        providers:
          description: Key providers of its home and disks.
          type: list
          elements: str
          returned: always
          sample: [okms-prod]
        key_ids:
          description: Ids of its keys, null in check mode if a key does not exist yet.
          type: list
          elements: str
          returned: always
          sample: [5c2d7b1e-9a34-4d0f-8b57-0d2f6f1c3a90]
        vmotion_encryption:
          description: Mode of encrypted vMotion, null if it is not known.
          type: str
          returned: always
          sample: required
        fault_tolerance_encryption:
          description: Mode of encrypted Fault Tolerance, null if it is not known.
          type: str
          returned: always
          sample: required
        vtpm:
          description: Whether it has a vTPM.
          type: bool
          returned: always
          sample: false
        power_state:
          description: V(powered_on), V(powered_off) or V(suspended), null also while its guest may be shutting down.
          type: str
          returned: always
          sample: powered_off
        policies:
          description:
            - Names of the storage policies of its home (V(home)) and of its disks (by their labels). Null for a part
              without a policy.
            - Null as a whole if the policies cannot be read.
          type: dict
          returned: always
          sample: {home: vSAN RAID-6 - encrypted, Hard disk 1: vSAN RAID-6 - encrypted}
summary:
  description: How many VMs have which outcome, and the amount of work.
  returned: success, and failure once VMs were read
  type: dict
  contains:
    selected:
      description: Selected VMs.
      type: int
      returned: always
      sample: 40
    already:
      description: VMs that needed nothing.
      type: int
      returned: always
      sample: 12
    planned:
      description: VMs that would be processed (check mode).
      type: int
      returned: always
      sample: 0
    done:
      description: VMs that were processed and verified.
      type: int
      returned: always
      sample: 25
    blocked:
      description: VMs that have obstacles.
      type: int
      returned: always
      sample: 2
    excluded:
      description: VMs that were recognised as infrastructure and excluded.
      type: int
      returned: always
      sample: 1
    failed:
      description: VMs that failed.
      type: int
      returned: always
      sample: 0
    not_started:
      description: VMs that were not started because the run stopped.
      type: int
      returned: always
      sample: 0
    shutdowns:
      description: VMs that need a shutdown.
      type: int
      returned: always
      sample: 3
    rewritten_bytes:
      description: Bytes of disks that are rewritten.
      type: int
      returned: always
      sample: 2748779069440
    obstacles:
      description: Number of blocked VMs by code of their obstacles.
      type: dict
      returned: always
      sample: {snapshots: 2}
"""

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    text,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_campaign
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.encryption import (
    FleetEncryption,
    campaign_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.plan import (
    Wish,
    machine_ids,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.selection import (
    exclude,
    selection,
)

SPEC = ArgSpec(
    connection(),
    selection(),
    exclude(),
    campaign_options(),
    mode=text(default="shallow", choices=("shallow", "deep")),
    key_ids=texts(secret=False),
    trimmed=("key_ids",),
)


def build(context: Context) -> FleetEncryption:
    """The fleet, every encrypted part of which gets a new key."""
    params = context.params
    wish = Wish(
        "rekeyed",
        deep=params["mode"] == "deep",
        key_ids=None if params["key_ids"] is None else frozenset(params["key_ids"]),
        power_off=params["power_off"],
        power_on=machine_ids(params["power_on"] or ()),
    )
    return FleetEncryption(context, wish)


def main() -> None:
    """Entry point."""
    run_campaign(SPEC, build)


if __name__ == "__main__":
    main()
