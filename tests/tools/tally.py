# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counting: what a step ran, read from what its programs reported, and the table at the end."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import xml.etree.ElementTree as ET

# So much of the reason why a test failed is shown with its name; the rest is in the log.
REASON = 200


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
    """The numbers in JUnit files; each test that failed or was skipped is named, with the first line of its reason."""
    tally = Tally()
    for file in files:
        for case in ET.parse(file).getroot().iter("testcase"):
            why = next((child for child in case if child.tag in ("skipped", "failure", "error")), None)
            if why is None:
                tally.passed += 1
                continue
            skipped = why.tag == "skipped"
            tally += Tally(skipped=1) if skipped else Tally(failed=1)
            reason = (why.get("message") or "").partition("\n")[0][:REASON]
            outcome = "skipped" if skipped else "failed"
            tally.note(f"    {outcome}: {case.get('classname')}::{case.get('name')}: {reason}")
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
    """One line of the table at the end; `cpu` is comparable between runs where others use the computer too."""

    step: str
    tally: Tally
    seconds: float
    cpu: float

    @property
    def result(self) -> str:
        if self.tally.failed:
            return "FAILED"
        return "passed" if self.tally.passed else "not run"


def table(rows: list[Row], elapsed: float) -> str:
    """Steps with their results; the last line is the sum, and the seconds of the clock: steps may run side by side."""
    width = max(len(row.step) for row in rows)
    lines = [f"{'step':<{width}}  seconds      CPU  passed  failed  skipped  result"]
    for row in rows:
        tally = row.tally
        numbers = f"{row.seconds:7.0f}  {row.cpu:7.0f}  {tally.passed:6d}  {tally.failed:6d}  {tally.skipped:7d}"
        lines.append(f"{row.step:<{width}}  {numbers}  {row.result}")
    total = Tally()
    for row in rows:
        total += dataclasses.replace(row.tally, notes=[])
    cpu = sum(row.cpu for row in rows)
    lines += [
        f"{'all':<{width}}  {elapsed:7.0f}  {cpu:7.0f}  {total.passed:6d}  {total.failed:6d}  {total.skipped:7d}",
        "",
        f"{total.passed} passed, {total.failed} failed",
    ]
    return "\n".join(lines)
