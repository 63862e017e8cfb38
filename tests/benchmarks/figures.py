# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for people, targets that are told loudly when they are missed, and all of it as JSON."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import typing as t

Row = t.Sequence[t.Union[str, float, int]]


@dataclasses.dataclass(frozen=True)
class Target:
    """A figure that has to be at most, or exactly, some other."""

    what: str
    found: float
    limit: float
    exact: bool = False

    @property
    def met(self) -> bool:
        """Whether it is."""
        return self.found == self.limit if self.exact else self.found <= self.limit

    def text(self) -> str:
        """One line."""
        word = "ok    " if self.met else "MISSED"
        return (
            f"  {word}  {self.what}: {shown(self.found)} ({'exactly' if self.exact else 'at most'} {shown(self.limit)})"
        )


def shown(value: str | float) -> str:
    """A cell: whole numbers as they are, others with as many digits as say something."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 20 else f"{value:.2f}"


class Figures:
    """What was found in this run."""

    def __init__(self) -> None:
        self.data: dict[str, t.Any] = {}
        self.targets: list[Target] = []

    def keep(self, part: str, **data: t.Any) -> None:
        """Put figures of a part into the file of results."""
        self.data.setdefault(part, {}).update(data)

    def expect(self, what: str, found: float, limit: float, exact: bool = False) -> None:
        """Hold a figure against its target."""
        self.targets.append(Target(what, found, limit, exact))
        print(self.targets[-1].text(), flush=True)

    @property
    def missed(self) -> list[Target]:
        """Targets that were not met."""
        return [target for target in self.targets if not target.met]

    def write(self, file: pathlib.Path) -> None:
        """All of it."""
        file.parent.mkdir(parents=True, exist_ok=True)
        targets = [{**dataclasses.asdict(target), "met": target.met} for target in self.targets]
        file.write_text(json.dumps({**self.data, "targets": targets}, indent=2) + "\n", encoding="utf-8")


def heading(title: str, *lines: str) -> None:
    """A part begins."""
    print(f"\n== {title}", flush=True)
    for line in lines:
        print(f"   {line}", flush=True)


def table(head: Row, rows: t.Sequence[Row]) -> None:
    """The first column to the left, the others to the right."""
    cells = [[shown(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    print()
    for row in cells:
        first, *others = (cell.rjust(width) for cell, width in zip(row, widths))
        print(f"  {row[0].ljust(widths[0])}  " + "  ".join(others) if first else "")
    print(flush=True)
