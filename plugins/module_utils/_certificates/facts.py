# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a certificate says about itself, in plain values; thumbprints in every written form."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.der import (
    as_version_3,
    plain_names,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem import split
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.sdk import (
    CRYPTOGRAPHY,
    UNREADABLE,
    ec,
    rsa,
    serialization,
    x509,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import require
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line


@dataclasses.dataclass(frozen=True)
class CertificateFacts:
    """What a certificate says about itself; null is what cannot be read."""

    subject: str | None
    issuer: str | None
    serial_number: str | None
    not_before: str | None
    not_after: str | None
    sha1: str
    sha256: str
    public_key_sha256: str | None
    subject_alternative_names: list[str] | None
    key_type: str | None
    is_ca: bool | None
    self_signed: bool | None


FACTS = fields_of(CertificateFacts)
_ISO = "%Y-%m-%dT%H:%M:%SZ"
_PREFIX = re.compile(r"^\s*(sha-?1|sha-?256)\s*(?:fingerprint|thumbprint)?\s*[:=]\s*", re.IGNORECASE)
# OKMS puts okms.domain:<id> into it (guide okms-certificate-management; assumption okms-credential-name)
_USER_PRINCIPAL_NAME = "1.3.6.1.4.1.311.20.2.3"


def load_certificate(pem: str, name: str = "certificate") -> t.Any:
    """The first block of the text as a cryptography certificate. Raises InvalidInputError."""
    require(CRYPTOGRAPHY)
    try:
        return x509.load_pem_x509_certificate(split(pem, name)[0].encode())
    except UNREADABLE as error:
        raise InvalidInputError(f"{name}: block 1 is not a readable certificate") from error


def certificate_facts(pem: str, name: str = "certificate") -> dict[str, t.Any]:
    """Facts of the first certificate of the text, keys as in FACTS.

    Dates are ISO 8601 in UTC, thumbprints upper case with colons, public_key_sha256 plain lower case hex. Raises
    InvalidInputError.
    """
    certificate = load_certificate(pem, name)
    read = _readers(certificate, certificate.public_bytes(serialization.Encoding.DER))
    try:
        return {field: read[field]() for field in FACTS}
    except UNREADABLE as error:
        said = one_line(str(error))
        raise InvalidInputError(f"{name}: a field of the certificate cannot be read: {said}") from error


def facts_in_part(pem: str, name: str = "certificate") -> tuple[dict[str, t.Any], list[str]]:
    """Facts of a certificate that others show, which may be odd: what can be read, and the names of what cannot.

    What cannot be read is None; of the alternative names those that can be read are there. The thumbprints are always
    there. Raises InvalidInputError only for what is not a certificate's PEM at all.
    """
    require(CRYPTOGRAPHY)
    block = split(pem, name)[0]
    der = base64.b64decode("".join(block.split("-----")[2].split()))
    read = _readers(_loaded(der), der)
    found: dict[str, t.Any] = {}
    for field in FACTS:
        try:
            found[field] = read[field]()
        except (*UNREADABLE, AttributeError):
            found[field] = None
    unread = [field for field in FACTS if found[field] is None]
    if "subject_alternative_names" in unread:
        found["subject_alternative_names"] = plain_names(der)
    return found, unread


def _loaded(der: bytes) -> t.Any:
    """The certificate, also one of a version that cryptography refuses; None when it cannot be read at all."""
    for data in (der, as_version_3(der)):
        try:
            return x509.load_der_x509_certificate(data)
        except UNREADABLE:
            continue
    return None


def _readers(certificate: t.Any, der: bytes) -> dict[str, t.Callable[[], t.Any]]:
    """How each of FACTS is read; each may raise UNREADABLE."""
    # pylint: disable=unnecessary-lambda  # looking at subject or issuer may raise already
    return {
        "subject": lambda: certificate.subject.rfc4514_string(),
        "issuer": lambda: certificate.issuer.rfc4514_string(),
        "serial_number": lambda: _serial(certificate.serial_number),
        "not_before": lambda: _date(certificate, "not_valid_before"),
        "not_after": lambda: _date(certificate, "not_valid_after"),
        # vCenter and KMS entries name certificates by SHA-1; FIPS builds of OpenSSL compute it for such uses only
        "sha1": lambda: colons(hashlib.new("sha1", der, usedforsecurity=False).hexdigest()),
        "sha256": lambda: colons(hashlib.sha256(der).hexdigest()),
        "public_key_sha256": lambda: spki_sha256(certificate.public_key()),
        "subject_alternative_names": lambda: _alternative_names(certificate),
        "key_type": lambda: _key_type(certificate.public_key()),
        "is_ca": lambda: is_ca(certificate),
        "self_signed": lambda: bool(certificate.subject == certificate.issuer),
    }


def request_subject(pem: str, name: str = "certificate request") -> str:
    """Subject of the first certificate request of the text. Raises InvalidInputError."""
    require(CRYPTOGRAPHY)
    try:
        return str(x509.load_pem_x509_csr(split(pem, name)[0].encode()).subject.rfc4514_string())
    except UNREADABLE as error:
        raise InvalidInputError(f"{name}: block 1 is not a readable certificate request") from error


def days_left(not_after: str, now: datetime.datetime) -> int:
    """Whole days from `now` (with time zone) until the ISO time; negative when it is over."""
    end = datetime.datetime.strptime(not_after, _ISO).replace(tzinfo=datetime.timezone.utc)
    return (end - now).days


def thumbprint(text: str, name: str = "thumbprint") -> tuple[str, str]:
    """A written thumbprint as (sha1 or sha256, "AA:BB.."). Raises InvalidInputError.

    Colons, blanks, hyphens, quotes, any case and a prefix such as `sha256:` or `SHA1 Fingerprint=` are accepted.
    """
    plain = text.strip().strip("\"'")
    prefix = _PREFIX.match(plain)
    digits = re.sub(r"[\s:-]", "", plain[prefix.end() :] if prefix else plain).lower()
    algorithm = {40: "sha1", 64: "sha256"}.get(len(digits))
    named = prefix.group(1).lower().replace("-", "") if prefix else algorithm
    if algorithm is None or named != algorithm or re.search("[^0-9a-f]", digits):
        raise InvalidInputError(
            f"{name}: {one_line(repr(text.strip()), 120)} is not a thumbprint; expected 40 (SHA-1) or 64 "
            "(SHA-256) hexadecimal digits"
        )
    return algorithm, colons(digits)


def same_certificate(one: str, other: str) -> bool:
    """Whether the first blocks of both texts are the same certificate, byte by byte."""
    return split(one)[0] == split(other)[0]  # canonical, and also for those that cannot be read


def colons(digits: str) -> str:
    """Hex digits in upper case pairs: "AA:BB"."""
    return ":".join(digits[start : start + 2] for start in range(0, len(digits), 2)).upper()


def spki_sha256(public_key: t.Any) -> str:
    """Lower case hex SHA-256 of a public key in its SubjectPublicKeyInfo form."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(public_key.public_bytes(serialization.Encoding.DER, form)).hexdigest()


def is_ca(certificate: t.Any) -> bool:
    """Whether the certificate may sign others, by its basic constraints."""
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return False


def _serial(number: int) -> str:
    digits = f"{abs(number):x}"  # a negative one is against the rules, and there
    return ("-" if number < 0 else "") + colons(digits.zfill(len(digits) + len(digits) % 2))


def _date(certificate: t.Any, field: str) -> str:
    # the fields without a time zone are deprecated since cryptography 42, which brought those with one
    moment = getattr(certificate, f"{field}_utc", None)
    return str((moment if moment is not None else getattr(certificate, field)).strftime(_ISO)).zfill(
        len("2026-01-01T00:00:00Z")
    )


def _alternative_names(certificate: t.Any) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [_general_name(name) for name in names]


def _general_name(name: t.Any) -> str:
    if isinstance(name, x509.OtherName):
        kind = (
            "UPN" if name.type_id.dotted_string == _USER_PRINCIPAL_NAME else f"otherName {name.type_id.dotted_string}"
        )
        # short DER UTF8String: tag 12, one byte of length, text
        text = name.value[2:].decode("utf-8", "replace") if name.value[:1] == b"\x0c" else name.value.hex()
        return f"{kind}:{text}"
    if isinstance(name, x509.DirectoryName):
        return f"DirName:{name.value.rfc4514_string()}"
    if isinstance(name, x509.RegisteredID):
        return f"RID:{name.value.dotted_string}"
    kinds = {x509.DNSName: "DNS", x509.IPAddress: "IP", x509.UniformResourceIdentifier: "URI", x509.RFC822Name: "email"}
    return f"{kinds[type(name)]}:{name.value}"


def _key_type(key: t.Any) -> str:
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    return type(key).__name__.strip("_").replace("PublicKey", "")
