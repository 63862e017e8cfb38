# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter encryption_campaign: how far a run over many virtual machines is, and whose power state it owes."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped

DOCUMENTATION = r"""
name: encryption_campaign
short_description: Show the progress of a run over many VMs
version_added: 0.1.0
description:
  - Takes the plan of such a run, its waves and what they have done so far, and returns which VMs must be powered on
    again, how many failures the wave may still have, what is left, and the steps for the summary.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input, waves, progress
options:
  _input:
    description: The plan, see P(ovhcloud.vmware_encryption.encryption_plan#filter). Empty if there is none yet.
    type: dict
    required: true
  waves:
    description: The waves, see P(ovhcloud.vmware_encryption.encryption_waves#filter).
    type: list
    elements: dict
    default: []
  progress:
    description: What was done so far, see P(ovhcloud.vmware_encryption.encryption_progress#filter).
    type: dict
    default: {}
  wave:
    description: The wave that began last. Empty if none has.
    type: dict
    default: {}
  max_failures:
    description: Number of failed VMs that all waves together tolerate before no further wave starts.
    type: int
    default: 0
  wave_max_failures:
    description: Number of failed VMs that one wave tolerates. Without it, only the limit for all waves applies.
    type: int
  stopped:
    description: Whether the run has ended before all was done.
    type: bool
    default: false
  again:
    description: What to do then, in words.
    type: str
    default: Rerun
"""

EXAMPLES = r"""
- name: Record the VMs that must be powered on again
  ovhcloud.vmware_encryption.campaign_state:
    path: /var/lib/vmware-encryption/prod.json
    vcenter: pcc-192-0-2-10.ovh.com
    power_on: "{{ campaign.power_on }}"
    settled: "{{ campaign.settled }}"
  vars:
    plan: "{{ looked | ovhcloud.vmware_encryption.encryption_plan }}"
    campaign: "{{ plan | ovhcloud.vmware_encryption.encryption_campaign(waves, progress, wave) }}"
"""

RETURN = r"""
_value:
  description: The state of the run.
  type: dict
  contains:
    power_on:
      description: Ids of the VMs of the started waves that this run shuts down. VMs that others power off
        meanwhile are not included.
      type: list
      elements: str
    settled:
      description: Ids of the VMs that run, or whose power state is restored.
      type: list
      elements: str
    allowed:
      description: Number of failed VMs that the wave tolerates. The canary tolerates none.
      type: int
    in_wave:
      description: How many VMs may fail in one wave.
      type: int
    left:
      description: How many VMs are left to do.
      type: int
    finished:
      description: Whether all VMs are done, and none is blocked.
      type: bool
    steps:
      description: Compliant VMs, waves that have ended and waves ahead, for
        P(ovhcloud.vmware_encryption.step_summary#filter).
      type: list
      elements: dict
    remaining:
      description: What somebody still has to do, in words.
      type: list
      elements: str
"""

TAKES = "a plan of encryption_plan, waves of encryption_waves and progress of encryption_progress"
Facts = t.Mapping[str, t.Any]


def encryption_campaign(
    plan: Facts,
    waves: t.Sequence[Facts] = (),
    progress: Facts | None = None,
    wave: Facts | None = None,
    max_failures: int = 0,
    wave_max_failures: int | None = None,
    stopped: bool = False,
    again: str = "Rerun",
) -> dict[str, t.Any]:
    """The state of a run over many VMs."""
    if not isinstance(plan, t.Mapping) or (plan and "to_do" not in plan):
        raise AnsibleFilterError("encryption_campaign: this is no plan of encryption_plan")
    so_far, now = progress or {}, wave or {}
    in_wave = max_failures if wave_max_failures is None else int(wave_max_failures)
    left = plan.get("to_do", 0) - so_far.get("done", 0)
    blocked = list(plan.get("blocked", []))
    resume = [f"{again} to continue: finished VMs stay unchanged, {left} VMs are left"] if stopped and left > 0 else []
    return {
        "power_on": _owed(plan, waves, now),
        "settled": [*plan.get("running", []), *so_far.get("settled", [])],
        "allowed": _allowed(now, in_wave, max_failures - so_far.get("failed", 0)),
        "in_wave": in_wave,
        "left": left,
        "finished": bool(plan) and left == 0 and not blocked,
        "steps": _steps(plan, waves, so_far),
        "remaining": [*blocked, *so_far.get("failures", []), *resume],
    }


def _owed(plan: Facts, waves: t.Sequence[Facts], now: Facts) -> list[str]:
    """VMs that the waves up to this one shut down."""
    begun = {moid for one in waves if one["number"] <= now.get("number", 0) for moid in one["ids"]}
    return [moid for moid in plan.get("shutdowns", []) if moid in begun]


def _allowed(now: Facts, in_wave: int, in_all: int) -> int:
    return 0 if now.get("kind") == "canary" else min(in_wave, in_all)


def _steps(plan: Facts, waves: t.Sequence[Facts], so_far: Facts) -> list[dict[str, t.Any]]:
    """Steps that the summary sorts; waves that have not begun are known from the plan."""
    ended = list(so_far.get("steps", []))
    ahead = [{"step": one["step"], "result": {"skipped": True}} for one in waves[len(ended) :]]
    return [*_compliant(plan), *ended, *ahead]


def _compliant(plan: Facts) -> list[dict[str, t.Any]]:
    if not plan:
        return [{"step": "Plan of the VMs", "result": {}}]
    if not plan["already"]:
        return []  # none is nothing that is done
    return [{"step": f"{plan['already']} of {plan['selected']} VMs already compliant", "result": {"changed": False}}]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"encryption_campaign": shaped(encryption_campaign, AnsibleFilterError, TAKES)}
