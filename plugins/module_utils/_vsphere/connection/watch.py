# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow many tasks and power states at once: one property collector, one request for all that changed meanwhile."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    CollectionError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.retry import Retry, TryAgain
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import (
    UnreadableAnswerError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import (
    reference,
    vim,
    vmodl,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session

_WHAT = "follow the running tasks"
GONE: dict[str, t.Any] = {"gone": True}  # the object does not exist any more
_STATE, _ERROR = "info.state", "info.error"
_LONGEST_WAIT = 30.0  # seconds in one request

Changes = dict[str, dict[str, t.Any]]


class Watch:
    """Objects are added in groups and followed until `close`, which ends everything with one request."""

    def __init__(self, session: Session, retry: Retry | None = None) -> None:
        self._session = session
        self._retry = retry or session.retry
        self._collector: t.Any = None
        self._version = ""
        self._objects: dict[str, t.Any] = {}
        self._readable = [_STATE, _ERROR]  # of tasks; an error of a newer vCenter must not hide how the others end

    def add(self, objects: t.Sequence[t.Any]) -> None:
        """Follow tasks (state, error) and VMs (power state) from now on."""
        fresh = [item for item in objects if reference(item) not in self._objects]
        self._objects.update({reference(item): item for item in fresh})
        if fresh and self._collector is not None:
            self._retry.call(lambda: self._safely(lambda: self._filter(fresh)))

    def drop(self, objects: t.Sequence[t.Any]) -> None:
        """Forget objects; their filters stay until the end and have nothing more to tell."""
        for item in objects:
            self._objects.pop(reference(item), None)

    def wait(self, seconds: float) -> Changes:
        """What changed, by object and property, GONE for an object that vanished; empty when nothing did for a while.

        That is at most the given time, and less than a request may take.
        """
        longest = min(seconds, _LONGEST_WAIT, self._session.bounds.longest_wait)
        return self._retry.call(lambda: self._safely(lambda: self._look(longest)))

    def close(self) -> None:
        """End the collector with all its filters; the session's end would do it too."""
        if self._collector is not None:
            with contextlib.suppress(CollectionError):
                self._session.call("end following tasks", self._collector.DestroyPropertyCollector)
            self._collector = None

    def _safely(self, ask: t.Callable[[], t.Any]) -> t.Any:
        """Reading may be repeated: after a lost answer a new collector tells everything again."""
        try:
            return ask()
        except (UnreachableError, ApiError) as error:
            if isinstance(error, UnreadableAnswerError):
                self._readable = [_STATE]
            self._collector, self._version = None, ""
            raise TryAgain(error) from error

    def _look(self, seconds: float) -> Changes:
        if self._collector is None:
            # a collector of its own: no other wait may move its version on (vSphere API, WaitForUpdatesEx)
            self._collector = self._session.call(_WHAT, self._session.content.propertyCollector.CreatePropertyCollector)
            self._version = ""
            self._filter(list(self._objects.values()))
        # whole seconds only; 0 asks for what is there, and returns at once (vSphere API, WaitOptions)
        options = vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=max(0, int(seconds)))
        changes: Changes = {}
        more = True
        while more:
            update = self._session.call(_WHAT, self._collector.WaitForUpdatesEx, self._version, options)
            if update is None:
                break
            # a version that does not move on would be asked for without end
            more = bool(update.truncated) and update.version != self._version
            self._version = update.version
            for part in update.filterSet or []:
                _collect(part, changes)
        return {key: found for key, found in changes.items() if key in self._objects}

    def _filter(self, objects: t.Sequence[t.Any]) -> None:
        if self._collector is None or not objects:
            return
        query = vmodl.query.PropertyCollector
        spec = query.FilterSpec(
            objectSet=[query.ObjectSpec(obj=item, skip=False) for item in objects],
            propSet=[
                query.PropertySpec(type=vim.Task, pathSet=self._readable, all=False),
                query.PropertySpec(type=vim.VirtualMachine, pathSet=["runtime.powerState"], all=False),
            ],
            reportMissingObjectsInResults=True,
        )
        self._session.call(_WHAT, self._collector.CreateFilter, spec, partialUpdates=False)


def _collect(part: t.Any, changes: Changes) -> None:
    """Add the news of one filter."""
    for update in part.objectSet or []:
        found = changes.setdefault(reference(update.obj), {})
        if update.kind == "leave":
            found.update(GONE)
        for change in update.changeSet or []:
            found[change.name] = change.val
    for missing in part.missingSet or []:
        changes.setdefault(reference(missing.obj), {}).update(GONE)
