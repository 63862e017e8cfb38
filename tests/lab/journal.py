# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Journal of every request that reached a server of the lab: tests count writes, logins and round trips in it."""

from __future__ import annotations

import dataclasses
import fnmatch
import threading
import typing as t

from .clock import LabClock

# login and logout are apart from write: a run that changes nothing still has to log in
KINDS = ("read", "write", "login", "logout")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One request; `operation` is a pattern (`POST /order/cart/{cartId}/checkout`, `RegisterKmipServer`, `Create`)."""

    number: int
    time: float
    system: str
    operation: str
    kind: str
    target: str = ""
    status: str = ""
    actor: str = ""


class Journal:
    """Append-only list of requests, safe for threads."""

    def __init__(self, clock: LabClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self.listeners: list[t.Callable[[Entry], object]] = []  # told of every entry, before its answer is sent

    def record(
        self, system: str, operation: str, kind: str, target: str = "", status: str = "", actor: str = ""
    ) -> Entry:
        """Append one request; kind is one of KINDS."""
        if kind not in KINDS:
            raise ValueError(f"unknown kind of request {kind!r}")
        with self._lock:
            entry = Entry(len(self._entries), self._clock.time(), system, operation, kind, target, status, actor)
            self._entries.append(entry)
        for listener in list(self.listeners):
            listener(entry)
        return entry

    def mark(self) -> int:
        """A position, to be given to the readers as `since`."""
        with self._lock:
            return len(self._entries)

    def entries(
        self, system: str | None = None, kind: str | None = None, operation: str | None = None, since: int = 0
    ) -> list[Entry]:
        """Entries after `since`, filtered; `operation` is a shell pattern."""
        with self._lock:
            found = self._entries[since:]
        return [
            entry
            for entry in found
            if (system is None or entry.system == system)
            and (kind is None or entry.kind == kind)
            and (operation is None or fnmatch.fnmatchcase(entry.operation, operation))
        ]

    def writes(self, since: int = 0, system: str | None = None) -> list[Entry]:
        """The requests that may have changed something."""
        return self.entries(system=system, kind="write", since=since)

    def count(
        self, system: str | None = None, kind: str | None = None, operation: str | None = None, since: int = 0
    ) -> int:
        """Number of entries that `entries` would return."""
        return len(self.entries(system, kind, operation, since))

    def summary(self, since: int = 0) -> dict[str, dict[str, int]]:
        """Requests per system and kind: {system: {requests, read, write, login, logout}}."""
        result: dict[str, dict[str, int]] = {}
        for entry in self.entries(since=since):
            row = result.setdefault(entry.system, {"requests": 0, **{kind: 0 for kind in KINDS}})
            row["requests"] += 1
            row[entry.kind] += 1
        return result

    def as_data(self, since: int = 0) -> list[dict[str, t.Any]]:
        """Plain dictionaries, for the control port."""
        return [dataclasses.asdict(entry) for entry in self.entries(since=since)]
