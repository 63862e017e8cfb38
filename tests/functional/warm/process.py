# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The near end of the warm process, see zygote.py."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

ZYGOTE = pathlib.Path(__file__).with_name("zygote.py")


class WarmProcess:
    """Takes one play at a time; close it at the end."""

    def __init__(self, environment: t.Mapping[str, str], before: t.Sequence[str] = ()) -> None:
        """`before` are words before the command, such as those that give up rights."""
        self._process = subprocess.Popen(
            [*before, sys.executable, str(ZYGOTE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=dict(environment),
        )
        self._answer()

    def _answer(self) -> dict[str, t.Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError("the warm process has ended")
        return t.cast("dict[str, t.Any]", json.loads(line))

    def play(
        self,
        arguments: t.Sequence[str],
        folder: pathlib.Path,
        environment: t.Mapping[str, str],
        started: t.Callable[[int], None] = lambda _pid: None,
        screen: pathlib.Path | None = None,
        program: str = "ansible-playbook",
    ) -> tuple[int, str]:
        """Exit code (negative when killed) and screen of the program; `started` is told the process group.

        The screen is kept in the folder, unless a file is given for it.
        """
        if self._process.stdin is None:
            raise RuntimeError("the warm process takes no orders")
        screen = screen or folder / "screen.txt"
        order = {
            "environment": dict(environment),
            "folder": str(folder),
            "screen": str(screen),
            "arguments": [program, *arguments],
        }
        print(json.dumps(order), file=self._process.stdin, flush=True)
        started(self._answer()["pid"])
        code = int(self._answer()["code"])
        return code, screen.read_text() if screen.exists() else ""

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(30)
        if self._process.stdout is not None:
            self._process.stdout.close()
