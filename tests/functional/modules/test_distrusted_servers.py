# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server certificates that are not trusted: OVHcloud, vCenter and KMIP server give the same verdict, each by name."""

from __future__ import annotations

import contextlib
import datetime
import pathlib
import ssl
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import UnreachableError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.errors import ServerUntrustedError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.settings import (
    Anchors,
    Endpoint,
    Identity,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.transport import Transport
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection import rest, session
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.wire_helpers import https, one_line
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.clock import LabClock
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import (
    Authority,
    certificate_pem,
    key_pem,
    new_key,
)

# fault: (names in the certificate, days from now to its beginning and end)
FAULTS: dict[str, tuple[tuple[str, ...], int, int]] = {
    "unknown ca": (("localhost",), -1, 9),
    "wrong name": (("kms.example.com",), -1, 9),
    "common name only": ((), -1, 9),
    "expired": (("localhost",), -9, -1),
    "not yet valid": (("localhost",), 1, 9),
}
WORDS = {
    "unknown ca": "its CA is not known here",
    "wrong name": "only the subject alternative names count",
    "common name only": "only the subject alternative names count",
    "expired": "has expired",
    "not yet valid": "is not valid yet",
}
# the same in the reasons of kmip_server_info, which quotes OpenSSL and names the CA and the names that were compared
REASONS = {
    "unknown ca": "not trusted by the given CA: ",
    "wrong name": "the certificate is not valid for localhost, it names DNS:kms.example.com",
    "common name only": "the certificate is not valid for localhost, it names nobody (of its names only the subject "
    "alternative names count)",
    "expired": "not trusted by the given CA: certificate has expired",
    "not yet valid": "not trusted by the given CA: certificate is not yet valid",
}


def pair(authority: Authority, names: t.Sequence[str], begins: int, ends: int) -> tuple[str, str]:
    """A server's certificate and key; its common name is always the right one."""
    key, now = new_key(), datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=begins))
        .not_valid_after(now + datetime.timedelta(days=ends))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False)
    return certificate_pem(builder.sign(authority.key, hashes.SHA256())), key_pem(key)


@pytest.fixture(params=list(FAULTS))
def server(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> t.Iterator[tuple[str, int, str]]:
    """(fault, port, file of the CA to trust)."""
    authority = Authority("Servers CA", LabClock())
    made = pair(authority, *FAULTS[request.param])

    def answer(tls: ssl.SSLSocket) -> None:
        tls.recv(65536)

    with https(tmp_path, answer, authority, made) as (port, ca_path):
        if request.param == "unknown ca":
            pathlib.Path(ca_path).write_text(Authority("Other CA", LabClock()).certificate_pem, encoding="ascii")
        yield request.param, port, ca_path


@contextlib.contextmanager
def told(server: tuple[str, int, str], kind: str) -> t.Iterator[list[harness.ModuleResult]]:
    """Checks the result that is put into the list."""
    fault, _port, _ca_path = server
    results: list[harness.ModuleResult] = []
    yield results
    one_line(results[0], kind, "is not trusted: ", WORDS[fault])
    assert ("ca_path" in results[0].msg) == (fault == "unknown ca"), results[0].msg


def test_server_of_ovhcloud_is_distrusted_by_name(server: tuple[str, int, str]) -> None:
    _fault, port, ca_path = server
    endpoint = f"https://localhost:{port}/1.0"
    with told(server, "unreachable") as results:
        results.append(harness.run_module("account_info", endpoint=endpoint, ca_path=ca_path, access_token="token-1"))
    assert f"the TLS certificate of localhost:{port} is not trusted" in results[0].msg
    assert "maybe_done" not in results[0]["failure"] or results[0]["failure"]["maybe_done"] is False


@pytest.mark.parametrize("module", ["key_provider_info", "native_key_provider"])
def test_vcenter_is_distrusted_by_name(server: tuple[str, int, str], module: str) -> None:
    _fault, port, ca_path = server
    options: dict[str, t.Any] = {"name": "nkp"} if module == "native_key_provider" else {}
    login: dict[str, t.Any] = {"hostname": "localhost", "username": "admin", "password": "Planted-login-5"}
    with told(server, "unreachable") as results:
        results.append(harness.run_module(module, **login, port=port, ca_path=ca_path, **options))
    assert f"could not connect to vCenter localhost:{port}" in results[0].msg


def test_kmip_server_is_distrusted_by_name(server: tuple[str, int, str]) -> None:
    fault, port, ca_path = server
    place: dict[str, t.Any] = {"host": "localhost", "port": port, "ca_path": ca_path}
    found = harness.run_module("kmip_server_info", wait=False, **place)
    trusted = found["kmip_server"]["trusted"]
    assert trusted["verdict"] is False and trusted["reasons"][0].startswith(REASONS[fault]), trusted
    certificate, key = Authority("Users CA", LabClock()).leaf("vcenter", "client")
    client: dict[str, t.Any] = {"client_certificate": certificate, "client_private_key": key}
    refused = harness.run_module("kmip_server_test", **place, **client)
    one_line(refused, "server_untrusted", "is not the expected one: ", REASONS[fault])


def test_distrusted_server_gets_no_kmip_request(server: tuple[str, int, str]) -> None:
    fault, port, ca_path = server
    place = Endpoint("localhost", port, "localhost", 60, 60)
    talking = Transport(place, Anchors(pathlib.Path(ca_path).read_text(encoding="ascii")), Identity())
    with contextlib.closing(talking), pytest.raises(ServerUntrustedError) as caught:
        talking.open()
    assert WORDS[fault] in caught.value.message
    assert ("ca_path" in caught.value.message) == (fault == "unknown ca")


def test_rest_interface_is_distrusted_by_name(server: tuple[str, int, str]) -> None:
    fault, port, ca_path = server
    target = session.Target("localhost", port, None, 0, session.tls_context(True, ca_path))
    asking = rest.Rest(target, "admin", "Planted-login-5")
    with contextlib.closing(asking), pytest.raises(UnreachableError) as caught:
        asking.get("read the providers", "/api/x")
    assert WORDS[fault] in caught.value.message and not caught.value.details["maybe_done"]
    assert ("ca_path" in caught.value.message) == (fault == "unknown ca")
