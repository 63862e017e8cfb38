# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module standard_key_provider against a vCenter that is hard to reach, or answers badly."""

from __future__ import annotations

import functools

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    FAST,
    PROVIDER,
    Proxy,
    Writes,
    make_provider,
    open_up,
    server_of,
)


@pytest.fixture
def lab(lab):
    return open_up(lab)


@pytest.fixture
def run(run_module):
    return functools.partial(run_module, "standard_key_provider", name=PROVIDER, **FAST)


def trusted(result):
    return {server["name"]: server["trusted"] for server in result["key_provider"]["servers"]}


def test_failure_ends_the_session_and_keeps_its_id_secret(lab, run):
    mark = lab.journal.mark()
    result = run(servers=[server_of(lab.external_kms[0])], server_thumbprints=["AB" * 32])
    assert result.failed
    assert lab.journal.count("vcenter", "logout", since=mark) == 1
    assert "vmware_soap_session" not in result.output


def test_missing_privilege(lab, run):
    lab.ovhcloud.vsphere_user(lab.vcenter_username).rights["encryptionRight"] = False
    result, writes = Writes(lab).of(lambda: run(servers=[server_of(lab.external_kms[0])]))
    assert result.failed and writes == []
    assert result["failure"]["kind"] == "forbidden"
    assert "Cryptographer.ManageKeyServers" in result.msg and "encryption_right" in result.msg


@pytest.mark.parametrize("action", ["drop_before", "drop_after", "refuse"])
@pytest.mark.parametrize("operation", ["RegisterKmipServer", "UploadKmipServerCert", "MarkDefault"])
def test_lost_requests_are_told_and_the_next_run_converges(lab, run, action, operation):
    options = {
        "servers": [server_of(lab.external_kms[0])],
        "server_ca": lab.external_authority.certificate_pem,
        "default": True,
    }
    lab.faults.add(action, system="vcenter", operation=operation)
    broken = run(**options)
    assert broken.failed and "\n" not in broken.msg
    again = run(**options)
    assert not again.failed
    assert trusted(again) == {"kms-a": True} and again["key_provider"]["default"] is True
    assert run(**options).changed is False


def test_connection_from_the_variables_that_awx_sets(lab, monkeypatch):
    for name, value in lab.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("VMWARE_PROXY_HOST", "")  # AWX sets fields that were left empty to nothing
    options = {"servers": [server_of(lab.external_kms[0])], "server_ca": lab.external_authority.certificate_pem}
    assert harness.run_module("standard_key_provider", name=PROVIDER, **FAST, **options).changed


def test_connection_through_a_proxy(lab, run):
    with Proxy() as proxy:
        options = {"servers": [server_of(lab.external_kms[0])], "proxy_host": "127.0.0.1", "proxy_port": proxy.port}
        assert run(**options).changed
    assert set(proxy.targets) == {f"localhost:{lab.vcenter_port}"}


@pytest.mark.parametrize("action", ["html", "truncate", "status", "drop_before"])
@pytest.mark.parametrize("operation", ["ListKmsClusters", "RetrieveServiceContent", "GET /sdk/*"])
def test_broken_answers_are_one_line(lab, run, action, operation):
    lab.faults.add(action, system="vcenter", operation=operation)
    result = run(servers=[server_of(lab.external_kms[0])])
    assert result.failed and result.msg.startswith("could not ")
    assert "\n" not in result.msg
    assert result["failure"]["kind"] in ("api", "unreachable")


def test_unchanged_run_costs_few_round_trips(lab, run, run_module):
    make_provider(lab, run_module)
    options = {"servers": [server_of(lab.external_kms[0])], "server_ca": lab.external_authority.certificate_pem}
    mark = lab.journal.mark()
    assert run(**options).changed is False
    assert lab.journal.count("vcenter", since=mark) <= 9
