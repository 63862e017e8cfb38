# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Former names of a role's options."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._answers.former import names_of, renamed
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError

SPECS: dict[str, dict[str, t.Any]] = {
    "okms_region": {"type": "str"},
    "okms_wave_size": {"type": "int", "default": 50},
    "okms_remove": {"type": "bool", "default": False},
}
FORMER = {"okms_wave_size": "okms_batch", "okms_remove": "okms_close"}


def test_names_include_the_former_ones() -> None:
    assert names_of(SPECS, FORMER) == ["okms_region", "okms_wave_size", "okms_batch", "okms_remove", "okms_close"]


@pytest.mark.parametrize(
    ("values", "found", "told"),
    [
        ({}, {}, []),
        ({"okms_region": "x", "okms_wave_size": 2}, {"okms_region": "x", "okms_wave_size": 2}, []),
        ({"okms_batch": "3"}, {"okms_wave_size": "3"}, ["okms_batch is now okms_wave_size"]),
        # the role's default is among the variables too
        ({"okms_batch": 3, "okms_wave_size": 50}, {"okms_wave_size": 3}, ["okms_batch is now okms_wave_size"]),
        ({"okms_close": True, "okms_remove": False}, {"okms_remove": True}, ["okms_close is now okms_remove"]),
        ({"okms_close": False, "okms_remove": None}, {"okms_remove": False}, ["okms_close is now okms_remove"]),
        # a survey's unanswered question
        ({"okms_batch": " ", "okms_wave_size": 7}, {"okms_wave_size": 7}, []),
        ({"okms_batch": None, "okms_wave_size": 7}, {"okms_wave_size": 7}, []),
    ],
)
def test_value_under_a_former_name_counts(values: dict[str, t.Any], found: dict[str, t.Any], told: list[str]) -> None:
    assert renamed(SPECS, values, FORMER) == (found, told)


@pytest.mark.parametrize("value", [20, 50])
def test_what_an_including_role_hands_over_beats_a_former_name(value: int) -> None:
    given = {"okms_batch": 500, "okms_wave_size": value, "okms_close": True}
    found, told = renamed(SPECS, given, FORMER, handed={"okms_wave_size"})
    assert found == {"okms_wave_size": value, "okms_remove": True}
    assert told == [
        "okms_batch is now okms_wave_size, and is ignored here because the calling role sets okms_wave_size",
        "okms_close is now okms_remove",
    ]


def test_a_blank_that_is_handed_over_leaves_a_former_name() -> None:
    found, told = renamed(SPECS, {"okms_batch": 3, "okms_wave_size": ""}, FORMER, handed={"okms_wave_size"})
    assert (found, told) == ({"okms_wave_size": 3}, ["okms_batch is now okms_wave_size"])


def test_both_names_handed_over_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="okms_wave_size and its former name okms_batch are both given"):
        renamed(SPECS, {"okms_batch": 3, "okms_wave_size": 7}, FORMER, handed={"okms_batch", "okms_wave_size"})


@pytest.mark.parametrize("value", [7, 3])
def test_both_names_at_once_are_refused_in_one_line(value: int) -> None:
    given = {"okms_batch": 3, "okms_wave_size": value, "okms_close": "true", "okms_remove": "false"}
    with pytest.raises(InvalidInputError) as caught:
        renamed(SPECS, given, FORMER)
    assert caught.value.message == (
        "okms_wave_size and its former name okms_batch and okms_remove and its former name okms_close are both given, "
        "nothing was changed; keep the new name only"
    )
