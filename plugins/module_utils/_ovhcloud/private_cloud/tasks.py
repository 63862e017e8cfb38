# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of a private cloud: every change of `/dedicatedCloud` is one, and it may outlive the run that started it."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    CollectionError,
    ForbiddenError,
    NotFoundError,
    WaitTimeoutError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.kept import renew_vcenter
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    outcome_unknown,
    unseen,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    ShapeError,
    numbers,
    parse_time,
    record,
)

_T = t.TypeVar("_T")
K = t.TypeVar("K")

_FAILED = frozenset({"canceled", "error"})
_NOT_STARTED = frozenset({"todo", "toCreate", "waitingTodo"})
# states and beginning of the text by which OVHcloud's control panel recognizes it (ovh/manager)
_MAY_WAIT = ("todo", "doing")
_IN_PROGRESS = (*_MAY_WAIT, "toCreate", "waitingTodo")
_WAITING = "waiting for customer"
_LOOKS_AFTER_LOST_ANSWER = 5
# guide interface-secure; whether KMS entries need the code is unknown (assumption kms-needs-code)
TIME_TO_CONFIRM = datetime.timedelta(minutes=15)


@dataclasses.dataclass(frozen=True)
class Task:
    """A task as far as it may be relied on: its `name` and `type` are undocumented and never looked at."""

    task_id: int
    state: str
    description: str
    started: str | None = None

    @property
    def done(self) -> bool:
        """Finished with success."""
        return self.state == "done"

    @property
    def failed(self) -> bool:
        """Ended without effect (OVHcloud may still repair an `error`)."""
        return self.state in _FAILED

    @property
    def ended(self) -> bool:
        """Finished, with success or without."""
        return self.done or self.failed

    @property
    def not_started(self) -> bool:
        """Nothing has begun: on clouds with advanced security it may wait for the code of a token validator."""
        return self.state in _NOT_STARTED

    @property
    def waiting_for_vcenter(self) -> bool:
        """The flow is open, and the task ends once vCenter uses the KMS."""
        return self.state in _MAY_WAIT and self.description.strip().lower().startswith(_WAITING)

    def __str__(self) -> str:
        return f"task {self.task_id} in state {self.state}" + (f" ({self.description})" if self.description else "")


def task_of(raw: t.Any) -> Task:
    """From a `dedicatedCloud.Task`."""
    if not isinstance(raw, dict) or "taskId" not in raw:
        raise ShapeError("OVHcloud API answered something that is not a task", answer_type=type(raw).__name__)
    read = record(raw, "a task")
    task_id = read.known_whole("taskId")
    read.what = f"task {task_id}"
    return Task(
        task_id,
        read.text("state") or "unknown",
        " ".join((read.text("description") or "").split()),
        read.maybe_time("executionDate"),
    )


def seconds_to_confirm(started: str | None, now: datetime.datetime) -> int | None:
    """How long the code of an operation is still good, 0 when it is over; None when its start is not known."""
    if started is None:
        return None
    end = parse_time(started) + TIME_TO_CONFIRM
    return max(0, int((end - now).total_seconds()))


@dataclasses.dataclass(frozen=True)
class Observation(t.Generic[_T]):
    """One look at an object and at the task that changes it (None: unknown, or finished and gone)."""

    item: _T
    task: Task | None


