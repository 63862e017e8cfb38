# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter failure_message: what a failed task said, also if it was a loop."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped

DOCUMENTATION = r"""
name: failure_message
short_description: Tell why a task failed
version_added: 0.1.0
description:
  - Returns what a failed task said. A loop itself only says that an item failed. For a loop, the filter returns what
    the failed items said, each text once, at most five of them.
  - Use it in C(rescue), with the variable C(ansible_failed_result).
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
options:
  _input:
    description: The result of the task.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Look at every key provider
  block:
    - name: Fetch a key
      ovhcloud.vmware_encryption.key_provider_info:
        name: "{{ item }}"
        check_keys: true
      loop: [kms-a, kms-b]
  rescue:
    - name: Show what failed
      ansible.builtin.debug:
        msg: "{{ ansible_failed_result | ovhcloud.vmware_encryption.failure_message }}"
"""

RETURN = r"""
_value:
  description: What it said, C(failed) if it said nothing.
  type: str
  sample: "Key provider 'kms-b' not found in vCenter; create it first"
"""

TAKES = "the result of a task"
MOST = 5  # texts of a loop that are shown; a fleet may have hundreds of items that fail


def failure_message(result: t.Mapping[str, t.Any]) -> str:
    """The text of the task, or those of the items of its loop that failed."""
    items = result.get("results")
    if not isinstance(items, (list, tuple)):
        return _said(result)
    failed = [item for item in items if isinstance(item, dict) and item.get("failed")]
    # what fails before or beside the items, such as a wrong loop, is told by the task itself
    texts = list(dict.fromkeys(map(_said, failed))) or [_said(result)]
    more = len(texts) - MOST
    return "; ".join([*texts[:MOST], *([f"and {more} more"] if more > 0 else [])])


def _said(result: t.Mapping[str, t.Any]) -> str:
    return str(result.get("msg") or "failed")


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"failure_message": shaped(failure_message, AnsibleFilterError, TAKES)}
