# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run with `make faults`: every request of every role goes wrong, before and after it took effect."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import typing as t

from .injection import AFTER, BEFORE, KILL, Clean, Finding, Site
from .scenarios import ALL

KILLS = 10  # random moments at which the play of a scenario is killed
SEED = 20261126


def points(clean: Clean, every: int) -> list[tuple[str, int]]:
    """All injections of a scenario, or each `every`-th; the moments of the kills are drawn once and for all."""
    count = len(clean.requests)
    drawn = random.Random(SEED).sample(range(count), min(KILLS, count))
    found = [(action, index) for index in range(count) for action in (BEFORE, AFTER)]
    return [*found, *((KILL, index) for index in sorted(drawn))][::every]


def work(names: list[str], share: int, shares: int, every: int) -> None:
    """One process: its share of the injections, a line of JSON for each."""
    with tempfile.TemporaryDirectory(prefix="vmware-encryption-faults-") as folder:
        site = Site(pathlib.Path(folder))
        for name in names:
            scenario = ALL[name]
            clean = site.clean(scenario)
            todo = points(clean, every)
            systems = collections.Counter(system for system, _operation in clean.requests)
            print(json.dumps({"scenario": name, "points": len(todo), "requests": systems}), flush=True)
            for action, index in todo[share::shares]:
                print(json.dumps(dataclasses.asdict(site.inject(scenario, clean, action, index))), flush=True)


def _start(arguments: argparse.Namespace, share: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", __package__ or "", "--share", str(share), "--every", str(arguments.every)]
    command += ["--jobs", str(arguments.jobs), *arguments.scenario]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


class Board:
    """Counts and tells."""

    def __init__(self) -> None:
        self.points: dict[str, int] = {}
        self.systems: dict[str, collections.Counter[str]] = {}
        self.done: collections.Counter[str] = collections.Counter()
        self.broken: list[Finding] = []
        self._began = time.monotonic()

    def hear(self, line: dict[str, t.Any]) -> None:
        """News of a process."""
        if "points" in line:
            if line["scenario"] not in self.points:
                self.points[line["scenario"]] = line["points"]
                self.systems[line["scenario"]] = collections.Counter(line["requests"])
                print(f"{line['scenario']}: {line['points']} injections, requests: {line['requests']}", flush=True)
            return
        finding = Finding(**line)
        self.done[finding.scenario] += 1
        if finding.problems:
            self.broken.append(finding)
            print(f"  BROKEN {finding.scenario} {finding.action} #{finding.index} {finding.request}", flush=True)
            for problem in finding.problems:
                print(f"    {problem}", flush=True)
        if sum(self.done.values()) % 25 == 0:
            print(f"  {sum(self.done.values())} done, {time.monotonic() - self._began:.0f} s", flush=True)

    def close(self) -> int:
        """The table; 1 when a promise was broken or something was not tried."""
        print(f"\n{'scenario':28} {'injections':>10} {'broken':>7}   requests of a clean run")
        for name, count in self.points.items():
            broken = sum(finding.scenario == name for finding in self.broken)
            systems = ", ".join(f"{system} {number}" for system, number in sorted(self.systems[name].items()))
            print(f"{name:28} {self.done[name]:>4} of {count:<3} {broken:>7}   {systems}")
        print(f"\n{time.monotonic() - self._began:.0f} s")
        total, missing = sum(self.done.values()), sum(self.points.values()) - sum(self.done.values())
        print(f"{total - len(self.broken)} passed, {len(self.broken) + missing} failed")
        return 1 if self.broken or missing or not total else 0


def main() -> int:
    """Share the work among processes, listen, sum up."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("scenario", nargs="*", default=list(ALL), help=f"some of {', '.join(ALL)}")
    parser.add_argument("--every", type=int, default=1, help="only each N-th injection")
    parser.add_argument("--jobs", type=int, default=(os.cpu_count() or 1) + 1, help="processes at once")
    parser.add_argument("--share", type=int, default=None, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.scenario) - set(ALL)):
        parser.error(f"unknown: {', '.join(unknown)}")
    if arguments.share is not None:
        work(arguments.scenario, arguments.share, arguments.jobs, arguments.every)
        return 0
    board = Board()
    processes = [_start(arguments, share) for share in range(arguments.jobs)]
    codes = listen(processes, board)
    return board.close() or max(codes)


def listen(processes: list[subprocess.Popen[str]], board: Board) -> list[int]:
    """Hear all of them until they end."""
    import selectors

    selector = selectors.DefaultSelector()
    for process in processes:
        if process.stdout is not None:
            selector.register(process.stdout, selectors.EVENT_READ)
    while selector.get_map():
        for key, _events in selector.select():
            line = t.cast("t.IO[str]", key.fileobj).readline()
            if line:
                board.hear(json.loads(line))
            else:
                selector.unregister(key.fileobj)
    return [process.wait() for process in processes]


if __name__ == "__main__":
    sys.exit(main())
