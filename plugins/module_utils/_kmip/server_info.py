# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a KMIP server shows to anybody, and what it says to a client with a certificate, as one flat dictionary."""

from __future__ import annotations

import dataclasses
import datetime
import ssl
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import (
    CertificateFacts,
    days_left,
    facts_in_part,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    InvalidInputError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import complete
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip import trust
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.errors import (
    ConnectionLostError,
    KmsError,
    KmsTimeoutError,
    PinMismatchError,
    ProtocolError,
    ServerUntrustedError,
    refuses_client,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.handshake import (
    HandshakeResult,
    addresses,
    look,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.settings import (
    Anchors,
    Endpoint,
    Identity,
    anchors_of,
    endpoint_of,
    identity_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.transport import Transport


@dataclasses.dataclass
class ClientAnswer:
    """What the server says to our client certificate; null where it was not asked."""

    accepted: bool | None = None
    error_kind: str | None = None
    error: str | None = None
    protocol_versions: list[str] | None = None
    operations: list[str] | None = None
    missing_operations: list[str] | None = None
    vendor: str | None = None


@dataclasses.dataclass(frozen=True)
class SeenServer(CertificateFacts):
    """A KMIP server and the certificate that it presented; the facts are those of the certificate."""

    host: str
    port: int
    server_name: str | None
    address: str
    tls_version: str | None
    cipher: str | None
    client_certificate_required: bool | None
    certificate: str
    chain: list[str]
    chain_complete: bool | None
    unreadable_fields: list[str]
    days_left: int | None


@dataclasses.dataclass(frozen=True)
class JudgedServer(SeenServer):
    """The same with what came of judging it, at one address or at each."""

    addresses: list[str]
    trusted: dict[str, t.Any]
    for_vcenter: dict[str, t.Any] | None
    by_address: list[dict[str, t.Any]] | None


FIELDS = (*fields_of(JudgedServer), *fields_of(ClientAnswer))
# the flow or the server may still be opening
_NOT_YET = (UnreachableError, KmsTimeoutError, ConnectionLostError)


def reach(endpoint: Endpoint, patience: Patience) -> HandshakeResult:
    """Look at the server, waiting until it answers. Raises KmsError, or WaitTimeoutError after a wait."""

    def attempt() -> HandshakeResult | KmsError:
        try:
            return look(endpoint)
        except KmsError as error:
            if not isinstance(error, _NOT_YET):
                raise
            return error

    found = wait_for(
        attempt,
        lambda seen: isinstance(seen, HandshakeResult),
        f"KMIP server {endpoint.peer}",
        patience,
        str,
        host=endpoint.host,
    )
    if isinstance(found, KmsError):
        raise found
    return found


def shown(endpoint: Endpoint, seen: HandshakeResult, now: datetime.datetime) -> dict[str, t.Any]:
    """Facts of the connection and of the certificate that was seen, as far as it can be read.

    Raises ProtocolError when nothing of it can be read.
    """
    chain = [ssl.DER_cert_to_PEM_cert(der) for der in seen.chain]
    try:
        facts, unreadable = facts_in_part(chain[0])
    except InvalidInputError as error:
        raise ProtocolError(f"KMIP server {endpoint.peer}: its certificate cannot be read: {error.message}") from error
    if "subject" in unreadable and "not_after" in unreadable:
        raise ProtocolError(f"KMIP server {endpoint.peer}: its certificate cannot be read (SHA-256 {facts['sha256']})")
    return as_result(
        SeenServer(
            host=endpoint.host,
            port=endpoint.port,
            server_name=endpoint.server_name,
            address=seen.address,
            tls_version=seen.version,
            cipher=seen.cipher,
            client_certificate_required=_requires_client(seen),
            certificate=chain[0],
            chain=chain,
            chain_complete=seen.complete or None,
            **facts,
            unreadable_fields=unreadable,
            days_left=days_left(facts["not_after"], now) if facts["not_after"] else None,
        )
    )


def not_readable(endpoint: Endpoint, unreadable: t.Sequence[str]) -> str:
    """What a user should know of a certificate that was read only in part."""
    return (
        f"KMIP server {endpoint.peer}: {', '.join(unreadable)} of its certificate cannot be read and is null or "
        "incomplete here; others may refuse this certificate. Let the KMS issue one that conforms to X.509 "
        "version 3"
    )


def _requires_client(seen: HandshakeResult) -> bool | None:
    if seen.error is None:
        return False
    # a vague end after the certificate, to a client that showed none, has hardly another reason
    return refuses_client(seen.error) is not False or None


def converse(endpoint: Endpoint, anchors: Anchors, identity: Identity) -> dict[str, t.Any]:
    """Ask as this client for versions and operations; a refusal is a result. Changes nothing on the server.

    Raises ClientCredentialsError and MissingLibraryError, which are ours.
    """
    # imported here because PyKMIP costs half a second, which looking at a certificate does not need
    from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.client import NEEDED, KmipClient

    found = ClientAnswer()
    client = KmipClient(Transport(endpoint, anchors, identity), identity)
    try:
        client.open()
        found.protocol_versions = client.versions()
        found.accepted = True
        offer = client.query()
    except KmsError as error:
        found.error_kind, found.error = error.kind, error.message
        found.accepted = _accepted(error, found.accepted)
        return as_result(found)
    finally:
        client.close()
    found.operations, found.vendor = offer.operations, offer.vendor
    found.missing_operations = [operation for operation in NEEDED if operation not in offer.operations]
    return as_result(found)


def _accepted(error: KmsError, before: bool | None) -> bool | None:
    """Whether the server took our certificate, judged by the error that ended the conversation."""
    if error.kind in ("client_certificate_rejected", "not_authenticated"):
        return False
    if error.kind in ("permission_denied", "operation_not_supported", "operation_failed"):
        return True  # a KMIP answer is only given to a known client
    return before


class KmipServer:
    """Looks first, judges then, and talks only to the expected server."""

    def __init__(self, context: Context) -> None:
        params = context.params
        self._warn = context.warn
        self.endpoint = endpoint_of(params)
        self.anchors = anchors_of(params)
        self.identity = identity_of(params)
        self.patience = Patience.of(params)
        self.every_address = params["every_address"]
        self.must_be_trusted = params["on_untrusted"] == "fail"

    def find(self) -> dict[str, t.Any]:
        """Everything under one key."""
        seen = reach(self.endpoint, self.patience)
        found = shown(self.endpoint, seen, datetime.datetime.now(datetime.timezone.utc))
        if found["unreadable_fields"]:
            self._warn(not_readable(self.endpoint, found["unreadable_fields"]))
        found["addresses"] = addresses(self.endpoint)
        judgement = trust.judge(self.endpoint, self.anchors, seen)
        places = self._places(found["addresses"], trust.Place(seen.address, seen, judgement))
        judgement = trust.joined(judgement, seen, places)
        found["trusted"] = dataclasses.asdict(judgement)
        found["for_vcenter"] = trust.for_vcenter(self.anchors, seen, judgement, places)
        found["by_address"] = [place.as_result() for place in places] if self.every_address else None
        if self.must_be_trusted:
            trust.demand(self.endpoint, self.anchors, seen, judgement)
        if self.identity:
            found.update(self._conversation(judgement.verdict, judgement.by_thumbprint))
        return {"kmip_server": complete(found, FIELDS)}

    def _places(self, found: list[str], known: trust.Place) -> list[trust.Place]:
        return trust.judge_places(self.endpoint, self.anchors, found, known) if self.every_address else []

    def _conversation(self, trusted: bool, by_thumbprint: bool | None) -> dict[str, t.Any]:
        if trusted and self.identity:
            return converse(self.endpoint, self.anchors, self.identity)
        refusal = PinMismatchError if by_thumbprint is False else ServerUntrustedError
        return {"error_kind": refusal.kind, "error": "not checked, because the server is not the expected one"}
