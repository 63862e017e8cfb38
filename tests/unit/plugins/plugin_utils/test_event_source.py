# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an event source lives on: options, outages, threads, and its end."""

from __future__ import annotations

import asyncio
import logging
import threading
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    integer,
    suboptions,
    text,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    AuthenticationError,
    CollectionError,
    InvalidInputError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils.event_source import (
    Event,
    Outage,
    follow,
    in_thread,
    options,
    secrets_of,
)

SECRET = "planted password"
SPEC = ArgSpec(
    password=text(secret=True),
    interval=integer(default=60),
    initial=boolean(default=False),
    orders=suboptions(ArgSpec(client_secret=text(secret=True, env=["EVENTS_TEST_SECRET"]))),
)
REFUSED, ENDED = AuthenticationError("refused"), AuthenticationError("the session has ended")
GONE, BROKEN = UnreachableError("no route"), ApiError("HTTP 503")


def test_arguments_of_a_rulebook_are_completed_and_converted() -> None:
    found = options(SPEC, {"interval": "5", "initial": "yes", "password": None, "eda_feedback_queue": object()})
    assert found == {"interval": 5, "initial": True, "password": None, "orders": None}


@pytest.mark.parametrize(
    ("args", "words"),
    [({"interwal": 5}, "unknown arguments: interwal"), ({"interval": "soon"}, "interval")],
)
def test_argument_that_cannot_be_used_is_named(args: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        options(SPEC, args)


def test_secrets_of_all_levels_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTS_TEST_SECRET", "of the environment")
    params = options(SPEC, {"password": SECRET, "orders": {}})
    assert secrets_of(SPEC, params) == ["of the environment", SECRET]


@pytest.mark.parametrize(
    ("failures", "pauses", "told"),
    [
        # one login in a quarter of an hour cannot lock an account
        ([(REFUSED, True)] * 5, [900, 1800, 3600, 3600, 3600], [True, False, False, False, False]),
        ([(GONE, False)] * 8, [1, 2, 4, 8, 16, 32, 60, 60], [True] + [False] * 7),
        # the session has ended: the next one begins at once, and only its failure is news
        ([(ENDED, False)], [0], [False]),
        ([(ENDED, False), (REFUSED, True), (REFUSED, True)], [0, 900, 1800], [False, True, False]),
        ([(ENDED, False), (ENDED, False)], [0, 2], [False, True]),
        # another kind of failure is news
        ([(GONE, False), (BROKEN, True), (GONE, True)], [1, 2, 4], [True, True, False]),
        # refusals keep their own pace after an outage
        ([(GONE, False)] * 3 + [(REFUSED, True)], [1, 2, 4, 900], [True, False, False, True]),
    ],
)
def test_pauses_grow_and_each_failure_is_told_once(
    failures: list[tuple[CollectionError, bool]], pauses: list[float], told: list[bool]
) -> None:
    outage = Outage(jitter=lambda: 1.0)
    found = [outage.failed(error, opening) for error, opening in failures]
    assert [pause for pause, _news in found] == pauses
    assert [news for _pause, news in found] == told


def test_success_begins_anew_and_tells_whether_it_is_news() -> None:
    outage = Outage(jitter=lambda: 1.0)
    assert outage.over() is False
    outage.failed(ENDED, False)
    assert outage.over() is False
    outage.failed(GONE, False)
    outage.failed(GONE, True)
    assert outage.over() is True and outage.over() is False
    assert outage.failed(GONE, False) == (1.0, True)


class Script:
    """A reader that does what it is told, one thing for each call; at the end it waits until it is interrupted."""

    service, where = "vcenter", "vc.example"

    def __init__(self, *steps: t.Any, first_reads: int = 1) -> None:
        self.steps = list(steps)
        self.first_reads = first_reads
        self.pauses: list[float] = []
        self.calls: list[str] = []
        self.waiting, self.woken = threading.Event(), threading.Event()

    def _next(self, name: str) -> t.Any:
        self.calls.append(name)
        if not self.steps:
            return None
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    def open(self) -> None:
        self._next("open")

    def read(self) -> list[Event]:
        if not self.steps:
            self.calls.append("wait")
            self.waiting.set()
            self.woken.wait()
            return []
        return t.cast("list[Event]", self._next("read"))

    def interrupt(self) -> None:
        self.calls.append("interrupt")
        self.woken.set()

    def close(self) -> None:
        self.calls.append("close")


def run(reader: Script, monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """All events until the reader waits; then the task is cancelled, as at the end of a rulebook."""
    sleep = asyncio.sleep

    async def no_sleep(seconds: float) -> None:
        reader.pauses.append(seconds)
        await sleep(0)

    async def main() -> list[Event]:
        queue: asyncio.Queue[Event] = asyncio.Queue()
        task = asyncio.ensure_future(follow([reader], queue.put, [SECRET]))
        waiting = asyncio.ensure_future(in_thread(reader.waiting.wait))
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        reader.waiting.set()
        task.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)
        if not task.cancelled() and task.exception():
            raise t.cast(BaseException, task.exception())
        return [queue.get_nowait() for _one in range(queue.qsize())]

    monkeypatch.setattr(asyncio, "sleep", no_sleep)
    return asyncio.run(main())


def test_events_of_a_session_come_out_and_its_end_is_a_logout(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Script(None, [{"type": "a"}], [], [{"type": "b"}, {"type": "c"}])
    assert [event["type"] for event in run(reader, monkeypatch)] == ["a", "b", "c"]
    assert reader.calls == ["open", "read", "read", "read", "wait", "interrupt", "close"]


def test_outage_is_told_once_and_its_end_too(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    reader = Script(None, [{"type": "a"}], GONE, GONE, BROKEN, None, [{"type": "b"}])
    with caplog.at_level(logging.WARNING):
        found = run(reader, monkeypatch)
    assert [event["type"] for event in found] == ["a", "source_failed", "source_failed", "source_connected", "b"]
    assert [event.get("kind") for event in found] == [None, "unreachable", "api", None, None]
    assert {event.get("where") for event in found[1:4]} == {"vc.example"}
    assert reader.calls.count("close") == 4
    assert "vcenter vc.example: no route. Next try in" in caplog.text


def test_session_that_ended_is_renewed_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Script(None, [], ENDED, None, [{"type": "b"}])
    assert [event["type"] for event in run(reader, monkeypatch)] == ["b"]


@pytest.mark.parametrize("failure", [GONE, ENDED, KeyError("unexpected")])
def test_pauses_grow_when_only_the_second_read_fails(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = [step for number in range(8) for step in (None, [{"type": f"inventory {number}"}], failure)]
    reader = Script(*sessions, None, [], [{"type": "b"}], first_reads=2)
    found = [event["type"] for event in run(reader, monkeypatch)]
    assert [found.count(one) for one in ("source_failed", "source_connected")] == [1, 1]
    assert found[-2:] == ["source_connected", "b"]
    assert [one for one in found if one.startswith("inventory")] == [f"inventory {number}" for number in range(8)]
    # random parts of 1, 2, 4 ... 60 s, at least half of each
    assert [pause >= least for pause, least in zip(reader.pauses[1:], (1, 2, 4, 8, 16, 30, 30))] == [True] * 7


def test_unexpected_failure_is_survived_and_shows_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    found = run(Script(None, KeyError(SECRET), None, [{"type": "b"}]), monkeypatch)
    assert [event["type"] for event in found] == ["source_failed", "source_connected", "b"]
    assert found[0]["message"] == "unexpected KeyError"


def test_no_secret_gets_into_events_or_logs(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    error = UnreachableError(f"could not reach it with {SECRET}")
    with caplog.at_level(logging.DEBUG):
        found = run(Script(error, None, [{"type": "a", "deep": [{"text": f"x {SECRET} y"}]}]), monkeypatch)
    assert SECRET not in str(found) + caplog.text
    assert found[-1]["deep"] == [{"text": "x ******** y"}]


def test_unusable_option_ends_the_source_with_its_message(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Script(InvalidInputError("missing connection options: hostname"))
    with pytest.raises(InvalidInputError, match="missing connection options"):
        run(reader, monkeypatch)
    assert reader.calls[-1] == "close"


def test_thread_that_never_ends_does_not_keep_the_process() -> None:
    async def main() -> None:
        task = asyncio.ensure_future(in_thread(threading.Event().wait))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())  # an executor would wait for the thread here
    assert all(thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())
