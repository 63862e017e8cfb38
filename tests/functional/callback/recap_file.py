# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the recap of a play to the file named by LAB_RECAP_FILE, for tests that count what changed."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recap_file
type: aggregate
short_description: Write the recap of a play to a file
description: Writes the recap and all stats of set_stats as JSON to the file that LAB_RECAP_FILE names.
"""


class CallbackModule(CallbackBase):
    """One JSON file at the end of the run."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recap_file"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Ansible's own numbers per host."""
        hosts = {host: stats.summarize(host) for host in stats.processed}
        # what AWX keeps of a job
        recap = {"hosts": hosts, "artifacts": stats.custom.get("_run", {})}
        pathlib.Path(os.environ["LAB_RECAP_FILE"]).write_text(json.dumps(recap), encoding="utf-8")
