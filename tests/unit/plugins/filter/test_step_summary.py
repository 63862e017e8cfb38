# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table for the filter step_summary."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.step_summary import FilterModule

step_summary = FilterModule().filters()["step_summary"]


SKIPPED = {"skipped": True, "changed": False}
EMPTY: dict[str, list[str]] = {"done": [], "changed": [], "skipped": [], "to_do": [], "blocked_by": []}


@pytest.mark.parametrize(
    ("result", "reasons", "check", "kind", "text"),
    [
        ({"changed": False}, {}, False, "done", "order"),
        ({"changed": False}, {"idle": "not asked for", "there": "seen"}, False, "done", "order"),
        ({"changed": True}, {}, False, "changed", "order"),
        ({"changed": True}, {}, True, "to_do", "order"),
        ({"changed": False}, {}, True, "done", "order"),
        (SKIPPED, {}, False, "to_do", "order"),
        (SKIPPED, {"idle": "not asked for"}, False, "skipped", "order (not asked for)"),
        (SKIPPED, {"there": "it is already"}, False, "done", "order (it is already)"),
        (SKIPPED, {"there": "it is already", "idle": "not asked for"}, False, "done", "order (it is already)"),
        ({}, {}, False, "to_do", "order"),
        ({}, {"idle": "not asked for"}, False, "skipped", "order (not asked for)"),
        ({}, {"there": "it is already"}, True, "done", "order (it is already)"),
        ({"failed": True, "changed": False}, {"idle": "not asked for", "there": "seen"}, False, "to_do", "order"),
        ({"failed": True, "changed": True}, {}, False, "to_do", "order (partly done)"),
        ({"failed": True, "changed": True}, {}, True, "to_do", "order"),
    ],
)
def test_each_result_goes_into_its_list(
    result: t.Any, reasons: dict[str, str], check: bool, kind: str, text: str
) -> None:
    summary = step_summary([{"step": "order", "result": result, **reasons}], check)
    assert summary == {**EMPTY, kind: [text]}


@pytest.mark.parametrize(
    ("result", "reasons", "kind", "text"),
    [
        ({}, {}, "to_do", "order (not looked at)"),
        ({}, {"there": "it is already"}, "done", "order (it is already)"),
        ({}, {"idle": "not asked for"}, "skipped", "order (not asked for)"),
        (SKIPPED, {}, "to_do", "order"),
        ({"changed": True}, {}, "changed", "order"),
    ],
)
def test_after_a_failure_only_what_was_seen_counts(
    result: t.Any, reasons: dict[str, str], kind: str, text: str
) -> None:
    summary = step_summary([{"step": "order", "result": result, **reasons}], failed_step="Order", failure="no money")
    assert summary == {**EMPTY, "blocked_by": ["Order: no money"], kind: [text]}


NO_ITEMS = {**SKIPPED, "results": []}


@pytest.mark.parametrize(
    ("result", "reasons", "kind", "text"),
    [
        (NO_ITEMS, {}, "skipped", "order (none)"),
        (NO_ITEMS, {"idle": "not asked for"}, "skipped", "order (not asked for)"),
        (NO_ITEMS, {"there": "it is already"}, "done", "order (it is already)"),
        (SKIPPED, {}, "to_do", "order"),
        ({}, {}, "to_do", "order"),
        ({"changed": True, "results": [{"changed": True}]}, {}, "changed", "order"),
    ],
)
def test_loop_without_items_is_skipped_if_a_reason_is_given(
    result: t.Any, reasons: dict[str, str], kind: str, text: str
) -> None:
    summary = step_summary([{"step": "order", "result": result, **reasons}], empty="none")
    assert summary == {**EMPTY, kind: [text]}
    if result == NO_ITEMS and not reasons:
        assert step_summary([{"step": "order", "result": result}])["to_do"] == ["order"]


def test_a_failure_is_named_with_its_task() -> None:
    summary = step_summary([{"step": "order", "result": {}}], False, "Order the domain", "no payment method")
    assert summary["blocked_by"] == ["Order the domain: no payment method"]


def test_what_remains_for_others_is_to_do() -> None:
    summary = step_summary([{"step": "order", "result": {}}], remaining=["sign the request"])
    assert summary["to_do"] == ["order", "sign the request"]


def test_step_of_other_roles_is_listed_as_they_list_it() -> None:
    one = {**EMPTY, "changed": ["logs ended in a", "key removed"], "blocked_by": ["logs: no right"]}
    other = {**EMPTY, "skipped": ["logs ended in b (not asked for)"], "changed": ["logs ended in a"]}
    summary = step_summary([{"step": "logs", "summaries": [one, other]}])
    assert summary == {**EMPTY, "changed": ["logs ended in a"], "skipped": ["logs ended in b (not asked for)"]}
    assert step_summary([{"step": "logs", "summaries": []}], failed_step="Look", failure="no") == {
        **EMPTY,
        "blocked_by": ["Look: no"],
    }


def test_a_step_without_name_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="needs the key 'step'"):
        step_summary([{"result": {}}])
