# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that cryptography reads only in part: from a server, before any trust, and in options."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import pathlib
import socket
import ssl
import threading
import typing as t

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.test_signed_certificate import request_pem
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.clock import LabClock
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import Authority, key_pem, server_context

HOST = "127.0.0.1"
NAMES = ["kms.example.com", "192.0.2.10", "odd-name"]
ODD_NAME = b"\x82\x08odd-name"
EDI_PARTY_NAME = b"\xa5\x08\xa1\x06\x0c\x04name"  # its party name is a UTF8String
X400_ADDRESS = b"\xa3\x08" + ODD_NAME[2:]


@pytest.fixture(scope="module")
def pair() -> tuple[str, str]:
    """A server's certificate and key."""
    return Authority("Servers", LabClock()).leaf("kms", "server", NAMES)


def edited(pem: str, old: bytes, new: bytes) -> str:
    """The certificate with other bytes; its signature fits no more, which looking at it does not need."""
    der = ssl.PEM_cert_to_DER_cert(pem)
    assert der.count(old) == 1
    return ssl.DER_cert_to_PEM_cert(der.replace(old, new))


def of_version(pem: str, number: int) -> str:
    """The certificate with another version in it; 2 in the field means version 3."""
    return edited(pem, b"\xa0\x03\x02\x01\x02", bytes([0xA0, 3, 2, 1, number]))


def with_name(pem: str, name: bytes) -> str:
    """One DNS name becomes a name of another kind."""
    return edited(pem, ODD_NAME, name)


def twice(pem: str) -> str:
    """Basic constraints (2.5.29.19) become a second extension for alternative names (2.5.29.17)."""
    return edited(pem, b"\x55\x1d\x13", b"\x55\x1d\x11")


def negative(pem: str) -> str:
    """The serial number begins with a set bit."""
    der = ssl.PEM_cert_to_DER_cert(pem)
    at = der.index(b"\xa0\x03\x02\x01\x02\x02") + 7
    return ssl.DER_cert_to_PEM_cert(der[:at] + bytes([der[at] | 0x80]) + der[at + 1 :])


def serving(pem: str, key: str, version: ssl.TLSVersion) -> t.ContextManager[int]:
    """A TLS server that shows this certificate and hangs up."""
    context = server_context(pem, key)
    context.maximum_version = version
    return answering(lambda connection: context.wrap_socket(connection, server_side=True).recv(1))


def half_a_handshake(pem: str) -> bytes:
    """What a TLS 1.2 server sends unencrypted: its hello and its certificate, which OpenSSL may be unable to load."""

    def sized(data: bytes, digits: int = 3) -> bytes:
        return len(data).to_bytes(digits, "big") + data

    hello = b"\x03\x03" + bytes(32) + b"\x00" + b"\xc0\x2b" + b"\x00"  # no session, ECDHE-ECDSA-AES128-GCM-SHA256
    shown = sized(sized(ssl.PEM_cert_to_DER_cert(pem)))
    return b"\x16\x03\x03" + sized(b"\x02" + sized(hello) + b"\x0b" + sized(shown), 2)


