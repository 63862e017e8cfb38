# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access credentials of OKMS: client certificates signed by the OKMS user authority."""

from __future__ import annotations

import datetime
import re
import typing as t
import uuid

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ..pki import new_key
from .core import Area, Call, Core, new_uuid, serves, stamp
from .errors import bad_request, not_found
from .okms import OkmsArea, usable
from .state import Countdown, Credential, Okms

UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
NAME_LIMIT, DESCRIPTION_LIMIT, URN_LIMIT, CSR_LIMIT, DAYS_LIMIT = 50, 200, 25, 10_000, 365
_URN = re.compile(r"urn:v1:(eu|ca|us):identity:(account:[\w.-]+|(user|group|credential):[\w.-]+/.+)")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


def domain_names(okms_id: str, form: str) -> list[tuple[x509.ExtensionType, bool]]:
    """The name of a domain in its client certificates: a critical otherName in the sample of OVHcloud's guide."""
    if form == "none":
        return []
    upn = f"okms.domain:{okms_id}".encode()
    # a UTF8String in DER: tag 0x0c, one byte of length
    name = x509.OtherName(UPN, bytes([0x0C, len(upn)]) + upn)
    return [(x509.SubjectAlternativeName([name]), form == "critical")]


class CredentialArea(Area):
    """Calls under /v2/okms/resource/{okmsId}/credential."""

    def __init__(self, core: Core, okms: OkmsArea) -> None:
        super().__init__(core)
        self._okms = okms

    @serves("GET /v2/okms/resource/{okmsId}/credential")
    def credentials(self, call: Call) -> list[dict[str, t.Any]]:
        """All credentials of a domain."""
        domain = usable(self, call)
        for credential in list(domain.credentials.values()):
            self._read(domain, credential)
        return [self._shown(credential) for credential in domain.credentials.values()]

    @serves("GET /v2/okms/resource/{okmsId}/credential/{credentialId}")
    def get(self, call: Call) -> dict[str, t.Any]:
        """One credential, with its certificate once it is ready."""
        domain = usable(self, call)
        credential = self._credential(domain, call)
        self._read(domain, credential)
        return self._shown(self._credential(domain, call))

    @serves("POST /v2/okms/resource/{okmsId}/credential")
    def create(self, call: Call) -> dict[str, t.Any]:
        """Issue; a key made here is in this answer and nowhere else."""
        domain, body = usable(self, call), call.body
        _check(body)
        kind, csr = body.get("certificateType") or "ECDSA", body.get("csr")
        key = None
        if csr:
            # guide okms-certificate-management: its sample says ECDSA for a request with an RSA key
            public_key = _public_key(csr)
        else:
            key = new_key("rsa" if kind == "RSA" else "ec")
            public_key = key.public_key()
        credential = self._issue(domain, body, kind, public_key, from_csr=bool(csr))
        answer = self._shown(credential)
        del answer["certificatePEM"]
        return {**answer, "privateKeyPEM": self._private(key) if key else None}

    @serves("DELETE /v2/okms/resource/{okmsId}/credential/{credentialId}")
    def delete(self, call: Call) -> dict[str, t.Any]:
        """Revoke now, remove a little later."""
        domain = usable(self, call)
        credential = self._credential(domain, call)
        if credential.status in ("CREATING", "DELETING"):
            raise bad_request(f"A credential in state {credential.status} cannot be deleted", "CredentialStatusInvalid")
        self.remove(domain, credential)
        return self._shown(credential)

    def remove(self, domain: Okms, credential: Credential) -> None:
        """Revoke and let it disappear."""
        credential.status = "DELETING"
        credential.countdown = Countdown(self.core.settings.credential_delete_reads)
        self._okms.revoke(domain, credential)
        if credential.countdown.left == 0:
            del domain.credentials[credential.credential_id]

    def _credential(self, domain: Okms, call: Call) -> Credential:
        found = domain.credentials.get(call.params["credentialId"])
        if found is None:
            raise not_found(f"credential {call.params['credentialId']}")
        return found

    def _read(self, domain: Okms, credential: Credential) -> None:
        """One read: creation or removal comes nearer."""
        if credential.status == "CREATING" and credential.countdown.tick():
            self._finish(domain, credential)
        elif credential.status == "DELETING" and credential.countdown.tick():
            del domain.credentials[credential.credential_id]
        if credential.status == "READY" and self.core.now() >= credential.expires:
            credential.status = "EXPIRED"

    def _finish(self, domain: Okms, credential: Credential) -> None:
        credential.status = self.core.settings.credential_outcome
        if credential.status == "READY":
            issued = self.core.callbacks.on_credential_issued
            issued(domain.okms_id, credential.credential_id, credential.certificate)

    def _issue(self, domain: Okms, body: dict[str, t.Any], kind: str, public_key: t.Any, from_csr: bool) -> Credential:
        credential_id, days = new_uuid(), body.get("validity") or DAYS_LIMIT
        number = uuid.UUID(credential_id).int
        names = domain_names(domain.okms_id, self.core.settings.credential_san)
        certificate = self.core.authority.issue(
            domain.okms_id, public_key, usage="client", days=days, serial=number, extra_extensions=names
        )
        created = self.core.now()
        credential = Credential(
            credential_id,
            body["name"],
            body.get("description"),
            list(body["identityURNs"]),
            from_csr,
            kind,
            created,
            created + datetime.timedelta(days=days),
            certificate,
            countdown=Countdown(self.core.settings.credential_reads),
        )
        domain.credentials[credential_id] = credential
        return credential

    def _private(self, key: t.Any) -> str:
        form = serialization.PrivateFormat.TraditionalOpenSSL  # the label is `EC PRIVATE KEY`
        pem = str(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode())
        self.state.secrets.append(pem)
        return pem

    @staticmethod
    def _shown(credential: Credential) -> dict[str, t.Any]:
        pem = None
        if credential.status in ("READY", "EXPIRED", "DELETING"):
            pem = credential.certificate.public_bytes(serialization.Encoding.PEM).decode()
        return {
            "certificatePEM": pem,
            "certificateType": credential.kind,
            "createdAt": stamp(credential.created),
            "description": credential.description,
            "expiredAt": stamp(credential.expires),
            "fromCSR": credential.from_csr,
            "id": credential.credential_id,
            "identityURNs": credential.identity_urns,
            "name": credential.name,
            "status": credential.status,
        }


