# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and playbook key_provider_migration: in all four directions, with nothing left behind; stopped and resumed."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.fleet_site import (
    NATIVE,
    OTHER,
    SECOND,
    STANDARD,
    calls,
    flat,
    half_done,
    player,
    prepare,
    providers,
    quiet,
    rehearsed,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab


class Site:
    """Five VMs on one provider, which is the default and gave the hosts their key; all run but one."""

    def __init__(self, lab: Lab, folder: pathlib.Path, old: str, new: str) -> None:
        self.lab, self.old, self.new = lab, old, new
        prepare(lab)
        self.inventory = lab.vcenter.inventory
        cluster = self.inventory.clusters[0]
        lab.vcenter.crypto.default = old
        lab.vcenter.crypto.entity_defaults[str(cluster.reference).strip("'").partition(":")[2]] = old
        for host in self.inventory.hosts:
            self.inventory.give_host_key(host, old, self._key())
        for name in ("vm1", "vm2", "vm3", "vm6"):
            self.inventory.encrypt(self.inventory.vm(name), old, self._key())
        self.inventory.give_tpm(self.inventory.vm("vm5"), old, self._key())
        for name in ("vm1", "vm2", "vm3", "vm4", "vm5"):
            machine = self.inventory.vm(name)
            machine.power_state, machine.tools = "poweredOn", True
        self.inventory.snapshot(self.inventory.vm("vm3"), "before the update")
        self.play = player(lab, folder, "key_provider_migration", key_provider_migration_source=old)
        self.options: dict[str, t.Any] = {"key_provider_migration_target": new}

    def _key(self) -> str:
        standard = self.lab.vcenter.crypto.providers[self.old].servers
        return self.lab.generate_key(self.old) if standard else f"key-{len(self.inventory.keys_in_use())}"

    def moved(self) -> None:
        """Everything is on the new provider, nothing was encrypted besides."""
        seen = {one.name: providers(one) for one in self.inventory.vms}
        assert seen == {
            **{name: {self.new} for name in ("vm1", "vm2", "vm3", "vm6")},
            "vm4": {None},
            "vm5": {self.new, None},
        }
        assert {host.crypto_key.provider for host in self.inventory.hosts if host.crypto_key} == {self.new}
        crypto = self.lab.vcenter.crypto
        assert {crypto.default, *crypto.entity_defaults.values()} == {self.new}
        assert self.old in crypto.providers
        assert half_done(self.lab) == []
        assert [one.name for one in self.inventory.vms if one.power_state != "poweredOn"] == ["vm6"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            STANDARD,
            NATIVE,
            marks=pytest.mark.oldest("role key_provider_migration", "check", "first", "second"),
        ),
        (STANDARD, OTHER),
        (NATIVE, STANDARD),
        (NATIVE, SECOND),
    ],
)
def test_moved_while_it_runs_in_all_directions(
    lab: Lab, run_module: RunModule, tmp_path: pathlib.Path, old: str, new: str
) -> None:
    site = Site(lab, tmp_path, old, new)
    site.options["key_provider_migration_vsan"] = True
    site.inventory.clusters[0].vsan = True
    assert run_module("vsan_encryption", cluster="C0", provider=old, wait_interval=0.01).changed
    if (old, new) == (STANDARD, NATIVE):
        screen = rehearsed(lab, site.play, **site.options)
        for words in (
            "VM vm5 (vTPM only)",
            "vSAN of cluster C0",
            "move to another provider 5 vm1, vm2, vm3, vm5, vm6",
            "system default",
        ):
            assert words in screen, words
    mark = lab.journal.mark()
    first = site.play(**site.options)
    assert (first.code, first.failed) == (0, 0), first.screen
    site.moved()
    assert site.inventory.clusters[0].vsan_encryption == new
    assert not {"ShutdownGuest", "PowerOffVM_Task", "PowerOnVM_Task"} & set(calls(lab, mark))
    assert calls(lab, mark).count("ReconfigVM_Task") == 5
    summary = summary_of(first)
    assert f"Nothing uses {old} any more" in summary["done"]
    assert any(f"decommission (decommission_provider={old})" in text for text in summary["to_do"]), summary
    assert [secret for secret in lab.secrets() if len(secret) > 3 and secret in first.screen] == []
    quiet(lab, site.play, **site.options)


def test_failures_of_vm_and_new_server_stop_it_rerun_finishes(lab: Lab, tmp_path: pathlib.Path) -> None:
    site = Site(lab, tmp_path, NATIVE, STANDARD)
    lab.vcenter.machine_faults.add("vm2", "half", disks=1)
    stopped = site.play(**site.options, key_provider_migration_canary=0, key_provider_migration_wave_size=1)
    assert stopped.code != 0
    assert "Rerun to continue" in flat(stopped)
    assert f"Virtual machines have keys of {STANDARD} (partly done)" in summary_of(stopped)["to_do"], stopped.screen
    lab.faults.add("refuse", system="external_kms", operation="Create", skip=1, times=99)
    again = site.play(**site.options, key_provider_migration_max_parallel=1)
    assert again.code != 0
    assert "the key provider gives no more keys" in flat(again)
    lab.faults.clear()
    assert half_done(lab) == []
    resumed = site.play(**site.options)
    assert resumed.code == 0, resumed.screen
    site.moved()


