# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which play is at work, and whether another one still is: a process that was killed cannot say that it has ended."""

from __future__ import annotations

import os
import pathlib
import uuid

_UNKNOWN = "unknown"


def this_play(name: str = "") -> str:
    """A text for the play whose worker calls this; the same in all its tasks. `name` tells parts of a play apart."""
    # tasks and their templates run in children of the process that runs the play
    return f"{name}@{_process(os.getppid()) or f'{_UNKNOWN}:{uuid.uuid4()}'}"


def at_work(play: str) -> bool:
    """Whether the process of that text still runs. One of another computer or container cannot be seen: no."""
    process = play.rpartition("@")[2]
    number = process.split(":")[2] if process.count(":") == 3 else ""
    return number.isascii() and number.isdigit() and len(number) < 12 and _process(int(number)) == process


def _process(number: int) -> str:
    """Boot, namespace, number and start of a process; empty when it is over, or this is no Linux."""
    try:
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = os.readlink("/proc/self/ns/pid").strip("pid:[]")
        # "pid (name) state parent ...", and the name may have anything in it; field 22 is the start
        told = pathlib.Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
        fields = told.rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else f"{boot}:{space}:{number}:{fields[19]}"
    except (OSError, IndexError):
        return ""
