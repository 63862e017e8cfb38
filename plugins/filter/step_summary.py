# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter step_summary: what is there, what a role changed or skipped, what is still to do, and what stopped it."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import shown

DOCUMENTATION = r"""
name: step_summary
short_description: Sum up the steps of a role
version_added: 0.1.0
description:
  - Turns the registered results of a role's steps into five lists, done, changed, skipped, to do and
    blocked by.
  - The roles of this collection show it at their end, even after a failure.
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
        description: What the step leads to, in words.
        type: str
        required: true
      result:
        description: The registered result, empty if the step was not reached.
        type: dict
      there:
        description: What the role saw that makes the step unnecessary. If such a step was skipped or not reached, it
          counts as done.
        type: str
      idle:
        description: Why the step may be skipped. If a step with a reason was skipped or not reached, it counts as
          skipped.
        type: str
      summaries:
        description: Summaries of roles that did this step. Their steps whose text begins with C(step) are listed as
          these roles list them, and the step itself is not listed.
        type: list
        elements: dict
  check:
    description: Whether the role ran in check mode. Changes are then still to do.
    type: bool
    default: false
  failed_step:
    description: Name of the task that failed, empty if none did. Steps that had no result by then are marked.
    type: str
    default: ""
  failure:
    description: What the failed task said.
    type: str
    default: ""
  empty:
    description: Why a step whose loop had no items may be skipped. If empty, such a step is still to do.
    type: str
    default: ""
  remaining:
    description: What no step does and somebody must still do, in words.
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
  description: The steps in five lists.
  type: dict
  contains:
    done:
      description: Steps whose result this run found in place.
      type: list
      elements: str
    changed:
      description: Steps that changed something.
      type: list
      elements: str
    skipped:
      description: Steps that were not requested or could not be tested, each with the reason.
      type: list
      elements: str
    to_do:
      description: Steps that remain, or that would change something in check mode.
      type: list
      elements: str
    blocked_by:
      description: The task that stopped the role and its message, empty if none did.
      type: list
      elements: str
"""

TAKES = "a list of steps with their registered results"
Steps = t.Sequence[t.Mapping[str, t.Any]]
KINDS = ("done", "changed", "skipped", "to_do", "blocked_by")


def step_summary(
    steps: Steps,
    check: bool = False,
    failed_step: str = "",
    failure: str = "",
    remaining: t.Sequence[str] = (),
    empty: str = "",
) -> dict[str, list[str]]:
    """Sort the steps into the five lists."""
    summary: dict[str, list[str]] = {kind: [] for kind in KINDS}
    stopped = bool(failure or failed_step)
    for entry in steps:
        if not isinstance(entry, t.Mapping) or "step" not in entry:
            raise AnsibleFilterError(f"step_summary: a step needs the key 'step': {shown(entry)}")
        if "summaries" in entry:
            for kind, text in _told(str(entry["step"]), entry["summaries"] or ()):
                summary[kind].append(text)
            continue
        if empty and (entry.get("result") or {}).get("results") == [] and not entry.get("idle"):
            entry = {**entry, "idle": empty}
        kind, note = _kind_of(entry, check, stopped)
        summary[kind].append(f"{entry['step']} ({note})" if note else str(entry["step"]))
    summary["to_do"].extend(str(text) for text in remaining)
    if stopped:
        summary["blocked_by"].append(": ".join(part for part in (failed_step, failure) if part))
    return summary


def _told(begin: str, summaries: t.Iterable[t.Mapping[str, t.Any]]) -> t.Iterator[tuple[str, str]]:
    """What other summaries list of a step, each text once."""
    lists = [(kind, str(text)) for one in summaries for kind in KINDS for text in one.get(kind) or ()]
    yield from dict.fromkeys((kind, text) for kind, text in lists if kind != "blocked_by" and text.startswith(begin))


def _kind_of(entry: t.Mapping[str, t.Any], check: bool, stopped: bool) -> tuple[str, str]:
    """The list of a step, and what is added to it in brackets."""
    result = entry.get("result") or {}
    if result.get("failed"):
        return "to_do", "partly done" if result.get("changed") and not check else ""
    if result and not result.get("skipped"):
        if result.get("changed"):
            return ("to_do" if check else "changed"), ""
        return "done", ""
    # each is a template of the role, worked out when it is asked for
    if there := str(entry.get("there") or ""):
        return "done", there
    if idle := str(entry.get("idle") or ""):
        return "skipped", idle
    return "to_do", "not looked at" if stopped and not result else ""


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"step_summary": shaped(step_summary, AnsibleFilterError, TAKES)}
