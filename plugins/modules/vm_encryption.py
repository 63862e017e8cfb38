#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vm_encryption
short_description: Encrypt, move or decrypt VMs
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Brings many VMs into one state in one task. Home and all disks on all controllers are encrypted with one key
    provider's keys, moved to another provider, or decrypted. It can also set the modes of encrypted vMotion and Fault
    Tolerance.
  - The module first reads and sorts all VMs. Each gets exactly one reconfigure call. Many run at once within limits
    and are followed together. The module verifies each VM afterwards, disk by disk. If an interrupted run left a VM
    half done, the next run completes it.
  - A shallow recrypt moves an encrypted VM to another provider. It gives the VM new outer keys without
    rewriting its disks, works while the VM runs, and tolerates a single chain of snapshots.
  - The vSphere user needs C(Cryptographer.Encrypt), C(Cryptographer.Decrypt) or C(Cryptographer.Recrypt) for the
    operation, and C(Cryptographer.ManageKeys), C(Cryptographer.ManageKeyServers), C(Cryptographer.RegisterHost),
    C(VirtualMachine.Config.EditDevice), C(VirtualMachine.Config.Settings) and C(StorageProfile.View), from vSphere 8.0
    on also C(StorageProfile.Apply). O(power_off) needs C(VirtualMachine.Interact.PowerOff) and
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
      - V(encrypted) encrypts unencrypted VMs, and moves VMs whose provider is not O(provider).
      - V(moved) only moves VMs whose provider is not O(provider). Unencrypted VMs stay unencrypted, and so do the
        unencrypted disks of a VM whose home is encrypted only for its vTPM.
      - V(decrypted) decrypts home and disks. A VM with a vTPM is blocked, because a vTPM needs an encrypted home.
      - V(unchanged) only sets O(vmotion_encryption) and O(fault_tolerance_encryption).
    type: str
    choices: [encrypted, moved, decrypted, unchanged]
    default: encrypted
  provider:
    description:
      - Name of the key provider. Without it, unencrypted VMs get the default provider of their cluster or of the
        system, half-encrypted ones keep their provider, and encrypted ones stay unchanged.
      - Required with O(state=moved).
      - A native key provider must be backed up.
    type: str
  policy:
    description:
      - Name of the storage policy that home and disks get when they are encrypted. The module warns if it lacks rules
        of the current one.
      - Without it, a policy that encrypts stays, a policy with rules besides encryption is handled as
        O(policy_conflict) says, and everything else gets C(VM Encryption Policy), which every vCenter has.
      - Policies of VMs that are already encrypted stay.
    type: str
  policy_conflict:
    description:
      - What to do with a VM whose storage policy has rules besides encryption, such as those for vSAN, tags or
        replication. vCenter replaces a policy together with all its rules, on vSAN for example its failure tolerance.
      - V(combine) gives it a policy with the same rules that also encrypts. The module uses an existing one with the
        same rules, or creates it, named after the old policy with C(- encrypted) at the end. Decryption restores the
        old policy, which the combined policy names in its description. If nothing records the old policy, as with
        C(VM Encryption Policy), the VM has no policy afterwards, and the module warns.
      - V(replace) gives it C(VM Encryption Policy), and no policy with O(state=decrypted). A warning names the lost
        rules.
      - V(block) reports the VM as blocked.
      - V(combine) and V(block) block a VM whose current policy cannot be read; V(combine) also blocks one that needs a
        policy that the user is not allowed to create.
      - Creating a policy needs the privileges C(StorageProfile.Update) and C(Cryptographer.ManageEncryptionPolicy),
        reading policies C(StorageProfile.View), assigning them C(StorageProfile.Apply) (vSphere 8.0 and newer).
    type: str
    choices: [combine, replace, block]
    default: combine
  zerto:
    description:
      - What to do with unencrypted VMs if this vCenter has replication appliances of Zerto (C(Z-VRA*)).
        Zerto cannot replicate encrypted VMs. vCenter does not know which VMs it replicates.
      - V(warn) encrypts them and warns that their replication ends. V(block) reports them as
        blocked.
      - V(ignore) does neither. It also skips the check for vSAN that is encrypted too; the other values warn about it
        once per cluster. V(ignore) saves requests in a run that follows one with these checks.
    type: str
    choices: [warn, block, ignore]
    default: warn
  vmotion_encryption:
    description:
      - Encrypted vMotion mode of VMs that are or become unencrypted. It is always V(required) for encrypted ones.
    type: str
    choices: [disabled, opportunistic, required]
  fault_tolerance_encryption:
    description:
      - Mode of encrypted Fault Tolerance (its log traffic) for VMs that are or become unencrypted. It is always
        V(required) for encrypted ones.
    type: str
    choices: [disabled, opportunistic, required]
seealso:
  - module: ovhcloud.vmware_encryption.vm_encryption_info
  - module: ovhcloud.vmware_encryption.vm_rekey
  - module: ovhcloud.vmware_encryption.encryption_storage_policy
  - module: ovhcloud.vmware_encryption.vm_vtpm
  - module: ovhcloud.vmware_encryption.campaign_state
