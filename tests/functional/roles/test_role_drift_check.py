# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and playbook drift_check: planted differences are found in one run, repaired only where something vouches."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import mentioned, summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

REGION = "eu-west-par"
HOST = f"{REGION}.okms.ovh.net"
KMIP_USER = "urn:v1:eu:identity:user:ab12345-ovh/vcenter-kmip"
FAST = {"wait_interval": 0.01, "wait_timeout": 60}
Row = dict[str, str]


class Site:
    """A vCenter with a provider of each kind, set up by the roles, and the dossier that they wrote."""

    def __init__(self, lab: Lab, folder: pathlib.Path) -> None:
        self.lab, self.folder = lab, folder
        self.dossier, self.report = folder / "dossier.json", folder / "reports/drift.json"
        self.metrics = folder / "node/vmware.prom"
        self.policies = ["VM Encryption Policy"]

    def play(self, playbook: str, check: bool = False, **options: t.Any) -> harness.PlayResult:
        """A playbook at the pace of the lab; options without the role's name."""
        given = {
            f"{playbook}_{key}": value for key, value in {**FAST, "dossier_path": str(self.dossier), **options}.items()
        }
        return harness.run_playbook(self.lab, playbook, self.folder, check, **given)

    def check(self, check: bool = False, **options: t.Any) -> harness.PlayResult:
        """The drift check with its files."""
        files = {"report_path": str(self.report), "metrics_path": str(self.metrics)}
        policies = self.policies
        return self.play("drift_check", check, **{**files, "storage_policies": policies, "fail_at": "never", **options})

    def rows(self) -> list[Row]:
        """What the last run has found."""
        return t.cast("list[Row]", json.loads(self.report.read_text())["findings"])

    def build(self) -> None:
        """Option 2 in a region with three addresses, option 1 with two servers, option 3 with its backup."""
        lab = self.lab
        cloud = {"private_cloud": lab.private_cloud}
        certificate, key = lab.external_client_pair()
        servers = [{"name": kms.name, "address": kms.host, "port": kms.address[1]} for kms in lab.external_kms]
        plays: dict[str, dict[str, t.Any]] = {
            "okms": {
                **cloud,
                "vsphere_user": lab.vsphere_user_name,
                "region": REGION,
                "provider": "okms-par",
                "identity_urns": [KMIP_USER],
                "allow_order": True,
                "default_provider": True,
            },
            "external_kms": {
                **cloud,
                "vsphere_user": "operator",
                "provider": "team-kms",
                "servers": servers,
                "server_ca": lab.external_authority.certificate_pem,
                "identity": "key_pair",
                "certificate": certificate,
                "private_key": key,
                "default_provider": False,
            },
            "native_key_provider": {
                "name": "nkp-prod",
                "backup_path": str(self.folder / "nkp.p12"),
                "backup_password": providers.BACKUP_PASSWORD,
                "backup_allow_ephemeral": True,
                "default_provider": False,
            },
        }
        for name, options in plays.items():
            done = self.play(name, **options)
            assert (done.code, done.failed) == (0, 0), done.screen

    @property
    def entries(self) -> dict[str, t.Any]:
        """The KMS entries of the private cloud by address."""
        return {entry.ip: entry for entry in self.lab.ovhcloud.state.pccs[self.lab.private_cloud].kms.values()}


@pytest.fixture
def site(lab: Lab, tmp_path: pathlib.Path) -> Site:
    made = Site(lab, tmp_path)
    made.build()
    return made


