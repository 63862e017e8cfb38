# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter encryption_exit_plan: what it takes to decrypt everything in a vCenter, for people to read."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.plan import plan

DOCUMENTATION = r"""
name: encryption_exit_plan
short_description: Plan the decryption of everything in a vCenter
version_added: 0.1.0
description:
  - Takes what the info modules of this collection return, and returns which VMs can be decrypted now, how long
    running VMs will be down for it, and what needs a person first, such as VMs with a vTPM, templates, snapshots, vSAN
    and hosts.
  - The role C(encryption_exit) shows this table before it starts.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: The facts.
    type: dict
    required: true
    suboptions:
      vcenter:
        description: Address of the vCenter.
        type: str
      key_providers:
        description: As M(ovhcloud.vmware_encryption.key_provider_info) returns them with the users.
        type: list
        elements: dict
        required: true
      virtual_machines:
        description: As M(ovhcloud.vmware_encryption.vm_encryption_info) returns them, infrastructure included.
        type: list
        elements: dict
        required: true
      hosts:
        description: As M(ovhcloud.vmware_encryption.host_encryption_info) returns them.
        type: list
        elements: dict
      vsan_clusters:
        description: As M(ovhcloud.vmware_encryption.vsan_encryption_info) returns them.
        type: list
        elements: dict
      not_read:
        description: What could not be read, with the reason. Empty reasons are ignored.
        type: dict
  rate:
    description: How fast disks are rewritten, in MiB/s for each VM, for the estimate of the downtime.
    type: int
    default: 100
  parallel:
    description: How many VMs are processed at the same time.
    type: int
    default: 32
"""

EXAMPLES = r"""
- name: Show what it takes to decrypt everything
  ansible.builtin.debug:
    msg: "{{ (facts | ovhcloud.vmware_encryption.encryption_exit_plan).table }}"
  vars:
    facts:
      key_providers: "{{ providers.key_providers }}"
      virtual_machines: "{{ machines.virtual_machines }}"
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    table:
      description: Lines to be shown.
      type: list
      elements: str
    encrypted:
      description: Ids of the VMs of which anything is encrypted, or whose state cannot be read.
      type: list
      elements: str
    ready:
      description: Names of those that can be decrypted now.
      type: list
      elements: str
    downtime:
      description: Those of them that run, with C(name), C(bytes) to rewrite, and about how many C(seconds) that takes;
        the longest first.
      type: list
      elements: dict
    seconds:
      description: About how long all of that takes.
      type: int
    needs_person:
      description: What needs a person first, with C(kind), C(subject), C(moid), C(provider), C(reason) and
        C(next_step).
      type: list
      elements: dict
"""

TAKES = "results of the info modules"


def encryption_exit_plan(facts: t.Mapping[str, t.Any], rate: int = 100, parallel: int = 32) -> dict[str, t.Any]:
    """The plan. Raises AnsibleFilterError when facts are missing."""
    missing = [key for key in ("virtual_machines", "key_providers") if facts.get(key) is None]
    if missing:
        raise AnsibleFilterError(f"encryption_exit_plan: the facts lack {', '.join(missing)}")
    return plan(facts, int(rate), int(parallel))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"encryption_exit_plan": shaped(encryption_exit_plan, AnsibleFilterError, TAKES)}
