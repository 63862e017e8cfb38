# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task objects.

A task lasts for a number of looks, not for a time: each reading of it, each turn of a wait for updates that watches it,
and each reading of the VM that it works on is one look. So a task that nobody waits for ends when its VM is
read again. What it does takes effect at its end.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import itertools
import typing as t

from pyVmomi import vim

from . import sessions, vm_faults, vmomi

if t.TYPE_CHECKING:
    from .core import Core
    from .entities import VirtualMachine

RECENT = 10
PROGRESS_STEP = 25  # per cent
RECONFIGURE = "VirtualMachine.reconfigure"
Effect = t.Callable[[], t.Any]


@dataclasses.dataclass
class Task:
    """One task. `polls` is how often it still shows itself as running; None: it waits for a place or for its keys."""

    reference: t.Any
    description_id: str
    entity: t.Any
    user: str
    started: datetime.datetime
    number: int
    result: t.Any = None
    error: t.Any = None
    polls: int | None = 0
    length: int = 0
    machine: VirtualMachine | None = None
    effect: Effect | None = None
    ended: t.Callable[[Task], None] | None = None
    completed: datetime.datetime | None = None
    now: t.Callable[[], datetime.datetime] | None = None
    queued: bool = False
    endless: bool = False

    def touch(self) -> None:
        """One reading less until it is seen finished."""
        if self.polls is None or self.done or self.queued or self.endless:
            return
        self.polls = max(0, self.polls - 1)
        if not self.polls:
            self.end()

    def end(self) -> None:
        """Do what it is for."""
        self.polls = 0
        if self.effect is not None and self.error is None:
            try:
                self.result = self.effect()
            except vmomi.MethodFault as fault:
                self.error = fault
        self.effect = None
        self.completed = self.now() if self.now else self.started
        if self.ended is not None:
            self.ended(self)

    @property
    def done(self) -> bool:
        """Whether it is over."""
        return self.completed is not None

    @property
    def state(self) -> str:
        """What a reader sees now."""
        if self.queued:
            return "queued"
        if not self.done:
            return "running"
        return "error" if self.error is not None else "success"

    @property
    def progress(self) -> int | None:
        """Per cent in coarse steps; unset when it is over."""
        if self.done or self.queued:
            return None
        looked = 0 if self.polls is None else max(0, self.length - self.polls)
        part = 100 * looked // max(1, self.length)
        return part - part % PROGRESS_STEP

    def revision(self) -> t.Any:
        """Changes when what a reader sees changes."""
        return self.state, self.progress

    def info(self) -> t.Any:
        """The vSphere form."""
        managed = isinstance(self.entity, vim.ManagedEntity)
        return vim.TaskInfo(
            key=vmomi.moid(self.reference),
            task=self.reference,
            descriptionId=self.description_id,
            entity=self.entity if managed else None,
            entityName=self.machine.name if self.machine else "",
            state=self.state,
            cancelled=False,
            cancelable=False,
            progress=self.progress,
            reason=vim.TaskReasonUser(userName=self.user),
            queueTime=self.started,
            startTime=None if self.queued else self.started,
            completeTime=self.completed,
            eventChainId=self.number,
            result=self.result if self.done else None,
            error=self.error if self.done else None,
        )


TABLE: dict[str, t.Callable[[Task], t.Any]] = {
    "info": Task.info,
    "info.state": lambda task: task.state,
    "info.progress": lambda task: task.progress,
    "info.error": lambda task: task.error if task.done else None,
    "info.result": lambda task: task.result if task.done else None,
    "info.entity": lambda task: task.entity if isinstance(task.entity, vim.ManagedEntity) else None,
}


class Peaks:
    """How many reconfigure tasks ran at the same time: overall, and by name of host and datastore."""

    def __init__(self) -> None:
        self._now: collections.Counter[tuple[str, str]] = collections.Counter()
        self._most: collections.Counter[tuple[str, str]] = collections.Counter()

    @staticmethod
    def _places(machine: VirtualMachine) -> list[tuple[str, str]]:
        host = [("hosts", machine.host.name)] if machine.host else []
        return [("overall", ""), *host, *(("datastores", one.name) for one in machine.datastores())]

    def begin(self, machine: VirtualMachine) -> list[tuple[str, str]]:
        """One more; returns what `end` needs."""
        places = self._places(machine)
        for place in places:
            self._now[place] += 1
            self._most[place] = max(self._most[place], self._now[place])
        return places

    def end(self, places: list[tuple[str, str]]) -> None:
        """One less."""
        self._now.subtract(places)

    def as_data(self) -> dict[str, t.Any]:
        """{"overall": 3, "hosts": {"esx1": 2, ...}, "datastores": {...}}."""
        found: dict[str, t.Any] = {"overall": self._most[("overall", "")], "hosts": {}, "datastores": {}}
        for (kind, name), most in sorted(self._most.items()):
            if kind != "overall":
                found[kind][name] = most
        return found

    def reset(self) -> None:
        """Begin anew with what runs now."""
        self._most = +self._now


