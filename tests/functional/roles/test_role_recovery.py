# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and playbook recovery: the dossier, the drill, and the way back of a vCenter that lost its providers."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import mentioned, summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

PASSWORD = "planted backup password"


class World:
    """A vCenter with a provider on OKMS and a native one, and the dossier about them."""

    def __init__(self, lab: Lab, folder: pathlib.Path) -> None:
        self.lab, self.folder = lab, folder
        self.dossier = folder / "safe/dossier.json"
        self.inventory = folder / "hosts.yml"
        self.inventory.write_text("all: {hosts: {vault1: {ansible_connection: local}}}\n")

    def play(self, name: str, **variables: t.Any) -> harness.PlayResult:
        """Run a playbook at the pace of the lab."""
        check = variables.pop("check", False)
        paced = {f"{name}_wait_interval": 0.01, f"{name}_wait_timeout": 120, **variables}
        return harness.run_playbook(self.lab, name, self.folder, check, inventory=self.inventory, **paced)

    def build(self) -> None:
        """Both options once."""
        okms = self.play(
            "okms",
            okms_private_cloud=self.lab.private_cloud,
            okms_vsphere_user=self.lab.vsphere_user_name,
            okms_region=self.lab.region,
            okms_provider="okms-prod",
            okms_allow_order=True,
            okms_dossier_path=str(self.dossier),
        )
        assert okms.code == 0, okms.screen
        native = self.native()
        assert native.code == 0, native.screen

    def native(self, check: bool = False) -> harness.PlayResult:
        """Option 3."""
        return self.play(
            "native_key_provider",
            check=check,
            native_key_provider_name="nkp-prod",
            native_key_provider_backup_path=str(self.folder / "nkp.p12"),
            native_key_provider_backup_password=PASSWORD,
            native_key_provider_backup_copies=[{"host": "vault1", "path": str(self.folder / "vault.p12")}],
            native_key_provider_default_provider=False,
            native_key_provider_dossier_path=str(self.dossier),
        )

    def recover(self, **variables: t.Any) -> harness.PlayResult:
        """Run the recovery."""
        wanted = {"recovery_file": str(self.dossier), "recovery_backup_password": PASSWORD, **variables}
        return self.play("recovery", **wanted)


@pytest.fixture
def world(lab: Lab, tmp_path: pathlib.Path) -> World:
    made = World(lab, tmp_path)
    made.build()
    return made


@pytest.mark.oldest("role recovery_dossier", "check", "first", "second")
def test_the_dossier_is_planned_written_and_left_alone(lab: Lab, tmp_path: pathlib.Path) -> None:
    lab.give_encryption_right()
    world = World(lab, tmp_path)
    planned = world.native(check=True)
    assert planned.code == 0 and not world.dossier.exists(), planned.screen
    first = world.native()
    assert first.code == 0, first.screen
    written = world.dossier.read_bytes(), world.dossier.stat().st_mtime_ns
    again = world.native()
    assert (again.code, again.changed) == (0, 0), again.screen
    assert (world.dossier.read_bytes(), world.dossier.stat().st_mtime_ns) == written


@pytest.mark.oldest("role recovery", "check", "first", "second")
def test_from_the_dossier_to_the_same_providers(lab: Lab, world: World, run_module: RunModule) -> None:
    text = world.dossier.read_text()
    dossier = providers.section(world.dossier, lab)
    assert sorted(dossier["providers"]) == ["nkp-prod", "okms-prod"]
    assert world.dossier.stat().st_mode & 0o777 == 0o600
    assert dossier["providers"]["okms-prod"]["okms"]["id"] == lab.snapshot()["okms"][0]["id"]
    for secret in (*lab.secrets(), PASSWORD, "PRIVATE KEY"):
        assert secret not in text

    lab.vcenter.lose_providers()
    mark = lab.journal.mark()
    drill = world.recover(recovery_drill=True)
    assert (drill.code, drill.changed, lab.journal.writes(mark)) == (0, 0, []), drill.screen
    planned = world.recover(check=True)
    assert (planned.code, lab.journal.writes(mark)) == (0, []), planned.screen

    assert mentioned(summary_of(planned)["to_do"], "provider okms-prod is as in", "provider nkp-prod is as in")

    # what a later provider lacks is no reason to stop half-way
    damaged, known = world.folder / "damaged.p12", json.loads(text)
    damaged.write_bytes(b"damaged")
    for section in known["vcenters"]:
        entry = json.loads(json.dumps(section["providers"]["nkp-prod"]))
        entry["variables"]["native_key_provider_backup_path"] = str(damaged)
        section["providers"]["zz-nkp"] = entry
    world.dossier.write_text(json.dumps(known))
    for password, word in (("", "give recovery_backup_password"), (PASSWORD, str(damaged))):
        refused = world.recover(recovery_backup_password=password)
        assert refused.code == 2 and word in " ".join(refused.screen.split()), refused.screen
        assert lab.journal.writes(mark) == [], refused.screen
    world.dossier.write_text(text)

    recovered = world.recover()
    assert (recovered.code, recovered.failed) == (0, 0), recovered.screen
    assert mentioned(summary_of(recovered)["changed"], "provider okms-prod is as in", "provider nkp-prod is as in")
    found = {row["name"]: row for row in run_module("key_provider_info")["key_providers"]}
    assert found["okms-prod"]["status"] == "green" and found["okms-prod"]["default"] is True
    assert found["nkp-prod"]["key_id"] == dossier["providers"]["nkp-prod"]["key_id"]
    assert len(lab.snapshot()["orders"]) == 1
    mark = lab.journal.mark()
    again = world.recover()
    assert (again.code, again.changed, lab.journal.writes(mark)) == (0, 0, []), again.screen
    assert mentioned(summary_of(again)["done"], "provider okms-prod is as in", "provider nkp-prod is as in")


