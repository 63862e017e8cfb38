# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is it the right server? OpenSSL judges chain and name, thumbprints are compared; nothing else is sent."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import ssl
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import (
    FACTS,
    colons,
    facts_in_part,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import check_signed_by
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.errors import (
    KmsError,
    PinMismatchError,
    ServerUntrustedError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.handshake import (
    HandshakeResult,
    look,
    no_certificate,
    shake,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.settings import (
    Anchors,
    Endpoint,
    name_context,
    verifying_context,
)

NOBODY = "nobody (of its names only the subject alternative names count)"
_NO_ISSUER = (2, 20, 21)  # X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT(_LOCALLY), UNABLE_TO_VERIFY_LEAF_SIGNATURE
_THUMBPRINTS = ("sha1", "sha256")
_NAME_MISMATCH = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH


@dataclasses.dataclass(frozen=True)
class Judgement:
    """None: not asked for, or not known. `verdict` joins what the anchors demand; `reasons` say why not.

    `trusted_by` names what held: ca, authorities (of the control node), thumbprint.
    """

    verdict: bool
    trusted_by: list[str]
    by_ca: bool | None
    by_thumbprint: bool | None
    hostname_matches: bool | None
    reasons: list[str]


def matches_pin(der: bytes, anchors: Anchors) -> bool:
    """Whether the certificate has one of the expected thumbprints."""
    digests = [(pin, hashlib.new(algorithm, der, usedforsecurity=False)) for algorithm, pin in anchors.pins]
    return any(hmac.compare_digest(colons(digest.hexdigest()), pin) for pin, digest in digests)


def pin_mismatch(der: bytes, anchors: Anchors) -> str:
    """Expected and presented thumbprints in words, in the algorithms that were asked for."""
    algorithms = sorted({algorithm for algorithm, _pin in anchors.pins})
    presented = [
        f"{name.upper()} {colons(hashlib.new(name, der, usedforsecurity=False).hexdigest())}" for name in algorithms
    ]
    expected = [f"{algorithm.upper()} {pin}" for algorithm, pin in anchors.pins]
    return f"expected thumbprint {' or '.join(expected)}, presented {', '.join(presented)}"


def facts_of(der: bytes) -> dict[str, t.Any]:
    """Facts of a certificate that a server shows, None where it cannot be read; the thumbprints are always there."""
    try:
        return facts_in_part(ssl.DER_cert_to_PEM_cert(der))[0]
    except InvalidInputError:
        digests = {name: colons(hashlib.new(name, der, usedforsecurity=False).hexdigest()) for name in _THUMBPRINTS}
        return {**dict.fromkeys(FACTS), **digests}


def judge(endpoint: Endpoint, anchors: Anchors, seen: HandshakeResult) -> Judgement:
    """Judge the certificate that was seen. Raises KmsError when the server is gone in the meantime.

    The address that was seen is asked again: behind one name there may be several, with certificates of their own.
    """
    endpoint = dataclasses.replace(endpoint, address=seen.address)
    reasons = []
    by_ca: bool | None = None
    if anchors.by_chain:
        by_ca, named, why = _by_chain(endpoint, anchors, seen)
        reasons += why
    else:
        named = _valid_for_name(endpoint, seen)
    by_pin = matches_pin(seen.chain[0], anchors) if anchors.pins else None
    if by_pin is False:
        reasons.append(pin_mismatch(seen.chain[0], anchors))
    if named is False:
        names = facts_of(seen.chain[0])["subject_alternative_names"] or []
        reasons.append(
            f"the certificate is not valid for {endpoint.server_name}, it names {', '.join(names) or NOBODY}"
        )
    chain_holds = not anchors.by_chain or (by_ca is True and named is True)
    held = [("ca" if anchors.ca else "authorities", anchors.by_chain and chain_holds), ("thumbprint", by_pin is True)]
    trusted_by = [word for word, holds in held if holds]
    return Judgement(chain_holds and by_pin is not False, trusted_by, by_ca, by_pin, named, reasons)


@dataclasses.dataclass(frozen=True)
class Place:
    """One address of the host: what was seen and judged there, or why nothing was."""

    address: str
    seen: HandshakeResult | None = None
    judgement: Judgement | None = None
    error: KmsError | None = None

    def as_result(self) -> dict[str, t.Any]:
        """For a module's result."""
        facts = facts_of(self.seen.chain[0]) if self.seen else {}
        found = {key: facts.get(key) for key in ("sha1", "sha256", "not_after")}
        judged = self.judgement
        return {
            "address": self.address,
            **found,
            "verdict": judged.verdict if judged else None,
            "reasons": judged.reasons if judged else [],
            "error": self.error.message if self.error else None,
        }


def judge_places(endpoint: Endpoint, anchors: Anchors, addresses: t.Iterable[str], known: Place) -> list[Place]:
    """Look at the certificate at each other address and judge it; one that does not answer is no verdict."""
    places = []
    for address in addresses:
        if address == known.address:
            places.append(known)
            continue
        there = dataclasses.replace(endpoint, address=address)
        try:
            seen = look(there)
            places.append(Place(address, seen, judge(there, anchors, seen)))
        except KmsError as error:
            places.append(Place(address, error=error))
    return places


def joined(judgement: Judgement, seen: HandshakeResult, places: t.Sequence[Place]) -> Judgement:
    """One judgement of all: a wrong certificate at one address is enough, because clients may come there."""
    told = [
        f"at {place.address}: {reason}"
        for place in places
        if place.judgement and not place.judgement.verdict and place.address != seen.address
        for reason in place.judgement.reasons
    ]
    if not told:
        return judgement
    return dataclasses.replace(judgement, verdict=False, reasons=[*judgement.reasons, *told])


def for_vcenter(
    anchors: Anchors, seen: HandshakeResult, judgement: Judgement, places: t.Sequence[Place] = ()
) -> dict[str, t.Any] | None:
    """The options with which standard_key_provider trusts the chain that was verified here; None for another one.

    vCenter may show us the server's own certificate only, so the certificates between go with it. When they are not
    known, and for the authorities of the control node, which vCenter does not have, we pin the verified certificates.
    """
    if not judgement.verdict:
        return None
    chains = [one.chain for one in (seen, *(place.seen for place in places)) if one]
    leaves = [ssl.DER_cert_to_PEM_cert(chain[0]) for chain in chains]
    shown = [str(facts_of(chain[0])["sha256"]) for chain in chains]
    # whether vCenter shows more than the leaf is unknown (assumption server-certificate-chain)
    between = list(dict.fromkeys(ssl.DER_cert_to_PEM_cert(der) for chain in chains for der in chain[1:]))
    pins = [pin for algorithm, pin in anchors.pins if algorithm == "sha256"]
    # the given CA may be the root or an issuing one (assumption public-ca): each address's chain must lead to it
    authority = anchors.ca if anchors.ca and all(_leads(leaf, between, anchors.ca) for leaf in leaves) else None
    if anchors.pins or not authority:
        pins = list(dict.fromkeys([*pins, *shown]))
    return {"server_ca": authority, "server_thumbprints": pins or None, "server_chain": between}


def _leads(leaf: str, between: t.Sequence[str], authority: str) -> bool:
    try:
        return check_signed_by("".join([leaf, *between]), authority)
    except InvalidInputError:  # a certificate that cannot be read; OpenSSL has judged it
        return False


def demand(endpoint: Endpoint, anchors: Anchors, seen: HandshakeResult, judgement: Judgement) -> None:
    """Raise ServerUntrustedError or PinMismatchError when the verdict is no."""
    if judgement.verdict:
        return
    facts = facts_of(seen.chain[0])
    error = PinMismatchError if judgement.by_thumbprint is False else ServerUntrustedError
    raise error(
        f"KMIP server {endpoint.peer} is not the expected one: {'; '.join(judgement.reasons)}. Presented: SHA-256 "
        f"{facts['sha256']}, subject {facts['subject']}, issuer {facts['issuer']}",
        expected=[pin for _algorithm, pin in anchors.pins],
        presented={"sha1": facts["sha1"], "sha256": facts["sha256"]},
        reasons=judgement.reasons,
    )


def _by_chain(endpoint: Endpoint, anchors: Anchors, seen: HandshakeResult) -> tuple[bool, bool | None, list[str]]:
    """(trusted by the CA, valid for the name, reasons)."""
    error = _verify(endpoint, verifying_context(anchors), seen)
    if error is None:
        return True, True, []
    named: bool | None = False
    if _is_about_name(error):
        error = _verify(endpoint, verifying_context(anchors, check_name=False), seen)
    else:
        named = _valid_for_name(endpoint, seen)
    if error is None:
        return True, named, []
    whom = (
        "the given CA"
        if anchors.ca
        else "the trusted authorities of the host that runs the module (no ca, ca_path or thumbprints was given)"
    )
    detail = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else str(error)
    return False, named, [f"not trusted by {whom}: {detail}{_what_is_missing(error, anchors, seen)}"]


def _what_is_missing(error: Exception, anchors: Anchors, seen: HandshakeResult) -> str:
    """A chain with a gap is the most frequent mistake, and OpenSSL's words do not tell where the gap is."""
    if not anchors.ca or getattr(error, "verify_code", None) not in _NO_ISSUER or not seen.complete:
        return ""
    last = facts_of(seen.chain[-1])
    return f"; the server sends {len(seen.chain)} certificate(s), and the CA does not hold the issuer {last['issuer']}"


def _valid_for_name(endpoint: Endpoint, seen: HandshakeResult) -> bool | None:
    try:
        context = name_context(ssl.DER_cert_to_PEM_cert(seen.chain[0]))
    except (ssl.SSLError, ValueError):  # OpenSSL cannot read the certificate
        return None
    error = _verify(endpoint, context, seen)
    if error is None:
        return True
    return False if _is_about_name(error) else None


def _is_about_name(error: Exception) -> bool:
    return isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in _NAME_MISMATCH


def _verify(endpoint: Endpoint, context: ssl.SSLContext, seen: HandshakeResult) -> Exception | None:
    """Why OpenSSL does not trust the server, or None. A later refusal of us is no answer to that question."""
    again = shake(endpoint, context)
    if isinstance(again.error, ssl.SSLCertVerificationError):
        return again.error
    if not again.chain:
        raise no_certificate(endpoint, again)
    # who answers in two ways must not have one certificate judged and the other one recorded
    if again.chain[0] != seen.chain[0]:
        return ValueError("the server presents different certificates to different connections")
    return None
