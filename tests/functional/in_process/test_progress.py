# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a play shows while a module waits: a line now and then, beside what a callback prints."""

from __future__ import annotations

import pathlib
import re
import subprocess
import threading
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.in_process import both_ways
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

SETTING = "OVHCLOUD_VMWARE_ENCRYPTION_PROGRESS"
TASK = {"name": "read", "ovhcloud.vmware_encryption.okms_info": {}}


class Held:
    """An answer of OVHcloud that is kept back until a play has shown a line with these words, or has ended."""

    def __init__(self, lab: Lab, words: str) -> None:
        self._words, self._seen = words, threading.Event()
        lab.faults.add("meanwhile", system="ovhcloud", operation="GET /v2/okms/resource", call=self._seen.wait)

    def release(self) -> None:
        """Let the answer go."""
        self._seen.set()

    def lines(self, lab: Lab, play: pathlib.Path, **environment: str) -> tuple[list[str], list[str]]:
        """What the play shows on stdout and on stderr."""
        settings = {**both_ways.environment_of(play), **lab.environment(), **environment}
        told: list[str] = []
        output = play.with_suffix(".out")
        with (
            output.open("w") as file,
            subprocess.Popen(
                both_ways.command(play), env=settings, cwd=play.parent, stdout=file, stderr=subprocess.PIPE, text=True
            ) as process,
        ):
            assert process.stderr
            for line in process.stderr:
                told.append(line.rstrip("\n"))
                if self._words in line:
                    self.release()
        self.release()
        assert process.returncode == 0, told
        return output.read_text().splitlines(), [line for line in told if "so far" in line]


@pytest.mark.oldest("both ways", "progress")
def test_waiting_module_is_told_beside_the_results(lab: Lab, tmp_path: pathlib.Path) -> None:
    held = Held(lab, "GET /v2/okms/resource")
    screen, told = held.lines(lab, both_ways.written(tmp_path, [TASK]), **{SETTING: "0.05"})
    assert [
        line for line in told if re.fullmatch(r"\[localhost\] okms_info, \d+ s so far: GET /v2/okms/resource", line)
    ]
    assert all(line.startswith("[localhost] okms_info, ") and len(line) <= 200 for line in told), told
    assert not [line for line in screen if "so far" in line]


@pytest.mark.parametrize("change", ["no_log", "off"])
def test_task_without_permission_or_interest_reports_nothing(lab: Lab, tmp_path: pathlib.Path, change: str) -> None:
    held = Held(lab, "so far")
    variables: dict[str, t.Any] = {"ovhcloud_vmware_encryption_progress": 0 if change == "off" else 0.05}
    if change == "off":
        held.release()  # nothing will be shown
    play = both_ways.written(tmp_path, [{**TASK, "no_log": change == "no_log", "vars": variables}])
    told = held.lines(lab, play)[1]
    assert bool(told) is (change == "no_log") and not [line for line in told if "okms/resource" in line], told
