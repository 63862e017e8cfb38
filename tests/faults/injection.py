# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One injection: a request of the run goes wrong, the next run has to make up for it."""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

from . import promises
from .plays import Plays
from .scenarios import ALL, Scenario

BEFORE, AFTER, KILL = "drop_before", "drop_after", "kill"


@dataclasses.dataclass(frozen=True)
class Clean:
    """A run in which nothing goes wrong: its requests as (system, operation), and the state in the end."""

    requests: list[tuple[str, str]]
    outcome: dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Finding:
    """What an injection showed; no problems: all promises were kept."""

    scenario: str
    action: str
    index: int
    request: str
    problems: list[str]


class Site:
    """A folder, a warm process, and labs that come and go."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self.plays = Plays(folder)

    def _fresh(self) -> pathlib.Path:
        place = self._folder / "run"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=0o700)
        return place

    def _start(self, scenario: Scenario, lab: Lab, place: pathlib.Path) -> dict[str, t.Any]:
        """The state before the role's run, and its variables."""
        if scenario.earlier:
            former = ALL[scenario.earlier]
            played = self.plays.run(lab, place, former.role, former.start(lab, place))
            if played.code:
                raise RuntimeError(f"{former.name}, before {scenario.name}, fails:\n{played.screen}")
        return scenario.start(lab, place)

    def clean(self, scenario: Scenario) -> Clean:
        """Run it once without faults, and once more: that changes nothing."""
        place = self._fresh()
        with Lab(scenario.settings()) as lab:
            variables = self._start(scenario, lab, place)
            rules = promises.rules(lab)
            mark = lab.journal.mark()
            played = self.plays.run(lab, place, scenario.role, variables)
            if played.code:
                raise RuntimeError(f"{scenario.name} fails without any fault:\n{played.screen}")
            requests = [(entry.system, entry.operation) for entry in lab.journal.entries(since=mark)]
            ended = promises.outcome(lab, place)
            mark = lab.journal.mark()
            again = self.plays.run(lab, place, scenario.role, variables)
            writes = [entry.operation for entry in lab.journal.writes(mark)]
            if (again.code, again.changed, writes) != (0, 0, []):
                raise RuntimeError(f"{scenario.name} changes something again ({writes}):\n{again.screen}")
            if broken := [*promises.broken(lab, rules), *scenario.promise(lab, place)]:
                raise RuntimeError(f"{scenario.name} breaks promises without any fault: {broken}")
        return Clean(requests, ended)

    def inject(self, scenario: Scenario, clean: Clean, action: str, index: int) -> Finding:
        """The request number `index` goes wrong (or the play is killed when it has been answered); then run again."""
        place = self._fresh()
        with Lab(scenario.settings()) as lab:
            variables = self._start(scenario, lab, place)
            rules, unsafe = promises.rules(lab), promises.unsafe(lab)
            if action == KILL:
                first = self.plays.run(lab, place, scenario.role, variables, kill_at=index + 1)
                came = first.code < 0
            else:
                fault = lab.faults.add(action, skip=index)
                first = self.plays.run(lab, place, scenario.role, variables)
                came = fault.times == 0
                lab.faults.clear()
            problems = [] if came else ["the interruption never came: the run made fewer requests than a clean one"]
            broken = [*promises.broken(lab, rules, unsafe), *scenario.promise(lab, place)]
            problems += [f"after the interruption: {one}" for one in broken]
            lab.vcenter.tasks.settle()  # tasks go on in vCenter, whoever is gone
            second = self.plays.run(lab, place, scenario.role, variables)
            if second.code:
                problems.append(f"the next run fails: {_last_error(second.screen)}")
            broken = [*promises.broken(lab, rules), *scenario.promise(lab, place)]
            problems += [f"after the next run: {one}" for one in broken]
            ended = promises.outcome(lab, place)
            problems += [
                f"{key} is {ended[key]}, not {wanted}" for key, wanted in clean.outcome.items() if ended[key] != wanted
            ]
        request = " ".join(clean.requests[index]) if index < len(clean.requests) else ""
        return Finding(scenario.name, action, index, request, problems)


def _last_error(screen: str) -> str:
    lines = [line for line in screen.splitlines() if line.startswith(("fatal:", "[ERROR]")) or '"msg":' in line]
    return " ".join(lines[-2:])[-600:] or screen[-600:]
