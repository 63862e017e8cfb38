# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays run by a warm process, and killed in their midst."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import threading
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab


@dataclasses.dataclass(frozen=True)
class Play:
    """How a play ended; `code` is negative when it was killed."""

    code: int
    screen: str
    changed: int


class Plays:
    """The warm process and its folder; close it at the end."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._stats = folder / "stats.json"
        self._process = harness.warm_process()

    def run(
        self,
        lab: Lab,
        folder: pathlib.Path,
        role: str,
        variables: t.Mapping[str, t.Any],
        kill_at: int = -1,
        check: bool = False,
    ) -> Play:
        """A playbook of the collection, or that of this name in the folder.

        With kill_at it is killed when the journal has got so many more entries.
        """
        self._stats.unlink(missing_ok=True)
        (folder / "variables.json").write_text(json.dumps(variables))
        own = folder / f"{role}.yml"
        arguments = [
            str(own) if own.exists() else f"ovhcloud.vmware_encryption.{role}",
            "-e",
            f"@{folder / 'variables.json'}",
        ]
        inventory = folder / "hosts.json"
        arguments += ["-i", str(inventory)] if inventory.exists() else []
        arguments += ["--check", "--diff"] if check else []
        environment = {**lab.environment(), "LAB_RECAP_FILE": str(self._stats)}
        with _killing(lab, kill_at) as started:
            code, screen = self._process.play(arguments, folder, environment, started)
        changed = -1
        if self._stats.exists():
            changed = sum(row["changed"] for row in json.loads(self._stats.read_text())["hosts"].values())
        return Play(code, screen, changed)


@contextlib.contextmanager
def _killing(lab: Lab, kill_at: int) -> t.Iterator[t.Callable[[int], None]]:
    """Kills the process group that the given function is told of when the journal has got so many more entries."""
    ready = threading.Event()
    groups: list[int] = []
    left = kill_at

    def started(group: int) -> None:
        groups.append(group)
        ready.set()

    def hear(_entry: t.Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            ready.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(groups[0], signal.SIGKILL)

    listeners = [hear] if kill_at > 0 else []
    lab.journal.listeners.extend(listeners)
    try:
        yield started
    finally:
        for listener in listeners:
            lab.journal.listeners.remove(listener)
