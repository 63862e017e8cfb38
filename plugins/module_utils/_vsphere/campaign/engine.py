# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many VMs at once: bounded per vCenter, host and datastore, all followed together, stopped when it goes wrong."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import itertools
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import progress
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    CollectionError,
    ConflictError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.retry import TryAgain
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.job import (
    ENDED,
    WAITING,
    Job,
    JobContext,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.plan import Work
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import (
    Found,
    of_objects,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import (
    moid_of,
    reference,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.watch import Watch
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import (
    PATHS,
    Machine,
    machine_of,
)

_BLOCK = 100  # VMs read anew at a time, a page of vCenter
# seconds for which a look at a VM holds: VMs of a block may wait for hours, in which people and backups change them
_FRESH = 60.0
_NAMED = 5  # VMs on a line about the progress


@dataclasses.dataclass(frozen=True)
class Limits:
    """How many VMs at once, in all and (those whose disks are rewritten) per host and datastore; failures."""

    parallel: int
    per_host: int
    per_datastore: int
    failures: int


class CampaignEngine:
    """Takes VMs through their work. `replan` is asked with a fresh look at VMs before they are touched."""

    def __init__(
        self,
        works: t.Sequence[Work],
        shared: JobContext,
        limits: Limits,
        patience: Patience,
        replan: t.Callable[[t.Sequence[Machine]], t.Sequence[Work]],
    ) -> None:
        self.jobs = [Job(work, shared) for work in works]
        self.stopped: str | None = None
        self._shared = shared
        self._limits = limits
        self._patience = patience
        self._replan = replan
        self._waiting = collections.deque(self.jobs)
        self._active: list[Job] = []
        self._busy_hosts: collections.Counter[str] = collections.Counter()
        self._busy_stores: collections.Counter[str] = collections.Counter()
        self._watch = Watch(shared.session)

    def run(self) -> None:
        """Until all are through, or stopped and those that were begun are through."""
        try:
            self._run()
        except CollectionError as error:
            for job in self._active:
                job.abandon(error)
            raise

    def _run(self) -> None:
        began = self._patience.monotonic()
        with contextlib.closing(self._watch), progress.step("") as told:
            while self._active or self._may_start():
                self._start()
                told.at(self._so_far())
                if self._active:
                    left = self._patience.timeout - (self._patience.monotonic() - began)
                    if left <= 0:
                        self._give_up()
                        return
                    self._advance(left)

    def _so_far(self) -> str:
        """For those who watch."""
        ended, failed = (sum(job.phase == ENDED for job in self.jobs), sum(job.error is not None for job in self.jobs))
        running = f"{len(self._active)} running: {', '.join(job.name for job in self._active[:_NAMED])}"
        parts = [f"{ended} of {len(self.jobs)} VMs ended", f"{failed} failed" if failed else ""]
        return ", ".join(filter(None, [*parts, running if self._active else ""]))

    def _may_start(self) -> bool:
        return bool(self._waiting) and self.stopped is None

    # starting

    def _start(self) -> None:
        fresh: list[t.Any] = []
        passed: list[Job] = []
        # a VM whose host or datastore is busy lets others pass, but one block of them at most: each block costs a read
        while self._may_start() and len(self._active) < self._limits.parallel and len(passed) < _BLOCK:
            job = self._waiting[0]
            # one that has no room yet keeps its old look: its turn brings another one
            if job.seen_at is None or (self._is_old(job) and self._has_room(job)):
                self._look_again(passed)
            self._waiting.popleft()
            if job.phase == ENDED:
                self._count_failure(job)
            elif self._has_room(job):
                self._occupy(job, 1)
                self._active.append(job)
                fresh += self._stepped(job, job.begin)
            else:
                passed.append(job)
        self._waiting.extendleft(reversed(passed))
        self._watch.add(fresh)

    def _is_old(self, job: Job) -> bool:
        """Whether a VM whose turn comes has to be looked at again."""
        if job.phase != WAITING:
            return False
        return job.seen_at is None or self._patience.monotonic() - job.seen_at > _FRESH

    def _look_again(self, passed: t.Sequence[Job]) -> None:
        """Read the next VMs anew, with those that were passed: nothing is written on the ground of an old look."""
        following = [*itertools.islice(self._waiting, _BLOCK), *passed]
        block = [job for job in following if self._is_old(job)][:_BLOCK]
        found = {moid_of(item.object): item for item in self._read([job.work.machine.reference for job in block])}
        works = {work.machine.moid: work for work in self._replan([machine_of(item) for item in found.values()])}
        for job in block:
            seen, work = found.get(job.work.machine.moid), works.get(job.work.machine.moid)
            job.devices = seen.properties.get("config.hardware.device", ()) if seen else ()
            job.seen_at = self._patience.monotonic()
            if work is None or work.obstacles or not work.wanted:
                job.phase = ENDED
            if work is None:
                job.fail(ConflictError(f"{job.name} disappeared before its turn"))
            elif work.obstacles:
                reasons = "; ".join(one.reason for one in work.obstacles)
                job.fail(ConflictError(f"{job.name} has changed since the plan: {reasons}"))
            if work is not None:
                job.work = work

    def _read(self, references: t.Sequence[t.Any]) -> list[Found]:
        """VMs as they are now. A lost answer must not end a campaign that has run for hours."""
        session = self._shared.session

        def attempt() -> list[Found]:
            try:
                return of_objects(session, references, PATHS)
            except (UnreachableError, ApiError) as error:
                raise TryAgain(error) from error

        return session.retry.call(attempt)

    def _has_room(self, job: Job) -> bool:
        if not job.heavy:
            return True
        host = job.work.machine.host
        stores = _stores(job)
        return (host is None or self._busy_hosts[host] < self._limits.per_host) and all(
            self._busy_stores[store] < self._limits.per_datastore for store in stores
        )

    def _occupy(self, job: Job, number: int) -> None:
        if job.heavy:
            if job.work.machine.host is not None:
                self._busy_hosts[job.work.machine.host] += number
            for store in _stores(job):
                self._busy_stores[store] += number

    # following

    def _stepped(self, job: Job, step: t.Callable[[], list[t.Any]]) -> list[t.Any]:
        """Do a step of a job; a job that ended makes room, and may end the campaign."""
        follow = step()
        if job.phase == ENDED and job in self._active:
            self._active.remove(job)
            self._occupy(job, -1)
            self._count_failure(job)
        return follow

    def _count_failure(self, job: Job) -> None:
        if job.error is None or self.stopped is not None:
            return
        failed = sum(one.error is not None for one in self.jobs)
        # whatever max_failures says: the next VM would fail in the same way, perhaps after it was shut down
        if job.no_keys:
            self.stopped = f"the key provider gives no more keys ({job.error.message})"
        elif failed > self._limits.failures:
            self.stopped = f"{failed} failed, max_failures is {self._limits.failures}"

    def _advance(self, left: float) -> None:
        """Wait for news, at least one interval, so that many short tasks come in one answer."""
        began = self._patience.monotonic()
        deadlines = [job.deadline for job in self._active if job.deadline is not None]
        until = min(deadlines, default=began + left)
        news = self._watch.wait(max(0.0, min(left, until - began)))
        by_key = {reference(job.followed): job for job in self._active}
        fresh: list[t.Any] = []
        for key, found in news.items():
            job = by_key.get(key)
            if job is None:
                continue
            followed = job.followed
            more = self._stepped(job, lambda job=job, found=found: job.hear(found))  # type: ignore[misc]
            if more or job.phase == ENDED:
                self._watch.drop([followed])
            fresh += more
        fresh += self._overdue()
        self._watch.add(fresh)
        pause = self._patience.interval - (self._patience.monotonic() - began)
        if self._active and pause > 0:
            self._patience.sleep(pause)

    def _overdue(self) -> list[t.Any]:
        now = self._patience.monotonic()
        late = [job for job in self._active if job.deadline is not None and job.deadline <= now]
        return [item for job in late for item in self._stepped(job, job.overdue)]

    def _give_up(self) -> None:
        self.stopped = f"wait_timeout of {self._patience.timeout:g} s is over"
        for job in self._active:
            job.give_up(self._patience.timeout)
        self._active.clear()


def _stores(job: Job) -> set[str]:
    return {disk.datastore for disk in job.work.machine.disks if disk.datastore and disk.key in job.work.steps}


def not_started(jobs: t.Iterable[Job]) -> list[Job]:
    """Those whose turn never came."""
    return [job for job in jobs if job.phase == WAITING]
