# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of key providers: vCenter asks the servers, we put its answer into our shape and into words."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ConflictError,
    WaitTimeoutError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.tasks import result_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    Provider,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.causes import certain_cause

Facts = dict[str, t.Any]
TRUST_SETTLES = 300.0  # seconds; OVHcloud's guide: trust turns green after a few minutes
_SHORT = {
    "commonname": "CN",
    "countryname": "C",
    "emailaddress": "emailAddress",
    "localityname": "L",
    "organizationalunitname": "OU",
    "organizationname": "O",
    "stateorprovincename": "ST",
}


@dataclasses.dataclass(frozen=True)
class Connection:
    """Connection status between vCenter and one server. None where vCenter does not say."""

    name: str
    status: str | None
    connection_status: str | None
    vcenter_trusts_server: bool | None
    server_trusts_vcenter: bool | None
    certificate: Facts | None

    @property
    def green(self) -> bool:
        """Everything works."""
        return self.status == "green"

    @property
    def trusted(self) -> bool:
        """vCenter trusts the server: without that it cannot be green, though the flag may be missing."""
        # None may stand for false (assumption false-trust-unset)
        return self.green or bool(self.vcenter_trusts_server)

    @property
    def reachable(self) -> bool:
        """A server whose certificate vCenter has seen, or that works, is there."""
        return self.green or self.certificate is not None or bool(self.vcenter_trusts_server)

    @property
    def trusted_both_ways(self) -> bool:
        """Both flags."""
        return bool(self.vcenter_trusts_server and self.server_trusts_vcenter)

    def as_result(self) -> Facts:
        """For a module's result."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class ProviderHealth:
    """Answer for one provider."""

    overall: str | None
    connections: list[Connection]
    client_certificate: Facts | None

    @property
    def accepted(self) -> bool:
        """Green, and both trust flags on every server that is there (one at least)."""
        there = [connection for connection in self.connections if connection.reachable]
        return bool(there) and all(item.trusted_both_ways and item.green for item in there)

    @property
    def client_certificate_accepted(self) -> bool:
        """A server has let vCenter in with its working certificate."""
        return any(connection.server_trusts_vcenter for connection in self.connections)

    @property
    def reachable(self) -> bool:
        """One server at least is there."""
        return any(connection.reachable for connection in self.connections)

    def of(self, server: str) -> Connection | None:
        """Connection to the server of that name."""
        return next((connection for connection in self.connections if connection.name == server), None)

    def as_results(self) -> list[Facts]:
        """Connections for a module's result."""
        return [connection.as_result() for connection in self.connections]


UNKNOWN_HEALTH = ProviderHealth(None, [], None)


def iso(moment: datetime.datetime | None) -> str | None:
    """UTC in ISO 8601, whole seconds; vCenter's times without a zone are UTC."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def distinguished_name(text: str | None) -> str | None:
    """`CN=kms, O=Team` from vCenter's many lines of `commonName      = kms`; other forms only lose their line ends."""
    if not text:
        return None
    # so vCenter 8.0.3 answers, with long names that are padded with blanks (firestoned/banlieue)
    parts = []
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        key = name.strip()
        if key or value.strip():
            parts.append(f"{_SHORT.get(key.lower(), key)}={value.strip()}" if equals else line.strip())
    return ", ".join(parts) or None


def certificate_of(info: t.Any) -> Facts | None:
    """vCenter's CertificateInfo in our shape."""
    if info is None:
        return None
    return {
        "subject": distinguished_name(info.subject),
        "issuer": distinguished_name(info.issuer),
        "serial_number": info.serialNumber or None,
        "not_before": iso(info.notBefore),
        # not secondsBeforeExpire, an int of 32 bits: it cannot hold more than 68 years (vSphere API)
        "not_after": iso(info.notAfter),
        "sha1": (info.fingerprint or "").upper() or None,
    }


def provider_health_of(status: t.Any) -> ProviderHealth:
    """vCenter's ClusterStatus in our shape."""
    connections = [
        Connection(
            name=server.name,
            status=str(server.status) if server.status else None,
            connection_status=" ".join((server.connectionStatus or "").split()) or None,
            vcenter_trusts_server=server.clientTrustServer,
            server_trusts_vcenter=server.serverTrustClient,
            certificate=certificate_of(server.certInfo),
        )
        for server in status.servers or []
    ]
    connections.sort(key=lambda connection: connection.name)
    overall = str(status.overallStatus) if status.overallStatus else overall_of(connections)
    return ProviderHealth(overall, connections, certificate_of(status.clientCertInfo))


def overall_of(connections: t.Sequence[Connection]) -> str | None:
    """Colour of a provider when vCenter gives none: that of its servers, yellow when only some are green."""
    # as vCenter itself is assumed to do (assumption partial-status)
    green = sum(connection.green for connection in connections)
    if not connections:
        return None
    return "green" if green == len(connections) else "yellow" if green else "red"


def read_provider_health(session: Session, providers: t.Sequence[Provider]) -> dict[str, ProviderHealth]:
    """Health by provider name; vCenter connects to every server for it, but changes nothing."""
    if not providers:
        return {}
    what = "read the status of the key providers"
    raw = [provider.raw for provider in providers]
    task = session.call(what, session.crypto.RetrieveKmipServersStatus_Task, clusters=raw)
    answers = result_of(session, task, what)
    return {answer.clusterId.id: provider_health_of(answer) for answer in answers or []}


