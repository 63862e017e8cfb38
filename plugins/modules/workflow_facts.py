# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action workflow_facts, which has no module."""

from __future__ import annotations

DOCUMENTATION = r"""
module: workflow_facts
short_description: Set a role's facts for the next node of a workflow
version_added: 0.1.0
description:
  - Every role of this collection ends with it, also after a failure and in check mode. It builds one variable from the
    role's summary and from what the role knows, and sets it as M(ansible.builtin.set_stats) does. AWX and
    Automation Controller keep it as an artifact of the job, and pass it to the jobs that follow in the workflow.
  - The variable is a dictionary named C(encryption_facts_<role>), such as C(encryption_facts_okms). It always
    has the same keys, has no secrets and no key ids, and at most 50 entries in each list.
  - If a play has several hosts, the variable has the key C(hosts) instead, with the facts of each of the first 200
    hosts, without lists, and C(hosts_more), the number of the other hosts.
  - Set the variable C(ovhcloud_vmware_encryption_stats), the environment variable
    E(OVHCLOUD_VMWARE_ENCRYPTION_STATS), or C(stats) in the section C(ovhcloud_vmware_encryption) of C(ansible.cfg) to
    V(false) to turn this off.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
options:
  role:
    description: Name of the role, without that of the collection.
    type: str
    required: true
  summary:
    description: The role's summary, see P(ovhcloud.vmware_encryption.step_summary#filter).
    type: dict
    required: true
  stopped:
    description: Why the role fails after its summary, empty if it does not.
    type: str
    default: ""
  provider:
    description: What is known of the key provider, in the form of M(ovhcloud.vmware_encryption.key_provider_info), the
      newest state first. For each value, the first one that is known is used.
    type: list
    elements: dict
  okms:
    description: The OKMS domain, in the form of M(ovhcloud.vmware_encryption.okms).
    type: dict
  order:
    description: The result of M(ovhcloud.vmware_encryption.okms), with the order or what an order would cost.
    type: dict
  campaign:
    description: The C(plan) and C(progress) of a run over many VMs, see
      P(ovhcloud.vmware_encryption.encryption_plan#filter) and P(ovhcloud.vmware_encryption.encryption_progress#filter).
    type: dict
  counts:
    description: Other numbers, by name.
    type: dict
  key_counts:
    description: Numbers of keys, by name.
    type: dict
  blocked:
    description: What is blocked, each with C(name) and C(reason), or with C(subject), C(text) and C(next_step).
    type: list
    elements: dict
  findings:
    description: Number of findings by severity.
    type: dict
  report:
    description: The C(text) of an audit's report, and the severities in C(fail_on) that fail the role at its end.
    type: dict
  preflight:
    description: The table of the preflight, see P(ovhcloud.vmware_encryption.preflight_table#filter).
    type: dict
  files:
    description: Paths of the files that the role writes, by name.
    type: dict
attributes:
  check_mode:
    description: Runs the same in check mode.
    support: full
  diff_mode:
    description: Has nothing to show.
    support: none
notes:
  - It is an action; nothing runs on the managed host.
"""

EXAMPLES = r"""
- name: Set facts for the next workflow node
  ovhcloud.vmware_encryption.workflow_facts:
    role: okms
    summary: "{{ shown.msg }}"
    provider: ["{{ key_provider }}"]
    files:
      dossier: /persistent/dossier.json
"""

RETURN = r"""
ansible_stats:
  description: The stats, as M(ansible.builtin.set_stats) returns them.
  returned: unless they are turned off
  type: dict
  contains:
    data:
      description: The variable C(encryption_facts_<role>). These are its keys; which of them a role sets depends
        on the role only.
      type: dict
      contains:
        check:
          description: Whether the role ran in check mode.
          type: bool
          sample: false
        outcome:
          description: V(changed), V(unchanged), V(planned) (check mode, a run would change something) or V(failed).
          type: str
          sample: changed
        steps:
          description: Number of steps in the summary's lists C(done), C(changed), C(skipped) and C(to_do).
          type: dict
          sample: {done: 3, changed: 9, skipped: 2, to_do: 0}
        to_do:
          description: What is still to do, as in the summary.
          type: list
          elements: str
          sample: []
        to_do_more:
          description: Number of entries of that list beyond the first 50.
          type: int
          sample: 0
        blocked_by:
          description: The step that stopped the role and its message, empty if none did.
          type: str
          sample: ""
        provider:
          description: The key provider's C(name), C(type), C(status) (V(green), V(yellow), V(red) or V(gray), empty if
            it is not known) and whether it is the C(default).
          type: dict
          sample: {name: okms, type: standard, status: green, default: true}
        okms:
          description: The OKMS domain's C(id), C(name) and C(region).
          type: dict
          sample: {id: 7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31, name: vmware-encryption, region: eu-west-rbx}
        order:
          description: The order's C(number) (0 if there is none), C(status), C(price) with tax and C(currency). Before
            an order, the price that it would have; null if there is nothing to order.
          type: dict
          sample: {number: 214000123, status: delivered, price: 0.0, currency: EUR}
        counts:
          description: Numbers of VMs or other objects.
          type: dict
          sample: {selected: 120, already: 100, done: 17, blocked: 2, failed: 1, left: 1}
        key_counts:
          description: Numbers of keys.
          type: dict
          sample: {old: 12}
        blocked:
          description: What is blocked, each with C(name) and C(reason).
          type: list
          elements: dict
          sample: [{name: db-01, reason: "snapshots: it has snapshots. Next step: remove them"}]
        blocked_more:
          description: Number of entries of that list beyond the first 50.
          type: int
          sample: 0
        failed:
          description: VMs that failed, each with C(name) and C(reason).
          type: list
          elements: dict
          sample: []
        failed_more:
          description: Number of entries of that list beyond the first 50.
          type: int
          sample: 0
        findings:
          description: Number of findings by severity.
          type: dict
          sample: {critical: 0, warning: 2, notice: 5}
        files:
          description: Paths of the files that the role writes, empty for those that it was not asked for.
          type: dict
          sample: {dossier: /persistent/dossier.json}
        hosts:
          description: With several hosts in the play, the keys above by host, without lists; no other key is set then.
          type: dict
          sample: {}
        hosts_more:
          description: With several hosts in the play, the number of hosts without facts.
          type: int
          sample: 0
"""
