#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vm_vtpm
short_description: Add or remove virtual TPMs of VMs
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Gives many VMs a virtual TPM 2.0 (vTPM) in one task, or removes it. It selects and processes VMs as
    M(ovhcloud.vmware_encryption.vm_encryption) does, reports all obstacles before the first change, and verifies each
    VM afterwards.
  - A vTPM needs an encrypted home. If the home is unencrypted, vCenter encrypts it with a key of the default provider
    of the cluster or of the system, which must therefore exist and give keys; a native one must be backed up. Disks
    and storage policies stay as they are. From then on, vCenter requires encrypted vMotion and Fault Tolerance for
    the VM.
  - A VM needs EFI firmware and virtual hardware of version 14 or newer, must be powered off, and must not have
    snapshots.
  - Removing a vTPM destroys its secrets. A guest that seals its own encryption with it, such as BitLocker, then needs
    its recovery key to start. So the module removes only the vTPMs of VMs that O(confirm_names) names.
  - The vSphere user needs C(VirtualMachine.Config.AddRemoveDevice) and C(VirtualMachine.Config.EditDevice),
    C(Cryptographer.ManageKeyServers) to look at key providers, and C(Cryptographer.Encrypt) and
    C(Cryptographer.RegisterHost) if the home is unencrypted. To remove a vTPM, it also needs C(Cryptographer.Decrypt),
    because vCenter can decrypt the home then. O(power_off) needs C(VirtualMachine.Interact.PowerOff) and
    C(VirtualMachine.Interact.PowerOn).
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
  - ovhcloud.vmware_encryption._selection
  - ovhcloud.vmware_encryption._campaign
options:
  state:
    description:
      - V(present) adds a vTPM to selected VMs that have none.
      - V(absent) removes it from those that have one, if O(confirm_names) names them.
      - What becomes of a home that is encrypted only for the vTPM is up to vCenter. VMware says that the VM is no
        longer encrypted. If the home stays encrypted, the module warns.
    type: str
    choices: [present, absent]
    default: present
  confirm_names:
    description:
      - With O(state=absent), the names of all VMs whose vTPM will be removed, typed again. VMs that share a name are
        confirmed by their ids, such as V(vm-42).
      - The module refuses, and lists the names, if one is missing here or belongs to no selected VM. VMs that no longer
        have a vTPM may be in the list.
      - A name that begins or ends with spaces must be typed with them, in quotes, unless the VM is confirmed by its id.
    type: list
    elements: str
  zerto:
    description:
      - What to do with VMs with an unencrypted home if this vCenter has replication appliances of Zerto
        (C(Z-VRA*)). Zerto cannot replicate encrypted VMs. vCenter does not know which VMs it replicates.
      - V(warn) adds the vTPM and warns that their replication ends. V(block) reports them as blocked. V(ignore) does
        neither.
    type: str
    choices: [warn, block, ignore]
    default: warn
notes:
  - Back up the whole VM including its C(.nvram) file, which holds the secrets of the vTPM.
seealso:
  - module: ovhcloud.vmware_encryption.vm_encryption
  - module: ovhcloud.vmware_encryption.vm_encryption_info
  - module: ovhcloud.vmware_encryption.key_provider_info
"""

EXAMPLES = r"""
- name: Give the Windows VMs of a folder a vTPM, with a shutdown, and power them on again
  ovhcloud.vmware_encryption.vm_vtpm:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    selection:
      folders: [DC0/vm/windows]
    power_off: shutdown

- name: Show which VMs cannot have one, and why
  ovhcloud.vmware_encryption.vm_vtpm:
    selection:
      tags: [os:windows-11]
    blocked: skip
  check_mode: true
  register: plan

- name: Remove the vTPM of two VMs
  ovhcloud.vmware_encryption.vm_vtpm:
    selection:
      names: [legacy-01, legacy-02]
    state: absent
    confirm_names: [legacy-01, legacy-02]
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
      description: What the VM needs, V(add_vtpm), V(remove_vtpm), V(power_on) or V(none).
      type: str
      returned: always
      sample: add_vtpm
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
    obstacles:
      description: Why the VM is blocked or excluded.
      type: list
      elements: dict
      returned: always
      contains:
        code:
          description: Short name, such as V(snapshots), V(powered_on), V(vtpm_firmware), V(vtpm_hardware_version).
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
          sample: unencrypted
        state:
          description:
            - The former name of RV(virtual_machines[].before.encryption_state), where V(unencrypted) is V(clear). Use
              the new one; this one is returned until 2.0.0.
          type: str
          returned: until 2.0.0
          sample: clear
        providers:
          description: Key providers of its home and disks.
          type: list
          elements: str
          returned: always
          sample: []
        key_ids:
          description: Ids of its keys, null in check mode if a key does not exist yet.
          type: list
          elements: str
          returned: always
          sample: []
        vmotion_encryption:
          description: Mode of encrypted vMotion, null if it is not known.
          type: str
          returned: always
          sample: opportunistic
        fault_tolerance_encryption:
          description: Mode of encrypted Fault Tolerance, null if it is not known.
          type: str
          returned: always
          sample: opportunistic
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
    after:
      description:
        - Its state now, read after the change, or (in check mode) predicted. Null values are not known, such as what
          becomes of a home that was encrypted only for the vTPM.
      type: dict
      returned: always
      contains:
        encryption_state:
          description: V(encrypted), V(partly_encrypted), V(vtpm_only), V(unencrypted) or V(unreadable).
          type: str
          returned: always
          sample: vtpm_only
        state:
          description:
            - The former name of RV(virtual_machines[].after.encryption_state), where V(unencrypted) is V(clear). Use
              the new one; this one is returned until 2.0.0.
          type: str
          returned: until 2.0.0
          sample: vtpm_only
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
          sample: true
        power_state:
          description: V(powered_on), V(powered_off) or V(suspended), null also while its guest may be shutting down.
          type: str
          returned: always
          sample: powered_off
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
    campaign_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.plan import (
    Wish,
    machine_ids,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.side_effects import (
    ZERTO,
    ZERTO_WARN,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.vtpm import FleetVtpm
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
    state=text(default="present", choices=("present", "absent")),
    confirm_names=texts(),
    zerto=text(default=ZERTO_WARN, choices=ZERTO),
)


def build(context: Context) -> FleetVtpm:
    """The fleet with what the user wishes of it."""
    params = context.params
    wish = Wish(
        "unchanged",
        power_off=params["power_off"],
        power_on=machine_ids(params["power_on"] or ()),
        vtpm=params["state"] == "present",
    )
    return FleetVtpm(context, wish)


def main() -> None:
    """Entry point."""
    run_campaign(SPEC, build)


if __name__ == "__main__":
    main()
