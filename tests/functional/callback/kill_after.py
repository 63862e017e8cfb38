# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills the play after so many steps, for tests of interrupted runs."""

from __future__ import annotations

import os
import signal
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: kill_after
type: aggregate
short_description: Kill the play after some tasks
description: >-
  Sends SIGKILL to the play after LAB_KILL_AFTER tasks of this collection have ended well (0 is never), or after the
  task that LAB_KILL_AFTER_TASK names.
"""


class CallbackModule(CallbackBase):
    """Counts finished tasks of the collection."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kill_after"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: t.Any, **options: t.Any) -> None:
        super().__init__(*arguments, **options)
        self._left = int(os.environ.get("LAB_KILL_AFTER", "0"))
        self._last = os.environ.get("LAB_KILL_AFTER_TASK", "")

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """One task has ended."""
        # the task's name before 2.19 is only in the private attribute
        task = getattr(result, "task", None) or result._task
        # nothing comes after the facts for workflows, and nothing depends on them
        if task.action.startswith("ovhcloud.vmware_encryption.") and not task.action.endswith(".workflow_facts"):
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        if self._last and task.name.endswith(self._last):
            os.kill(os.getpid(), signal.SIGKILL)
