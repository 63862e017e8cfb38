# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole lab in one process: OVHcloud API, OKMS, a KMIP server of one's own, and vCenter, wired to each other."""

from __future__ import annotations

import contextlib
import dataclasses
import hmac
import ipaddress
import secrets
import shutil
import ssl
import tempfile
import threading
import typing as t

from cryptography import x509
from cryptography.x509.oid import NameOID
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

from .assumptions import assumed
from .control import Control, lab_state
from .key_servers import ECDSA_PORT, REGIONS, RSA_PORT, KeyServers
from .names import VARIABLE
from .network import Network
from .ovhcloud import PRIVATE_CLOUD, OvhCloud, OvhSettings
from .ovhcloud.state import VsphereUser
from .pki import LOCAL_NAMES, Authority, server_context, thumbprints
from .privileges import ENCRYPTION, HOSTED
from .second_cloud import SecondCloud
from .vault import VaultServer
from .vcenter import EVERYTHING, Inventory, VCenter, VCenterSettings
from .vcenter.settings import RELEASES
from .web import WebServers

HOST = "localhost"  # of the HTTPS servers
PATH_OF_TOKENS = "/auth/oauth2/token"


@dataclasses.dataclass
class LabSettings:
    """What a test may choose. The parts' own settings can also be changed while the lab runs."""

    vcenter_version: str = "8.0.3"  # one of RELEASES
    kmip_needs_policy: bool = True  # identities other than the account itself need an IAM policy on okms:kmip:*
    okms_maximum_tls: str = assumed("lab.okms_maximum_tls")
    okms_read_only: str = assumed("lab.okms_read_only")  # how changes are refused then: KMIP's reason and a text
    external_kms_login: tuple[str, str] | None = None  # user name and password that the external KMS wants
    locate_granted: bool = assumed("lab.locate_granted")
    revocation_ends_sessions: bool = assumed("lab.revocation_ends_sessions")
    enforce_user_policies: bool = False  # access policy (allowed networks) and session limit of the private cloud count
    ovhcloud: OvhSettings = dataclasses.field(default_factory=OvhSettings)  # of the API
    inventory: Inventory | None = None  # what vCenter manages; None: a small one with every kind of disk
    vcenter: VCenterSettings | None = None  # its version counts, not vcenter_version, when it is given


