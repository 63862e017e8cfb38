# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates, requests and keys for the tests of pure functions."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@dataclasses.dataclass
class Made:
    """A certificate with its key."""

    x509: x509.Certificate
    key: t.Any

    @property
    def certificate(self) -> str:
        return self.x509.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def private_key(self) -> str:
        return self.private_key_in(serialization.PrivateFormat.PKCS8)

    def private_key_in(self, form: serialization.PrivateFormat, passphrase: str | None = None) -> str:
        hidden = (
            serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
        )
        return str(self.key.private_bytes(serialization.Encoding.PEM, form, hidden).decode())

    @functools.cached_property
    def request(self) -> str:
        request = (
            x509.CertificateSigningRequestBuilder().subject_name(self.x509.subject).sign(self.key, _digest(self.key))
        )
        return request.public_bytes(serialization.Encoding.PEM).decode()


def _digest(key: t.Any) -> t.Any:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


class Maker:
    """Makes certificates valid in the year 2026, with serial number 0x0A0B."""

    def make(
        self,
        name: str,
        issuer: Made | None = None,
        ca: bool = False,
        kind: str = "ec",
        names: t.Sequence[x509.GeneralName] = (),
        extensions: t.Sequence[x509.ExtensionType] = (),
    ) -> Made:
        """Self-signed without an issuer."""
        key: t.Any = {
            "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
            "rsa": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "ed25519": ed25519.Ed25519PrivateKey.generate,
        }[kind]()
        signer = issuer.key if issuer else key
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(issuer.x509.subject if issuer else _name(name))
            .public_key(key.public_key())
            .serial_number(0x0A0B)
            .not_valid_before(START)
            .not_valid_after(START + datetime.timedelta(days=365))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return Made(builder.sign(signer, _digest(signer)), key)


@pytest.fixture(scope="session")
def maker() -> Maker:
    return Maker()


@pytest.fixture(scope="session")
def authority(maker: Maker) -> Made:
    return maker.make("Authority", ca=True)


@pytest.fixture(scope="session")
def leaf(maker: Maker, authority: Made) -> Made:
    return maker.make("leaf", authority, names=[x509.DNSName("kms.example.com")])
