# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EventManager and its collectors. The lab keeps logins and logouts; tests add what happened to encryption."""

from __future__ import annotations

import datetime
import itertools
import typing as t

from pyVmomi import vim

from . import errors, event_ids, vmomi
from .dispatcher import Call, operation

if t.TYPE_CHECKING:
    from .core import Core
    from .entities import Entity
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
    names = {vmomi.wire_name(event), f"vim.event.{vmomi.wire_name(event)}", getattr(event, "eventTypeId", None)}
    begin, end = getattr(wanted.time, "beginTime", None), getattr(wanted.time, "endTime", None)
    checks = (
        not wanted.entity,  # nobody asks for the events of one entity yet
        not wanted.eventTypeId or bool(names & set(wanted.eventTypeId)),
        not wanted.type or isinstance(event, tuple(wanted.type)),
        not wanted.category or (getattr(event, "severity", None) or "info") in wanted.category,
        begin is None or event.createdTime >= begin,
        end is None or event.createdTime <= end,
        wanted.userName is None or not wanted.userName.userList or event.userName in wanted.userName.userList,
    )
    return all(checks)


class Collector:
    """Where one client stands in the history."""

    def __init__(self, matching: t.Callable[[t.Any], list[t.Any]], wanted: t.Any) -> None:
        self._matching, self.filter = matching, wanted
        self.page, self.position = PAGE, 0

    def found(self) -> list[t.Any]:
        """All that the filter lets through, oldest first."""
        return self._matching(self.filter)

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

    def _note(self, kind: t.Any, user: str, text: str, age: float = 0.0, **fields: t.Any) -> int:
        with self._core.lock:
            number = next(self._numbers)
            now = self._core.clock.now() - datetime.timedelta(seconds=age)
            event = kind(key=number, chainId=number, createdTime=now, userName=user, fullFormattedMessage=text)
            for name, value in fields.items():
                setattr(event, name, value)
            self._events = [*self._events, event][-KEPT:]
            return number

    def happened(self, event: str, text: str = "", entity: Entity | None = None, age: float = 0.0) -> int:
        """An event of an extended type, `age` seconds ago, about a host, a VM or nothing; returns its key."""
        fields: dict[str, t.Any] = {"eventTypeId": event, "severity": event_ids.severity(event)}
        if entity is not None:
            fields.update(objectId=vmomi.moid(entity.reference), objectName=entity.name)
            fields.update(objectType=type(entity.reference), **_argument(entity))
        return self._note(vim.event.EventEx, "", text or event_ids.TEXTS.get(event, event), age, **fields)

    def forget(self) -> None:
        """An empty history."""
        with self._core.lock:
            self._events = []

    def logged_in(self, session: Session) -> None:
        """A session began."""
        text = f"User {session.user}@{session.ip} logged in as {session.agent}"
        fields: dict[str, t.Any] = {
            "ipAddress": session.ip,
            "userAgent": session.agent,
            "locale": "en",
            "sessionId": session.key,
        }
        self._note(vim.event.UserLoginSessionEvent, session.user, text, **fields)

    def logged_out(self, session: Session) -> None:
        """A session ended."""
        text = f"User {session.user}@{session.ip} logged out"
        fields: dict[str, t.Any] = {"ipAddress": session.ip, "userAgent": session.agent, "callCount": session.calls}
        times: dict[str, t.Any] = {"sessionId": session.key, "loginTime": session.login_time}
        self._note(vim.event.UserLogoutSessionEvent, session.user, text, **fields, **times)

    def matching(self, wanted: t.Any) -> list[t.Any]:
        """What a filter asks for, oldest first; the newest when there are too many."""
        limit = min(wanted.maxCount or KEPT, KEPT)
        unknown = [name for name in wanted.eventTypeId or [] if not event_ids.known(name, self._core.settings.version)]
        if unknown and self._core.settings.unknown_event_types_refused:
            raise errors.invalid_argument("filter.eventTypeId")
        found = [event for event in self._events if matches(event, wanted)]
        return sorted(found, key=lambda event: event.createdTime)[-limit:]

    @operation("QueryEvents")
    def query(self, call: Call) -> list[t.Any]:
        """What a filter asks for."""
        return self.matching(call.arguments["filter"])

    @operation("CreateCollectorForEvents")
    def collect(self, call: Call) -> t.Any:
        """A collector of the session at hand."""
        made = Collector(self.matching, call.arguments["filter"])
        made.found()  # a filter that is wrong is refused at once
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


def _argument(entity: Entity) -> dict[str, t.Any]:
    """The field that names a host or a VM."""
    if isinstance(entity.reference, vim.VirtualMachine):
        return {"vm": vim.event.VmEventArgument(name=entity.name, vm=entity.reference)}
    if isinstance(entity.reference, vim.HostSystem):
        return {"host": vim.event.HostEventArgument(name=entity.name, host=entity.reference)}
    return {}


def _count(call: Call) -> int:
    count = int(call.arguments["maxCount"])
    if not 0 < count <= KEPT:
        raise errors.invalid_argument("maxCount")
    return count
