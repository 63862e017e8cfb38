# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table for the filter encryption_plan."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.encryption_plan import FilterModule
from ansible_collections.ovhcloud.vmware_encryption.tests.unit.plugins.filter.fleet_rows import on, result, row

encryption_plan = FilterModule().filters()["encryption_plan"]
SNAPSHOTS = {"code": "snapshots", "reason": "it has snapshots", "next_step": "remove them"}
TEMPLATE = {"code": "template", "reason": "it is a template", "next_step": "convert it"}
APPLIANCE = {"code": "infrastructure", "reason": "it was recognised as the vCenter", "next_step": "leave it alone"}


def test_the_table_names_everything_that_counts() -> None:
    plan = encryption_plan(
        result(
            row("a", "already", action="none", rewritten_bytes=0),
            row("b"),
            row("c", shutdown=True, **on()),
            row("d", action="move", rewritten_bytes=0, **on()),
            row("e", "blocked", obstacles=[SNAPSHOTS, TEMPLATE]),
            row("f", "blocked", obstacles=[SNAPSHOTS]),
            row("g", "excluded", obstacles=[APPLIANCE]),
        )
    )
    assert [" ".join(line.split()) for line in plan["table"]] == [
        "selected 7",
        "already compliant 1",
        "encrypt 2 b, c",
        "move to another provider 1 d",
        "needs shutdown 1 c",
        "blocked 2",
        "snapshots: 2 (e, f): it has snapshots. Next step: remove them",
        "template: 1 (e): it is a template. Next step: convert it",
        "excluded 1",
        "infrastructure: 1 (g): it was recognised as the vCenter. Next step: leave it alone",
        "to do 3 2.0 GiB of disks are rewritten",
    ]
    assert (plan["to_do"], plan["shutdowns"], plan["running"]) == (3, ["id-c"], ["id-d"])
    assert plan["blocked"] == [line.strip() for line in plan["table"][6:8]]


Named = t.Optional[t.Mapping[str, t.Optional[str]]]


def _policies(before: Named, after: Named) -> dict[str, t.Any]:
    power = {"power_state": "powered_off"}
    return {"before": {**power, "policies": before}, "after": {**power, "policies": after}}


def test_policies_before_and_after_are_shown_by_change() -> None:
    twin = {"home": "Gold - encrypted", "Hard disk 1": "Gold - encrypted"}
    made = {"name": "Gold - encrypted", "id": None, "made_from": "Gold", "rules": ["tag.tier={gold}"]}
    plan = encryption_plan(
        result(
            row("a", **_policies({"home": "Gold", "Hard disk 1": "Gold"}, twin)),
            row("b", **_policies({"home": "Gold", "Hard disk 1": None}, {**twin, "Hard disk 1": "Bundled"})),
            row("c", action="move", **_policies(twin, twin)),
            row("d", "blocked", **_policies({"home": "Silver"}, {"home": "Silver"})),
            row("e", **_policies(None, None)),  # not readable
            created_policies=[made],
        )
    )
    assert [" ".join(line.split()) for line in plan["table"][4:9]] == [
        "storage policy 3 Gold -> Gold - encrypted (a, b)",
        "storage policy 2 Gold - encrypted stays (c)",
        "storage policy 1 none -> Bundled (b)",
        "new storage policies 1",
        "Gold - encrypted: the rules of Gold (tag.tier={gold}) and encryption",
    ]


def test_long_lists_are_cut() -> None:
    plan = encryption_plan(result(*(row(f"vm{number}") for number in range(5))), names=2)
    assert plan["table"][2].endswith("vm0, vm1 and 3 more")


@pytest.mark.parametrize("wrong", [{}, {"msg": "no"}, "text"])
def test_what_is_no_result_is_refused(wrong: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="no result"):
        encryption_plan(wrong)
