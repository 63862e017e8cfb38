# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repeat what is safe to repeat: bounded, with jittered backoff, obeying the pause that the server asks for."""

from __future__ import annotations

import dataclasses
import random
import time
import typing as t

T = t.TypeVar("T")


class TryAgain(Exception):  # noqa: N818 (a signal to the loop below, not an error)
    """Raised by an attempt that may be repeated; `cause` is raised when the attempts are used up."""

    def __init__(self, cause: Exception, pause: float | None = None) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.pause = pause


@dataclasses.dataclass(frozen=True)
class Retry:
    """At most `attempts` tries; pauses (s) grow from `base` to `cap`, a server's wish is held below `cap_asked`."""

    attempts: int = 5
    base: float = 0.5
    cap: float = 10.0
    cap_asked: float = 60.0
    sleep: t.Callable[[float], None] = time.sleep
    jitter: t.Callable[[], float] = random.random

    def pause(self, attempt: int, asked: float | None) -> float:
        """Seconds before the next attempt (numbered from 0)."""
        if asked is not None:
            return max(0.0, min(asked, self.cap_asked))
        return min(self.cap, self.base * 2.0**attempt) * (0.5 + self.jitter() / 2)

    def call(self, attempt: t.Callable[[], T]) -> T:
        """Run `attempt` until it does not raise TryAgain."""
        for number in range(self.attempts):
            try:
                return attempt()
            except TryAgain as again:
                if number + 1 == self.attempts:
                    raise again.cause from again.cause.__cause__
                self.sleep(self.pause(number, again.pause))
        raise AssertionError("attempts must be at least 1")
