# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that is told to end while it writes a key: no hidden file stays behind."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.files import (
    Reserved,
    leftovers,
    warn_of_leftovers,
    write_private,
)

CHILD = """
import os, signal, sys
sys.path[:0] = sys.argv[1].split(os.pathsep)
path, step, when, number = sys.argv[2:]
# nohup ignores SIGHUP, and tests may run below it
signal.signal(int(number), signal.SIG_DFL)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import files
real = getattr(os, step)
def ended(*arguments, **named):
    if when == "before":
        os.kill(os.getpid(), int(number))
    result = real(*arguments, **named)
    os.kill(os.getpid(), int(number))
    return result
setattr(os, step, ended)
files.write_private(path, "KEY")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_signal_while_a_key_is_written(tmp_path: pathlib.Path, step: str, when: str, number: signal.Signals) -> None:
    path = tmp_path / "okms.key"
    path.write_text("OLD")
    search = os.pathsep.join(sys.path)
    command = [sys.executable, "-B", "-c", CHILD, search, str(path), step, when, str(int(number))]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    assert child.returncode == -number, child.stderr
    assert os.listdir(tmp_path) == ["okms.key"]
    assert path.read_text() == ("KEY" if (step, when) == ("replace", "after") else "OLD")


def test_handlers_of_before_are_back_afterwards(tmp_path: pathlib.Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    one, two = Reserved(str(tmp_path / "one")), Reserved(str(tmp_path / "two"))
    assert signal.getsignal(signal.SIGTERM) != before[0]
    one.put()
    assert signal.getsignal(signal.SIGTERM) != before[0]
    two.drop()
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == before


def test_what_a_killed_run_left_is_told(tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "okms.key")
    said: list[str] = []
    write_private(str(tmp_path / "okms.key.previous"), "KEY")
    left = Reserved(path).keep()  # as after SIGKILL, which nobody hears
    Reserved(str(tmp_path / "other")).keep()
    assert leftovers(path) == [left]
    assert os.stat(left).st_mode & 0o777 == 0o600
    warn_of_leftovers(path, said.append)
    (line,) = said
    assert line.startswith(f"{left} is the unfinished file of a killed run")
