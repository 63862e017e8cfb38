# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role external_kms with a request that is signed elsewhere: by the shown command, by the wrong one, by a stranger."""

from __future__ import annotations

import pathlib
import re
import subprocess
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.summaries import summary_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import key_pem

PROVIDER = "team-kms"
UPLOAD = "UpdateKmsSignedCsrClientCert"
Play = t.Callable[..., harness.PlayResult]


@pytest.fixture
def play(lab: Lab, tmp_path: pathlib.Path) -> Play:
    """The playbook for a vCenter that OVHcloud need not be asked about."""
    lab.give_encryption_right()
    lab.vcenter.flow_open = lambda _host, _port: True
    kms = lab.external_kms[0]
    variables = {
        "external_kms_provider": PROVIDER,
        "external_kms_servers": [{"name": kms.name, "address": kms.address[0], "port": kms.address[1]}],
        "external_kms_server_ca": lab.external_authority.certificate_pem,
        "external_kms_identity": "csr",
        "external_kms_csr_path": str(tmp_path / "vcenter request.csr"),
        "external_kms_preflight": False,
        "external_kms_wait_interval": 0.01,
        "external_kms_wait_timeout": 1800,
    }
    return lambda **options: harness.run_playbook(lab, "external_kms", tmp_path, **{**variables, **options})


def message_of(result: harness.PlayResult) -> str:
    """What the last task of a run that stopped said."""
    said: list[str] = re.findall(r'"msg": "(.*)"', result.screen)
    return said[-1]


def signed(folder: pathlib.Path, command: str) -> str:
    """The certificate that the CA of the KMS's clients makes with this command."""
    shell = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
    assert shell.returncode == 0, shell.stderr
    return (folder / "vcenter request.pem").read_text()


def test_shown_signing_command_leads_to_the_end(lab: Lab, play: Play, tmp_path: pathlib.Path) -> None:
    (tmp_path / "clients-ca.pem").write_text(lab.external_clients.certificate_pem)
    (tmp_path / "clients-ca.key").write_text(key_pem(lab.external_clients.key))
    asked = play()
    assert asked.code != 0
    shown = re.search("for example: (echo .*?) [.] Then", message_of(asked))
    assert shown is not None, asked.screen

    # without extensions OpenSSL makes version 1, which no KMS takes: the request is not used up for it
    plain = re.sub(r"^.*&& | -extfile \S+", "", shown[1])
    mark = lab.journal.mark()
    refused = play(external_kms_certificate=signed(tmp_path, plain))
    assert refused.code != 0 and "X.509 version 1" in refused.screen, refused.screen
    assert "extendedKeyUsage=clientAuth" in refused.screen
    assert lab.journal.count("vcenter", operation=UPLOAD, since=mark) == 0

    signed(tmp_path, shown[1])
    file = re.search("external_kms_certificate_file=(.*?)[.] Until", message_of(asked))
    assert file is not None, asked.screen
    done = play(external_kms_certificate_file=file[1])
    assert done.code == 0, done.screen
    assert lab.journal.count("vcenter", operation="GenerateClientCsr") == 1


def test_definite_refusal_ends_the_wait_early(
    lab: Lab, play: Play, run_module: RunModule, tmp_path: pathlib.Path
) -> None:
    assert play().code != 0
    csr = (tmp_path / "vcenter request.csr").read_text()
    stranger = lab.okms_users.sign_request(csr)
    refused = play(external_kms_certificate=stranger, external_kms_refused_timeout=0)
    assert refused.code != 0 and "must trust the CA that signed the certificate" in refused.screen, refused.screen
    assert "(external_kms_refused_timeout)" in summary_of(refused)["blocked_by"][0]
    provider = run_module("key_provider_info", name=PROVIDER)["key_providers"][0]
    assert provider["default"] is False
    # a run without it asks for another request, and the right certificate goes on
    assert play().code != 0
    right = lab.external_sign((tmp_path / "vcenter request.csr").read_text())
    done = play(external_kms_certificate=right)
    assert done.code == 0, done.screen