class Tasks:
    """The tasks of one private cloud."""

    def __init__(self, client: Client, service_name: str) -> None:
        self.client = client
        self.service_name = service_name

    def read(self, task_id: int) -> Task | None:
        """The task, or None when it has disappeared: finished tasks do."""
        try:
            # whether a finished task stays readable is unknown (assumption finished-tasks-vanish)
            return task_of(self.client.get(api_path("/dedicatedCloud/{}/task/{}", self.service_name, task_id)))
        except NotFoundError:
            return None

    def waiting_for_vcenter(self) -> list[Task]:
        """All tasks that wait for vCenter; they do not say which KMS entry they belong to."""
        return [task for task in self._in_states("", _MAY_WAIT) if task.waiting_for_vcenter]

    def underway(self, about: str = "") -> list[Task]:
        """Tasks that have not ended, in order of their ids; `about`: those of one object, such as `/user/1201`."""
        return [task for task in self._in_states(about, _IN_PROGRESS) if not task.ended]

    def _in_states(self, about: str, states: t.Iterable[str]) -> list[Task]:
        listing = api_path("/dedicatedCloud/{}", self.service_name) + f"{about}/task"
        answers = [self.client.get(listing, {"state": state}) for state in states]
        ids = sorted({task_id for answer in answers for task_id in numbers(answer, "the list of tasks")})
        found = [self.read(task_id) for task_id in ids]
        return [task for task in found if task is not None]

    def start(self, send: t.Callable[[], t.Any], took_effect: t.Callable[[], bool], patience: Patience) -> Task | None:
        """Send a change once. After a lost answer look whether it took effect; then its task is unknown (None)."""
        try:
            return task_of(send())
        except CollectionError as error:
            if isinstance(error, ShapeError):
                error.details["maybe_done"] = True  # it was sent, and only its answer cannot be read
            if not outcome_unknown(error):
                raise
            try:
                what = "effect of a request whose answer was lost"
                wait_for(took_effect, bool, what, patience.briefly(_LOOKS_AFTER_LOST_ANSWER))
            except WaitTimeoutError:
                raise error from None
            except CollectionError as look:
                raise unseen(error, look) from error
            return None

    def follow(
        self,
        task: Task | None,
        look: t.Callable[[], _T],
        ready: t.Callable[[Observation[_T]], bool],
        what: str,
        patience: Patience,
        describe: t.Callable[[_T], str] = str,
    ) -> Observation[_T]:
        """Look at the task, then at the object, until `ready`; raise when the task fails or the time is over."""
        one = self.follow_each({0: task}, lambda: {0: look()}, lambda _key, seen: ready(seen), what, patience, describe)
        return one[0]

    def follow_each(
        self,
        tasks: t.Mapping[K, Task | None],
        look: t.Callable[[], t.Mapping[K, _T]],
        ready: t.Callable[[K, Observation[_T]], bool],
        what: str,
        patience: Patience,
        describe: t.Callable[[_T], str] = str,
        settled: t.Callable[[_T], bool] | None = None,
    ) -> dict[K, Observation[_T]]:
        """The same for several objects, each with its task, within one patience: all must be `ready`.

        `look` returns the objects by the keys of `tasks`. `settled`: the object itself proves success, whatever its
        task says.
        """
        latest = dict(tasks)

        def all_of_them() -> dict[K, Observation[_T]]:
            # tasks before objects: a task that ends in between would stand beside an object from before its end
            for key, known in latest.items():
                if known is not None and not known.ended:
                    latest[key] = self.read(known.task_id)
            found = {key: Observation(item, latest[key]) for key, item in look().items()}
            for seen in found.values():
                if seen.task is not None and seen.task.failed and not (settled and settled(seen.item)):
                    raise self._failure(what, seen.task)
            return found

        def waits(key: K, seen: Observation[_T]) -> bool:
            return not ready(key, seen)

        def words(found: t.Mapping[K, Observation[_T]]) -> str:
            late = [seen for key, seen in found.items() if waits(key, seen)]
            return "; ".join(describe(seen.item) + (f", {seen.task}" if seen.task else "") for seen in late)

        ids = sorted(task.task_id for task in tasks.values() if task is not None)
        details = {**({"task_id": ids[0]} if ids else {}), **({"task_ids": ids} if len(ids) > 1 else {})}

        def all_ready(found: t.Mapping[K, Observation[_T]]) -> bool:
            waiting = [waits(*pair) for pair in found.items()]  # each is asked: one in error raises
            return not any(waiting)

        try:
            return wait_for(all_of_them, all_ready, what, patience, words, **details)
        except WaitTimeoutError as error:
            raise WaitTimeoutError(error.message + self._late_hint(latest.values()), **error.details) from error
        finally:
            renew_vcenter()  # the right to encrypt takes effect at the next login

    def _late_hint(self, tasks: t.Iterable[Task | None]) -> str:
        """Who has to confirm, when a task has not started or nobody knows it."""
        idle = [task for task in tasks if task is None or task.not_started]
        return self.confirmation_hint(idle[0]) if idle else ""

    def _failure(self, what: str, task: Task) -> ApiError:
        hint = self.confirmation_hint(task) if task.state == "canceled" else ""
        return ApiError(
            f"{what}: OVHcloud ended {task} on {self.service_name}{hint}",
            task_id=task.task_id,
            task_state=task.state,
            task_description=task.description,
        )

    def confirmation_hint(self, task: Task | None = None) -> str:
        """Who has to confirm, for clouds with advanced security (HDS, PCI DSS); empty for others.

        Only asked for when a task does not start, or nobody knows it: the code is valid for 15 minutes.
        """
        try:
            service = record(self.client.get(api_path("/dedicatedCloud/{}", self.service_name)), self.service_name)
            if not service.flag("advancedSecurity"):
                return ""
            address = service.text("certifiedInterfaceUrl") or "the secure interface"
        except (ForbiddenError, NotFoundError, ShapeError):
            return ""  # only a hint
        validators = self._token_validators()
        who = (
            "a token validator" if validators is None else f"a token validator ({', '.join(validators) or 'none yet'})"
        )
        return (
            f". {self.service_name} has advanced security: {who} must confirm the operation within 15 minutes, "
            f"with the code sent by SMS, on {address}{self._time_left(task)}; then rerun"
        )

    def _time_left(self, task: Task | None) -> str:
        """Operation id, which the secure interface asks for, and how long its code is still good."""
        if task is None:
            return ""
        left = seconds_to_confirm(task.started, self.client.now())
        if task.failed or left == 0:
            return f". Operation {task.task_id} was not confirmed in time, a new run starts a new one"
        shown = "" if left is None else f", {left // 60} min {left % 60} s left"
        return f" (operation id {task.task_id}{shown})"

    def _token_validators(self) -> list[str] | None:
        """Logins of the users who may confirm, None when this identity may not read users."""
        try:
            listing = api_path("/dedicatedCloud/{}/user", self.service_name)
            ids = numbers(self.client.get(listing), "the list of users")
            users = [record(self.client.get(f"{listing}/{user_id}"), f"user {user_id}") for user_id in ids]
            return [str(user.text("login")) for user in users if user.flag("isTokenValidator")]
        except (ForbiddenError, NotFoundError, ShapeError):
            return None
