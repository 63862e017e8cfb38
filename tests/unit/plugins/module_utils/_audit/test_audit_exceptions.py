# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table for the exceptions: every machine that is not encrypted has a reason and a next step."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.exceptions import exceptions
from ansible_collections.ovhcloud.vmware_encryption.tests.report import fleet
from ansible_collections.ovhcloud.vmware_encryption.tests.report.fleet import POWERED_ON, RDM, SNAPSHOTS


@pytest.mark.parametrize(
    ("state", "changes", "kind", "reason", "next_step"),
    [
        ("clear", {}, "ready", "Not encrypted. Nothing prevents its encryption.", "the playbook vm_encryption"),
        ("clear", {"obstacles": [POWERED_ON]}, "power_off", "Not encrypted. It is powered on.", "Shut it down"),
        ("clear", {"obstacles": [POWERED_ON, RDM]}, "blocked", "raw device mapping.", "Move its data"),
        (
            "partly_encrypted",
            {"obstacles": [SNAPSHOTS]},
            "blocked",
            "Unencrypted: home, Hard disk 2",
            "Remove the snapshots",
        ),
        ("vtpm_only", {}, "ready", "Only its home is encrypted, for its vTPM", "vm_encryption"),
        ("unreadable", {"home": None, "disks": []}, "unreadable", "could not be read", "rights of the vSphere user"),
        ("clear", {"infrastructure": "vcenter"}, "left_out", "provides the keys", "Nothing"),
        ("clear", {"infrastructure": "key_server"}, "left_out", "its own keys to start", "Nothing"),
        ("clear", {"infrastructure": "new word"}, "left_out", "recognised as new word", "Nothing"),
        # what stands in the way of another operation is not told
        (
            "clear",
            {"obstacles": [{**RDM, "operation": "decrypt"}]},
            "ready",
            "Nothing prevents its encryption",
            "vm_encryption",
        ),
    ],
)
def test_each_machine_in_clear_is_told_with_reason_and_next_step(
    state: str, changes: dict[str, t.Any], kind: str, reason: str, next_step: str
) -> None:
    (found,) = exceptions([fleet.machine(0), fleet.machine(1, state, **changes)])
    assert found["kind"] == kind
    assert reason in found["reason"]
    assert next_step in found["next_step"]
    assert (found["moid"], found["state"]) == ("vm-1001", state)


def test_they_are_sorted_by_kind_and_name() -> None:
    machines = [
        fleet.machine(1, "clear", "b"),
        fleet.machine(2, "clear", "a"),
        fleet.machine(3, "clear", "z", obstacles=[RDM]),
        fleet.machine(4, "clear", "0", infrastructure="vcenter"),
    ]
    assert [one["name"] for one in exceptions(machines)] == ["z", "a", "b", "0"]
