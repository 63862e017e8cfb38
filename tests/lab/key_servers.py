# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The KMIP servers of the lab: both KMIP endpoints of OKMS, and a cluster of the team's own."""

from __future__ import annotations

import contextlib
import os
import ssl
import threading
import typing as t

from .clock import LabClock
from .faults import Faults
from .journal import Journal
from .kmip import Door, KeyStore, KmipServer, KmsCluster
from .network import Network
from .ovhcloud import KmipEndpoint, Region
from .ovhcloud.credentials import domain_names
from .pki import Authority, kept_key, key_pem, write_private

if t.TYPE_CHECKING:
    from .lab import LabSettings

# regions of OKMS with their number of addresses, guide "okms-vm-encrypt" of 2026-09-16
REGIONS = {"eu-west-rbx": 1, "eu-west-sbg": 1, "eu-west-par": 3, "ca-east-bhs": 1, "ap-southeast-sgp": 2}
ECDSA_PORT, RSA_PORT = 5696, 5697
DOMAIN = "okms.ovh.net"
WILDCARD = f"*.{DOMAIN}"  # OVHcloud's guide on Veeam, 2025-04
EXTERNAL_KMS = ("kms1", "kms2")
EXTERNAL_DOMAIN = "kms.example.net"


class KeyServers:
    """The part of the lab that speaks KMIP; started by the lab."""

    settings: LabSettings
    directory: str
    network: Network

    def __init__(self) -> None:
        self.clock = LabClock()
        self.journal = Journal(self.clock)
        self.faults = Faults()
        self._closing = contextlib.ExitStack()
        self._lock = threading.Lock()
        self._external: KmsCluster | None = None

    def _make_authorities(self) -> None:
        self.okms_users = Authority("CCMUsersCA", self.clock)
        self.okms_servers = self._okms_issuer("ECDSA", "ec")
        self.okms_rsa_servers = self._okms_issuer("RSA", "rsa")
        self.external_authority = Authority("Key servers of the team", self.clock)
        self.external_clients = Authority("Clients of the team", self.clock)
        both = self.okms_rsa_servers.certificate_pem + self.okms_rsa_servers.root.certificate_pem
        self.okms_ca_path = self._file("okms-public-ca.pem", both)
        self.external_ca_path = self._file("external-kms-ca.pem", self.external_authority.certificate_pem)

    def _okms_issuer(self, name: str, kind: str) -> Authority:
        """The CA that signs server certificates of OKMS, below a root of its own."""
        keys = [kept_key(f"OKMS {name} {level}", kind) for level in ("root", "issuing CA")]
        root = Authority(f"OKMS {name} root", self.clock, key=keys[0])
        return Authority(f"OKMS {name} issuing CA", self.clock, issuer=root, key=keys[1])

    def _file(self, name: str, text: str) -> str:
        path = os.path.join(self.directory, name)
        write_private(path, text)
        return path

    def _kmip_server(
        self,
        name: str,
        system: str,
        servers: Authority,
        clients: Authority,
        maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
        store: KeyStore | None = None,
        doors: t.Sequence[Door] = (),
    ) -> KmipServer:
        where = (self.clock, self.journal, system, self.directory, self.faults)
        server = KmipServer(name, servers, [clients], *where, maximum_version=maximum, store=store, doors=doors)
        server.start()
        self._closing.callback(server.close)
        self.clock.watch(server.refresh_revocations)
        return server

    def _start_okms_kmip(self) -> None:
        """Two endpoints before one store: `kmipEndpoint` with an ECDSA, `kmipRsaEndpoint` with an RSA certificate."""
        regions = {name: self.network.add(f"{name}.{DOMAIN}", count) for name, count in REGIONS.items()}
        where = [address for addresses in regions.values() for address in addresses]
        host = f"{next(iter(REGIONS))}.{DOMAIN}"
        self.okms_ecdsa = Door(self.okms_servers, WILDCARD, [WILDCARD], "ec", where, ECDSA_PORT, "ECDSA endpoint", host)
        self.okms_rsa = Door(self.okms_rsa_servers, WILDCARD, [WILDCARD], "rsa", where, RSA_PORT, "RSA endpoint", host)
        self.okms_kmip = self._kmip_server(
            "okms",
            "okms_kmip",
            self.okms_servers,
            self.okms_users,
            ssl.TLSVersion[self.settings.okms_maximum_tls],
            doors=(self.okms_rsa, self.okms_ecdsa),
        )

    def set_okms_read_only(self, read_only: bool = True) -> None:
        """No change is made: two zones or database hosts are lost (architecture-overview of 2025-11-04)."""
        self.okms_kmip.engine.read_only = self.settings.okms_read_only if read_only else ""

    def okms_addresses(self, region: str) -> list[str]:
        """Where a region of OKMS serves KMIP, on the ports of both endpoints."""
        return self.network.addresses(f"{region}.{DOMAIN}")

    def _regions(self) -> list[Region]:
        return [
            Region(
                name,
                self._endpoint(f"{name}.{DOMAIN}", self.okms_ecdsa),
                f"https://{name}.{DOMAIN}",
                self._endpoint(f"{name}.{DOMAIN}", self.okms_rsa),
            )
            for name in REGIONS
        ]

    @staticmethod
    def _endpoint(host: str, door: Door) -> KmipEndpoint:
        authority = door.authority
        return KmipEndpoint(host, door.port, authority.certificate_pem, authority.root.certificate_pem)

    @property
    def external_kms(self) -> KmsCluster:
        """Two KMIP servers of one cluster that is not OVHcloud's; started when first asked for.

        Their certificates are of `external_authority`; they let in clients of `external_clients` and imported ones.
        """
        with self._lock:
            if self._external is None:
                store = KeyStore(os.path.join(self.directory, "external.sqlite"))
                authorities = self.external_authority, self.external_clients
                servers = []
                for name in EXTERNAL_KMS:
                    host = f"{name}.{EXTERNAL_DOMAIN}"
                    where = self.network.add(host)
                    door = Door(authorities[0], name, [host, *where], "ec", where, ECDSA_PORT, name, host)
                    servers.append(self._kmip_server(name, "external_kms", *authorities, store=store, doors=[door]))
                self._external = KmsCluster(servers)
                self._external.login = self.settings.external_kms_login
            return self._external

    def kmip_servers(self) -> dict[str, KmipServer]:
        """The KMIP servers by name, stopped ones too: okms, and those of the external KMS once it was asked for."""
        return {server.name: server for server in (self.okms_kmip, *(self._external or ()))}

    @property
    def okms_public_ca(self) -> str:
        """PEM of both authorities behind the certificate of the RSA endpoint, which `okms_kmip.address` speaks of."""
        authority = self.okms_kmip.door.authority
        return authority.certificate_pem + authority.root.certificate_pem

    def sign_request(self, okms_id: str, csr_pem: str) -> str:
        """An access certificate of that domain for the key of a CSR; the API does not list it."""
        return self.okms_users.sign_request(csr_pem, okms_id, extra_extensions=self._domain_names(okms_id))

    def _domain_names(self, okms_id: str) -> t.Any:
        return domain_names(okms_id, self.settings.ovhcloud.credential_san)

    def client_files(self, okms_id: str, folder: str | os.PathLike[str]) -> tuple[str, str]:
        """Paths of an access certificate of that domain and of its key, made in the folder; unknown to the API."""
        paths = os.path.join(folder, "client.pem"), os.path.join(folder, "client-key.pem")
        pair = self.okms_users.leaf(okms_id, "client", extra_extensions=self._domain_names(okms_id))
        for path, text in zip(paths, pair):
            write_private(path, text)
        return paths

    # --- the ways in which a client gets the trust of the external KMS

    def external_client_pair(self, common_name: str = "vcenter", days: float = 365) -> tuple[str, str]:
        """A client certificate of the team's authority and its key, as PEM."""
        return self.external_clients.leaf(common_name, "client", days=days)

    def external_sign(self, csr_pem: str, days: float = 365) -> str:
        """The certificate (PEM) that the team's authority gives for a CSR, for the common name in it."""
        return self.external_clients.sign_request(csr_pem, days=days)

    def external_ca_files(self, folder: str | os.PathLike[str], passphrase: str | None = None) -> tuple[str, str]:
        """Paths of certificate and key of the team's authority for clients, written to the folder."""
        paths = os.path.join(folder, "external-clients-ca.pem"), os.path.join(folder, "external-clients-ca-key.pem")
        write_private(paths[0], self.external_clients.certificate_pem)
        write_private(paths[1], key_pem(self.external_clients.key, passphrase))
        return paths