def test_lost_place_for_copies_does_not_stop_recovery(lab: Lab, world: World, run_module: RunModule) -> None:
    (world.folder / "gone").write_text("a file where a folder was")
    known = json.loads(world.dossier.read_text())
    for section in known["vcenters"]:
        entry = section["providers"]["nkp-prod"]
        entry["default"] = True
        entry["variables"]["native_key_provider_backup_copies"][0]["path"] = str(world.folder / "gone/vault.p12")
    world.dossier.write_text(json.dumps(known))
    lab.vcenter.lose_providers()
    recovered = world.recover()
    assert (recovered.code, recovered.failed) == (0, 0), recovered.screen
    assert "WARNING: the backup was not copied to" in recovered.screen and "gone/vault.p12" in recovered.screen
    found = {row["name"]: row for row in run_module("key_provider_info")["key_providers"]}
    assert (
        sorted(found) == ["nkp-prod", "okms-prod"] and found["nkp-prod"]["default"] is not found["okms-prod"]["default"]
    )
    again = world.recover()
    assert (again.code, again.changed) == (0, 0), again.screen


def test_an_external_kms_needs_its_secrets_again(lab: Lab, tmp_path: pathlib.Path, run_module: RunModule) -> None:
    world = World(lab, tmp_path)
    certificate, key = lab.external_client_pair()
    lab.external_kms.login = ("vcenter", "planted-kms-password")
    pair = {"external_kms_certificate": certificate, "external_kms_private_key": key}
    address, port = lab.external_kms[0].address
    made = world.play(
        "external_kms",
        external_kms_private_cloud=lab.private_cloud,
        external_kms_vsphere_user=lab.vsphere_user_name,
        external_kms_provider="team-kms",
        external_kms_servers=[
            {
                "name": "kms1",
                "address": address,
                "port": port,
                "username": "vcenter",
                "password": "planted-kms-password",
            }
        ],
        external_kms_server_ca=lab.external_authority.certificate_pem,
        external_kms_identity="key_pair",
        external_kms_dossier_path=str(world.dossier),
        **pair,
    )
    assert made.code == 0, made.screen
    assert "planted-kms-password" not in world.dossier.read_text()
    lab.vcenter.lose_providers()
    drill = world.recover(recovery_drill=True)
    assert drill.code == 0, drill.screen
    secrets = {"kms1": {"password": "planted-kms-password"}}
    mark = lab.journal.mark()
    for given, word in (
        (pair, "give recovery_server_secrets with the password of kms1"),
        ({"recovery_server_secrets": secrets}, "give external_kms_certificate and external_kms_private_key"),
    ):
        refused = world.recover(**given)
        assert refused.code == 2 and word in " ".join(refused.screen.split()), refused.screen
    assert lab.journal.writes(mark) == []
    recovered = world.recover(recovery_server_secrets=secrets, **pair)
    assert (recovered.code, recovered.failed) == (0, 0), recovered.screen
    assert "planted-kms-password" not in recovered.screen
    found = run_module("key_provider_info", name="team-kms")["key_providers"][0]
    assert (found["status"], found["default"]) == ("green", True)
    mark = lab.journal.mark()
    again = world.recover(recovery_server_secrets=secrets, **pair)
    assert (again.code, again.changed, lab.journal.writes(mark)) == (0, 0, []), again.screen


def test_a_drill_finds_what_is_wrong(lab: Lab, world: World) -> None:
    lab.vcenter.lose_providers()
    wrong = world.recover(recovery_drill=True, recovery_backup_password="another", recovery_providers=["nkp-prod"])
    assert wrong.code != 0 and "password" in wrong.screen
    (world.folder / "nkp.p12").write_bytes(b"damaged")
    damaged = world.recover(recovery_drill=True, recovery_providers=["nkp-prod"])
    assert damaged.code != 0 and "differs from the one in the dossier" in damaged.screen
    unknown = world.recover(recovery_providers=["nobody"])
    assert unknown.code != 0 and "it names no key provider nobody of localhost" in " ".join(unknown.screen.split())


@pytest.mark.parametrize("drill", [True, False])
@pytest.mark.parametrize(
    "told",
    [
        {
            "type": "../../../../../../../../../..{folder}/planted",
            "role": "../../../../../../../../../..{folder}/planted",
        },
        {"type": "native", "role": "okms"},
        {"type": "trusted", "role": "native_key_provider"},
        {"type": ["native"], "role": {"okms": 1}},
        {},
        None,
    ],
    ids=str,
)
def test_a_dossier_chooses_no_task_file(
    lab: Lab, tmp_path: pathlib.Path, told: dict[str, t.Any] | None, drill: bool
) -> None:
    lab.give_encryption_right()
    (tmp_path / "planted.yml").write_text(f"- ansible.builtin.command: touch {tmp_path}/ran\n")
    world = World(lab, tmp_path)
    entry = told and {
        key: value.format(folder=tmp_path) if isinstance(value, str) else value for key, value in told.items()
    }
    world.dossier.parent.mkdir()
    world.dossier.write_text(json.dumps({"format": 1, "vcenter": "", "providers": {"odd-one": entry}}))
    result = world.recover(recovery_drill=drill)
    screen = " ".join(result.screen.split())
    assert result.code != 0 and "Proved" not in screen, result.screen
    assert "of a kind that the role recovery does not know: odd-one; nothing was changed" in screen, screen
    assert not (tmp_path / "ran").exists() and lab.journal.writes() == []
