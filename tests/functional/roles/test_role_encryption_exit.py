# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role encryption_exit, mode decrypt: a fleet with every obstacle leaves encryption, and that is proven."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    runner_in,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles import fleet_site
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.fleet_site import NATIVE, STANDARD
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import Inventory, VCenterSettings, pbm_profiles

BACKUP = "the password of a backup"


def machine(lab: Lab, number: int) -> t.Any:
    """The VM of that number."""
    return lab.vcenter.inventory.vm(f"vm{number}")


def obstacles(lab: Lab) -> None:
    """VMs 2 to 8: each with something that only a person can take away; VM 1 has nothing encrypted."""
    inventory = lab.vcenter.inventory
    inventory.decrypt(machine(lab, 1))
    machine(lab, 2).tpm = True
    inventory.decrypt(machine(lab, 3))
    inventory.give_tpm(machine(lab, 3), STANDARD, "key-3")
    machine(lab, 4).template = True
    inventory.snapshot(machine(lab, 5), "before")
    machine(lab, 6).locked = True
    machine(lab, 7).fault_tolerance = "running"
    machine(lab, 8).disks[0].parents = ["[datastore1] golden/golden.vmdk"]
    inventory.give_host_key(inventory.hosts[0], STANDARD, "key-host")
    inventory.cluster("C0").vsan, inventory.cluster("C0").vsan_encryption = True, STANDARD


def without_obstacles(lab: Lab) -> None:
    """What the owners do about it."""
    for number in (2, 3):
        machine(lab, number).tpm = False
    machine(lab, 4).template = False
    lab.vcenter.inventory.remove_snapshots(machine(lab, 5))
    machine(lab, 6).locked = False
    machine(lab, 7).fault_tolerance = "notConfigured"
    machine(lab, 8).disks[0].parents = []
    lab.vcenter.inventory.hosts[0].crypto_state = "pendingIncapable"
    lab.vcenter.restart_host(lab.vcenter.inventory.hosts[0])


def fleet(vms: int) -> LabSettings:
    """A lab with so many VMs on few hosts; tasks take a few looks."""
    return LabSettings(vcenter=VCenterSettings(shutdown_looks=2), inventory=Inventory(hosts=4, vms=vms))


def encrypted(lab: Lab, vms: int) -> Lab:
    """All VMs encrypted by the standard provider, as if made before; every 20th one runs."""
    fleet_site.prepare(lab)
    pbm_profiles.add_team_policies(lab.vcenter.policies)
    for number in range(1, vms + 1):
        lab.vcenter.inventory.encrypt(machine(lab, number), STANDARD, f"key-{number}")
        if number % 20 == 0:
            machine(lab, number).power_state, machine(lab, number).tools = "poweredOn", True
    return lab


def player(lab: Lab, folder: pathlib.Path, **variables: t.Any) -> fleet_site.Play:
    """The role at the pace of the lab."""
    known = {
        "encryption_exit_mode": "decrypt",
        "encryption_exit_directory": str(folder / "exit"),
        "encryption_exit_power_off": "shutdown",
        "encryption_exit_state_path": str(folder / "state.json"),
        "encryption_exit_private_cloud": lab.private_cloud,
    }
    return fleet_site.player(lab, folder, "encryption_exit", **{**known, **variables})


def proof(folder: pathlib.Path) -> dict[str, t.Any]:
    """The proof in its file."""
    return t.cast("dict[str, t.Any]", json.loads((folder / "exit/encryption-exit.json").read_text()))


REMOVAL = {"encryption_exit_remove_providers": [STANDARD], "encryption_exit_confirm": [STANDARD]}
NATIVE_REMOVAL = {name: [NATIVE] for name in REMOVAL}
BACKED_UP = {"decommission_backup_path": "/tmp/nkp.p12", "decommission_backup_password": BACKUP}


