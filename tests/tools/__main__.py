# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entry point: `make <target>` calls `python3 -m tools <target> [words]` with the folder tests on the path."""

from __future__ import annotations

import os
import pathlib
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence

from . import beside, load, process, tally, trees, venvs
from .paths import BYTECODE, IN_TREE, LOGS, shown
from .steps import LONG, STEPS, Step
from .tally import Row, Tally

# Programs that a person watches: they take over this process, with the terminal.
PROGRAMS = {
    "demo": "demo",
    "lab": "lab",
    "lab-check": "lab_check",
    "faults": "faults",
    "fuzz": "fuzz",
    "bench": "benchmarks",
}


def start(name: str, words: Sequence[str]) -> int:
    """Become one of the programs for people, on their own Python; the long one where plays are quickest."""
    venv = {"faults": venvs.NEWEST, "fuzz": venvs.NEWEST, "lab-check": venvs.LAB_CHECK}.get(name, venvs.RUN).ensure()
    tree = trees.link()
    module = ".".join([*IN_TREE.parts, "tests", PROGRAMS[name]])
    sys.stdout.flush()
    os.execve(venv.python, [str(venv.python), "-m", module, *words], trees.environment(venv, tree))


def _cpu() -> float:
    """CPU seconds of the programs that have ended, and of all that these have waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def perform(step: Step) -> Row:
    """One step, timed; whatever stops it is a failure of this step only."""
    print(f"\n== {step.name}: {step.title}", flush=True)
    log, started, cpu = LOGS / f"{step.name}.log", time.monotonic(), _cpu()
    log.unlink(missing_ok=True)
    try:
        result = step.do(log)
    except (OSError, process.ProgramError, venvs.InterpreterError) as reason:
        result = Tally(failed=1).note(f"  FAILED  {reason}")
    row = Row(step.name, result, time.monotonic() - started, _cpu() - cpu)
    print("\n".join(result.notes))
    print(f"  {row.result}: {result.passed} passed, {result.failed} failed in {row.seconds:.0f} s", end="")
    print(f", {row.cpu:.0f} s of CPU", flush=True)
    return row


def in_time(step: Step, started: float) -> Row:
    """The same, unless the steps before have taken too long on a slow computer: CI ends a run after 90 minutes."""
    if step.latest is None or time.monotonic() - started < step.latest:
        return perform(step)
    print(f"\n== {step.name}: {step.title}")
    print(f"  NOT RUN: {step.latest // 60} minutes have passed on this slow computer; run: make test STEPS={step.name}")
    return Row(step.name, Tally(), 0, 0)


def test(names: Sequence[str]) -> int:
    """The named steps, or all: each runs even if one before it failed.

    With the variable LOAD so many processes use the computer meanwhile; with TIMES the steps run so many times.
    """
    known = {step.name: step for step in (*STEPS, *LONG)}
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"No such step: {', '.join(unknown)}. The steps are: {', '.join(known)}.", file=sys.stderr)
        return 2
    hogs, times = int(os.environ.get("LOAD") or 0), int(os.environ.get("TIMES") or 1)
    if hogs:
        print(f"{hogs} processes that do nothing useful run beside the steps.", flush=True)
    chosen = [known[name] for name in [*(names or (step.name for step in STEPS))] * times]
    single = [step.name for step in chosen if step.single]
    if hogs or times > 1 or len(single) == len(chosen) or os.cpu_count() == 1:
        single = []
    # bytecode of collections that earlier tests have installed in folders which are gone
    shutil.rmtree(BYTECODE / pathlib.Path(tempfile.gettempdir()).relative_to("/"), ignore_errors=True)
    started = time.monotonic()
    with load.busy(hogs), beside.running(single) as others:
        rows = [in_time(step, started) for step in chosen if step.name not in single]
        rows += others()
    print(f"\nWhat each program wrote is in {shown(LOGS)}.\n")
    print(tally.table(rows, time.monotonic() - started), flush=True)
    return 1 if any(row.tally.failed for row in rows) else 0


def run_beside(names: Sequence[str]) -> int:
    """The named steps, for the process that runs the others."""
    rows: list[Row] = []
    for step in STEPS:
        if step.name in names:
            rows.append(perform(step))
            beside.write(rows)
    return 0


def _heed_interrupts() -> None:
    """A shell starts what ends in `&` with ctrl-C ignored, and that is handed on: tests that press it would hang."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def main(words: Sequence[str]) -> int:
    """What `make` asked for."""
    _heed_interrupts()
    if words and words[0] == "test":
        return test(words[1:])
    if words and words[0] == "beside":
        return run_beside(words[1:])
    if words and words[0] in PROGRAMS:
        try:
            return start(words[0], words[1:])
        except (process.ProgramError, venvs.InterpreterError) as reason:
            print(reason, file=sys.stderr)
            return 1
    print(f"usage: python3 -m tools test [step ...] | {' | '.join(PROGRAMS)}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
