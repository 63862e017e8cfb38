# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which key belongs to which certificate or request, and who signed what."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import is_ca, spki_sha256
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem import normalise, split
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.sdk import (
    CRYPTOGRAPHY,
    UNREADABLE,
    InvalidSignature,
    UnsupportedAlgorithm,
    ec,
    padding,
    rsa,
    serialization,
    x509,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import require
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line

__all__ = ["CRYPTOGRAPHY", "check_signed_by", "matches", "open_private_key", "public_key_in", "public_key_of"]


def public_key_of(pem: str, passphrase: str | None = None, name: str = "PEM") -> str:
    """Lower case hex SHA-256 of the public key (SubjectPublicKeyInfo) of a certificate, a request or a private key.

    The first block counts. Raises InvalidInputError, also for a missing or wrong passphrase.
    """
    block = split(normalise(pem, name=name), name)[0]
    if "PRIVATE KEY-----" in block:
        return spki_sha256(_private_key(block, passphrase, name).public_key())
    if "CERTIFICATE REQUEST-----" in block:
        return spki_sha256(x509.load_pem_x509_csr(block.encode()).public_key())
    return spki_sha256(x509.load_pem_x509_certificate(block.encode()).public_key())


def public_key_in(pem: str, name: str = "public key") -> str:
    """The same for a public key by itself (PUBLIC KEY). Raises InvalidInputError."""
    require(CRYPTOGRAPHY)
    try:
        return spki_sha256(serialization.load_pem_public_key(pem.encode()))
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidInputError(f"{name}: is not a readable public key") from None


def matches(one: str, other: str, passphrase: str | None = None) -> bool:
    """Whether two of certificate, request and private key belong to the same key pair."""
    return public_key_of(one, passphrase) == public_key_of(other, passphrase)


def open_private_key(pem: str, passphrase: str | None = None, name: str = "private key") -> str:
    """The private key without its passphrase, as canonical PKCS#8 PEM. Raises InvalidInputError."""
    block = split(normalise(pem, "PRIVATE KEY", name=name, single=True), name)[0]
    key = _private_key(block, passphrase, name)
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    return str(key.private_bytes(serialization.Encoding.PEM, form, plain).decode())


def check_signed_by(leaf_pem: str, ca_pem: str) -> bool:
    """Whether the first certificate of `leaf_pem` leads to one of `ca_pem` by valid signatures.

    Further blocks of `leaf_pem` serve as intermediates. Every signer must be a CA; a leaf that is itself among `ca_pem`
    counts as signed. Dates and names of servers are not judged. Raises InvalidInputError for malformed PEM.
    """
    leaf, *between = _certificates(leaf_pem)
    anchors = _certificates(ca_pem)
    current, seen = leaf, [leaf]
    while True:
        if current in anchors or any(_signed(current, anchor) for anchor in anchors):
            return True
        above = next((one for one in between if one not in seen and _signed(current, one)), None)
        if above is None:
            return False
        current = above
        seen.append(above)


def _certificates(pem: str) -> list[t.Any]:
    return [x509.load_pem_x509_certificate(block.encode()) for block in split(normalise(pem, "CERTIFICATE"))]


def _signed(certificate: t.Any, issuer: t.Any) -> bool:
    try:
        if certificate.issuer != issuer.subject or not is_ca(issuer):
            return False
    except UNREADABLE as error:
        raise InvalidInputError(f"a field of a certificate cannot be read: {one_line(str(error))}") from error
    key = issuer.public_key()
    signed = (certificate.signature, certificate.tbs_certificate_bytes)
    try:
        digest = certificate.signature_hash_algorithm
        if isinstance(key, rsa.RSAPublicKey):
            # cryptography 41 and later know the padding; before it there was only one that CAs use
            scheme = getattr(certificate, "signature_algorithm_parameters", None) or padding.PKCS1v15()
            key.verify(*signed, scheme, digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(*signed, ec.ECDSA(digest))
        else:
            key.verify(*signed)
    except (InvalidSignature, AttributeError, *UNREADABLE):
        return False
    return True


def _private_key(block: str, passphrase: str | None, name: str) -> t.Any:
    try:
        return serialization.load_pem_private_key(block.encode(), passphrase.encode() if passphrase else None)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        pass  # told below without the library's text
    encrypted = "ENCRYPTED" in block
    if encrypted and not passphrase:
        raise InvalidInputError(f"{name}: the private key is encrypted and no passphrase was given")
    if encrypted:
        raise InvalidInputError(f"{name}: the private key cannot be opened with the given passphrase")
    # a passphrase for a key that needs none: accepted, as OpenSSL does
    return serialization.load_pem_private_key(block.encode(), None)
