# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that is told to end (SIGTERM) while a key comes into being: the key is whole, or was never made."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.credential_helpers import due_renewal
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

_CHILD = """
import importlib, json, os, signal, sys
options = json.load(sys.stdin)
sys.path[:0] = options.pop("search")
harness = importlib.import_module("ansible_collections.ovhcloud.vmware_encryption.tests.functional.harness")
step, left = options.pop("step"), [options.pop("which")]
real = getattr(os, step)
def ended(*arguments, **named):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGTERM)
    return real(*arguments, **named)
setattr(os, step, ended)
print(json.dumps(harness.run_module(options.pop("module"), **options).data))
"""


def cancelled(module: str, step: str, which: int, **options: t.Any) -> int:
    """Exit code of the module, which gets the signal when it calls this function of `os` for the so many-th time."""
    told = {"module": module, "step": step, "which": which, "search": sys.path, **options}
    command = [sys.executable, "-B", "-c", _CHILD]
    return subprocess.run(command, input=json.dumps(told), capture_output=True, text=True, check=False).returncode


@pytest.fixture
def renewal(lab: Lab, run_module: RunModule, tmp_path: pathlib.Path) -> dict[str, t.Any]:
    return due_renewal(lab, run_module, tmp_path)


def test_signal_before_the_key_is_asked_for(lab: Lab, renewal: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    old = (tmp_path / "okms.key").read_text()
    assert cancelled("okms_credential", "fsync", 1, **renewal) == -signal.SIGTERM
    assert os.listdir(tmp_path) == ["okms.key"] and (tmp_path / "okms.key").read_text() == old
    assert len(lab.snapshot()["credentials"]) == 1


@pytest.mark.parametrize(("step", "which"), [("fsync", 2), ("replace", 1), ("replace", 2)])
def test_signal_after_the_key_was_made(
    lab: Lab, renewal: dict[str, t.Any], run_module: RunModule, tmp_path: pathlib.Path, step: str, which: int
) -> None:
    path = tmp_path / "okms.key"
    old = path.read_text()
    assert cancelled("okms_credential", step, which, **renewal) == -signal.SIGTERM
    assert sorted(os.listdir(tmp_path)) == ["okms.key", "okms.key.previous"]
    assert (tmp_path / "okms.key.previous").read_text() == old != path.read_text()
    # the next run works with the key that came, and makes no third one
    new = path.read_text()
    assert run_module("okms_credential", **renewal).changed
    assert path.read_text() == new and len(lab.snapshot()["credentials"]) == 2
