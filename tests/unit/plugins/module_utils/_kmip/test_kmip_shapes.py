# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure parts of the KMIP back end: results in messages, handshake records, kinds of errors, options."""

from __future__ import annotations

import socket
import ssl

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip import errors
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.handshake import (
    clear_chain,
    handshake_messages,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.settings import (
    Anchors,
    anchors_of,
    endpoint_of,
    identity_of,
    load_identity,
    verifying_context,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.ttlv import raise_for_result, walk

PEER = "kms.example.com:5696"


def _params(**given):
    defaults = {name: option.get("default") for name, option in connection().options.items()}
    return {**defaults, "host": "kms.example.com", **given}


# --- results in messages


def _item(tag: int, value: bytes, kind: int = 1) -> bytes:
    return tag.to_bytes(3, "big") + bytes([kind]) + len(value).to_bytes(4, "big") + value + b"\0" * (-len(value) % 8)


def _answer(*fields: bytes) -> bytes:
    return _item(0x42007B, _item(0x42007A, b"") + _item(0x42000F, b"".join(fields)))


def _enumeration(tag: int, value: int) -> bytes:
    return _item(tag, value.to_bytes(4, "big"), 5)


OPERATION = _enumeration(0x42005C, 0x18)
FAILED = _enumeration(0x42007F, 1)


def test_success_is_silent():
    raise_for_result(_answer(OPERATION, _enumeration(0x42007F, 0)), PEER)


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        (
            [OPERATION, FAILED, _enumeration(0x42007E, 12), _item(0x42007D, b"not authorized\n", 7)],
            "permission_denied",
            f"KMIP server {PEER}: Query failed: not authorized (reason 12)",
        ),
        (
            [FAILED, _enumeration(0x42007E, 3)],
            "not_authenticated",
            f"KMIP server {PEER}: the request failed (reason 3)",
        ),
        (
            [OPERATION, FAILED, _enumeration(0x42007E, 1)],
            "item_not_found",
            f"KMIP server {PEER}: Query failed (reason 1)",
        ),
        ([OPERATION, FAILED, _enumeration(0x42007E, 5)], "operation_not_supported", "Query failed (reason 5)"),
        ([OPERATION, FAILED, _enumeration(0x42007E, 0x100)], "operation_failed", "Query failed (reason 256)"),
        ([OPERATION, FAILED], "operation_failed", "Query failed"),
        ([OPERATION, _enumeration(0x42007F, 2)], "operation_failed", "Query is pending"),
        ([OPERATION, _enumeration(0x42007F, 9)], "operation_failed", "Query ended with status 9"),
        ([OPERATION], "operation_failed", "Query failed"),
    ],
)
def test_failures_have_a_word(fields, kind, message):
    with pytest.raises(errors.OperationFailedError) as caught:
        raise_for_result(_answer(*fields), PEER)
    assert caught.value.kind == kind
    assert caught.value.message.endswith(message)


@pytest.mark.parametrize(
    "data", [b"\x42\x00\x7b", _answer(OPERATION)[:-9], _item(0x42007B, b"\x42\x00\x0f\x01\0\0\0\x09")]
)
def test_messages_that_are_cut_off(data):
    with pytest.raises(errors.ProtocolError, match=f"^KMIP server {PEER}: "):
        raise_for_result(data, PEER)


def test_walk_skips_padding():
    assert list(walk(_item(1, b"abc") + _item(2, b""))) == [(1, b"abc"), (2, b"")]


# --- handshake records


def _record(data: bytes, kind: int = 22) -> bytes:
    return bytes([kind, 3, 3]) + len(data).to_bytes(2, "big") + data


def _message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def _certificates(*ders: bytes) -> bytes:
    entries = b"".join(len(der).to_bytes(3, "big") + der for der in ders)
    return _message(11, len(entries).to_bytes(3, "big") + entries)


