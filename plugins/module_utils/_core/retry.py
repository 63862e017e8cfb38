# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repeat what is safe to repeat: bounded, with jittered backoff, obeying the pause that the server asks for."""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
import time
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import progress
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError

_T = t.TypeVar("_T")


class TryAgain(Exception):  # noqa: N818 (a signal to the loop below, not an error)
    """Raised by an attempt that may be repeated; `cause` is raised when the attempts are used up."""

    def __init__(self, cause: CollectionError, pause: float | None = None) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.pause = pause


@dataclasses.dataclass(frozen=True)
class Retry:
    """At most `attempts` tries, none of which begins when they have taken `within` seconds.

    Pauses (s) grow from `base` to `cap`. Those that the server asks for do not count as time that was taken; a server
    that asks for more than `cap_asked` is not waited for.
    """

    attempts: int = 5
    base: float = 0.5
    cap: float = 10.0
    cap_asked: float = 60.0
    within: float = math.inf
    sleep: t.Callable[[float], None] = time.sleep
    jitter: t.Callable[[], float] = random.random
    monotonic: t.Callable[[], float] = time.monotonic

    def pause(self, attempt: int, asked: float | None) -> float:
        """Seconds before the next attempt (numbered from 0)."""
        if asked is not None:
            return max(0.0, asked)
        # half of it at random: tasks that were refused together do not come back together
        return min(self.cap, self.base * 2.0**attempt) * (0.5 + self.jitter() / 2)

    def call(self, attempt: t.Callable[[], _T]) -> _T:
        """Run `attempt` until it does not raise TryAgain.

        What one loop has given up, another loop around it does not begin anew: attempts never multiply.
        """
        start = self.monotonic()
        with progress.step("") as told:
            for number in itertools.count(1):
                try:
                    return attempt()
                except TryAgain as again:
                    asked = again.pause or 0.0
                    pause = self.pause(number - 1, again.pause)
                    start += asked
                    late = self.monotonic() + pause - start > self.within or asked > self.cap_asked
                    if late or number >= self.attempts or again.cause.given_up:
                        again.cause.given_up = True
                        raise again.cause from again.cause.__cause__
                    told.at(f"try {number + 1} of {self.attempts} after: {again.cause.message}")
                    self.sleep(pause)
        raise AssertionError("itertools.count ended")