def test_200_vms_with_every_obstacle_leave_encryption(tmp_path: pathlib.Path) -> None:
    with Lab(fleet(200)) as lab:
        play = player(encrypted(lab, 200), tmp_path, **REMOVAL)
        obstacles(lab)
        # interrupted in the middle of its waves
        killed = play(kill_when=lambda: lab.journal.count("vcenter", operation="ReconfigVM_Task") >= 60)
        assert killed.code < 0, killed.screen
        first = play()
        assert first.code == 2 and first.changed > 0, first.screen
        assert "with a vTPM (2): vm2, vm3 -> In the guest" in fleet_site.flat(first)
        blocked = {one["subject"]: one["kind"] for one in proof(tmp_path)["left"]}
        assert blocked == {
            "vm2": "vtpm", "vm3": "vtpm", "vm4": "template", "vm5": "snapshots", "vm6": "locked",
            "vm7": "fault_tolerance", "vm8": "linked_clone", "C0": "vsan", "esx1.lab.test": "host",
        }  # fmt: skip
        assert STANDARD in lab.vcenter.crypto.providers, "it went although something needs it"
        clear = [one for one in lab.vcenter.inventory.vms if fleet_site.providers(one) == {None}]
        assert len(clear) == 193
        modes = {(one.migrate_encryption, one.ft_encryption) for one in clear}
        assert modes == {("opportunistic", "ftEncryptionOpportunistic")}
        assert machine(lab, 20).power_state == "poweredOn" and machine(lab, 21).power_state == "poweredOff"
        without_obstacles(lab)
        last = play(encryption_exit_vsan_clusters=["C0"])
        assert last.code == 0, last.screen
        assert STANDARD not in lab.vcenter.crypto.providers and lab.vcenter.crypto.default is None
        assert not [one for one in lab.vcenter.inventory.vms if list(one.crypto_keys())]
        shown = proof(tmp_path)
        assert (shown["nothing_left"], shown["left"], len(shown["virtual_machines"])) == (True, [], 200)
        page = (tmp_path / "exit/encryption-exit.html").read_text()
        assert "Nothing encrypted is left" in page and "Signed off by" in page


@pytest.fixture
def small(tmp_path: pathlib.Path) -> t.Iterator[Lab]:
    """Four encrypted VMs; the policies of the first one had rules of vSAN."""
    with Lab(fleet(4)) as lab:
        fleet_site.prepare(lab)
        pbm_profiles.add_team_policies(lab.vcenter.policies)
        for part in (machine(lab, 1), *machine(lab, 1).disks):
            part.policy = pbm_profiles.VSAN_RAID_6
        done = runner_in(lab)("vm_encryption", selection={"all": True}, provider=STANDARD, wait_interval=0.01)
        assert not done.failed, done.output
        machine(lab, 2).power_state, machine(lab, 2).tools = "poweredOn", True
        # as after a restart: what the hosts were given for it
        for host in lab.vcenter.inventory.hosts:
            host.crypto_key, host.crypto_state = None, "incapable"
        yield lab


