# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary at the end of a role, as it stands on the screen."""

from __future__ import annotations

import json
import re

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness

LISTS = ["blocked_by", "changed", "done", "skipped", "to_do"]


def summary_of(result: harness.PlayResult) -> dict[str, list[str]]:
    """The lists of the last summary; every role has the same ones."""
    shown = [json.loads(found) for found in re.findall(r"=> (\{\n.*?\n\})", result.screen, re.DOTALL)]
    found = [one["msg"] for one in shown if isinstance(one.get("msg"), dict) and "blocked_by" in one["msg"]]
    assert found, result.screen
    summary: dict[str, list[str]] = found[-1]
    assert sorted(summary) == LISTS
    return summary


def mentioned(texts: list[str], *words: str) -> bool:
    """Whether each of the words is in one of the texts."""
    return all(any(word in text for text in texts) for word in words)
