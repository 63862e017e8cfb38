#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vm_unlock
short_description: Unlock locked VMs
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Finds encrypted VMs that are locked because their host does not have their keys, reports the reason, and
    lets vCenter push the keys again.
  - VMs are locked if their host started, or if they were registered, while their key provider did not provide
    the keys.
  - The module does not try VMs whose keys are unavailable. It unlocks all others together.
  - It fails if a VM stays locked, in check mode too, and names the next step for each of them. It still unlocks
    all others.
  - The vSphere user needs the privilege C(Cryptographer.RegisterVM) on the VMs; with C(Cryptographer.ManageKeys), the
    module can report why they are locked.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
  - ovhcloud.vmware_encryption._selection
  - ovhcloud.vmware_encryption._wait
options:
  force:
    description:
      - Whether to try VMs whose keys vCenter reports as unavailable.
      - Trying is harmless. It helps if vCenter's information about the key provider is outdated.
    type: bool
    default: false
  wait:
    description:
      - Whether to wait until the VMs are unlocked, and to verify it.
      - With V(false), the module only starts unlocking, which RV(virtual_machines[].outcome=started) shows.
    type: bool
    default: true
notes:
  - Without O(selection), the module checks all VMs. O(exclude.infrastructure) has no effect, because unlocking
    a VM is harmless.
seealso:
  - module: ovhcloud.vmware_encryption.vm_encryption_info
  - module: ovhcloud.vmware_encryption.host_encryption
  - module: ovhcloud.vmware_encryption.key_provider_info
"""

EXAMPLES = r"""
- name: Unlock everything after a KMS outage
  ovhcloud.vmware_encryption.vm_unlock:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"

- name: Only report what is locked, and why
  ovhcloud.vmware_encryption.vm_unlock:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    selection:
      clusters: [cluster-1]
  check_mode: true
  ignore_errors: true
  register: locked

- name: Show it
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.reason or 'can be unlocked' }}"
  loop: "{{ locked.virtual_machines }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
virtual_machines:
  description: The selected VMs that were locked, by name.
  returned: success, and failure because a VM stays locked
  type: list
  elements: dict
  contains:
    name:
      description: Name of the VM.
      type: str
      returned: always
      sample: db-01
    moid:
      description: Its id.
      type: str
      returned: always
      sample: vm-12
    locked:
      description: Whether it was locked before, which is true for all of them.
      type: bool
      returned: always
      sample: true
    outcome:
      description:
        - V(unlocked) (V(planned) in check mode, V(started) with O(wait=false)).
        - V(blocked) if the module did not try, because a key is unavailable; V(failed) if unlocking failed.
      type: str
      returned: always
      sample: unlocked
    reason:
      description: Why it stays locked, in words, null if it does not. With O(force=true) in check mode, why its keys
        are unavailable.
      type: str
      returned: always
      sample: the key does not exist in the KMS
    next_step:
      description: What to do about it, null if nothing has to be done.
      type: str
      returned: always
      sample: restore the key in the KMS from its own backup; without it, the data is lost
summary:
  description: Numbers of VMs.
  returned: success, and failure because a VM stays locked
  type: dict
  contains:
    selected:
      description: Those that were looked at.
      type: int
      returned: always
      sample: 420
    locked:
      description: Those that were locked.
      type: int
      returned: always
      sample: 3
    unlocked:
      description: Those that are unlocked now.
      type: int
      returned: always
      sample: 3
    planned:
      description: Those that would be unlocked, in check mode.
      type: int
      returned: always
      sample: 0
    started:
      description: Those whose unlocking was started, with O(wait=false).
      type: int
      returned: always
      sample: 0
    blocked:
      description: Those that were not tried.
      type: int
      returned: always
      sample: 0
    failed:
      description: Those that were tried in vain.
      type: int
      returned: always
      sample: 0
"""

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    wait_options,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_action
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.selection import (
    exclude,
    selection,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.unlock import Unlock

SPEC = ArgSpec(
    connection(),
    selection(),
    exclude(),
    wait_options(),
    force=boolean(default=False),
)


def build(context: Context) -> Unlock:
    """Log in."""
    return Unlock(context, connect(context))


def main() -> None:
    """Entry point."""
    run_action(SPEC, build)


if __name__ == "__main__":
    main()
