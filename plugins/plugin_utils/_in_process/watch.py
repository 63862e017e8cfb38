# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module in a fork is at, shown now and then by the process that waits for it.

The module writes into memory that both share, which holds up neither of them.
"""

from __future__ import annotations

import mmap
import time
import typing as t

_SIZE, _HEAD = 1024, 2  # bytes; the first ones tell how many follow

Show = t.Callable[[str, float], None]


class Watch:
    """Calls `show` with the latest text and the seconds since the start, every so many seconds."""

    def __init__(self, every: float, show: Show, monotonic: t.Callable[[], float] = time.monotonic) -> None:
        self._every, self._show, self._monotonic = every, show, monotonic
        self._memory = mmap.mmap(-1, _SIZE)
        self._began = monotonic()
        self._next = self._began + every

    def hear(self, text: str) -> None:
        """Keep this text; called in the fork."""
        data = text.encode("utf-8", "replace")[: _SIZE - _HEAD]
        # no length while the text changes: the other process may look at any moment
        self._memory[:_HEAD] = bytes(_HEAD)
        self._memory[_HEAD : _HEAD + len(data)] = data
        self._memory[:_HEAD] = len(data).to_bytes(_HEAD, "big")

    def left(self) -> float:
        """Seconds until the next look."""
        return max(0.0, self._next - self._monotonic())

    def look(self) -> None:
        """Show the text of this moment, if it is time to."""
        now = self._monotonic()
        if now < self._next:
            return
        self._next = now + self._every
        size = int.from_bytes(self._memory[:_HEAD], "big")
        self._show(self._memory[_HEAD : _HEAD + size].decode("utf-8", "replace"), now - self._began)