class Tasks:
    """TaskManager and the tasks that were started."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._tasks: list[Task] = []
        self._numbers = itertools.count(1)
        self._running = 0
        self._queue: collections.deque[Task] = collections.deque()
        self._peaks = Peaks()
        core.store.add(
            vim.TaskManager("TaskManager"),
            self,
            {
                "recentTask": lambda own: [task.reference for task in own._tasks[-RECENT:]],
                "maxCollector": lambda _own: 32,
            },
        )

    def peaks(self) -> dict[str, t.Any]:
        """The highest numbers of reconfigure tasks at the same time: overall, hosts by name, datastores by name."""
        with self._core.lock:
            return self._peaks.as_data()

    def reset_peaks(self) -> None:
        """Count the peaks anew."""
        with self._core.lock:
            self._peaks.reset()

    def unfinished(self) -> list[Task]:
        """Those that run or wait."""
        with self._core.lock:
            return [task for task in self._tasks if not task.done]

    def settle(self) -> None:
        """Let everything that runs come to its end now, but for what never ends."""
        with self._core.lock:
            while True:
                ready = [task for task in self._tasks if not (task.done or task.queued or task.endless)]
                ready = [task for task in ready if task.polls is not None]
                if not ready:
                    return
                for task in ready:
                    task.end()

    def lose(self, task: Task) -> None:
        """The task vanishes, and what it was to do with it."""
        with self._core.lock:
            self._core.store.remove(task.reference)
            task.error, task.effect = task.error or vim.fault.TaskInProgress(task=task.reference), None
            task.end()

    def all(self) -> list[Task]:
        """All that were started, oldest first."""
        return list(self._tasks)

    def forget(self) -> None:
        """No task that is over is remembered."""
        with self._core.lock:
            self._tasks = [task for task in self._tasks if not task.done]

    def failed(self, machine: VirtualMachine | None, description_id: str, error: t.Any, age: float = 0.0) -> Task:
        """A task that somebody else started, and that failed `age` seconds ago."""
        with self._core.lock:
            about = machine.reference if machine else vim.Folder("group-d1")
            task = self._make(about, description_id, machine, "somebody")
            task.started -= datetime.timedelta(seconds=age)
            task.error, task.now = error, lambda: task.started
            task.end()
        return task

    def _make(self, entity: t.Any, description_id: str, machine: VirtualMachine | None = None, user: str = "") -> Task:
        number = next(self._numbers)
        reference = vim.Task(f"task-{number}")
        user, now = user or sessions.current().user, self._core.clock.now
        task = Task(reference, description_id, entity, user, now(), number, machine=machine, now=now)
        self._tasks.append(task)
        self._core.store.add(reference, task, TABLE, touch=task.touch, revision=task.revision)
        return task

    def finish(self, entity: t.Any, description_id: str, result: t.Any = None, error: t.Any = None) -> t.Any:
        """A task that did its work, and the reference to it; lists in `result` must be typed arrays."""
        with self._core.lock:
            task = self._make(entity, description_id)
            task.result, task.error = result, error
            self._run(task, self._core.settings.task_polls)
        return task.reference

    def open(self, machine: VirtualMachine, description_id: str) -> Task:
        """A task on a VM that keeps others away from it, and does not go on before `launch`."""
        with self._core.lock:
            task = self._make(machine.reference, description_id, machine)
            task.polls = None
            machine.tasks.append(task)
            places = self._peaks.begin(machine) if description_id == RECONFIGURE else []
            task.ended = lambda ended: self._ended(ended, places)
            task.queued = self._running >= self._core.settings.tasks_at_once
            if task.queued:
                self._queue.append(task)
            else:
                self._running += 1
        return task

    def busy(self, machine: VirtualMachine, description_id: str) -> t.Any:
        """None, or when another task works on the VM one that failed for that; it is also a look at the other."""
        if not machine.tasks:
            return None
        other: Task = machine.tasks[0]
        task = self._make(machine.reference, description_id, machine)
        task.error = vm_faults.task_in_progress(other.reference)
        task.end()
        other.touch()
        return task.reference

    def launch(self, task: Task, effect: Effect | None = None, error: t.Any = None) -> t.Any:
        """Let it go on; returns its reference."""
        with self._core.lock:
            task.effect, task.error = effect, error
            polls = self._core.settings.task_polls
            if task.description_id == RECONFIGURE and self._core.settings.reconfigure_polls is not None:
                polls = self._core.settings.reconfigure_polls
            self._run(task, polls)
        return task.reference

    def start(
        self, machine: VirtualMachine, description_id: str, effect: Effect | None = None, error: t.Any = None
    ) -> t.Any:
        """A task on a VM; the error or what `effect` does and returns is seen at its end."""
        return self.launch(self.open(machine, description_id), effect, error)

    def _run(self, task: Task, polls: int) -> None:
        task.length = polls
        if polls or task.queued or task.endless:
            task.polls = polls + 1  # the reading that brings it to zero already sees it finished
        else:
            task.end()

    def _ended(self, task: Task, places: list[tuple[str, str]]) -> None:
        if task.machine is not None and task in task.machine.tasks:
            task.machine.tasks.remove(task)
        self._peaks.end(places)
        self._running -= 1
        if self._queue:
            following = self._queue.popleft()
            following.queued = False
            self._running += 1
        self._core.notify()