@pytest.mark.oldest("role encryption_exit", "check", "first", "second")
def test_policies_power_and_vmotion_are_given_back(small: Lab, tmp_path: pathlib.Path) -> None:
    play = player(small, tmp_path, encryption_exit_signed_by="A. Martin <CISO>")
    screen = fleet_site.rehearsed(small, play)
    assert "4 of 4 VMs are encrypted: 4 can be decrypted now" in screen and "downtime: 1 VM run" in screen
    done = play()
    assert done.code == 0, done.screen
    policies = {part.policy for part in (machine(small, 1), *machine(small, 1).disks)}
    assert policies == {pbm_profiles.VSAN_RAID_6}
    modes = {(one.migrate_encryption, one.ft_encryption) for one in small.vcenter.inventory.vms}
    assert modes == {("opportunistic", "ftEncryptionOpportunistic")}
    assert machine(small, 2).power_state == "poweredOn"
    page = tmp_path / "exit/encryption-exit.html"
    assert "A. Martin &lt;CISO&gt;" in page.read_text() and page.stat().st_mode & 0o777 == 0o600
    assert proof(tmp_path)["private_cloud"] == small.private_cloud
    assert any("maintenance mode on 2027-05-31" in line for line in proof(tmp_path)["life_cycle"])
    # a second run finds the same and writes nothing
    fleet_site.quiet(small, play)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"encryption_exit_remove_providers": [STANDARD]}, "type their names again in encryption_exit_confirm"),
        ({**REMOVAL, "encryption_exit_confirm": [NATIVE]}, f"it lacks {STANDARD}"),
        ({"encryption_exit_disk_rate": 0}, "encryption_exit_disk_rate"),
        ({"encryption_exit_vsan_clusters": ["C9"]}, "no cluster C9"),
        (NATIVE_REMOVAL, f"{NATIVE} is a native key provider: give decommission_backup_path"),
        ({**NATIVE_REMOVAL, **BACKED_UP, "decommission_backup_password": ""}, "decommission_backup_password"),
        ({**NATIVE_REMOVAL, **BACKED_UP, "decommission_revoke_credential": True}, "belongs to a standard one"),
        ({**REMOVAL, "decommission_new_default": "nowhere"}, "no key provider nowhere"),
    ],
)
def test_nothing_begins_without_what_it_needs(
    small: Lab, tmp_path: pathlib.Path, options: dict[str, t.Any], words: str
) -> None:
    mark = small.journal.mark()
    refused = player(small, tmp_path)(**options)
    assert refused.code == 2 and words in fleet_site.flat(refused), refused.screen
    assert small.journal.writes(mark, "vcenter") == []


def test_users_of_keys_that_cannot_be_read_keep_the_provider(small: Lab, tmp_path: pathlib.Path) -> None:
    small.faults.add("refuse", system="vcenter", operation="ListKeys", times=-1)
    stopped = player(small, tmp_path, **REMOVAL)()
    assert stopped.code == 2 and "could not be looked at: users of keys" in fleet_site.flat(stopped), stopped.screen
    (row,) = proof(tmp_path)["left"]
    assert row["kind"] == "not_read" and "Cryptographer.ManageKeys" in row["reason"]
    assert STANDARD in small.vcenter.crypto.providers
    assert ">not read<" in (tmp_path / "exit/encryption-exit.html").read_text()


@pytest.mark.parametrize("check", [True, False])
def test_two_native_providers_never_share_a_backup(small: Lab, tmp_path: pathlib.Path, check: bool) -> None:
    add_native(small, "nkp-b")
    names = {name: [NATIVE, STANDARD, "nkp-b"] for name in REMOVAL}
    backup = {"decommission_backup_path": str(tmp_path / "nkp.p12"), "decommission_backup_password": BACKUP}
    mark = small.journal.mark()
    refused = player(small, tmp_path, **names, **backup)(check=check)
    assert refused.code == 2 and "are native key providers, and each needs its own backup" in fleet_site.flat(
        refused
    ), refused.screen
    assert small.journal.writes(mark, "vcenter") == [] and not (tmp_path / "nkp.p12").exists()


def test_native_provider_goes_when_its_vms_are_clear(small: Lab, tmp_path: pathlib.Path) -> None:
    small.vcenter.inventory.encrypt(machine(small, 3), NATIVE, "key-of-native")
    backup = {
        "decommission_backup_path": str(tmp_path / "nkp.p12"),
        "decommission_backup_password": BACKUP,
        "decommission_backup_allow_ephemeral": True,
    }
    names = {name: [NATIVE, STANDARD] for name in REMOVAL}
    done = player(small, tmp_path, **names, **backup)()
    assert done.code == 0, done.screen
    assert not {NATIVE, STANDARD} & set(small.vcenter.crypto.providers)
    assert (tmp_path / "nkp.p12").exists() and BACKUP not in done.screen
