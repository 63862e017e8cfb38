# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table for the filter encryption_waves."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.encryption_waves import FilterModule
from ansible_collections.ovhcloud.vmware_encryption.tests.unit.plugins.filter.fleet_rows import on, result, row

encryption_waves = FilterModule().filters()["encryption_waves"]
LEFT_OFF = on("powered_off", "powered_on")


@pytest.mark.parametrize(
    ("rows", "canary", "batch", "expected"),
    [
        ([], 1, 2, []),
        ([row("a", "already"), row("b", "blocked"), row("c", "excluded")], 1, 2, []),
        ([row("a")], 1, 2, [("canary", "a")]),
        ([row("a"), row("b"), row("c"), row("d")], 1, 2, [("canary", "a"), ("batch", "bc"), ("batch", "d")]),
        ([row("a"), row("b"), row("c")], 0, 2, [("batch", "ab"), ("batch", "c")]),
        ([row("a"), row("b"), row("c")], 9, 2, [("canary", "abc")]),
        # the canary is what costs least
        ([row("a"), row("b", rewritten_bytes=1), row("c")], 1, 9, [("canary", "b"), ("batch", "ac")]),
        ([row("a", shutdown=True, rewritten_bytes=1), row("b")], 1, 9, [("canary", "b"), ("batch", "a")]),
        # what is off because of an earlier run comes first
        ([row("a"), row("b", action="power_on", **LEFT_OFF)], 1, 9, [("power_on", "b"), ("canary", "a")]),
        ([row("a"), row("b"), row("c", **LEFT_OFF)], 1, 1, [("canary", "a"), ("batch", "c"), ("batch", "b")]),
    ],
)
def test_who_is_in_which_wave(rows: t.Any, canary: int, batch: int, expected: list[tuple[str, str]]) -> None:
    waves = encryption_waves(result(*rows), canary, batch)
    assert [(wave["kind"], wave["ids"]) for wave in waves] == [
        (kind, [f"id-{name}" for name in names]) for kind, names in expected
    ]
    assert [wave["number"] for wave in waves] == list(range(1, len(waves) + 1))
    assert all(wave["count"] == len(waves) for wave in waves)
    assert all(wave["total"] == sum(len(names) for _kind, names in expected) for wave in waves)


def test_a_wave_in_words() -> None:
    waves = encryption_waves(result(*(row(f"vm{number}") for number in range(8))), 1, 50)
    assert [wave["step"] for wave in waves] == [
        "Wave 1 of 2 (canary): vm0",
        "Wave 2 of 2: vm1, vm2, vm3, vm4, vm5 and 2 more",
    ]


@pytest.mark.parametrize(
    ("length", "said"),
    [(30, "x" * 30 + ", " + "x" * 30 + ", " + "x" * 30 + " and 4 more"), (80, "x" * 80 + " and 6 more")],
)
def test_long_names_are_told_as_far_as_a_line_goes(length: int, said: str) -> None:
    (wave,) = encryption_waves(result(*(row("x" * length) for _number in range(7))), 0, 50)
    assert wave["step"] == f"Wave 1 of 1: {said}"
    (wave,) = encryption_waves(result(row("x" * 500)), 0, 50)
    assert len(wave["step"]) < 150


@pytest.mark.parametrize(("canary", "batch"), [(-1, 1), (0, 0)])
def test_impossible_numbers_are_refused(canary: int, batch: int) -> None:
    with pytest.raises(AnsibleFilterError, match="canary must be 0 or more and batch 1 or more"):
        encryption_waves(result(), canary, batch)


def test_what_is_no_result_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="no result"):
        encryption_waves({"msg": "no"})
