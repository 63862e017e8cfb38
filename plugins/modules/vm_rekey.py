#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vm_rekey
short_description: Give encrypted virtual machines new keys
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Gives homes and disks of encrypted virtual machines new keys of the provider that they have, many machines in one
    task. The ids of the keys before and after are compared, and a key that stayed the same is a failure.
  - Home and disks keep their storage policies. A deep recrypt needs policies that encrypt. A home or disk that is
    encrypted while its policy has rules and does not encrypt gets the policy that has the same rules and encrypts, and
    its machine is blocked when there is none.
  - What is clear is left alone. To move machines to another provider, use M(ovhcloud.vmware_encryption.vm_encryption).
  - The vSphere user needs C(Cryptographer.Recrypt), C(Cryptographer.ManageKeys), C(Cryptographer.ManageKeyServers) and
    C(VirtualMachine.Config.EditDevice), for O(mode=deep) also C(StorageProfile.View) and, from vSphere 8.0 on,
    C(StorageProfile.Apply).
  - The old keys stay in the key server. Deactivate them there only when nothing uses them any more, snapshots and
    backups included.
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
      - Every run makes new keys, unless O(key_ids) says which keys are to be replaced. A run that finds none of them
        changes nothing.
options:
  mode:
    description:
      - V(shallow) replaces the key that encrypts the key of the data. It takes seconds, works while a machine runs, and
        tolerates a single chain of snapshots.
      - V(deep) also replaces the key of the data, so that all disks are rewritten. The machine has to be off and
        must not have snapshots. Have a fresh backup, an interrupted deep recrypt can cost the disk.
    type: str
    choices: [shallow, deep]
    default: shallow
  key_ids:
    description:
      - Ids of the keys that are to be replaced. Homes and disks with other keys are left alone.
      - Take them from M(ovhcloud.vmware_encryption.vm_encryption_info) at the begin of a rotation and keep them. Then a
        rotation that was interrupted is finished by the next run, and done by no further one.
    type: list
    elements: str
seealso:
  - module: ovhcloud.vmware_encryption.vm_encryption
  - module: ovhcloud.vmware_encryption.vm_encryption_info
"""

EXAMPLES = r"""
- name: New outer keys for a cluster, while everything runs
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

- name: New keys for the data itself
  ovhcloud.vmware_encryption.vm_rekey:
    selection:
      names: [vault-01]
    mode: deep
    power_off: shutdown
