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


@pytest.mark.parametrize(
    ("result", "idle", "check", "kind", "text"),
    [
        ({"changed": False}, None, False, "done", "order"),
        ({"changed": True}, None, False, "changed", "order"),
        ({"changed": True}, None, True, "to_do", "order"),
        ({"changed": False}, None, True, "done", "order"),
        ({"skipped": True, "changed": False}, None, False, "to_do", "order"),
        ({"skipped": True, "changed": False}, "not asked for", False, "done", "order (not asked for)"),
        ({}, None, False, "to_do", "order"),
        ({}, "not asked for", False, "done", "order (not asked for)"),
        ({"failed": True, "changed": False, "msg": "x"}, "not asked for", False, "to_do", "order"),
        ({"failed": True, "changed": True}, None, False, "to_do", "order"),
    ],
)
def test_each_result_goes_into_its_list(result: t.Any, idle: str | None, check: bool, kind: str, text: str) -> None:
    summary = step_summary([{"step": "order", "result": result, "idle": idle}], check)
    assert summary == {**{"done": [], "changed": [], "to_do": [], "blocked_by": []}, kind: [text]}


def test_a_failure_is_named_with_its_task() -> None:
    summary = step_summary([{"step": "order", "result": {}}], False, "Order the domain", "no payment method")
    assert summary["blocked_by"] == ["Order the domain: no payment method"]


def test_what_remains_for_others_is_to_do() -> None:
    summary = step_summary([{"step": "order", "result": {}}], remaining=["sign the request"])
    assert summary["to_do"] == ["order", "sign the request"]


def test_a_step_without_name_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="needs the key 'step'"):
        step_summary([{"result": {}}])
