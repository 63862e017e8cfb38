# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table for the exceptions: every VM that is not encrypted has a reason and a next step."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.exceptions import exceptions
from ansible_collections.ovhcloud.vmware_encryption.tests.report import fleet
from ansible_collections.ovhcloud.vmware_encryption.tests.report.fleet import POWERED_ON, RDM, SNAPSHOTS


@pytest.mark.parametrize(
    ("state", "changes", "category", "reason", "next_step"),
    [
        ("unencrypted", {}, "ready", "Not encrypted. Nothing prevents its encryption.", "the playbook vm_encryption"),
        ("unencrypted", {"obstacles": [POWERED_ON]}, "power_off", "Not encrypted. It is powered on.", "Shut it down"),
        ("unencrypted", {"obstacles": [POWERED_ON, RDM]}, "blocked", "raw device mapping.", "Move its data"),
        (
            "partly_encrypted",
            {"obstacles": [SNAPSHOTS]},
            "blocked",
            "Unencrypted: home, Hard disk 2",
            "Remove the snapshots",
        ),
        ("vtpm_only", {}, "ready", "Only its home is encrypted, for its vTPM", "vm_encryption"),
        ("unreadable", {"home": None, "disks": []}, "unreadable", "could not be read", "rights of the vSphere user"),
        ("unencrypted", {"infrastructure_kind": "vcenter"}, "excluded", "provides the keys", "Nothing"),
        ("unencrypted", {"infrastructure_kind": "kmip_server"}, "excluded", "its own keys to start", "Nothing"),
        ("unencrypted", {"infrastructure_kind": "new word"}, "excluded", "recognised as new word", "Nothing"),
        # what stands in the way of another operation is not told
        (
            "unencrypted",
            {"obstacles": [{**RDM, "operation": "decrypt"}]},
            "ready",
            "Nothing prevents its encryption",
            "vm_encryption",
        ),
    ],
)
def test_unencrypted_vm_is_listed_with_reason_and_next_step(
    state: str, changes: dict[str, t.Any], category: str, reason: str, next_step: str
) -> None:
    (found,) = exceptions([fleet.machine(0), fleet.machine(1, state, **changes)])
    assert found["category"] == category
    assert reason in found["reason"]
    assert next_step in found["next_step"]
    assert (found["moid"], found["encryption_state"]) == ("vm-1001", state)


def test_they_are_sorted_by_kind_and_name() -> None:
    machines = [
        fleet.machine(1, "unencrypted", "b"),
        fleet.machine(2, "unencrypted", "a"),
        fleet.machine(3, "unencrypted", "z", obstacles=[RDM]),
        fleet.machine(4, "unencrypted", "0", infrastructure_kind="vcenter"),
    ]
    assert [one["name"] for one in exceptions(machines)] == ["z", "a", "b", "0"]
