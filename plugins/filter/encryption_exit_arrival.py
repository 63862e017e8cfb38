# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter encryption_exit_arrival: what has arrived of VMs that move to another vCenter."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.arrival import arrival
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.record import (
    NotARecordError,
    loaded_record,
    recorded,
)

DOCUMENTATION = r"""
name: encryption_exit_arrival
short_description: Count and compare VMs that moved to another vCenter
version_added: 0.1.0
description:
  - Takes the record that P(ovhcloud.vmware_encryption.encryption_exit_move#filter) made before the move, and the VMs of
    the target, and returns for each VM of the record where it is now, and what is wrong with it.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: Text of the record, in JSON.
    type: str
    required: true
  target:
    description: The target's VMs as M(ovhcloud.vmware_encryption.vm_encryption_info) returns them.
    type: list
    elements: dict
    required: true
  source:
    description: The source's VMs. Without them, it is unknown whether a VM is still there.
    type: list
    elements: dict
  keys:
    description: The keys of the VMs that arrived, as M(ovhcloud.vmware_encryption.encryption_key_info) returns them.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Show what has arrived
  ansible.builtin.debug:
    msg: "{{ (record | ovhcloud.vmware_encryption.encryption_exit_arrival(target=new.virtual_machines)).table }}"
  vars:
    record: "{{ lookup('ansible.builtin.file', '/srv/exit/encryption-move.json') }}"
"""

RETURN = r"""
_value:
  description: The comparison.
  type: dict
  contains:
    table:
      description: Lines to be shown.
      type: list
      elements: str
    complete:
      description: Whether every VM has arrived, encrypted and readable.
      type: bool
    expected:
      description: How many VMs the record has.
      type: int
    counts:
      description: How many VMs have each standing.
      type: dict
    virtual_machines:
      description: The VMs with C(standing), C(reason) and C(next_step).
      type: list
      elements: dict
    text:
      description: All of it in JSON.
      type: str
"""

TAKES = "the text of a record and VMs of vm_encryption_info"


def encryption_exit_arrival(
    record: str,
    target: t.Sequence[t.Any],
    source: t.Optional[t.Sequence[t.Any]] = None,
    keys: t.Sequence[t.Any] = (),
) -> dict[str, t.Any]:
    """The comparison. Raises AnsibleFilterError when the record is none."""
    try:
        made = arrival(loaded_record(record), target, source, keys)
    except NotARecordError as error:
        raise AnsibleFilterError(f"encryption_exit_arrival: {error}") from error
    return {**made, "text": recorded(made)}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"encryption_exit_arrival": shaped(encryption_exit_arrival, AnsibleFilterError, TAKES)}
