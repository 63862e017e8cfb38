# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and playbook encryption_audit: check, do, again, something new, trend, findings that fail, names that harm."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import pathlib
import re
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    add_standard,
    without,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import PROVIDER, open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import mentioned, summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.crypto_state import KmipServer

Play = t.Callable[..., harness.PlayResult]
HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "=cmd|' /C calc'!A0",
    "{{ lookup('ansible.builtin.pipe', 'touch harm') }}",
    "{% for x in range(9) %}harm{% endfor %}",
)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "audit"


@pytest.fixture
def play(lab: Lab, tmp_path: pathlib.Path, folder: pathlib.Path) -> Play:
    """Runs the playbook on a vCenter with two providers, and VMs in three states."""
    open_up(lab)
    add_standard(lab)
    add_native(lab, has_backup=False)
    inventory = lab.vcenter.inventory
    inventory.encrypt(inventory.vm("vm1"), PROVIDER, "key-1")
    inventory.encrypt(inventory.vm("vm2"), "vnkp", "key-2")
    inventory.give_tpm(inventory.vm("vm3"), PROVIDER, "key-3")
    inventory.cluster("C0").vsan = True

    def run(check: bool = False, environment: t.Any = None, **options: t.Any) -> harness.PlayResult:
        variables = {"encryption_audit_directory": str(folder), **options}
        return harness.run_playbook(lab, "encryption_audit", tmp_path, check, 0, environment, **variables)

    return run


def _good(result: harness.PlayResult) -> harness.PlayResult:
    assert (result.code, result.failed) == (0, 0), result.screen
    return result


def _report(folder: pathlib.Path) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads((folder / "encryption-audit.json").read_text()))


