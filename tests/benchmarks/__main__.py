# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run with `make bench`, or some parts: `make bench ARGS="reading startup"`. Exit code 1 when a target is missed.

`make bench ARGS=targets` measures what the short table at the end needs.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import platform
import sys
import tempfile
import time
import typing as t

from . import clouds, events, growth, noops, peers, plays, reading, roles, startup, table, waves
from .encrypting import Encrypting
from .figures import Figures, heading
from .measure import Bench

VMS = 5000
ALONE: dict[str, t.Callable[[Figures, pathlib.Path], None]] = {
    "growth": growth.run,
    "startup": startup.run,
    "plays": plays.run,
    "noops": noops.run,
    "roles": roles.run,
    "peers": peers.run,
    "waves": waves.run,
    "clouds": clouds.run,
    "events": events.run,
}
PARTS = ("reading", "encrypting", *ALONE)
RESULTS = pathlib.Path(__file__).resolve().parents[2] / ".cache/results/bench.json"


def measure(figures: Figures, parts: t.Collection[str], directory: pathlib.Path) -> None:
    """The parts that are asked for; nothing else of ours runs at the same time."""
    if {"reading", "encrypting"} & set(parts):
        with Bench(directory, VMS) as bench:
            if "reading" in parts:
                reading.run(figures, bench)
            if "encrypting" in parts:
                Encrypting(figures, bench).run()
    for name, run in ALONE.items():
        if name in parts:
            run(figures, directory)


def main(words: t.Sequence[str]) -> int:
    """Measure, and tell what was missed."""
    unknown = [word for word in words if word not in (*PARTS, *table.GROUPS)]
    if unknown:
        known = ", ".join((*PARTS, *table.GROUPS))
        print(f"No such part: {', '.join(unknown)}. The parts are: {known}.", file=sys.stderr)
        return 2
    parts = [part for word in words for part in table.GROUPS.get(word, (word,))] or PARTS
    began, figures = time.monotonic(), Figures()
    load = os.getloadavg()[0]
    figures.keep("machine", processors=os.cpu_count(), python=platform.python_version(), load_before=load)
    heading(
        "Benchmarks",
        f"{os.cpu_count()} processors, Python {platform.python_version()}, load before this run: {load:.1f}",
        "Every figure is of this run, beside another way that is measured in it.",
        "Requests do not depend on the machine and on what else it does; seconds do.",
    )
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vmware-encryption-bench-")))
        measure(figures, parts, directory)
    load_after = os.getloadavg()[0]
    figures.keep("machine", seconds=round(time.monotonic() - began), load_after=load_after)
    table.tell(figures)
    figures.write(RESULTS)
    heading(f"{len(figures.targets)} targets, {len(figures.missed)} missed, in {time.monotonic() - began:.0f} s")
    print(f"   The machine's load: {load:.1f} before, {load_after:.1f} after; {os.cpu_count()} processors.")
    for target in figures.missed:
        print(target.text())
    print(f"\n  All figures: {os.path.relpath(RESULTS)}")
    return 1 if figures.missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