def _plant(site: Site) -> dict[tuple[str, str, str], str]:
    """Twelve differences; for each its kind, parts of its subject and of what is found, and what is done about it."""
    lab, crypto = site.lab, site.lab.vcenter.crypto
    first, second, third = lab.okms_addresses(REGION)
    cloud = lab.ovhcloud.state.pccs[lab.private_cloud]
    domain = next(iter(lab.ovhcloud.state.okms.values()))
    # OVHcloud's side of the network: an entry that is gone, an old thumbprint, an address that DNS left
    del cloud.kms[site.entries[first].kms_id]
    site.entries[third].thumbprint = "0A:" * 19 + "0A"
    lab.network.change(HOST, [first, third])
    # vCenter: trust that is gone, a server that is gone, another default
    crypto.providers["team-kms"].trusted.clear()
    del crypto.providers["team-kms"].servers[lab.external_kms[1].name]
    crypto.default = "nkp-prod"
    # rights and policies: of a vSphere user, of the certificate's identity, for storage
    site.policies.append("VM policy of ours")
    (operator,) = [user for user in cloud.users.values() if user.name == "operator"]
    for name in operator.rights:
        operator.rights[name] = False
    policy = next(one for one in lab.ovhcloud.state.policies.values() if one["name"].endswith("-kmip"))
    policy["permissions"]["allow"] = [one for one in policy["permissions"]["allow"] if "modify" not in one["action"]]
    # what lies elsewhere: a damaged backup, a credential that nobody uses, an order that waits for documents
    (site.folder / "nkp.p12").write_bytes(b"damaged")
    providers.run(
        lab,
        "okms_credential",
        okms_id=domain.okms_id,
        name="forgotten",
        private_key_path=str(site.folder / "k"),
        **FAST,
    )
    lab.ovhcloud.settings.order_outcome = "documentsRequested"
    order = {"region": "eu-west-sbg", "display_name": "another", "allow_order": True, **FAST}
    with pytest.raises(RuntimeError, match="waits for documents"):
        providers.run(lab, "okms", **order)
    return {
        ("kms_entry", f"{first} of okms-par", "none"): "fixed",
        ("kms_entry", f"({third}) of okms-par", "thumbprint 0A:0A:"): "fixed",
        ("trust", f"team-kms/{lab.external_kms[0].name}", "it does not"): "fixed",
        ("provider_server", f"team-kms/{lab.external_kms[1].name}", "vCenter does not have it"): "fixed",
        ("dns", "of okms-par", second): "told",
        ("default_provider", "vCenter", "nkp-prod"): "told",
        ("encryption_right", "vSphere user operator", "the user does not have it"): "told",
        ("iam_policy", "-kmip of okms-par", "lacks the actions okms:kmip:modifyAttribute"): "told",
        ("storage_policy", "VM policy of ours", "there is none of this name"): "told",
        ("native_backup", f"nkp-prod: {site.folder}/nkp.p12", "SHA-256 "): "told",
        ("okms_credential", "forgotten", "none does"): "told",
        ("order", "order ", "documentsRequested"): "told",
    }


def _of(rows: list[Row], kind: str, subject: str, found: str) -> list[Row]:
    return [row for row in rows if row["kind"] == kind and subject in row["subject"] and found in row["found"]]


@pytest.mark.oldest("role drift_check", "check", "first", "second")
def test_twelve_differences_are_found_and_some_are_repaired(lab: Lab, site: Site) -> None:
    clean = site.check(fail_at="notice")
    assert (clean.code, clean.failed, site.rows()) == (0, 0, []), clean.screen
    planted = _plant(site)
    assert len(planted) == 12
    mark = lab.journal.mark()
    found = site.check()
    rows = site.rows()
    assert (found.code, lab.journal.writes(mark)) == (0, []), found.screen
    missing = {place for place in planted if len(_of(rows, *place)) != 1}
    # providers that vCenter cannot reach or trust are not green, which is one more row each
    others = [row for row in rows if not any(row in _of(rows, *place) for place in planted)]
    assert missing == set(), rows
    assert {row["subject"] for row in others if row["kind"] == "key_provider"} == {"okms-par", "team-kms"}
    assert len(others) == 2, others
    assert all(row["next_step"] and row["expected"] and row["found"] for row in rows)
    possible = {place for place in planted if _of(rows, *place)[0]["fix"] == "possible"}
    assert possible == {place for place, what in planted.items() if what == "fixed"}
    assert all(row["found"] in " ".join(found.screen.split()) for row in rows)

    planned = site.check(check=True, fix=True)
    assert (planned.code, lab.journal.writes(mark)) == (0, []) and planned.changed > 0, planned.screen
    fixed = site.check(fix=True)
    words = " ".join(fixed.screen.split())
    assert fixed.code == 0 and f"{len(possible)} fixed" in words, fixed.screen
    left = {place for place in planted if _of(site.rows(), *place)}
    assert left == set(planted) - possible and len(site.rows()) == len(left), site.rows()
    assert set(lab.okms_addresses(REGION)) <= set(site.entries) and len(site.entries) == 5
    assert mentioned(summary_of(fixed)["changed"], "KMS entries of the private cloud repaired", "trust repaired")

    mark = lab.journal.mark()
    again = site.check(fix=True)
    assert (again.code, again.changed, lab.journal.writes(mark)) == (0, 0, []), again.screen


