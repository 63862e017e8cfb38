# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypt, move, decrypt or rekey many VMs in one module run: what `vm_encryption` and `vm_rekey` share."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    integer,
    number,
    text,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    GuardError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing, plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign import plan as fleet_plan
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.engine import (
    CampaignEngine,
    Limits,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.job import Job, JobContext
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.plan import Wish, Work
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.policies import (
    MachinePolicies,
    new_policy,
    policies_reached,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.report import (
    MachineOutcome,
    summary,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.side_effects import (
    SideEffects,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import (
    of_objects,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import connect
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.key_sources import (
    KeySources,
    NewKeys,
    unused_text,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines import selection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.choice import choose_machines
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.fleet import read_fleet
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import (
    PATHS,
    Machine,
    machine_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.policy_choice import BLOCK
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.recognition import WORDS

_NAMED = 5  # failures that a message tells in full


class FleetError(CollectionError):
    """Some VMs did not reach the wanted state."""

    kind = "incomplete"


def campaign_options() -> ArgSpec:
    """How a run processes VMs, mirrored by the documentation fragment `_campaign`."""
    return ArgSpec(
        power_off=text(default="never", choices=("never", "shutdown", "force")),
        shutdown_timeout=integer(default=600),
        power_on=texts(),
        blocked=text(default="fail", choices=("fail", "skip")),
        # vCenter runs about 640 operations at once before it queues (VMware performance blog of 2021-02); for rewriting
        # disks no limit is documented, and each of them is read and written in full: a few per host and datastore
        max_parallel=integer(default=32),
        max_parallel_per_host=integer(default=4),
        max_parallel_per_datastore=integer(default=8),
        max_failures=integer(default=0),
        wait_timeout=integer(default=86400),
        wait_interval=number(default=2.0),
        trimmed=("power_on",),
    )


class FleetEncryption:
    """The fleet of a run, see _core/runner.py. `wish` says what every selected VM must become."""

    _shows_policies = True  # and reads them
    _without_default = "set provider, or make one the default"

    def __init__(self, context: Context, wish: Wish, policy: str | None = None, conflict: str = BLOCK) -> None:
        self._context = context
        self._params = context.params
        self._wish = wish
        self._policy_name = policy
        self._conflict = conflict
        self._rows: dict[str, MachineOutcome] = {}
        self._unique: dict[str, str] = {}
        self._worked: list[MachineOutcome] = []
        self._made: list[dict[str, t.Any]] = []

    # planning

    def plan(self) -> tuple[State, State]:
        """Look at everything, refuse what may not be."""
        _check_numbers(self._params)
        selection.check_given(self._params["selection"])
        self._session = connect(self._context)
        self._fleet = read_fleet(self._session, self._params)
        self._providers = KeySources(self._session)
        chosen = choose_machines(self._context, self._session, self._fleet, providers=self._providers.visible())
        self._policies = MachinePolicies(self._session, self._context.warn, self._conflict, self._policy_name)
        if self._shows_policies and (chosen.machines or self._policy_name is not None):
            self._policies.open(chosen.machines)
        self._effects = SideEffects(self._session, self._fleet, self._params.get("zerto"), self._context.warn)
        kinds = {machine.moid: chosen.spared_as(machine) for machine in chosen.machines}
        works = {machine.moid: self._work(machine) for machine in chosen.machines if not kinds[machine.moid]}
        self._policies.look_closer(works.values())
        for machine in chosen.machines:
            self._rows[machine.moid] = self._row(machine, kinds[machine.moid], works.get(machine.moid))
        self._name_uniquely()
        self._refuse_blocked()
        self._check_means()
        self._worked = self._ready()
        wanted = _works(self._worked)
        self._policies.warn_of_losses(wanted)
        self._effects.warn_of(wanted)
        self._made = [new_policy(original, name) for original, name in self._policies.needed(wanted)]
        return {self._unique[row.moid]: self._shown(row.before) for row in self._worked}, self._after()

    def _shown(self, state: State) -> State:
        """A VM's state as it is told."""
        return {key: value for key, value in state.items() if self._shows_policies or key != "policies"}

    def _row(self, machine: Machine, kind: str | None, work: Work | None) -> MachineOutcome:
        names = self._policies.names(machine)
        if work is None:
            return MachineOutcome.spared(machine, WORDS[str(kind)], names)
        work = self._policies.decide(work)
        return MachineOutcome.of(work, names, self._policies.names_after(work))

    def _after(self) -> State:
        """The VMs, and the storage policies that are made for them."""
        policies = {f"storage policy {made['name']}": {"made_from": made["made_from"]} for made in self._made}
        return {**policies, **{self._unique[row.moid]: self._shown(row.after) for row in self._worked}}

    def _work(self, machine: Machine) -> Work:
        default, wish = None, self._wish
        encrypts = wish.state == "encrypted" and wish.provider is None and not machine.keys
        encrypts = encrypts or bool(wish.vtpm and machine.readable and machine.home is None)
        if encrypts:
            default = self._providers.default_of(self._fleet.compute_places(machine))
        work = fleet_plan.plan_work(machine, wish, default)
        if encrypts and default is None and not work.obstacles:
            raise InvalidInputError(
                f"{machine.name}: neither its cluster nor the system has a default key provider; "
                f"{self._without_default}. Nothing was changed"
            )
        return self._effects.judge(work)

    def _name_uniquely(self) -> None:
        names: dict[str, int] = {}
        for row in self._rows.values():
            names[row.name] = names.get(row.name, 0) + 1
        self._unique = {
            row.moid: row.name if names[row.name] == 1 else f"{row.name} ({row.moid})" for row in self._rows.values()
        }

    def _ready(self) -> list[MachineOutcome]:
        return [row for row in self._rows.values() if row.outcome == "planned"]

    def _refuse_blocked(self) -> None:
        blocked = [row for row in self._rows.values() if row.outcome == "blocked"]
        if not blocked or self._params["blocked"] == "skip":
            return
        reasons = [f"{row.name}: {'; '.join(one['reason'] for one in row.obstacles)}" for row in blocked]
        error = GuardError(
            f"{len(blocked)} of {len(self._rows)} VMs are blocked; nothing was changed. "
            f"{listing(reasons, _NAMED)}. Remove the obstacles, exclude these VMs, or set blocked: skip"
        )
        error.results.update(changed=False, **self.report())
        raise error

    def _check_means(self) -> None:
        """Providers, as far as there is work that needs them."""
        named = {name for work in _works(self._ready()) for name in work.providers}
        if self._wish.provider is not None:
            self._providers.get(self._wish.provider)
        if named:
            self._providers.check_usable(named)

    # doing

    def perform(self) -> tuple[State, CollectionError | None]:
        """Take the VMs through their work, then look at every one of them anew."""
        patience = Patience(float(self._params["wait_timeout"]), float(self._params["wait_interval"]))
        keys = NewKeys(self._session, self._providers)
        timeout = float(self._params["shutdown_timeout"])
        shared = JobContext(self._session, keys, self._params["power_off"], timeout, patience.monotonic)
        works = _works(self._worked)
        broken = self._make_policies(works)
        if broken is not None:
            return self._after(), self._failure(None, broken)
        campaign = CampaignEngine(works, shared, self._limits(), patience, self._replan)
        try:
            campaign.run()
        except CollectionError as error:
            broken = error
        broken = self._take_over(campaign.jobs, broken)
        self._warn_of_leftovers(campaign.jobs, keys)
        return self._after(), self._failure(campaign.stopped, broken)

    def _make_policies(self, works: t.Sequence[Work]) -> CollectionError | None:
        """The error when one could not be made: then no VM is touched."""
        try:
            self._policies.make(works)
            return None
        except CollectionError as error:
            for row in self._worked:
                row.give_up()
            return error
        finally:
            self._made = [new_policy(original, made.name, made.id) for made, original in self._policies.made]

    def _replan(self, machines: t.Sequence[Machine]) -> list[Work]:
        """The work as it is now. Storage policies may have been changed meanwhile, too."""
        self._read_policies(machines)
        works = [self._policies.decide(self._work(machine)) for machine in machines]
        planned = {row.moid: row.work.policies for row in self._worked if row.work is not None}
        return [self._policies.settled(work, planned[work.machine.moid]) for work in works]

    def _limits(self) -> Limits:
        params = self._params
        return Limits(
            params["max_parallel"],
            params["max_parallel_per_host"],
            params["max_parallel_per_datastore"],
            params["max_failures"],
        )

    def _take_over(self, jobs: t.Sequence[Job], broken: CollectionError | None) -> CollectionError | None:
        """The ends of all jobs. The error that the run ends with: a first one, or that of this look."""
        touched = [job for job in jobs if job.attempted or job.left_off or job.may_go_down]
        found, others = dict[str, Machine](), list[str]()
        try:
            found = self._look_at([job.work.machine for job in touched])
        except CollectionError as error:
            broken = broken or error
        for job in jobs:
            row, now = self._rows[job.work.machine.moid], found.get(job.work.machine.moid)
            row.take_over(job, now, self._policies.names(now) if now is not None else None)
            # no failure: the policy service may return the old policy for a while (assumption policy-told-late)
            if row.outcome == "done" and not policies_reached(job.work, row.after["policies"]):
                others.append(row.name)
        if others:
            self._context.warn(
                f"the storage policies of {listing(others)} differ from the requested ones; vCenter may still be "
                "working on it: compare before and after, and check again with vm_encryption_info"
            )
        return broken

    def _look_at(self, machines: t.Sequence[Machine]) -> dict[str, Machine]:
        """VMs as they are now, with their policies."""
        seen = of_objects(self._session, [machine.reference for machine in machines], PATHS)
        found = [machine_of(one) for one in seen]
        self._read_policies(found)
        return {machine.moid: machine for machine in found}

    def _read_policies(self, machines: t.Sequence[Machine]) -> None:
        if self._shows_policies:
            self._policies.read(machines)

    def _warn_of_leftovers(self, jobs: t.Sequence[Job], keys: NewKeys) -> None:
        off = [job.work.machine for job in jobs if job.left_off]
        going = [job.work.machine for job in jobs if job.may_go_down and not job.left_off]
        for state, step, machines in (
            ("shut down and still powered off", "Power them on", off),
            ("may be off or still shutting down", "Power them on once they are off", going),
        ):
            if machines:
                names, ids = listing([one.name for one in machines]), ", ".join(one.moid for one in machines)
                self._context.warn(f"{state}: {names}. {step}, or pass power_on: [{ids}] to the next run")
        if keys.unused:
            self._context.warn(unused_text(keys.unused))

    def _failure(self, stopped: str | None, broken: CollectionError | None) -> CollectionError | None:
        failed = [row for row in self._rows.values() if row.outcome == "failed"]
        waiting = sum(row.outcome == "not_started" for row in self._rows.values())
        if not failed and not waiting and broken is None:
            return None
        parts = []
        if broken is not None:
            parts.append(broken.message)
        if failed:
            named = [f"{row.name}: {row.error}" for row in failed]
            parts.append(f"{plural(len(failed), 'VM')} failed: {listing(named, _NAMED)}")
        if waiting:
            parts.append(f"{waiting} were not started" + (f", because {stopped}" if stopped else ""))
        done = sum(row.outcome == "done" for row in self._rows.values())
        return FleetError(f"{'. '.join(parts)}. {done} are done; rerun to continue", stopped=stopped)

    # telling

    def report(self) -> dict[str, t.Any]:
        """Rows by name, and their summary."""
        rows = sorted(self._rows.values(), key=lambda row: (row.name, row.moid))
        found = {"virtual_machines": [row.as_result() for row in rows], "summary": summary(rows)}
        return {**found, "created_policies": self._made} if "policy_conflict" in self._params else found


def _works(rows: t.Sequence[MachineOutcome]) -> list[Work]:
    return [row.work for row in rows if row.work is not None]


def _check_numbers(params: t.Mapping[str, t.Any]) -> None:
    for name in (
        "max_parallel",
        "max_parallel_per_host",
        "max_parallel_per_datastore",
        "shutdown_timeout",
        "wait_timeout",
    ):
        if params[name] < 1:
            raise InvalidInputError(f"{name}: must be 1 or more, got {params[name]}")
    if params["max_failures"] < 0:
        raise InvalidInputError(f"max_failures: must be 0 or more, got {params['max_failures']}")
