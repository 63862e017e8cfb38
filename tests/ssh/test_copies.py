# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of a backup leave the control node: by ssh, as the inventory says, and read back."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import mentioned, summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.ssh.conftest import NAME, PASSWORD, Site


def provider(run_module: RunModule) -> dict[str, t.Any]:
    """What vCenter says of it."""
    found = run_module("key_provider_info", name=NAME)["key_providers"]
    return t.cast("dict[str, t.Any]", found[0]) if found else {}


def words(text: str) -> str:
    """The screen without its line breaks."""
    return " ".join(text.split())


@pytest.mark.oldest("role native_key_provider", "check", "first", "second")
def test_a_copy_leaves_by_ssh_and_is_found_again(site: Site, lab: Lab, run_module: RunModule) -> None:
    planned = site.play(check=True)
    assert (planned.code, planned.failed, lab.journal.writes()) == (0, 0, []), planned.screen
    assert not site.vault.exists()
    first = site.play()
    assert (first.code, first.failed) == (0, 0), first.screen
    assert site.vault.read_bytes() == site.backup.read_bytes()
    assert site.vault.stat().st_mode & 0o777 == 0o600
    # every program of the host was started by ssh, and is its own Python
    assert site.backup1.uses("remote-python") and all(site.backup1.uses("remote-python")), first.screen
    assert site.backup1.uses("sudo") == []
    assert f"Backup copied to backup1:{site.vault}" in words(first.screen)
    assert "same machine id as the control node" in words(first.screen)
    assert (provider(run_module)["has_backup"], provider(run_module)["default"]) == (True, True)
    for secret in (*lab.secrets(), PASSWORD):
        assert secret not in first.screen
    mark = lab.journal.mark()
    second = site.play()
    assert (second.code, second.changed, lab.journal.writes(mark)) == (0, 0, []), second.screen
    checked = site.play(check=True)
    assert (checked.code, checked.changed, lab.journal.writes(mark)) == (0, 0, []), checked.screen


PLAYS = {
    "connection": "  connection: local\n",
    "variable": "  vars: {ansible_connection: local, ansible_python_interpreter: '{{ ansible_playbook_python }}'}\n",
    "all else": (
        "  connection: local\n  become: true\n  become_method: ansible.builtin.sudo\n  remote_user: nobody-such\n"
        "  vars: {ansible_user: nobody-such, ansible_host: 192.0.2.1, ansible_port: 1}\n"
    ),
}


@pytest.mark.oldest("role native_key_provider")
@pytest.mark.parametrize("how", PLAYS)
def test_the_host_is_reached_its_own_way_in_users_plays(site: Site, run_module: RunModule, how: str) -> None:
    # nobody becomes another here, though the play says so
    site.hosts["localhost"] = {"ansible_connection": "local", "ansible_become": False}
    play = site.folder / "site.yml"
    play.write_text(
        f"- hosts: localhost\n{PLAYS[how]}  gather_facts: false\n  tasks:\n"
        "    - ansible.builtin.include_role: {name: ovhcloud.vmware_encryption.native_key_provider}\n"
    )
    result = site.play(str(play))
    assert (result.code, result.failed) == (0, 0), result.screen
    assert site.vault.read_bytes() == site.backup.read_bytes()
    assert site.backup1.uses("remote-python") and all(site.backup1.uses("remote-python"))
    assert site.backup1.uses("sudo") == []
    assert provider(run_module)["default"] is True


def test_privileges_of_the_inventory_are_taken(site: Site) -> None:
    site.hosts["backup1"] |= {"ansible_become": True, "ansible_become_exe": str(site.backup1.sudo)}
    # these tests may run as the user that the host takes anyway
    result = site.play(environment={"ANSIBLE_BECOME_ALLOW_SAME_USER": "true"})
    assert (result.code, result.failed) == (0, 0), result.screen
    assert site.backup1.uses("sudo") and all(site.backup1.uses("sudo"))
    assert site.vault.read_bytes() == site.backup.read_bytes()


