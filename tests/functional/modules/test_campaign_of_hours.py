# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Campaigns that take hours: what people and backups do to VMs meanwhile, and looks that stay few."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign import encryption
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.fleet_helpers import (
    NATIVE,
    is_clear,
    is_encrypted,
    outcomes,
    prepare,
    rows,
    runner,
    watched,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

HOURS = 7200.0
PATIENT: dict[str, t.Any] = {"wait_timeout": 1_000_000, "max_failures": 9}


@dataclasses.dataclass
class Clock:
    """The clock of the campaign: only its pauses and the test move it on."""

    now: float = 0.0

    def read(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()

    def patience(timeout: float, interval: float) -> Patience:
        return Patience(timeout, interval, monotonic=made.read, sleep=made.pass_by)

    monkeypatch.setattr(encryption, "Patience", patience)
    return made


def at_first(lab: Lab, operation: str, happens: t.Callable[[], object]) -> None:
    """Let something happen when the operation is called for the first time."""
    due = [happens]

    def listen(entry: t.Any) -> None:
        if entry.operation == operation and due:
            due.pop()()

    lab.journal.listeners.append(listen)


def test_vm_with_a_new_snapshot_at_its_turn_is_not_touched(lab: Lab, run_module: RunModule, clock: Clock) -> None:
    prepare(lab)
    machine = lab.vcenter.inventory.vm("vm3")

    def backup() -> None:
        lab.vcenter.inventory.snapshot(machine, "backup")
        clock.pass_by(HOURS)

    at_first(lab, "ReconfigVM_Task", backup)
    result, writes = watched(lab, runner(run_module, max_parallel=1, **PATIENT))
    assert "has changed since the plan: it has snapshots" in rows(result)["vm3"]["error"]
    assert writes == ["ReconfigVM_Task"] * 5 and is_clear(machine)
    assert [name for name, outcome in outcomes(result).items() if outcome != "done"] == ["vm3"]


def test_work_at_its_turn_fits_the_vm_as_it_is(lab: Lab, run_module: RunModule, clock: Clock) -> None:
    prepare(lab)
    done = lab.vcenter.inventory.vm("vm5")

    def others() -> None:
        lab.vcenter.inventory.encrypt(done, NATIVE, "made by others")
        clock.pass_by(HOURS)

    at_first(lab, "ReconfigVM_Task", others)
    result, writes = watched(lab, runner(run_module, max_parallel=1, **PATIENT))
    assert not result.failed, result.msg
    assert (outcomes(result)["vm5"], writes) == ("already", ["ReconfigVM_Task"] * 5)
    assert all(is_encrypted(machine, NATIVE) for machine in lab.vcenter.inventory.vms)


def test_vms_without_room_are_not_looked_at_again(lab: Lab, run_module: RunModule, clock: Clock) -> None:
    """Each look costs a page of vCenter: one for each start, however often the campaign hears of its tasks."""
    prepare(lab)
    machines = lab.vcenter.inventory.vms
    for machine in machines:
        machine.host = lab.vcenter.inventory.hosts[0]
    lab.vcenter.settings.reconfigure_polls = 4
    lab.journal.listeners.append(lambda entry: clock.pass_by(HOURS if entry.operation == "WaitForUpdatesEx" else 0))
    mark = lab.journal.mark()
    result, _writes = watched(lab, runner(run_module, max_parallel_per_host=1, **PATIENT))
    assert not result.failed, result.msg
    starts, waits, reads = (
        lab.journal.count("vcenter", operation=name, since=mark)
        for name in ("ReconfigVM_Task", "WaitForUpdatesEx", "RetrievePropertiesEx")
    )
    # the fleet and the names of all VMs before, the VMs after
    assert starts == len(machines) and waits >= 2 * starts and reads <= starts + 3


@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_look_whose_answer_is_lost_is_repeated(lab: Lab, run_module: RunModule, clock: Clock, action: str) -> None:
    prepare(lab)

    def lose() -> None:
        lab.faults.add(action, system="vcenter", operation="RetrievePropertiesEx")
        clock.pass_by(HOURS)

    at_first(lab, "ReconfigVM_Task", lose)
    result, writes = watched(lab, runner(run_module, max_parallel=1, **PATIENT))
    assert not result.failed, result.msg
    assert writes == ["ReconfigVM_Task"] * 6


def test_session_that_ends_during_shutdowns_names_the_vms(lab: Lab, run_module: RunModule) -> None:
    """Nobody waits for them any more: they may go off, and only the user can power them on."""
    prepare(lab)
    for machine in lab.vcenter.inventory.vms[:2]:
        machine.power_state, machine.tools, machine.shutdown_looks = "poweredOn", True, -1
    at_first(lab, "CreateFilter", lab.vcenter.sessions.end_all)
    result = runner(run_module, power_off="shutdown", max_parallel=2)()
    assert result.failed and "the session has ended" in result.msg
    assert [rows(result)[name]["outcome"] for name in ("vm1", "vm2")] == ["failed"] * 2
    assert [rows(result)[name]["after"]["power_state"] for name in ("vm1", "vm2")] == [None] * 2
    assert any("power_on: [vm-1, vm-2]" in warning for warning in result.warnings)
