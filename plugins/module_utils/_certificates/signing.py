# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Client certificates made from a certificate request and the certificate and key of a CA at hand."""

from __future__ import annotations

import dataclasses
import datetime
import os
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import (
    certificate_facts,
    days_left,
    is_ca,
    load_certificate,
    spki_sha256,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import (
    check_signed_by,
    open_private_key,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem import (
    CERTIFICATE,
    REQUEST,
    normalise,
    split,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem_files import text_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.sdk import (
    UnsupportedAlgorithm,
    ec,
    hashes,
    rsa,
    serialization,
    x509,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.files import read_text, write_private
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.lifetimes import (
    alarm_within,
    life_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource

BACKDATING = datetime.timedelta(minutes=5)  # clocks of vCenter and KMS that are behind ours accept it at once
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclasses.dataclass(frozen=True, repr=False)
class Signer:
    """A CA that can sign: its PEM (first block the signer itself), certificate, key, and the end of its validity."""

    pem: str
    certificate: t.Any
    key: t.Any
    not_before: datetime.datetime
    not_after: datetime.datetime

    @property
    def subject(self) -> str:
        """For messages and facts."""
        return str(self.certificate.subject.rfc4514_string())

    def with_chain(self, leaf: str) -> str:
        """The leaf, followed by the CA's certificates unless the CA is a root, which nobody needs to be sent."""
        root = self.certificate.subject == self.certificate.issuer
        return leaf if root else leaf + self.pem


@dataclasses.dataclass(frozen=True)
class Request:
    """A request whose signature was verified, with the subject that its certificate will have."""

    pem: str
    public_key: t.Any
    subject: t.Any

    @property
    def public_key_sha256(self) -> str:
        """As in certificate_facts."""
        return spki_sha256(self.public_key)


def signer_of(certificate: str, key: str, passphrase: str | None, now: datetime.datetime) -> Signer:
    """The CA from its PEM texts. Raises InvalidInputError when it is no CA, not valid now, or the key is not its."""
    pem = normalise(certificate, CERTIFICATE, "ca_certificate")
    facts = certificate_facts(pem, "ca_certificate")
    found = load_certificate(pem, "ca_certificate")
    if not is_ca(found) or not _may_sign(found):
        raise InvalidInputError(f"ca_certificate: {facts['subject']} is not a CA, it may not sign certificates")
    start, end = _moment(facts["not_before"]), _moment(facts["not_after"])
    if not start <= now <= end:
        raise InvalidInputError(
            f"ca_certificate: {facts['subject']} is valid from {facts['not_before']} to {facts['not_after']}, not now"
        )
    opened = open_private_key(key, passphrase, "ca_private_key")
    private = serialization.load_pem_private_key(opened.encode(), None)
    if spki_sha256(private.public_key()) != facts["public_key_sha256"]:
        raise InvalidInputError(f"ca_private_key does not belong to ca_certificate ({facts['subject']})")
    return Signer(pem, found, private, start, end)


def request_of(csr: str, common_name: str | None) -> Request:
    """The request with its subject, the common name replaced if asked for. Raises InvalidInputError."""
    pem = split(normalise(csr, REQUEST, "csr", single=True))[0]
    found = x509.load_pem_x509_csr(pem.encode())
    try:
        valid = found.is_signature_valid
    except (UnsupportedAlgorithm, ValueError):
        valid = False
    if not valid:
        raise InvalidInputError("csr: its signature does not match its key; it was damaged or forged")
    subject = _subject(found.subject, common_name)
    if not list(subject):
        raise InvalidInputError("csr: it has no subject; give common_name")
    return Request(pem, found.public_key(), subject)


def _subject(asked: t.Any, common_name: str | None) -> t.Any:
    if not common_name:
        return asked
    name = x509.oid.NameOID.COMMON_NAME
    others = [attribute for attribute in asked if attribute.oid != name]
    try:
        return x509.Name([*others, x509.NameAttribute(name, common_name)])
    except ValueError as error:
        raise InvalidInputError(f"common_name: {error}") from error


def sign(signer: Signer, request: Request, days: int, now: datetime.datetime) -> str:
    """The certificate (PEM), for TLS clients; it does not outlive its CA."""
    start = max(now - BACKDATING, signer.not_before)
    # compared first: a validity of millions of days ends after the last date that Python knows
    outlives = days > (signer.not_after - now).days
    end = signer.not_after if outlives else now + datetime.timedelta(days=days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(signer.certificate.subject)
        .public_key(request.public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    for extension, critical in _extensions(signer, request):
        builder = builder.add_extension(extension, critical)
    # Ed25519 and Ed448 bring their own
    digest = hashes.SHA256() if isinstance(signer.key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)) else None
    made = builder.sign(signer.key, digest)
    return str(made.public_bytes(serialization.Encoding.PEM).decode())


def _extensions(signer: Signer, request: Request) -> list[tuple[t.Any, bool]]:
    usages = {"digital_signature"}
    if isinstance(request.public_key, rsa.RSAPublicKey):
        usages.add("key_encipherment")
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.KeyUsage(**{usage: usage in usages for usage in _USAGES}), True),
        (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        # OpenSSL's strict checks, Python's default from 3.13 on, want both key identifiers (RFC 5280, 4.2.1.1)
        (x509.SubjectKeyIdentifier.from_public_key(request.public_key), False),
        (_authority_key(signer.certificate), False),
    ]


def _authority_key(certificate: t.Any) -> t.Any:
    kind = x509.AuthorityKeyIdentifier
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return kind.from_issuer_public_key(certificate.public_key())
    return kind.from_issuer_subject_key_identifier(found.value)


def answers(pem: str, request: Request, signer: Signer) -> bool:
    """Whether this certificate is the signer's answer to the request: same key, same subject, real signature."""
    found = load_certificate(pem)
    same = spki_sha256(found.public_key()) == request.public_key_sha256 and found.subject == request.subject
    return same and check_signed_by(split(pem)[0], split(signer.pem)[0])


def _may_sign(certificate: t.Any) -> bool:
    try:
        # a CA without the extension is not limited by it (RFC 5280, 4.2.1.3)
        return bool(certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign)
    except x509.ExtensionNotFound:
        return True


def _moment(iso: str) -> datetime.datetime:
    return datetime.datetime.strptime(iso, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)


UNKNOWN = ("certificate", "chain", "serial_number", "not_before", "not_after", "days_left", "sha1", "sha256")


FIELDS = ("path", "subject", "issuer", "public_key_sha256", *UNKNOWN)


class SignedCertificate(Resource):
    """The certificate in the file."""

    result_key = "certificate"
    fields = FIELDS
    volatile = ("days_left",)

    def __init__(self, context: Context, request: Request | None, signer: Signer, now: datetime.datetime) -> None:
        self._context = context
        self._params = context.params
        self._request = request
        self._signer = signer
        self._now = now

    def read(self) -> State | None:
        path = self._params["path"]
        if not os.path.lexists(path):
            return None
        return self._state(normalise(read_text(path, "path"), CERTIFICATE, f"path: {path}"))

    def _state(self, pem: str) -> State:
        facts = certificate_facts(pem)
        left = days_left(facts["not_after"], self._now)
        known = {key: facts[key] for key in FIELDS if key in facts}
        return {**known, "path": self._params["path"], "certificate": split(pem)[0], "chain": pem, "days_left": left}

    def wanted(self, before: State | None) -> State:
        request = self._request
        fits = before is not None and (request is None or answers(before["chain"], request, self._signer))
        if before and fits and life_of(before, self._params["renew_before"]).lasts:
            return {}
        self._check_ca()
        return {
            "path": self._params["path"],
            "subject": request.subject.rfc4514_string() if request else None,
            "issuer": self._signer.subject,
            "public_key_sha256": request.public_key_sha256 if request else None,
            **dict.fromkeys(UNKNOWN),
        }

    def _check_ca(self) -> None:
        """A certificate that would have to be replaced at once is not worth signing; a short one is told."""
        left = (self._signer.not_after - self._now).days
        ends = plural(left, "day")
        given = self._params["renew_before"]
        if left <= alarm_within(given, self._params["validity"]):
            limit = "that is too short" if given is None else f"too short for renew_before ({given})"
            raise InvalidInputError(
                f"ca_certificate: {self._signer.subject} expires in {ends}, and with it each certificate that it "
                f"signs: {limit}. Renew the CA first"
            )
        if left < self._params["validity"]:
            self._context.warn(f"the certificate expires with its CA {self._signer.subject}, in {ends}")

    def apply(self, plan: Plan) -> State:
        if self._request is None:
            raise InvalidInputError("csr: a request is needed to sign; without it the CA is judged in check mode only")
        made = sign(self._signer, self._request, self._params["validity"], self._now)
        chain = self._signer.with_chain(made)
        write_private(self._params["path"], chain)
        return self._state(chain)


def text_or_file(params: dict[str, t.Any], option: str) -> str:
    """The text of a PEM option, or of the file that its other option names; InvalidInputError without either."""
    found = text_of(params, option, exclusive=False)
    if found.text is None:
        raise InvalidInputError(f"{option} or {option}_path is needed")
    return found.text
