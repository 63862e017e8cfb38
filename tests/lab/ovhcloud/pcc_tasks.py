# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of a private cloud: everything that changes something there goes through one."""

from __future__ import annotations

import datetime
import fnmatch
import typing as t

from .core import Area, Call, serves, stamp
from .errors import bad_request, not_found
from .state import Countdown, PrivateCloud, Task

ENDED = ("done", "canceled", "error")
CODE_TEXT = "Waiting for the operation to be validated with a code sent by SMS"
_NULL_FIELDS = [
    "datacenterId",
    "filerId",
    "hostId",
    "maintenanceDateFrom",
    "maintenanceDateTo",
    "network",
    "orderId",
    "parentTaskId",
    "vlanId",
]
_PREFIX = "/dedicatedCloud/{serviceName}"


class TaskArea(Area):
    """Tasks and their progress by reads."""

    def add(
        self,
        cloud: PrivateCloud,
        name: str,
        about: tuple[str, int],
        finish: t.Callable[[], None],
        start: t.Callable[[], None] | None = None,
        ready: t.Callable[[], bool] | None = None,
        waiting_text: str = "",
        fail: t.Callable[[], None] | None = None,
    ) -> dict[str, t.Any]:
        """A new task, as the API writes it; `start` runs at `doing`, `finish` at `done`, `fail` at another end.

        While `ready` says no, the task stays in `doing` with the waiting text as its description.
        """
        settings, now = self.core.settings, self.core.now()
        task = Task(
            self.core.number("task", 987654),
            name if settings.task_names == "by_call" else settings.task_names,
            about,
            now,
            settings.task_outcome,
            finish,
            start,
            ready,
            fail,
            waiting_text,
            needs_code=settings.advanced_security and settings.kms_needs_code,
            changed=now,
            countdown=Countdown(settings.task_reads),
        )
        cloud.tasks[task.task_id] = task
        if settings.task_reads == 0:
            self._run(task)
        return self._shown(task)

    def touch(self, cloud: PrivateCloud, kind: str, number: int | None = None) -> None:
        """An object was read (all of a kind without a number): its tasks move on too."""
        for task in list(cloud.tasks.values()):
            if task.about[0] == kind and number in (None, task.about[1]):
                self.advance(task)

    def advance(self, task: Task) -> None:
        """One read."""
        self._expire(task)
        if task.state in ENDED or task.state == "waitingTodo" or not task.countdown.tick():
            return
        self._next(task)
        if self.core.settings.task_reads == 0:
            self._run(task)

    def _expire(self, task: Task) -> None:
        """Without its code in time, a task is cancelled."""
        age = (self.core.now() - task.created).total_seconds()
        if task.needs_code and task.state not in ENDED and age > self.core.settings.code_lifetime:
            task.state, task.ended, task.description = "canceled", self.core.now(), None
            if task.fail:
                task.fail()

    def _aged(self, task: Task) -> Task:
        self._expire(task)
        return task

    def validate(self, task: Task) -> None:
        """A human entered the code of an advanced-security cloud."""
        task.needs_code = False
        if task.state == "waitingTodo":
            task.state, task.description = "todo", None

    def _run(self, task: Task) -> None:
        before = ""
        while task.state not in ENDED and task.state != before:
            before = task.state
            self._next(task)

    def _next(self, task: Task) -> None:
        task.changed = self.core.now()
        if task.state == "todo" and task.needs_code:
            task.state, task.description = "waitingTodo", CODE_TEXT
        elif task.state == "todo":
            task.state, task.countdown = "doing", Countdown(self.core.settings.task_reads)
            if task.start:
                task.start()
        elif task.state == "doing" and task.ready and not task.ready():
            task.description = task.waiting_text
        elif task.state == "doing":
            task.state, task.ended, task.description = task.outcome, self.core.now(), None
            conclude = task.finish if task.outcome == "done" else task.fail
            if conclude:
                conclude()

    def _shown(self, task: Task) -> dict[str, t.Any]:
        kind, number = task.about
        progress = {"done": 100, "doing": 50}.get(task.state, 0)
        return {
            **dict.fromkeys(_NULL_FIELDS),
            "createdBy": self.state.account.nichandle,
            "createdFrom": "api",
            "description": task.description,
            "endDate": stamp(task.ended),
            "executionDate": stamp(task.created),
            "lastModificationDate": stamp(task.changed),
            "name": task.name,
            "networkAccessId": number if kind == "network" else None,
            "progress": progress,
            "state": task.state,
            "taskId": task.task_id,
            "type": "generic",
            "userId": number if kind == "user" else None,
        }

    def _visible(self, cloud: PrivateCloud, task: Task) -> bool:
        vanish = self.core.settings.tasks_vanish
        if task.state in ENDED and (vanish == "at_once" or (vanish == "after_read" and task.shown)):
            cloud.tasks.pop(task.task_id, None)
            return False
        return True

    # --- calls

    @staticmethod
    def _about(call: Call) -> tuple[str, int] | None:
        """The object that a task path is about."""
        if "userId" in call.params:
            return "user", call.params["userId"]
        if "networkAccessId" in call.params:
            return "network", call.params["networkAccessId"]
        return None

    def _task(self, call: Call) -> tuple[PrivateCloud, Task]:
        cloud = self.core.private_cloud(call.params["serviceName"])
        task, about = cloud.tasks.get(call.params["taskId"]), self._about(call)
        if task is None or about not in (None, task.about):
            raise not_found(f"task {call.params['taskId']}")
        return cloud, task

    @serves(
        f"GET {_PREFIX}/task",
        f"GET {_PREFIX}/user/{{userId}}/task",
        f"GET {_PREFIX}/allowedNetwork/{{networkAccessId}}/task",
    )
    def tasks(self, call: Call) -> list[int]:
        """Ids of tasks; the name is compared as a pattern with %."""
        cloud, about = self.core.private_cloud(call.params["serviceName"]), self._about(call)
        pattern, state = call.query.get("name", "*").replace("%", "*"), call.query.get("state")
        since = call.query.get("executionDate")
        first = datetime.datetime.fromisoformat(since.replace("Z", "+00:00")) if since else None
        return [
            task.task_id
            for task in list(cloud.tasks.values())
            if self._visible(cloud, self._aged(task))
            and about in (None, task.about)
            and fnmatch.fnmatchcase(task.name, pattern)
            and state in (None, task.state)
            and (first is None or task.created >= first)
        ]

    @serves(
        f"GET {_PREFIX}/task/{{taskId}}",
        f"GET {_PREFIX}/user/{{userId}}/task/{{taskId}}",
        f"GET {_PREFIX}/allowedNetwork/{{networkAccessId}}/task/{{taskId}}",
    )
    def task(self, call: Call) -> dict[str, t.Any]:
        """One task."""
        cloud, task = self._task(call)
        self.advance(task)
        if not self._visible(cloud, task):
            raise not_found(f"task {task.task_id}")
        task.shown = task.state in ENDED
        return self._shown(task)

    @serves(f"POST {_PREFIX}/task/{{taskId}}/resetTaskState")
    def reset(self, call: Call) -> dict[str, t.Any]:
        """Run a failed task again."""
        task = self._task(call)[1]
        if task.state != "error":
            raise bad_request(f"A task in state {task.state} cannot be reset")
        task.state, task.outcome, task.ended = "todo", "done", None
        task.countdown, task.shown = Countdown(self.core.settings.task_reads), False
        return self._shown(task)
