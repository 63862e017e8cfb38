# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps that keep one processor busy: a process of its own runs them beside the others; they are shown at the end."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

from .paths import LOGS, RESULTS, shown
from .tally import Row, Tally

ROWS, SCREEN = RESULTS / "beside.json", LOGS / "beside.log"


def write(rows: Sequence[Row], file: pathlib.Path = ROWS) -> None:
    """What the process leaves for the one that started it; after each step, so that an end in the middle loses none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_suffix(".part")
    half.write_text(json.dumps([dataclasses.asdict(row) for row in rows]), encoding="utf-8")
    half.replace(file)


def read(names: Sequence[str], file: pathlib.Path = ROWS) -> list[Row]:
    """A row for each of the steps; one that has left none has failed."""
    text = file.read_text(encoding="utf-8") if file.exists() else "[]"
    rows = {row["step"]: Row(**{**row, "tally": Tally(**row["tally"])}) for row in json.loads(text)}
    lost = Tally(failed=1).note(f"  FAILED  ended before its result; see {shown(SCREEN)}")
    return [rows.get(name) or Row(name, lost, 0, 0) for name in names]


@contextlib.contextmanager
def running(names: Sequence[str]) -> Iterator[Callable[[], list[Row]]]:
    """Steps run beside the block; what it gets waits for them, shows what they said and returns their rows."""
    if not names:
        yield list
        return
    ROWS.unlink(missing_ok=True)
    SCREEN.parent.mkdir(parents=True, exist_ok=True)
    print(f"Beside the others run {', '.join(names)}, which need one processor; they are shown at the end.", flush=True)
    with SCREEN.open("w", encoding="utf-8") as screen:
        command = [sys.executable, "-m", __package__, "beside", *names]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=screen, stderr=subprocess.STDOUT)

    def rows() -> list[Row]:
        child.wait()
        print(SCREEN.read_text(encoding="utf-8"), end="", flush=True)
        return read(names)

    try:
        yield rows
    finally:
        child.terminate()
        child.wait()
