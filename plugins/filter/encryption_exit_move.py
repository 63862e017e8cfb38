# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter encryption_exit_move: which VMs may move to another vCenter, and how."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.move import move
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.record import (
    NotARecordError,
    loaded_record,
    recorded,
)

DOCUMENTATION = r"""
name: encryption_exit_move
short_description: Tell which VMs may move to another vCenter, and how
version_added: 0.1.0
description:
  - Takes what two vCenters say, and whether the target can get the keys of the source's VMs, and returns for each VM
    whether it may move by cross-vCenter vMotion, by replication, or by a restore from a backup, and why not.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: The facts.
    type: dict
    required: true
    suboptions:
      source:
        description: Its C(vcenter), C(vcenter_id), C(vcenter_version) and C(key_providers), as
          M(ovhcloud.vmware_encryption.key_provider_info) returns them, its
          C(virtual_machines), and the C(provider) that moves.
        type: dict
        required: true
      target:
        description: Its C(vcenter), C(vcenter_id), C(vcenter_version) and C(key_providers), as
          M(ovhcloud.vmware_encryption.key_provider_info) returns them.
        type: dict
        required: true
      keys:
        description: The keys as M(ovhcloud.vmware_encryption.encryption_key_info) of the target returns them.
        type: list
        elements: dict
        required: true
  earlier:
    description: Text of the record of an earlier run. VMs that are no longer in the source stay in the record.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show which VMs may move
  ansible.builtin.debug:
    msg: "{{ (facts | ovhcloud.vmware_encryption.encryption_exit_move).table }}"
  vars:
    facts:
      source: "{{ old }}"
      target: "{{ new }}"
      keys: "{{ found.encryption_keys }}"
"""

RETURN = r"""
_value:
  description: The verdict.
  type: dict
  contains:
    table:
      description: Lines to be shown.
      type: list
      elements: str
    may_move:
      description: Whether there are VMs, and every one of them may move by cross-vCenter vMotion.
      type: bool
    held:
      description: VMs that cannot move by cross-vCenter vMotion, with C(name) and C(reason).
      type: list
      elements: dict
    trouble:
      description: What holds back all VMs.
      type: list
      elements: str
    keys_asked:
      description: How many keys the target was asked for.
      type: int
    keys_unavailable:
      description: Those of them that it cannot get.
      type: list
      elements: dict
    virtual_machines:
      description: The VMs with their keys and C(ways), each with C(way), C(may) (C(yes), C(no), C(not known)) and
        C(reason).
      type: list
      elements: dict
    text:
      description: All of it in JSON, to be kept as the record of the move.
      type: str
"""

TAKES = "what two vCenters say, and the keys"


def encryption_exit_move(facts: t.Mapping[str, t.Any], earlier: str = "") -> dict[str, t.Any]:
    """The verdict. Raises AnsibleFilterError when facts are missing."""
    missing = [key for key in ("source", "target", "keys") if facts.get(key) is None]
    if missing:
        raise AnsibleFilterError(f"encryption_exit_move: the facts lack {', '.join(missing)}")
    try:
        before = loaded_record(earlier) if earlier.strip() else {}
    except NotARecordError as error:
        raise AnsibleFilterError(f"encryption_exit_move: {error}") from error
    made = move(facts["source"], facts["target"], facts["keys"], before)
    return {**made, "text": recorded(made)}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"encryption_exit_move": shaped(encryption_exit_move, AnsibleFilterError, TAKES)}
