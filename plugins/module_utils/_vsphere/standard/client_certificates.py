# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vCenter's client certificate at a KMS: CSR, signed certificate, certificate with key, self-signed."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import ApiError, NotFoundError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import (
    Session,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    key_provider_id,
)

# Our option names and vCenter's fields.
SUBJECT_FIELDS = {
    "common_name": "commonName",
    "organization": "organization",
    "organizational_unit": "organizationUnit",
    "locality": "locality",
    "state_or_province": "state",
    "country": "country",
    "email": "email",
}
_SUBJECT_SINCE = "8.0.1"


def _text(session: Session, what: str, method: t.Callable[..., t.Any], provider: str) -> str:
    answer = session.call(f"{what} of the key provider {provider}", method, cluster=key_provider_id(provider))
    return (answer or "").strip()


def _text_or_none(session: Session, what: str, method: t.Callable[..., t.Any], provider: str) -> str:
    """Empty also when vCenter answers with a fault because there is nothing to return: the reference knows only ''."""
    try:
        return _text(session, what, method, provider)
    except NotFoundError:
        return ""


def working_certificate(session: Session, provider: str) -> str:
    """The certificate in use (PEM); empty when there is none. A new provider may have vCenter's own one."""
    return _text_or_none(session, "read the client certificate", session.crypto.RetrieveClientCert, provider)


def last_csr(session: Session, provider: str) -> str:
    """The CSR that was generated last (PEM), used or not; empty when there is none."""
    return _text_or_none(session, "read the CSR", session.crypto.RetrieveClientCsr, provider)


def self_signed_certificate(session: Session, provider: str) -> str:
    """The self-signed certificate that was generated last (PEM); empty when there is none."""
    return _text_or_none(
        session, "read the self-signed client certificate", session.crypto.RetrieveSelfSignedClientCert, provider
    )


def check_subject(session: Session, subject: t.Mapping[str, str]) -> None:
    """Raise UnsupportedError when this vCenter takes no subject: pyVmomi would drop it without a word."""
    if subject:
        session.require(_SUBJECT_SINCE, "the option subject (subject of the CSR)")


def generate_csr(session: Session, provider: str, subject: t.Mapping[str, str]) -> str:
    """Make a new key pair and its CSR (PEM). Overwrites the key of a pending CSR; the working certificate stays."""
    check_subject(session, subject)
    named: dict[str, t.Any] = {"cluster": key_provider_id(provider)}
    if subject:
        fields = {SUBJECT_FIELDS[name]: value for name, value in subject.items()}
        named["request"] = vim.encryption.CryptoManagerKmip.CertSignRequest(**fields)
    what = f"generate a CSR for the key provider {provider}"
    return _required(session.call(what, session.crypto.GenerateClientCsr, **named), what)


def generate_self_signed(session: Session, provider: str) -> str:
    """Make a new key pair and its self-signed certificate (PEM); not in use until it is activated."""
    what = f"generate a self-signed client certificate for the key provider {provider}"
    answer = session.call(what, session.crypto.GenerateSelfSignedClientCert, cluster=key_provider_id(provider))
    return _required(answer, what)


def _required(answer: str | None, what: str) -> str:
    if not answer:
        raise ApiError(f"could not {what}: vCenter answered with an empty text")
    return answer.strip()


def activate_signed(session: Session, provider: str, certificate: str) -> None:
    """Put the certificate that answers the last CSR to use."""
    what = f"upload the signed client certificate of the key provider {provider}"
    method = session.crypto.UpdateKmsSignedCsrClientCert
    session.call(what, method, cluster=key_provider_id(provider), certificate=certificate)


def activate_self_signed(session: Session, provider: str, certificate: str) -> None:
    """Put the self-signed certificate that was generated last to use."""
    what = f"activate the self-signed client certificate of the key provider {provider}"
    method = session.crypto.UpdateSelfSignedClientCert
    session.call(what, method, cluster=key_provider_id(provider), certificate=certificate)


def upload_pair(session: Session, provider: str, certificate: str, private_key: str) -> None:
    """Put a certificate and its private key (PEM, not encrypted) to use."""
    what = f"upload the client certificate and its key for the key provider {provider}"
    named = {"cluster": key_provider_id(provider), "certificate": certificate, "privateKey": private_key}
    session.call(what, session.crypto.UploadClientCert, **named)
