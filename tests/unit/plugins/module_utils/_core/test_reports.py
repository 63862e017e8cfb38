# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of reports: when they keep their time, and what names in them may contain."""

from __future__ import annotations

import datetime
import json

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.reports import (
    dated_report,
    dumped_report,
    earlier_report,
    shown_line,
)

KIND = "ovhcloud.vmware_encryption.test"
MADE = {"format": KIND, "rows": [{"name": "{{ 7 * 7 }}"}, {"name": "{% raw %}{# no #}"}]}
DAY_1, DAY_2 = (datetime.datetime(2026, 10, day, tzinfo=datetime.timezone.utc) for day in (1, 2))


def test_names_are_no_templates_in_the_file_or_on_the_screen() -> None:
    text = dumped_report(MADE)
    assert json.loads(text) == MADE
    line = shown_line(str(MADE["rows"]))
    assert not any(mark in shown for mark in ("{{", "{%", "{#") for shown in (text, line))


def test_report_that_says_the_same_keeps_its_time() -> None:
    first = dated_report(MADE, DAY_1, "")
    assert json.loads(first)["generated_at"] == "2026-10-01T00:00:00Z"
    assert dated_report(MADE, DAY_2, first) == first
    other = dated_report({**MADE, "rows": []}, DAY_2, first)
    assert json.loads(other)["generated_at"] == "2026-10-02T00:00:00Z"


@pytest.mark.parametrize("text", ["", " ", "{", "[" * 100_000, "[]", '"a"', '{"format": "another"}', "{}"])
def test_what_is_no_report_of_this_kind_counts_for_nothing(text: str) -> None:
    assert earlier_report(text, KIND) == {}
    assert json.loads(dated_report(MADE, DAY_2, text))["generated_at"] == "2026-10-02T00:00:00Z"
