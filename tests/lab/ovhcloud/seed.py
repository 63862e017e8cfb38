# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests and the rest of the lab do with the account from outside the API."""

from __future__ import annotations

import dataclasses
import typing as t

from .account import AccountArea
from .auth import Auth
from .core import Callbacks, Core, Region, new_uuid
from .credentials import CredentialArea
from .logs import LogArea
from .okms import OkmsArea
from .pcc_tasks import TaskArea
from .pcc_users import UserArea
from .private_cloud import PrivateCloudArea
from .rights import Rights
from .settings import OvhSettings
from .state import AllowedNetwork, Credential, Identity, KmsEntry, Okms, PaymentMethod, PrivateCloud, State, VsphereUser

EVERYTHING = [(method, "/*") for method in ("GET", "POST", "PUT", "DELETE")]
PRIVATE_CLOUD = "pcc-192-0-2-10"


@dataclasses.dataclass(frozen=True)
class Keys:
    """The credentials of the seeded account, one of each kind; all of them stand for the account itself."""

    application_key: str
    application_secret: str = dataclasses.field(repr=False)
    consumer_key: str = dataclasses.field(repr=False)
    client_id: str
    client_secret: str = dataclasses.field(repr=False)
    access_token: str = dataclasses.field(repr=False)


class Seed:
    """The outside of OvhCloud; assign `on_credential_issued` and the other callbacks on the object itself."""

    auth: Auth
    rights: Rights
    account: AccountArea
    okms: OkmsArea
    tasks: TaskArea
    credentials: CredentialArea
    logs: LogArea
    users: UserArea
    private_clouds: PrivateCloudArea

    def __init__(self, core: Core) -> None:
        self.core = core
        if core.settings.payment_method:
            self.core.state.payment_methods[1234] = PaymentMethod(1234, core.now())
        for group, role in (("ADMIN", "ADMIN"), ("DEFAULT", "REGULAR"), ("UNPRIVILEGED", "UNPRIVILEGED")):
            self.account.add_group(group, role)
        for login in ("automation", "vcenter-kmip"):
            self.account.add_user(login, "UNPRIVILEGED")
        self.keys = self._root_keys()
        cloud = self.add_private_cloud(PRIVATE_CLOUD)
        rights: dict[str, t.Any] = {
            "canManageNetwork": True,
            "canManageRights": True,
            "nsxRight": True,
            "receiveAlerts": True,
        }
        self.users.add(cloud, "admin", **rights).email = self.state.account.email
        self.users.add(cloud, "operator")

    def _root_keys(self) -> Keys:
        application = self.auth.add_application()
        consumer = self.auth.add_consumer_key(application, self.state.root, EVERYTHING)
        service_account = self.auth.add_service_account("ansible", None)
        token = self.auth.add_token(self.state.root)
        return Keys(
            application.key,
            application.secret,
            consumer.key,
            service_account.client_id,
            service_account.secret,
            token,
        )

    # --- shape

    @property
    def state(self) -> State:
        """The account, to be read (and bent) by tests."""
        return self.core.state

    @property
    def settings(self) -> OvhSettings:
        """The switches; they may be changed at any time."""
        return self.core.settings

    @property
    def regions(self) -> dict[str, Region]:
        """Regions of OKMS by id; an entry may be replaced."""
        return self.core.regions

    @property
    def callbacks(self) -> Callbacks:
        """Links to the other systems of the lab."""
        return self.core.callbacks

    @property
    def on_credential_issued(self) -> t.Callable[[str, str, t.Any], None]:
        """(okms_id, credential_id, x509 certificate), when a credential becomes READY."""
        return self.callbacks.on_credential_issued

    @on_credential_issued.setter
    def on_credential_issued(self, callback: t.Callable[[str, str, t.Any], None]) -> None:
        self.callbacks.on_credential_issued = callback

    @property
    def on_credential_revoked(self) -> t.Callable[[str, str, int], None]:
        """(okms_id, credential_id, serial), after the authority has revoked it."""
        return self.callbacks.on_credential_revoked

    @on_credential_revoked.setter
    def on_credential_revoked(self, callback: t.Callable[[str, str, int], None]) -> None:
        self.callbacks.on_credential_revoked = callback

    def serve_regions_at(self, url: str) -> None:
        """The regional API of OKMS (REST) of all regions is served here too."""
        regions = self.core.regions
        regions.update({name: dataclasses.replace(region, rest_endpoint=url) for name, region in regions.items()})

    @property
    def kmip_object_count(self) -> t.Callable[[str], int]:
        """(okms_id) -> number of KMIP objects that are not destroyed."""
        return self.callbacks.kmip_object_count

    @kmip_object_count.setter
    def kmip_object_count(self, callback: t.Callable[[str], int]) -> None:
        self.callbacks.kmip_object_count = callback

    @property
    def vcenter_trusts(self) -> t.Callable[[str], bool]:
        """(ip) -> a key provider of vCenter with a server at that address is green."""
        return self.callbacks.vcenter_trusts

    @vcenter_trusts.setter
    def vcenter_trusts(self, callback: t.Callable[[str], bool]) -> None:
        self.callbacks.vcenter_trusts = callback

    # --- seeding

    def new_okms(self, region: str, display_name: str | None = None) -> Okms:
        """A domain that was there before."""
        return self.okms.new(region, display_name)

    def add_stream(self, service: str = "ldp-rb-12345") -> str:
        """A stream of Logs Data Platform."""
        stream = new_uuid()
        self.state.streams[stream] = service
        return stream

    def revoke_credential(self, okms_id: str, credential_id: str) -> None:
        """Somebody else revoked a credential."""
        domain = self.state.okms[okms_id]
        self.credentials.remove(domain, domain.credentials[credential_id])

    def add_private_cloud(self, name: str, web_interface_url: str = "") -> PrivateCloud:
        """One more private cloud, reachable from a documentation network only."""
        cloud = self.private_clouds.add(name, web_interface_url)
        self.allow_network("198.51.100.0/24", "office", name)
        return cloud

    def allow_network(self, network: str, description: str = "", cloud: str = PRIVATE_CLOUD) -> None:
        """Let a network reach vCenter, as the control panel does."""
        number = self.core.number("network", 77)
        self.state.pccs[cloud].networks[number] = AllowedNetwork(number, network, description)

    def set_vcenter(self, host: str, port: int, version: tuple[str, str, str], cloud: str = PRIVATE_CLOUD) -> None:
        """Where the vCenter of a private cloud listens, and its (major, minor, build)."""
        found = self.state.pccs[cloud]
        found.web_interface_url, found.version = f"https://{host}:{port}/", version

    def add_identity(self, login: str, allowed: list[str]) -> Identity:
        """A local user that may do the listed IAM actions (patterns) and what policies grant."""
        urn = self.account.add_user(login)
        identity = Identity(urn, "user", login, None, list(allowed))
        self.state.identities[urn] = identity
        return identity

    def add_consumer_key(
        self,
        identity: Identity | None = None,
        rules: t.Iterable[tuple[str, str]] = EVERYTHING,
        lifetime: float | None = None,
        status: str = "validated",
    ) -> str:
        """A consumer key of the seeded application; `lifetime` in seconds."""
        application = self.state.applications[self.keys.application_key]
        return self.auth.add_consumer_key(application, identity or self.state.root, rules, lifetime, status).key

    def validate_consumer_key(self, key: str) -> None:
        """A human opened the validation URL and agreed."""
        self.state.consumer_keys[key].status = "validated"

    def add_service_account(self, name: str, allowed: list[str] | None) -> tuple[str, str]:
        """An OAuth2 client (id, secret); `allowed` as in add_identity, None for everything."""
        made = self.auth.add_service_account(name, allowed)
        return made.client_id, made.secret

    def add_token(self, identity: Identity | None = None, lifetime: float | None = None) -> str:
        """A bearer token; `lifetime` in seconds."""
        return self.auth.add_token(identity or self.state.root, lifetime)

    def validate_tasks(self) -> int:
        """A human entered the codes of all tasks that wait for one; how many there were."""
        waiting = [
            task
            for cloud in self.state.pccs.values()
            for task in cloud.tasks.values()
            if task.needs_code and task.state in ("todo", "waitingTodo")
        ]
        for task in waiting:
            self.tasks.validate(task)
        return len(waiting)

    # --- questions of the other systems

    def flow_open(self, ip: str, port: int | None = None, cloud: str = PRIVATE_CLOUD) -> bool:
        """May the vCenter of a private cloud connect to a KMIP server at that address (and port, if it counts)."""
        counts = port is not None and self.settings.flow_port_counts
        return any(
            entry.ip == ip and entry.flow_open and (entry.port == port or not counts) and self._thumbprint_fits(entry)
            for entry in list(self.state.pccs[cloud].kms.values())
        )

    def _thumbprint_fits(self, entry: KmsEntry) -> bool:
        if not self.settings.flow_thumbprint_counts:
            return True
        return entry.thumbprint.upper() in self.core.callbacks.kms_thumbprints(entry.ip, entry.port)

    def vsphere_user(self, login: str) -> VsphereUser | None:
        """The active vSphere user with that login, or None."""
        for cloud in self.state.pccs.values():
            for user in list(cloud.users.values()):
                usable = user.activation == "enabled" and user.state == "delivered" and user.provider is None
                if login == user.login and usable:
                    return user
        return None

    def kmip_allowed(self, okms_id: str, serial: int, operation: str) -> bool:
        """May the certificate with that serial do that KMIP operation on its domain (policies decide)."""
        credential = self.credential_of(okms_id, serial)
        return credential is not None and self.rights.kmip(okms_id, credential, operation)

    def credential_of(self, okms_id: str, serial: int) -> Credential | None:
        """The credential of a domain with that serial number, if the API made it."""
        domain = self.state.okms.get(okms_id)
        for credential in list(domain.credentials.values()) if domain else []:
            if credential.certificate.serial_number == serial:
                return credential
        return None

    def secrets(self) -> list[str]:
        """Every secret made so far: keys, tokens, passwords, private keys."""
        passwords = [user.password for cloud in self.state.pccs.values() for user in cloud.users.values()]
        return [*self.state.secrets, *passwords]