@pytest.mark.oldest("role native_key_provider")
def test_a_later_job_brings_its_backup_in_by_ssh(site: Site, lab: Lab) -> None:
    assert site.play().code == 0
    site.backup.unlink()
    mark, before = lab.journal.mark(), len(site.backup1.uses("remote-python"))
    checked = site.play(check=True)
    assert (checked.code, checked.changed, site.backup.exists()) == (0, 0, False), checked.screen
    later = site.play()
    assert (later.code, later.changed, lab.journal.writes(mark)) == (0, 0, []), later.screen
    assert site.backup.read_bytes() == site.vault.read_bytes()
    assert site.backup.stat().st_mode & 0o777 == 0o600
    assert len(site.backup1.uses("remote-python")) > before
    # a restore begins with the copy too
    key = lab.vcenter.crypto.providers[NAME]
    lab.vcenter.lose_providers()
    site.backup.unlink()
    planned = site.play(check=True, native_key_provider_restore_from=str(site.backup))
    assert (planned.code, lab.vcenter.crypto.providers) == (0, {}), planned.screen
    restored = site.play(native_key_provider_restore_from=str(site.backup))
    assert (restored.code, restored.failed) == (0, 0), restored.screen
    assert lab.vcenter.crypto.providers[NAME].key_id == key.key_id


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("copy", "said"),
    [
        ({"host": "backup9.example.com"}, "backup9.example.com is not a host of the inventory. Add it there"),
        ({"path": "nkp.p12"}, "'nkp.p12' on backup1 is not the absolute path of a file"),
        ({"path": "{folder}/missing/nkp.p12"}, "the folder {folder}/missing does not exist; create it"),
        ({"path": "{folder}"}, "there is something that is not a regular file"),
        pytest.param(
            {"host": "dead"},
            "The backup cannot be copied to dead:",
            marks=pytest.mark.oldest("role native_key_provider"),
        ),
    ],
    ids=str,
)
def test_a_place_that_cannot_work_is_refused_first(
    site: Site, lab: Lab, copy: dict[str, str], said: str, check: bool
) -> None:
    site.hosts["dead"] = {**site.backup1.variables(), "ansible_port": 1}
    folder = site.vault.parent
    places = [{"host": "backup1", "path": str(site.vault), **{k: v.format(folder=folder) for k, v in copy.items()}}]
    refused = site.play(check=check, native_key_provider_backup_copies=places)
    assert refused.code != 0 and lab.journal.writes() == [], refused.screen
    assert said.format(folder=folder) in words(refused.screen), refused.screen
    assert not site.backup.exists() and not site.vault.exists()


def test_a_copy_that_fails_leaves_it_not_default(site: Site, run_module: RunModule) -> None:
    broken = [{"host": "backup1", "path": str(site.vault), "owner": "nobody-such"}]
    failed = site.play(native_key_provider_backup_copies=broken)
    assert failed.code != 0, failed.screen
    assert f"was not copied to backup1:{site.vault}" in words(failed.screen), failed.screen
    assert (provider(run_module)["has_backup"], provider(run_module)["default"]) == (True, False)
    mended = site.play()
    assert (mended.code, mended.failed) == (0, 0), mended.screen
    assert provider(run_module)["default"] is True


def test_a_copy_that_was_damaged_is_made_again(site: Site) -> None:
    assert site.play().code == 0
    for damage in (b"", b"damaged"):
        site.vault.write_bytes(damage)
        again = site.play()
        assert (again.code, again.changed > 0) == (0, True), again.screen
        assert site.vault.read_bytes() == site.backup.read_bytes()
    site.vault.chmod(0o644)
    assert site.play().changed == 1
    assert site.vault.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("host", ["here", "localhost"])
def test_a_copy_on_this_machine_does_not_count_as_outside(site: Site, lab: Lab, host: str) -> None:
    site.hosts["here"] = {"ansible_connection": "local"}
    options: dict[str, t.Any] = {
        "native_key_provider_backup_path": "/dev/shm/nkp.p12",  # in memory
        "native_key_provider_backup_copies": [{"host": host, "path": str(site.vault)}],
    }
    # a job of AWX, which has another volume than the tests
    job = {"AWX_HOST": "https://awx.example.com", "VMWARE_ENCRYPTION_VOLUMES": "/srv"}
    refused = site.play(environment=job, **options)
    assert refused.code != 0 and lab.journal.writes() == [], refused.screen
    assert "vanishes with it" in words(refused.screen), refused.screen
    assert f"WARNING: {host}: connection local" in words(refused.screen)


def test_copies_of_a_play_that_runs_elsewhere_are_refused(site: Site, lab: Lab) -> None:
    play = site.folder / "site.yml"
    play.write_text(
        "- hosts: backup1\n  gather_facts: false\n  roles: [ovhcloud.vmware_encryption.native_key_provider]\n"
    )
    refused = site.play(str(play))
    assert refused.code != 0 and lab.journal.writes() == [], refused.screen
    assert "but backup1, where the backup will lie, is reached by ssh" in words(refused.screen)


def test_a_drill_and_a_recovery_begin_with_the_copy(site: Site, lab: Lab) -> None:
    dossier = site.folder / "dossier.json"
    first = site.play(native_key_provider_dossier_path=str(dossier))
    assert (first.code, first.failed) == (0, 0), first.screen
    copied, key = site.vault.read_bytes(), lab.vcenter.crypto.providers[NAME].key_id
    site.backup.unlink()  # the container of the job is gone
    lab.vcenter.lose_providers()
    options: dict[str, t.Any] = {"recovery_file": str(dossier), "recovery_backup_password": PASSWORD}
    drill = site.playbook("recovery", **options, recovery_drill=True)
    assert (drill.code, drill.changed) == (0, 0), drill.screen
    assert mentioned(summary_of(drill)["done"], f"provider {NAME} can be rebuilt") and not site.backup.exists()
    site.vault.write_bytes(b"damaged")
    damaged = site.playbook("recovery", **options, recovery_drill=True)
    assert damaged.code != 0 and f"differ from the one in the dossier: backup1:{site.vault}" in words(damaged.screen)
    assert summary_of(damaged)["done"] == []
    site.vault.write_bytes(copied)
    recovered = site.playbook("recovery", **options, recovery_wait_interval=0.01)
    assert (recovered.code, recovered.failed) == (0, 0), recovered.screen
    assert lab.vcenter.crypto.providers[NAME].key_id == key
    assert site.backup.read_bytes() == copied
