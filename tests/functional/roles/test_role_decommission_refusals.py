# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role decommission: whoever needs something stops it before the first write, and a killed play is finished later."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.faults.plays import Play, Plays
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import providers
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

NATIVE, OKMS, EXTERNAL = "nkp-prod", "okms-prod", "team-kms"


@pytest.fixture(scope="module")
def plays(tmp_path_factory: pytest.TempPathFactory) -> Plays:
    """The warm process: these are many short plays."""
    return Plays(tmp_path_factory.mktemp("plays"))


class Runner(t.Protocol):
    """Runs the role; `check` in check mode, `kill_at` see Plays."""

    def __call__(self, check: bool = False, kill_at: int = -1, **options: t.Any) -> Play: ...


@pytest.fixture
def run(lab: Lab, plays: Plays, tmp_path: pathlib.Path) -> Runner:
    """Runs the playbook with the variables of this lab."""

    def call(check: bool = False, kill_at: int = -1, **options: t.Any) -> Play:
        pace = {"decommission_wait_interval": 0.01, "decommission_wait_timeout": 120}
        return plays.run(lab, tmp_path, "decommission", {**pace, **options}, kill_at=kill_at, check=check)

    return call


def refused(lab: Lab, run: Runner, *words: str, **options: t.Any) -> None:
    """It stops without a write, and says why."""
    for check in options.pop("modes", (False,)):
        mark = lab.journal.mark()
        result = run(check=check, **options)
        assert result.code not in (0, 250), result.screen
        assert lab.journal.writes(mark) == []
        screen = " ".join(result.screen.split())
        for word in words:
            assert word in screen, result.screen


def everything(lab: Lab, name: str, folder: pathlib.Path) -> dict[str, t.Any]:
    """A provider of that option, and all that can be asked for when it goes."""
    given: dict[str, t.Any] = {"decommission_provider": name, "decommission_confirm": name}
    if name == NATIVE:
        backup = {"decommission_backup_path": str(providers.native(lab, folder))}
        backup["decommission_backup_password"] = providers.BACKUP_PASSWORD
        return {**given, **backup, "decommission_backup_allow_ephemeral": True}
    flow = {"decommission_remove_kms_entries": True, "decommission_private_cloud": lab.private_cloud}
    if name == EXTERNAL:
        providers.external(lab)
        return {**given, **flow, "decommission_kms_hosts": [lab.external_kms[0].address[0]]}
    okms_id = providers.okms(lab)
    return {
        **given,
        **flow,
        "decommission_okms_id": okms_id,
        "decommission_revoke_credential": True,
        "decommission_terminate_okms": True,
        "decommission_confirm_okms": okms_id,
    }


@pytest.mark.parametrize("name", [NATIVE, OKMS, EXTERNAL])
def test_each_user_stops_it(lab: Lab, run: Runner, tmp_path: pathlib.Path, name: str) -> None:
    given = everything(lab, name, tmp_path)
    inventory, crypto = lab.vcenter.inventory, lab.vcenter.crypto
    inventory.encrypt(inventory.vm("vm1"), name, "key-1")
    inventory.give_tpm(inventory.vm("vm3"), name, "key-1")
    inventory.give_host_key(inventory.host("esx2"), name, "key-2")
    inventory.cluster("C0").vsan_encryption = name
    crypto.default = name
    refused(lab, run, "VM vm1", "VM vm3 (vTPM only)", "host esx2", "vSAN of cluster C0", modes=(True, False), **given)
    inventory.decrypt(inventory.vm("vm1"))
    inventory.decrypt(inventory.vm("vm3"))
    inventory.vm("vm3").tpm = False
    inventory.host("esx2").crypto_key = inventory.cluster("C0").vsan_encryption = None
    refused(lab, run, "system default", "decommission_new_default", decommission_clear_defaults=True, **given)
    crypto.default = None
    refused(lab, run, "backup product", decommission_in_use_by=["backup product of site B"], **given)
    for confirm in ("", f"{name} ", f"{name}-2"):
        words = ("decommission_confirm", f"Key provider {name} removed from vCenter")
        refused(lab, run, *words, **{**given, "decommission_confirm": confirm})
    assert run(check=True, **given).code == 0
    assert name in crypto.providers


def test_a_provider_that_vcenter_has_lost_is_still_needed(lab: Lab, run: Runner, tmp_path: pathlib.Path) -> None:
    given = everything(lab, OKMS, tmp_path)
    inventory = lab.vcenter.inventory
    inventory.encrypt(inventory.vm("vm1"), OKMS, "key-1")
    lab.vcenter.lose_providers()
    refused(lab, run, "VM vm1", **given)


def test_what_is_asked_for_in_error_stops_it(lab: Lab, run: Runner, tmp_path: pathlib.Path) -> None:
    given = everything(lab, OKMS, tmp_path)
    other = lab.ovhcloud.new_okms("ca-east-bhs", "kms-other").okms_id
    refused(lab, run, "decommission_confirm_okms is", **{**given, "decommission_confirm_okms": "kms-other"})
    refused(lab, run, "decommission_credential_name", **{**given, "decommission_credential_name": "someone"})
    refused(lab, run, "decommission_okms_id", **{**given, "decommission_okms_id": ""})
    refused(lab, run, "decommission_private_cloud", **{**given, "decommission_private_cloud": ""})
    lab.vcenter.crypto.providers[OKMS].servers[lab.region].address = lab.okms_kmip.address[0]
    refused(lab, run, "is this the right OKMS domain", **{**given, "decommission_okms_id": other})


