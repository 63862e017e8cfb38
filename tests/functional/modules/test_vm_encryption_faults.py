# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad days of a fleet: what fails, what stops, what is lost; and the next run, which finishes it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import runner_in
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.fleet_helpers import (
    NATIVE,
    assert_foretold,
    is_clear,
    is_encrypted,
    keys_of,
    outcomes,
    prepare,
    rows,
    runner,
    watched,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import PROVIDER
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import Inventory

SIX = ["vm1", "vm2", "vm3", "vm4", "vm5", "vm6"]


def finished(lab: Lab, run: t.Callable[[], t.Any], provider: str = NATIVE) -> None:
    """The next run brings everything to its end, a further one changes nothing."""
    result, _writes = watched(lab, run)
    assert not result.failed, result.msg
    assert all(is_encrypted(machine, provider) for machine in lab.vcenter.inventory.vms)
    again, writes = watched(lab, run)
    assert (again.failed, again.changed, writes) == (False, False, [])


def test_a_task_that_fails_stops_further_starts(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    lab.vcenter.machine_faults.add("vm2", "error", key="msg.keysafe.locator")
    run = runner(run_module, max_parallel=1)
    result, writes = watched(lab, run)
    assert result.failed and result.changed
    assert outcomes(result) == {"vm1": "done", "vm2": "failed", **dict.fromkeys(SIX[2:], "not_started")}
    assert writes == ["ReconfigVM_Task"] * 2
    assert "its host cannot get the key" in rows(result)["vm2"]["error"].lower()
    assert "4 were not started" in result.msg and "rerun to continue" in result.msg
    finished(lab, run)


@pytest.mark.parametrize(("failures", "started"), [(0, 2), (1, 4), (9, 6)])
def test_max_failures(lab: Lab, run_module: RunModule, failures: int, started: int) -> None:
    prepare(lab)
    for name in ("vm2", "vm4"):
        lab.vcenter.machine_faults.add(name, "error")
    result, writes = watched(lab, runner(run_module, max_parallel=1, max_failures=failures))
    assert result.failed and writes == ["ReconfigVM_Task"] * started
    assert result["summary"]["not_started"] == 6 - started
    lab.vcenter.machine_faults.clear()
    finished(lab, runner(run_module))


def test_a_machine_that_is_half_done_is_told_and_finished(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    lab.vcenter.machine_faults.add("vm2", "half", disks=1)
    run = runner(run_module, max_failures=9)
    result, _writes = watched(lab, run)
    row = rows(result)["vm2"]
    assert (row["outcome"], row["after"]["encryption_state"]) == ("failed", "partly_encrypted")
    assert "Hard disk 2 is not encrypted" in row["error"] and "Hard disk 3 is not encrypted" in row["error"]
    finished(lab, run)
    assert len(set(keys_of(lab.vcenter.inventory.vm("vm2")))) == 1


def test_a_half_done_move_is_finished(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    lab.vcenter.crypto.add_native("other", has_backup=True)
    assert not runner(run_module)().failed
    lab.vcenter.machine_faults.add("vm2", "half", disks=1)
    run = runner(run_module, provider="other", max_failures=9)
    result, _writes = watched(lab, run)
    assert rows(result)["vm2"]["after"]["providers"] == [NATIVE, "other"]
    finished(lab, run, "other")


def test_the_key_server_refuses_new_keys_in_mid_wave(lab: Lab, run_module: RunModule) -> None:
    prepare(lab, run_module)
    # some keys are made (the first ones are also those of hosts), then the KMS refuses
    lab.faults.add("refuse", system="external_kms", operation="Create", skip=4, times=99)
    run = runner(run_module, provider=PROVIDER, max_failures=99)
    result, writes = watched(lab, run)
    assert result.failed and result["failure"]["stopped"].startswith("the key provider gives no more keys")
    done = list(outcomes(result).values()).count("done")
    assert 0 < done == writes.count("ReconfigVM_Task") < 5
    # one VM was refused; the others were not even asked for
    assert list(outcomes(result).values()) == ["done"] * done + ["failed"] + ["not_started"] * (5 - done)
    assert writes.count("GenerateKey") == done + 1
    assert all(is_clear(machine) for machine in lab.vcenter.inventory.vms[done:])
    lab.faults.clear()
    finished(lab, run, PROVIDER)


def test_the_key_server_is_down_in_mid_wave(lab: Lab, run_module: RunModule) -> None:
    """VMs were shut down already when it goes: they come up again."""
    prepare(lab, run_module)
    for machine in lab.vcenter.inventory.vms:
        machine.power_state, machine.tools = "poweredOn", True
    made = 0

    def gone(operation: str) -> None:
        nonlocal made
        made += operation == "ShutdownGuest"
        if made == 2:
            for server in lab.external_kms:
                server.stop()

    lab.journal.listeners.append(lambda entry: gone(entry.operation))
    run = runner(run_module, provider=PROVIDER, power_off="shutdown", max_failures=99)
    result, _writes = watched(lab, run)
    assert result.failed and result["failure"]["stopped"].startswith("the key provider gives no more keys")
    assert {machine.power_state for machine in lab.vcenter.inventory.vms} == {"poweredOn"}
    lab.journal.listeners.clear()
    for server in lab.external_kms:
        server.start()
    finished(lab, run, PROVIDER)
    assert {machine.power_state for machine in lab.vcenter.inventory.vms} == {"poweredOn"}


@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_the_answer_to_a_reconfigure_call_is_lost(lab: Lab, run_module: RunModule, action: str) -> None:
    prepare(lab)
    lab.vcenter.settings.reconfigure_polls = 3
    lab.faults.add(action, system="vcenter", operation="ReconfigVM_Task", skip=1)
    run = runner(run_module, max_failures=9)
    result, writes = watched(lab, run)
    assert writes == ["ReconfigVM_Task"] * 6  # it is never sent again
    if action == "drop_after":
        # the task that began all the same was found and followed
        assert not result.failed, result.msg
    else:
        assert outcomes(result) == {**dict.fromkeys(SIX, "done"), "vm2": "failed"}
    finished(lab, run)


@pytest.mark.parametrize("operation", ["WaitForUpdatesEx", "CreateFilter", "CreatePropertyCollector"])
@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_reads_in_mid_campaign_are_repeated(lab: Lab, run_module: RunModule, operation: str, action: str) -> None:
    prepare(lab)
    lab.vcenter.settings.reconfigure_polls = 3
    lab.faults.add(action, system="vcenter", operation=operation)
    finished(lab, runner(run_module, max_parallel=2))


@pytest.mark.parametrize("operation", ["ShutdownGuest", "PowerOffVM_Task", "PowerOnVM_Task"])
@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_a_power_operation_is_lost(lab: Lab, run_module: RunModule, operation: str, action: str) -> None:
    prepare(lab)
    machine = lab.vcenter.inventory.vm("vm1")
    forced = operation == "PowerOffVM_Task"
    machine.power_state, machine.tools = "poweredOn", not forced
    lab.faults.add(action, system="vcenter", operation=operation)
    run = runner(run_module, power_off="force" if forced else "shutdown", max_failures=9)
    result, _writes = watched(lab, run)
    if operation != "PowerOnVM_Task" or (result.failed and machine.power_state == "poweredOff"):
        # what is left off, or may go down, is told with the way to power it on
        assert any("power_on: [vm-1]" in warning for warning in result.warnings)
        row = next(row for row in result["virtual_machines"] if row["name"] == "vm1")
        assert row["after"]["power_state"] != "powered_on"
    finished(lab, lambda: run(power_on="vm-2, VM-1"))  # as one text
    assert machine.power_state == "poweredOn"


@pytest.mark.parametrize("kind", ["hang", "lost", "lost_done"])
def test_the_task_of_a_power_off_is_lost(lab: Lab, run_module: RunModule, kind: str) -> None:
    """Nobody knows whether the VM goes off, so it counts as one to power on."""
    prepare(lab)
    machine = lab.vcenter.inventory.vm("vm1")
    machine.power_state, machine.tools = "poweredOn", False
    lab.vcenter.machine_faults.add("vm1", kind, operation="PowerOffVM_Task")
    run = runner(run_module, power_off="force", max_failures=9)
    result, _writes = watched(lab, lambda: run(wait_timeout=1))
    assert rows(result)["vm1"]["after"]["power_state"] != "powered_on"
    assert any("power_on: [vm-1]" in warning for warning in result.warnings)
    if kind != "hang":  # vCenter takes no other task until that one ends
        machine.power_state = "poweredOff"  # it went off after all
        finished(lab, lambda: run(power_on=["vm-1"]))
        assert machine.power_state == "poweredOn"


def test_tasks_that_never_end(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    lab.vcenter.machine_faults.add("vm1", "hang")
    # where much else runs, the other five need some seconds
    result, _writes = watched(lab, runner(run_module, wait_timeout=5))
    assert outcomes(result) == {"vm1": "failed", **dict.fromkeys(SIX[1:], "done")}
    assert "was still running after 5 s" in rows(result)["vm1"]["error"]


@pytest.mark.parametrize(("kind", "outcome"), [("lost", "failed"), ("lost_done", "done")])
def test_a_task_vanishes(lab: Lab, run_module: RunModule, kind: str, outcome: str) -> None:
    """What counts is the VM, not what became of the task."""
    prepare(lab)
    lab.vcenter.machine_faults.add("vm1", kind)
    result, _writes = watched(lab, runner(run_module, max_failures=9))
    assert outcomes(result)["vm1"] == outcome
    finished(lab, runner(run_module))


def test_the_session_ends_in_mid_campaign(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    lab.vcenter.settings.reconfigure_polls = 3
    lab.journal.listeners.append(
        lambda entry: lab.vcenter.sessions.end_all() if entry.operation == "CreateFilter" else None
    )
    result = runner(run_module)()
    lab.journal.listeners.clear()
    assert result.failed and "the session has ended" in result.msg and "\n" not in result.msg
    assert set(outcomes(result)) == set(SIX)
    lab.vcenter.tasks.settle()
    finished(lab, runner(run_module))


def test_what_changed_since_the_plan_is_not_touched(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    machine = lab.vcenter.inventory.vm("vm1")

    def snapshot(entry: t.Any) -> None:
        if entry.operation == "PbmQueryProfile":
            lab.vcenter.inventory.snapshot(machine, "meanwhile")

    lab.journal.listeners.append(snapshot)
    result, writes = watched(lab, runner(run_module, max_failures=9))
    lab.journal.listeners.clear()
    assert "has changed since the plan: it has snapshots" in rows(result)["vm1"]["error"]
    assert writes == ["ReconfigVM_Task"] * 5


@pytest.mark.parametrize(
    ("limits", "kind", "highest"),
    [
        ({"max_parallel": 5, "max_parallel_per_host": 9, "max_parallel_per_datastore": 9}, "overall", 5),
        ({"max_parallel": 99, "max_parallel_per_host": 2, "max_parallel_per_datastore": 99}, "hosts", 2),
        ({"max_parallel": 99, "max_parallel_per_host": 99, "max_parallel_per_datastore": 3}, "datastores", 3),
    ],
)
def test_limits_of_vcenter_host_and_datastore(limits: dict[str, t.Any], kind: str, highest: int) -> None:
    inventory = Inventory.fleet(vms=24, disks=2, hosts=4, clusters=2, datastores=3)
    with Lab(LabSettings(inventory=inventory)) as lab:
        prepare(lab)
        lab.vcenter.settings.reconfigure_polls = 2
        finished(lab, runner(runner_in(lab), **limits))
        found = lab.vcenter.tasks.peaks()[kind]
        assert (found if kind == "overall" else max(found.values())) == highest


def test_check_mode_on_two_pages_predicts_what_the_run_does() -> None:
    inventory = Inventory.fleet(vms=120, disks=2, hosts=20, clusters=2, datastores=8)
    for number in range(0, 120, 7):
        inventory.vms[number].power_state = "poweredOn"
    for number in range(0, 120, 11):
        inventory.snapshot(inventory.vms[number], "nightly")
    for number in range(0, 120, 13):
        inventory.vms[number].template = True
    with Lab(LabSettings(inventory=inventory)) as lab:
        prepare(lab)
        run = runner(runner_in(lab), blocked="skip")
        checked, writes = watched(lab, lambda: run(check=True))
        assert (checked.failed, writes) == (False, [])
        done, writes = watched(lab, run)
        assert not done.failed, done.msg
        assert_foretold(checked, done)
        planned = checked["summary"]["planned"]
        assert planned == done["summary"]["done"] == len(writes) > 80
        assert checked["summary"]["obstacles"] == {"powered_on": 18, "snapshots": 11, "template": 10}


@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_power_on_whose_answer_is_lost_is_not_sent_again(lab: Lab, run_module: RunModule, action: str) -> None:
    prepare(lab)
    run = runner(run_module, max_failures=9)
    assert not run().failed
    lab.faults.add(action, system="vcenter", operation="PowerOnVM_Task")
    result, writes = watched(lab, lambda: run(power_on=["vm-1"]))
    assert writes == ["PowerOnVM_Task"]
    assert outcomes(result)["vm1"] == ("done" if action == "drop_after" else "failed")
    finished(lab, lambda: run(power_on=["vm-1"]))
    assert lab.vcenter.inventory.vm("vm1").power_state == "poweredOn"


def test_key_of_a_refused_reconfigure_call_is_told(lab: Lab, run_module: RunModule) -> None:
    prepare(lab, run_module)
    lab.faults.add("refuse", system="vcenter", operation="ReconfigVM_Task", times=6)
    before = set(lab.external_kms.keys())
    result, writes = watched(lab, runner(run_module, provider=PROVIDER, max_failures=9))
    # one key goes from VM to VM
    assert result.failed and sorted(writes) == ["GenerateKey", *["ReconfigVM_Task"] * 6]
    (key,) = set(lab.external_kms.keys()) - before
    assert f"1 key was made and not used, and left in the KMS: {key}" in result.warnings
