# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Charts as inline SVG. Lengths are percent where the width may vary, so that no text is ever scaled."""

from __future__ import annotations

import datetime
import typing as t

from markupsafe import Markup

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.counts import Facts
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._audit_page.markup import join, tag

Parts = t.Sequence[tuple[str, int]]
LONGEST = 400  # days that the time line shows at most


def patterns() -> Markup:
    """Fills that differ by pattern as well as by colour."""
    marks = {
        "partly_encrypted": Markup('<path d="M0 8L8 0M-2 2L2 -2M6 10L10 6"/>'),
        "vtpm_only": Markup('<path d="M0 4H8"/>'),
        "unencrypted": Markup('<path d="M0 0L8 8M-2 6L2 10M6 -2L10 2M0 8L8 0"/>'),
        "unreadable": Markup('<path d="M4 0V8"/>'),
        "encrypted": Markup(""),
    }
    made = [
        tag(
            "pattern",
            Markup('<rect width="8" height="8"/>'),
            mark,
            id=f"fill-{state}",
            class_=f"fill {state}",
            width="8",
            height="8",
            patternUnits="userSpaceOnUse",
        )
        for state, mark in marks.items()
    ]
    return tag("svg", tag("defs", made), class_="defs", width="0", height="0", aria_hidden="true", focusable="false")


def donut(parts: Parts, middle: str, title: str, description: str) -> Markup:
    """A ring of shares with a text in the middle."""
    whole = sum(count for _name, count in parts)
    # a circle of this radius is 100 around, so shares are lengths; 25 is a quarter turn back, from its right to its top
    ring, start = [tag("circle", cx="21", cy="21", r="15.9155", class_="track")], 25.0
    for name, count in parts:
        share = 100 * count / whole if whole else 0
        if not share:
            continue
        gap = 0.6 if share < 99.9 else 0
        ring.append(
            tag(
                "circle",
                cx="21",
                cy="21",
                r="15.9155",
                class_="arc",
                stroke=f"var(--{name})",
                stroke_dasharray=f"{max(share - gap, 0.4):.3f} {100 - max(share - gap, 0.4):.3f}",
                stroke_dashoffset=f"{start:.3f}",
            )
        )
        start -= share
    text = tag("text", middle, x="21", y="21", class_="middle", text_anchor="middle", dominant_baseline="central")
    return _figure("donut", title, description, join(ring, text), viewBox="0 0 42 42")


def shares(parts: Parts, whole: int, description: str) -> Markup:
    """A bar of shares of the whole, one after the other."""
    x, pieces = 0.0, [tag("rect", x="0", y="0", width="100%", height="100%", class_="track")]
    for name, count in parts:
        width = 100 * count / whole if whole else 0
        if width:
            fill = f"url(#fill-{name})"
            pieces.append(tag("rect", x=f"{x:.3f}%", y="0", width=f"{width:.3f}%", height="100%", fill=fill))
        x += width
    return _figure("bar", description, "", join(pieces), width="100%", height="14")


def expiry(days: int, level: str, warn: int, critical: int, description: str) -> Markup:
    """Where on the line of days something ends, with the two limits."""
    at = _percent_of_days(days)
    pieces = [
        tag("rect", x="0", y="8", width="100%", height="6", class_="track"),
        tag("rect", x="0", y="8", width=f"{at:.3f}%", height="6", class_=f"left {level}"),
        *[tag("line", x1=f"{_percent_of_days(limit):.3f}%", x2=f"{_percent_of_days(limit):.3f}%", y1="3", y2="19",
              class_="limit") for limit in (critical, warn)],
        tag("circle", cx=f"{min(max(at, 1.5), 98.5):.3f}%", cy="11", r="6", class_=f"dot {level}"),
    ]  # fmt: skip
    return _figure("expiry", description, "", join(pieces), width="100%", height="22")


def expiry_axis(warn: int, critical: int) -> Markup:
    """Numbers under the lines of days."""
    marks = [(0, "start"), (critical, "middle"), (warn, "middle"), (180, "middle"), (365, "middle")]
    texts = [
        tag("text", str(day), x=f"{_percent_of_days(day):.3f}%", y="12", text_anchor=anchor)
        for day, anchor in marks
        # numbers closer than that would run into each other
        if day == 0 or day in (critical, warn) or abs(day - warn) > 40
    ]
    return tag("svg", texts, class_="axis", width="100%", height="16", aria_hidden="true", focusable="false")


def _percent_of_days(days: int) -> float:
    return 100.0 * min(max(days, 0), LONGEST) / LONGEST


def trend(points: t.Sequence[Facts], description: str) -> Markup:
    """Share of encrypted VMs over time, from 0 to 100 percent."""
    times = [_seconds(one["generated_at"]) for one in points]
    first, length = times[0], max(times[-1] - times[0], 1.0)
    places = [
        (100 * (when - first) / length, 100 - (one["percent_encrypted"] or 0)) for when, one in zip(times, points)
    ]
    line = " ".join(f"{x:.2f},{y:.2f}" for x, y in places)
    curve = tag(
        "svg",
        tag("polygon", points=f"0,100 {line} 100,100", class_="area"),
        tag("polyline", points=line, class_="line", vector_effect="non-scaling-stroke"),
        viewBox="0 0 100 100",
        preserveAspectRatio="none",
        x="0",
        y="0",
        width="100%",
        height="100%",
    )
    grid = [tag("line", x1="0", x2="100%", y1=f"{y}%", y2=f"{y}%", class_="grid") for y in (0, 25, 50, 75, 100)]
    shown = places if len(places) <= 40 else places[-1:]
    dots = [tag("circle", cx=f"{x:.2f}%", cy=f"{y:.2f}%", r="4", class_="dot ok") for x, y in shown]
    return _figure(
        "trend", "Share of encrypted VMs over time", description, join(grid, curve, dots), width="100%", height="160"
    )


def _seconds(text: str) -> float:
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()


def _figure(kind: str, title: str, description: str, content: Markup, **attributes: t.Any) -> Markup:
    """An SVG that a screen reader can tell."""
    told = join(tag("title", title), tag("desc", description) if description else None)
    return tag("svg", told, content, class_=f"chart {kind}", role="img", focusable="false", **attributes)
