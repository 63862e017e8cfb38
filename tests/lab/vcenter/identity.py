# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates on vCenter's side of the trust: what it makes, what it accepts, how it describes them."""

from __future__ import annotations

import datetime
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyVmomi import vim

from ..pki import new_key
from .crypto_state import Identity, PendingRequest

LIFETIME = datetime.timedelta(days=3650)
INT_MAX = 2**31 - 1
NAME_WIDTH = 25  # column of the " = " in OpenSSL's multi-line names
REQUEST_FIELDS = (
    ("commonName", NameOID.COMMON_NAME),
    ("organization", NameOID.ORGANIZATION_NAME),
    ("organizationUnit", NameOID.ORGANIZATIONAL_UNIT_NAME),
    ("locality", NameOID.LOCALITY_NAME),
    ("state", NameOID.STATE_OR_PROVINCE_NAME),
    ("country", NameOID.COUNTRY_NAME),
    ("email", NameOID.EMAIL_ADDRESS),
)
DEFAULT_SUBJECT = {"organization": "VMware", "organizationUnit": "VMware Engineering", "country": "US"}


def _key_pem(key: t.Any) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return str(key.private_bytes(encoding, form, serialization.NoEncryption()).decode())


def _pem(thing: t.Any) -> str:
    return str(thing.public_bytes(serialization.Encoding.PEM).decode())


def _subject(request: t.Any, hostname: str) -> x509.Name:
    """The subject that a CertSignRequest asks for; defaults where it is silent."""
    defaults = {"commonName": hostname, **DEFAULT_SUBJECT}
    values = {name: getattr(request, name, None) or defaults.get(name) for name, _oid in REQUEST_FIELDS}
    return x509.Name([x509.NameAttribute(oid, str(values[name])) for name, oid in REQUEST_FIELDS if values[name]])


def make_request(request: t.Any, hostname: str, kind: str) -> PendingRequest:
    """A new key and its CSR."""
    key = new_key(kind)
    csr = x509.CertificateSigningRequestBuilder().subject_name(_subject(request, hostname)).sign(key, hashes.SHA256())
    return PendingRequest(_pem(csr), _key_pem(key))


def make_self_signed(request: t.Any, hostname: str, kind: str, now: datetime.datetime) -> Identity:
    """A new key and a certificate signed by itself."""
    key = new_key(kind)
    subject = _subject(request, hostname)
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usages, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Identity(_pem(certificate), _key_pem(key))


def first_certificate(pem: str) -> x509.Certificate:
    """The first certificate of a PEM text; raises ValueError."""
    found = x509.load_pem_x509_certificates(pem.encode())
    return found[0]


def normalised(pem: str) -> list[str]:
    """The certificates of a PEM text, each as clean PEM; raises ValueError."""
    return [_pem(certificate) for certificate in x509.load_pem_x509_certificates(pem.encode())]


def belongs(certificate_pem: str, private_key_pem: str) -> bool:
    """Whether the certificate is for the key; raises ValueError when one of them cannot be read."""
    key = serialization.load_pem_private_key(private_key_pem.encode(), None)
    return _public(first_certificate(certificate_pem).public_key()) == _public(key.public_key())


def same(one_pem: str, other_pem: str) -> bool:
    """Whether two texts begin with the same certificate; raises ValueError."""
    return first_certificate(one_pem) == first_certificate(other_pem)


def _public(key: t.Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(key.public_bytes(serialization.Encoding.DER, form))


# long names as OpenSSL prints them
_LONG_NAMES = {
    NameOID.COMMON_NAME: "commonName",
    NameOID.ORGANIZATION_NAME: "organizationName",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "organizationalUnitName",
    NameOID.LOCALITY_NAME: "localityName",
    NameOID.STATE_OR_PROVINCE_NAME: "stateOrProvinceName",
    NameOID.COUNTRY_NAME: "countryName",
    NameOID.EMAIL_ADDRESS: "emailAddress",
    NameOID.DOMAIN_COMPONENT: "domainComponent",
    NameOID.SERIAL_NUMBER: "serialNumber",
    NameOID.USER_ID: "userId",
}


def _multi_line(name: x509.Name) -> str:
    lines = []
    for attribute in name:
        long_name = _LONG_NAMES.get(attribute.oid, attribute.oid.dotted_string)
        lines.append(f"{long_name.ljust(NAME_WIDTH)} = {attribute.value!s}")
    return "\n".join(lines)


def certificate_info(pem: str, now: datetime.datetime) -> t.Any:
    """vCenter's description of the first certificate in a PEM text."""
    certificate = first_certificate(pem)
    not_before, not_after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    digest = certificate.fingerprint(hashes.SHA1()).hex(":").upper()  # vCenter shows SHA-1
    return vim.encryption.CryptoManagerKmip.CertificateInfo(
        subject=_multi_line(certificate.subject),
        issuer=_multi_line(certificate.issuer),
        serialNumber=hex(certificate.serial_number),
        notBefore=not_before,
        notAfter=not_after,
        fingerprint=digest,
        checkTime=now.replace(microsecond=0),
        secondsSinceValid=_int32((now - not_before).total_seconds()),
        secondsBeforeExpire=_int32((not_after - now).total_seconds()),
    )


def _int32(seconds: float) -> int:
    return max(-INT_MAX - 1, min(INT_MAX, int(seconds)))
