# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task objects."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from pyVmomi import vim

from . import sessions, vmomi

if t.TYPE_CHECKING:
    from .core import Core

RECENT = 10


@dataclasses.dataclass
class Task:
    """One task. It is done from the start; `polls` is how often it still shows itself as running."""

    reference: t.Any
    description_id: str
    entity: t.Any
    user: str
    started: datetime.datetime
    number: int
    result: t.Any = None
    error: t.Any = None
    polls: int = 0

    def touch(self) -> None:
        """One reading less until it is seen finished."""
        self.polls = max(0, self.polls - 1)

    @property
    def state(self) -> str:
        """What a reader sees now."""
        if self.polls:
            return "running"
        return "error" if self.error is not None else "success"

    def info(self) -> t.Any:
        """The vSphere form."""
        done = self.polls == 0
        managed = isinstance(self.entity, vim.ManagedEntity)
        return vim.TaskInfo(
            key=vmomi.moid(self.reference),
            task=self.reference,
            descriptionId=self.description_id,
            entity=self.entity if managed else None,
            entityName="",
            state=self.state,
            cancelled=False,
            cancelable=False,
            progress=None if done else 50,
            reason=vim.TaskReasonUser(userName=self.user),
            queueTime=self.started,
            startTime=self.started,
            completeTime=self.started if done else None,
            eventChainId=self.number,
            result=self.result if done else None,
            error=self.error if done else None,
        )


class Tasks:
    """TaskManager and the tasks that were started."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._tasks: list[Task] = []
        core.store.add(
            vim.TaskManager("TaskManager"),
            self,
            {
                "recentTask": lambda own: [task.reference for task in own._tasks[-RECENT:]],
                "maxCollector": lambda _own: 32,
            },
        )

    def finish(self, entity: t.Any, description_id: str, result: t.Any = None, error: t.Any = None) -> t.Any:
        """A task that did its work, and the reference to it; lists in `result` must be typed arrays."""
        with self._core.lock:
            number = len(self._tasks) + 1
            reference = vim.Task(f"task-{number}")
            task = Task(
                reference,
                description_id,
                entity,
                sessions.current().user,
                self._core.clock.now(),
                number,
                result,
                error,
                # the reading that brings it to zero already sees it finished
                self._core.settings.task_polls + 1 if self._core.settings.task_polls else 0,
            )
            self._tasks.append(task)
            self._core.store.add(reference, task, {"info": Task.info}, touch=task.touch)
            self._core.notify()
        return reference
