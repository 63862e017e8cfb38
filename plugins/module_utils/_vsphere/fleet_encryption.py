# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypt, move, decrypt or rekey many machines in one module run: what `vm_encryption` and `vm_rekey` share."""

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
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere import fleet_plan, selection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign import Campaign, Limits
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign_job import Job, Orders
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign_report import Row, summary
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.errors import moid_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.fleet import read_fleet
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.fleet_choice import choose
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.fleet_plan import Wish, Work
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines import (
    PATHS,
    Machine,
    machine_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.new_keys import (
    KeyProviders,
    NewKeys,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.obstacles import (
    DEEP_RECRYPT,
    ENCRYPT,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policy_store import StoragePolicies
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.properties import of_objects
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.recognition import WORDS
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.session import Session, connect

_NAMED = 5  # failures that a message tells in full


class FleetError(CollectionError):
    """Some machines did not get where they should."""

    kind = "incomplete"


def campaign_options() -> ArgSpec:
    """How machines are gone through, mirrored by the documentation fragment `_campaign`."""
    return ArgSpec(
        power_off=text(default="never", choices=("never", "shutdown", "force")),
        shutdown_timeout=integer(default=600),
        power_on=texts(),
        blocked=text(default="fail", choices=("fail", "skip")),
        max_parallel=integer(default=32),
        max_parallel_per_host=integer(default=4),
        max_parallel_per_datastore=integer(default=8),
        max_failures=integer(default=0),
        wait_timeout=integer(default=86400),
        wait_interval=number(default=2.0),
    )


class FleetEncryption:
    """The fleet of a run, see _core/runner.py. `wish` says what shall become of every machine that is meant."""

    def __init__(self, context: Context, wish: Wish, policy: str | None) -> None:
        self._context = context
        self._params = context.params
        self._wish = wish
        self._policy_name = policy
        self._rows: dict[str, Row] = {}
        self._unique: dict[str, str] = {}

    # planning

    def plan(self) -> tuple[State, State]:
        """Look at everything, refuse what may not be."""
        _check_numbers(self._params)
        selection.check_given(self._params["selection"])
        self._session = connect(self._context)
        self._fleet = read_fleet(self._session, self._params)
        self._providers = KeyProviders(self._session)
        chosen = choose(self._context, self._session, self._fleet, providers=self._providers.visible())
        for machine in chosen.machines:
            kind = chosen.spared_as(machine)
            spared = Row.spared(machine, WORDS[kind]) if kind else None
            self._rows[machine.moid] = spared or Row.of(self._work(machine))
        self._name_uniquely()
        self._refuse_blocked()
        self._check_means()
        ready = self._ready()
        before = {self._unique[row.moid]: row.before for row in ready}
        return before, {self._unique[row.moid]: row.after for row in ready}

    def _work(self, machine: Machine) -> Work:
        default = None
        if self._wish.state == "encrypted" and self._wish.provider is None and not machine.keys:
            default = self._providers.default_of(self._fleet.compute_places(machine))
            if default is None:
                raise InvalidInputError(
                    f"{machine.name}: neither its cluster nor the system has a default key provider; give provider, or "
                    "make one the default. Nothing was changed"
                )
        return fleet_plan.plan_work(machine, self._wish, default)

    def _name_uniquely(self) -> None:
        names: dict[str, int] = {}
        for row in self._rows.values():
            names[row.name] = names.get(row.name, 0) + 1
        self._unique = {
            row.moid: row.name if names[row.name] == 1 else f"{row.name} ({row.moid})" for row in self._rows.values()
        }

    def _ready(self) -> list[Row]:
        return [row for row in self._rows.values() if row.outcome == "planned"]

    def _refuse_blocked(self) -> None:
        blocked = [row for row in self._rows.values() if row.outcome == "blocked"]
        if not blocked or self._params["blocked"] == "skip":
            return
        reasons = [f"{row.name}: {'; '.join(one['reason'] for one in row.obstacles)}" for row in blocked]
        error = GuardError(
            f"{len(blocked)} of {len(self._rows)} virtual machines cannot be worked on; nothing was changed. "
            f"{listing(reasons, _NAMED)}. Take the obstacles away, leave these machines out, or give blocked: skip"
        )
        error.results.update(changed=False, **self.report())
        raise error

    def _check_means(self) -> None:
        """Providers and policy, as far as there is work that needs them."""
        works = [row.work for row in self._ready() if row.work is not None]
        steps = [step for work in works for step in work.steps.values()]
        named = {step.provider for step in steps if step.provider} | {step.key.provider for step in steps if step.key}
        if self._wish.provider is not None:
            self._providers.get(self._wish.provider)
        if named - {None}:
            self._providers.check_usable({name for name in named if name})
        self._policy = ""
        if self._policy_name is not None or any(step.operation in (ENCRYPT, DEEP_RECRYPT) for step in steps):
            self._policy = StoragePolicies(self._session).find(self._policy_name).id

    # doing

    def perform(self) -> tuple[State, CollectionError | None]:
        """Take the machines through their work, then look at every one of them anew."""
        patience = Patience(float(self._params["wait_timeout"]), float(self._params["wait_interval"]))
        keys = NewKeys(self._session, self._providers)
        timeout = float(self._params["shutdown_timeout"])
        orders = Orders(self._session, keys, self._policy, self._params["power_off"], timeout, patience.monotonic)
        rows = self._ready()
        works = [row.work for row in rows if row.work is not None]
        campaign = Campaign(works, orders, self._limits(), patience, self._work)
        broken: CollectionError | None = None
        try:
            campaign.run()
        except CollectionError as error:
            broken = error
        self._take_over(campaign.jobs, broken)
        self._warn_of_leftovers(campaign.jobs, keys)
        after = {self._unique[row.moid]: row.after for row in rows}
        return after, self._failure(campaign.stopped, broken)

    def _limits(self) -> Limits:
        params = self._params
        return Limits(
            params["max_parallel"],
            params["max_parallel_per_host"],
            params["max_parallel_per_datastore"],
            params["max_failures"],
        )

    def _take_over(self, jobs: t.Sequence[Job], broken: CollectionError | None) -> None:
        touched = [job for job in jobs if job.attempted or job.left_off or job.may_go_down]
        found = _look_at(self._session, [job.work.machine for job in touched], broken)
        for job in jobs:
            row = self._rows[job.work.machine.moid]
            row.take_over(job, found.get(job.work.machine.moid))

    def _warn_of_leftovers(self, jobs: t.Sequence[Job], keys: NewKeys) -> None:
        off = [job.work.machine for job in jobs if job.left_off]
        going = [job.work.machine for job in jobs if job.may_go_down and not job.left_off]
        for state, step, machines in (
            ("shut down and still off", "Power them on", off),
            ("may still be shutting down", "Power them on once they are off", going),
        ):
            if machines:
                names, ids = listing([one.name for one in machines]), ", ".join(one.moid for one in machines)
                self._context.warn(f"{state}: {names}. {step}, or give power_on: [{ids}] to the next run")
        if keys.unused:
            self._context.warn(
                f"{len(keys.unused)} keys were made and not used; they stay in the KMS: {listing(keys.unused)}"
            )

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
            parts.append(f"{len(failed)} virtual machines failed: {listing(named, _NAMED)}")
        if waiting:
            parts.append(f"{waiting} were not started" + (f", because {stopped}" if stopped else ""))
        done = sum(row.outcome == "done" for row in self._rows.values())
        return FleetError(f"{'. '.join(parts)}. {done} are done; run again to go on", stopped=stopped)

    # telling

    def report(self) -> dict[str, t.Any]:
        """Rows by name, and their summary."""
        rows = sorted(self._rows.values(), key=lambda row: (row.name, row.moid))
        return {"virtual_machines": [row.as_result() for row in rows], "summary": summary(rows)}


def _look_at(session: Session, machines: t.Sequence[Machine], broken: CollectionError | None) -> dict[str, Machine]:
    """Machines as they are now; after a lost connection they may not be readable."""
    try:
        seen = of_objects(session, [machine.reference for machine in machines], PATHS)
    except CollectionError:
        if broken is None:
            raise
        return {}
    return {moid_of(found.object): machine_of(found) for found in seen}


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
