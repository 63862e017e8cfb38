# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vCenter's connections to KMIP servers: status, trust flags and keys come from real KMIP over real mTLS."""

from __future__ import annotations

import dataclasses
import socket
import typing as t

from cryptography import x509
from pyVmomi import vim

from ..kmip.vcenter_client import KmsRefused, KmsUnavailable, Probe, VCenterKmsClient
from . import identity
from .crypto_state import NATIVE, Identity, KmipServer, Provider

if t.TYPE_CHECKING:
    from .core import Core

T = t.TypeVar("T")


def is_authority(pem: str) -> bool:
    """Whether a certificate may sign others."""
    found = x509.load_pem_x509_certificate(pem.encode()).extensions
    try:
        return bool(found.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return False


Kmip = vim.encryption.CryptoManagerKmip
CLOSED = "Cannot connect to the key server {0.address}:{0.port}."


@dataclasses.dataclass(frozen=True)
class Route:
    """How vCenter gets to a KMIP server: an address of its name, and what fails there (`works`: nothing)."""

    address: str
    aversion: str = "works"


def addresses_of(host: str) -> list[str]:
    """IPv4 addresses of a name, none when it has none."""
    try:
        return socket.gethostbyname_ex(host)[2]
    except (OSError, UnicodeError):  # the latter: an empty label
        return []


class KmsConnections:
    """Makes connections with the trust of a provider. Nothing here may be called with the lock held.

    `route` gives none when the network lets vCenter not through to (host, port).
    """

    def __init__(self, core: Core, route: t.Callable[[str, int], Route | None]) -> None:
        self._core = core
        self._route = route

    def identity(self, provider: Provider | None) -> Identity | None:
        """What vCenter shows to the servers of a provider: its own certificate as long as none was set."""
        if provider and provider.identity:
            return provider.identity
        return self.own_identity() if self._core.settings.default_client_certificate else None

    def own_identity(self) -> Identity:
        """vCenter's own certificate."""
        with self._core.lock:
            state = self._core.crypto
            if state.own_identity is None:
                settings = self._core.settings
                state.own_identity = identity.make_self_signed(
                    None, settings.hostname, settings.client_key_kind, self._core.clock.now()
                )
            return state.own_identity

    def _client(self, provider: Provider | None, server: KmipServer, route: Route) -> VCenterKmsClient:
        shown = self.identity(provider)
        timeout = self._core.settings.kms_timeout
        if server.timeout and server.timeout > 0:
            timeout = min(timeout, server.timeout)
        return VCenterKmsClient(
            server.address,
            server.port,
            self._trusted(provider) if provider else [],
            shown.certificate_pem if shown else None,
            shown.key_pem if shown else None,
            server.user_name or None,
            server.password or None,
            timeout,
            self._core.clock,
            route.address,
            route.aversion,
        )

    def _trusted(self, provider: Provider) -> list[str]:
        """The certificates that count: those of authorities too, or leaves only."""
        given = list(provider.trusted)
        return given if self._core.settings.server_ca_accepted else [pem for pem in given if not is_authority(pem)]

    def probe(self, provider: Provider | None, server: KmipServer) -> Probe:
        """Test the connection to one server."""
        route = self._route(server.address, server.port)
        if route is None:
            return Probe(False, "", False, False, CLOSED.format(server))
        return self._client(provider, server, route).probe()

    def certificate(self, server: KmipServer) -> str:
        """The chain that a server presents, leaf first; empty when it cannot be reached."""
        route = self._route(server.address, server.port)
        return self._client(None, server, route).fetch_server_certificate() if route else ""

    def _first(self, provider: Provider, ask: t.Callable[[VCenterKmsClient], T]) -> T:
        """The answer of the first server that gives one; raises KmsRefused with the last reason."""
        refusal: KmsRefused = KmsUnavailable(f"The key provider {provider.id} has no servers.")
        for server in list(provider.servers.values()):
            route = self._route(server.address, server.port)
            if route is None:
                refusal = KmsUnavailable(CLOSED.format(server))
                continue
            try:
                return ask(self._client(provider, server, route))
            except KmsRefused as exc:
                refusal = exc
        raise refusal

    def create_key(self, provider: Provider) -> str:
        """A new key in the first server that makes one; raises KmsRefused with the last reason."""
        release = self._core.release
        return self._first(provider, lambda client: client.create_key(f"{release.version} build-{release.build}"))

    def use_key(self, provider: Provider, key_id: str) -> bytes:
        """A key from the first server that hands it out, activated if it is new; KmsRefused with the last reason."""
        return self._first(provider, lambda client: client.use_key(key_id))

    def key_states(self, provider: Provider, key_ids: t.Iterable[str]) -> dict[str, str]:
        """State of keys in the first server that answers, in the words of VCenterKmsClient."""
        found = dict.fromkeys(key_ids, "KeyStateClusterUnreachable")
        for server in list(provider.servers.values()):
            route = self._route(server.address, server.port)
            if route:
                found = self._client(provider, server, route).key_states(found)
                if "KeyStateClusterUnreachable" not in found.values():
                    return found
        return found

    def is_active(self, provider: Provider) -> bool:
        """Whether a provider can be used: one of its servers is green; a native one always is."""
        if provider.management_type == NATIVE:
            return True
        return any(self.probe(provider, server).green for server in list(provider.servers.values()))

    def status(self, provider: Provider, names: t.Collection[str] | None = None) -> t.Any:
        """ClusterStatus of a provider, of all its servers or of those named."""
        servers = [server for server in list(provider.servers.values()) if names is None or server.name in names]
        probes = [(server, self.probe(provider, server)) for server in servers]
        status = Kmip.ClusterStatus(
            clusterId=vim.encryption.KeyProviderId(id=provider.id),
            overallStatus=self._overall(provider, [probe for _server, probe in probes]),
            managementType=provider.management_type,
        )
        if probes:
            status.servers = [self._server_status(provider, server, probe) for server, probe in probes]
        shown = self.identity(provider)
        if shown and provider.management_type != NATIVE:
            status.clientCertInfo = identity.certificate_info(shown.certificate_pem, self._core.clock.now())
        return status

    def _overall(self, provider: Provider, probes: list[Probe]) -> str:
        if provider.management_type == NATIVE:
            wanted = self._core.settings.native_status
            return ("green" if provider.has_backup else "red") if wanted == "by_backup" else wanted
        if not probes:
            return "gray"
        green = sum(probe.green for probe in probes)
        some = self._core.settings.partial_status if green else "red"
        return "green" if green == len(probes) else some

    def _server_status(self, provider: Provider, server: KmipServer, probe: Probe) -> t.Any:
        text = "Connected to the key server." if probe.green else probe.detail
        return Kmip.ServerStatus(
            name=server.name,
            status="green" if probe.green else "red",
            connectionStatus=text if self._core.settings.connection_texts else "",
            certInfo=self.info(probe.certificate_pem),
            clientTrustServer=self.flag(self.told(provider, probe.client_trusts_server)),
            serverTrustClient=self.flag(probe.server_trusts_client),
        )

    @staticmethod
    def told(provider: Provider | None, trusted: bool) -> bool:
        """Whether this reading shows that vCenter trusts a server; see trust_told_late."""
        if provider and trusted and provider.trust_late > 0:
            provider.trust_late -= 1
            return False
        return trusted

    def flag(self, value: bool) -> bool | None:
        """A trust flag as it is shown."""
        return None if not value and self._core.settings.false_trust_unset else value

    def info(self, pem: str) -> t.Any:
        """Description of a certificate, None without one."""
        return identity.certificate_info(pem, self._core.clock.now()) if pem else None
