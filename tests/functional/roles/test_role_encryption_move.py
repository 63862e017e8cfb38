# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role encryption_exit between two private clouds: keys reachable before, VMs readable after, or a refusal."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import runner_in
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles import fleet_site
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.fleet_site import NATIVE, STANDARD
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.second_cloud import FAILED, MoveRefusedError, SecondCloud

PASSWORD = "Password-of-the-backup-1"
Variables = dict[str, t.Any]


@pytest.fixture
def target(lab: Lab) -> SecondCloud:
    """The other private cloud; all VMs of the first one are encrypted, half of them by each kind of provider."""
    fleet_site.prepare(lab)
    vms = [one.name for one in lab.vcenter.inventory.vms]
    for names, provider in ((vms[::2], STANDARD), (vms[1::2], NATIVE)):
        done = runner_in(lab)("vm_encryption", selection={"names": names}, provider=provider, wait_interval=0.01)
        assert not done.failed, done.output
    return lab.second_cloud()


def move(lab: Lab, target: SecondCloud, folder: pathlib.Path, mode: str, **variables: t.Any) -> harness.PlayResult:
    """The playbook of the role against the target, with the first vCenter as the source."""
    own = {name: variables.pop(name) for name in ("check",) if name in variables}
    known = {
        **{f"vcenter_{name}": value for name, value in target.connection().items()},
        "encryption_exit_mode": mode,
        "encryption_exit_directory": str(folder / "move"),
        "encryption_exit_source": harness.connection(lab, "vsphere"),
        "encryption_exit_private_cloud": target.private_cloud,
        "encryption_exit_wait_interval": 0.01,
        "encryption_exit_wait_timeout": 60,
    }
    return harness.run_playbook(lab, "encryption_exit", folder, **own, **{**known, **variables})


def external(lab: Lab, folder: pathlib.Path) -> Variables:
    """What the target needs beside the name and the servers of the source: its own certificate, the same CA."""
    certificate, key = lab.external_ca_files(folder)
    return {
        "encryption_exit_provider": STANDARD,
        "encryption_exit_option": "external_kms",
        "external_kms_vsphere_user": lab.vsphere_user_name,
        "external_kms_server_ca": lab.external_authority.certificate_pem,
        "external_kms_identity": "ca",
        "external_kms_ca_certificate_path": certificate,
        "external_kms_ca_private_key_path": key,
        "external_kms_certificate_path": str(folder / "team-kms.pem"),
        # the KMS gives keys to the client that has made them, whom it knows by this name
        "external_kms_common_name": "vcenter",
    }


def native(lab: Lab, folder: pathlib.Path) -> Variables:
    """The backup of the source's provider, to be imported."""
    backup = folder / "nkp.p12"
    if not backup.exists():
        done = runner_in(lab)(
            "native_key_provider_backup", name=NATIVE, path=str(backup), backup_password=PASSWORD, allow_ephemeral=True
        )
        assert not done.failed, done.output
    return {
        "encryption_exit_provider": NATIVE,
        "native_key_provider_vsphere_user": lab.vsphere_user_name,
        "native_key_provider_restore_from": str(backup),
        "native_key_provider_backup_password": PASSWORD,
        "native_key_provider_backup_allow_ephemeral": True,
    }


def record(folder: pathlib.Path, name: str = "encryption-move") -> Variables:
    """A file that the role wrote."""
    return t.cast("Variables", json.loads((folder / f"move/{name}.json").read_text()))


def of(lab: Lab, provider: str) -> list[t.Any]:
    """The VMs of a provider."""
    return [one for one in lab.vcenter.inventory.vms if fleet_site.providers(one) == {provider}]


