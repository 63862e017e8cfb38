# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of a secret of KV v2: which a write would destroy, and answers of another shape."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.versions import (
    ShapeError,
    data_in,
    history_of,
    made_of,
)

CREATED = "2026-11-28T01:02:03.123456789Z"


def metadata(kept: t.Iterable[int], destroyed: t.Iterable[int] = ()) -> dict[str, t.Any]:
    """An answer with these versions."""
    versions = {str(number): {"created_time": CREATED, "deletion_time": "", "destroyed": False} for number in kept}
    versions |= {str(number): {"created_time": CREATED, "deletion_time": "", "destroyed": True} for number in destroyed}
    newest = max(map(int, versions), default=0)
    return {"data": {"current_version": newest, "versions": versions, "max_versions": 10}}


@pytest.mark.parametrize(
    ("kept", "destroyed", "limit", "lost"),
    [
        ([], [], 1, []),
        ([1], [], 1, [1]),
        ([1], [], 2, []),
        ([1, 2, 3], [], 3, [1]),
        ([1, 2, 3], [], 2, [1, 2]),
        ([1, 2, 3], [], 4, []),
        # what is destroyed is not lost once more
        ([2, 3], [1], 3, []),
        ([3, 4], [1, 2], 2, [3]),
        # Vault goes by numbers, not by how many there are
        ([1, 9], [], 3, [1]),
    ],
)
def test_versions_that_a_write_would_destroy(
    kept: list[int], destroyed: list[int], limit: int, lost: list[int]
) -> None:
    history = history_of(metadata(kept, destroyed), "reading")
    assert history.lost(limit) == lost
    assert history.kept == kept


def test_newest_version_is_first_in_any_order_of_the_answer() -> None:
    history = history_of(metadata([9, 10, 2]), "reading")
    assert [version.number for version in history.versions] == [10, 9, 2]
    assert history.find(9) and history.find(3) is None


@pytest.mark.parametrize("name", ["delete_version_after", "deactivate_version_after"])
@pytest.mark.parametrize(("value", "hides"), [("0s", ""), ("0h0m0s", ""), ("", ""), ("24h0m0s", "24h0m0s")])
def test_either_name_tells_whether_versions_hide(name: str, value: str, hides: str) -> None:
    answer = metadata([1])
    answer["data"][name] = value
    history = history_of(answer, "reading")
    assert (history.hiding_field, history.hides_after) == (name, hides)


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        (CREATED, "2026-11-28T01:02:03Z"),
        ("2026-11-28T02:02:03+01:00", "2026-11-28T01:02:03Z"),
        ("yesterday", None),
        (None, None),
        (12, None),
    ],
)
def test_time_of_a_new_version_is_utc_or_unknown(created: t.Any, expected: str | None) -> None:
    made = made_of({"data": {"version": 4, "created_time": created}}, "writing")
    assert (made.number, made.created_at, made.destroyed) == (4, expected, False)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"data": []},
        {"data": {"versions": []}},
        {"data": {"versions": {"first": {}}}},
        {"data": {"versions": {"1": []}}},
        {"data": {"versions": {}, "current_version": "1"}},
        {"data": {"versions": {}, "current_version": -1}},
        {"data": {"versions": {}, "max_versions": True}},
    ],
)
def test_answer_of_another_shape_is_refused(answer: t.Any) -> None:
    with pytest.raises(ShapeError) as caught:
        history_of(answer, "reading vmware/nkp")
    assert caught.value.message.startswith("reading vmware/nkp was answered with")


def test_data_of_a_deleted_version_is_nothing() -> None:
    assert data_in({"data": {"data": None, "metadata": {}}}, "reading") is None
