# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collectors of the TaskManager: what tasks there were."""

from __future__ import annotations

import itertools
import typing as t

from pyVmomi import vim

from .dispatcher import Call, operation
from .history import COLLECTOR, KEPT, Collector

if t.TYPE_CHECKING:
    from .core import Core
    from .tasks import Task, Tasks

_TIMES: dict[str, t.Callable[[Task], t.Any]] = {
    "completedTime": lambda task: task.completed,
    "queuedTime": lambda task: task.started,
    "startedTime": lambda task: task.started,
}


class TaskHistory:
    """What the TaskManager tells of tasks that are over; the other operations of collectors are those of events."""

    def __init__(self, core: Core, tasks: Tasks) -> None:
        self._core, self._tasks = core, tasks
        self._collectors = itertools.count(1)

    def matching(self, wanted: t.Any) -> list[t.Any]:
        """TaskInfo of what a filter asks for, oldest first; the newest when there are too many."""
        found = [task for task in self._tasks.all() if _matches(task, wanted)]
        return [task.info() for task in sorted(found, key=lambda task: task.started)][-KEPT:]

    @operation("CreateCollectorForTasks")
    def collect(self, call: Call) -> t.Any:
        """A collector of the session at hand."""
        made = Collector(self.matching, call.arguments["filter"])
        reference = vim.TaskHistoryCollector(f"session[{call.session.key}]tasks{next(self._collectors)}")
        return self._core.store.add(reference, made, COLLECTOR, owner=call.session.key)


def _matches(task: Task, wanted: t.Any) -> bool:
    if wanted.state and task.state not in {str(state) for state in wanted.state}:
        return False
    if wanted.time is None:
        return True
    moment = _TIMES[str(wanted.time.timeType)](task)
    begin, end = wanted.time.beginTime, wanted.time.endTime
    return moment is not None and (begin is None or moment >= begin) and (end is None or moment <= end)