@pytest.mark.oldest("role encryption_exit", "first", "second")
def test_vms_move_to_a_target_that_has_the_same_kms(lab: Lab, target: SecondCloud, tmp_path: pathlib.Path) -> None:
    variables = external(lab, tmp_path)
    done = move(lab, target, tmp_path, "prepare_target", **variables)
    screen = fleet_site.flat(done)
    assert done.code == 0 and "the target can get 3 of 3 keys" in screen, done.screen
    assert list(target.vcenter.crypto.providers) == [STANDARD] and target.vcenter.crypto.default is None
    theirs, ours = (one.crypto.providers[STANDARD] for one in (target.vcenter, lab.vcenter))
    assert theirs.identity and ours.identity and theirs.identity.certificate_pem != ours.identity.certificate_pem
    assert [one.address for one in theirs.servers.values()] == [one.address for one in ours.servers.values()]
    entries = [len(lab.ovhcloud.state.pccs[name].kms) for name in (lab.private_cloud, target.private_cloud)]
    assert entries == [0, 2], "each private cloud has entries of its own"
    again = move(lab, target, tmp_path, "prepare_target", **variables)
    assert (again.code, again.changed) == (0, 0), again.screen
    first, *others = of(lab, STANDARD)
    target.take_over(first)
    mark = lab.journal.mark()
    for swapped in (harness.connection(lab, "vsphere"), target.connection()):
        # the source in the place of the target, then the target in the place of the source: every VM would be there
        own = {f"vcenter_{name}": swapped[name] for name in ("hostname", "port", "username", "password")}
        known = own if swapped["port"] != target.port else {"encryption_exit_source": swapped}
        wrong = move(lab, target, tmp_path, "verify_target", **{"encryption_exit_source": {}, **known})
        assert wrong.code == 2 and "Nothing was compared" in fleet_site.flat(wrong), wrong.screen
    assert lab.journal.writes(mark) == [] and not (tmp_path / "move/encryption-arrival.json").exists()
    early = move(lab, target, tmp_path, "verify_target")
    assert early.code == 2 and record(tmp_path, "encryption-arrival")["counts"] == {"arrived": 1, "at the source": 2}
    # the record keeps what has moved already
    assert move(lab, target, tmp_path, "prepare_target", **variables).code == 0
    assert len(record(tmp_path)["virtual_machines"]) == 3
    for one in others:
        target.take_over(one)
    last = move(lab, target, tmp_path, "verify_target")
    assert last.code == 0, last.screen
    assert record(tmp_path, "encryption-arrival")["counts"] == {"arrived": 3}
    assert target.password not in last.screen and lab.vcenter_password not in last.screen


def test_same_okms_domain_serves_both_private_clouds(lab: Lab, tmp_path: pathlib.Path) -> None:
    okms_id = providers.okms(lab, "okms-prod")
    machine = {"selection": {"names": ["vm1"]}, "provider": "okms-prod", "wait_interval": 0.01}
    done = runner_in(lab)("vm_encryption", **machine)
    assert not done.failed, done.output
    target = lab.second_cloud()
    variables = {
        "encryption_exit_option": "okms",
        "encryption_exit_okms_id": okms_id,
        "okms_vsphere_user": lab.vsphere_user_name,
    }
    mark = lab.journal.mark()
    ready = move(lab, target, tmp_path, "prepare_target", **variables)
    assert ready.code == 0 and "the target can get 1 of 1 key" in fleet_site.flat(ready), ready.screen
    assert not [one for one in lab.journal.writes(mark, "ovhcloud") if "/order" in one.operation]
    names = [one.name for one in lab.ovhcloud.state.okms[okms_id].credentials.values()]
    assert f"vcenter-{target.private_cloud}" in names and len(set(names)) == 2, "each vCenter has its own certificate"
    target.take_over(lab.vcenter.inventory.vm("vm1"))
    assert move(lab, target, tmp_path, "verify_target").code == 0


def test_native_provider_is_imported_and_its_key_id_compared(
    lab: Lab, target: SecondCloud, tmp_path: pathlib.Path
) -> None:
    variables = native(lab, tmp_path)
    mark = lab.journal.mark()
    checked = move(lab, target, tmp_path, "prepare_target", check=True, **variables)
    assert checked.code == 0 and not lab.journal.writes(mark, "vcenter"), checked.screen
    done = move(lab, target, tmp_path, "prepare_target", **variables)
    assert done.code == 0, done.screen
    assert target.vcenter.crypto.providers[NATIVE].key_id == lab.vcenter.crypto.providers[NATIVE].key_id
    for one in of(lab, NATIVE):
        target.take_over(one)
    assert move(lab, target, tmp_path, "verify_target", encryption_exit_source={}).code == 0


