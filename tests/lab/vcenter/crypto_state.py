# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key providers, their servers, identities and keys, as plain data that tests may read and change."""

from __future__ import annotations

import dataclasses
import secrets
import typing as t
import uuid

from .entities import KeyRef

STANDARD, TRUSTED, NATIVE = "vCenter", "trustAuthority", "nativeProvider"


@dataclasses.dataclass
class KmipServer:
    """One KMIP server of a provider. None stands for unset."""

    name: str
    address: str
    port: int
    proxy_address: str | None = None
    proxy_port: int | None = None
    reconnect: int | None = None
    protocol: str | None = None
    nbio: int | None = None
    timeout: int | None = None
    user_name: str | None = None
    password: str | None = None


@dataclasses.dataclass
class Identity:
    """A client certificate and its key, both PEM."""

    certificate_pem: str
    key_pem: str


@dataclasses.dataclass
class PendingRequest:
    """A CSR that was handed out, and its key, both PEM."""

    csr_pem: str
    key_pem: str


@dataclasses.dataclass
class Provider:
    """One key provider. `trusted` holds the uploaded server certificates."""

    id: str
    management_type: str = STANDARD
    servers: dict[str, KmipServer] = dataclasses.field(default_factory=dict)
    trusted: list[str] = dataclasses.field(default_factory=list)
    trust_late: int = 0  # so many readings still show no trust in a server
    identity: Identity | None = None
    pending_csr: PendingRequest | None = None
    pending_self_signed: Identity | None = None
    default_key_type: str = "rawKey"
    key_spec: tuple[str, str | int | None] | None = None  # of wrapped keys: keyId or rotationInterval, and its value
    has_backup: bool | None = None
    tpm_required: bool | None = None
    key_id: str | None = None
    # native providers only
    derivation_key: bytes = dataclasses.field(default=b"", repr=False)
    settling_reads: int = 0  # so many readings of its health still show `settling_health`
    settling_health: str = "NONE"


@dataclasses.dataclass
class KeyRecord:
    """A key that this vCenter knows: made by GenerateKey or pushed with AddKey."""

    key: KeyRef
    attributes: dict[str, str] = dataclasses.field(default_factory=dict)
    generated: bool = True


@dataclasses.dataclass
class CryptoState:
    """All of it. Callers hold the lock of the vCenter."""

    providers: dict[str, Provider] = dataclasses.field(default_factory=dict)
    default: str | None = None
    entity_defaults: dict[str, str] = dataclasses.field(default_factory=dict)  # moid of cluster or folder -> provider
    keys: dict[KeyRef, KeyRecord] = dataclasses.field(default_factory=dict)
    references: dict[KeyRef, list[str]] = dataclasses.field(default_factory=dict)  # names of third parties using a key
    own_identity: Identity | None = None  # vCenter's own certificate, made when first needed
    told_states: dict[KeyRef, str] = dataclasses.field(default_factory=dict)  # reasons that a test plants, by key
    on_added: list[t.Callable[[Provider], None]] = dataclasses.field(default_factory=list)  # native providers only
    on_dropped: list[t.Callable[[Provider], None]] = dataclasses.field(default_factory=list)

    def add_native(
        self,
        name: str,
        has_backup: bool = False,
        tpm_required: bool | None = False,
        key_id: str = "",
        derivation_key: bytes = b"",
    ) -> Provider:
        """Put in a native provider, as if made in the UI; ids and keys that are not given are made."""
        provider = Provider(
            name,
            NATIVE,
            has_backup=has_backup,
            tpm_required=tpm_required,
            key_id=key_id or str(uuid.uuid4()),
            derivation_key=derivation_key or secrets.token_bytes(32),
        )
        self.providers[name] = provider
        for listener in self.on_added:
            listener(provider)
        return provider

    def drop(self, name: str) -> None:
        """Take out a provider and the defaults that point to it."""
        dropped = self.providers.pop(name)
        for listener in self.on_dropped:
            listener(dropped)
        if self.default == name:
            self.default = None
        self.entity_defaults = {moid: one for moid, one in self.entity_defaults.items() if one != name}

    def server_at(self, address: str) -> t.Iterator[tuple[Provider, KmipServer]]:
        """Servers of standard providers with that address."""
        for provider in self.providers.values():
            for server in provider.servers.values():
                if provider.management_type == STANDARD and server.address == address:
                    yield provider, server