def _rows(folder: pathlib.Path) -> list[dict[str, str]]:
    with (folder / "encryption-audit.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _shown(folder: pathlib.Path, name: str) -> str:
    """A headline number of the page."""
    page = (folder / "encryption-audit.html").read_text(encoding="utf-8")
    return re.findall(rf'data-number="{name}">([^<]*)<', page)[0].replace("\xa0", " ")


@pytest.mark.oldest("role encryption_audit", "check")
def test_check_mode_shows_the_numbers_and_writes_nothing(lab: Lab, play: Play, folder: pathlib.Path) -> None:
    result = _good(play(check=True))
    assert not folder.exists() and lab.journal.writes() == []
    assert "2 of 6 VMs are encrypted (33.3 %)" in result.screen


def test_backed_up_native_provider_counts_as_healthy(lab: Lab, play: Play, folder: pathlib.Path) -> None:
    lab.vcenter.settings.native_status = "gray"  # as SOAP has it
    lab.vcenter.crypto.providers["vnkp"].has_backup = True
    _good(play())
    (native,) = (one for one in _report(folder)["key_providers"] if one["name"] == "vnkp")
    assert (native["status"], native["reasons"]) == ("green", [])
    page = (folder / "encryption-audit.html").read_text(encoding="utf-8")
    healthy = sum(one["status"] == "green" for one in _report(folder)["key_providers"])
    assert f"{healthy} healthy" in page and ">gray<" not in page


def _evidence(lab: Lab, report: dict[str, t.Any], files: dict[str, bytes]) -> None:
    """Who read which vCenter with what; and the page names the hashes of the other two files."""
    about, run = report["vcenter_about"], report["run_by"]
    assert (about["version"], about["user"]) == ("8.0.3", lab.vcenter_username)
    assert run["user"] and run["control_node"] and report["collection_version"]
    page = files["encryption-audit.html"].decode()
    for name in ("encryption-audit.json", "encryption-audit.csv"):
        assert f'data-sha256="{name}">{hashlib.sha256(files[name]).hexdigest()}<' in page
    verdicts = {one["check"]: one["result"] for one in report["checks"]}
    assert (verdicts["vms_encrypted"], verdicts["backups"], verdicts["complete"]) == ("fail", "fail", "pass")


@pytest.mark.oldest("role encryption_audit", "first", "second")
def test_three_files_agree_and_second_run_changes_nothing(lab: Lab, play: Play, folder: pathlib.Path) -> None:
    first = _good(play())
    assert first.changed > 0
    assert lab.journal.writes() == []  # nothing but reading anywhere
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert set(files) == {f"encryption-audit.{kind}" for kind in ("json", "csv", "html")}
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700

    report, rows, inventory = _report(folder), _rows(folder), lab.vcenter.inventory
    totals = report["totals"]
    assert (totals["virtual_machines"], totals["encrypted"], totals["vtpm_only"], totals["unencrypted"]) == (6, 2, 1, 3)
    assert totals["disks"] == sum(len(machine.disks) for machine in inventory.vms)
    assert (_shown(folder, "encrypted"), _shown(folder, "exceptions")) == ("33.3 %", "4")
    urgent = totals["findings"]["critical"] + totals["findings"]["warning"]
    assert _shown(folder, "attention") == str(urgent)
    assert len([row for row in rows if row["record"] == "vm"]) == 6
    assert len([row for row in rows if row["record"] == "disk"]) == totals["disks"]
    assert [row["key_id"] for row in rows if row["vm"] == "vm2"] == ["key-2"] * (1 + len(inventory.vm("vm2").disks))
    assert {row["name"]: row["virtual_machines"] for row in report["by_provider"]} == {PROVIDER: 2, "vnkp": 1}
    assert {one["kind"] for one in report["certificates"]} == {"vcenter_client", "kms_server"}
    assert [one["level"] for one in report["backups"]] == ["missing"]
    assert report["defaults"]["system"] == PROVIDER
    assert "VM Encryption Policy" in {one["name"] for one in report["storage_policies"]}
    assert len(report["hosts"]) == len(inventory.hosts)
    assert [(one["cluster"], one["enabled"]) for one in report["vsan_clusters"]] == [("C0", False)]
    assert "not_read" not in {one["topic"] for one in report["findings"]}

    _evidence(lab, report, files)

    again = _good(play())
    assert again.changed == 0, again.screen
    assert _good(play(check=True)).changed == 0
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == files


def test_metrics_are_written_each_run_and_change_with_the_facts(
    lab: Lab, play: Play, folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "node/vmware.prom"
    options = {"encryption_audit_metrics_path": str(file), "encryption_audit_metrics_mode": "0640"}
    assert _good(play(check=True, **options)).changed > 0 and not file.parent.exists()
    _good(play(**options))
    assert file.stat().st_mode & 0o777 == 0o640 and os.listdir(file.parent) == [file.name]
    machines = f'vmware_encryption_virtual_machines{{source="encryption_audit",vcenter="{lab.vcenter_hostname}",state='
    assert f'{machines}"encrypted"}} 2\n' in file.read_text()
    before = file.stat().st_mtime_ns
    again = _good(play(**options))
    assert (again.changed, file.stat().st_mtime_ns > before) == (0, True), again.screen
    lab.vcenter.inventory.encrypt(lab.vcenter.inventory.vm("vm4"), PROVIDER, "key-4")
    assert _good(play(**options)).changed > 0 and f'{machines}"encrypted"}} 3\n' in file.read_text()
    wrong = play(encryption_audit_metrics_path=str(tmp_path))
    assert wrong.code != 0 and f"encryption_audit_metrics_path: {tmp_path} is a folder" in " ".join(
        wrong.screen.split()
    )


def test_something_new_gives_a_new_report_and_the_trend(lab: Lab, play: Play, folder: pathlib.Path) -> None:
    _good(play())
    first = _report(folder)
    lab.vcenter.inventory.encrypt(lab.vcenter.inventory.vm("vm4"), PROVIDER, "key-4")
    told = _good(play(check=True))
    assert told.changed > 0
    assert _report(folder) == first
    _good(play())
    second = _report(folder)
    assert [one["encrypted"] for one in second["trend"]] == [2, 3] or first["generated_at"] == second["generated_at"]
    assert second["totals"]["encrypted"] == 3


def test_earlier_reports_from_elsewhere_become_the_trend(
    lab: Lab, play: Play, folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    _good(play())
    kept = tmp_path / "kept"
    kept.mkdir()
    for number, (when, encrypted) in enumerate((("2026-01-01T00:00:00Z", 0), ("2026-01-02T00:00:00Z", 1))):
        old = {**_report(folder), "generated_at": when, "trend": []}
        old["totals"] = {**old["totals"], "encrypted": encrypted}
        (kept / f"encryption-audit-{number}.json").write_text(json.dumps(old))
    (folder / "encryption-audit.json").unlink()
    history = [str(kept), str(kept / "encryption-audit-1.json")]
    _good(play(encryption_audit_history=history))
    assert [one["encrypted"] for one in _report(folder)["trend"]] == [0, 1, 2]
    assert "From " in (folder / "encryption-audit.html").read_text(encoding="utf-8")
    assert _good(play(encryption_audit_history=history)).changed == 0
    bad = play(encryption_audit_history=[str(tmp_path / "variables.json")])
    assert bad.code != 0
    assert "not an audit report of this collection" in bad.screen


def test_findings_fail_only_when_asked_and_after_the_report(play: Play, folder: pathlib.Path) -> None:
    result = play(encryption_audit_fail_on=["critical"])
    assert result.code != 0
    assert "vnkp: This native key provider has no backup" in " ".join(result.screen.split())
    assert _report(folder)["totals"]["findings"]["critical"] == 1
    wrong = play(encryption_audit_fail_on=["bad"])
    assert wrong.code != 0
    screen = " ".join(wrong.screen.split())
    assert "nothing was changed: encryption_audit_fail_on" in screen and "one of" in screen, wrong.screen


def test_hostile_names_stay_names(lab: Lab, play: Play, folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    for name in HOSTILE:
        lab.vcenter.inventory.add_vm(name)
    _good(play())
    assert not list(tmp_path.rglob("harm"))
    names = {machine["name"] for machine in _report(folder)["virtual_machines"]}
    assert names > set(HOSTILE)
    page = (folder / "encryption-audit.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert {row["vm"] for row in _rows(folder)} > {f"'{HOSTILE[2]}", HOSTILE[3], HOSTILE[4]}
    assert _good(play()).changed == 0
    assert not list(tmp_path.rglob("harm"))


def test_the_side_of_ovhcloud_and_the_age_of_backups(
    lab: Lab, play: Play, folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    dossier = {"format": 1, "vcenter": "", "providers": {"vnkp": {"backup": {"created_at": "2020-01-01T00:00:00Z"}}}}
    (tmp_path / "dossier.json").write_text(json.dumps(dossier))
    lab.vcenter.crypto.providers["vnkp"].has_backup = True
    options = {
        "encryption_audit_private_cloud": lab.private_cloud,
        "encryption_audit_okms_id": "00000000-0000-4000-8000-000000000000",
        "encryption_audit_dossier_path": str(tmp_path / "dossier.json"),
    }
    result = _good(play(**options))
    report = _report(folder)
    assert report["private_cloud"]["service_name"] == lab.private_cloud
    assert lab.vsphere_user_name in report["private_cloud"]["key_managers"]
    assert report["backups"][0]["level"] == "expired"
    codes = {one["topic"]: one for one in report["findings"]}
    assert codes["backup_old"]["severity"] == "warning"
    # a domain that is not there is told, and does not stop the rest
    assert codes["not_read"]["subject"] == "Not read: OKMS credentials"
    assert "no such domain" in codes["not_read"]["text"]
    assert _good(play(**options)).changed == 0
    # nor does OVHcloud when it refuses everything
    refused = _good(play(environment={"OVH_CONSUMER_KEY": "bad"}, **options))
    subjects = [one["subject"] for one in _report(folder)["findings"] if one["topic"] == "not_read"]
    assert subjects == [
        f"Not read: {part}"
        for part in (
            "OKMS audit logs",
            "OKMS credentials",
            "OKMS domain",
            "credential of the OVHcloud API",
            "private cloud",
        )
    ]
    assert "2 of 6 VMs are encrypted" in refused.screen
    assert lab.private_cloud in (folder / "encryption-audit.html").read_text(encoding="utf-8")
    for secret in lab.secrets():
        assert len(secret) < 4 or secret not in result.screen


def test_what_the_user_may_not_read_is_told(lab: Lab, play: Play, folder: pathlib.Path) -> None:
    without(lab, "StorageProfile.View")
    result = play()
    _good(result)
    summary = summary_of(result)
    assert mentioned(summary["skipped"], "storage policies could not be read", "(none named)"), summary
    assert mentioned(summary["done"], "Key providers and VMs") and summary["to_do"] == [], summary
    report = _report(folder)
    assert report["storage_policies"] is None
    assert [one["subject"] for one in report["findings"] if one["topic"] == "not_read"] == [
        "Not read: storage policies"
    ]


def test_a_failure_is_summed_up(play: Play, folder: pathlib.Path) -> None:
    result = play(environment={"VMWARE_PASSWORD": "wrong"})
    assert result.code != 0
    assert re.search(r'"blocked_by": \[\s*"Read the key providers and their users: ', result.screen)
    assert list(folder.iterdir()) == []


def test_what_okms_costs_a_month(lab: Lab, play: Play, folder: pathlib.Path) -> None:
    domain = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod")
    lab.ovhcloud.kmip_object_count = lambda okms_id: 5
    region = lab.ovhcloud.core.regions["eu-west-rbx"]
    server = KmipServer("okms", region.ecdsa.host, region.ecdsa.port)
    lab.vcenter.crypto.providers[PROVIDER].servers["okms"] = server
    result = _good(play(encryption_audit_okms_id=domain.okms_id))
    cost = _report(folder)["okms"]
    assert (cost["monthly_cost"], cost["currency"]) == (0.3, "EUR")
    # the keys of vm1 and of the home of vm3
    assert (cost["in_use"], cost["unused"], cost["unused_monthly_cost"]) == (2, 3, 0.18)
    notices = {one["topic"]: one for one in _report(folder)["findings"]}
    assert "Only this vCenter was read" in notices["okms_unused_objects"]["text"]
    assert "0.3 EUR a month without tax" in result.screen
    assert "not used by this vCenter" in (folder / "encryption-audit.html").read_text(encoding="utf-8")
    assert _good(play(encryption_audit_okms_id=domain.okms_id)).changed == 0


def test_whether_keys_leave_a_trace_and_whom_to_look_for(
    lab: Lab, play: Play, folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    domain, stream = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod"), lab.ovhcloud.add_stream()
    own = ["urn:v1:eu:identity:account:ab12345-ovh"]
    wish: dict[str, t.Any] = {
        "okms_id": domain.okms_id,
        "name": "old",
        "identity_urns": own,
        "private_key_path": str(tmp_path / "key"),
    }
    credential = harness.run_module("okms_credential", **harness.connection(lab, "ovhcloud"), **wish)["credential"]

    def seen() -> tuple[list[str], dict[str, t.Any], str]:
        assert _good(play(encryption_audit_okms_id=domain.okms_id))
        report = _report(folder)
        topics = [one["topic"] for one in report["findings"] if one["topic"].endswith("_logs")]
        verdict = next(one for one in report["checks"] if one["check"] == "trace")["result"]
        assert report["okms_logs"]["identities"][0]["tls_cert_id"] == credential["id"]
        page = (folder / "encryption-audit.html").read_text(encoding="utf-8")
        assert "tls_cert_id" in page and credential["id"] in page
        return topics, report["okms_logs"], verdict

    topics, _found, verdict = seen()
    assert (topics, verdict) == (["okms_no_logs"], "fail")
    lab.ovhcloud.logs.add(domain, "kmip", stream)
    topics, found, verdict = seen()
    assert (topics, verdict) == (["okms_some_logs"], "fail")
    assert [(one["kind"], [to["stream_id"] for to in one["streams"]]) for one in found["kinds"]] == [
        ("kmip", [stream]),
        ("rest", []),
    ]
    lab.ovhcloud.logs.add(domain, "rest", stream)
    topics, _found, verdict = seen()
    assert (topics, verdict) == ([], "pass")
    assert stream in (folder / "encryption-audit.html").read_text(encoding="utf-8")
    assert _good(play(encryption_audit_okms_id=domain.okms_id)).changed == 0
