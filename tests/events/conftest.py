# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: a lab with a working key provider, and ansible-rulebook as a process of its own."""

from __future__ import annotations

import contextlib
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import (
    _no_settings_from_outside,
    lab,
    pytest_configure,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import add_standard
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

__all__ = ["_no_settings_from_outside", "lab", "pytest_configure"]

LONGEST = 180.0  # seconds; a busy computer is no fault
RULEBOOKS = harness.ROOT / "extensions/eda/rulebooks"


class Rulebook:
    """A running ansible-rulebook, whose lines are kept and can be waited for."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.screen = ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def until(self, text: str) -> str:
        """Wait for a line with this text."""
        while True:
            with contextlib.suppress(queue.Empty):
                line = self._lines.get(timeout=LONGEST)
                assert line is not None, f"ansible-rulebook ended without {text!r}:\n{self.screen}"
                self.screen += line
                if text in line:
                    return line
                continue
            raise AssertionError(f"no {text!r} in time:\n{self.screen}")

    def end(self) -> int:
        """As a service manager does it; returns the exit code."""
        self._process.terminate()
        code = self._process.wait(LONGEST)
        while (line := self._lines.get(timeout=LONGEST)) is not None:
            self.screen += line
        return code


def eventually(seen: t.Callable[[], bool], what: str) -> None:
    """Look until it is so."""
    latest = time.monotonic() + LONGEST
    while not seen():
        assert time.monotonic() < latest, f"in {LONGEST:.0f} s not: {what}"
        time.sleep(0.05)


class Start(t.Protocol):
    """Starts ansible-rulebook with a rulebook and more words."""

    def __call__(self, rulebook: str, *words: str) -> Rulebook: ...


def changed(name: str, folder: pathlib.Path, **args: t.Any) -> str:
    """A copy of a rulebook of the collection whose source has these arguments, and knows the lab's private cloud."""
    found = yaml.safe_load((RULEBOOKS / f"{name}.yml").read_text(encoding="utf-8"))
    (source,) = found[0]["sources"]
    source["ovhcloud.vmware_encryption.vcenter_encryption"].update(args)
    for one in source.get("filters", []):
        if "ovhcloud.vmware_encryption.private_cloud" in one:
            one["ovhcloud.vmware_encryption.private_cloud"] = {"names": {"localhost": Lab.private_cloud}}
    path = folder / f"{name}.yml"
    path.write_text(yaml.safe_dump(found), encoding="utf-8")
    return str(path)


@pytest.fixture
def start(lab: Lab, tmp_path: pathlib.Path) -> t.Iterator[Start]:
    """Starts ansible-rulebook in the environment of the lab's users; ends what a test has left."""
    running: list[subprocess.Popen[str]] = []
    programs = str(pathlib.Path(sys.executable).parent)
    environment = {
        **harness.ansible_environment(tmp_path),
        **lab.environment(),
        "PATH": os.pathsep.join([programs, os.environ.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        "EDA_JOB_TEMPLATE_REFRESH_DELAY": "0.1",
    }
    inventory = tmp_path / "hosts.yml"
    inventory.write_text("all: {hosts: {localhost: {ansible_connection: local}}}\n")

    def begin(rulebook: str, *words: str) -> Rulebook:
        process = subprocess.Popen(
            [f"{programs}/ansible-rulebook", "-r", rulebook, "-i", str(inventory), *words],
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        return Rulebook(process)

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture
def green(lab: Lab) -> Lab:
    """With a key provider that works and is the default."""
    add_standard(open_up(lab))
    return lab
