# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which client certificate a provider must have: checks before anything is uploaded, and shapes for the results."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.client_use import (
    check_client_certificate,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import (
    days_left,
    facts_in_part,
    request_subject,
    same_certificate,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import (
    open_private_key,
    public_key_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem import (
    CERTIFICATE,
    REQUEST,
    normalise,
    split,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem_files import (
    PemFile,
    text_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import given
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.health import (
    health,
    wait_until_accepted,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    standard_provider,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.client_certificates import (
    SUBJECT_FIELDS,
    activate_self_signed,
    activate_signed,
    check_subject,
    generate_csr,
    generate_self_signed,
    last_csr,
    self_signed_certificate,
    upload_pair,
    working_certificate,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.reachability import (
    check_reachable,
)


@dataclasses.dataclass(frozen=True)
class RequestRecord:
    """The certificate request that waits for its certificate."""

    provider: str
    pending: bool
    csr: str | None = None
    public_key_sha256: str | None = None
    subject: str | None = None
    saved: bool | None = None


@dataclasses.dataclass(frozen=True)
class CertificateRecord:
    """The certificate with which vCenter identifies itself; what is not known is null."""

    provider: str
    method: str
    certificate: str | None = None
    sha256: str | None = None
    subject: str | None = None
    issuer: str | None = None
    not_after: str | None = None
    days_left: int | None = None
    public_key_sha256: str | None = None
    waiting: str | None = None
    accepted: bool | None = None
    status: str | None = None


CSR_FIELDS = fields_of(RequestRecord)
CERTIFICATE_FIELDS = fields_of(CertificateRecord)
_FACTS = ("sha256", "subject", "issuer", "not_after", "public_key_sha256")
SIGNED_CSR = "signed_csr"
PAIR = "certificate_and_key"
SELF_SIGNED = "self_signed"


def is_pending(csr: str, working: str) -> bool:
    """A CSR waits for its certificate: it exists, and the certificate in use has another key.

    After use vCenter may return nothing or the used CSR; a new provider may have vCenter's own certificate. All is
    covered.
    """
    if not csr:
        return False
    # whatever vCenter does about both: assumptions csr-after-use and default-client-certificate
    return not working or public_key_of(csr) != public_key_of(split(working)[0])


def csr_state(provider: str, csr: str) -> State:
    """Result of `key_provider_csr` for a waiting CSR (empty: none waits)."""
    if not csr:
        return as_result(RequestRecord(provider, pending=False))
    pem = normalise(csr, "CERTIFICATE REQUEST", name="CSR of vCenter")
    return as_result(
        RequestRecord(
            provider, pending=True, csr=pem, public_key_sha256=public_key_of(pem), subject=request_subject(pem)
        )
    )


def subject_of_option(option: t.Mapping[str, str | None] | None) -> dict[str, str]:
    """The subject fields that were given."""
    return {name: str(option[name]) for name in SUBJECT_FIELDS if option[name]} if option else {}


def subject_warning(wanted: t.Mapping[str, str], csr: str) -> str | None:
    """What to tell when the waiting CSR has another subject than the wanted one."""
    subject = request_subject(csr)
    missing = [value for value in wanted.values() if value not in subject]
    if not missing:
        return None
    return (
        f"the pending CSR has the subject {subject}, without {', '.join(missing)}; it is kept, because a new CSR "
        "would make vCenter discard its private key"
    )


@dataclasses.dataclass(frozen=True)
class ClientIdentity:
    """What the user gave. `private_key` is PEM without passphrase, and stays out of every text."""

    method: str
    certificate: str = ""
    private_key: str = dataclasses.field(default="", repr=False)
    renew: bool = False
    activate: bool = True


def identity_of(params: t.Mapping[str, t.Any]) -> ClientIdentity:
    """From the options; InvalidInputError for contradictions, broken PEM, or a key of another certificate."""
    given_certificate, key = text_of(params, "certificate"), text_of(params, "private_key")
    if params["self_signed"]:
        if given_certificate.text or key.text:
            raise InvalidInputError("self_signed contradicts certificate and private_key: give one of them")
        if not (params["renew"] or params["activate"]):
            raise InvalidInputError("activate: false is for a renewal, it needs renew: true")
        return ClientIdentity(SELF_SIGNED, renew=params["renew"], activate=params["activate"])
    if params["renew"] or not params["activate"]:
        raise InvalidInputError(
            "renew and activate are for self_signed: true; other certificates are renewed by giving a new one"
        )
    if not given_certificate.text:
        raise InvalidInputError("certificate is required (or self_signed: true)")
    certificate = normalise(given_certificate.text, CERTIFICATE, given_certificate.name)
    if not key.text:
        return ClientIdentity(SIGNED_CSR, certificate)
    opened = open_private_key(key.text, given(params["private_key_passphrase"]), key.name)
    expected, found = public_key_of(split(certificate)[0]), public_key_of(opened)
    if expected != found:
        raise InvalidInputError(
            f"private_key does not belong to certificate (public key SHA-256 {found}, the certificate's is "
            f"{expected}); "
            "nothing was changed"
        )
    return ClientIdentity(PAIR, certificate, opened)


def certificate_state(provider: str, method: str, pem: str, now: datetime.datetime, waiting: str = "") -> State:
    """Result of `key_provider_client_certificate`, acceptance not yet known. An empty PEM: not known before."""
    if not pem:
        return as_result(CertificateRecord(provider, method, waiting=waiting or None))
    leaf = split(pem, "client certificate")[0]
    facts, _unreadable = facts_in_part(leaf, "client certificate")
    left = days_left(facts["not_after"], now) if facts["not_after"] else None
    known = {key: facts[key] for key in _FACTS}
    return as_result(
        CertificateRecord(provider, method, **known, certificate=leaf, days_left=left, waiting=waiting or None)
    )


def wanted_certificate(session: Session, provider: str, identity: ClientIdentity) -> str:
    """The certificate (PEM) that must be in use; empty when vCenter has yet to make it."""
    if identity.method == SELF_SIGNED:
        return self_signed_certificate(session, provider)
    return identity.certificate


def waiting_certificate(session: Session, provider: str, identity: ClientIdentity, working: str) -> str:
    """The self-signed certificate (PEM) that was generated and is not in use; empty for other methods."""
    if identity.method != SELF_SIGNED:
        return ""
    last = self_signed_certificate(session, provider)
    if not last or same_certificate(last, working):
        return ""
    return split(normalise(last, "CERTIFICATE", name="self-signed client certificate"))[0]


def successor_of(provider: str, before: State | None) -> State:
    """What changes when a self-signed certificate is only generated; the empty text stands for the new one."""
    if before is None:
        raise InvalidInputError(
            f"activate: false is for a renewal, and the key provider {provider} has no client certificate in use"
        )
    return {} if before["waiting"] else {"waiting": ""}


def check_identity(session: Session, provider: str, identity: ClientIdentity, now: datetime.datetime) -> None:
    """Before the upload, which uses the pending CSR up: a certificate of a TLS client, and the answer to that CSR."""
    if identity.method == SELF_SIGNED:
        return
    leaf = split(identity.certificate)[0]
    csr = last_csr(session, provider) if identity.method == SIGNED_CSR else ""
    check_client_certificate(identity.certificate, public_key_of(csr) if csr else "", "certificate", now)
    if identity.method != SIGNED_CSR:
        return
    if not csr:
        raise InvalidInputError(
            f"certificate: no CSR of the key provider {provider} is pending; run key_provider_csr, or give the "
            "certificate's private_key. Nothing was changed"
        )
    expected, found = public_key_of(csr), public_key_of(leaf)
    if expected != found:
        raise InvalidInputError(
            f"certificate: this certificate answers another CSR (public key SHA-256 {found}, expected {expected}); "
            "nothing "
            "was changed",
            expected=expected,
            found=found,
        )


def activate(session: Session, provider: str, identity: ClientIdentity, waiting: str | None) -> None:
    """Put the certificate to use. `waiting` is a self-signed one that is not in use yet."""
    if identity.method == SELF_SIGNED:
        _activate_self_signed(session, provider, identity, waiting)
    elif identity.method == PAIR:
        upload_pair(session, provider, identity.certificate, identity.private_key)
    else:
        activate_signed(session, provider, identity.certificate)


def _activate_self_signed(session: Session, provider: str, identity: ClientIdentity, waiting: str | None) -> None:
    # without `renew` the one that was generated last is good, also when vCenter does not tell which one is in use
    made = waiting or ("" if identity.renew else self_signed_certificate(session, provider))
    made = made or generate_self_signed(session, provider)
    if identity.activate:
        activate_self_signed(session, provider, made)


class ClientCertificate(Resource):
    """The client certificate in use at one provider."""

    result_key = "client_certificate"
    fields = CERTIFICATE_FIELDS
    volatile = ("days_left", "accepted", "status")

    def __init__(self, context: Context, session: Session, identity: ClientIdentity) -> None:
        self._context = context
        self._params = context.params
        self._session = session
        self._identity = identity
        self._name = str(context.params["provider"])

    def read(self) -> State | None:
        self._provider = standard_provider(self._session, self._name)
        self._now = self._session.now()
        working = working_certificate(self._session, self._name)
        if not working:
            return None
        return self._state(working, waiting_certificate(self._session, self._name, self._identity, working))

    def _state(self, pem: str, waiting: str = "") -> State:
        return certificate_state(self._name, self._identity.method, pem, self._now, waiting)

    def wanted(self, before: State | None) -> State:
        if not self._identity.activate:
            return successor_of(self._name, before)
        waiting = before["waiting"] if before else None
        if before and self._identity.renew and not waiting:
            return self._state("")
        pem = waiting or wanted_certificate(self._session, self._name, self._identity)
        state = self._state(pem)
        if before and before["sha256"] == state["sha256"]:
            return {}
        check_identity(self._session, self._name, self._identity, self._now)
        if before and before["subject"] and before["subject"] != state["subject"]:
            new = f"is for {state['subject']}" if state["subject"] else "will get a subject of vCenter's choice"
            self._context.warn(
                f"the new certificate {new}, the one in use is for {before['subject']}: a KMS that "
                "identifies its clients by the subject will not give vCenter the keys that belong to the former"
            )
        return state

    def predict(self, plan: Plan) -> State:
        return (
            {**plan.after, "waiting": plan.after["waiting"] or None} if plan.changed else self._with_health(plan.after)
        )

    def apply(self, plan: Plan) -> State:
        activate(self._session, self._name, self._identity, plan.before.get("waiting"))
        return self._with_health(self.read() or {})

    def _with_health(self, state: State) -> State:
        wait = self._params["wait"] and self._params["activate"] and self._params["wait_for"] == "accepted"
        patience = Patience.of({**self._params, "wait": wait})
        found = wait_until_accepted(self._session, self._provider, patience, self._params["refused_timeout"])
        return {**state, "accepted": found.accepted, "status": found.overall}


class KeyProviderCsr(Resource):
    """The waiting CSR of one provider."""

    result_key = "csr"
    fields = CSR_FIELDS

    def __init__(self, context: Context, session: Session, file: PemFile | None) -> None:
        self._context = context
        self._session = session
        self._file = file
        self._name: str = context.params["provider"]
        self._subject = subject_of_option(context.params["subject"])
        self._working = ""

    def read(self) -> State:
        check_subject(self._session, self._subject)
        self._found = standard_provider(self._session, self._name)
        self._working = working_certificate(self._session, self._name)
        csr = last_csr(self._session, self._name)
        return self._with_file(csr_state(self._name, csr if is_pending(csr, self._working) else ""))

    def _with_file(self, state: State) -> State:
        kept = self._file.holds(state["csr"]) if self._file and state["pending"] else None
        return {**state, "saved": kept}

    def wanted(self, before: State | None) -> State:
        if before and before["pending"]:
            warning = subject_warning(self._subject, before["csr"])
            if warning:
                self._context.warn(warning)
            return self._in_file()
        return {"pending": True, **self._in_file()} if self._needed() else {}

    def _in_file(self) -> State:
        return {"saved": True} if self._file else {}

    def _needed(self) -> bool:
        if self._context.params["renew"] or not self._working:
            return True
        found = health(self._session, self._found)
        purpose = "whether the KMS accepts the client certificate (renew: true asks for a new CSR)"
        check_reachable(self._session, self._found, found, purpose)
        return not found.client_certificate_accepted

    def apply(self, plan: Plan) -> State:
        state = plan.before
        if not state["pending"]:
            state = csr_state(self._name, generate_csr(self._session, self._name, self._subject))
        if self._file:
            self._file.write(state["csr"])
        return self._with_file(state)


def request_file(params: t.Mapping[str, t.Any]) -> PemFile | None:
    """The file for the CSR, which other people may read; InvalidInputError when it cannot be written."""
    path = given(params["output_path"])
    if not path:
        return None
    file = PemFile(path, "output_path", REQUEST, 0o644)
    file.check()
    return file