def _check(body: dict[str, t.Any]) -> None:
    """The limits of a new credential, each with its error class."""
    name, description = body["name"], body.get("description") or ""
    urns, csr = body["identityURNs"], body.get("csr")
    days = DAYS_LIMIT if body.get("validity") is None else body["validity"]
    rules = (
        (len(name) > NAME_LIMIT, "CredentialNameMaximumExceeded"),
        (not name or bool(_UNPRINTABLE.search(name)), "CredentialNameInvalidCharacter"),
        (len(description) > DESCRIPTION_LIMIT, "CredentialDescriptionMaximumExceeded"),
        (bool(_UNPRINTABLE.search(description)), "CredentialDescriptionInvalidCharacter"),
        (len(urns) < 1, "CredentialIdentityURNsMinimumRequired"),
        (len(urns) > URN_LIMIT, "CredentialIdentityURNsMaximumExceeded"),
        (not all(_URN.fullmatch(urn) for urn in urns), "CredentialIdentityURNsInvalidURN"),
        (days < 1, "CredentialValidityMinimumRequired"),
        (days > DAYS_LIMIT, "CredentialValidityMaximumExceeded"),
        (bool(csr and body.get("certificateType")), "CredentialCertificateTypeIncompatibleFields"),
        (len(csr or "") > CSR_LIMIT, "CredentialCSRMaximumExceeded"),
    )
    for broken, suffix in rules:
        if broken:
            raise bad_request(f"The credential was refused: {suffix}", suffix)


def _public_key(csr: str) -> t.Any:
    """The public key of a request whose signature holds; nothing else of it is kept."""
    try:
        request = x509.load_pem_x509_csr(csr.encode())
        if not request.is_signature_valid:
            raise InvalidSignature
        key = request.public_key()
    except (ValueError, InvalidSignature, UnsupportedAlgorithm):
        raise bad_request("The certificate signing request cannot be used", "CredentialCSRInvalidCharacter") from None
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        raise bad_request("The key type of the request is not supported", "CredentialCSRInvalidCharacter")
    return key
