# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run with `make fuzz`: every parser and reader of answers on inputs that nobody expects. Exit code 1 on a crash.

Some targets, or another number: `make fuzz ARGS="--inputs 5000 JWK REST"`.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import multiprocessing
import os
import sys
import time
import typing as t

from . import engine, every

INPUTS = 210_000  # of all targets together


def shares(names: t.Sequence[str], inputs: int) -> list[tuple[str, int]]:
    """How many inputs each target gets; those that take long get fewer, and come first."""
    whole = sum(engine.TARGETS[name].share for name in names)
    parts = [(name, max(1, round(inputs * engine.TARGETS[name].share / whole))) for name in names]
    return sorted(parts, key=lambda part: engine.TARGETS[part[0]].share)


def tell(outcome: engine.Outcome) -> None:
    """One line for a target, and what crashed."""
    print(f"{outcome.name}: {outcome.inputs} inputs, {len(outcome.crashes)} crashes", flush=True)
    for crash, smallest in outcome.crashes.items():
        print(f"  CRASH {crash}\n        {smallest}", flush=True)


def main(words: t.Sequence[str]) -> int:
    """Explore, and print the table."""
    every.load()
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("target", nargs="*", help="names, or parts of names; all without")
    parser.add_argument("--inputs", type=int, default=INPUTS, help="of all targets together (%(default)s)")
    parser.add_argument("--seed", type=int, default=engine.SEED, help="the same seed: the same inputs (%(default)s)")
    parser.add_argument("--survey", action="store_true", help="go on after a crash, and do not look for small inputs")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (%(default)s)")
    given = parser.parse_args(words)
    names = [name for name in engine.TARGETS if not given.target or any(part in name for part in given.target)]
    if not names:
        print(f"No such target. The targets are: {', '.join(engine.TARGETS)}.", file=sys.stderr)
        return 2
    began, outcomes = time.monotonic(), {}
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(given.jobs, mp_context=context) as pool:
        asked = [
            pool.submit(every.explored, name, inputs, given.seed, given.survey)
            for name, inputs in shares(names, given.inputs)
        ]
        for done in concurrent.futures.as_completed(asked):
            outcome = done.result()
            outcomes[outcome.name] = outcome
            tell(outcome)
    print(f"\n{engine.table([outcomes[name] for name in names])}")
    print(f"\nseed {given.seed}, {time.monotonic() - began:.0f} s")
    unseen = engine.blind(list(outcomes.values()))
    if unseen:
        print(f"No input was accepted by: {', '.join(unseen)}. Their inputs are too far from real ones.")
    return 1 if unseen or any(outcome.crashes for outcome in outcomes.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
