# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One dossier for two vCenters of one address: no run touches the entry of the other, each reads its own."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import mentioned, summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

NAME = "nkp-prod"


@pytest.fixture
def other() -> t.Iterator[Lab]:
    """A second vCenter, reached under the same name as the first one."""
    with Lab() as running:
        yield running


def play(lab: Lab, folder: pathlib.Path, playbook: str, **variables: t.Any) -> harness.PlayResult:
    paced = {f"{playbook}_wait_interval": 0.01, f"{playbook}_wait_timeout": 120, **variables}
    return harness.run_playbook(lab, playbook, folder, **paced)


def native(lab: Lab, folder: pathlib.Path, place: str) -> None:
    lab.give_encryption_right()
    done = play(
        lab,
        folder,
        "native_key_provider",
        native_key_provider_name=NAME,
        native_key_provider_backup_path=str(folder / f"{place}.p12"),
        native_key_provider_backup_password=providers.BACKUP_PASSWORD,
        native_key_provider_backup_allow_ephemeral=True,
        native_key_provider_dossier_path=str(folder / "dossier.json"),
    )
    assert done.code == 0, done.screen


def key_of(lab: Lab) -> str:
    return str(lab.vcenter.crypto.providers[NAME].key_id)


def test_each_vcenter_is_recovered_from_its_own_entry(lab: Lab, other: Lab, tmp_path: pathlib.Path) -> None:
    dossier = tmp_path / "dossier.json"
    native(lab, tmp_path, "a")
    first = providers.section(dossier, lab)
    native(other, tmp_path, "b")
    assert providers.section(dossier, lab) == first
    assert first["name"] == providers.section(dossier, other)["name"] == "localhost"
    keys = key_of(lab), key_of(other)
    assert [providers.section(dossier, one)["providers"][NAME]["key_id"] for one in (lab, other)] == [*keys]
    recovery = {
        "recovery_file": str(dossier),
        "recovery_backup_password": providers.BACKUP_PASSWORD,
        "native_key_provider_backup_allow_ephemeral": True,
    }
    for one in (lab, other):
        one.vcenter.lose_providers()
        done = play(one, tmp_path, "recovery", **recovery)
        assert done.code == 0, done.screen
    assert (key_of(lab), key_of(other)) == keys
    gone = play(
        other,
        tmp_path,
        "decommission",
        decommission_provider=NAME,
        decommission_confirm=NAME,
        decommission_clear_defaults=True,
        decommission_backup_path=str(tmp_path / "b.p12"),
        decommission_backup_password=providers.BACKUP_PASSWORD,
        decommission_dossier_path=str(dossier),
    )
    assert gone.code != 0  # it is the default and there is no other one
    other.vcenter.crypto.default = None
    gone = play(
        other,
        tmp_path,
        "decommission",
        decommission_provider=NAME,
        decommission_confirm=NAME,
        decommission_backup_path=str(tmp_path / "b.p12"),
        decommission_backup_password=providers.BACKUP_PASSWORD,
        decommission_backup_allow_ephemeral=True,
        decommission_dossier_path=str(dossier),
    )
    assert gone.code == 0, gone.screen
    assert providers.retired(dossier, other) == [NAME] and providers.section(dossier, lab) == first


