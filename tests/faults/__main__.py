# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run with `make faults`: every request of every role goes wrong, before and after it took effect."""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import os
import random
import sys
import tempfile
import time
import typing as t
from concurrent import futures

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.ssh_host import missing

from . import pool
from .injection import AFTER, BEFORE, KILL, Clean, Finding
from .scenarios import ALL

KILLS = 10  # random moments at which the play of a scenario is killed
SEED = 20261126


def points(undisturbed: Clean, every: int) -> list[tuple[str, int]]:
    """All injections of a scenario, or each `every`-th; the moments of the kills are drawn once and for all."""
    count = len(undisturbed.requests)
    drawn = random.Random(SEED).sample(range(count), min(KILLS, count))
    found = [(action, index) for index in range(count) for action in (BEFORE, AFTER)]
    return [*found, *((KILL, index) for index in sorted(drawn))][::every]


class Board:
    """Counts and tells."""

    def __init__(self) -> None:
        self.points: dict[str, int] = {}
        self.systems: dict[str, collections.Counter[str]] = {}
        self.done: collections.Counter[str] = collections.Counter()
        self.broken: list[Finding] = []
        self._began = time.monotonic()

    def begin(self, scenario: str, count: int, undisturbed: Clean) -> None:
        """A scenario ran without faults; so many injections follow."""
        self.points[scenario] = count
        self.systems[scenario] = collections.Counter(system for system, _operation in undisturbed.requests)
        print(f"{scenario}: {count} injections, requests: {dict(self.systems[scenario])}", flush=True)

    def hear(self, finding: Finding) -> None:
        """An injection was tried."""
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
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.scenario) - set(ALL)):
        parser.error(f"unknown: {', '.join(unknown)}")
    if absent := missing():
        left_out = [name for name in arguments.scenario if ALL[name].needs_ssh]
        arguments.scenario = [name for name in arguments.scenario if name not in left_out]
        if left_out:
            print(f"NOT RUN: {', '.join(left_out)}: {', '.join(absent)} of OpenSSH not on this machine", flush=True)
    board = Board()
    with tempfile.TemporaryDirectory(prefix="vmware-encryption-faults-") as folder:
        # spawn: a process of the pool starts its lab's threads in a fresh interpreter
        context = multiprocessing.get_context("spawn")
        with futures.ProcessPoolExecutor(arguments.jobs, context, pool.begin, (folder,)) as executor:
            try:
                run(executor, board, arguments.scenario, arguments.every)
            except KeyboardInterrupt:
                print("stopped: what was not tried counts as failed", flush=True)
                executor.shutdown(cancel_futures=True)
    return board.close()


def run(executor: futures.Executor, board: Board, scenarios: list[str], every: int) -> None:
    """Each scenario without faults, once; as soon as it has ended, its injections."""
    waiting: dict[futures.Future[t.Any], str] = {executor.submit(pool.clean, name): name for name in scenarios}
    while waiting:
        for done in futures.wait(waiting, return_when=futures.FIRST_COMPLETED).done:
            name, result = waiting.pop(done), done.result()
            if isinstance(result, Finding):
                board.hear(result)
                continue
            todo = points(result, every)
            board.begin(name, len(todo), result)
            waiting.update({executor.submit(pool.inject, name, result, *point): name for point in todo})


if __name__ == "__main__":
    sys.exit(main())