def test_certificates_are_found_over_the_borders_of_records():
    flow = _message(2, b"hello") + _certificates(b"leaf" * 40, b"authority" * 9) + _message(14, b"")
    for size in (1, 7, 50, 1000):
        stream = b"".join(_record(flow[start : start + size]) for start in range(0, len(flow), size))
        messages = list(handshake_messages(stream + _record(b"\1", 20) + _record(b"secret")))
        assert [kind for kind, _body in messages] == [2, 11, 14]
        assert clear_chain(messages) == (b"leaf" * 40, b"authority" * 9)


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        _record(_message(2, b"hello")) + _record(b"\1", 20) + _record(b"encrypted", 23),
        _record(_certificates(b"leaf")[:-1]),
        _record(_certificates(b"leaf"))[:9],
    ],
)
def test_no_certificates_in_clear(stream):
    assert clear_chain(list(handshake_messages(stream))) == ()


# --- kinds of errors


def _tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "phase", "kind", "facts"),
    [
        (socket.gaierror(-2, "Name or service not known"), "connect", "unreachable", {}),
        (ConnectionRefusedError(111, "Connection refused"), "connect", "unreachable", {}),
        (UnicodeError("label too long"), "connect", "unreachable", {}),
        (socket.timeout("timed out"), "connect", "unreachable", {}),
        (socket.timeout("timed out"), "handshake", "timeout", {}),
        (socket.timeout("timed out"), "later", "timeout", {}),
        (ConnectionResetError(104, "reset"), "connect", "connection_lost", {}),
        (EOFError(), "handshake", "connection_lost", {}),
        (ConnectionResetError(104, "reset"), "first", "client_certificate_rejected", {"certain": False}),
        (EOFError(), "later", "connection_lost", {}),
        (OSError(113, "No route to host"), "later", "connection_lost", {"errno": "EHOSTUNREACH"}),
        (_tls("WRONG_VERSION_NUMBER"), "handshake", "tls_failure", {"reason": "WRONG_VERSION_NUMBER"}),
        (_tls("TLSV1_ALERT_PROTOCOL_VERSION"), "handshake", "tls_failure", {}),
        (_tls("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "first", "client_certificate_rejected", {"certain": True}),
        (_tls("TLSV1_ALERT_UNKNOWN_CA"), "handshake", "client_certificate_rejected", {"certain": True}),
        (_tls("SSLV3_ALERT_CERTIFICATE_REVOKED"), "handshake", "client_certificate_rejected", {"certain": True}),
        (_tls("SSLV3_ALERT_HANDSHAKE_FAILURE"), "handshake", "client_certificate_rejected", {"certain": False}),
        (errors.PinMismatchError("pin"), "handshake", "server_pin_mismatch", {}),
        (ValueError("strange"), "later", "protocol_error", {}),
    ],
)
def test_every_error_has_a_stable_word(error, phase, kind, facts):
    made = errors.classify(error, phase, PEER)
    assert made.kind == kind
    assert facts.items() <= made.details.items()
    assert "_ssl.c" not in made.message
    assert "\n" not in made.message


# --- options


def test_endpoint():
    endpoint = endpoint_of(_params(host=" [2001:db8::1] ", server_name="kms.example.com."))
    assert (endpoint.host, endpoint.server_name, endpoint.peer) == (
        "2001:db8::1",
        "kms.example.com",
        "[2001:db8::1]:5696",
    )
    assert endpoint_of(_params(server_name="")).server_name == "kms.example.com"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"host": None}, "host: the name or address of the KMIP server is missing"),
        ({"host": " "}, "host: the name or address"),
        ({"host": "kms:5696"}, "host: 'kms:5696' is not a host name or address; the port has its own option"),
        ({"host": "https://kms"}, "is not a host name"),
        ({"host": "a..b"}, "host: 'a..b' is not a host name"),
        ({"server_name": ".b"}, "server_name: '.b' is not a host name"),
        ({"port": 0}, "port: 0 is not between 1 and 65535"),
        ({"timeout": 0}, "timeout: 0 is not a positive number of seconds"),
        ({"connect_timeout": -1}, "connect_timeout: -1 is not a positive"),
    ],
)
def test_wrong_endpoints(given, message):
    with pytest.raises(InvalidInputError) as caught:
        endpoint_of(_params(**given))
    assert message in caught.value.message