@contextlib.contextmanager
def answering(answer: t.Callable[[socket.socket], object]) -> t.Iterator[int]:
    """A server that answers each connection so, and hangs up."""
    with socket.create_server((HOST, 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _address = listener.accept()
                    with contextlib.suppress(OSError), connection:
                        answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
@pytest.mark.parametrize(
    ("change", "unreadable"),
    [
        (lambda pem: of_version(pem, 1), []),
        (lambda pem: of_version(pem, 9), []),
        (lambda pem: with_name(pem, X400_ADDRESS), ["subject_alternative_names", "is_ca"]),
        (lambda pem: with_name(pem, EDI_PARTY_NAME), ["subject_alternative_names", "is_ca"]),
        (negative, []),
    ],
    ids=["version 2", "version 10", "x400Address", "ediPartyName", "negative serial number"],
)
def test_what_can_be_read_of_an_odd_certificate_is_shown(
    pair: tuple[str, str], change: t.Callable[[str], str], unreadable: list[str], version: ssl.TLSVersion
) -> None:
    pem = change(pair[0])
    with serving(pem, pair[1], version) as port:
        result = harness.run_module("kmip_server_info", host=HOST, port=port, wait=False, thumbprints=[digest(pem)])
        other = harness.run_module("kmip_server_info", host=HOST, port=port, wait=False)
    found = result["kmip_server"]
    assert (found["sha256"], found["subject"], found["unreadable_fields"]) == (digest(pem), "CN=kms", unreadable)
    assert found["trusted"]["by_thumbprint"] is True
    assert found["days_left"] > 0
    assert "DNS:kms.example.com" in found["subject_alternative_names"]
    assert "IP:192.0.2.10" in found["subject_alternative_names"]
    assert bool(result.warnings) == bool(unreadable)
    assert all(name in result.warnings[0] for name in unreadable)
    assert other["kmip_server"]["trusted"]["verdict"] is False


def test_certificate_of_a_broken_handshake_is_shown_too(pair: tuple[str, str]) -> None:
    pem = twice(pair[0])

    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(half_a_handshake(pem))

    with answering(answer) as port:
        result = harness.run_module("kmip_server_info", host=HOST, port=port, wait=False, thumbprints=[digest(pem)])
    assert not result.failed, result.msg
    found = result["kmip_server"]
    assert (found["sha256"], found["subject"]) == (digest(pem), "CN=kms")
    assert found["unreadable_fields"] == ["subject_alternative_names", "is_ca"]
    assert "DNS:kms.example.com" in found["subject_alternative_names"]


def digest(pem: str) -> str:
    """The SHA-256 thumbprint."""
    digits = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()
    return ":".join(digits[start : start + 2] for start in range(0, len(digits), 2))


@pytest.mark.parametrize("change", [lambda pem: of_version(pem, 1), lambda pem: of_version(pem, 9)])
def test_option_with_an_unknown_version_names_option_and_block(
    pair: tuple[str, str], change: t.Callable[[str], str]
) -> None:
    result = harness.run_module("kmip_server_info", host=HOST, port=1, wait=False, ca=change(pair[0]))
    assert result["failure"]["kind"] == "invalid_input"
    assert result.msg == "ca: block 1 (CERTIFICATE) is damaged: it is not a readable certificate"


@pytest.fixture(scope="module")
def signing() -> dict[str, t.Any]:
    """A CA and a request for it."""
    authority = Authority("Clients", LabClock())
    request = request_pem(rsa.generate_private_key(65537, 2048))
    return {"csr": request, "ca_certificate": authority.certificate_pem, "ca_private_key": key_pem(authority.key)}


def test_ca_with_an_extension_twice_is_one_line(signing: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    odd = edited(signing["ca_certificate"], b"\x55\x1d\x0f", b"\x55\x1d\x13")  # key usage
    path = tmp_path / "made.pem"
    result = harness.run_module("signed_certificate", **{**signing, "ca_certificate": odd, "path": str(path)})
    assert result.failed
    assert result.msg.startswith("ca_certificate: a field of the certificate cannot be read: Duplicate 2.5.29.19")
    assert not path.exists()


def test_validity_beyond_all_dates_ends_with_the_ca(signing: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "made.pem")
    planned = harness.run_module("signed_certificate", True, **signing, path=path, validity=10**9)
    made = harness.run_module("signed_certificate", **signing, path=path, validity=10**9)
    assert planned.changed and made.changed and not made.failed
    assert "expires with its CA" in made.warnings[0]
    assert harness.run_module("signed_certificate", **signing, path=path, validity=10**9).changed is False


def test_password_with_a_nul_is_refused_by_name(tmp_path: pathlib.Path) -> None:
    options: dict[str, t.Any] = {
        "hostname": HOST,
        "username": "u",
        "password": "secret",
        "name": "nkp",
        "path": str(tmp_path / "n.p12"),
    }
    result = harness.run_module("native_key_provider_backup", **options, backup_password="with\0nul", port=1)
    assert result.failed
    assert result.msg.startswith("backup_password contains an invalid character (U+0000)")
    assert not list(tmp_path.iterdir())


def test_key_to_import_with_odd_operations_is_refused(tmp_path: pathlib.Path) -> None:
    secret = base64.b64encode(bytes(range(32))).decode()
    jwk = f'{{"kty": "oct", "k": "{secret}", "key_ops": [["encrypt"]]}}'
    options: dict[str, t.Any] = {
        "endpoint": "https://127.0.0.1:1/1.0",
        "access_token": "x",
        "okms_id": "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31",
    }
    for key, message in ((jwk, "key: key_ops of the JWK is not a list"), ("{" * 200_000, "key: is not complete JSON")):
        result = harness.run_module("okms_service_key", **options, name="n", key=key)
        assert result.failed and result.msg.startswith(message), result.msg
        assert secret not in str(result.data)