"""

EXAMPLES = r"""
- name: Encrypt the VMs of a folder, with a shutdown, and power them on again
  ovhcloud.vmware_encryption.vm_encryption:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    selection:
      folders: [DC0/vm/prod]
    exclude:
      tags: [role:firewall]
    provider: okms-prod
    power_off: shutdown

- name: Find what uses the old key provider
  ovhcloud.vmware_encryption.key_provider_info:
    name: okms-prod
    users: true
  register: old

- name: Move its VMs to the new key provider while they run
  ovhcloud.vmware_encryption.vm_encryption:
    selection:
      ids: "{{ (old.key_providers | first).users.virtual_machines | map(attribute='moid') }}"
    state: moved
    provider: nkp-prod
    max_failures: 3
  register: moved

- name: Show the obstacles
  ovhcloud.vmware_encryption.vm_encryption:
    selection:
      all: true
    blocked: skip
  check_mode: true
  register: plan

- name: Show which storage policies would be created for VMs on vSAN
  ovhcloud.vmware_encryption.vm_encryption:
    selection:
      clusters: [cluster-1]
    policy_conflict: combine
    blocked: skip
  check_mode: true
  register: plan

- name: Decrypt one VM
  ovhcloud.vmware_encryption.vm_encryption:
    selection:
      names: [legacy-01]
    state: decrypted
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
      description: What the VM needs, V(encrypt), V(complete) (it was half encrypted), V(move) (to another
        provider), V(decrypt), V(set_vmotion), V(set_fault_tolerance), V(set_modes) (both), V(power_on) or V(none).
      type: str
      returned: always
      sample: encrypt
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
      sample: 107374182400
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
        policies:
          description:
            - Names of the storage policies of its home (V(home)) and of its disks (by their labels). Null for a part
              without a policy.
            - Null as a whole if the policies cannot be read.
          type: dict
          returned: always
          sample: {home: vSAN RAID-6, Hard disk 1: vSAN RAID-6}
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
created_policies:
  description: The storage policies that this run created, or (in check mode) would create.
  returned: success, and failure once VMs were read
  type: list
  elements: dict
  contains:
    name:
      description: Name of the policy.
      type: str
      returned: always
      sample: vSAN RAID-6 - encrypted
    id:
      description: Its id; null in check mode.
      type: str
      returned: always
      sample: 7d1a0b54-3a2b-4f0e-8f0c-55a8c1f0b1d2
    made_from:
      description: Name of the policy whose rules it has.
      type: str
      returned: always
      sample: vSAN RAID-6
    rules:
      description: These rules, without encryption.
      type: list
      elements: str
      returned: always
      sample: [VSAN.hostFailuresToTolerate=2, VSAN.replicaPreference=RAID-5/6 (Erasure Coding) - Capacity]
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
    given,
    text,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_campaign
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.encryption import (
    FleetEncryption,
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
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import FT_MODES
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.policy_choice import (
    COMBINE,
    CONFLICTS,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.selection import (
    exclude,
    selection,
)

MODES = ("vmotion_encryption", "fault_tolerance_encryption")
SPEC = ArgSpec(
    connection(),
    selection(),
    exclude(),
    campaign_options(),
    state=text(default="encrypted", choices=("encrypted", "moved", "decrypted", "unchanged")),
    provider=text(),
    policy=text(),
    policy_conflict=text(default=COMBINE, choices=CONFLICTS),
    zerto=text(default=ZERTO_WARN, choices=ZERTO),
    vmotion_encryption=text(choices=tuple(FT_MODES)),
    fault_tolerance_encryption=text(choices=tuple(FT_MODES)),
    trimmed=("provider", "policy"),
    rules={"required_if": [("state", "unchanged", MODES, True), ("state", "moved", ("provider",))]},
)


def build(context: Context) -> FleetEncryption:
    """The fleet with what the user wishes of it."""
    params = context.params
    modes = {name: params[name] for name in MODES}
    for name, mode in modes.items():
        if params["state"] == "encrypted" and mode not in (None, "required"):
            raise InvalidInputError(
                f"{name}: {mode} is not possible with state: encrypted; vCenter keeps it at required for every "
                "encrypted VM"
            )
    takes_provider = params["state"] in ("encrypted", "moved")
    if (given(params["provider"]) and not takes_provider) or (
        given(params["policy"]) and params["state"] != "encrypted"
    ):
        raise InvalidInputError("provider and policy are for state: encrypted only, provider for state: moved too")
    vmotion, ft = (None if params["state"] == "encrypted" else mode for mode in modes.values())
    wish = Wish(
        params["state"],
        given(params["provider"]),
        vmotion,
        ft=ft,
        power_off=params["power_off"],
        power_on=machine_ids(params["power_on"] or ()),
    )
    return FleetEncryption(context, wish, given(params["policy"]), params["policy_conflict"])


def main() -> None:
    """Entry point."""
    run_campaign(SPEC, build)


if __name__ == "__main__":
    main()
