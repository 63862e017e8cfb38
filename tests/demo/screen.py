# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demonstration shows of a play: its plan, its summary, and why it failed."""

from __future__ import annotations

import dataclasses
import typing as t

WIDTH = 100
PLANS = ("Plan", "Show the order's price")
FULL = ("changed", "to_do", "blocked_by", "report")  # parts of a summary that are shown entry by entry


@dataclasses.dataclass(frozen=True)
class Chapter:
    """A part of the demonstration: `seconds` on two processors that have nothing else to do."""

    title: str
    sentence: str
    seconds: int
    show: t.Callable[..., None]


def contents(chapters: t.Sequence[Chapter]) -> list[str]:
    """What is to come, with the time it takes."""
    total = sum(chapter.seconds for chapter in chapters)
    rows = [
        f"  {number:2}. {chapter.title:76} {duration(chapter.seconds):>8}" for number, chapter in enumerate(chapters, 1)
    ]
    return ["What you will see, and about how long it takes", *rows, f"      {'all of it':76} {duration(total):>8}"]


def duration(seconds: float) -> str:
    """Minutes and seconds, as people read them."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def told(rows: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """The lines for one play, from what its tasks said."""
    lines: list[str] = []
    failures: list[str] = []
    for row in rows:
        message = row["msg"]
        if row["failed"]:
            text = " ".join(str(message).split())
            failures += [f"  failed: {text}"] if not any(text in line or line[10:] in text for line in failures) else []
        elif row["task"] in PLANS:
            lines += ["  plan", *(f"    {line}" for line in _plan(message))]
        elif row["task"].startswith("Summary") and isinstance(message, dict):
            lines += ["  summary", *(f"    {line}" for line in summary(message))]
    return [*lines, *failures]


def _plan(message: t.Any) -> list[str]:
    if isinstance(message, dict):
        return [f"{key}: {value}" for key, value in message.items() if value not in (None, "", [], {})]
    return [str(line) for line in (message if isinstance(message, list) else [message])]


def summary(message: t.Mapping[str, t.Any]) -> list[str]:
    """What was changed, what is left and what is in the way in full, the rest as a number; without empty parts."""
    lines = []
    for name, value in message.items():
        entries = value if isinstance(value, list) else [value]
        if not entries:
            continue
        label = name.replace("_", " ")
        if name in FULL:
            lines += [f"{label if number == 0 else '':11} {entry}" for number, entry in enumerate(entries)]
        else:
            lines.append(f"{label:11} {len(entries)} step{'s' if len(entries) > 1 else ''}")
    return lines
