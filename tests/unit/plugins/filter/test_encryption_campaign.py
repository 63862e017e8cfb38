# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the filter encryption_campaign: power states, allowed failures, what is left, and the steps of a run."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.encryption_campaign import FilterModule
from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.encryption_plan import encryption_plan
from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.encryption_progress import encryption_progress
from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.encryption_waves import encryption_waves
from ansible_collections.ovhcloud.vmware_encryption.tests.unit.plugins.filter.fleet_rows import on, result, row

encryption_campaign = FilterModule().filters()["encryption_campaign"]
FLEET = result(
    row("a"),
    row("b", shutdown=True, **on()),
    row("c", shutdown=True, **on()),
    row("d", "already", **on()),
    row("e", "blocked", obstacles=[{"code": "snapshots", "reason": "it has snapshots", "next_step": "remove them"}]),
)
PLAN, WAVES = encryption_plan(FLEET), encryption_waves(FLEET, 1, 1)
BLOCKED = ["snapshots: 1 (e): it has snapshots. Next step: remove them"]
CANARY = encryption_progress({}, WAVES[0], result(row("a", "done")))


@pytest.mark.parametrize(
    ("begun", "power_on"), [(0, []), (1, []), (2, ["id-b"]), (3, ["id-b", "id-c"])], ids=["before", "a", "b", "c"]
)
def test_only_waves_that_have_begun_owe_a_power_on(begun: int, power_on: list[str]) -> None:
    wave = WAVES[begun - 1] if begun else {}
    assert [one["ids"] for one in WAVES] == [["id-a"], ["id-b"], ["id-c"]]
    assert encryption_campaign(PLAN, WAVES, {}, wave)["power_on"] == power_on


def test_machine_that_runs_or_came_back_is_settled() -> None:
    assert encryption_campaign(PLAN, WAVES)["settled"] == ["id-d"]
    came_back = encryption_progress(CANARY, WAVES[1], result(row("b", "done", shutdown=True, **on())))
    assert encryption_campaign(PLAN, WAVES, came_back, WAVES[1])["settled"] == ["id-d", "id-a", "id-b"]
    stayed_off = row("b", "failed", error="x", **on("powered_on", "powered_off"))
    after = encryption_progress(CANARY, WAVES[1], result(stayed_off, failed=True, msg="1 failed"), 1, 1)
    assert encryption_campaign(PLAN, WAVES, after, WAVES[1])["settled"] == ["id-d", "id-a"]


@pytest.mark.parametrize(
    ("kind", "failed", "in_all", "in_wave", "allowed"),
    [
        ("batch", 0, 0, None, 0),
        ("batch", 0, 5, None, 5),
        ("batch", 0, 5, 2, 2),
        ("batch", 4, 5, 2, 1),
        ("batch", 5, 5, 2, 0),
        ("power_on", 1, 5, 9, 4),
        # whatever is allowed: nothing may go wrong with the canary
        ("canary", 0, 5, 2, 0),
        # as Jinja hands over a number
        ("batch", 0, 5, "2", 2),
    ],
)
def test_wave_may_fail_as_often_as_is_left(kind: str, failed: int, in_all: int, in_wave: t.Any, allowed: int) -> None:
    wave = {**WAVES[1], "kind": kind}
    found = encryption_campaign(PLAN, WAVES, {"failed": failed}, wave, in_all, in_wave)
    assert (found["allowed"], found["in_wave"]) == (allowed, in_all if in_wave is None else int(in_wave))


@pytest.mark.parametrize(
    ("plan", "done", "left", "finished"),
    [
        ({}, 0, 0, False),
        (PLAN, 1, 2, False),
        (PLAN, 3, 0, False),  # one is blocked
        ({**PLAN, "blocked": []}, 3, 0, True),
        ({**PLAN, "blocked": []}, 2, 1, False),
        (encryption_plan(result(row("d", "already"))), 0, 0, True),
    ],
)
def test_campaign_ends_with_nothing_left_or_blocked(plan: t.Any, done: int, left: int, finished: bool) -> None:
    found = encryption_campaign(plan, WAVES, {"done": done})
    assert (found["left"], found["finished"]) == (left, finished)


def test_steps_list_compliant_vms_past_and_coming_waves() -> None:
    names = [one["step"] for one in WAVES]
    compliant = {"step": "1 of 5 VMs already compliant", "result": {"changed": False}}
    ended = {"step": names[0], "result": {"changed": True, "failed": False}}
    ahead = [{"step": name, "result": {"skipped": True}} for name in names[1:]]
    assert encryption_campaign(PLAN, WAVES, CANARY, WAVES[0])["steps"] == [compliant, ended, *ahead]
    none = encryption_plan(result(row("a")))
    assert encryption_campaign(none, [])["steps"] == []  # none is nothing that is done
    assert encryption_campaign({})["steps"] == [{"step": "Plan of the VMs", "result": {}}]


def test_what_stays_to_be_done_names_the_way_on() -> None:
    failed = encryption_progress(CANARY, WAVES[1], result(row("b", "failed", error="disk is full"), msg="1 failed"))
    ended = encryption_campaign(PLAN, WAVES, failed)
    assert ended["remaining"] == [*BLOCKED, "b: disk is full"]
    again = "Rerun with the same campaign name"
    stopped = encryption_campaign(PLAN, WAVES, failed, stopped=True, again=again)["remaining"]
    assert stopped[2:] == [f"{again} to continue: finished VMs stay unchanged, 2 VMs are left"]
    assert encryption_campaign(PLAN, WAVES, {"done": 3}, stopped=True)["remaining"] == BLOCKED
    assert encryption_campaign({}, stopped=True)["remaining"] == []


@pytest.mark.parametrize("plan", ["text", {"msg": "failed"}, {"to_do": "many", "already": 0, "selected": 1}])
def test_what_is_no_plan_is_refused(plan: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="encryption_campaign"):
        encryption_campaign(plan, WAVES, CANARY)
