# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that AWX starts twice at once, or kills between two files: no file is half of one run and half of another."""

from __future__ import annotations

import concurrent.futures
import csv
import json
import pathlib
import re
import signal
import subprocess
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import key_pem

FILES = ("encryption-audit.csv", "encryption-audit.html", "encryption-audit.json")


def twice(lab: Lab, folder: pathlib.Path, role: str, **variables: t.Any) -> list[harness.PlayResult]:
    """Two processes of their own, as two jobs of AWX are."""
    places = [folder / name for name in ("first", "second")]
    for place in places:
        place.mkdir()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(harness.run_playbook, lab, role, place, kill_when=lambda: False, **variables)
            for place in places
        ]
        return [run.result() for run in runs]


def test_audit_twice_at_once_leaves_whole_files(lab: Lab, tmp_path: pathlib.Path) -> None:
    providers.okms(lab, "okms")
    folder = tmp_path / "audit"
    wanted: dict[str, t.Any] = {
        "encryption_audit_directory": str(folder),
        "encryption_audit_metrics_path": str(tmp_path / "a.prom"),
    }
    for run in twice(lab, tmp_path, "encryption_audit", **wanted):
        assert run.code == 0, run.screen
        assert run.facts("encryption_audit")["counts"]["virtual_machines"] > 0
    assert sorted(path.name for path in folder.iterdir()) == list(FILES)  # and nothing that is left of a run
    report = json.loads((folder / "encryption-audit.json").read_text())
    rows = list(csv.reader((folder / "encryption-audit.csv").read_text().splitlines()))
    assert len(rows) >= len(report["virtual_machines"])
    assert (folder / "encryption-audit.html").read_text().rstrip().endswith("</html>")


def test_audit_killed_between_its_files_is_finished(lab: Lab, tmp_path: pathlib.Path) -> None:
    lab.give_encryption_right()
    folder = tmp_path / "audit"
    wanted: dict[str, t.Any] = {"encryption_audit_directory": str(folder)}
    environment = {"LAB_KILL_AFTER_TASK": "Write the report as JSON"}
    killed = harness.run_playbook(lab, "encryption_audit", tmp_path, environment=environment, **wanted)
    assert killed.code == -signal.SIGKILL, killed.screen[-2500:]
    assert [path.name for path in folder.iterdir()] == ["encryption-audit.json"]
    first = json.loads((folder / "encryption-audit.json").read_text())
    again = harness.run_playbook(lab, "encryption_audit", tmp_path, **wanted)
    assert again.code == 0 and sorted(path.name for path in folder.iterdir()) == list(FILES), again.screen
    # the same facts, so the report keeps its time
    assert json.loads((folder / "encryption-audit.json").read_text()) == first


def test_request_made_twice_at_once_can_still_be_signed(lab: Lab, tmp_path: pathlib.Path) -> None:
    lab.give_encryption_right()
    lab.vcenter.flow_open = lambda _host, _port: True
    kms, request = lab.external_kms[0], tmp_path / "request.csr"
    wanted: dict[str, t.Any] = {
        "external_kms_provider": "team-kms",
        "external_kms_servers": [{"name": kms.name, "address": kms.address[0], "port": kms.address[1]}],
        "external_kms_server_ca": lab.external_authority.certificate_pem,
        "external_kms_identity": "csr",
        "external_kms_csr_output_path": str(request),
        "external_kms_dossier_path": str(tmp_path / "dossier.json"),
        "external_kms_preflight": False,
        "external_kms_wait_interval": 0.01,
        "external_kms_wait_timeout": 600,
    }
    twice(lab, tmp_path, "external_kms", **wanted)  # one of them may find the provider half made, and stop
    asked = harness.run_playbook(lab, "external_kms", tmp_path, **wanted)
    assert asked.facts("external_kms")["outcome"] == "failed"
    assert "signed for a TLS client, by the CA that the KMS trusts" in asked.facts("external_kms")["blocked_by"]
    assert len(lab.vcenter.crypto.providers) == 1
    (tmp_path / "clients-ca.pem").write_text(lab.external_clients.certificate_pem)
    (tmp_path / "clients-ca.key").write_text(key_pem(lab.external_clients.key))
    command = re.search("for example: (echo .*?) [.] Then", asked.screen)
    assert command is not None, asked.screen
    subprocess.run(["bash", "-c", command[1]], cwd=tmp_path, check=True, capture_output=True)
    signed = str(request.with_suffix(".pem"))
    done = harness.run_playbook(lab, "external_kms", tmp_path, **wanted, external_kms_certificate_file=signed)
    assert done.code == 0, done.screen
    assert done.facts("external_kms")["provider"]["status"] == "green"
    assert json.loads((tmp_path / "dossier.json").read_text())
