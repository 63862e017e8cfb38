# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's own clock: every server reads it, and it can be moved forward to play an expiry."""

from __future__ import annotations

import datetime
import threading
import time
import typing as t


class LabClock:
    """Wall clock of the lab: system time plus an offset in seconds."""

    def __init__(self, offset: float = 0.0) -> None:
        self._offset = offset
        self._lock = threading.Lock()
        self._watchers: list[t.Callable[[], None]] = []

    @property
    def offset(self) -> float:
        """Seconds by which the lab is ahead of the system."""
        return self._offset

    def advance(self, seconds: float) -> None:
        """Move the clock by that many seconds (negative: back)."""
        with self._lock:
            self._offset += seconds
            watchers = list(self._watchers)
        for moved in watchers:
            moved()

    def watch(self, moved: t.Callable[[], None]) -> None:
        """Have `moved` called after each move of the clock."""
        with self._lock:
            self._watchers.append(moved)

    def time(self) -> float:
        """Seconds since the epoch, as the lab sees them."""
        return time.time() + self._offset

    def now(self) -> datetime.datetime:
        """Aware UTC time, as the lab sees it."""
        return datetime.datetime.fromtimestamp(self.time(), datetime.timezone.utc)
