# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counting: what a step ran, read from what its programs reported, and the table at the end."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import xml.etree.ElementTree as ET


@dataclasses.dataclass
class Tally:
    """Numbers of one step, and what a person must read about it."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    notes: list[str] = dataclasses.field(default_factory=list)

    def __iadd__(self, other: Tally) -> Tally:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.notes += other.notes
        return self

    def note(self, text: str) -> Tally:
        """Add something to show under the step."""
        self.notes.append(text)
        return self


def junit(files: list[pathlib.Path]) -> Tally:
    """The numbers in JUnit files; each skipped test is named, with its reason."""
    tally = Tally()
    for file in files:
        for case in ET.parse(file).getroot().iter("testcase"):
            skipped = case.find("skipped")
            if skipped is not None:
                tally.skipped += 1
                tally.note(f"    skipped: {case.get('classname')}::{case.get('name')}: {skipped.get('message')}")
            elif case.find("failure") is not None or case.find("error") is not None:
                tally.failed += 1
            else:
                tally.passed += 1
    return tally


def sanity(output: str) -> Tally:
    """The numbers of `ansible-test sanity`: one for each test and Python it ran on."""
    ran = set(re.findall(r"^Running sanity test (.+)$", output, re.MULTILINE))
    summary = re.search(r"^(?:FATAL|ERROR): The (\d+) sanity test\(s\) listed below", output, re.MULTILINE)
    failed = int(summary[1]) if summary else 0
    return Tally(passed=max(len(ran) - failed, 0), failed=failed)


def plain(output: str) -> Tally:
    """The numbers of a program whose last such line reads `4 passed, 1 failed`."""
    found = re.findall(r"^(\d+) passed, (\d+) failed$", output, re.MULTILINE)
    return Tally(passed=int(found[-1][0]), failed=int(found[-1][1])) if found else Tally()


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table at the end; `cpu` is comparable between runs where others use the machine too."""

    step: str
    tally: Tally
    seconds: float
    cpu: float

    @property
    def result(self) -> str:
        if self.tally.failed:
            return "FAILED"
        return "passed" if self.tally.passed else "not run"


def table(rows: list[Row]) -> str:
    """Steps with their results; the last line is the sum."""
    width = max(len(row.step) for row in rows)
    lines = [f"{'step':<{width}}  seconds      CPU  passed  failed  skipped  result"]
    for row in rows:
        tally = row.tally
        numbers = f"{row.seconds:7.0f}  {row.cpu:7.0f}  {tally.passed:6d}  {tally.failed:6d}  {tally.skipped:7d}"
        lines.append(f"{row.step:<{width}}  {numbers}  {row.result}")
    total = Tally()
    for row in rows:
        total += dataclasses.replace(row.tally, notes=[])
    seconds, cpu = sum(row.seconds for row in rows), sum(row.cpu for row in rows)
    lines += [
        f"{'all':<{width}}  {seconds:7.0f}  {cpu:7.0f}  {total.passed:6d}  {total.failed:6d}  {total.skipped:7d}",
        "",
        f"{total.passed} passed, {total.failed} failed",
    ]
    return "\n".join(lines)
