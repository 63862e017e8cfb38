# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open locked VMs: see why they are locked, have vCenter push their keys again, and look whether it helped."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import Cause
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ForbiddenError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import from_fault
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import (
    of_objects,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import reference
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.watch import Watch
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.causes import (
    UNKNOWN_CAUSE,
    cause_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import Key
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.status import unavailable
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.choice import choose_machines
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.fleet import read_fleet
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import Machine
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.selection import plain

UNLOCKED, PLANNED, STARTED, BLOCKED, FAILED = "unlocked", "planned", "started", "blocked", "failed"
_OUTCOMES = (UNLOCKED, PLANNED, STARTED, BLOCKED, FAILED)
_TOGETHER = 100  # tasks at once


class StillLockedError(CollectionError):
    """VMs are locked after all that was done."""

    kind = "locked"


@dataclasses.dataclass
class Locked:
    """A locked VM and what becomes of it."""

    machine: Machine
    outcome: str = PLANNED
    cause: Cause | None = None

    @property
    def keys(self) -> set[Key]:
        """All keys that it needs, those of disks below snapshots too."""
        return self.machine.needed_keys

    def end(self, outcome: str, cause: Cause | None = None) -> None:
        """What became of it."""
        self.outcome, self.cause = outcome, cause

    def as_result(self) -> dict[str, t.Any]:
        """For the module's result."""
        return {
            "name": plain(self.machine.name),
            "moid": self.machine.moid,
            "locked": True,
            "outcome": self.outcome,
            "reason": self.cause.reason if self.cause else None,
            "next_step": self.cause.next_step if self.cause else None,
        }


class Unlock:
    """The action of the module vm_unlock."""

    def __init__(self, context: Context, session: Session) -> None:
        self._context = context
        self._session = session
        self._patience = Patience.of(context.params)

    def perform(self, check_mode: bool) -> dict[str, t.Any]:
        """Open what is locked in the selection; StillLockedError when something stays locked."""
        machines = choose_machines(
            # no key providers, which take a privilege to read: infrastructure is unlocked like all other VMs
            self._context,
            self._session,
            read_fleet(self._session, self._context.params),
            providers=[],
        ).machines
        found = [Locked(machine) for machine in machines if machine.locked]
        self._judge(found)
        ready = [one for one in found if one.outcome == PLANNED]
        if not check_mode:
            for start in range(0, len(ready), _TOGETHER):
                self._open(ready[start : start + _TOGETHER])
        result = _result(found, len(machines))
        left = [one for one in found if one.outcome in (BLOCKED, FAILED)]
        if left:
            error = StillLockedError(_message(left, len(found)))
            error.results = result
            raise error
        return result

    def _judge(self, found: t.Sequence[Locked]) -> None:
        """VMs whose keys are unavailable are only tried with `force`."""
        keys = set().union(*(one.keys for one in found)) if found else set()
        try:
            gone = unavailable(self._session, keys) if keys else {}
        except ForbiddenError as error:
            self._context.warn(f"why VMs are locked is unknown: {error.message}")
            return
        for one in found:
            causes = list(dict.fromkeys(gone[key] for key in sorted(one.keys & set(gone), key=str)))
            if causes:
                outcome = PLANNED if self._context.params["force"] else BLOCKED
                one.end(outcome, _joined(causes))

    # writing

    def _open(self, ready: t.Sequence[Locked]) -> None:
        running: dict[str, Locked] = {}
        tasks = []
        for one in ready:
            try:
                what = f"unlock {one.machine.name}"
                task = self._session.call(what, one.machine.reference.CryptoUnlock)
            except CollectionError as error:
                self._failed(one, error)
                continue
            one.end(STARTED)
            running[reference(task)] = one
            tasks.append(task)
        if tasks and self._patience.wait:
            self._follow(running, tasks)
            self._verify(list(running.values()))

    @staticmethod
    def _failed(one: Locked, error: CollectionError) -> None:
        cause = cause_of(error.message.partition(": ")[2])
        one.end(FAILED, cause or Cause(error.message, UNKNOWN_CAUSE.next_step))

    def _follow(self, running: t.Mapping[str, Locked], tasks: t.Sequence[t.Any]) -> None:
        watch = Watch(self._session)
        watch.add(tasks)
        waiting = dict(running)
        deadline = self._patience.monotonic() + self._patience.timeout
        try:
            while waiting:
                began = self._patience.monotonic()
                if began >= deadline:
                    self._give_up(waiting)
                    return
                for key, news in watch.wait(max(1.0, deadline - began)).items():
                    if news.get("gone") or news.get("info.state") in ("success", "error"):
                        self._ended(waiting.pop(key, None), news)
                pause = self._patience.interval - (self._patience.monotonic() - began)
                if waiting and pause > 0:
                    self._patience.sleep(pause)
        finally:
            watch.close()

    def _ended(self, one: Locked | None, news: t.Mapping[str, t.Any]) -> None:
        if one is None:
            return
        fault = news.get("info.error")
        if news.get("info.state") == "error" and fault is not None:
            self._failed(one, from_fault(fault, f"unlock {one.machine.name} on {self._session.hostname}"))

    def _give_up(self, waiting: t.Mapping[str, Locked]) -> None:
        for task, one in waiting.items():
            text = f"{task} was still running after {self._patience.timeout:g} s"
            one.end(FAILED, Cause(text, "vCenter continues: rerun later, or raise wait_timeout"))

    def _verify(self, tried: t.Sequence[Locked]) -> None:
        """The state of the VM counts, not that of its task."""
        pending = [one for one in tried if one.outcome == STARTED]
        states = {
            reference(found.object): found.properties.get("runtime.cryptoState")
            for found in of_objects(self._session, [one.machine.reference for one in pending], ["runtime.cryptoState"])
        }
        for one in pending:
            if states.get(reference(one.machine.reference)) == "locked":
                one.end(FAILED, Cause("vCenter reported success, but the VM is still locked", UNKNOWN_CAUSE.next_step))
            else:
                one.end(UNLOCKED)


def _joined(causes: t.Sequence[Cause]) -> Cause:
    return Cause("; ".join(cause.reason for cause in causes), "; ".join(cause.next_step for cause in causes))


def _result(found: t.Sequence[Locked], selected: int) -> dict[str, t.Any]:
    opened = [one for one in found if one.outcome in (UNLOCKED, PLANNED, STARTED)]
    names = [plain(one.machine.name) for one in found]
    result: dict[str, t.Any] = {
        "changed": bool(opened),
        "virtual_machines": [one.as_result() for one in found],
        "summary": {
            "selected": selected,
            "locked": len(found),
            **{outcome: sum(one.outcome == outcome for one in found) for outcome in _OUTCOMES},
        },
    }
    if opened:
        left = [plain(one.machine.name) for one in found if one not in opened]
        result["diff"] = {"before": {"locked": names}, "after": {"locked": left}}
    return result


def _message(left: t.Sequence[Locked], locked: int) -> str:
    """All VMs that stay locked, those with the same cause together."""
    groups: dict[Cause, list[str]] = {}
    for one in left:
        groups.setdefault(one.cause or UNKNOWN_CAUSE, []).append(plain(one.machine.name))
    lines = [f"{listing(names)}: {cause.reason}. Next step: {cause.next_step}" for cause, names in groups.items()]
    return f"{len(left)} of {locked} locked VMs stay locked. {'. '.join(lines)}"
