# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter step_summary: what a role has done, changed, still has to do, and what stopped it."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: step_summary
short_description: Sum up the steps of a role
version_added: 0.1.0
description:
  - Turns the registered results of the steps of a role into four lists, which are done, changed, to do and blocked by.
  - It is what the roles of this collection show at their end.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: The steps in their order.
    type: list
    elements: dict
    required: true
    suboptions:
      step:
        description: What the step does, in words.
        type: str
        required: true
      result:
        description: The registered result, empty when the step was not reached.
        type: dict
      idle:
        description: Why the step may be left out. A step with a reason that was skipped counts as done.
        type: str
  check:
    description: Whether the role ran in check mode. Changes are then still to be done.
    type: bool
    default: false
  failed_step:
    description: Name of the task that failed, empty when none did.
    type: str
    default: ""
  failure:
    description: What the failed task said.
    type: str
    default: ""
  remaining:
    description: What no step does and remains to be done by somebody, in words.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show what happened
  ansible.builtin.debug:
    msg: "{{ steps | ovhcloud.vmware_encryption.step_summary(check=ansible_check_mode) }}"
  vars:
    steps:
      - step: Order the OKMS domain
        result: "{{ okms_domain | default({}) }}"
"""

RETURN = r"""
_value:
  description: The steps in four lists.
  type: dict
  contains:
    done:
      description: Steps that found their work done.
      type: list
      elements: str
    changed:
      description: Steps that changed something.
      type: list
      elements: str
    to_do:
      description: Steps that remain, or that would change something in check mode.
      type: list
      elements: str
    blocked_by:
      description: The task that stopped the role and what it said, empty when none did.
      type: list
      elements: str
"""

Steps = t.Sequence[t.Mapping[str, t.Any]]


def step_summary(
    steps: Steps, check: bool = False, failed_step: str = "", failure: str = "", remaining: t.Sequence[str] = ()
) -> dict[str, list[str]]:
    """Sort the steps into done, changed, to_do and blocked_by."""
    summary: dict[str, list[str]] = {"done": [], "changed": [], "to_do": [], "blocked_by": []}
    for entry in steps:
        if not isinstance(entry, t.Mapping) or "step" not in entry:
            raise AnsibleFilterError(f"step_summary: a step needs the key 'step': {entry!r}")
        kind, text = _sorted_in(entry, check)
        summary[kind].append(text)
    summary["to_do"].extend(str(text) for text in remaining)
    if failure or failed_step:
        summary["blocked_by"].append(": ".join(part for part in (failed_step, failure) if part))
    return summary


def _sorted_in(entry: t.Mapping[str, t.Any], check: bool) -> tuple[str, str]:
    step, result, idle = str(entry["step"]), entry.get("result") or {}, entry.get("idle")
    if result.get("failed") or not result:
        # a step that was left out on purpose never registers more than its being skipped
        return ("done", f"{step} ({idle})") if idle and not result.get("failed") else ("to_do", step)
    if result.get("skipped"):
        return ("done", f"{step} ({idle})") if idle else ("to_do", step)
    if result.get("changed"):
        return ("to_do" if check else "changed"), step
    return "done", step


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"step_summary": step_summary}
