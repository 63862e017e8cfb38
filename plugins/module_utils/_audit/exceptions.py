# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every VM that is not encrypted as a whole: why, and what to do next."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.counts import Facts, Machines, state_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import (
    as_result,
    with_former_names,
)

EXCLUDED = "excluded"
# in the order in which they are told
CATEGORIES = ("blocked", "power_off", "ready", "unreadable", EXCLUDED)
_INFRASTRUCTURE = {
    "vcenter": "it runs vCenter, which provides the keys",
    "kmip_server": "it runs a KMIP server, which would need its own keys to start",
    "control_node": "it is the control node, where Ansible runs",
    "agent": "it is an agent VM of vSphere",
    "replication": "it is a replication appliance of Zerto, which must not be changed",
}
_RUN = "Encrypt it with the playbook vm_encryption."


@dataclasses.dataclass(frozen=True)
class Unprotected:
    """A VM that is not encrypted as a whole: what of it is unencrypted, why, and what to do next."""

    name: t.Optional[str]
    moid: t.Optional[str]
    cluster: t.Optional[str]
    folder: t.Optional[str]
    encryption_state: str
    power_state: t.Optional[str]
    unencrypted_parts: list[str]
    category: str
    obstacles: list[str]
    reason: str
    next_step: str


def exceptions(machines: Machines) -> list[Facts]:
    """One record for each VM that is not encrypted, sorted by category and name."""
    found = [_exception(machine) for machine in machines if state_of(machine) != "encrypted"]
    return sorted(
        found, key=lambda entry: (CATEGORIES.index(entry["category"]), str(entry["name"]), str(entry["moid"]))
    )


def _exception(machine: t.Mapping[str, t.Any]) -> Facts:
    category, reason, next_step = _judged(machine)
    record = Unprotected(
        name=machine.get("name"),
        moid=machine.get("moid"),
        cluster=machine.get("cluster"),
        folder=machine.get("folder"),
        encryption_state=state_of(machine),
        power_state=machine.get("power_state"),
        unencrypted_parts=unencrypted_parts(machine),
        category=category,
        obstacles=[str(obstacle.get("code")) for obstacle in _obstacles(machine)],
        reason=reason,
        next_step=next_step,
    )
    return with_former_names(as_result(record))


def unencrypted_parts(machine: t.Mapping[str, t.Any]) -> list[str]:
    """What of the VM is unencrypted: its home and the labels of its disks."""
    home = machine.get("home") or {}
    parts = ["home"] if home and not home.get("encrypted") else []
    return parts + [str(disk.get("label")) for disk in machine.get("disks") or [] if not disk.get("encrypted")]


def _obstacles(machine: t.Mapping[str, t.Any]) -> list[t.Mapping[str, t.Any]]:
    return [one for one in machine.get("obstacles") or [] if one.get("operation") == "encrypt"]


def _judged(machine: t.Mapping[str, t.Any]) -> tuple[str, str, str]:
    """Category, reason and next step."""
    infrastructure = machine.get("infrastructure_kind")
    if infrastructure:
        why = _INFRASTRUCTURE.get(str(infrastructure), f"it was recognised as {infrastructure}")
        return EXCLUDED, f"Excluded on purpose: {why}.", "Nothing, or name it in the selection to encrypt it as well."
    obstacles = _obstacles(machine)
    if state_of(machine) == "unreadable":
        step = "Make it readable (connected host, rights of the vSphere user), then rerun the audit."
        return "unreadable", _sentences(obstacles, "reason", "Its encryption could not be read."), step
    if not obstacles:
        return "ready", f"{_what(machine)} Nothing prevents its encryption.", _RUN
    only_power = all(one.get("code") == "powered_on" for one in obstacles)
    reason = f"{_what(machine)} {_sentences(obstacles, 'reason', '')}".strip()
    return ("power_off" if only_power else "blocked"), reason, _sentences(obstacles, "next_step", _RUN)


def _what(machine: t.Mapping[str, t.Any]) -> str:
    state, parts = state_of(machine), unencrypted_parts(machine)
    if state == "vtpm_only":
        return "Only its home is encrypted, for its vTPM; its disks are not."
    if state == "partly_encrypted":
        return f"Unencrypted: {', '.join(parts)}." if parts else "Encrypted in part."
    return "Not encrypted."


def _sentences(obstacles: t.Iterable[t.Mapping[str, t.Any]], key: str, otherwise: str) -> str:
    texts = dict.fromkeys(str(one.get(key) or "").strip() for one in obstacles)
    found = [text[0].upper() + text[1:].rstrip(".") + "." for text in texts if text]
    return " ".join(found) or otherwise