def test_vcenter_that_was_installed_anew_is_named(lab: Lab, tmp_path: pathlib.Path) -> None:
    dossier = tmp_path / "dossier.json"
    native(lab, tmp_path, "a")
    key, before = key_of(lab), lab.vcenter.settings.instance_uuid
    lab.vcenter.lose_providers()
    lab.vcenter.settings.instance_uuid = "6f6d2f4c-0000-4000-8000-000000000001"
    recovery = {
        "recovery_file": str(dossier),
        "recovery_backup_password": providers.BACKUP_PASSWORD,
        "native_key_provider_backup_allow_ephemeral": True,
    }
    mark = lab.journal.mark()
    refused = play(lab, tmp_path, "recovery", **recovery)
    screen = " ".join(refused.screen.split())
    assert refused.code != 0 and f"but for localhost (instance UUID {before})" in screen, refused.screen
    assert "or address (recovery_vcenter=UUID)" in screen and lab.journal.writes(mark) == []
    done = play(lab, tmp_path, "recovery", **recovery, recovery_vcenter=before)
    assert done.code == 0, done.screen
    assert key_of(lab) == key
    assert providers.section(dossier, lab)["providers"][NAME]["key_id"] == key
    drill = play(lab, tmp_path, "recovery", **recovery, recovery_drill=True)
    assert drill.code == 0, drill.screen
    assert mentioned(summary_of(drill)["done"], f"Key provider {NAME} can be rebuilt from the dossier of")


@pytest.mark.oldest("role recovery", "templates")
@pytest.mark.parametrize("drill", [True, False])
def test_a_template_in_a_dossier_is_not_run(lab: Lab, tmp_path: pathlib.Path, drill: bool) -> None:
    lab.give_encryption_right()
    (tmp_path / "safe").mkdir()
    planted = "{{ lookup('ansible.builtin.pipe', 'touch " + str(tmp_path) + "/ran') }}"
    place = str(tmp_path / "safe") + "/" + planted.replace("/", "{{ '/' }}")
    for path, copies in ((planted, [{"host": planted, "path": planted}]), (place, [])):
        entry = {
            "type": "native",
            "role": "native_key_provider",
            "default": False,
            "backup": {"path": path, "sha256": planted},
            "variables": {
                "native_key_provider_backup_path": path,
                "native_key_provider_tpm_required": False,
                "native_key_provider_backup_copies": copies,
                "native_key_provider_vsphere_user": planted,
                "native_key_provider_private_cloud": planted,
            },
        }
        section = {"id": "", "name": planted, "providers": {planted if drill else NAME: entry}, "retired": {}}
        (tmp_path / "dossier.json").write_text(json.dumps({"format": 2, "vcenters": [section]}))
        options = {
            "recovery_file": str(tmp_path / "dossier.json"),
            "recovery_backup_password": providers.BACKUP_PASSWORD,
            "recovery_drill": drill,
            # what the user gives is a template, of which comes what stands in the dossier
            "recovery_vcenter": "{% raw %}" + planted + "{% endraw %}",
        }
        result = play(lab, tmp_path, "recovery", **options)
        print(result.screen[-1800:])
        assert result.code != 0 and not (tmp_path / "ran").exists(), result.screen
        assert lab.vcenter.crypto.providers == {}


@pytest.mark.parametrize("playbook", ["native_key_provider", "okms", "external_kms"])
def test_half_a_dossier_stops_before_the_first_write(lab: Lab, tmp_path: pathlib.Path, playbook: str) -> None:
    dossier = tmp_path / "dossier.json"
    dossier.write_text('{"format": 2, "vcenters": [{"id"')
    lab.give_encryption_right()
    kms = lab.external_kms[0]
    options: dict[str, dict[str, t.Any]] = {
        "native_key_provider": {
            "name": NAME,
            "backup_path": str(tmp_path / "a.p12"),
            "backup_password": providers.BACKUP_PASSWORD,
            "backup_allow_ephemeral": True,
        },
        "okms": {"private_cloud": "pcc-192-0-2-10", "region": "eu-west-rbx", "allow_order": True},
        "external_kms": {
            "provider": "team-kms",
            "servers": [{"name": "kms-a", "address": kms.address[0], "port": kms.address[1]}],
            "server_ca": lab.external_authority.certificate_pem,
            "identity": "self_signed",
        },
    }
    given = {**options[playbook], "dossier_path": str(dossier)}
    mark = lab.journal.mark()
    stopped = play(lab, tmp_path, playbook, **{f"{playbook}_{name}": value for name, value in given.items()})
    assert stopped.code != 0 and "it is not JSON (line 1)" in stopped.screen
    assert lab.journal.writes(mark) == []
