# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the numbers of the report."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit import counts
from ansible_collections.ovhcloud.vmware_encryption.tests.report import fleet


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(0, 0, None), (0, 3, 0.0), (1, 3, 33.3), (2, 3, 66.6), (9999, 10000, 99.9), (99999, 100000, 99.9), (3, 3, 100.0)],
)
def test_a_share_is_never_rounded_up_to_all(part: int, whole: int, expected: float | None) -> None:
    assert counts.percent(part, whole) == expected


def test_totals_count_machines_disks_and_bytes() -> None:
    machines = [
        fleet.machine(0),  # one disk of 40 GiB
        fleet.machine(1, "partly_encrypted"),  # two disks and one that stayed unencrypted
        fleet.machine(2, "vtpm_only", locked=True),
        fleet.machine(3, "unencrypted", template=True),
        fleet.machine(4, "something new"),
    ]
    totals = counts.totals(machines)
    wanted = {"encrypted": 1, "partly_encrypted": 1, "vtpm_only": 1, "unencrypted": 1, "unreadable": 1}
    assert {key: totals[key] for key in wanted} == wanted
    assert totals["virtual_machines"] == 5
    assert (totals["locked"], totals["templates"], totals["vtpm"]) == (1, 1, 1)
    disks = [disk for machine in machines for disk in machine["disks"]]
    done = [disk for disk in disks if disk["encrypted"]]
    assert (totals["disks"], totals["disks_encrypted"]) == (len(disks), len(done)) == (10, 2)
    assert totals["capacity_encrypted_bytes"] == sum(disk["capacity_bytes"] for disk in done)
    assert (totals["percent_encrypted"], totals["percent_capacity_encrypted"]) == (20.0, 10.2)


def test_nothing_is_no_share_at_all() -> None:
    totals = counts.totals([])
    assert (totals["percent_encrypted"], totals["percent_capacity_encrypted"], totals["disks"]) == (None, None, 0)


def test_vm_of_two_providers_counts_once_for_each() -> None:
    machine = fleet.machine(2)  # three disks
    machine["disks"][0]["provider"] = "old"
    rows = {row["name"]: row for row in counts.by_provider([machine, fleet.machine(3, "unencrypted")])}
    assert {name: (row["virtual_machines"], row["disks"]) for name, row in rows.items()} == {
        "old": (1, 1),
        "okms-eu-west-rbx": (1, 2),
    }
    assert rows["old"]["key_count"] == 1


def test_clusters_are_told_apart_and_hosts_without_one_are_kept() -> None:
    rows = counts.by_cluster([fleet.machine(0), fleet.machine(3, "unencrypted"), fleet.machine(1, cluster=None)])
    assert [(row["name"], row["virtual_machines"], row["percent_encrypted"]) for row in rows] == [
        (None, 1, 100.0),
        ("prod-a", 2, 50.0),
    ]


def test_vmotion_modes_are_counted() -> None:
    assert counts.vmotion([fleet.machine(0), fleet.machine(0, "unencrypted"), fleet.machine(1, "unencrypted")]) == {
        "required": 1,
        "opportunistic": 1,
        "disabled": 1,
    }
