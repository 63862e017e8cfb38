# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what each task returned to the file named by LAB_RESULTS_FILE, a JSON value in each line."""

from __future__ import annotations

import json
import os
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: results_file
type: aggregate
short_description: Write the results of tasks to a file
description: Writes what tasks and their loops return to the file that the environment variable LAB_RESULTS_FILE names.
"""


class CallbackModule(CallbackBase):
    """One line for each event."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "results_file"
    CALLBACK_NEEDS_ENABLED = True

    def _keep(self, event: str, result: t.Any) -> None:
        # the names before 2.19 are only in the private attributes
        task = getattr(result, "task", None) or result._task
        kept = [event, task.action, task.name, getattr(result, "result", None) or result._result]
        with open(os.environ["LAB_RESULTS_FILE"], "a", encoding="utf-8") as file:
            print(json.dumps(kept, default=str), file=file)

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """It ended well."""
        self._keep("ok", result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """It failed."""
        self._keep("failed", result)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """The host cannot be reached."""
        self._keep("unreachable", result)

    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        """One turn of a loop."""
        self._keep("item ok", result)

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        """One turn of a loop failed."""
        self._keep("item failed", result)