"""

RETURN = r"""
virtual_machines:
  description: The selected virtual machines, by name, with what was done or (in check mode) would be done.
  returned: success, and failure once machines were looked at
  type: list
  elements: dict
  contains:
    name:
      description: Name of the virtual machine.
      type: str
      returned: always
      sample: db-01
    moid:
      description: Its id in vCenter.
      type: str
      returned: always
      sample: vm-42
    action:
      description: What the machine needs, V(rekey), V(power_on) or V(none).
      type: str
      returned: always
      sample: rekey
    outcome:
      description:
        - V(already) had nothing to be done, V(planned) would be worked on (check mode), V(done) was worked on and
          verified, V(blocked) has obstacles, V(excluded) was recognised as infrastructure, V(failed), or V(not_started)
          because the run was stopped before.
      type: str
      returned: always
      sample: done
    shutdown:
      description: Whether it has to be shut down for it.
      type: bool
      returned: always
      sample: false
    rewritten_bytes:
      description: Bytes of its disks that are rewritten.
      type: int
      returned: always
      sample: 0
    obstacles:
      description: What stands in the way, when it is blocked or excluded.
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
          sample: remove or consolidate its snapshots; they are never removed for you
    error:
      description: What went wrong; null when nothing did.
      type: str
      returned: always
      sample: null
    before:
      description: How it was.
      type: dict
      returned: always
      contains:
        state:
          description: V(encrypted), V(partly_encrypted), V(vtpm_only), V(clear) or V(unreadable).
          type: str
          returned: always
          sample: encrypted
        providers:
          description: Key providers of its home and disks.
          type: list
          elements: str
          returned: always
          sample: [okms-prod]
        key_ids:
          description: Ids of its keys; null in check mode as long as a key has yet to be made.
          type: list
          elements: str
          returned: always
          sample: [9c0c1f62-7f8b-4a5e-8c43-1d6f0f6f2f10]
        vmotion_encryption:
          description: Mode of encrypted vMotion; null when it is not known.
          type: str
          returned: always
          sample: required
        power_state:
          description: V(powered_on), V(powered_off) or V(suspended).
          type: str
          returned: always
          sample: powered_off
        policies:
          description:
            - Names of the storage policies of its home (V(home)) and of its disks (by their labels). Null for a part
              without a policy.
            - Null as a whole when the policies cannot be read.
          type: dict
          returned: always
          sample: {home: vSAN RAID-6 - encrypted, Hard disk 1: vSAN RAID-6 - encrypted}
    after:
      description: How it is now, read after the work, or (in check mode) would be. Null values are not known.
      type: dict
      returned: always
      contains:
        state:
          description: V(encrypted), V(partly_encrypted), V(vtpm_only), V(clear) or V(unreadable).
          type: str
          returned: always
          sample: encrypted
        providers:
          description: Key providers of its home and disks.
          type: list
          elements: str
          returned: always
          sample: [okms-prod]
        key_ids:
          description: Ids of its keys; null in check mode as long as a key has yet to be made.
          type: list
          elements: str
          returned: always
          sample: [5c2d7b1e-9a34-4d0f-8b57-0d2f6f1c3a90]
        vmotion_encryption:
          description: Mode of encrypted vMotion; null when it is not known.
          type: str
          returned: always
          sample: required
        power_state:
          description: V(powered_on), V(powered_off) or V(suspended), null also while its guest may be shutting down.
          type: str
          returned: always
          sample: powered_off
        policies:
          description:
            - Names of the storage policies of its home (V(home)) and of its disks (by their labels). Null for a part
              without a policy.
            - Null as a whole when the policies cannot be read.
          type: dict
          returned: always
          sample: {home: vSAN RAID-6 - encrypted, Hard disk 1: vSAN RAID-6 - encrypted}
summary:
  description: How many machines have which outcome, and the size of the work.
  returned: success, and failure once machines were looked at
  type: dict
  contains:
    selected:
      description: Selected machines.
      type: int
      returned: always
      sample: 40
    already:
      description: Had nothing to be done.
      type: int
      returned: always
      sample: 12
    planned:
      description: Would be worked on (check mode).
      type: int
      returned: always
      sample: 0
    done:
      description: Worked on and verified.
      type: int
      returned: always
      sample: 25
    blocked:
      description: Have obstacles.
      type: int
      returned: always
      sample: 2
    excluded:
      description: Recognised as infrastructure and left alone.
      type: int
      returned: always
      sample: 1
    failed:
      description: Did not get there.
      type: int
      returned: always
      sample: 0
    not_started:
      description: Were not begun because the run was stopped.
      type: int
      returned: always
      sample: 0
    shutdowns:
      description: Machines that have to be shut down for it.
      type: int
      returned: always
      sample: 3
    rewritten_bytes:
      description: Bytes of disks that are rewritten.
      type: int
      returned: always
      sample: 2748779069440
    obstacles:
      description: Number of blocked machines by code of their obstacles.
      type: dict
      returned: always
      sample: {snapshots: 2}
"""

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    text,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_fleet
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.encryption import (
    FleetEncryption,
    campaign_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.plan import Wish
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
)


def build(context: Context) -> FleetEncryption:
    """The fleet, every encrypted part of which gets a new key."""
    params = context.params
    wish = Wish(
        "rekeyed",
        deep=params["mode"] == "deep",
        key_ids=None if params["key_ids"] is None else frozenset(params["key_ids"]),
        power_off=params["power_off"],
        power_on=frozenset(params["power_on"] or ()),
    )
    return FleetEncryption(context, wish)


def main() -> None:
    """Entry point."""
    run_fleet(SPEC, build)


if __name__ == "__main__":
    main()