def test_backup_of_an_older_key_id_is_not_imported(lab: Lab, target: SecondCloud, tmp_path: pathlib.Path) -> None:
    variables = native(lab, tmp_path)
    key_id = "7c3f2d10-5f0e-4a51-9d4b-2f6f0a6d7c12"
    wanted = {"name": NATIVE, "key_id": key_id, "confirm_name": NATIVE, "tpm_required": False}
    changed = runner_in(lab)("native_key_provider", **wanted)
    assert changed.changed, changed.output
    refused = move(lab, target, tmp_path, "prepare_target", **variables)
    assert refused.code == 2 and f"but key_id is {key_id}" in fleet_site.flat(refused), refused.screen
    assert NATIVE not in target.vcenter.crypto.providers


def test_native_provider_of_that_name_made_anew_is_refused(
    lab: Lab, target: SecondCloud, tmp_path: pathlib.Path
) -> None:
    target.vcenter.crypto.add_native(NATIVE, has_backup=True)
    target.give_encryption_right()
    with pytest.raises(MoveRefusedError, match=FAILED):
        target.take_over(of(lab, NATIVE)[0])
    mark = lab.journal.mark()
    refused = move(lab, target, tmp_path, "prepare_target", **native(lab, tmp_path))
    assert refused.code == 2 and f"has another key provider {NATIVE} already" in fleet_site.flat(refused)
    assert not [one for one in lab.journal.writes(mark, "vcenter") if "Export" not in one.operation]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"external_kms_provider": "new-name"}, "must have the name that it has in the source, team-kms"),
        ({"encryption_exit_provider": "nobody"}, "Name the key provider whose VMs move"),
        ({"encryption_exit_provider": ""}, "Name the key provider whose VMs move"),
        ({"encryption_exit_option": "native_key_provider"}, "set encryption_exit_option to okms or external_kms"),
        ({"encryption_exit_provider": NATIVE, "encryption_exit_option": ""}, "must be the same one in both vCenters"),
        ({"encryption_exit_source": "the target"}, "is the source itself"),
    ],
)
def test_wrong_target_is_refused_before_anything(
    lab: Lab, target: SecondCloud, tmp_path: pathlib.Path, options: Variables, words: str
) -> None:
    target.give_encryption_right()
    given = {**external(lab, tmp_path), **options}
    if given.get("encryption_exit_source"):
        given["encryption_exit_source"] = target.connection()
    mark = lab.journal.mark()
    refused = move(lab, target, tmp_path, "prepare_target", **given)
    assert refused.code == 2 and words in fleet_site.flat(refused), refused.screen
    assert not lab.journal.writes(mark)


def test_target_with_another_identity_gets_no_key(lab: Lab, target: SecondCloud, tmp_path: pathlib.Path) -> None:
    strange = {**external(lab, tmp_path), "external_kms_common_name": "somebody"}
    held = move(lab, target, tmp_path, "prepare_target", **strange)
    assert held.code == 2 and "the target can get 0 of 3 keys" in fleet_site.flat(held), held.screen
    assert "give vCenter's client identity the rights to" in fleet_site.flat(held)
    with pytest.raises(MoveRefusedError):
        target.take_over(of(lab, STANDARD)[0])


def test_key_that_the_target_cannot_get_holds_its_vm(lab: Lab, target: SecondCloud, tmp_path: pathlib.Path) -> None:
    machine = of(lab, STANDARD)[0]
    lab.vcenter.inventory.encrypt(machine, STANDARD, "key-that-nobody-has")
    held = move(lab, target, tmp_path, "prepare_target", **external(lab, tmp_path))
    assert held.code == 2 and f"1 VM of {STANDARD} may not move yet: {machine.name}" in fleet_site.flat(held)
    kept = record(tmp_path)
    assert [one["key_id"] for one in kept["keys_unavailable"]] == ["key-that-nobody-has"]
    with pytest.raises(MoveRefusedError):
        target.take_over(machine)
