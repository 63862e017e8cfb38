# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Valid certificates, requests and keys, the same bytes in each run: a seed then means the same inputs everywhere."""

from __future__ import annotations

import base64
import datetime
import functools
import ipaddress
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PASSPHRASE = "correct-horse"
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.timezone.utc)
# a key that protects nothing; its signatures are the same each time, which those of an EC key are not
_P = int(
    "ebe5994add733749c07f0b9ca6e791893f8acd7f3d7a511b36690ba1c185ff3d"
    "35535b575c3a32bb43f3a79384c47cb05dde3b68d593808df58cee8669674e67",
    16,
)
_Q = int(
    "d16b7e6638d5f5650e9de8f4278aea766250075562d7f59e64301f1d00847e5c"
    "ef664f88c496e3249c93e583d16cf0b4da5749489482366a330dfd59dbf4db33",
    16,
)
_E = 65537
# made with a random salt, so they are kept as they are; the passphrase is the one above
_CIPHERED = """\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIH0MF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBBWR19VepbylaP9vxSW
OMfJAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQuO+llmKJN4eUayjx
HZ5p6wSBkJJxPiFskPE3jp6b5KBrd+BmHXjMLbrtSgHIrcXdA2uJmZmloyK13Z6A
Eg4BfLJBrOycqNfmWwCxZ0U641sQCSvrm8lCeKGdymdIBoZuG77+CObutC8A8vgY
CIPpl4B4rGdzwHv1iQnkj5AgPSVgF8zv3cOgxFxg6eS40Gh91pOGKI7wsgJHOmCG
pmRKlZiGdA==
-----END ENCRYPTED PRIVATE KEY-----
"""
_PKCS12 = (
    "MIIBnwIBAzCCAVUGCSqGSIb3DQEHAaCCAUYEggFCMIIBPjCCAToGCSqGSIb3DQEHAaCCASsEggEnMIIBIzCCAR8GCyqGSIb3DQEM"
    "CgECoIH2MIHzMF4GCSqGSIb3DQEFDTBRMDAGCSqGSIb3DQEFDDAjBBBmkXYNyNaIxFs9PXe/O9aPAgEBMAwGCCqGSIb3DQIJBQAw"
    "HQYJYIZIAWUDBAEqBBASeEEmhYIOPLyguZUYt2b9BIGQR8xEIexWqopCpN/GmSQGvS47Ph5AKOU1bRRjO8770/PSVLGwOBzXbtj1"
    "SAcQ5g2F71q1+ws6cp61GT1uOTa+ZTXIRLQnepd1m1v3KuEO4yjnlihRwVLQ8y9D5iY+oTHx+yYf+IszO6LloEiYfeNrbQHsNyyr"
    "kgxvNu8C+1ZVIlNfdgIBv2TnS/2wgHD9/vPTMRcwFQYJKoZIhvcNAQkUMQgeBgBuAGsAcDBBMDEwDQYJYIZIAWUDBAIBBQAEID5k"
    "LWelUmf9lK7cTJ2uhnjeahRZiTfuXScrpGQggkrNBAi3y0EVIfWEQwICCAA="
)


def _rsa() -> t.Any:
    d = rsa.rsa_recover_private_exponent(_E, _P, _Q)
    public = rsa.RSAPublicNumbers(_E, _P * _Q)
    dmp1, dmq1, iqmp = rsa.rsa_crt_dmp1(d, _P), rsa.rsa_crt_dmq1(d, _Q), rsa.rsa_crt_iqmp(_P, _Q)
    return rsa.RSAPrivateNumbers(_P, _Q, d, dmp1, dmq1, iqmp, public).private_key()


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


class Samples(t.NamedTuple):
    """PEM texts and DER bytes."""

    leaf: str
    authority: str
    request: str
    rsa_key: str
    ec_key: str
    ciphered_key: str
    public_key: str
    pkcs12: bytes

    @property
    def leaf_der(self) -> bytes:
        return der_of(self.leaf)

    @property
    def authority_der(self) -> bytes:
        return der_of(self.authority)


def der_of(pem: str) -> bytes:
    """The bytes of the first block."""
    return base64.b64decode("".join(pem.split("-----")[2].split()))


def pem_of(der: bytes, label: str = "CERTIFICATE") -> str:
    """A block of these bytes."""
    body = base64.b64encode(der).decode()
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"


@functools.cache
def samples() -> Samples:
    """All of them, made once."""
    authority_key, leaf_key = _rsa(), ec.derive_private_key(0x1234567890ABCDEF1234567890ABCDEF, ec.SECP256R1())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem, public = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    authority = (
        _certificate("Authority", "Authority", authority_key.public_key(), 1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("kms.example.com"),
            x509.IPAddress(ipaddress.ip_address("192.0.2.10")),
            x509.UniformResourceIdentifier("https://kms.example.com/"),
            x509.RFC822Name("kms@example.com"),
            x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
            x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x03upn"),
            x509.DirectoryName(_name("directory")),
        ]
    )
    leaf = (
        _certificate("leaf", "Authority", leaf_key.public_key(), 0x0A0B)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    asked = x509.CertificateSigningRequestBuilder().subject_name(_name("vcenter"))
    return Samples(
        leaf.public_bytes(pem).decode(),
        authority.public_bytes(pem).decode(),
        asked.sign(authority_key, hashes.SHA256()).public_bytes(pem).decode(),
        authority_key.private_bytes(*form).decode(),
        leaf_key.private_bytes(*form).decode(),
        _CIPHERED,
        leaf_key.public_key().public_bytes(pem, public).decode(),
        base64.b64decode("".join(_PKCS12)),
    )


def _certificate(subject: str, issuer: str, key: t.Any, serial: int) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(_name(issuer)).public_key(key)
    builder = builder.serial_number(serial).not_valid_before(START)
    return builder.not_valid_after(START + datetime.timedelta(days=365))
