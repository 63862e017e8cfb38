# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab as a process of its own, and what its control port tells."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time
import typing as t
import urllib.request

LAB = "ansible_collections.ovhcloud.vmware_encryption.tests.lab"
START_LIMIT = 120.0  # a busy computer is no fault


class LabProcess:
    """Starts the lab, or another program that is one, stops it at the end; `state` is what it wrote about itself."""

    def __init__(self, directory: pathlib.Path, program: str = LAB, words: t.Sequence[str] = ()) -> None:
        self._program = [sys.executable, "-m", program, *words]
        self._state_file = directory / "lab.json"
        self._log = directory / "lab.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.state: dict[str, t.Any] = {}
        self.start_seconds = 0.0

    def __enter__(self) -> LabProcess:
        began = time.monotonic()
        command = [*self._program, "--state-file", str(self._state_file), "--parent-pid", str(os.getpid())]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        while not self._state_file.exists() or not self._state_file.read_text():
            if self._process.poll() is not None or time.monotonic() - began > START_LIMIT:
                self.__exit__()
                raise SystemExit(f"the lab did not start:\n{self._log.read_text()}")
            time.sleep(0.05)
        self.start_seconds = time.monotonic() - began
        self.state = json.loads(self._state_file.read_text())
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(20)

    @property
    def environment(self) -> dict[str, str]:
        """Connection variables for Ansible."""
        return dict(self.state["environment"])

    def ask(self, path: str, body: t.Any = None, method: str | None = None) -> t.Any:
        """GET, or POST when there is a body, or another method, on the control port."""
        data = None if body is None else json.dumps(body).encode()
        address, headers = self.state["control_url"] + path, {"Content-Type": "application/json"}
        request = urllib.request.Request(address, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:  # loopback only
            return json.loads(answer.read() or b"null")
