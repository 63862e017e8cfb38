# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter encryption_plan: what a run over many virtual machines is about to do, for people to read."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing, readable_size
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._workflow.rows import blocked_vms

DOCUMENTATION = r"""
name: encryption_plan
short_description: Show what a run over many VMs would do
version_added: 0.1.0
description:
  - Turns the result of M(ovhcloud.vmware_encryption.vm_encryption) or M(ovhcloud.vmware_encryption.vm_rekey), run in
    check mode, into a table. It shows the VMs that are ready, that need a shutdown, or that are blocked and by what,
    the storage policies of homes and disks before and after, and the amount of work.
  - The roles of this collection show this table before they start.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input
options:
  _input:
    description: The registered result of the module.
    type: dict
    required: true
  names:
    description: How many names a line lists before it only counts.
    type: int
    default: 20
"""

EXAMPLES = r"""
- name: Predict what would be done
  ovhcloud.vmware_encryption.vm_encryption:
    selection:
      all: true
    blocked: skip
  check_mode: true
  register: plan

- name: Show it
  ansible.builtin.debug:
    msg: "{{ (plan | ovhcloud.vmware_encryption.encryption_plan).table }}"
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
    selected:
      description: Number of VMs that were looked at.
      type: int
    already:
      description: Number of VMs that need nothing.
      type: int
    to_do:
      description: Number of VMs with work to do.
      type: int
    shutdowns:
      description: Ids of the VMs that need a shutdown.
      type: list
      elements: str
    running:
      description: Ids of the VMs that run and need no shutdown.
      type: list
      elements: str
    blocked:
      description: One line for each kind of obstacle, with the names of the VMs and the next step.
      type: list
      elements: str
    blocked_vms:
      description: Each blocked VM's C(name) and C(reason), with the next step and without ids of keys.
      type: list
      elements: dict
"""

TAKES = "a result of vm_encryption or vm_rekey"
Row = t.Mapping[str, t.Any]
ACTIONS = {
    "encrypt": "encrypt",
    "complete": "complete (half encrypted)",
    "move": "move to another provider",
    "rekey": "new keys",
    "decrypt": "decrypt",
    "set_vmotion": "set encrypted vMotion",
    "set_fault_tolerance": "set encrypted Fault Tolerance",
    "set_modes": "set encrypted vMotion and FT",
    "power_on": "power on again",
}


def encryption_plan(result: t.Mapping[str, t.Any], names: int = 20) -> dict[str, t.Any]:
    """The table of a plan, and what the role needs of it."""
    rows = _rows(result)
    planned = [row for row in rows if row["outcome"] == "planned"]
    blocked = _by_obstacle(rows, "blocked", names)
    off = [row for row in planned if row["shutdown"]]
    already = sum(row["outcome"] == "already" for row in rows)
    size = sum(int(row["rewritten_bytes"]) for row in planned)
    table = [
        _line("selected", len(rows)),
        _line("already compliant", already),
        *_actions(planned, names),
        *_shutdowns(off, names),
        *_policies(planned, names),
        *_new_policies(result),
        _line("blocked", sum(row["outcome"] == "blocked" for row in rows)),
        *(f"  {line}" for line in blocked),
        _line("excluded", sum(row["outcome"] == "excluded" for row in rows)),
        *(f"  {line}" for line in _by_obstacle(rows, "excluded", names)),
        _line("to do", len(planned), f"{readable_size(size)} of disks are rewritten" if size else ""),
    ]
    return {
        "table": table,
        "selected": len(rows),
        "already": already,
        "to_do": len(planned),
        "shutdowns": [str(row["moid"]) for row in off],
        "running": [str(row["moid"]) for row in rows if _on(row) and row not in off],
        "blocked": blocked,
        "blocked_vms": blocked_vms(rows),
    }


def _rows(result: t.Mapping[str, t.Any]) -> list[Row]:
    if not isinstance(result, t.Mapping) or "virtual_machines" not in result:
        raise AnsibleFilterError("encryption_plan: this is no result of vm_encryption or vm_rekey")
    return list(result["virtual_machines"])


def _line(title: str, count: int, more: str = "") -> str:
    return f"{title:<26}{count:>6}{'  ' + more if more else ''}"


def _actions(planned: t.Sequence[Row], names: int) -> list[str]:
    """One line for each kind of work."""
    found = []
    for action, title in ACTIONS.items():
        of_it = [str(row["name"]) for row in planned if row["action"] == action]
        if of_it:
            found.append(_line(title, len(of_it), listing(of_it, names)))
    return found


def _on(row: Row) -> bool:
    return bool(row["before"].get("power_state") == "powered_on")


def _shutdowns(off: t.Sequence[Row], names: int) -> list[str]:
    return [_line("needs shutdown", len(off), listing([str(row["name"]) for row in off], names))] if off else []


def _policies(planned: t.Sequence[Row], names: int) -> list[str]:
    """One line for each change of a storage policy: how many homes and disks have it, and of which VMs."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in planned:
        before, after = row["before"].get("policies") or {}, row["after"].get("policies") or {}
        for part, name in before.items():
            machines = found.setdefault((str(name or "none"), str(after.get(part) or "none")), {})
            machines[str(row["name"])] = machines.get(str(row["name"]), 0) + 1
    return [
        _line("storage policy", sum(machines.values()), f"{_change(*pair)} ({listing(list(machines), names)})")
        for pair, machines in sorted(found.items())
    ]


def _change(before: str, after: str) -> str:
    return f"{before} stays" if before == after else f"{before} -> {after}"


def _new_policies(result: t.Mapping[str, t.Any]) -> list[str]:
    made = result.get("created_policies") or []
    lines = [
        f"  {one['name']}: the rules of {one['made_from']} ({', '.join(one['rules'])}) and encryption" for one in made
    ]
    return [_line("new storage policies", len(made)), *lines] if made else []


def _by_obstacle(rows: t.Sequence[Row], outcome: str, names: int) -> list[str]:
    """One line for each obstacle: its code, the VMs, and what to do."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        for one in row["obstacles"] if row["outcome"] == outcome else ():
            key = (str(one["code"]), str(one["reason"]), str(one["next_step"]))
            found.setdefault(key, []).append(str(row["name"]))
    return [
        f"{code}: {len(of_it)} ({listing(of_it, names)}): {reason}. Next step: {step}"
        for (code, reason, step), of_it in sorted(found.items())
    ]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"encryption_plan": shaped(encryption_plan, AnsibleFilterError, TAKES)}
