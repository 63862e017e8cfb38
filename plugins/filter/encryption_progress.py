# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter encryption_progress: what the waves of a run over many virtual machines have done so far."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import readable_size
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shapes import shaped
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._workflow.rows import blocked_vms, failed_vms

DOCUMENTATION = r"""
name: encryption_progress
short_description: Sum up the waves of a run over many VMs
version_added: 0.1.0
description:
  - Adds the result of one wave to those of the waves before it, and decides whether the next one may start.
author:
  - OVHcloud VMware encryption authors (@ovhcloud)
positional: _input, wave, result
options:
  _input:
    description: What this filter returned for the wave before. Empty for the first wave.
    type: dict
    required: true
  wave:
    description: The wave, see P(ovhcloud.vmware_encryption.encryption_waves#filter).
    type: dict
    required: true
  result:
    description: The registered result of M(ovhcloud.vmware_encryption.vm_encryption) or
      M(ovhcloud.vmware_encryption.vm_rekey) for it, which may have failed.
    type: dict
    required: true
  max_failures:
    description: Number of failed VMs that all waves together tolerate before no further wave starts.
    type: int
    default: 0
  wave_max_failures:
    description: Number of failed VMs that one wave tolerates before no further wave starts. The canary tolerates none.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Record the wave's result
  ansible.builtin.set_fact:
    progress: "{{ progress | ovhcloud.vmware_encryption.encryption_progress(wave, result) }}"
"""

RETURN = r"""
_value:
  description: What was done so far.
  type: dict
  contains:
    line:
      description: The state after this wave, in words.
      type: str
    lines:
      description: The same, and the failures of this wave, in lines of at most 180 characters. Beyond 10, failures are
        only counted.
      type: list
      elements: str
    go_on:
      description: Whether the next wave may begin.
      type: bool
    message:
      description: Why the next wave must not begin, empty if it may.
      type: str
    done:
      description: Number of VMs that are done.
      type: int
    failed:
      description: Number of VMs that failed.
      type: int
    blocked:
      description: Number of VMs that were found blocked when their turn came.
      type: int
    bytes:
      description: Bytes of disks that were rewritten.
      type: int
    failures:
      description: One line for each VM that failed.
      type: list
      elements: str
    blocked_vms:
      description: Name and reason of each VM that was found blocked when its turn came, as
        P(ovhcloud.vmware_encryption.encryption_plan#filter) returns them.
      type: list
      elements: dict
    failed_vms:
      description: Each failed VM's C(name) and C(reason), without ids of keys.
      type: list
      elements: dict
    settled:
      description: Ids of the VMs whose power state is restored.
      type: list
      elements: str
    steps:
      description: The waves so far, for P(ovhcloud.vmware_encryption.step_summary#filter).
      type: list
      elements: dict
"""

TAKES = "the progress so far, a wave, and a result of vm_encryption or vm_rekey"
TOLD = 10
LONGEST = 180
REACHED = ("done", "already")


def encryption_progress(
    before: t.Mapping[str, t.Any],
    wave: t.Mapping[str, t.Any],
    result: t.Mapping[str, t.Any],
    max_failures: int = 0,
    wave_max_failures: int = 0,
) -> dict[str, t.Any]:
    """The state after a wave."""
    if not isinstance(wave, t.Mapping) or "number" not in wave:
        raise AnsibleFilterError("encryption_progress: this is no wave of encryption_waves")
    rows = list(result.get("virtual_machines") or [])
    failures = [f"{row['name']}: {row['error']}" for row in rows if row["outcome"] == "failed"]
    after = {
        "done": before.get("done", 0) + sum(row["outcome"] in REACHED for row in rows),
        "failed": before.get("failed", 0) + len(failures),
        "blocked": before.get("blocked", 0) + sum(row["outcome"] == "blocked" for row in rows),
        "bytes": before.get("bytes", 0) + sum(row["rewritten_bytes"] for row in rows if row["outcome"] == "done"),
        "failures": [*before.get("failures", []), *failures],
        "blocked_vms": [*before.get("blocked_vms", []), *blocked_vms(rows)],
        "failed_vms": [*before.get("failed_vms", []), *failed_vms(rows)],
        "settled": [*before.get("settled", []), *(str(row["moid"]) for row in rows if _settled(row))],
    }
    message = _verdict(wave, result, rows, after["failed"], len(failures), max_failures, wave_max_failures)
    fine = not failures and not message
    line = one_line(_line(wave, rows, after), LONGEST)
    more = [f"and {len(failures) - TOLD} more failed, see the summary"] if len(failures) > TOLD else []
    step = {"step": wave["step"], "result": {"changed": bool(result.get("changed")), "failed": not fine}}
    return {
        **after,
        "line": line,
        "lines": [line, *(one_line(text, LONGEST) for text in failures[:TOLD]), *more],
        "go_on": not message,
        "message": message,
        "steps": [*before.get("steps", []), step],
    }


def _settled(row: t.Mapping[str, t.Any]) -> bool:
    """It runs again, or is done and was off before."""
    return row["outcome"] in REACHED or (row["after"] or {}).get("power_state") == "powered_on"


def _verdict(
    wave: t.Mapping[str, t.Any],
    result: t.Mapping[str, t.Any],
    rows: t.Sequence[t.Mapping[str, t.Any]],
    failed: int,
    in_wave: int,
    max_failures: int,
    wave_max_failures: int,
) -> str:
    """Why no further wave may begin, empty when it may."""
    allowed = 0 if wave["kind"] == "canary" else wave_max_failures
    waiting = sum(row["outcome"] == "not_started" for row in rows)
    said = str(result.get("msg") or "the module failed")
    # the module's own reason to begin no further VM, such as a KMIP server that gives no more keys
    stopped = str((result.get("failure") or {}).get("stopped") or "")
    if not rows or waiting or stopped or (_went_wrong(result) and not in_wave):
        return said if stopped in said else f"{stopped}. {said}"
    return said if in_wave > allowed or failed > max_failures else ""


def _went_wrong(result: t.Mapping[str, t.Any]) -> bool:
    """Tasks that judge later (`failed_when: false`) take `failed` away; the modules' own word for it stays."""
    return bool(result.get("failed") or result.get("failure"))


def _line(wave: t.Mapping[str, t.Any], rows: t.Sequence[t.Mapping[str, t.Any]], after: t.Mapping[str, t.Any]) -> str:
    reached = sum(row["outcome"] in REACHED for row in rows)
    parts = [
        f"wave {wave['number']} of {wave['count']}: {reached} of {len(wave['ids'])} done",
        f"all waves: {after['done']} of {wave['total']} done, {after['failed']} failed",
    ]
    if after["blocked"]:
        parts.append(f"{after['blocked']} blocked meanwhile")
    if after["bytes"]:
        parts.append(f"{readable_size(after['bytes'])} rewritten")
    return "; ".join(parts)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Name to function."""
        return {"encryption_progress": shaped(encryption_progress, AnsibleFilterError, TAKES)}