def test_what_cannot_be_moved_is_named(lab: Lab, tmp_path: pathlib.Path) -> None:
    site = Site(lab, tmp_path, STANDARD, NATIVE)
    # snapshots that branch, and a disk on an IDE controller that is in use
    machine = site.inventory.vm("vm3")
    site.inventory.snapshot(machine, "another branch")
    site.inventory.vm("vm6").power_state, site.inventory.vm("vm6").tools = "poweredOn", True
    left = site.play(**site.options)
    assert left.code != 0
    screen = flat(left)
    for words in (
        f"{STANDARD} is still used by VM vm3",
        "branched_snapshots: 1 (vm3): its snapshots have branches",
        "ide_powered_on: 1 (vm6): it is powered on and has disks on an IDE controller",
    ):
        assert words in screen, words
    assert quiet(lab, site.play, **site.options, key_provider_migration_allow_remaining=True)
    site.inventory.remove_snapshots(machine)
    done = site.play(**site.options, key_provider_migration_power_off="shutdown")
    assert done.code == 0, done.screen
    assert site.inventory.vm("vm6").power_state == "poweredOn"
    assert not any(STANDARD in providers(one) for one in site.inventory.vms)


def test_refusals_write_nothing(lab: Lab, tmp_path: pathlib.Path) -> None:
    site = Site(lab, tmp_path, STANDARD, NATIVE)
    assert "The key provider nkp-new is not there yet" in rehearsed(
        lab, site.play, key_provider_migration_target="nkp-new"
    )
    lab.vcenter.crypto.providers[NATIVE].has_backup = False
    mark = lab.journal.mark()
    refusals: list[tuple[dict[str, t.Any], str]] = [
        ({"key_provider_migration_target": NATIVE}, "It is not backed up: run native_key_provider_backup first"),
        ({"key_provider_migration_target": STANDARD}, f"Nothing can be moved from {STANDARD} to {STANDARD}"),
    ]
    for options, words in refusals:
        result = site.play(**options)
        assert result.code != 0
        assert words in flat(result), result.screen
    assert lab.journal.writes(mark) == []


def test_vms_are_judged_before_the_defaults_move(lab: Lab, tmp_path: pathlib.Path) -> None:
    site = Site(lab, tmp_path, NATIVE, SECOND)
    site.inventory.snapshot(site.inventory.vm("vm3"), "another branch")
    mark = lab.journal.mark()
    refusals: list[tuple[dict[str, t.Any], str]] = [
        ({"exclude": {"names": ["no-such-vm"]}}, "VM no-such-vm; nothing was changed"),
        ({"blocked": "fail"}, "branched_snapshots"),
        ({"wait_timeout": 0}, "key_provider_migration_wait_timeout: 0 is less than 1"),
    ]
    for options, words in refusals:
        stopped = site.play(**site.options, **{f"key_provider_migration_{name}": one for name, one in options.items()})
        assert stopped.code != 0 and words in flat(stopped), stopped.screen
    assert lab.journal.writes(mark) == []


def test_vsan_is_judged_before_anything_moves(lab: Lab, tmp_path: pathlib.Path) -> None:
    site = Site(lab, tmp_path, STANDARD, OTHER)
    cluster = site.inventory.clusters[0]
    cluster.vsan, cluster.vsan_encryption, cluster.vsan_state.health = True, STANDARD, "red"
    mark = lab.journal.mark()
    stopped = site.play(**site.options, key_provider_migration_vsan=True)
    assert stopped.code != 0 and "vSAN of the cluster C0 is red" in flat(stopped), stopped.screen
    assert lab.journal.writes(mark) == []


def test_variables_of_vm_encryption_do_not_apply(lab: Lab, run_module: RunModule, tmp_path: pathlib.Path) -> None:
    site = Site(lab, tmp_path, STANDARD, OTHER)
    site.inventory.clusters[0].vsan = True
    said = "vm_encryption_policy=encrypted vm_encryption_create_policy=true vm_encryption_vsan_clusters=C0"
    hosts = tmp_path / "hosts"
    hosts.write_text(f"[all:vars]\n{said.replace(' ', chr(10))}\nvm_encryption_vmotion_encryption=required\n")
    done = site.play(**site.options, inventory=hosts)
    assert done.code == 0, done.screen
    site.moved()
    assert site.inventory.clusters[0].vsan_encryption is None


def test_extra_variables_of_vm_encryption_do_not_apply(lab: Lab, tmp_path: pathlib.Path) -> None:
    """Surveys, and a job template that also serves vm_encryption, say them as -e does, which Ansible lets win."""
    site = Site(lab, tmp_path, STANDARD, OTHER)
    before = [(one.policy, [disk.policy for disk in one.disks]) for one in site.inventory.vms]
    others = {
        "policy": "Host-local PMem Default Storage Policy",
        "provider": NATIVE,
        "state": "decrypted",
        "selection": {"names": ["vm4"]},
        "blocked": "skip",
    }
    done = site.play(**site.options, **{f"vm_encryption_{name}": value for name, value in others.items()})
    assert done.code == 0, done.screen
    site.moved()
    assert [(one.policy, [disk.policy for disk in one.disks]) for one in site.inventory.vms] == before
    for name in others:
        told = f"vm_encryption_{name} does not count here: the role key_provider_migration decides it"
        assert (told in flat(done)) == (name != "blocked"), name
