# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and playbook vm_encryption: check, do, again; waves that stop and go on; power given back; back to clear."""

from __future__ import annotations

import pathlib
import signal
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.providers import section
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.fleet_site import (
    NATIVE,
    OTHER,
    STANDARD,
    Play,
    at_work,
    calls,
    flat,
    half_done,
    player,
    prepare,
    providers,
    quiet,
    rehearsed,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import mentioned, summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import pbm_profiles
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.pbm_rules import storage_of


@pytest.fixture
def play(lab: Lab, tmp_path: pathlib.Path) -> Play:
    """Six VMs with disks on all kinds of controllers, off and clear, and providers that work."""
    prepare(lab)
    return player(
        lab, tmp_path, "vm_encryption", vm_encryption_selection={"all": True}, vm_encryption_provider=STANDARD
    )


def _run_on(lab: Lab, *names: str) -> None:
    for name in names:
        machine = lab.vcenter.inventory.vm(name)
        machine.power_state, machine.tools = "poweredOn", True


def _powered(lab: Lab) -> list[str]:
    return [one.name for one in lab.vcenter.inventory.vms if one.power_state == "poweredOn"]


@pytest.mark.oldest("role vm_encryption", "check", "first", "second")
def test_shown_done_in_waves_and_then_left_alone(lab: Lab, play: Play) -> None:
    inventory = lab.vcenter.inventory
    inventory.snapshot(inventory.vm("vm2"), "before the update")
    inventory.encrypt(inventory.vm("vm3"), STANDARD, "an-old-key")
    _run_on(lab, "vm4")
    screen = rehearsed(lab, play, vm_encryption_wave_size=2)
    for words in (
        "Wave 1 of 2 (canary): vm1",
        "Wave 2 of 2: vm5, vm6",
        "snapshots: 1 (vm2): it has snapshots. Next step: remove or consolidate its snapshots",
        "powered_on: 1 (vm4): it is powered on. Next step: allow a shutdown",
    ):
        assert words in screen, words
    mark = lab.journal.mark()
    inventory.clusters[0].vsan = True
    first = play(vm_encryption_wave_size=2, vm_encryption_vsan_clusters=["C0"])
    assert (first.code, first.failed) == (0, 0), first.screen
    assert inventory.clusters[0].vsan_encryption == STANDARD
    assert calls(lab, mark).count("ReconfigVM_Task") == 3
    for words in (
        "wave 1 of 2: 1 of 1 done; all waves: 1 of 3 done, 0 failed",
        "wave 2 of 2: 2 of 2 done; all waves: 3 of 3 done, 0 failed",
        "1 of 6 VMs already compliant",
    ):
        assert words in flat(first), words
    assert [one.name for one in inventory.vms if providers(one) == {STANDARD}] == ["vm1", "vm3", "vm5", "vm6"]
    assert half_done(lab) == []
    assert [secret for secret in lab.secrets() if len(secret) > 3 and secret in first.screen] == []
    quiet(lab, play, vm_encryption_vsan_clusters=["C0"])
    # what stood in the way is gone: the next run does the rest, and moves what is named with another provider
    inventory.remove_snapshots(inventory.vm("vm2"))
    rest = play(vm_encryption_power_off="shutdown", vm_encryption_provider=NATIVE)
    assert rest.code == 0, rest.screen
    assert {name for one in inventory.vms for name in providers(one)} == {NATIVE}
    assert _powered(lab) == ["vm4"]


def test_a_provider_and_a_policy_that_are_not_there_yet(lab: Lab, play: Play) -> None:
    screen = rehearsed(lab, play, vm_encryption_provider="okms-prod")
    assert "The key provider okms-prod is not there yet" in screen
    assert "'virtual_machines': 6" in screen.replace('"', "'")
    refused = play(vm_encryption_provider="okms-prod")
    assert refused.code != 0
    assert "no key provider okms-prod" in flat(refused)
    own = {"vm_encryption_policy": "encrypted", "vm_encryption_create_policy": True}
    assert "Storage policy encrypted" in rehearsed(lab, play, **own)
    made = play(**own, vm_encryption_allow_filters_before_encryption=True)
    assert made.code == 0, made.screen
    (policy,) = [key for key, one in lab.vcenter.policies.by_id.items() if one.name == "encrypted"]
    assert {disk.policy for one in lab.vcenter.inventory.vms for disk in one.disks} == {policy}
    quiet(lab, play, **own)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"vm_encryption_exclude": {"names": ["vm-misspelt"]}}, "vm-misspelt"),
        ({"vm_encryption_selection": {"names": ["vm-misspelt"]}}, "vm-misspelt"),
        ({"vm_encryption_allow_filters_before_encryption": True, "vm_encryption_blocked": "fail"}, "vm2"),
    ],
    ids=["exclude", "selection", "blocked"],
)
def test_no_policy_is_made_or_changed_for_vms_that_are_refused(
    lab: Lab, play: Play, options: dict[str, t.Any], word: str
) -> None:
    machine, policies = lab.vcenter.inventory.vm("vm2"), lab.vcenter.policies
    lab.vcenter.inventory.snapshot(machine, "before")
    if "vm_encryption_blocked" in options:
        policies.add("ours", [pbm_profiles.sub_profile("x", [pbm_profiles.encryption_rule()])])
    mark = lab.journal.mark()
    refused = play(vm_encryption_policy="ours", vm_encryption_create_policy=True, **options)
    assert refused.code == 2 and word in refused.screen, refused.screen
    assert lab.journal.writes(mark) == [], refused.screen
    assert mentioned(summary_of(refused)["to_do"], "Storage policy ours"), refused.screen
    assert refused.changed == 0


