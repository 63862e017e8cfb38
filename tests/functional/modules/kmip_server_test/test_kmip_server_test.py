# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kmip_server_test against the lab's OKMS and the lab's external KMS."""

from __future__ import annotations

import logging
import socket
import ssl

import pytest
import yaml
from cryptography import x509

from ansible_collections.ovhcloud.vmware_encryption.plugins.modules import kmip_server_test
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.kmip_probe_helpers import (
    LOGIN,
    NAMES,
    not_done,
    okms_options,
    steps,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import Authority, thumbprints

OTHER_SHA256 = ":".join(["AA"] * 32)
LOOKS = NAMES[:4]
VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


# --- everything is in order


@pytest.mark.parametrize("tls", list(VERSIONS))
@pytest.mark.oldest("kmip_server_test", "life")
def test_a_certificate_that_okms_has_issued(tls):
    with Lab(LabSettings(okms_maximum_tls=VERSIONS[tls].name)) as lab:
        okms_id = lab.ovhcloud.new_okms(lab.region, "kms").okms_id
        options = okms_options(lab, okms_id, lab.ovhcloud.state.root.urn)
        result = harness.run_module("kmip_server_test", **options)
        assert not result.failed, result.msg
        found = result["kmip_server_test"]
        assert (found["passed"], found["left_behind"], result.changed) == (True, [], False)
        assert found["tls_version"] == tls
        assert okms_id in found["client_certificate"]["subject"]
        assert lab.okms_kmip.object_count() == 0


def test_the_external_kms(bench):
    result = bench.test()
    assert not result.failed, result.msg
    assert result.changed is False
    found = result["kmip_server_test"]
    documented = yaml.safe_load(kmip_server_test.RETURN)["kmip_server_test"]["contains"]
    assert set(found) == set(documented)
    for name in ("server_certificate", "client_certificate"):
        assert set(found[name]) == set(documented[name]["contains"])
    assert found["server_certificate"]["sha256"] == thumbprints(bench.server.server_certificate_pem)["sha256"]
    assert found["client_certificate"]["subject"] == "CN=vcenter"
    assert (found["passed"], found["left_behind"], found["perhaps_left_behind"]) == (True, [], False)
    assert (found["protocol_version"], found["missing"]) == ("1.4", [])
    assert "PyKMIP" in found["vendor"]
    assert found["key_name"].startswith("ansible-kmip-server-test-")
    assert not_done(result) == []
    for row in steps(result).values():
        assert set(row) == set(documented["steps"]["contains"])
        assert (row["error_kind"], row["error"]) == (None, None)
        assert row["seconds"] >= 0
    assert bench.server.object_count() == 0


def test_the_order_is_that_of_a_verification(bench):
    bench.test()
    assert [operation for _client, operation in bench.server.seen] == [
        "DiscoverVersions",
        "Query",
        "Create",
        "GetAttributes",
        "AddAttribute",
        "Activate",
        "GetAttributes",
        "Get",
        "Locate",
        "Revoke",
        "Destroy",
        "Get",
    ]


def test_messages_are_not_logged(bench, caplog):
    """PyKMIP logs whole answers, key bytes included, when somebody lets it."""
    with caplog.at_level(logging.DEBUG):
        assert bench.test()["kmip_server_test"]["passed"] is True
    assert [record for record in caplog.records if record.levelno < logging.WARNING and "kmip" in record.name] == []


def test_name_of_the_key(bench):
    names = {bench.test(key_name="proof")["kmip_server_test"]["key_name"] for _time in range(2)}
    assert len(names) == 2
    assert all(len(name) == len("proof-") + 8 and name.startswith("proof-") for name in names)


def test_check_mode_writes_nothing(bench):
    result = bench.test(check=True)
    assert not result.failed
    assert bench.lab.journal.writes() == []
    found = result["kmip_server_test"]
    assert (found["passed"], found["key_name"], found["key_id"], result.changed) == (None, None, None, False)
    assert found["missing"] == []
    assert [name for name, row in steps(result).items() if row["ok"]] == LOOKS
    assert set(found) == set(bench.test()["kmip_server_test"])


# --- no way in


def test_unknown_authority_of_the_client(bench):
    other = Authority("Clients of the team", bench.lab.clock)
    certificate, key = other.leaf("vcenter", "client")
    result = bench.test(client_certificate=certificate, client_private_key=key)
    assert (result["failure"]["kind"], result["failure"]["step"]) == ("client_certificate_rejected", "connection")
    assert "failed at step connection: " in result.msg
    assert "unknown ca" in result.msg
    assert bench.server.seen == []


def test_revoked_certificate(bench):
    certificate = x509.load_pem_x509_certificate(bench.pair["client_certificate"].encode())
    bench.lab.external_clients.revoke(certificate.serial_number)
    bench.server.refresh_revocations()
    result = bench.test()
    assert result["failure"]["kind"] == "client_certificate_rejected"
    assert "certificate revoked" in result.msg
    assert result["kmip_server_test"]["server_certificate"]["subject"] == "CN=kms1"


@pytest.mark.oldest("kmip_server_test", "refusal")
@pytest.mark.parametrize("check", [False, True])
def test_wrong_pin(bench, check):
    result = bench.test(check, thumbprints=[OTHER_SHA256])
    assert (result.failed, result["failure"]["kind"]) == (True, "server_pin_mismatch")
    assert result["failure"]["step"] == "server_certificate"
    assert OTHER_SHA256 in result.msg
    shown = result["kmip_server_test"]["server_certificate"]["sha256"]
    assert shown == thumbprints(bench.server.server_certificate_pem)["sha256"]
    assert shown in result.msg
    assert result["kmip_server_test"]["passed"] is False
    assert bench.server.seen == []


def test_wrong_authority_of_the_server(bench):
    result = bench.test(ca_path=bench.lab.okms_ca_path)
    assert result["failure"]["kind"] == "server_untrusted"
    assert bench.server.seen == []


def test_right_pin_is_enough(bench):
    pin = thumbprints(bench.server.server_certificate_pem)["sha1"]
    assert bench.test(ca_path=None, thumbprints=[pin])["kmip_server_test"]["passed"] is True


@pytest.mark.parametrize("on_failure", ["fail", "report"])
def test_unreachable(bench, on_failure):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    result = bench.test(port=port, on_failure=on_failure)
    assert result.failed is (on_failure == "fail")
    found = result["kmip_server_test"]
    assert (found["passed"], found["address"], found["server_certificate"]) == (False, None, None)
    assert not_done(result) == NAMES
    assert found["steps"][0]["error_kind"] == "unreachable"
    if result.failed:
        assert result.msg == (
            f"KMIP server {bench.host}:{port}: the test with client certificate CN=vcenter failed at step "
            "server_certificate: cannot connect: Connection refused [unreachable]"
        )


def test_user_name_and_password(bench):
    bench.lab.external_kms.login = LOGIN
    wanted = {"username": LOGIN[0], "password": LOGIN[1]}
    assert bench.test(**wanted)["kmip_server_test"]["passed"] is True
    for options in ({}, {**wanted, "password": "a wrong password"}):
        result = bench.test(**options)
        assert (result["failure"]["kind"], result["failure"]["step"]) == ("not_authenticated", "discover_versions")
        assert "a wrong password" not in result.msg
    assert bench.server.object_count() == 0
    assert bench.writes.count("Create") == 1


# --- bad input


def test_bad_input_always_fails_and_asks_nobody(bench):
    other_key = bench.lab.external_client_pair()[1]
    for options, message in (
        ({"client_certificate": None, "client_private_key": None}, "client_certificate: the client certificate to be"),
        ({"client_private_key": None}, "client_certificate and client_private_key belong together"),
        ({"client_private_key": other_key}, "client_private_key: this key does not belong to the certificate"),
        ({"key_name": ""}, "key_name: '' is not a name of 1 to 64 printable ASCII characters without blanks"),
        ({"key_name": "clé"}, "key_name: 'clé' is not a name"),
        ({"key_name": "two words"}, "key_name: 'two words' is not a name"),
        ({"host": ""}, "host: the name or address of the KMIP server is missing"),
    ):
        result = bench.test(on_failure="report", **options)
        assert result.failed
        assert result.msg.startswith(message)
        assert "kmip_server_test" not in result.data
    assert bench.server.seen == []