def test_severity_decides_whether_the_job_fails(lab: Lab, site: Site) -> None:
    lab.vcenter.crypto.default = "nkp-prod"  # a warning
    assert site.check(fail_at="critical").code == 0
    failed = site.check(fail_at="warning")
    assert failed.code != 0 and "0 critical differences, 1 warning, 0 notices" in " ".join(failed.screen.split())
    assert len(site.rows()) == 1
    series = f'vmware_encryption_drift_findings{{source="drift_check",vcenter="{lab.vcenter_hostname}",kind='
    text = site.metrics.read_text()
    assert f'{series}"default_provider",severity="warning"}} 1\n' in text
    assert f'{series}"trust",severity="critical"}} 0\n' in text
    # without a word in its favour nothing is repaired: another authority has signed the server's certificate
    lab.vcenter.crypto.providers["team-kms"].trusted.clear()
    dossier = json.loads(site.dossier.read_text())
    entry = dossier["vcenters"][0]["providers"]["team-kms"]
    entry["variables"]["external_kms_server_ca"] = lab.okms_public_ca
    site.dossier.write_text(json.dumps(dossier))
    mark = lab.journal.mark()
    refused = site.check(fix=True)
    assert (refused.code, lab.journal.writes(mark)) == (0, []), refused.screen
    assert {row["fix"] for row in site.rows()} == {"no"}
    assert len([row for row in site.rows() if row["kind"] == "server_certificate"]) == 2


@pytest.mark.oldest("role drift_check", "names that harm")
def test_names_of_a_dossier_are_no_templates(lab: Lab, tmp_path: pathlib.Path) -> None:
    lab.give_encryption_right()
    evil = "{{ lookup('ansible.builtin.pipe', 'touch " + str(tmp_path) + "/harm') }}"
    entries = {
        evil: {
            "type": "standard",
            "role": "external_kms",
            "default": True,
            "servers": [{"name": evil, "address": evil, "port": 5696}],
            "server_certificates": [evil],
            "variables": {"external_kms_private_cloud": lab.private_cloud, "external_kms_vsphere_user": evil},
        },
        "nkp-prod": {
            "type": "native",
            "role": "native_key_provider",
            "backup": {"path": f"/nowhere/{evil}", "sha256": "ab" * 32, "created_at": "2026-09-01T08:00:00Z"},
            "variables": {"native_key_provider_backup_copies": [{"host": evil, "path": f"/{evil}"}]},
        },
    }
    site = Site(lab, tmp_path)
    site.dossier.write_text(json.dumps({"format": 1, "vcenter": "", "providers": entries}))
    for number in (1, 2):
        done = site.check(fix=True, backup_password="planted")
        assert (done.code, bool(done.changed)) == (0, number == 1), done.screen
    assert not list(tmp_path.rglob("harm"))
    subjects = " ".join(row["subject"] for row in site.rows())
    assert f"vSphere user {evil}" in subjects and f"nkp-prod: copy {evil}:/{evil}" in subjects
    assert {row["kind"] for row in site.rows()} >= {"key_provider", "server_certificate", "native_backup"}


@pytest.mark.oldest("role drift_check", "backups that cannot be read")
def test_backups_that_cannot_be_read_stop_nothing(lab: Lab, tmp_path: pathlib.Path) -> None:
    site = Site(lab, tmp_path)
    (tmp_path / "folder").mkdir()
    # a folder gives no checksum, like a file without the right to read it; what is below a file cannot be looked up,
    # like what is in a folder that may not be entered
    paths = {"nkp-one": str(tmp_path / "folder"), "nkp-two": f"{site.dossier}/nkp.p12"}
    kept = {"sha256": "ab" * 32, "created_at": "2026-09-01T08:00:00Z"}
    entries = {
        name: {"type": "native", "role": "native_key_provider", "backup": {"path": path, **kept}, "variables": {}}
        for name, path in paths.items()
    }
    site.dossier.write_text(json.dumps({"format": 1, "vcenter": "", "providers": entries}))
    done = site.check(backup_password="planted")
    assert (done.code, done.failed) == (0, 0), done.screen
    for name, path in paths.items():
        (row,) = _of(site.rows(), "native_backup", f"{name}: {path}", "it cannot be read")
        assert "let the user of this job read" in row["next_step"]
    assert site.metrics.exists()


def test_wrong_variable_of_another_role_is_told_by_its_name(lab: Lab, tmp_path: pathlib.Path) -> None:
    site = Site(lab, tmp_path)
    done = harness.run_playbook(
        lab, "drift_check", tmp_path, external_kms_servers="{not JSON", okms_provider=["a", "b"]
    )
    assert done.code != 0 and lab.journal.writes() == [], done.screen
    assert mentioned(summary_of(done)["blocked_by"], "external_kms_servers"), done.screen
    assert not site.report.exists()
