# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and playbook key_rotation: campaigns that are recorded, resumed, done once; shallow and deep."""

from __future__ import annotations

import pathlib
import signal
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.providers import section
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.fleet_site import (
    NATIVE,
    STANDARD,
    Play,
    at_work,
    calls,
    flat,
    half_done,
    key_ids,
    player,
    prepare,
    providers,
    quiet,
    rehearsed,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import pbm_profiles


@pytest.fixture
def state(tmp_path: pathlib.Path) -> pathlib.Path:
    """The file of the campaign."""
    return tmp_path / "rotation.json"


@pytest.fixture
def play(lab: Lab, run_module: RunModule, tmp_path: pathlib.Path, state: pathlib.Path) -> Play:
    """Five encrypted VMs, two with one key, one with a vTPM and unencrypted disks; vm6 is clear; vSAN is encrypted."""
    prepare(lab)
    lab.vcenter.inventory.clusters[0].vsan = True
    assert run_module("vsan_encryption", cluster="C0", provider=STANDARD, wait_interval=0.01).changed
    inventory = lab.vcenter.inventory
    shared = lab.generate_key(STANDARD)
    for name in ("vm1", "vm2"):
        inventory.encrypt(inventory.vm(name), STANDARD, shared)
    inventory.encrypt(inventory.vm("vm3"), STANDARD, lab.generate_key(STANDARD))
    inventory.encrypt(inventory.vm("vm4"), NATIVE, "first-key-of-vm4")
    inventory.give_tpm(inventory.vm("vm5"), STANDARD, lab.generate_key(STANDARD))
    return player(
        lab,
        tmp_path,
        "key_rotation",
        key_rotation_selection={"all": True},
        key_rotation_campaign="2026-q4",
        key_rotation_state_path=str(state),
    )


def _keys(lab: Lab) -> dict[str, set[str]]:
    return {one.name: key_ids(one) for one in lab.vcenter.inventory.vms}


def _campaign(lab: Lab, state: pathlib.Path) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", section(state, lab)["campaigns"]["2026-q4"])


def _kek(lab: Lab) -> str:
    key = lab.vcenter.inventory.clusters[0].vsan_state.kek
    assert key is not None
    return key.key_id


def _all(keys: dict[str, set[str]]) -> set[str]:
    return set().union(*keys.values())


@pytest.mark.oldest("role key_rotation", "check", "first", "second")
def test_every_key_is_replaced_once_for_each_campaign(lab: Lab, play: Play, state: pathlib.Path) -> None:
    running = lab.vcenter.inventory.vm("vm3")
    running.power_state, running.tools = "poweredOn", True
    lab.vcenter.inventory.snapshot(running, "before the update")
    old = _keys(lab)
    vsan = {"key_rotation_vsan_clusters": ["C0"]}
    kek = _kek(lab)
    screen = rehearsed(lab, play, **vsan)
    assert not state.exists()
    assert "campaign 2026-q4: 5 keys to replace (shallow)" in screen
    assert "new keys 5 vm1, vm2, vm3, vm4, vm5" in screen
    mark = lab.journal.mark()
    first = play(**vsan)
    assert (first.code, first.failed) == (0, 0), first.screen
    assert set(calls(lab, mark)) <= {"GenerateKey", "ReconfigVM_Task", "VsanEncryptedClusterRekey_Task"}
    rekeyed = _kek(lab)
    assert rekeyed != kek
    new = _keys(lab)
    assert _all(new).isdisjoint(_all(old))
    assert {name: bool(ids) for name, ids in new.items()} == {name: bool(ids) for name, ids in old.items()}
    assert providers(lab.vcenter.inventory.vm("vm5")) == {STANDARD, None}
    assert "still used: 0 of 5 old keys" in flat(first) and "B of disks are rewritten" not in flat(first)
    assert f"no longer used: 5 of 5 old keys ({', '.join(sorted({*_all(old), kek}))})" in flat(first)
    assert all(key in flat(first) for key in {*_all(old), kek})
    kept = _campaign(lab, state)
    assert (set(kept["key_ids"]), kept["finished"], state.stat().st_mode & 0o777) == ({*_all(old), kek}, True, 0o600)
    assert [secret for secret in lab.secrets() if len(secret) > 3 and secret in first.screen] == []
    quiet(lab, play, **vsan)
    assert (_keys(lab), _kek(lab)) == (new, rekeyed)
    another = play(key_rotation_campaign="2027-q1", key_rotation_provider=NATIVE)
    assert another.code == 0, another.screen
    assert [name for name, ids in _keys(lab).items() if ids != new[name]] == ["vm4"]


def test_stopped_rotation_resumes_without_repeating_work(lab: Lab, play: Play, state: pathlib.Path) -> None:
    old = _keys(lab)
    lab.vcenter.machine_faults.add("vm3", "error")
    stopped = play(key_rotation_wave_size=2)
    assert stopped.code != 0
    assert "Rerun with the same campaign name" in flat(stopped)
    assert not _campaign(lab, state)["finished"]
    between = _keys(lab)
    changed = [name for name in old if old[name] != between[name]]
    assert 0 < len(changed) < 5 and "vm3" not in changed
    # the second run loses its KMIP server, the third one is through
    lab.external_kms.stop()
    assert "no keys" in flat(play())
    lab.external_kms.start()
    resumed = play()
    assert resumed.code == 0, resumed.screen
    after = _keys(lab)
    assert _all(after).isdisjoint(_all(old))
    assert all(after[name] == between[name] for name in changed)
    assert half_done(lab) == []
    quiet(lab, play)


def test_deep_needs_backups_and_gives_power_back_after_a_kill(lab: Lab, play: Play, state: pathlib.Path) -> None:
    inventory = lab.vcenter.inventory
    for name in ("vm1", "vm3"):
        inventory.vm(name).power_state, inventory.vm(name).tools = "poweredOn", True
    inventory.snapshot(inventory.vm("vm4"), "in the way")
    # policies of the team: one that only encrypts, one with rules of vSAN
    policies = lab.vcenter.policies
    encryption = pbm_profiles.component_rule(pbm_profiles.ENCRYPTION_COMPONENT)
    ours = policies.add("Gold encrypted", [pbm_profiles.sub_profile("Encryption", [encryption])])
    both = [*pbm_profiles.vsan_rules(hostFailuresToTolerate=2), encryption]
    inventory.vm("vm1").policy = inventory.vm("vm3").disks[0].policy = ours
    inventory.vm("vm2").policy = policies.add("vSAN encrypted", [pbm_profiles.sub_profile("VSAN", both)])
    had = [(one.policy, [disk.policy for disk in one.disks]) for one in inventory.vms[:4]]
    deep = {"key_rotation_mode": "deep", "key_rotation_power_off": "shutdown", "key_rotation_canary": 0}
    assert "needs shutdown 2 vm1, vm3" in rehearsed(lab, play, **deep)
    refused = play(**deep)
    assert refused.code != 0
    assert "key_rotation_backup_confirmed=true" in flat(refused)
    assert not state.exists()
    old = _keys(lab)
    deep = {**deep, "key_rotation_backup_confirmed": True}
    lab.vcenter.settings.reconfigure_polls = 1000000  # vCenter is at work for long
    killed = play(kill_when=at_work(lab, 4), **deep)
    assert (killed.code, _powered(lab)) == (-signal.SIGKILL, []), killed.screen
    assert len(section(state, lab)["power_on"]) == 2
    lab.vcenter.settings.reconfigure_polls = None
    lab.vcenter.tasks.settle()
    resumed = play(**deep)
    assert resumed.code == 0, resumed.screen
    assert _powered(lab) == ["vm1", "vm3"]
    assert "snapshots: 1 (vm4)" in flat(resumed)
    assert [name for name, ids in _keys(lab).items() if ids & _all(old)] == ["vm4"]
    assert section(state, lab)["power_on"] == []
    assert [(one.policy, [disk.policy for disk in one.disks]) for one in inventory.vms[:4]] == had
    quiet(lab, play, **deep)


def _powered(lab: Lab) -> list[str]:
    return [one.name for one in lab.vcenter.inventory.vms if one.power_state == "poweredOn"]
