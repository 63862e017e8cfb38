# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's OVHcloud account holds, as plain objects that tests may read and change."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from cryptography import x509

from ..clock import LabClock
from ..kv import KvStore


@dataclasses.dataclass
class Countdown:
    """Progress by reads: `tick` is called at each read and says whether the end is reached."""

    left: int

    def tick(self) -> bool:
        """One read; True once no waiting is left."""
        if self.left > 0:
            self.left -= 1
            return False
        return True


@dataclasses.dataclass
class Identity:
    """Who calls. `allowed`: None for everything, else shell patterns of IAM actions granted on everything."""

    urn: str
    method: str  # of auth.MethodEnum
    user: str | None = None
    description: str | None = None
    allowed: list[str] | None = None


@dataclasses.dataclass
class Application:
    """An application key pair of signature v1."""

    application_id: int
    key: str
    secret: str = dataclasses.field(repr=False)


@dataclasses.dataclass
class ConsumerKey:
    """A consumer key with its access rules as (method, path pattern)."""

    credential_id: int
    key: str = dataclasses.field(repr=False)
    application: Application
    identity: Identity
    rules: list[tuple[str, str]]
    created: datetime.datetime
    expires: datetime.datetime | None = None
    last_use: datetime.datetime | None = None
    status: str = "validated"


@dataclasses.dataclass
class ServiceAccount:
    """An OAuth2 client of the client-credentials flow."""

    client_id: str
    secret: str = dataclasses.field(repr=False)
    identity: Identity
    name: str
    created: datetime.datetime


@dataclasses.dataclass
class Token:
    """A bearer token; `expires` in seconds since the epoch, None for a static one."""

    value: str = dataclasses.field(repr=False)
    identity: Identity
    expires: float | None


@dataclasses.dataclass
class Account:
    """The customer account."""

    nichandle: str
    email: str = "ops@example.net"
    currency: str = "EUR"
    symbol: str = "€"
    users: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    groups: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class PaymentMethod:
    """A registered payment method."""

    method_id: int
    created: datetime.datetime
    status: str = "VALID"
    default: bool = True


@dataclasses.dataclass
class CartItem:
    """One product in a cart; configurations are {id: (label, value)}."""

    item_id: int
    duration: str
    plan_code: str
    pricing_mode: str
    quantity: int
    configurations: dict[int, tuple[str, str]] = dataclasses.field(default_factory=dict)

    def configured(self, label: str) -> str | None:
        """Value of the last configuration with that label."""
        return next((value for name, value in reversed(list(self.configurations.values())) if name == label), None)


@dataclasses.dataclass
class Cart:
    """A shopping cart."""

    cart_id: str
    description: str
    expires: datetime.datetime
    subsidiary: str
    owner: str = ""  # nichandle that created or was assigned it
    assigned: bool = False
    read_only: bool = False
    items: dict[int, CartItem] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Order:
    """An order; `domain` is a placeholder until delivery."""

    order_id: int
    password: str = dataclasses.field(repr=False)
    created: datetime.datetime
    item: CartItem
    price: float
    detail_id: int
    outcome: str
    status: str = "notPaid"
    waived: bool = False
    paid_with: str = ""
    domain: str = "*001"
    description: str = "OVHcloud KMS"
    countdown: Countdown = dataclasses.field(default_factory=lambda: Countdown(0))


@dataclasses.dataclass
class Credential:
    """An access credential of an OKMS domain."""

    credential_id: str
    name: str
    description: str | None
    identity_urns: list[str]
    from_csr: bool
    kind: str
    created: datetime.datetime
    expires: datetime.datetime
    certificate: x509.Certificate
    status: str = "CREATING"
    countdown: Countdown = dataclasses.field(default_factory=lambda: Countdown(0))


@dataclasses.dataclass
class ServiceKey:
    """A service key, without its material."""

    key_id: str
    name: str
    kind: str
    size: int | None
    curve: str | None
    operations: list[str] | None
    created: datetime.datetime
    jwk: dict[str, t.Any]
    pem: str | None
    state: str = "ACTIVE"
    protection_level: str = "SOFTWARE"
    extractable: bool = False
    never_extractable: bool = True


@dataclasses.dataclass
class LogSubscription:
    """One kind of a domain's logs, sent to a stream of Logs Data Platform."""

    subscription_id: str
    kind: str
    stream_id: str
    created: datetime.datetime
    window: Countdown = dataclasses.field(default_factory=lambda: Countdown(0))  # until it can be seen
    leaving: Countdown | None = None


@dataclasses.dataclass
class Okms:
    """An OKMS domain."""

    okms_id: str
    region: str
    iam_id: str
    display_name: str
    service_id: int
    window: Countdown
    services_window: Countdown
    state: str = "OK"  # of iam.ResourceMetadata.StateEnum
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    new_name: tuple[str, Countdown] | None = None
    retention: Countdown | None = None
    gone: bool = False
    credentials: dict[str, Credential] = dataclasses.field(default_factory=dict)
    service_keys: dict[str, ServiceKey] = dataclasses.field(default_factory=dict)
    secrets: KvStore = dataclasses.field(default_factory=lambda: KvStore(LabClock()), repr=False)
    log_subscriptions: dict[str, LogSubscription] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Service:
    """A billing service."""

    service_id: int
    resource_name: str
    product: str
    created: datetime.datetime
    display_name: str
    state: str = "active"  # of services.expanded.Lifecycle.StateEnum
    renew_mode: str = "automatic"
    renew_period: str = "P1M"
    policy: str = "empty"
    token: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass
