# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the seconds of each task, and the memory of the run, to the file named by BENCH_TASK_SECONDS."""

from __future__ import annotations

import json
import os
import pathlib
import resource
import time
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: task_seconds
type: aggregate
short_description: Write the seconds of each task to a file
description: >-
  Writes the seconds of each task, and the peak memory of the process of the run and of the largest process that it has
  started, as JSON to the file that the environment variable BENCH_TASK_SECONDS names.
"""


def peak() -> int:
    """Bytes of this process. ru_maxrss still knows the process that started it, VmHWM does not."""
    lines = pathlib.Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


class CallbackModule(CallbackBase):
    """One JSON file at the end of the run."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_seconds"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[dict[str, t.Any]] = []
        self._began = 0.0

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        """The first task begins; each other one when the one before has ended.

        What the process of the play imports for a task it imports before it announces the task.
        """
        self._began = time.monotonic()

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Its result is there."""
        now = time.monotonic()
        kept = result._result
        row = {"action": result._task.action, "name": result._task.name, "seconds": now - self._began}
        self._rows.append({**row, "message": kept.get("msg", ""), "changed": kept.get("changed")})
        self._began = now

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """The end."""
        largest = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        found = {"tasks": self._rows, "peak": peak(), "largest_child": largest}
        pathlib.Path(os.environ["BENCH_TASK_SECONDS"]).write_text(json.dumps(found, default=str), encoding="utf-8")
