#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: encryption_events_info
short_description: Read what vCenter remembers about encryption, with cause and next step
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Reads vCenter's events and failed tasks about encryption from the last days, and the alarms that are triggered now.
  - Each of them has its cause and the next step, if they are known. The guide on troubleshooting lists all causes.
  - Returns only what the vSphere user may see. Events, failed tasks and alarms are read independently of each other.
    If vCenter refuses one of them, the others are returned, RV(not_read) says what is missing and what to do, and the
    module warns. It fails if it can read none of them.
  - Each of them needs the privilege C(System.View) on the root folder, which every role but C(No access) has.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_vsphere
  - ovhcloud.vmware_encryption._vsphere
options:
  days:
    description: How many days to look back, from 1 to 365.
    type: int
    default: 7
  since:
    description:
      - Date (V(2026-11-29)) or time in UTC (V(2026-11-29T08:00:00Z)) from which to read, instead of O(days).
    type: str
  limit:
    description:
      - How many events to read at most, and how many failed tasks, from 1 to 999. The module reads
        the newest ones.
      - Failed tasks of any kind count here, because vCenter cannot tell those about encryption apart.
    type: int
    default: 500
seealso:
  - module: ovhcloud.vmware_encryption.vm_unlock
  - module: ovhcloud.vmware_encryption.key_provider_info
  - module: ovhcloud.vmware_encryption.host_encryption_info
"""

EXAMPLES = r"""
- name: What happened to encryption since yesterday?
  ovhcloud.vmware_encryption.encryption_events_info:
    hostname: pcc-192-0-2-10.ovh.com
    username: admin@pcc-192-0-2-10.ovh.com
    password: "{{ vsphere_password }}"
    days: 1
  register: found

- name: Show what is not solved
  ansible.builtin.debug:
    msg: "{{ item.object }}: {{ item.text }} -> {{ item.next_step }}"
  loop: "{{ found.events | rejectattr('solved') }}"
  loop_control:
    label: "{{ item.id }}"

- name: Fail if a part of it could not be read
  ansible.builtin.assert:
    that: found.not_read | length == 0
    fail_msg: "{{ found.not_read | map(attribute='reason') | join('; ') }}"
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
since:
  description: Time from which events and tasks were read.
  returned: success
  type: str
  sample: "2026-11-22T08:00:00Z"
events:
  description: Events about encryption that report a problem, the newest first. Empty if RV(not_read) names them.
  returned: success
  type: list
  elements: dict
  contains: &row
    id:
      description: Its number, for a task its id.
      type: raw
      returned: for events and failed tasks
      sample: 48123
    event:
      description: Type of the event.
      type: str
      returned: for events
      sample: com.vmware.vc.vm.Crypto.VMLocked.KMSClusterError
    name:
      description: Name of the alarm.
      type: str
      returned: for alarms
      sample: Virtual Machine Locked Alarm
    status:
      description: Colour of the alarm.
      type: str
      returned: for alarms
      sample: red
    acknowledged:
      description: Whether somebody has acknowledged the alarm.
      type: bool
      returned: for alarms
      sample: false
    task:
      description: Operation of the task.
      type: str
      returned: for failed tasks
      sample: VirtualMachine.reconfigure
    user:
      description: Who caused it, null if vCenter does not say.
      type: str
      returned: for events and failed tasks
      sample: admin@pcc-192-0-2-10.ovh.com
    time:
      description: When it happened, by vCenter's clock.
      type: str
      returned: always
      sample: "2026-11-29T08:00:00Z"
    object:
      description: Name of the VM or host, null for vCenter itself. The id if the name may not be read.
      type: str
      returned: always
      sample: db-01
    object_id:
      description: Its id, null for vCenter itself.
      type: str
      returned: always
      sample: vm-42
    text:
      description: What vCenter says, on one line, cut to 400 characters.
      type: str
      returned: always
      sample: Virtual machine is locked because an error occurred on the key provider.
    solved:
      description: Whether a later event of the same object says that the problem is over.
      type: bool
      returned: for events
      sample: false
    cause:
      description: Id of the cause, null if it is not known.
      type: str
      returned: always
      sample: provider_error
    severity:
      description: V(critical), V(warning) or V(notice); V(warning) if the cause is not known.
      type: str
      returned: always
      sample: critical
    reason:
      description: The cause in words, null if it is not known.
      type: str
      returned: always
      sample: vCenter could not get keys because its key provider reported an error
    next_step:
      description: What to do about it, null if the cause is not known.
      type: str
      returned: always
      sample: check the key provider with key_provider_info
alarms:
  description:
    - Alarms about encryption that are triggered now, whatever their age, with the same keys.
    - Those that RV(not_read) names are missing.
  returned: success
  type: list
  elements: dict
  contains: *row
failed_tasks:
  description:
    - Failed tasks that have to do with encryption, with the same keys, the newest first.
    - Empty if RV(not_read) names them.
  returned: success
  type: list
  elements: dict
  contains: *row
not_read:
  description:
    - What could not be read. An empty list above then does not mean that there was nothing. Empty if all was read.
  returned: success, and on failure if none of the three could be read
  type: list
  elements: dict
  contains:
    source:
      description: V(events), V(failed_tasks) or V(alarms), the key above that lacks it.
      type: str
      sample: failed_tasks
    what:
      description: What is missing, in words. For alarms, it may be only the definitions of some of them.
      type: str
      sample: failed tasks
    reason:
      description: What vCenter refused, and why.
      type: str
      sample: >-
        could not read the failed tasks on pcc-192-0-2-10.ovh.com: the user lacks the privilege System.View on
        vim.TaskManager:TaskManager
    privilege:
      description: The privilege to give, null if vCenter gave another reason.
      type: str
      sample: System.View
    object:
      description: Type and id of the object that vCenter refused, null if vCenter does not say.
      type: str
      sample: vim.TaskManager:TaskManager
    next_step:
      description: What to do about it.
      type: str
      sample: in vCenter, give this user a role with the privilege System.View on the root folder, then rerun
cut:
  description: Whether there are more than O(limit), so older ones were not read. V(false) for what was not read at all.
  returned: success
  type: dict
  contains:
    events:
      description: Of the events.
      type: bool
      sample: false
    failed_tasks:
      description: Of the failed tasks of any kind.
      type: bool
      sample: false
summary:
  description: How many rows that are not solved have each severity. What could not be read does not count.
  returned: success
  type: dict
  sample: {critical: 1, warning: 0, notice: 0}
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec, integer, text
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.history.report import history_report

SPEC = ArgSpec(connection(), days=integer(default=7), since=text(), limit=integer(default=500))


class EncryptionEventsInfo:
    """Reads events, alarms and failed tasks."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def find(self) -> dict[str, t.Any]:
        """The result keys."""
        return history_report(connect(self._context), self._context.params, self._context.warn)


def main() -> None:
    """Entry point."""
    run_info(SPEC, EncryptionEventsInfo)


if __name__ == "__main__":
    main()
