# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the second run of each role costs, held to the table tests/benchmarks/budgets.yml."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles import fleet_site
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

Variables = dict[str, t.Any]
BUDGETS: dict[str, dict[str, int]] = yaml.safe_load(
    (pathlib.Path(__file__).resolve().parents[2] / "benchmarks/budgets.yml").read_text(encoding="utf-8")
)
SYSTEMS = {
    "vcenter": ("vcenter", "vcenter_rest"),
    "ovhcloud": ("ovhcloud",),
    "kmip": ("okms_kmip", "external_kms"),
}
KMIP_USER = "urn:v1:eu:identity:user:ab12345-ovh/vcenter-kmip"
FAST = {"wait_interval": 0.01, "wait_timeout": 120}


def paced(role: str, **options: t.Any) -> Variables:
    """Variables of a role, at the pace of the lab."""
    return {f"{role}_{name}": value for name, value in {**FAST, **options}.items()}


def okms(lab: Lab, folder: pathlib.Path) -> Variables:
    """Option 2 with an order, as the first run needs it."""
    return paced(
        "okms",
        private_cloud=lab.private_cloud,
        vsphere_user=lab.vsphere_user_name,
        region=lab.region,
        display_name="kms-prod",
        provider="okms-prod",
        allow_order=True,
    )


def okms_three_addresses(lab: Lab, folder: pathlib.Path) -> Variables:
    """In a region whose endpoint has three addresses."""
    return {**okms(lab, folder), "okms_region": "eu-west-par"}


def okms_kmip_policy(lab: Lab, folder: pathlib.Path) -> Variables:
    """Its certificate acts as another identity, whose policy the role keeps."""
    return {**okms(lab, folder), "okms_identity_urns": [KMIP_USER]}


def external_kms(lab: Lab, folder: pathlib.Path) -> Variables:
    """Option 1 with one server."""
    kms = lab.external_kms[0]
    certificate, key = lab.external_client_pair()
    return paced(
        "external_kms",
        provider="team-kms",
        private_cloud=lab.private_cloud,
        vsphere_user=lab.vsphere_user_name,
        servers=[{"name": kms.name, "address": kms.address[0], "port": kms.address[1]}],
        server_ca=lab.external_authority.certificate_pem,
        identity="key_pair",
        certificate=certificate,
        private_key=key,
    )


def native_key_provider(lab: Lab, folder: pathlib.Path) -> Variables:
    """Option 3 without copies."""
    return paced(
        "native_key_provider",
        name="nkp-prod",
        backup_path=str(folder / "backup.p12"),
        backup_password="planted backup password",
        private_cloud=lab.private_cloud,
        vsphere_user=lab.vsphere_user_name,
    )


def vm_encryption(lab: Lab, folder: pathlib.Path) -> Variables:
    """Six VMs, and a file that remembers power states."""
    fleet_site.prepare(lab)
    return paced(
        "vm_encryption", selection={"all": True}, provider=fleet_site.STANDARD, state_path=str(folder / "state.json")
    )


def encryption_audit(lab: Lab, folder: pathlib.Path) -> Variables:
    """Four key providers, a private cloud and an OKMS domain."""
    fleet_site.prepare(lab)
    return {
        "encryption_audit_directory": str(folder / "audit"),
        "encryption_audit_private_cloud": lab.private_cloud,
        "encryption_audit_okms_id": lab.ovhcloud.new_okms(lab.region, "kms-prod").okms_id,
    }


def drift_check(lab: Lab, folder: pathlib.Path) -> Variables:
    """A provider on OKMS with its dossier; report and metrics."""
    okms_id = providers.okms(lab)
    return {
        "drift_check_dossier_path": str(providers.dossier(lab, folder, "okms-prod", okms_id)),
        "drift_check_report_path": str(folder / "drift.json"),
        "drift_check_metrics_path": str(folder / "vmware.prom"),
        "drift_check_fail_at": "never",
    }


def doctor(lab: Lab, folder: pathlib.Path) -> Variables:
    """A provider on OKMS, hosts in encryption mode, and the private cloud."""
    providers.okms(lab)
    return {
        "doctor_private_cloud": lab.private_cloud,
        "doctor_report_path": str(folder / "doctor.json"),
        "doctor_fail_at": "never",
    }


def certificate_renewal(lab: Lab, folder: pathlib.Path) -> Variables:
    """A day on which nothing is due, with one key provider on OKMS and its KMS entry."""
    providers.okms(lab)
    return paced("certificate_renewal", private_cloud=lab.private_cloud)


SITES = {
    site.__name__: site
    for site in (
        okms,
        okms_three_addresses,
        okms_kmip_policy,
        external_kms,
        native_key_provider,
        vm_encryption,
        encryption_audit,
        doctor,
        drift_check,
        certificate_renewal,
    )
}


def cost(lab: Lab, mark: int, screen: str) -> dict[str, int]:
    """Requests by system since the mark, and tasks on the screen."""
    seen = lab.journal.summary(mark)
    requests = {name: sum(seen.get(one, {}).get("requests", 0) for one in ones) for name, ones in SYSTEMS.items()}
    assert set(seen) <= {one for ones in SYSTEMS.values() for one in ones}
    return {**requests, "tasks": len(re.findall(r"^TASK \[", screen, re.MULTILINE))}


@pytest.mark.parametrize("name", SITES)
def test_second_run_keeps_to_its_budget(lab: Lab, tmp_path: pathlib.Path, name: str) -> None:
    variables = SITES[name](lab, tmp_path)
    role = "okms" if name.startswith("okms") else name
    first = harness.run_playbook(lab, role, tmp_path, **variables)
    assert (first.code, first.failed) == (0, 0), first.screen
    mark = lab.journal.mark()
    again = harness.run_playbook(lab, role, tmp_path, **variables)
    assert (again.code, again.changed, lab.journal.writes(mark)) == (0, 0, []), again.screen
    seen = cost(lab, mark, again.screen)
    told = [f"{entry.system} {entry.operation}" for entry in lab.journal.entries(since=mark)]
    dear = {key: value for key, value in seen.items() if value > BUDGETS[name][key]}
    assert dear == {}, (seen, BUDGETS[name], told)


def test_budgets_are_of_roles_that_are_measured() -> None:
    assert set(BUDGETS) == set(SITES)
