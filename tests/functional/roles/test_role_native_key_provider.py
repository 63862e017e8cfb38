# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and playbook native_key_provider: check, do, again, a new backup, copies, restore; by ssh: tests/ssh."""

from __future__ import annotations

import os
import pathlib
import signal
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

PASSWORD = "planted backup password"
NAME = "nkp-prod"
Play = t.Callable[..., harness.PlayResult]


@pytest.fixture
def play(lab: Lab, tmp_path: pathlib.Path) -> Play:
    """Runs the playbook with the variables of a user; the host named in copies is this computer, by another name."""
    inventory = tmp_path / "hosts.yml"
    inventory.write_text("all: {hosts: {vault1: {ansible_connection: local}}}\n")
    variables = {
        "native_key_provider_name": NAME,
        "native_key_provider_backup_path": str(tmp_path / "backup.p12"),
        "native_key_provider_backup_password": PASSWORD,
        "native_key_provider_backup_copies": [{"host": "vault1", "path": str(tmp_path / "vault.p12")}],
        "native_key_provider_private_cloud": lab.private_cloud,
        "native_key_provider_vsphere_user": lab.vsphere_user_name,
        "native_key_provider_wait_interval": 0.01,
        "native_key_provider_wait_timeout": 120,
    }

    def run(**options: t.Any) -> harness.PlayResult:
        check, verbosity = options.pop("check", False), options.pop("verbosity", 0)
        surroundings = options.pop("environment", None)
        wanted = {**variables, **options}
        return harness.run_playbook(
            lab, "native_key_provider", tmp_path, check, verbosity, surroundings, inventory=inventory, **wanted
        )

    return run


def _provider(run_module: RunModule) -> dict[str, t.Any]:
    found = run_module("key_provider_info", name=NAME)["key_providers"]
    return t.cast("dict[str, t.Any]", found[0]) if found else {}


@pytest.mark.oldest("role native_key_provider", "check")
def test_check_mode_on_an_empty_vcenter_writes_nothing(lab: Lab, play: Play) -> None:
    result = play(check=True)
    assert (result.code, result.failed) == (0, 0), result.screen
    assert lab.journal.writes() == []
    assert f"Native Key Provider {NAME} is the default of vCenter" in " ".join(result.screen.split())


def test_created_backed_up_default_and_then_left_alone(
    lab: Lab, play: Play, run_module: RunModule, tmp_path: pathlib.Path
) -> None:
    first = play(verbosity=4)
    assert (first.code, first.failed) == (0, 0), first.screen
    provider = _provider(run_module)
    assert (provider["has_backup"], provider["default"]) == (True, True)
    # never the default before the backup was downloaded
    order = [entry.operation for entry in lab.journal.entries(kind="write") if "vcenter" in entry.system]
    download = next(index for index, name in enumerate(order) if "/cryptomanager/kms/" in name)
    assert all(index > download for index, name in enumerate(order) if name in ("MarkDefault", "SetDefaultKmsCluster"))
    backup, vault = tmp_path / "backup.p12", tmp_path / "vault.p12"
    assert backup.read_bytes() == vault.read_bytes()
    assert {path.stat().st_mode & 0o777 for path in (backup, vault)} == {0o600}
    for secret in (*lab.secrets(), PASSWORD):
        assert secret not in first.screen

    mark = lab.journal.mark()
    second = play()
    assert (second.code, second.changed, lab.journal.writes(mark)) == (0, 0, []), second.screen
    # a later job in a container of its own has lost the file, not the copy outside
    backup.unlink()
    third = play()
    assert (third.code, third.changed, lab.journal.writes(mark)) == (0, 0, []), third.screen
    checked = play(check=True)
    assert (checked.code, checked.changed, lab.journal.writes(mark)) == (0, 0, []), checked.screen


@pytest.mark.parametrize("last", ["Fetch an earlier job's backup", "Protect the fetched file from others"])
@pytest.mark.parametrize("mask", [0o000, 0o022], ids=oct)
def test_a_fetched_backup_is_private_whenever_the_job_dies(
    play: Play, tmp_path: pathlib.Path, mask: int, last: str
) -> None:
    first = play()
    assert first.code == 0, first.screen
    backup, vault = tmp_path / "backup.p12", tmp_path / "vault.p12"
    backup.unlink()
    old_mask = os.umask(mask)
    try:
        # a process of its own (verbosity) has this umask
        died = play(environment={"LAB_KILL_AFTER_TASK": last}, verbosity=1)
    finally:
        os.umask(old_mask)
    assert died.code == -signal.SIGKILL, died.screen
    fetched = [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes() == vault.read_bytes()]
    assert len(fetched) == 2  # the one of the vault and what was brought in
    for path in fetched:
        ways = [path, *(folder for folder in path.parents if tmp_path in folder.parents)]
        assert any(way.stat().st_mode & 0o077 == 0 for way in ways), path
    again = play()
    assert (again.code, again.changed) == (0, 0), again.screen
    assert backup.read_bytes() == vault.read_bytes() and backup.stat().st_mode & 0o777 == 0o600
    # what the killed run has left is gone
    assert not list(tmp_path.glob(".*fetched-*"))