def test_anchors(authority, tmp_path):
    assert anchors_of(_params(ca="", thumbprints=[""])) == Anchors()
    assert anchors_of(_params(ca=authority.certificate.replace("\n", " "))) == Anchors(authority.certificate)
    path = tmp_path / "ca.pem"
    path.write_text(authority.certificate)
    pin = ("sha1", ":".join(["AA"] * 20))
    assert anchors_of(_params(ca_path=str(path), thumbprints=["aa" * 20])) == Anchors(authority.certificate, (pin,))


@pytest.mark.parametrize(
    ("anchors", "by_chain"),
    [
        (Anchors(), True),
        (Anchors("ca"), True),
        (Anchors("ca", (("sha1", "x"),)), True),
        (Anchors(None, (("sha1", "x"),)), False),
    ],
)
def test_a_pin_alone_is_the_anchor(anchors, by_chain):
    assert anchors.by_chain is by_chain


def test_a_context_verifies_what_the_anchors_demand(authority):
    chain = verifying_context(Anchors(authority.certificate))
    pin = verifying_context(Anchors(None, (("sha1", "x"),)))
    assert (chain.verify_mode, chain.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert (pin.verify_mode, pin.check_hostname) == (ssl.CERT_NONE, False)
    assert {chain.minimum_version, pin.minimum_version} == {ssl.TLSVersion.TLSv1_2}


def test_identity(leaf):
    assert identity_of(_params()) is None
    named = identity_of(_params(username="user", password="secret"))
    assert named is not None
    assert (named.username, named.certificate) == ("user", None)
    pair = identity_of(
        _params(client_certificate=leaf.certificate, client_private_key=leaf.private_key.replace("\n", "\\n"))
    )
    assert pair is not None
    assert (pair.certificate, pair.private_key) == (leaf.certificate, leaf.private_key)
    assert leaf.private_key not in repr(pair)


def test_wrong_identities(leaf, authority, tmp_path):
    wrong = [
        ({"client_certificate": leaf.certificate}, "belong together, only one was given"),
        ({"client_private_key": leaf.private_key}, "belong together, only one was given"),
        ({"username": "user"}, "username and password belong together"),
        (
            {"username": "user", "password": "gehe\u00efm"},
            "username and password: PyKMIP can send ASCII characters only",
        ),
        (
            {"client_certificate": leaf.certificate, "client_private_key": authority.private_key},
            "client_private_key: this key does not belong to the certificate of client_certificate",
        ),
        (
            {
                "client_certificate": leaf.certificate,
                "client_private_key": leaf.private_key_in(PrivateFormat.PKCS8, "right"),
                "client_private_key_passphrase": "wrong",
            },
            "client_private_key: the private key cannot be opened with the given passphrase",
        ),
        (
            {"client_certificate": leaf.private_key, "client_private_key": leaf.private_key},
            "client_certificate: block 1 (PRIVATE KEY) is not a CERTIFICATE",
        ),
    ]
    for given, message in wrong:
        with pytest.raises(errors.ClientCredentialsError) as caught:
            identity_of(_params(**given))
        assert message in caught.value.message
        assert caught.value.kind == "invalid_client_credentials"
    with pytest.raises(InvalidInputError, match=r"^client_private_key_path: .* is a directory, expected a file$"):
        identity_of(_params(client_private_key_path=str(tmp_path)))


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_an_encrypted_key_is_loaded_and_leaves_no_file(leaf, form, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("os.access", lambda path, mode: False)
    key = leaf.private_key_in(form, "secret")
    identity = identity_of(
        _params(client_certificate=leaf.certificate, client_private_key=key, client_private_key_passphrase="secret")
    )
    assert identity is not None
    load_identity(verifying_context(Anchors()), identity)
    assert list(tmp_path.iterdir()) == []
