# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all areas of the API share: state, clock, callbacks, the call at hand, and how handlers are found."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
import secrets
import typing as t
import uuid

from ..clock import LabClock
from ..pki import Authority
from ..web import Request
from .contracts import Operation
from .errors import not_found
from .settings import OvhSettings
from .state import Account, Identity, Okms, PrivateCloud, State

Handler = t.Callable[["Call"], t.Any]
NICHANDLE = "ab12345-ovh"


@dataclasses.dataclass(frozen=True)
class KmipEndpoint:
    """Where a region of OKMS speaks KMIP, and the authorities (PEM) behind its certificate there."""

    host: str
    port: int
    issuing_ca: str
    root_ca: str = ""  # empty: the issuing CA is a root

    @property
    def text(self) -> str:
        """As the API writes it."""
        return f"{self.host}:{self.port}"

    def authority(self, form: str) -> str | None:
        """What publicCA or publicRsaCA holds, see OvhSettings.public_ca."""
        root = self.root_ca or self.issuing_ca
        bundle = self.issuing_ca + self.root_ca
        return {"issuing": self.issuing_ca, "root": root, "bundle": bundle, "null": None}[form]


@dataclasses.dataclass(frozen=True)
class Region:
    """A region of OKMS and where the lab serves it; without `rsa` it has no second KMIP endpoint."""

    id: str
    ecdsa: KmipEndpoint
    rest_endpoint: str
    rsa: KmipEndpoint | None = None


@dataclasses.dataclass
class Call:
    """One call that passed authentication and the checks of its contract."""

    operation: Operation
    request: Request
    identity: Identity | None
    params: dict[str, t.Any]
    query: dict[str, t.Any]
    body: dict[str, t.Any]

    @property
    def caller(self) -> Identity:
        """The identity; only for operations that ask for authentication."""
        if self.identity is None:
            raise RuntimeError(f"{self.operation.name} needs authentication")
        return self.identity


@dataclasses.dataclass
class Callbacks:
    """Links to the other systems of the lab; the defaults let this API stand alone."""

    on_credential_issued: t.Callable[[str, str, t.Any], None] = lambda okms_id, credential_id, certificate: None
    on_credential_revoked: t.Callable[[str, str, int], None] = lambda okms_id, credential_id, serial: None
    kmip_object_count: t.Callable[[str], int] = lambda okms_id: 0
    vcenter_trusts: t.Callable[[str], bool] = lambda ip: False
    kms_thumbprints: t.Callable[[str, int], t.Container[str]] = lambda ip, port: ()  # of the certificate shown there
    kms_port: t.Callable[[str], int] = lambda ip: 5696  # that OVHcloud gives to a new KMS entry of an address


class Core:
    """Shared by all areas; its users hold the application's lock."""

    def __init__(
        self, clock: LabClock, settings: OvhSettings, authority: Authority, regions: t.Sequence[Region]
    ) -> None:
        self.clock = clock
        self.settings = settings
        self.authority = authority
        self.regions = {region.id: region for region in regions}
        self.callbacks = Callbacks()
        self._counters: dict[str, t.Iterator[int]] = {}
        root = Identity(f"urn:v1:eu:identity:account:{NICHANDLE}", "account")
        self.state = State(Account(NICHANDLE), root, {root.urn: root})

    def number(self, family: str, start: int) -> int:
        """Next number of a family of ids."""
        return next(self._counters.setdefault(family, itertools.count(start)))

    def secret(self, length: int = 32) -> str:
        """A new secret, remembered so that tests can look for it in logs."""
        value = secrets.token_hex(length // 2)
        self.state.secrets.append(value)
        return value

    def now(self) -> datetime.datetime:
        """The lab's now."""
        return self.clock.now()

    def price(self, value: float) -> dict[str, t.Any]:
        """An order.Price."""
        account = self.state.account
        text = f"{value:.2f} {account.symbol}"
        ucents = round(value * 100_000_000)
        return {"currencyCode": account.currency, "priceInUcents": ucents, "text": text, "value": value}

    def urn(self, kind: str, name: str) -> str:
        """Resource URN."""
        return f"urn:v1:eu:resource:{kind}:{name}"

    def readable_okms(self, okms_id: str) -> Okms:
        """The domain if it exists and was not yet freed; 404 otherwise. Does not count as a read."""
        domain = self.state.okms.get(okms_id)
        if domain is None or domain.gone or domain.window.left > 0:
            raise not_found(f"okms {okms_id}")
        return domain

    def private_cloud(self, name: str) -> PrivateCloud:
        """The private cloud; 404 when absent."""
        cloud = self.state.pccs.get(name)
        if cloud is None:
            raise not_found(f"dedicatedCloud {name}")
        return cloud


class Area:
    """A group of operations."""

    def __init__(self, core: Core) -> None:
        self.core = core

    @property
    def state(self) -> State:
        """The account."""
        return self.core.state

    def handlers(self) -> dict[str, Handler]:
        """The operations that this area serves, by name."""
        found: dict[str, Handler] = {}
        for name in dir(type(self)):
            for operation in getattr(getattr(type(self), name), "serves", ()):
                found[operation] = getattr(self, name)
        return found


def serves(*operations: str) -> t.Callable[[t.Any], t.Any]:
    """Mark a method of an area as the handler of these operations."""

    def mark(method: t.Any) -> t.Any:
        method.serves = operations
        return method

    return mark


def stamp(moment: datetime.datetime | None) -> str | None:
    """A datetime as the API writes it."""
    return moment.isoformat(timespec="microseconds") if moment else None


def new_uuid() -> str:
    """A random id."""
    return str(uuid.uuid4())
