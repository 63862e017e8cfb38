# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the seconds of each task to the file named by BENCH_TASK_SECONDS, for the benchmark of start-up."""

from __future__ import annotations

import json
import os
import pathlib
import time
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: task_seconds
type: aggregate
short_description: Write the seconds of each task to a file
description: Writes the seconds of each task as JSON to the file that the environment variable BENCH_TASK_SECONDS names.
"""


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
        message = result._result.get("msg", "")
        self._rows.append({"action": result._task.action, "seconds": now - self._began, "message": message})
        self._began = now

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """The end."""
        pathlib.Path(os.environ["BENCH_TASK_SECONDS"]).write_text(json.dumps(self._rows), encoding="utf-8")
