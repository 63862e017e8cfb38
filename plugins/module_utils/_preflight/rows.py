# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every row of the preflight table is made of: pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing

OK, WARNING, BLOCKING = "ok", "warning", "blocking"
SEVERITIES = (BLOCKING, WARNING, OK)
Facts = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Row:
    """One thing that was looked at. `next_step` says what to do, empty when all is well."""

    check: str
    severity: str
    found: str
    next_step: str = ""

    def line(self) -> str:
        """For the screen."""
        text = f"{self.severity:<8}  {self.check}: {self.found}"
        return f"{text} -> {self.next_step}" if self.next_step else text


Rows = t.Iterator[Row]


def part(facts: Facts, key: str, inner: str) -> t.Any:
    """A result key of a registered task; an empty dictionary when the task was not run or failed."""
    result = facts.get(key) or {}
    return result.get(inner) or {}


def failure(facts: Facts, key: str) -> tuple[str, str]:
    """Kind and text of the failure of a registered task; empty when it did not fail."""
    result = facts.get(key) or {}
    reason = result.get("failure") or {}
    if reason or (result.get("failed") and result.get("msg")):
        return str(reason.get("kind") or "error"), str(result.get("msg") or "failed")
    return "", ""


def name_of(result: Facts) -> str:
    """The name of the KMIP server that one turn of the loop has looked at."""
    return str(result["item"]["name"])


def setting(facts: Facts, name: str, default: t.Any = None) -> t.Any:
    """A setting of the run."""
    value = (facts.get("settings") or {}).get(name)
    return default if value is None else value


def listed(items: t.Iterable[t.Any], most: int = 5) -> str:
    """Items on one line, the rest only counted."""
    return listing([str(item) for item in items], most)
