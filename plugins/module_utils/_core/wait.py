# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounded waiting: a clock on monotonic time plus a pure predicate. Clock and sleep are parameters for tests."""

from __future__ import annotations

import dataclasses
import itertools
import time
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import progress
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import WaitTimeoutError

_T = t.TypeVar("_T")


@dataclasses.dataclass(frozen=True)
class Patience:
    """How long (seconds) and how often (every `interval` seconds) to look; wait=False looks once."""

    timeout: float = 600.0
    interval: float = 5.0
    wait: bool = True
    monotonic: t.Callable[[], float] = time.monotonic
    sleep: t.Callable[[float], None] = time.sleep
    at_least: int = 1  # looks that are made even when each of them takes longer than the interval

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any]) -> Patience:
        """From the options wait, wait_timeout and wait_interval."""
        return cls(float(params["wait_timeout"]), float(params["wait_interval"]), bool(params["wait"]))

    def briefly(self, looks: int) -> Patience:
        """The same pace for that many looks, whether waiting was asked for or not."""
        return dataclasses.replace(self, timeout=self.interval * (looks - 1), wait=True, at_least=looks)


def ticks(patience: Patience) -> t.Iterator[float]:
    """Yield the seconds gone by, at once and then every interval, until the time is over."""
    start = patience.monotonic()
    for looks in itertools.count(1):
        yield patience.monotonic() - start
        left = patience.timeout - (patience.monotonic() - start)
        if looks < patience.at_least:
            patience.sleep(patience.interval)
        elif left <= 0:
            return
        else:
            patience.sleep(min(patience.interval, left))


def wait_for(
    look: t.Callable[[], _T],
    ready: t.Callable[[_T], bool],
    what: str,
    patience: Patience,
    describe: t.Callable[[_T], str] = str,
    **details: t.Any,
) -> _T:
    """Look until `ready` holds and return what was seen; `ready` may raise to end a hopeless wait.

    With patience.wait false the first look is returned as it is. Raises WaitTimeoutError with the last state and the
    given details.
    """
    seen: _T | None = None
    with progress.step(what) as told:
        for gone in ticks(patience):
            seen = look()
            if ready(seen) or not patience.wait:
                return seen
            told.at(f"{what}: last seen: {describe(seen)}, {gone:.0f} of {patience.timeout:g} s")
    last = describe(t.cast(_T, seen))
    raise WaitTimeoutError(
        f"{what}: not there after {patience.timeout:g} s, last seen: {last}. Nothing is lost: rerun to continue "
        "waiting, or raise wait_timeout",
        last_state=last,
        **details,
    )
