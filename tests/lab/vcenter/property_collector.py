# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The property collector: one-shot reads in pages, filters and waiting for changes."""

from __future__ import annotations

import dataclasses
import itertools
import time
import typing as t

from pyVmomi import vmodl

from . import errors, soap, vmomi
from .dispatcher import Call, operation
from .traversal import Query, Selection, content, select, values

if t.TYPE_CHECKING:
    from .core import Core
    from .sessions import Session

DEFAULT = "propertyCollector"
POLL = 0.05  # seconds between looks of those who wait: tasks proceed by being looked at


@dataclasses.dataclass
class Filter:
    """One filter and what its collector has told about each object: {moid: {path: XML}}."""

    reference: t.Any
    spec: t.Any
    told: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    revisions: dict[str, t.Any] = dataclasses.field(default_factory=dict)  # of objects that keep one
    told_missing: set[str] = dataclasses.field(default_factory=set)
    references: dict[str, t.Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Collector:
    """The state of one collector in one session."""

    filters: dict[str, Filter] = dataclasses.field(default_factory=dict)
    pages: dict[str, list[tuple[t.Any, list[str]]]] = dataclasses.field(default_factory=dict)
    next_page: int = 0
    version: int = 0
    cancelled: bool = False
    ended: bool = False

    def put(self, rest: list[tuple[t.Any, list[str]]]) -> str:
        """Keep what is left of a read; the first token is the string 0, as vCenter's is."""
        if not self.pages:
            self.next_page = 0
        token = str(self.next_page)
        self.next_page += 1
        self.pages[token] = rest
        return token


class PropertyCollectors:
    """The default collector, those that sessions make, and their filters."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._numbers = itertools.count(1)
        self._collectors: dict[tuple[str, str], Collector] = {}
        core.store.add(Query(DEFAULT), None, {"filter": lambda _source: []})

    def forget(self, session: Session) -> None:
        """Drop what a session left."""
        for key in [key for key in self._collectors if key[0] == session.key]:
            self._collectors.pop(key).ended = True
        self._core.notify()

    def _collector(self, call: Call) -> Collector:
        return self._collectors.setdefault((call.session.key, vmomi.moid(call.this)), Collector())

    # one-shot reads

    def _select(self, call: Call) -> list[tuple[t.Any, list[str]]]:
        selection = Selection()
        for spec in call.arguments["specSet"]:
            selection.merge(select(self._core.store, spec, call.version))
        return [(reference, list(paths)) for reference, paths in selection.paths.values()]

    def _contents(self, wanted: list[tuple[t.Any, list[str]]]) -> list[t.Any]:
        store = self._core.store
        return [content(store, reference, paths) for reference, paths in wanted if store.exists(reference)]

    @operation("RetrieveProperties")
    def retrieve(self, call: Call) -> list[t.Any]:
        """All at once: the old call knows no pages."""
        return self._contents(self._select(call))

    @operation("RetrievePropertiesEx")
    def retrieve_pages(self, call: Call) -> t.Any:
        """The first page; no answer at all when nothing was selected."""
        limit = getattr(call.arguments.get("options"), "maxObjects", None)
        if limit is not None and limit <= 0:
            raise errors.invalid_argument("options.maxObjects")
        return self._page(call, self._select(call), limit)

    def _page(self, call: Call, wanted: list[tuple[t.Any, list[str]]], limit: int | None) -> t.Any:
        size = min(self._core.settings.page_size, limit or self._core.settings.page_size)
        now, rest = wanted[:size], wanted[size:]
        if not now:
            return None
        result = Query.RetrieveResult(token=self._collector(call).put(rest) if rest else None)
        objects = self._contents(now)
        if objects:
            result.objects = objects
        return result

    @operation("ContinueRetrievePropertiesEx")
    def next_page(self, call: Call) -> t.Any:
        """The next page; a token is good once, in the session and on the collector that gave it."""
        rest = self._collector(call).pages.pop(call.arguments["token"], None)
        if rest is None:
            raise errors.invalid_argument("token")
        return self._page(call, rest, None)

    @operation("CancelRetrievePropertiesEx")
    def cancel_pages(self, call: Call) -> None:
        """Give up the rest."""
        if self._collector(call).pages.pop(call.arguments["token"], None) is None:
            raise errors.invalid_argument("token")

    # collectors and filters

    @operation("CreatePropertyCollector")
    def create_collector(self, call: Call) -> t.Any:
        """A collector of the session's own."""
        reference = Query(f"session[{call.session.key}]collector-{next(self._numbers)}")
        return self._core.store.add(reference, None, {"filter": lambda _source: []}, owner=call.session.key)

    @operation("DestroyPropertyCollector")
    def destroy_collector(self, call: Call) -> None:
        """End a collector and its filters."""
        if vmomi.moid(call.this) == DEFAULT:
            raise vmodl.fault.NotSupported(msg="The default property collector cannot be destroyed.")
        for made in self._collector(call).filters.values():
            self._core.store.remove(made.reference)
        self._collectors.pop((call.session.key, vmomi.moid(call.this)), None)
        self._core.store.remove(call.this)

    @operation("CreateFilter")
    def create_filter(self, call: Call) -> t.Any:
        """A filter; what it names must exist now."""
        spec = call.arguments["spec"]
        select(self._core.store, spec, call.version)
        reference = Query.Filter(f"session[{call.session.key}]filter-{next(self._numbers)}")
        self._collector(call).filters[vmomi.moid(reference)] = Filter(reference, spec)
        table = {"spec": lambda made: made, "partialUpdates": lambda _made: False}
        self._core.notify()
        return self._core.store.add(reference, spec, table, owner=call.session.key)

    @operation("DestroyPropertyFilter")
    def destroy_filter(self, call: Call) -> None:
        """End a filter."""
        for collector in self._collectors.values():
            collector.filters.pop(vmomi.moid(call.this), None)
        self._core.store.remove(call.this)

    # waiting

    @operation("WaitForUpdatesEx", blocking=True)
    def wait_ex(self, call: Call) -> t.Any:
        """Wait for a change; nothing when the time is over."""
        options = call.arguments.get("options")
        seconds = getattr(options, "maxWaitSeconds", None)
        limit = getattr(options, "maxObjectUpdates", None)
        if (seconds is not None and seconds < 0) or (limit is not None and limit <= 0):
            raise errors.invalid_argument("options")
        return self._wait(call, self._core.settings.wait_limit if seconds is None else seconds, limit)

    @operation("WaitForUpdates", blocking=True)
    def wait(self, call: Call) -> t.Any:
        """Wait for a change without a limit; clients break on an answer without a set."""
        found = self._wait(call, self._core.settings.wait_limit, None)
        with self._core.lock:
            return found or Query.UpdateSet(version=str(self._collector(call).version))

    @operation("CheckForUpdates")
    def check(self, call: Call) -> t.Any:
        """What changed up to now."""
        return self._wait(call, 0, None)

    @operation("CancelWaitForUpdates")
    def cancel_wait(self, call: Call) -> None:
        """End the wait that is going on."""
        self._collector(call).cancelled = True
        self._core.notify()

    def _wait(self, call: Call, seconds: float, limit: int | None) -> t.Any:
        deadline = time.monotonic() + seconds
        with self._core.lock:
            collector = self._collector(call)
            self._start(collector, call.arguments.get("version") or "")
            while True:
                if collector.ended and self._core.settings.ended_wait_refused:
                    raise errors.not_authenticated(call.this)
                updates = self._updates(collector, call.version, limit)
                if updates is not None:
                    return updates
                if collector.cancelled:
                    collector.cancelled = False
                    raise vmodl.fault.RequestCanceled(msg="The request was canceled by a user.")
                left = deadline - time.monotonic()
                if left <= 0 or self._core.closing:
                    return None
                self._core.changed.wait(min(POLL, left))

    @staticmethod
    def _start(collector: Collector, version: str) -> None:
        """Begin anew without a version, go on with the last one, refuse any other."""
        if not version:
            for made in collector.filters.values():
                made.told, made.told_missing, made.revisions = {}, set(), {}
        elif version != str(collector.version):
            raise vmodl.query.InvalidCollectorVersion(msg="The collector version is not valid.")

    def _updates(self, collector: Collector, version: str, limit: int | None) -> t.Any:
        left = limit if limit is not None else 1_000_000_000
        updates, truncated = [], False
        for made in collector.filters.values():
            objects, missing, more = self._changes(made, version, left)
            left -= len(objects)
            truncated = truncated or more
            if objects or missing:
                updates.append(Query.FilterUpdate(filter=made.reference, objectSet=objects, missingSet=missing))
        if not updates:
            return None
        collector.version += 1
        return Query.UpdateSet(version=str(collector.version), filterSet=updates, truncated=truncated)

    def _changes(self, made: Filter, version: str, limit: int) -> tuple[list[t.Any], list[t.Any], bool]:
        """What a filter has to tell: object updates, missing objects, and whether some had to wait."""
        selection = select(self._core.store, _lenient(made.spec), version)
        updates: list[tuple[t.Any, dict[str, str]]] = []
        for moid, (reference, paths) in selection.paths.items():
            self._core.store.touch(reference)
            revision = self._core.store.revision(reference)
            if revision is not None and made.revisions.get(moid) == revision:
                continue
            update = self._object_update(made, reference, values(self._core.store, reference, paths), version)
            if update is not None and len(updates) == limit:
                return [one for one, _seen in updates], [], True
            made.revisions[moid] = revision
            if update is None:
                continue
            updates.append(update)
            made.told[moid], made.references[moid] = update[1], reference
        for moid in [moid for moid in made.told if moid not in selection.paths]:
            del made.told[moid]
            made.revisions.pop(moid, None)
            updates.append((Query.ObjectUpdate(kind="leave", obj=made.references.pop(moid)), {}))
        missing = [one for one in selection.missing if vmomi.moid(one) not in made.told_missing]
        made.told_missing.update(vmomi.moid(one) for one in missing)
        absent = [Query.MissingObject(obj=one, fault=errors.not_found(one)) for one in missing]
        return [update for update, _seen in updates], absent, False

    @staticmethod
    def _object_update(made: Filter, reference: t.Any, found: t.Any, version: str) -> t.Any:
        seen = {one.name: _seen(one.val, version) for one in found.propSet}
        told = made.told.get(vmomi.moid(reference))
        changes = [
            Query.Change(name=one.name, op="assign", val=one.val)
            for one in found.propSet
            if told is None or told.get(one.name) != seen[one.name]
        ]
        changes += [Query.Change(name=name, op="remove") for name in told or {} if name not in seen]
        if told is not None and not changes:
            return None
        kind = "enter" if told is None else "modify"
        update = Query.ObjectUpdate(kind=kind, obj=reference, changeSet=changes, missingSet=found.missingSet)
        return update, seen


def _seen(value: t.Any, version: str) -> str:
    """A form of the value that differs when it does."""
    return value if isinstance(value, str) else soap.serialise("val", value, object, version)


def _lenient(spec: t.Any) -> t.Any:
    """The filter as it goes on after its creation: objects that vanish are reported, not an error."""
    return Query.FilterSpec(propSet=spec.propSet, objectSet=spec.objectSet, reportMissingObjectsInResults=True)
