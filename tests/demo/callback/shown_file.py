# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what a play says to people to the file named by DEMO_SHOWN_FILE: plans, summaries, and why it failed."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: shown_file
type: aggregate
short_description: Write what a play says to people to a file
description: Writes one JSON object a line to DEMO_SHOWN_FILE, for each task that speaks and each that fails.
"""

SPEAKING = ("ansible.builtin.debug", "debug", "ansible.builtin.assert", "assert")


class CallbackModule(CallbackBase):
    """One line for each task that speaks, one for each that fails."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "shown_file"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, result: t.Any, failed: bool) -> None:
        # names before ansible-core 2.19 are only in the private attributes
        task, told = getattr(result, "task", None) or result._task, getattr(result, "result", None) or result._result
        if (failed or task.action in SPEAKING) and "msg" in told:
            row = {"task": task.name, "msg": told["msg"], "failed": failed}
            with pathlib.Path(os.environ["DEMO_SHOWN_FILE"]).open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row, default=str) + "\n")

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """One task has ended well."""
        self._write(result, False)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """One task has failed."""
        if not ignore_errors:
            self._write(result, True)
