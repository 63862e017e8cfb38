# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed reading of answers: absent, wrong, and what a message shows of them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    Failure,
    to_error,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    Fields,
    ShapeError,
    names,
    numbers,
    record,
    require_told,
)

READERS = ("text", "whole", "amount", "flag", "time", "maybe_time")


@pytest.mark.parametrize("raw", [{}, {"x": None}])
def test_absent_is_none_or_empty(raw: dict[str, t.Any]) -> None:
    read = Fields(raw, "key 1")
    assert [getattr(read, name)("x") for name in READERS] == [None] * len(READERS)
    assert (read.texts("x"), read.parts("x"), read.labels("x"), read.part("x").raw) == ([], [], {}, {})


@pytest.mark.parametrize(
    ("reader", "value", "expected"),
    [
        ("text", "newWord", "newWord"),
        ("whole", 5, 5),
        ("whole", 5.0, 5),
        ("amount", 5, 5.0),
        ("flag", False, False),
        ("time", "2026-09-01T10:00:00+02:00", "2026-09-01T08:00:00Z"),
        ("texts", ["b", "a"], ["b", "a"]),
        ("labels", {"env": 1}, {"env": 1}),
    ],
)
def test_values_of_the_contract(reader: str, value: t.Any, expected: t.Any) -> None:
    assert getattr(Fields({"x": value}, "key 1"), reader)("x") == expected


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        ("text", 5),
        ("text", {"a": 1}),
        ("whole", "5"),
        ("whole", 5.5),
        ("whole", True),
        ("whole", float("nan")),
        ("amount", []),
        ("flag", 1),
        ("time", "yesterday"),
        ("time", "0001-01-01T00:00:00+23:00"),
        ("part", []),
        ("parts", [1]),
        ("parts", {}),
        ("texts", [None]),
        ("labels", "x"),
    ],
)
def test_wrong_values_name_field_and_value_in_one_line(reader: str, value: t.Any) -> None:
    with pytest.raises(ShapeError, match=r"OVHcloud answered key 1 with x .+, which is not ") as caught:
        getattr(Fields({"x": value}, "key 1"), reader)("x")
    assert "\n" not in caught.value.message
    assert caught.value.details["field"] == "x"


def test_a_long_value_is_cut() -> None:
    with pytest.raises(ShapeError) as caught:
        Fields({"x": ["line\n"] * 500}, "key 1").text("x")
    assert len(caught.value.message) < 150


def test_a_time_that_is_only_told_may_be_odd() -> None:
    assert Fields({"x": "soon"}, "task 1").maybe_time("x") is None


@pytest.mark.parametrize("raw", [{}, {"x": None}, {"x": ""}])
def test_what_a_run_depends_on_is_named(raw: dict[str, t.Any]) -> None:
    with pytest.raises(ShapeError, match="answered key 1 without x, which this run depends on"):
        Fields(raw, "key 1").known_text("x")


@pytest.mark.parametrize("answer", [None, [], "text", 7])
def test_an_answer_that_is_no_object(answer: t.Any) -> None:
    with pytest.raises(ShapeError, match="which is not an object"):
        record(answer, "a key")


@pytest.mark.parametrize("answer", [None, {}, ["a"], [True], [None]])
def test_a_list_that_holds_no_ids(answer: t.Any) -> None:
    with pytest.raises(ShapeError, match="the list of orders"):
        numbers(answer, "the list of orders")
    assert numbers([3, 1], "x") == [1, 3]


def test_a_list_that_holds_no_names() -> None:
    with pytest.raises(ShapeError, match="which is no text"):
        names(["a", 1], "carts")


def test_a_choice_among_objects_needs_what_it_rests_on() -> None:
    require_told([{"id": "a", "name": "x"}], "name", "credential")
    with pytest.raises(ShapeError, match="credential b without name"):
        require_told([{"id": "a", "name": "x"}, {"id": "b", "name": None}], "name", "credential")


def test_an_error_class_of_many_lines_is_flattened_and_cut() -> None:
    error = to_error(Failure("GET", "/me", 400, {"class": "Client::Odd\n" * 200, "message": "no\nway"}))
    assert "\n" not in error.message
    assert len(error.message) < 800
