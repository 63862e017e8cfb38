# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Coverage over time: the points that earlier reports hold, and the one of now."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.counts import STATES, Facts

MOST = 1000  # points; with one for each day, nearly three years
RECENT = datetime.timedelta(days=2)
_NUMBERS = ("virtual_machines", *STATES, "percent_encrypted", "exceptions")


def point(report: t.Mapping[str, t.Any]) -> Facts:
    """What a report adds to the line."""
    numbers = report["totals"]
    return {
        "generated_at": report["generated_at"],
        **{name: numbers.get(name) for name in _NUMBERS},
        "critical": numbers["findings"]["critical"],
        "warning": numbers["findings"]["warning"],
    }


def joined(reports: t.Iterable[t.Mapping[str, t.Any]], current: Facts) -> list[Facts]:
    """The points of earlier reports and of this one in their order, later ones of the same time win."""
    points: dict[str, Facts] = {}
    for report in reports:
        for one in [*(report.get("trend") or []), point(report)]:
            points[str(one["generated_at"])] = dict(one)
    points = {when: one for when, one in points.items() if when < current["generated_at"]}
    points[current["generated_at"]] = current
    return _thinned([points[when] for when in sorted(points)])


def _thinned(points: list[Facts]) -> list[Facts]:
    """Of days that are over, the last point of each; of the last two days, all."""
    border = (_time(points[-1]["generated_at"]) - RECENT).strftime("%Y-%m-%dT%H:%M:%SZ")
    kept: dict[str, Facts] = {}
    for one in points:
        when = one["generated_at"]
        kept[when if when >= border else when[:10]] = one
    return list(kept.values())[-MOST:]


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