def health(session: Session, provider: Provider) -> ProviderHealth:
    """Health of one provider."""
    return read_provider_health(session, [provider]).get(provider.name, UNKNOWN_HEALTH)


def reasons(found: ProviderHealth) -> list[str]:
    """Why the provider is not green, in plain words; empty when it is."""
    if not found.connections:
        return []
    lines = [line for connection in found.connections for line in [_reason(connection)] if line]
    if not lines and found.overall not in (None, "green"):
        lines.append(f"vCenter reports {found.overall} without naming a server")
    return lines


def _reason(connection: Connection) -> str | None:
    if connection.green and connection.trusted_both_ways:
        return None
    said = f" (vCenter says: {connection.connection_status})" if connection.connection_status else ""
    cause = certain_cause(said)
    if not connection.reachable and cause is not None:
        words = f"{cause.reason}: {cause.next_step}"
    elif not connection.reachable:
        words = "vCenter cannot reach it: host, port, firewall, or on OVHcloud no open KMS entry (private_cloud_kms)"
    elif not connection.vcenter_trusts_server:
        words = "vCenter does not trust the server's certificate (new, replaced, expired, or its CA was never uploaded)"
    elif not connection.server_trusts_vcenter:
        words = (
            "the KMS does not accept vCenter's client certificate (revoked, expired, not issued by it, or on OKMS "
            "without an IAM policy for KMIP)"
        )
    else:
        words = f"vCenter reports {connection.status or 'no status'} although both sides trust each other"
    return f"{connection.name}: {words}{said}"


def refused(found: ProviderHealth) -> bool:
    """Every server that answers turns vCenter's client certificate down."""
    there = [connection for connection in found.connections if connection.reachable or _says_no(connection)]
    return bool(there) and all(map(_says_no, there))


def _issuer(found: ProviderHealth) -> str:
    issuer = (found.client_certificate or {}).get("issuer")
    return f" ({issuer})" if issuer else ""


def _says_no(connection: Connection) -> bool:
    if connection.reachable:
        return bool(connection.vcenter_trusts_server) and not connection.server_trusts_vcenter
    # refused in the TLS handshake: vCenter may not have seen the server's certificate then
    # so OKMS answers an identity without an IAM policy for KMIP (reported by users)
    return "bad certificate" in (connection.connection_status or "").lower().replace("_", " ")


class Refusals:
    """How long vCenter's client certificate has been turned down without a break.

    A new IAM policy counts after a minute, and vCenter's flags may come and go for some minutes: a certificate that is
    turned down for `longest` seconds will not be accepted by waiting. None: somebody may still make the KMS accept it.
    """

    def __init__(self, provider: str, longest: float | None, monotonic: t.Callable[[], float]) -> None:
        self._provider = provider
        self._longest = longest
        self._monotonic = monotonic
        self._since: float | None = None

    def see(self, found: ProviderHealth) -> None:
        """Raise ConflictError when it has lasted too long."""
        if self._longest is None or not refused(found):
            self._since = None
            return
        now = self._monotonic()
        self._since = now if self._since is None else self._since
        if now - self._since < self._longest:
            return
        raise ConflictError(
            f"key provider {self._provider}: {'; '.join(reasons(found))}. The KMS has refused it for "
            f"{self._longest:g} s (refused_timeout), so waiting does not help. Your own KMS must trust the CA "
            f"that signed the certificate{_issuer(found)}, or must have imported it. On OVHcloud KMS, the "
            "certificate's identity needs an IAM policy with the okms:kmip actions on the domain: name it in "
            "okms_identity_urns of the role okms and leave okms_kmip_policy on, or create the policy with the "
            "module iam_policy; then rerun. If it has one, the certificate was revoked or belongs to another KMS",
            provider=self._provider,
            reasons=reasons(found),
        )


def wait_until_accepted(
    session: Session, provider: Provider, patience: Patience, longest_refusal: float | None = None
) -> ProviderHealth:
    """Wait until every reachable server is green with both trust flags; trust may come and go for some minutes.

    After these minutes a server that vCenter does not trust ends the wait: nothing that happens meanwhile fixes that.
    `longest_refusal`: seconds after which a certificate that the KMS turns down ends the wait; None: none.
    """
    start = patience.monotonic()
    refusals = Refusals(provider.name, longest_refusal, patience.monotonic)

    def accepted(seen: ProviderHealth) -> bool:
        if not seen.accepted and patience.monotonic() - start >= TRUST_SETTLES:
            _refuse_hopeless(provider.name, seen)
        if not seen.accepted and patience.wait:
            refusals.see(seen)
        return seen.accepted

    return wait_for(
        lambda: health(session, provider),
        accepted,
        f"key provider {provider.name} green with both trust flags",
        patience,
        lambda seen: "; ".join(reasons(seen)) or f"status {seen.overall or 'unknown'}",
        provider=provider.name,
    )


def _refuse_hopeless(provider: str, seen: ProviderHealth) -> None:
    there = [connection for connection in seen.connections if connection.reachable]
    if there and not any(connection.vcenter_trusts_server for connection in there):
        last = "; ".join(reasons(seen))
        raise WaitTimeoutError(
            f"key provider {provider}: vCenter trusts none of its servers, and waiting does not change that; last seen:"
            f" {last}. Run standard_key_provider with server_ca or server_thumbprints (kmip_server_info returns both)",
            last_state=last,
            provider=provider,
        )