def test_a_copy_that_cannot_be_reached_stops_the_role(lab: Lab, play: Play, tmp_path: pathlib.Path) -> None:
    assert play().code == 0
    backup, vault, inventory = (tmp_path / name for name in ("backup.p12", "vault.p12", "hosts.yml"))
    backup.unlink()
    good = inventory.read_text()
    inventory.write_text(good.replace("local", "local, ansible_become: true, ansible_become_method: nowhere"))
    mark = lab.journal.mark()
    stopped = play(native_key_provider_preflight=False)
    assert stopped.code != 0 and lab.journal.writes(mark) == [], stopped.screen
    refusal = f"The backup cannot be copied to vault1:{vault} (on the control node): "
    assert refusal in " ".join(stopped.screen.split()), stopped.screen
    # a copy that is not there is no reason to stop: the backup is taken again
    inventory.write_text(good)
    vault.unlink()
    assert play(native_key_provider_preflight=False).code == 0
    assert backup.read_bytes() == vault.read_bytes()
    assert not list(tmp_path.glob(".*fetched-*"))


def test_forced_backup_is_retaken_and_given_to_own_tasks(play: Play, tmp_path: pathlib.Path) -> None:
    tasks = tmp_path / "sink.yml"
    tasks.write_text(
        "- name: Keep it elsewhere\n"
        "  ansible.builtin.copy:\n"
        "    src: '{{ native_key_provider_backup_path }}'\n"
        f"    dest: {tmp_path}/elsewhere.p12\n"
        "    mode: '0600'\n"
        "  diff: false\n"
    )
    assert play(native_key_provider_backup_tasks=str(tasks)).code == 0
    old = (tmp_path / "elsewhere.p12").read_bytes()
    forced = play(native_key_provider_backup_tasks=str(tasks), native_key_provider_backup_force=True)
    assert (forced.code, forced.changed > 0) == (0, True), forced.screen
    assert (tmp_path / "elsewhere.p12").read_bytes() != old


@pytest.mark.oldest("role native_key_provider", "first", "second")
def test_a_lost_provider_is_restored_with_its_key(
    lab: Lab, play: Play, run_module: RunModule, tmp_path: pathlib.Path
) -> None:
    first = play()
    assert first.code == 0, first.screen
    key = _provider(run_module)["key_id"]
    machine = lab.vcenter.inventory.vm("vm1")
    machine.power_state = "poweredOff"
    lab.vcenter.inventory.encrypt(machine, NAME, "a-key-of-the-provider")
    lab.vcenter.lose_providers()
    assert machine.locked
    (tmp_path / "backup.p12").unlink()
    mark = lab.journal.mark()
    refused = play(native_key_provider_backup_copies=[])  # a new provider of that name has another key
    said = " ".join(refused.screen.split())
    assert refused.code != 0 and "is used by 1 VM (vm1)" in said, refused.screen
    assert "option native_key_provider_restore_from" in said and "confirm_name" not in said, refused.screen
    assert lab.journal.writes(mark) == []
    restored = play(native_key_provider_restore_from=str(tmp_path / "backup.p12"))
    assert (restored.code, restored.failed) == (0, 0), restored.screen
    assert _provider(run_module)["key_id"] == key
    assert not machine.locked
    assert play(native_key_provider_restore_from=str(tmp_path / "backup.p12")).changed == 0


def test_everything_that_is_missing_is_told_at_once(lab: Lab, play: Play) -> None:
    lab.vcenter.inventory.host("esx1").version = "7.0.1"
    stopped = play(native_key_provider_vsphere_user="nobody")
    assert stopped.code != 0 and lab.journal.writes() == [], stopped.screen
    message = " ".join(stopped.screen.split()).rpartition("findings block option native_key_provider")[2]
    assert "ESXi versions" in message and "no user nobody" in message, stopped.screen


def test_hosts_without_tpm_stop_it_before_anything_is_made(lab: Lab, play: Play, run_module: RunModule) -> None:
    lab.vcenter.inventory.host("esx1").tpm = False
    result = play()
    assert result.code != 0
    assert "1 of 3 hosts" in result.screen and "tpm_required" in result.screen
    assert _provider(run_module) == {}
    made = play(native_key_provider_tpm_required=False)
    assert made.code == 0, made.screen
