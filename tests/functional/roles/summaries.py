# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary at the end of a role, as it stands on the screen."""

from __future__ import annotations

import json
import re

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness

LISTS = ["blocked_by", "changed", "done", "skipped", "to_do"]


def summaries_of(result: harness.PlayResult) -> list[dict[str, list[str]]]:
    """The lists of each summary; every role has the same ones, and a value that is blank leaves no hole in a step."""
    shown = [json.loads(found) for found in re.findall(r"=> (\{\n.*?\n\})", result.screen, re.DOTALL)]
    found: list[dict[str, list[str]]]
    found = [one["msg"] for one in shown if isinstance(one.get("msg"), dict) and "blocked_by" in one["msg"]]
    for summary in found:
        assert sorted(summary) == LISTS
        steps = [step for kind in LISTS if kind != "blocked_by" for step in summary[kind]]
        holes = [step for step in steps if re.search(r"  |^ | $| [,)]|\( ", step)]
        assert holes == [], holes
    return found


def summary_of(result: harness.PlayResult) -> dict[str, list[str]]:
    """The lists of the last summary."""
    found = summaries_of(result)
    assert found, result.screen
    return found[-1]


def mentioned(texts: list[str], *words: str) -> bool:
    """Whether each of the words is in one of the texts."""
    return all(any(word in text for text in texts) for word in words)
