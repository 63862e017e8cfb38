# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an event source lives on: options, threads for calls that block, outages, and an end that leaves no session."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import random
import signal
import threading
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.characters import check_characters
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AuthenticationError,
    CollectionError,
    InvalidInputError,
    MissingLibraryError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.redact import (
    misplaced,
    scrub,
    scrub_data,
    shortened,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.retry import Retry

LOG = logging.getLogger("ovhcloud.vmware_encryption")
LEAVE_SECONDS = 15.0  # for the logout when the rulebook ends
# vCenter locks an account after some failed logins within minutes (five within three, if nobody has changed it)
# and opens it again after five minutes (vSphere Authentication, lockout policy)
_AFTER_REFUSAL = (900.0, 3600.0)  # seconds between two logins with a password that was refused: first, longest
_FATAL = (InvalidInputError, MissingLibraryError)  # waiting does not help
_OF_RULEBOOK = ("eda_feedback_queue",)

Event = dict[str, t.Any]
Put = t.Callable[[Event], t.Awaitable[None]]
_T = t.TypeVar("_T")


class Reader(t.Protocol):
    """Where events come from. All methods block; `interrupt` is called from another thread than the others."""

    service: str
    where: str
    first_reads: int  # reads after `open` until everything was read once

    def open(self) -> None:
        """Connect. Raises CollectionError, after which `close` is called."""

    def read(self) -> list[Event]:
        """What is new, waiting for it for some minutes at most. Raises CollectionError."""

    def interrupt(self) -> None:
        """Make a `read` that waits return or fail."""

    def close(self) -> None:
        """End the session; must not raise for one that is already gone."""


def options(spec: ArgSpec, args: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The arguments of a source in a rulebook, completed and judged like the options of a module."""
    given = {str(name): value for name, value in args.items() if value is not None and name not in _OF_RULEBOOK}
    result = ArgumentSpecValidator(spec.options, **spec.rules).validate(given)
    found: dict[str, t.Any] = result.validated_parameters
    if result.errors.errors:
        said = "; ".join(_in_words(error) for error in result.errors.errors)
        raise InvalidInputError(shortened(scrub(said, secrets_of(spec, found))))
    check_characters(found)
    return found


def _in_words(error: t.Any) -> str:
    """An error of the argument spec, of which one kind only lists names."""
    return f"unknown arguments: {error.msg}" if isinstance(error, UnsupportedError) else str(error.msg)


def secrets_of(spec: ArgSpec, params: t.Mapping[str, t.Any]) -> list[str]:
    """Values that no event and no log may show."""
    found = misplaced(dict(params))
    for name, option in spec.options.items():
        value = params.get(name)
        if option.get("no_log") and isinstance(value, str) and value:
            found.add(value)
        if isinstance(value, dict) and option.get("options"):
            found.update(secrets_of(ArgSpec(**option["options"]), value))
    return sorted(found)


@dataclasses.dataclass
class Outage:
    """What went wrong since the last success: how long to wait before the next try, and what to tell only once."""

    jitter: t.Callable[[], float] = random.random
    failures: int = 0
    refusals: int = 0
    told: set[str] = dataclasses.field(default_factory=set)

    def failed(self, error: CollectionError, opening: bool) -> tuple[float, bool]:
        """Seconds until the next try, and whether to tell it."""
        if isinstance(error, AuthenticationError) and opening:
            first, longest = _AFTER_REFUSAL
            pause = min(longest, first * 2.0**self.refusals)
            self.refusals += 1
        elif isinstance(error, AuthenticationError) and not self.failures:
            pause = 0.0  # the session has ended: the next one begins at once, and nobody needs to know
        else:
            pause = Retry(base=1.0, cap=60.0, jitter=self.jitter).pause(min(self.failures, 10), None)
        self.failures += 1
        news = pause > 0 and error.kind not in self.told
        if news:
            self.told.add(error.kind)
        return pause, news

    def over(self) -> bool:
        """Reading works; True when somebody was told that it did not."""
        told = bool(self.told)
        self.failures, self.refusals, self.told = 0, 0, set()
        return told


async def in_thread(work: t.Callable[[], _T]) -> _T:
    """What `work` returns or raises. Its thread never keeps the process from ending, unlike those of an executor."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_T] = loop.create_future()

    def settle(set_it: t.Callable[[t.Any], None], value: t.Any) -> None:
        if not done.done():
            set_it(value)

    def run() -> None:
        try:
            set_it: t.Callable[[t.Any], None] = done.set_result
            value: t.Any = work()
        except Exception as error:
            set_it, value = done.set_exception, error
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, set_it, value)

    threading.Thread(target=run, daemon=True).start()
    return await done


def keep_signal_handlers() -> None:
    """Let ansible-rulebook's handlers count again: the JVM that it starts puts its own in front, and these end the
    process without any cancellation, so that sessions would stay."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            if callable(handler := signal.getsignal(number)):
                signal.signal(number, handler)


async def follow(readers: t.Sequence[Reader], put: Put, secrets: t.Sequence[str]) -> None:
    """Put the events of all readers until the task is cancelled; an unusable option ends it with an error."""

    async def clean(event: Event) -> None:
        await put({"type": event["type"], **scrub_data(event, secrets)})

    tasks = [asyncio.ensure_future(_follow(reader, clean, secrets)) for reader in readers]
    try:
        await asyncio.gather(*tasks)  # its cancellation is that of the tasks
    except Exception:
        for task in tasks:
            task.cancel()
        raise
    finally:
        await asyncio.wait(tasks)


async def _follow(reader: Reader, put: Put, secrets: t.Sequence[str]) -> None:
    outage = Outage()
    try:
        while True:
            try:
                await _read(reader, put, outage)
            except _Failure as failure:
                await in_thread(reader.close)
                await _wait_out(reader, put, outage, failure, secrets)
    finally:
        leaving = asyncio.ensure_future(_leave(reader))
        try:
            await asyncio.shield(leaving)
        except asyncio.CancelledError:  # once more: the session is ended all the same
            await leaving
            raise


class _Failure(Exception):  # noqa: N818 (a signal to the loop above, not an error)
    def __init__(self, cause: CollectionError, opening: bool) -> None:
        super().__init__()
        self.cause, self.opening = cause, opening


async def _read(reader: Reader, put: Put, outage: Outage) -> None:
    """One session, from its opening to its failure."""
    await _ask(reader.open, opening=True)
    left = reader.first_reads  # until then one part may fail each time while another works
    while True:
        events = await _ask(reader.read, opening=False)
        left = max(0, left - 1)
        if not left and outage.over():
            LOG.warning("%s %s: connected again", reader.service, reader.where)
            await put({"type": "source_connected", "service": reader.service, "where": reader.where})
        for event in events:
            await put(event)


async def _ask(method: t.Callable[[], _T], opening: bool) -> _T:
    try:
        return await in_thread(method)
    except _FATAL:
        raise
    except CollectionError as error:
        raise _Failure(error, opening) from None
    except Exception as error:  # no bug of ours may end the watch; its text may hold anything
        raise _Failure(CollectionError(f"unexpected {type(error).__name__}"), opening) from None


async def _wait_out(reader: Reader, put: Put, outage: Outage, failure: _Failure, secrets: t.Sequence[str]) -> None:
    pause, news = outage.failed(failure.cause, failure.opening)
    message = shortened(scrub(failure.cause.message, secrets))
    if news:
        LOG.warning("%s %s: %s. Next try in %.0f s", reader.service, reader.where, message, pause)
        event = {"type": "source_failed", "service": reader.service, "where": reader.where}
        await put({**event, "kind": failure.cause.kind, "message": message, "next_try_seconds": int(pause)})
    await asyncio.sleep(pause)


async def _leave(reader: Reader) -> None:
    """Log out, in bounded time; a reader that waits is woken first."""
    for method in (reader.interrupt, reader.close):
        with contextlib.suppress(asyncio.TimeoutError, CollectionError):
            await asyncio.wait_for(in_thread(method), LEAVE_SECONDS)