class Lab(KeyServers):
    """Starts on entry, on free ports of 127.0.0.1; everything, its files too, is gone on exit."""

    def __init__(self, settings: LabSettings | None = None) -> None:
        super().__init__()
        self.settings = settings or LabSettings()
        self.stopping = threading.Event()
        self._old_cookies: set[str] = set()
        self.clouds: list[SecondCloud] = []  # further ones, see second_cloud
        self._vault: VaultServer | None = None
        # of vCenter itself; OVHcloud keeps it, users of a private cloud never have it
        self.administrator = ("administrator@vsphere.local", secrets.token_urlsafe(16))

    def __enter__(self) -> Lab:
        self.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.stop()

    def start(self) -> None:
        """Make the authorities, start every server, connect them, seed the account."""
        with contextlib.ExitStack() as undo:
            undo.callback(self.stop)
            self.directory = tempfile.mkdtemp(prefix="vmware-encryption-lab-")  # mode 0700
            self._closing.callback(shutil.rmtree, self.directory, ignore_errors=True)
            self.network = Network(self.directory)
            self._closing.callback(self.network.close)
            self.network.enter()
            self._make_web_authority()
            self._make_authorities()
            self._start_okms_kmip()
            self.web = WebServers(self.journal, self.faults)
            self._closing.callback(self.web.stop)
            self._start_vcenter()
            self._start_ovhcloud()
            self._connect()
            self.control_port = self.web.serve(Control(self), None)
            undo.pop_all()

    def stop(self) -> None:
        """Stop every server and remove the files; may be called twice."""
        self.stopping.set()
        self._closing.close()

    # --- parts

    def _make_web_authority(self) -> None:
        self.web_authority = Authority("lab HTTPS servers", self.clock)
        self._web_pair = self.web_authority.leaf(HOST, "server", LOCAL_NAMES, days=3650)
        self.ca_path = self._file("lab-ca.pem", self.web_authority.certificate_pem)

    def _start_vcenter(self) -> None:
        settings = self.settings.vcenter or VCenterSettings(version=self.settings.vcenter_version)
        self.vcenter = VCenter(self.clock, self.journal, settings, self.settings.inventory)
        self._closing.callback(self.vcenter.close)
        self.vcenter.sessions.on_end.append(lambda session: self._old_cookies.add(session.cookie))
        self.vcenter_hostname = HOST
        self.vcenter_port = self.web.serve(self.vcenter, server_context(*self._web_pair), admits=self._admitted)

    def _start_ovhcloud(self) -> None:
        self.ovhcloud = OvhCloud(self.clock, self.settings.ovhcloud, self.okms_users, self._regions())
        port = self.web.serve(self.ovhcloud, server_context(*self._web_pair))
        self.ovh_endpoint = f"https://{HOST}:{port}"
        self.ovhcloud.serve_regions_at(self.ovh_endpoint)
        self.token_url = self.ovh_endpoint + PATH_OF_TOKENS

    def _connect(self) -> None:
        ovhcloud, vcenter = self.ovhcloud, self.vcenter
        ovhcloud.on_credential_revoked = lambda okms_id, credential_id, serial: self.okms_kmip.refresh_revocations(
            self.settings.revocation_ends_sessions
        )
        ovhcloud.kmip_object_count = self.okms_kmip.object_count
        ovhcloud.vcenter_trusts = self._vcenter_trusts
        okms_addresses = frozenset(self.okms_rsa.addresses)
        ovhcloud.callbacks.kms_thumbprints = self._shown_at
        ovhcloud.callbacks.kms_port = lambda ip: RSA_PORT if ip in okms_addresses else ECDSA_PORT
        ovhcloud.set_vcenter(self.vcenter_hostname, self.vcenter_port, self._ovh_version())
        self.okms_kmip.allowed, self.okms_kmip.admits = self._kmip_allowed, self._kmip_admits
        vcenter.authenticate = self._authenticate
        vcenter.flow_open = self._flow_open
        vcenter.resolve = self.network.addresses
        vcenter.is_ecdsa_endpoint = lambda address, port: address in okms_addresses and port == ECDSA_PORT
        vcenter.session_policy = self._session_policy

    def _ovh_version(self) -> tuple[str, str, str]:
        release = RELEASES[self.vcenter.settings.version]
        major, minor, patch = (*release.version.split("."), "0", "0")[:3]
        return f"{major}.{minor}", patch, release.build

    def _shown_at(self, ip: str, port: int) -> list[str]:
        """Both thumbprints of the certificate that a KMIP server shows there."""
        doors = [door for server in self.kmip_servers().values() for door in server.doors]
        shown = [door.certificate_pem for door in doors if ip in door.addresses and port == door.port]
        return [digest for pem in shown for digest in thumbprints(pem).values()]

    # certificates that only the lab knows (sign_request, client_files) stand for the account itself

    def _kmip_allowed(self, subject: str, serial: int, operation: str) -> bool:
        if operation == "Locate" and not self.settings.locate_granted:
            return False
        known = self.ovhcloud.credential_of(subject, serial)
        return not self.settings.kmip_needs_policy or not known or self.ovhcloud.rights.kmip(subject, known, operation)

    def _kmip_admits(self, certificate: x509.Certificate, address: str) -> bool:
        """A certificate is for one domain, which is served in one region, and its identity needs a policy."""
        okms_id = str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        domain = self.ovhcloud.state.okms.get(okms_id)
        if domain and address not in self.okms_addresses(domain.region):
            return False
        known = self.ovhcloud.credential_of(okms_id, certificate.serial_number)
        return not self.settings.kmip_needs_policy or not known or self.ovhcloud.rights.kmip_admitted(okms_id, known)

    # vCenter asks while the API may be waiting for vCenter: these take no lock of the API

    def _authenticate(self, login: str, password: str) -> frozenset[str] | None:
        name, secret = self.administrator
        if login == name and hmac.compare_digest(secret.encode(), password.encode()):
            return frozenset({EVERYTHING})
        user = self.ovhcloud.vsphere_user(login)
        if user is None or not hmac.compare_digest(user.password.encode(), password.encode()):
            return None
        return HOSTED | ENCRYPTION if user.encryption_right else HOSTED

    def _admitted(self, address: str) -> bool:
        """Guide "Authorising IP addresses for vCenter access": unless the policy is open, only listed networks."""
        cloud = self.ovhcloud.state.pccs[self.private_cloud]
        if not self.settings.enforce_user_policies or cloud.properties["userAccessPolicy"] == "open":
            return True
        allowed = [item.network for item in list(cloud.networks.values()) if item.state == "allowed"]
        return any(ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in allowed)

    def _session_policy(self) -> tuple[int, str]:
        properties = self.ovhcloud.state.pccs[self.private_cloud].properties
        limit = properties["userLimitConcurrentSession"] if self.settings.enforce_user_policies else 0
        return limit, properties["userLogoutPolicy"]

    def _flow_open(self, address: str, port: int) -> bool:
        return self.ovhcloud.flow_open(address, port)

    def _vcenter_trusts(self, ip: str) -> bool:
        """Providers may know the server by its name, the flow is for its address."""
        with self.vcenter.lock:
            hosts = {
                server.address
                for provider in self.vcenter.crypto.providers.values()
                for server in provider.servers.values()
            }
        return any(self.vcenter.provider_is_green_at(host) for host in hosts if ip in self.network.addresses(host))

    @property
    def vault(self) -> VaultServer:
        """A Vault of the team, with a KV engine of version 2; started when first asked for."""
        with self._lock:
            if self._vault is None:
                self._vault = VaultServer(self.clock)
                port = self.web.serve(self._vault, server_context(*self._web_pair))
                self._vault.url = f"https://{HOST}:{port}"
            return self._vault

    # --- a second place

    def serve_vcenter(self, vcenter: VCenter) -> int:
        """The port of one more vCenter, with the certificate of the first one."""
        self._closing.callback(vcenter.close)
        return self.web.serve(vcenter, server_context(*self._web_pair))

    def second_cloud(self, name: str = "pcc-192-0-2-20", inventory: Inventory | None = None) -> SecondCloud:
        """One more private cloud of the account, with a vCenter of its own and without VMs unless told otherwise."""
        self.clouds.append(SecondCloud(self, name, inventory))
        return self.clouds[-1]

    # --- how to reach it

    private_cloud = PRIVATE_CLOUD
    region = next(iter(REGIONS))
    vsphere_user_name = "admin"

    @property
    def control_url(self) -> str:
        """Address of the control port."""
        return f"http://127.0.0.1:{self.control_port}"

    @property
    def application_key(self) -> str:
        """Signature v1, with application_secret and consumer_key; stands for the account itself."""
        return self.ovhcloud.keys.application_key

    @property
    def application_secret(self) -> str:
        """See application_key."""
        return self.ovhcloud.keys.application_secret

    @property
    def consumer_key(self) -> str:
        """See application_key."""
        return self.ovhcloud.keys.consumer_key

    @property
    def client_id(self) -> str:
        """OAuth2 client, with client_secret; stands for the account itself."""
        return self.ovhcloud.keys.client_id

    @property
    def client_secret(self) -> str:
        """See client_id."""
        return self.ovhcloud.keys.client_secret

    @property
    def vcenter_username(self) -> str:
        """Login of the private cloud's user `admin`, who has no right to encrypt at first."""
        return self._vsphere_user().login

    @property
    def vcenter_password(self) -> str:
        """Password of vcenter_username."""
        return self._vsphere_user().password

    def _vsphere_user(self) -> VsphereUser:
        users = self.ovhcloud.state.pccs[self.private_cloud].users.values()
        return next(user for user in users if user.name == self.vsphere_user_name)

    def environment(self, service_account: bool = False) -> dict[str, str]:
        """Variables for Ansible and the official clients; with an application key or with a service account."""
        if service_account:
            who = {"OVH_CLIENT_ID": self.client_id, "OVH_CLIENT_SECRET": self.client_secret}
        else:
            who = {
                "OVH_APPLICATION_KEY": self.application_key,
                "OVH_APPLICATION_SECRET": self.application_secret,
                "OVH_CONSUMER_KEY": self.consumer_key,
            }
        return {
            **who,
            VARIABLE: self.network.table_path,
            "OVH_ENDPOINT": self.ovh_endpoint,
            "OVH_TOKEN_URL": self.token_url,
            "OVH_CA_PATH": self.ca_path,
            "VMWARE_HOST": self.vcenter_hostname,
            "VMWARE_PORT": str(self.vcenter_port),
            "VMWARE_USER": self.vcenter_username,
            "VMWARE_PASSWORD": self.vcenter_password,
            "VMWARE_VALIDATE_CERTS": "true",
            "VMWARE_CA_PATH": self.ca_path,
            **self._vault_environment(),
            # what is tried out here may go with a container
            "VMWARE_ENCRYPTION_VOLUMES": "/",
        }

    def _vault_environment(self) -> dict[str, str]:
        """Variables for clients of Vault, once there is one."""
        if self._vault is None:
            return {}
        return {"VAULT_ADDR": self._vault.url, "VAULT_TOKEN": self._vault.token, "VAULT_CACERT": self.ca_path}

    def secrets(self) -> list[str]:
        """Every planted secret, to be looked for where none may be; without names that only look like one."""
        names = [*self.ovhcloud.state.applications, *self.ovhcloud.state.service_accounts]
        cookies = self._old_cookies | {session.cookie for session in self.vcenter.sessions.active()}
        known = [secret for secret in self.ovhcloud.secrets() if not any(secret in name for name in names)]
        logins = {self.settings.external_kms_login, self._external.login if self._external else None}
        known += [*self.vcenter.secrets(), self.administrator[1], *(self._vault.secrets() if self._vault else [])]
        return [*known, *sorted(cookies), *sorted(login[1] for login in logins if login)]

    # --- short cuts for those who test one part only

    def give_encryption_right(self) -> None:
        """The user of vcenter_username may encrypt from the next login on, without a task of the API."""
        self._vsphere_user().rights["encryptionRight"] = True

    # --- how it is

    def snapshot(self) -> dict[str, t.Any]:
        """What GET /state of the control port answers: orders, credentials, entries, providers, users, keys."""
        return lab_state(self)

    def provider_overview(self) -> list[dict[str, t.Any]]:
        """The key providers of vCenter as registered; makes no connection."""
        with self.vcenter.lock:
            crypto = self.vcenter.crypto
            return [
                {
                    "id": provider.id,
                    "type": provider.management_type,
                    "default": crypto.default == provider.id,
                    "servers": [
                        {"name": server.name, "address": server.address, "port": server.port}
                        for server in provider.servers.values()
                    ],
                    "trusted_server_certificates": len(provider.trusted),
                    "client_certificate": thumbprints(provider.identity.certificate_pem) if provider.identity else None,
                    "pending_csr": provider.pending_csr is not None,
                }
                for provider in crypto.providers.values()
            ]

    def generate_key(self, provider: str) -> str:
        """Have vCenter make a key, asked by vcenter_username over SOAP; its id, or RuntimeError with the reason."""
        context = ssl.create_default_context(cafile=self.ca_path)
        where = {"host": self.vcenter_hostname, "port": self.vcenter_port, "sslContext": context}
        session = SmartConnect(user=self.vcenter_username, pwd=self.vcenter_password, **where)
        try:
            manager = session.RetrieveContent().cryptoManager
            result = manager.GenerateKey(keyProvider=vim.encryption.KeyProviderId(id=provider))
        finally:
            Disconnect(session)
        if not result.success:
            raise RuntimeError(result.reason)
        return str(result.keyId.keyId)