@pytest.mark.parametrize("conflict", ["combine", "block"])
def test_check_before_a_policy_is_made_shows_what_it_costs(lab: Lab, play: Play, conflict: str) -> None:
    """A policy of one's own has no rules for storage, whatever is asked for where none is named."""
    pbm_profiles.add_team_policies(lab.vcenter.policies)
    lab.vcenter.inventory.vm("vm2").policy = pbm_profiles.VSAN_RAID_6
    own = {"vm_encryption_policy": "ours", "vm_encryption_create_policy": True}
    screen = rehearsed(lab, play, **own, vm_encryption_policy_conflict=conflict)
    for words in (
        "storage policy 1 vSAN RAID-6 -> VM Encryption Policy (vm2)",
        "vm2: the rules of the storage policy vSAN RAID-6 (VSAN.hostFailuresToTolerate=2, ",
        "The storage policy ours does not exist yet. The real run uses it where this plan shows VM Encryption Policy",
        "blocked 0",
    ):
        assert words in screen, words
    assert "new storage policies" not in screen
    policies = lab.vcenter.policies
    policies.add("ours", [pbm_profiles.sub_profile("x", [pbm_profiles.encryption_rule()])])
    # it exists, and the run changes it
    screen = rehearsed(lab, play, **own, vm_encryption_allow_filters_before_encryption=True)
    assert "storage policy 1 vSAN RAID-6 -> ours (vm2)" in screen and "ours does not exist yet" not in screen


def test_policies_with_rules_are_shown_combined_and_given_back(lab: Lab, play: Play) -> None:
    pbm_profiles.add_team_policies(lab.vcenter.policies)
    machines = lab.vcenter.inventory.vms
    for machine in machines[1:3]:
        machine.policy = pbm_profiles.VSAN_RAID_6
        for disk in machine.disks:
            disk.policy = pbm_profiles.TAGGED
    before = [storage_of(lab.vcenter.policies, machine) for machine in machines]
    screen = rehearsed(lab, play)
    parts = sum(len(machine.disks) for machine in machines[1:3])
    for words in (
        "storage policy 2 vSAN RAID-6 -> vSAN RAID-6 - encrypted (vm2, vm3)",
        f"storage policy {parts} Gold, not test -> Gold, not test - encrypted (vm2, vm3)",
        "none -> VM Encryption Policy (vm1, vm4, vm5, vm6)",
        "new storage policies 2",
        "vSAN RAID-6 - encrypted: the rules of vSAN RAID-6 (VSAN.hostFailuresToTolerate=2, ",
    ):
        assert words in screen, words
    blocked = rehearsed(lab, play, vm_encryption_policy_conflict="block")
    assert "policy_rules: 2 (vm2, vm3): its storage policy vSAN RAID-6 has rules besides encryption" in blocked
    mark = lab.journal.mark()
    done = play(vm_encryption_wave_size=2)
    assert done.code == 0, done.screen
    assert calls(lab, mark).count("PbmCreate") == 2  # in three waves
    encrypted = [storage_of(lab.vcenter.policies, machine) for machine in machines]
    assert [[part["rules"] for part in one.values()] for one in encrypted] == [
        [part["rules"] for part in one.values()] for one in before
    ]
    quiet(lab, play, vm_encryption_wave_size=2)
    back = play(vm_encryption_state="decrypted", vm_encryption_provider="")
    assert back.code == 0, back.screen
    assert [storage_of(lab.vcenter.policies, machine) for machine in machines] == before