def test_a_domain_with_keys_or_with_others_is_not_terminated(lab: Lab, run: Runner, tmp_path: pathlib.Path) -> None:
    given = everything(lab, OKMS, tmp_path)
    key = lab.generate_key(OKMS)
    refused(lab, run, "holds 1 KMIP object", **given)
    lab.ovhcloud.kmip_object_count = lambda okms_id: 0
    assert key
    another = {"okms_id": given["decommission_okms_id"], "name": "backup-tool", **providers.FAST}
    made = providers.run(lab, "okms_credential", **another, private_key_path=str(tmp_path / "backup.key"))
    refused(lab, run, "access certificate backup-tool", **given)
    lab.ovhcloud.revoke_credential(another["okms_id"], made["credential"]["id"])
    assert run(check=True, **given).code == 0


def test_what_another_provider_works_with_stays(lab: Lab, run: Runner, tmp_path: pathlib.Path) -> None:
    """A misspelt name, already gone as it seems, takes nothing from the provider that is there."""
    given = everything(lab, OKMS, tmp_path)
    misspelt = {**given, "decommission_provider": "okms-prd", "decommission_confirm": "okms-prd"}
    refused(lab, run, f"key provider {OKMS}", **misspelt)
    mark = lab.journal.mark()
    result = run(**{**misspelt, "decommission_terminate_okms": False})
    assert (result.code, result.changed, lab.journal.writes(mark)) == (0, 0, []), result.screen
    assert "another key provider presents it" in result.screen and "another key provider needs them" in result.screen


def test_a_native_backup_is_proved_first(lab: Lab, run: Runner, tmp_path: pathlib.Path) -> None:
    given = everything(lab, NATIVE, tmp_path)
    (tmp_path / "other").mkdir()
    other = providers.native(lab, tmp_path / "other", "nkp-other")
    refused(lab, run, "decommission_backup_path", **{**given, "decommission_backup_path": ""})
    refused(lab, run, "decommission_backup_sha256", **{**given, "decommission_backup_path": str(other)})
    lab.vcenter.settings.dry_run_refuses_existing = False
    refused(lab, run, "backup of the key provider nkp-other", **{**given, "decommission_backup_path": str(other)})
    lab.vcenter.settings.dry_run_refuses_existing = True
    wrong = run(**{**given, "decommission_backup_password": "not the password"})
    assert wrong.code == 2 and NATIVE in lab.vcenter.crypto.providers
    pathlib.Path(given["decommission_backup_path"]).unlink()
    assert run(**given).code == 0
    assert pathlib.Path(given["decommission_backup_path"]).stat().st_size > 0
    assert NATIVE not in lab.vcenter.crypto.providers


def test_backup_that_vcenter_reads_needs_no_other_proof(lab: Lab, run: Runner, tmp_path: pathlib.Path) -> None:
    """Another native provider is there, and neither a dossier nor the user names the file's SHA-256."""
    given = everything(lab, NATIVE, tmp_path)
    (tmp_path / "other").mkdir()
    providers.native(lab, tmp_path / "other", "nkp-other")
    refused(lab, run, "decommission_backup_sha256", modes=(True, False), **given)
    lab.vcenter.settings.dry_run_refuses_existing = False
    # of another provider that had this name before
    older = tmp_path / "older.p12"
    pathlib.Path(given["decommission_backup_path"]).rename(older)
    del lab.vcenter.crypto.providers[NATIVE]
    given = everything(lab, NATIVE, tmp_path)
    refused(lab, run, "two providers of one name", **{**given, "decommission_backup_path": str(older)})
    assert run(check=True, **given).code == 0
    assert run(**given).code == 0
    assert sorted(lab.vcenter.crypto.providers) == ["nkp-other"]


@pytest.mark.parametrize("name", [NATIVE, OKMS])
def test_killed_anywhere_it_is_finished_by_the_next_run(
    lab: Lab, run: Runner, tmp_path: pathlib.Path, name: str
) -> None:
    """Killed a few requests later each time, until it comes through."""
    given = everything(lab, name, tmp_path)
    kills = 0
    for kill_at in range(6, 200, 12):
        result = run(kill_at=kill_at, **given)
        if result.code >= 0:
            break
        kills += 1
    assert (result.code, kills > 0) == (0, True), result.screen
    mark = lab.journal.mark()
    again = run(**given)
    assert (again.code, again.changed, lab.journal.writes(mark)) == (0, 0, []), again.screen
    state = lab.snapshot()
    assert (state["providers"], state["credentials"], state["kms_entries"]) == ([], [], [])
    asked = [entry for entry in lab.journal.entries() if entry.operation == "POST /services/{serviceId}/terminate"]
    assert len(asked) == (name == OKMS)