class Mail:
    """A mail sent to the account."""

    mail_id: int
    date: datetime.datetime
    subject: str
    body: str = dataclasses.field(repr=False)


@dataclasses.dataclass
class Task:
    """A task of a private cloud. `about` is (kind, id) of the object whose reads move it too; `finish` applies it."""

    task_id: int
    name: str
    about: tuple[str, int]
    created: datetime.datetime
    outcome: str
    finish: t.Callable[[], None] = dataclasses.field(repr=False)
    start: t.Callable[[], None] | None = dataclasses.field(default=None, repr=False)
    ready: t.Callable[[], bool] | None = dataclasses.field(default=None, repr=False)
    fail: t.Callable[[], None] | None = dataclasses.field(default=None, repr=False)
    waiting_text: str = ""
    needs_code: bool = False
    state: str = "todo"
    description: str | None = None
    ended: datetime.datetime | None = None
    changed: datetime.datetime | None = None
    countdown: Countdown = dataclasses.field(default_factory=lambda: Countdown(0))
    shown: bool = False


@dataclasses.dataclass
class KmsEntry:
    """An entry of vmEncryption/kms: the flow from vCenter to a KMIP server."""

    kms_id: int
    ip: str
    thumbprint: str
    description: str
    port: int = 5696
    state: str = "toCreate"
    flow_open: bool = False


@dataclasses.dataclass
class VsphereUser:
    """A vSphere user of a private cloud; `rights` holds the boolean fields of dedicatedCloud.User."""

    user_id: int
    name: str
    login: str
    password: str = dataclasses.field(repr=False)
    rights: dict[str, bool]
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    state: str = "delivered"
    activation: str = "enabled"
    provider: str | None = None
    datacenter_rights: dict[int, dict[str, t.Any]] = dataclasses.field(default_factory=dict)

    @property
    def encryption_right(self) -> bool:
        """May manage KMIP servers and encrypt."""
        return self.rights["encryptionRight"]


@dataclasses.dataclass
class AllowedNetwork:
    """A network from which vCenter may be reached."""

    network_id: int
    network: str
    description: str | None
    state: str = "allowed"


@dataclasses.dataclass
class PrivateCloud:
    """A VMware on OVHcloud service; `properties` are the writable fields of the service."""

    name: str
    web_interface_url: str
    version: tuple[str, str, str]  # major, minor, build
    iam_id: str
    service_id: int
    properties: dict[str, t.Any]
    expired: bool = False  # its service answers 460
    location: str = "rbx2a"
    commercial_range: str = "2020"
    datacenter_range: str = "PREMIER"  # a CommercialNameEnum
    encryption: str = "disabled"
    iam_state: str = "disabled"
    roles: list[str] = dataclasses.field(default_factory=list)
    pending: set[tuple[str, str]] = dataclasses.field(default_factory=set)  # what tasks are about to make
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    kms: dict[int, KmsEntry] = dataclasses.field(default_factory=dict)
    tasks: dict[int, Task] = dataclasses.field(default_factory=dict)
    users: dict[int, VsphereUser] = dataclasses.field(default_factory=dict)
    networks: dict[int, AllowedNetwork] = dataclasses.field(default_factory=dict)
    zerto: dict[int, str] = dataclasses.field(default_factory=lambda: {1: "disabled"})  # by virtual datacenter


@dataclasses.dataclass
class State:
    """The whole account."""

    account: Account
    root: Identity
    identities: dict[str, Identity] = dataclasses.field(default_factory=dict)
    applications: dict[str, Application] = dataclasses.field(default_factory=dict)
    consumer_keys: dict[str, ConsumerKey] = dataclasses.field(default_factory=dict)
    service_accounts: dict[str, ServiceAccount] = dataclasses.field(default_factory=dict)
    tokens: dict[str, Token] = dataclasses.field(default_factory=dict)
    payment_methods: dict[int, PaymentMethod] = dataclasses.field(default_factory=dict)
    carts: dict[str, Cart] = dataclasses.field(default_factory=dict)
    orders: dict[int, Order] = dataclasses.field(default_factory=dict)
    okms: dict[str, Okms] = dataclasses.field(default_factory=dict)
    streams: dict[str, str] = dataclasses.field(default_factory=dict)  # of Logs Data Platform: id, service
    services: dict[int, Service] = dataclasses.field(default_factory=dict)
    mails: dict[int, Mail] = dataclasses.field(default_factory=dict)
    pccs: dict[str, PrivateCloud] = dataclasses.field(default_factory=dict)
    policies: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    resource_groups: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    permissions_groups: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    secrets: list[str] = dataclasses.field(default_factory=list, repr=False)
