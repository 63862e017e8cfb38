# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kmip_server_info with a client certificate."""

from __future__ import annotations

import pytest
from cryptography import x509

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.kmip_info_helpers import (
    OTHER_SHA256,
    documented_fields,
    listener,
    look_at,
    tls_answer,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import server_context

# a successful answer (KMIP 1.4) of one item to Query (0x18), with an empty payload
ANSWER_TO_QUERY = bytes.fromhex("""
    42007b0100000080 42007a0100000048 4200690100000020
    42006a0200000004 0000000100000000 42006b0200000004 0000000400000000
    4200920900000008 0000000065000000 42000d0200000004 0000000100000000
    42000f0100000028 42005c0500000004 0000001800000000 42007f0500000004 0000000000000000
    42007c0100000000
""")


@pytest.mark.oldest("kmip_server_info", "life")
def test_accepted_client(kms):
    found = kms.look(ca=kms.ca, **kms.pair())["kmip_server"]
    assert set(found) == documented_fields()
    assert (found["accepted"], found["error_kind"], found["error"]) == (True, None, None)
    assert found["protocol_versions"] == ["1.4", "1.3", "1.2", "1.1", "1.0"]
    assert {"CREATE", "GET", "QUERY"} <= set(found["operations"])
    assert found["missing_operations"] == []
    assert "PyKMIP" in found["vendor"]
    assert {operation for _name, operation in kms.server.seen} == {"DiscoverVersions", "Query"}


def test_accepted_with_a_pin_only_and_files(kms, tmp_path):
    pair = kms.pair()
    options = {}
    for name, text in pair.items():
        (tmp_path / name).write_text(text.replace("\n", "\\n"))
        options[f"{name}_path"] = str(tmp_path / name)
    found = kms.look(thumbprints=[kms.thumbprints["sha1"]], **options)["kmip_server"]
    assert found["accepted"] is True


def test_the_environment_gives_the_connection(kms13, tmp_path, monkeypatch):
    (tmp_path / "ca.pem").write_text(kms13.ca)
    for name, text in kms13.pair().items():
        (tmp_path / name).write_text(text)
        monkeypatch.setenv(f"KMIP_{name.upper()}_PATH", str(tmp_path / name))
    monkeypatch.setenv("KMIP_HOST", "localhost")
    monkeypatch.setenv("KMIP_PORT", str(kms13.port))
    monkeypatch.setenv("KMIP_CA_PATH", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("KMIP_USERNAME", "")
    result = harness.run_module("kmip_server_info", wait=False)
    assert result["kmip_server"]["accepted"] is True


def test_client_of_an_unknown_authority(kms):
    found = kms.look(ca=kms.ca, **kms.pair(kms.other))["kmip_server"]
    assert (found["accepted"], found["error_kind"]) == (False, "client_certificate_rejected")
    assert "unknown ca" in found["error"]
    assert found["operations"] is None


def test_revoked_client(kms):
    pair = kms.pair()
    assert kms.look(ca=kms.ca, **pair)["kmip_server"]["accepted"] is True
    kms.users.revoke(x509.load_pem_x509_certificate(pair["client_certificate"].encode()).serial_number)
    kms.server.refresh_revocations()
    found = kms.look(ca=kms.ca, **pair)["kmip_server"]
    assert (found["accepted"], found["error_kind"]) == (False, "client_certificate_rejected")
    assert "certificate revoked" in found["error"]


def test_client_whose_identity_has_no_policy(kms):
    """OKMS: the alert bad certificate for a certificate that is good in itself."""
    kms.server.admits = lambda _certificate, _address: False
    found = kms.look(ca=kms.ca, **kms.pair())["kmip_server"]
    assert (found["accepted"], found["error_kind"]) == (False, "client_certificate_rejected")
    assert "bad certificate" in found["error"] and "no IAM policy" in found["error"]


def test_untrusted_server_never_sees_the_client_certificate(kms):
    for options, kind in (
        ({"ca": kms.other.certificate_pem}, "server_untrusted"),
        ({"thumbprints": [OTHER_SHA256]}, "server_pin_mismatch"),
        ({"ca": kms.ca, "server_name": "kms.example.com"}, "server_untrusted"),
    ):
        found = kms.look(**options, **kms.pair())["kmip_server"]
        assert (found["accepted"], found["error_kind"]) == (None, kind)
    assert kms.server.seen == []


def test_operations_that_are_not_allowed(kms13):
    kms13.server.allowed = lambda name, serial, operation: operation != "Query"
    found = kms13.look(ca=kms13.ca, **kms13.pair())["kmip_server"]
    assert (found["accepted"], found["error_kind"]) == (True, "permission_denied")
    assert found["protocol_versions"]
    assert found["operations"] is None


def test_secrets_are_in_no_result(kms13):
    pair = kms13.pair()
    result = kms13.look(ca=kms13.ca, username="someone", password="very secret word", **pair)
    key_lines = pair["client_private_key"].splitlines()[1:-1]
    for secret in ("very secret word", *key_lines):
        shown = {name: value for name, value in result.data.items() if name != "invocation"}
        assert secret not in repr(shown)


@pytest.mark.parametrize(
    ("speak", "kind", "accepted"),
    [
        (lambda tls: (tls.recv(4096), tls.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")), "protocol_error", None),
        (lambda tls: (tls.recv(4096), tls.sendall(bytes.fromhex("42007b0140000000"))), "protocol_error", None),
        (
            lambda tls: (tls.recv(4096), tls.sendall(bytes.fromhex("42007b0100000008") + b"\0" * 8)),
            "protocol_error",
            None,
        ),
        (lambda tls: tls.recv(4096), "client_certificate_rejected", False),
        (lambda tls: (tls.recv(4096), tls.sendall(b"\x42")), "connection_lost", None),
        (lambda tls: (tls.recv(4096), tls.sendall(bytes.fromhex("42007b0100000008") + b"\0")), "connection_lost", None),
        (lambda tls: (tls.recv(4096), tls.sendall(ANSWER_TO_QUERY)), "protocol_error", None),
        (lambda tls: (tls.recv(4096), tls.recv(4096)), "timeout", None),
    ],
    ids=["http", "too long", "no result", "hangs up", "cut in head", "cut in body", "answers query", "silent"],
)
def test_something_else_behind_tls(kms13, speak, kind, accepted):
    certificate, key = kms13.servers.leaf("kms", "server", ["127.0.0.1"])
    with listener(tls_answer(server_context(certificate, key), speak)) as port:
        # only who says nothing is waited for: with much else to do, the others may take seconds
        patience = 0.5 if kind == "timeout" else 60
        found = look_at(port, ca=kms13.ca, timeout=patience, **kms13.pair())["kmip_server"]
    assert (found["error_kind"], found["accepted"]) == (kind, accepted)
