# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter encryption_exit_proof: the proof that nothing encrypted is left in a vCenter, or the list of what is."""

from __future__ import annotations

import datetime
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.origin import (
    collection_version,
    run_by,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.reports import dumped_report
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.proof import (
    NotAReportError,
    proof,
)

DOCUMENTATION = r"""
name: encryption_exit_proof
short_description: Prove that nothing encrypted is left in a vCenter
version_added: 0.1.0
description:
  - Takes what the info modules of this collection return, and returns a text in JSON that says whether nothing
    encrypted is left in the vCenter (VMs, templates, snapshots, vSAN, keys of hosts, other users of keys), and
    otherwise lists what is left, each entry with its next step.
  - What could not be read counts as left.
  - If it says the same as the previous proof, it keeps that one's time, so that nothing changes.
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
      vcenter_about:
        description: Its instance UUID, version, build, and the user that read it, as C(id), C(version), C(build) and
          C(user).
        type: dict
      private_cloud:
        description: One record of M(ovhcloud.vmware_encryption.private_cloud_info).
        type: dict
      okms:
        description: The OKMS domain as P(ovhcloud.vmware_encryption.okms_cost#filter) returns it.
        type: dict
      run_by:
        description: Who runs this (C(user)) and in which C(job). If no user is given, the control node's user.
        type: dict
  previous:
    description: Text of the previous proof. Empty if there is none.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show what is left
  ansible.builtin.debug:
    msg: "{{ (text | from_json).headline }}"
  vars:
    text: "{{ facts | ovhcloud.vmware_encryption.encryption_exit_proof | string }}"
    facts:
      vcenter: "{{ providers.vcenter }}"
      key_providers: "{{ providers.key_providers }}"
      virtual_machines: "{{ machines.virtual_machines }}"
"""

RETURN = r"""
_value:
  description: Text of the proof, in JSON. The guide on leaving describes its keys.
  type: str
  sample: '{"format": "ovhcloud.vmware_encryption.exit", "schema": 1, "nothing_left": true}'
"""

TAKES = "results of the info modules and the text of an earlier proof"


def encryption_exit_proof(
    facts: t.Mapping[str, t.Any], previous: str = "", now: t.Optional[datetime.datetime] = None
) -> str:
    """The text of the proof. Raises AnsibleFilterError when facts are missing or the earlier proof is none."""
    missing = [key for key in ("vcenter", "virtual_machines", "key_providers") if facts.get(key) is None]
    if missing:
        raise AnsibleFilterError(f"encryption_exit_proof: the facts lack {', '.join(missing)}")
    told = {**facts, "run_by": run_by(facts.get("run_by") or {}), "collection_version": collection_version()}
    try:
        return dumped_report(proof(told, now or datetime.datetime.now(datetime.timezone.utc), previous))
    except NotAReportError as error:
        raise AnsibleFilterError(f"encryption_exit_proof: {error}") from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"encryption_exit_proof": shaped(encryption_exit_proof, AnsibleFilterError, TAKES)}
