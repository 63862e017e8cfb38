# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions of a survey that nobody answered: every optional option of every role blank, in check mode and for real."""

from __future__ import annotations

import hashlib
import json
import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.dossier import (
    DossierChange,
    changed_dossier,
    dumped_dossier,
    loaded_dossier,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import summaries_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

PASSWORD = "planted backup password"
# not blank: how fast the lab is asked, and what the role cannot do its work without, or does nothing
Wanted = t.Callable[[Lab, pathlib.Path], dict[str, t.Any]]
WANTED: dict[str, Wanted] = {
    "preflight": lambda lab, folder: {"private_cloud": lab.private_cloud, "okms_region": lab.region},
    "okms": lambda lab, folder: {
        "private_cloud": lab.private_cloud,
        "region": lab.region,
        "allow_order": "true",
        "max_price": "",
    },
    "native_key_provider": lambda lab, folder: {
        "name": "nkp-prod",
        "backup_path": str(folder / "nkp.p12"),
        "backup_password": PASSWORD,
        "backup_allow_ephemeral": True,
    },
    "external_kms": lambda lab, folder: {
        "servers": [
            {"name": "kms1", "address": lab.external_kms[0].address[0], "port": lab.external_kms[0].address[1]}
        ],
        "server_ca": lab.external_authority.certificate_pem,
        "identity": "csr",
    },
    "vm_encryption": lambda lab, folder: {"selection": '{"names": "vm1"}'},
    "key_rotation": lambda lab, folder: {
        "selection": {"names": ["vm1"]},
        "campaign": "2026",
        "state_path": str(folder / "rotation.json"),
    },
    "key_provider_migration": lambda lab, folder: {"source": "okms", "target": "nkp-prod"},
    "encryption_audit": lambda lab, folder: {"directory": str(folder / "audit")},
    "doctor": lambda lab, folder: {"fail_at": "never"},
    "drift_check": lambda lab, folder: {"dossier_path": str(folder / "dossier.json"), "fail_at": "never"},
    "field_check": lambda lab, folder: {"report_path": str(folder / "field.json")},
    "encryption_exit": lambda lab, folder: {
        "mode": "decrypt",
        "directory": str(folder / "exit"),
        "allow_remaining": "true",
    },
    "recovery": lambda lab, folder: {"file": str(folder / "dossier.json"), "backup_password": PASSWORD},
    "decommission": lambda lab, folder: {"provider": "nobody"},
    "certificate_renewal": lambda lab, folder: {},
}


def _blank(role: str, value: t.Any, lab: Lab, folder: pathlib.Path) -> dict[str, t.Any]:
    """Each optional option of the role as that value, and what it needs."""
    text = (harness.ROOT / "roles" / role / "meta/argument_specs.yml").read_text()
    specs = yaml.safe_load(text)["argument_specs"]["main"]["options"]
    blank = {name: value for name, spec in specs.items() if not spec.get("required")}
    pace = {f"{role}_wait_interval": 0.01, f"{role}_wait_timeout": 120}
    wanted = {f"{role}_{name}": one for name, one in WANTED[role](lab, folder).items()}
    return {**blank, **{name: one for name, one in pace.items() if name in specs}, **wanted}


def _run(lab: Lab, folder: pathlib.Path, value: t.Any, roles: t.Sequence[str], check: bool) -> harness.PlayResult:
    """The playbooks of these roles one after the other, with all their variables as with -e."""
    (folder / "all.yml").write_text(
        yaml.safe_dump([{"import_playbook": f"ovhcloud.vmware_encryption.{role}"} for role in roles])
    )
    variables: dict[str, t.Any] = {}
    for role in roles:
        variables.update(_blank(role, value, lab, folder))
    return harness.run_playbook(lab, str(folder / "all.yml"), folder, check=check, **variables)


def _write_dossier(lab: Lab, path: pathlib.Path, backup: pathlib.Path) -> None:
    """A dossier that knows the native provider."""
    variables = {
        "native_key_provider_name": "nkp-prod",
        "native_key_provider_tpm_required": True,
        "native_key_provider_backup_path": str(backup),
        "native_key_provider_backup_copies": [],
        "native_key_provider_vsphere_user": "",
        "native_key_provider_private_cloud": "",
    }
    digest = hashlib.sha256(backup.read_bytes()).hexdigest()
    known = {"path": str(backup), "sha256": digest, "created_at": "2026-09-01T08:00:00Z"}
    kind = {"type": "native", "role": "native_key_provider"}
    entry = {**kind, "default": False, "key_id": "", "variables": variables, "backup": known}
    made = changed_dossier(
        loaded_dossier(""), providers.vcenter_of(lab), DossierChange("nkp-prod", entry), "2026-09-01T08:00:00Z"
    )
    path.write_text(dumped_dossier(made))


def test_every_role_that_people_start_is_here() -> None:
    names = {path.stem for path in (harness.ROOT / "playbooks").glob("*.yml")}
    # test_role_awx.py has an AWX for that one, and leaves its options blank
    assert set(WANTED) | {"awx"} == names


BLANK = pytest.mark.parametrize("value", [None, ""], ids=["null", "blank"])


@pytest.mark.oldest("role okms", "blank answers")
@BLANK
def test_blank_answers_are_taken_for_none_in_check_mode(lab: Lab, tmp_path: pathlib.Path, value: t.Any) -> None:
    providers.okms(lab, "okms")
    backup = providers.native(lab, tmp_path)
    lab.vcenter.crypto.default = "okms"
    _write_dossier(lab, tmp_path / "dossier.json", backup)
    before = lab.journal.mark()
    result = _run(lab, tmp_path, value, list(WANTED), check=True)
    assert result.code == 0, result.screen
    assert lab.journal.writes(before) == []
    # preflight shows a table instead, recovery also the one of native_key_provider
    assert len(summaries_of(result)) == len(WANTED)
    # what a plan tells the next node of a workflow
    assert all(result.facts(role)["check"] for role in WANTED)
    assert {role: result.facts(role)["outcome"] for role in ("preflight", "okms", "vm_encryption", "decommission")} == {
        "preflight": "unchanged",
        "okms": "planned",
        "vm_encryption": "planned",
        "decommission": "unchanged",
    }
    assert result.facts("vm_encryption")["counts"]["left"] == 1


@pytest.mark.oldest("role okms", "blank answers")
@BLANK
def test_blank_answers_count_as_none_from_order_to_vms(
    lab: Lab, run_module: RunModule, tmp_path: pathlib.Path, value: t.Any
) -> None:
    lab.give_encryption_right()
    roles = [
        "okms",
        "native_key_provider",
        "vm_encryption",
        "key_rotation",
        "key_provider_migration",
        "encryption_audit",
    ]
    result = _run(lab, tmp_path, value, roles, check=False)
    assert result.code == 0, result.screen
    assert len(summaries_of(result)) == len(roles)
    assert len(lab.snapshot()["orders"]) == 1
    assert {found["name"] for found in run_module("key_provider_info")["key_providers"]} == {"okms", "nkp-prod"}
    order = {"number": 214000123, "status": "delivered", "price": 0.0, "currency": "EUR"}
    assert result.facts("okms")["order"] == order
    assert result.facts("okms")["provider"] == {
        "name": "okms",
        "type": "standard",
        "status": "green",
        "default": True,
    }
    assert result.facts("native_key_provider")["files"]["backup"] == str(tmp_path / "nkp.p12")
    moved = {"selected": 1, "already": 0, "done": 1, "blocked": 0, "failed": 0, "left": 0}
    for role in ("vm_encryption", "key_rotation"):
        assert (result.facts(role)["outcome"], result.facts(role)["counts"]) == ("changed", moved), role
    # no VM had keys of the old one
    assert result.facts("key_provider_migration")["outcome"] == "unchanged"
    assert set(result.facts("key_provider_migration")["counts"].values()) == {0}
    audit = result.facts("encryption_audit")
    report = json.loads((tmp_path / "audit/encryption-audit.json").read_text())
    assert audit["findings"] == report["totals"]["findings"] and audit["counts"]["encrypted"] == 1
    assert len(json.dumps(result.artifacts)) < 20_000
    machine = run_module("vm_encryption_info", selection={"names": ["vm1"]})["virtual_machines"][0]
    assert machine["home"]["provider"] == "nkp-prod"
