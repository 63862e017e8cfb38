# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module says of what it is at, while it waits, tries again, and asks."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import progress
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    UnreachableError,
    WaitTimeoutError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.retry import Retry, TryAgain
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for


@pytest.fixture
def heard() -> t.Iterator[list[str]]:
    """All that a listener was told."""
    texts: list[str] = []
    progress.listen(texts.append)
    yield texts
    progress.listen(None)
    progress.hide(())


class Clock:
    """Time that passes only in sleep."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def patience(clock: Clock, timeout: float, wait: bool = True) -> Patience:
    return Patience(timeout, 60.0, wait, clock.monotonic, clock.sleep)


def test_wait_tells_what_for_what_was_seen_and_how_long(heard: list[str]) -> None:
    states = iter(["notPaid", "delivering", "delivered"])
    assert wait_for(lambda: next(states), "delivered".__eq__, "delivery of order 7", patience(Clock(), 3600.0))
    assert heard == [
        "delivery of order 7",
        "delivery of order 7: last seen: notPaid, 0 of 3600 s",
        "delivery of order 7: last seen: delivering, 60 of 3600 s",
        "",
    ]


def test_wait_that_fails_leaves_nothing_to_tell(heard: list[str]) -> None:
    with pytest.raises(WaitTimeoutError):
        wait_for(lambda: "red", "green".__eq__, "health", patience(Clock(), 0.0))
    assert heard[-1] == ""


def test_request_within_a_wait_is_told_after_it(heard: list[str]) -> None:
    def look() -> bool:
        with progress.step("GET /me/order/7"):
            return True

    wait_for(look, bool, "order 7", patience(Clock(), 0.0))
    assert heard == ["order 7", "order 7; GET /me/order/7", "order 7", ""]


def test_next_try_is_told_with_the_reason(heard: list[str]) -> None:
    outcomes = iter([TryAgain(UnreachableError("GET /me: timed out")), None])

    def attempt() -> None:
        outcome = next(outcomes)
        if outcome is not None:
            raise outcome

    Retry(attempts=5, sleep=lambda _seconds: None).call(attempt)
    assert heard[-2:] == ["try 2 of 5 after: GET /me: timed out", ""]


def test_text_is_one_short_line_without_secrets(heard: list[str]) -> None:
    progress.hide(["planted-secret"])
    with progress.step("planted-secret\nsecond line " + "x" * 500):
        pass
    assert "planted" not in heard[0] and heard[0].startswith("******** second line")
    assert len(heard[0]) == progress.LONGEST_LINE and heard[0].isprintable()


def test_nobody_listening_costs_no_text() -> None:
    class Unreadable(str):
        """Fails when it is shown."""

        __slots__ = ()

        def __str__(self) -> str:
            raise AssertionError("shown to nobody")

    with progress.step(Unreadable("x")) as told:
        told.at(Unreadable("y"))
