# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a KMS can accept a certificate as that of a TLS client, judged before anything is used up for it."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import (
    certificate_facts,
    load_certificate,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import (
    check_signed_by,
    public_key_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem import split
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.sdk import UNREADABLE, x509
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line

CLOCK_SKEW = datetime.timedelta(minutes=5)  # a CA whose clock is ahead of vCenter's
_ANY_USE = "2.5.29.37.0"  # anyExtendedKeyUsage: some servers take it, so it is not refused here
_LEAVE_OUT = ", give the certificates without it if the KMS does not need it"
_HOW = "have the request signed with extendedKeyUsage=clientAuth, which makes it version 3"


def check_client_certificate(pem: str, public_key: str, name: str, now: datetime.datetime) -> None:
    """Raise InvalidInputError when the first certificate of `pem` cannot be that of a TLS client.

    `public_key` (SHA-256, may be empty) is the key that it must have. Further certificates must lead from it to its
    authority. An unknown authority, a revocation, and rights at the KMS cannot be seen from here.
    """
    blocks = split(pem, name)
    leaf = load_certificate(blocks[0], name)
    facts = [certificate_facts(block, name) for block in blocks]
    subject = facts[0]["subject"] or "the certificate without a subject"
    _check_place(blocks, public_key, name)
    for number, one in enumerate(facts):
        _check_dates(one, name, now, _LEAVE_OUT if number else "")
    # a rule of TLS for clients, too (RFC 5246, 7.4.6)
    if leaf.version is not x509.Version.v3:
        raise InvalidInputError(
            f"{name}: {subject} is an X.509 version 1 certificate, and TLS requires version 3 from a client; "
            f"{_HOW}. Nothing was changed"
        )
    problem = _wrong_use(leaf, name)
    if problem:
        raise InvalidInputError(f"{name}: {subject} {problem}, so a KMS refuses it; {_HOW}. Nothing was changed")
    if len(blocks) > 1 and not check_signed_by(blocks[0], "".join(blocks[1:])):
        raise InvalidInputError(
            f"{name}: none of the {len(blocks) - 1} certificates after {subject} signed it (its issuer is "
            f"{leaf.issuer.rfc4514_string()}); give its own chain, or the certificate alone. Nothing was changed"
        )


def _check_place(blocks: t.Sequence[str], public_key: str, name: str) -> None:
    if not public_key or public_key_of(blocks[0]) == public_key:
        return
    for number, block in enumerate(blocks[1:], 2):
        if public_key_of(block) == public_key:
            raise InvalidInputError(
                f"{name}: vCenter's certificate is block {number} of {len(blocks)}; put it first, its chain after it. "
                "Nothing was changed"
            )


def _check_dates(facts: t.Mapping[str, t.Any], name: str, now: datetime.datetime, way_out: str) -> None:
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    start, end = (
        datetime.datetime.strptime(facts[key], stamp).replace(tzinfo=datetime.timezone.utc)
        for key in ("not_before", "not_after")
    )
    if end < now:
        raise InvalidInputError(
            f"{name}: {facts['subject']} expired on {facts['not_after']}{way_out}; nothing was changed"
        )
    if start > now + CLOCK_SKEW:
        raise InvalidInputError(
            f"{name}: {facts['subject']} is valid only from {facts['not_before']} on, and vCenter's clock says "
            f"{now.strftime(stamp)}; correct the clock, or rerun then. Nothing was changed"
        )


def _wrong_use(leaf: t.Any, name: str) -> str:
    """In words why no TLS client can use it; empty when one can."""
    try:
        uses = _extension(leaf, x509.ExtendedKeyUsage)
        if uses is not None and not {use.dotted_string for use in uses} & {
            x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string,
            _ANY_USE,
        }:
            return "has an extended key usage without clientAuth"
        usage = _extension(leaf, x509.KeyUsage)
        # what may go with clientAuth (RFC 5280, 4.2.1.12)
        if usage is not None and not (usage.digital_signature or usage.key_agreement):
            return "has a key usage without digitalSignature"
    except UNREADABLE as error:
        raise InvalidInputError(
            f"{name}: an extension of the certificate cannot be read: {one_line(str(error))}"
        ) from error
    return ""


def _extension(certificate: t.Any, kind: t.Any) -> t.Any:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def alternative_name_form(pem: str) -> str:
    """How a certificate has the names other than its subject: `critical` or `plain` (the extension), or `none`.

    Raises InvalidInputError for what cannot be read.
    """
    try:
        names = load_certificate(pem).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return "none"
    except UNREADABLE as error:
        raise InvalidInputError(f"a field of the certificate cannot be read: {one_line(str(error))}") from error
    return "critical" if names.critical else "plain"