def test_modes_of_vms_that_stay_unencrypted(lab: Lab, play: Play) -> None:
    modes = {
        "vm_encryption_state": "unchanged",
        "vm_encryption_provider": "",
        "vm_encryption_vmotion_encryption": "required",
        "vm_encryption_fault_tolerance_encryption": "required",
    }
    assert "set encrypted vMotion and FT 6" in " ".join(rehearsed(lab, play, **modes).split())
    done = play(**modes)
    assert done.code == 0, done.screen
    assert {one.ft_encryption for one in lab.vcenter.inventory.vms} == {"ftEncryptionRequired"}
    quiet(lab, play, **modes)


def test_failed_vm_stops_the_next_wave_and_rerun_finishes_it(lab: Lab, play: Play) -> None:
    lab.vcenter.machine_faults.add("vm3", "half", disks=0)
    waves = {"vm_encryption_wave_size": 2}
    stopped = play(**waves)
    assert stopped.code != 0
    screen = flat(stopped)
    assert "Wave 2 of 4: vm2, vm3" in screen
    assert "all waves: 2 of 6 done, 1 failed" in screen
    assert "Rerun to continue: finished VMs stay unchanged, 4 VMs are left" in screen
    assert half_done(lab) == ["vm3"]
    assert [one.name for one in lab.vcenter.inventory.vms if providers(one) == {None}] == ["vm4", "vm5", "vm6"]
    resumed = play(**waves)
    assert resumed.code == 0, resumed.screen
    assert half_done(lab) == []
    quiet(lab, play, **waves)


def test_failures_within_limits_do_not_stop_the_others(lab: Lab, play: Play) -> None:
    lab.vcenter.machine_faults.add("vm2", "error")
    result = play(vm_encryption_wave_size=1, vm_encryption_max_failures=1)
    # the others are done, and the run says that it is not through
    assert result.code != 0
    assert "1 VM failed: vm2" in flat(result)
    assert [one.name for one in lab.vcenter.inventory.vms if None in providers(one)] == ["vm2"]
    finished = play()
    assert finished.code == 0, finished.screen
    assert not any(None in providers(one) for one in lab.vcenter.inventory.vms)


def test_a_canary_that_fails_stops_everything(lab: Lab, play: Play) -> None:
    lab.vcenter.machine_faults.add("vm1", "error")
    stopped = play(vm_encryption_max_failures=5)
    assert stopped.code != 0
    assert [one.name for one in lab.vcenter.inventory.vms if None not in providers(one)] == []


def test_the_kms_goes_down_in_the_middle_of_a_wave(lab: Lab, play: Play) -> None:
    _run_on(lab, "vm3", "vm5")
    shut_down = 0

    def gone(operation: str) -> None:
        nonlocal shut_down
        shut_down += operation == "ShutdownGuest"
        if shut_down == 2:
            lab.external_kms.stop()

    lab.journal.listeners.append(lambda entry: gone(entry.operation))
    stopped = play(vm_encryption_power_off="shutdown", vm_encryption_max_failures=9)
    assert stopped.code != 0
    assert "the key provider gives no more keys" in flat(stopped), stopped.screen
    assert (half_done(lab), _powered(lab)) == ([], ["vm3", "vm5"])
    assert 0 < sum(None not in providers(one) for one in lab.vcenter.inventory.vms) < 6
    lab.journal.listeners.clear()
    lab.external_kms.start()
    resumed = play(vm_encryption_power_off="shutdown")
    assert resumed.code == 0, resumed.screen
    assert {name for one in lab.vcenter.inventory.vms for name in providers(one)} == {STANDARD}
    assert _powered(lab) == ["vm3", "vm5"]
    quiet(lab, play)


