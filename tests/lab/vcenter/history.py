# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EventManager and its collectors. What the lab keeps in its history are logins and logouts."""

from __future__ import annotations

import itertools
import typing as t

from pyVmomi import vim

from . import errors, vmomi
from .dispatcher import Call, operation

if t.TYPE_CHECKING:
    from .core import Core
    from .sessions import Session

Event = vim.event.Event
KINDS = (vim.event.UserLoginSessionEvent, vim.event.UserLogoutSessionEvent)
KEPT = 1000  # events that one question answers at most, and that are kept
PAGE = 10


def description() -> t.Any:
    """The words of the events."""
    return vim.event.EventDescription(
        category=[
            vim.ElementDescription(key=key, label=key.capitalize(), summary=key)
            for key in ("info", "warning", "error", "user")
        ],
        eventInfo=[
            vim.event.EventDescription.EventDetail(
                key=kind,
                description=vmomi.wire_name(kind),
                category="info",
                formatOnDatacenter="",
                formatOnComputeResource="",
                formatOnHost="",
                formatOnVm="",
                fullFormat=vmomi.wire_name(kind),
            )
            for kind in KINDS
        ],
    )


def matches(event: t.Any, wanted: t.Any) -> bool:
    """Whether an event is one that a filter asks for."""
    names = {vmomi.wire_name(event), f"vim.event.{vmomi.wire_name(event)}"}
    begin, end = getattr(wanted.time, "beginTime", None), getattr(wanted.time, "endTime", None)
    checks = (
        not wanted.entity,  # what is kept belongs to no entity
        not wanted.eventTypeId or bool(names & set(wanted.eventTypeId)),
        not wanted.type or isinstance(event, tuple(wanted.type)),
        not wanted.category or "info" in wanted.category,
        begin is None or event.createdTime >= begin,
        end is None or event.createdTime <= end,
        wanted.userName is None or not wanted.userName.userList or event.userName in wanted.userName.userList,
    )
    return all(checks)


class Collector:
    """Where one client stands in the history."""

    def __init__(self, history: History, wanted: t.Any) -> None:
        self.history, self.filter = history, wanted
        self.page, self.position = PAGE, 0

    def found(self) -> list[t.Any]:
        """All that the filter lets through, oldest first."""
        return self.history.matching(self.filter)

    def latest(self) -> list[t.Any]:
        """The newest ones, newest first."""
        return self.found()[::-1][: self.page]


COLLECTOR = {
    "filter": lambda own: own.filter,
    "latestPage": Collector.latest,
    "initialized": lambda _own: True,
}


class History:
    """EventManager, and what happened."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._events: list[t.Any] = []
        self._numbers, self._collectors = itertools.count(1), itertools.count(1)
        core.store.add(
            vim.event.EventManager("EventManager"),
            self,
            {
                "description": lambda _own: description(),
                "latestEvent": lambda own: own._events[-1] if own._events else None,
                "maxCollector": lambda _own: 32,
            },
        )

    def _note(self, kind: t.Any, user: str, text: str, **fields: t.Any) -> None:
        with self._core.lock:
            number = next(self._numbers)
            now = self._core.clock.now()
            event = kind(key=number, chainId=number, createdTime=now, userName=user, fullFormattedMessage=text)
            for name, value in fields.items():
                setattr(event, name, value)
            self._events = [*self._events, event][-KEPT:]

    def logged_in(self, session: Session) -> None:
        """A session began."""
        text = f"User {session.user}@{session.ip} logged in as {session.agent}"
        fields = {"ipAddress": session.ip, "userAgent": session.agent, "locale": "en", "sessionId": session.key}
        self._note(vim.event.UserLoginSessionEvent, session.user, text, **fields)

    def logged_out(self, session: Session) -> None:
        """A session ended."""
        text = f"User {session.user}@{session.ip} logged out"
        fields = {"ipAddress": session.ip, "userAgent": session.agent, "callCount": session.calls}
        times = {"sessionId": session.key, "loginTime": session.login_time}
        self._note(vim.event.UserLogoutSessionEvent, session.user, text, **fields, **times)

    def matching(self, wanted: t.Any) -> list[t.Any]:
        """What a filter asks for, oldest first; the newest when there are too many."""
        limit = min(wanted.maxCount or KEPT, KEPT)
        return [event for event in self._events if matches(event, wanted)][-limit:]

    @operation("QueryEvents")
    def query(self, call: Call) -> list[t.Any]:
        """What a filter asks for."""
        return self.matching(call.arguments["filter"])

    @operation("CreateCollectorForEvents")
    def collect(self, call: Call) -> t.Any:
        """A collector of the session at hand."""
        made = Collector(self, call.arguments["filter"])
        reference = vim.event.EventHistoryCollector(f"session[{call.session.key}]{next(self._collectors)}")
        return self._core.store.add(reference, made, COLLECTOR, owner=call.session.key)

    def _collector(self, call: Call) -> Collector:
        return t.cast("Collector", self._core.store.source(call.this))

    @operation("ReadNextEvents")
    def following(self, call: Call) -> list[t.Any]:
        """The next ones, towards the newest."""
        collector, count = self._collector(call), _count(call)
        found = collector.found()[collector.position : collector.position + count]
        collector.position += len(found)
        return found

    @operation("ReadPreviousEvents")
    def preceding(self, call: Call) -> list[t.Any]:
        """The ones before, towards the oldest."""
        collector, count = self._collector(call), _count(call)
        start = max(collector.position - count, 0)
        found = collector.found()[start : collector.position]
        collector.position = start
        return found

    @operation("RewindCollector")
    def rewind(self, call: Call) -> None:
        """Back to the oldest."""
        self._collector(call).position = 0

    @operation("ResetCollector")
    def reset(self, call: Call) -> None:
        """On to what follows the latest page."""
        collector = self._collector(call)
        collector.position = max(len(collector.found()) - collector.page, 0)

    @operation("SetCollectorPageSize")
    def page_size(self, call: Call) -> None:
        """How many the latest page holds."""
        self._collector(call).page = _count(call)

    @operation("DestroyCollector")
    def destroy(self, call: Call) -> None:
        """It is not needed any more."""
        self._core.store.remove(call.this)


def _count(call: Call) -> int:
    count = int(call.arguments["maxCount"])
    if not 0 < count <= KEPT:
        raise errors.invalid_argument("maxCount")
    return count
