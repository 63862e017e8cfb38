# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter encryption_waves: in which order, and how many at a time, virtual machines are gone through."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line

DOCUMENTATION = r"""
name: encryption_waves
short_description: Divide the work on many VMs into waves
version_added: 0.1.0
description:
  - Takes the result of M(ovhcloud.vmware_encryption.vm_encryption) or M(ovhcloud.vmware_encryption.vm_rekey), run in
    check mode, and divides the VMs with work to do into waves.
  - The first wave has VMs that only need to be powered on again, because an earlier run left them off. The canary
    follows, the VMs with the least work, so that a problem of all VMs shows on a few. The other waves follow, first the
    VMs that an earlier run left off, then the rest by name.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: The registered result of the module.
    type: dict
    required: true
  canary:
    description: Number of VMs in the canary. With V(0), there is no canary.
    type: int
    default: 1
  batch:
    description: Number of VMs in each wave after it.
    type: int
    default: 50
"""

EXAMPLES = r"""
- name: Process the waves
  ansible.builtin.include_tasks: wave.yml
  loop: "{{ plan | ovhcloud.vmware_encryption.encryption_waves(canary=2, batch=20) }}"
  loop_control:
    loop_var: wave
    label: "{{ wave.step }}"
"""

RETURN = r"""
_value:
  description: The waves in their order. Each is also a step for P(ovhcloud.vmware_encryption.step_summary#filter).
  type: list
  elements: dict
  contains:
    number:
      description: Number of the wave, from 1.
      type: int
    count:
      description: Number of waves.
      type: int
    kind:
      description: V(power_on), V(canary) or V(batch).
      type: str
    ids:
      description: Ids of its VMs.
      type: list
      elements: str
    total:
      description: Number of VMs in all waves.
      type: int
    step:
      description: The wave in words.
      type: str
"""

TAKES = "a result of vm_encryption or vm_rekey"
Row = t.Mapping[str, t.Any]
WORDS = {"power_on": " (power back)", "canary": " (canary)", "batch": ""}
NAMED = 5
LONGEST = 120


def encryption_waves(result: t.Mapping[str, t.Any], canary: int = 1, batch: int = 50) -> list[dict[str, t.Any]]:
    """The waves of a plan."""
    if not isinstance(result, t.Mapping) or "virtual_machines" not in result:
        raise AnsibleFilterError("encryption_waves: this is no result of vm_encryption or vm_rekey")
    if canary < 0 or batch < 1:
        raise AnsibleFilterError(f"encryption_waves: canary must be 0 or more and batch 1 or more: {canary}, {batch}")
    planned = [row for row in result["virtual_machines"] if row["outcome"] == "planned"]
    groups = _groups(planned, canary, batch)
    return [
        {
            "number": number,
            "count": len(groups),
            "kind": kind,
            "ids": [str(row["moid"]) for row in rows],
            "total": len(planned),
            "step": f"Wave {number} of {len(groups)}{WORDS[kind]}: {_names(rows)}",
        }
        for number, (kind, rows) in enumerate(groups, 1)
    ]


def _groups(planned: t.Sequence[Row], canary: int, batch: int) -> list[tuple[str, list[Row]]]:
    waiting = [row for row in planned if row["action"] == "power_on"]
    work = [row for row in planned if row["action"] != "power_on"]
    first = sorted(work, key=lambda row: (row["shutdown"], row["rewritten_bytes"], row["name"], row["moid"]))[:canary]
    ahead = {row["moid"] for row in first}
    rest = [row for row in work if row["moid"] not in ahead]
    rest.sort(key=lambda row: (not _left_off(row), row["name"], row["moid"]))
    batches = [("batch", rest[start : start + batch]) for start in range(0, len(rest), batch)]
    groups = [("power_on", waiting), ("canary", first), *batches]
    return [(kind, rows) for kind, rows in groups if rows]


def _left_off(row: Row) -> bool:
    """An earlier run has shut it down: nobody can use it until its turn comes."""
    before, after = row["before"].get("power_state"), row["after"].get("power_state")
    return bool(before != "powered_on" and after == "powered_on")


def _names(rows: t.Sequence[Row]) -> str:
    """As many names as fit into a line, one at least; the others are counted."""
    names = [one_line(str(row["name"]), LONGEST) for row in rows]
    fitting = [count for count in range(1, NAMED + 1) if len(", ".join(names[:count])) <= LONGEST]
    return listing(names, fitting[-1])


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"encryption_waves": shaped(encryption_waves, AnsibleFilterError, TAKES)}
