# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays run by a warm process, see zygote.py."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

ZYGOTE = pathlib.Path(__file__).with_name("zygote.py")


@dataclasses.dataclass(frozen=True)
class Play:
    """How a play ended; `code` is negative when it was killed."""

    code: int
    screen: str
    changed: int


class Plays:
    """The warm process and its folder; close it at the end."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(harness.CONNECTION_PREFIXES)
        }
        environment.update(
            ANSIBLE_COLLECTIONS_PATH=harness.collections_path(),
            ANSIBLE_CALLBACK_PLUGINS=str(harness.ROOT / "tests/functional/callback"),
            ANSIBLE_CALLBACKS_ENABLED="recap_file",
            ANSIBLE_HOME=str(folder / "ansible"),
            ANSIBLE_LOCALHOST_WARNING="false",
            ANSIBLE_NOCOLOR="true",
            LAB_RECAP_FILE=str(folder / "stats.json"),
        )
        self._process = subprocess.Popen(
            [sys.executable, str(ZYGOTE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._answer()

    def _answer(self) -> dict[str, t.Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError("the warm process has ended")
        return t.cast("dict[str, t.Any]", json.loads(line))

    def run(
        self,
        lab: Lab,
        folder: pathlib.Path,
        role: str,
        variables: t.Mapping[str, t.Any],
        kill_at: int = -1,
        check: bool = False,
    ) -> Play:
        """A playbook of the collection. With kill_at it is killed when the journal has got so many more entries."""
        stats, screen = self._folder / "stats.json", folder / "screen"
        stats.unlink(missing_ok=True)
        (folder / "variables.json").write_text(json.dumps(variables))
        order = {
            "environment": lab.environment(),
            "folder": str(folder),
            "screen": str(screen),
            "arguments": [f"ovhcloud.vmware_encryption.{role}", "-e", f"@{folder / 'variables.json'}"]
            + (["--check", "--diff"] if check else []),
        }
        if self._process.stdin is None:
            raise RuntimeError("the warm process takes no orders")
        started = threading.Event()
        pids: list[int] = []
        with _killing(lab, kill_at, started, pids):
            print(json.dumps(order), file=self._process.stdin, flush=True)
            pids.append(self._answer()["pid"])
            started.set()
            code = self._answer()["code"]
        changed = -1
        if stats.exists():
            changed = sum(row["changed"] for row in json.loads(stats.read_text()).values())
        return Play(code, screen.read_text() if screen.exists() else "", changed)

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(30)
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextlib.contextmanager
def _killing(lab: Lab, kill_at: int, started: threading.Event, pids: list[int]) -> t.Iterator[None]:
    if kill_at < 0:
        yield
        return
    left = kill_at

    def hear(_entry: t.Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            started.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pids[0], signal.SIGKILL)

    lab.journal.listeners.append(hear)
    try:
        yield
    finally:
        lab.journal.listeners.remove(hear)
