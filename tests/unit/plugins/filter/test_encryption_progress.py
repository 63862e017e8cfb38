# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table for the filter encryption_progress."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.encryption_progress import FilterModule
from ansible_collections.ovhcloud.vmware_encryption.tests.unit.plugins.filter.fleet_rows import on, result, row

encryption_progress = FilterModule().filters()["encryption_progress"]


def wave(number: int = 1, kind: str = "batch", ids: int = 2) -> dict[str, t.Any]:
    return {"number": number, "count": 3, "kind": kind, "ids": ["id"] * ids, "total": 6, "step": f"Wave {number}"}


def test_waves_add_up() -> None:
    first = encryption_progress({}, wave(1, "canary", 1), result(row("a", "done")))
    assert (first["go_on"], first["done"], first["failed"]) == (True, 1, 0)
    assert first["line"] == "wave 1 of 3: 1 of 1 done; all waves: 1 of 6 done, 0 failed; 1.0 GiB rewritten"
    second = encryption_progress(first, wave(2), result(row("b", "done"), row("c", "already", rewritten_bytes=0)))
    assert second["line"] == "wave 2 of 3: 2 of 2 done; all waves: 3 of 6 done, 0 failed; 2.0 GiB rewritten"
    assert second["settled"] == ["id-a", "id-b", "id-c"]
    fine = {"changed": True, "failed": False}
    assert second["steps"] == [{"step": "Wave 1", "result": fine}, {"step": "Wave 2", "result": fine}]


def test_lines_for_the_screen_are_short_and_few() -> None:
    bad = [row(f"vm{number}", "failed", error="a\nlong " + "story " * 100) for number in range(14)]
    lines = encryption_progress({}, wave(1, ids=14), result(*bad, row("b" * 80, "done"), failed=True, msg="x"))["lines"]
    assert len(lines) == 12 and max(map(len, lines)) <= 180 and "\n" not in "".join(lines)
    assert lines[0].startswith("wave 1 of 3: 1 of 14 done") and lines[-1] == "and 4 more failed, see the summary"
    # those of earlier waves were shown with them
    before = encryption_progress({}, wave(1), result(FAILED, failed=True, msg="x"), 9, 9)
    assert encryption_progress(before, wave(2), result(row("b", "done")))["lines"] == [
        "wave 2 of 3: 1 of 2 done; all waves: 1 of 6 done, 1 failed; 1.0 GiB rewritten"
    ]


FAILED = row("a", "failed", error="disk is full")


@pytest.mark.parametrize(
    ("kind", "wave_result", "allowed", "in_wave", "message"),
    [
        ("batch", result(FAILED, row("b", "done"), failed=True, msg="1 failed"), 0, 0, "1 failed"),
        ("batch", result(FAILED, row("b", "done"), failed=True, msg="1 failed"), 1, 1, ""),
        ("batch", result(FAILED, row("b", "done"), failed=True, msg="1 failed"), 5, 0, "1 failed"),
        # whatever is allowed: nothing may go wrong with the canary
        ("canary", result(FAILED, failed=True, msg="1 failed"), 5, 5, "1 failed"),
        # the module has stopped by itself, as when no more keys are given
        ("batch", result(FAILED, row("b", "not_started"), failed=True, msg="no keys"), 5, 5, "no keys"),
        (
            "batch",
            result(FAILED, failed=True, msg="1 failed", failure={"stopped": "no keys"}),
            5,
            5,
            "no keys. 1 failed",
        ),
        ("batch", result(FAILED, failed=True, msg="1 failed", failure={"stopped": None}), 5, 5, ""),
        # as a task with failed_when: false registers it
        (
            "batch",
            result(FAILED, failed=False, msg="1 failed", failure={"stopped": "no keys"}),
            5,
            5,
            "no keys. 1 failed",
        ),
        ("batch", result(row("a", "done"), failed=False, msg="lost", failure={"kind": "unreachable"}), 5, 5, "lost"),
        ("batch", {"failed": False, "msg": "crashed"}, 5, 5, "crashed"),
        ("batch", {"failed": True, "msg": "no connection"}, 5, 5, "no connection"),
        ("batch", {"failed": True}, 5, 5, "the module failed"),
        ("batch", result(row("a", "blocked"), row("b", "done")), 0, 0, ""),
    ],
)
def test_whether_the_next_wave_may_begin(
    kind: str, wave_result: t.Any, allowed: int, in_wave: int, message: str
) -> None:
    after = encryption_progress({}, wave(kind=kind), wave_result, allowed, in_wave)
    assert (after["message"], after["go_on"]) == (message, not message)
    failed = after["failed"]
    assert after["failures"] == ["a: disk is full"] * failed
    assert after["steps"][0]["result"]["failed"] == bool(message or failed)


def test_failures_of_all_waves_count() -> None:
    once = encryption_progress({}, wave(1), result(FAILED, failed=True, msg="1 failed"), 1, 1)
    assert once["go_on"]
    twice = encryption_progress(once, wave(2), result(FAILED, failed=True, msg="1 failed"), 1, 1)
    assert (twice["go_on"], twice["failed"], twice["failures"]) == (False, 2, ["a: disk is full"] * 2)


@pytest.mark.parametrize(
    ("one", "settled"),
    [
        (row("a", "done", **on()), True),
        (row("a", "failed", error="x", **on()), True),
        (row("a", "failed", error="x", **on("powered_on", "powered_off")), False),
        (row("a", "failed", error="x", before={"power_state": "powered_on"}, after={"power_state": None}), False),
        (row("a", "not_started"), False),
        (row("a", "done"), True),
    ],
)
def test_who_has_the_power_state_of_before(one: t.Any, settled: bool) -> None:
    assert encryption_progress({}, wave(), result(one))["settled"] == (["id-a"] if settled else [])


def test_blocked_meanwhile_is_told() -> None:
    after = encryption_progress({}, wave(), result(row("a", "blocked"), row("b", "done")))
    assert "1 blocked meanwhile" in after["line"]


def test_what_is_no_wave_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="no wave"):
        encryption_progress({}, {}, result())
