# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run did with each VM, in the form of results. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import with_former_names
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign import plan
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.job import WAITING, Job
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.plan import Work
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import Machine
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.obstacles import (
    infrastructure,
)

Names = t.Mapping[str, t.Optional[str]]  # storage policies by home and the labels of the disks
OUTCOMES = ("already", "planned", "done", "blocked", "excluded", "failed", "not_started")


@dataclasses.dataclass
class MachineOutcome:
    """One VM. `after` is predicted before the run and read after it."""

    moid: str
    name: str
    action: str
    outcome: str
    before: dict[str, t.Any]
    after: dict[str, t.Any]
    work: Work | None = None
    shutdown: bool = False
    rewritten: int = 0
    obstacles: list[dict[str, str]] = dataclasses.field(default_factory=list)
    error: str | None = None

    @classmethod
    def of(
        cls, work: Work, before_policies: Names | None = None, after_policies: Names | None = None
    ) -> MachineOutcome:
        """The row of a plan, with the storage policies before and after it."""
        machine = work.machine
        outcome = "blocked" if work.obstacles else "planned" if work.wanted else "already"
        before = {**plan.present(machine), "policies": before_policies}
        return cls(
            machine.moid,
            machine.name,
            work.action,
            outcome,
            before,
            {**plan.predicted(work), "policies": after_policies} if outcome == "planned" else before,
            work,
            work.shutdown and outcome == "planned",
            work.rewritten if outcome == "planned" else 0,
            [dataclasses.asdict(one) for one in work.obstacles],
        )

    @classmethod
    def spared(cls, machine: Machine, words: str, policies: Names | None = None) -> MachineOutcome:
        """A VM that is excluded because of what it was recognised as."""
        state = {**plan.present(machine), "policies": policies}
        reason = dataclasses.asdict(infrastructure(words))
        return cls(machine.moid, machine.name, "none", "excluded", state, state, obstacles=[reason])

    def take_over(self, job: Job, now: Machine | None, policies: Names | None = None) -> None:
        """The end of a job. What counts is the VM as it is now, not what a task said."""
        lacking = [] if now is None else plan.shortfalls(job.work, now)
        touched = job.attempted or job.left_off
        if now is not None:
            self.after = {**plan.present(now), "policies": policies}
        elif touched:
            self.after = dict.fromkeys(self.before)
        else:
            self.after = self.before
        if job.may_go_down and (now is None or now.on):
            self.after = {**self.after, "power_state": None}
        if not touched:
            self._untouched(job)
            return
        reached = now is not None and not lacking and not job.left_off and (now.on or not job.work.power_on)
        self.outcome = "done" if reached else "failed"
        if not reached:
            said = [job.error.message] if job.error else []
            self.error = "; ".join([*said, *lacking]) or "its state is unknown, because the connection was lost"

    def give_up(self) -> None:
        """Its turn never came."""
        self.outcome, self.after = "not_started", self.before

    def _untouched(self, job: Job) -> None:
        if job.phase == WAITING:
            self.outcome = "not_started"
        elif job.error is not None:
            self.outcome, self.error = "failed", job.error.message
        else:
            self.outcome = "already"  # somebody else did it meanwhile

    def as_result(self) -> dict[str, t.Any]:
        """Its form in results."""
        names = ("name", "moid", "action", "outcome", "shutdown", "obstacles", "error")
        found = {name: getattr(self, name) for name in names}
        around = {name: with_former_names(getattr(self, name)) for name in ("before", "after")}
        return {**found, **around, "rewritten_bytes": self.rewritten}


def summary(rows: t.Sequence[MachineOutcome]) -> dict[str, t.Any]:
    """How many of each outcome, and the work ahead or done."""
    counts = {outcome: sum(row.outcome == outcome for row in rows) for outcome in OUTCOMES}
    found: dict[str, int] = {}
    for row in rows:
        if row.outcome == "blocked":
            for one in row.obstacles:
                found[one["code"]] = found.get(one["code"], 0) + 1
    return {
        "selected": len(rows),
        **counts,
        "shutdowns": sum(row.shutdown for row in rows),
        "rewritten_bytes": sum(row.rewritten for row in rows),
        "obstacles": dict(sorted(found.items())),
    }