def test_lost_shutdown_answer_still_restores_power(lab: Lab, play: Play, tmp_path: pathlib.Path) -> None:
    options = {"vm_encryption_state_path": str(tmp_path / "state.json"), "vm_encryption_power_off": "shutdown"}
    _run_on(lab, "vm2")
    lab.vcenter.settings.shutdown_looks = 50  # the guest takes its time, longer than the run
    lab.faults.add("drop_after", operation="ShutdownGuest")
    stopped = play(**options)
    assert stopped.code != 0 and "may be off or still shutting down: vm2" in flat(stopped), stopped.screen
    lab.vcenter.inventory.vm("vm2").power_state = "poweredOff"
    resumed = play(**options)
    assert resumed.code == 0, resumed.screen
    assert _powered(lab) == ["vm2"] and not (tmp_path / "state.json").exists()
    quiet(lab, play, **options)


def test_power_is_given_back_after_the_play_was_killed(lab: Lab, play: Play, tmp_path: pathlib.Path) -> None:
    state = tmp_path / "state.json"
    options = {
        "vm_encryption_state_path": str(state),
        "vm_encryption_power_off": "shutdown",
        "vm_encryption_canary": 0,
    }
    _run_on(lab, "vm1", "vm2", "vm4")
    lab.vcenter.settings.reconfigure_polls = 1000000  # vCenter is at work for long
    killed = play(kill_when=at_work(lab, 6), **options)
    assert killed.code == -signal.SIGKILL, killed.screen
    assert _powered(lab) == []
    assert state.stat().st_mode & 0o777 == 0o600
    ids = [str(lab.vcenter.inventory.vm(name).reference).strip("'").partition(":")[2] for name in ("vm1", "vm2", "vm4")]
    assert [one["id"] for one in section(state, lab)["power_on"]] == ids
    # vCenter goes on with what it was told
    lab.vcenter.settings.reconfigure_polls = None
    lab.vcenter.tasks.settle()
    screen = rehearsed(lab, play, **options)
    assert "power on again 3" in screen, screen
    resumed = play(**options)
    assert resumed.code == 0, resumed.screen
    assert _powered(lab) == ["vm1", "vm2", "vm4"]
    assert {name for one in lab.vcenter.inventory.vms for name in providers(one)} == {STANDARD}
    assert not state.exists()


def test_back_to_clear(lab: Lab, play: Play) -> None:
    inventory = lab.vcenter.inventory
    for machine in inventory.vms:
        inventory.encrypt(machine, OTHER, f"key-of-{machine.name}")
    inventory.decrypt(inventory.vm("vm6"))
    lab.vcenter.machine_faults.add("vm3", "half", disks=1)
    decrypt = {"vm_encryption_state": "decrypted", "vm_encryption_provider": ""}
    assert "decrypt 5 vm1, vm2, vm3, vm4, vm5" in rehearsed(lab, play, **decrypt)
    stopped = play(**decrypt)
    assert stopped.code != 0
    resumed = play(**decrypt)
    assert resumed.code == 0, resumed.screen
    assert {name for one in inventory.vms for name in providers(one)} == {None}
    quiet(lab, play, **decrypt)


def test_replicated_machines_are_warned_of_once_or_blocked(lab: Lab, play: Play) -> None:
    lab.vcenter.inventory.add_vm("Z-VRAH-esx1")
    blocked = play(vm_encryption_zerto="block")
    assert blocked.code == 0 and "replication: 6 (vm1" in blocked.screen, blocked.screen
    assert not any(machine.crypto_key for machine in lab.vcenter.inventory.vms)
    done = play(vm_encryption_wave_size=2)
    assert done.code == 0, done.screen
    assert " ".join(done.screen.split()).count("Zerto cannot replicate encrypted VMs") == 1
    clear = [machine.name for machine in lab.vcenter.inventory.vms if not machine.crypto_key]
    assert clear == ["Z-VRAH-esx1"]
