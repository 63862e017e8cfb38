# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups and names of VMs in an inventory."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.groups import (
    groups_of,
    host_names,
)


def machine(name: str = "vm", moid: str = "vm-1", **more: t.Any) -> dict[str, t.Any]:
    home = {"policy": None}
    usual = {
        "encryption_state": "unencrypted",
        "locked": False,
        "home": home,
        "disks": [],
        "providers": [],
        "obstacles": [],
    }
    return {"name": name, "moid": moid, **usual, **more}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, ["unencrypted"]),
        ({"encryption_state": "unreadable", "locked": None}, ["unreadable"]),
        (
            {"encryption_state": "encrypted", "locked": True, "providers": ["a", "b"]},
            ["encrypted", "locked", "provider_a", "provider_b"],
        ),
        ({"obstacles": [{"code": "snapshots"}]}, ["unencrypted"]),
        ({"obstacles": [{"code": "suspended"}]}, ["unencrypted", "needs_power_off"]),
        ({"obstacles": [{"code": "ide_powered_on"}]}, ["unencrypted", "needs_power_off"]),
        (
            {"home": {"policy": "b"}, "disks": [{"policy": "a"}, {"policy": "b"}]},
            ["unencrypted", "policy_a", "policy_b"],
        ),
    ],
)
def test_groups_tell_state_keys_and_policies(facts: dict[str, t.Any], expected: list[str]) -> None:
    assert groups_of(machine(**facts)) == expected


def test_equal_and_empty_names_get_the_id() -> None:
    named = [("a", "vm-1"), ("b", "vm-2"), ("b", "vm-3"), ("", "vm-4"), ("b_vm-2", "vm-5")]
    found = host_names([machine(name, moid) for name, moid in named])
    assert found == {"vm-1": "a", "vm-2": "b_vm-2_vm-2", "vm-3": "b_vm-3", "vm-4": "vm-4", "vm-5": "b_vm-2"}
