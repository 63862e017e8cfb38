# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys as vCenter's own operations need them: new ones of a provider of any kind, and those in use fetched again."""

from __future__ import annotations

import typing as t
import uuid

from ..kmip.vcenter_client import KmsRefused
from .crypto_state import NATIVE, STANDARD, KeyRecord, Provider
from .entities import Entity, Host, KeyRef
from .vmomi import moid

if t.TYPE_CHECKING:
    from .core import Core
    from .kms_connections import KmsConnections
    from .native_providers import NativeProviders


class ProviderKeys:
    """What refuses says why in a KmsRefused. Nothing here may be called with the lock held, but for `default_of`."""

    def __init__(self, core: Core, connections: KmsConnections, native: NativeProviders) -> None:
        self._core = core
        self._connections = connections
        self._native = native

    def default_of(self, entity: Entity | None) -> Provider | None:
        """The default provider of an entity: its own, else that of its nearest parent, else the system's."""
        state = self._core.crypto
        for one in [entity, *entity.ancestors()] if entity else []:
            name = state.entity_defaults.get(moid(one.reference))
            if name:
                return state.providers.get(name)
        return state.providers.get(state.default or "")

    def make(self, provider: Provider, hosts: t.Sequence[Host] = ()) -> KeyRef:
        """A new key in use: a standard provider's server makes and activates it, a native provider derives it."""
        if provider.management_type == NATIVE:
            # reference: a native provider works only after its backup
            if not provider.has_backup:
                raise KmsRefused(f"Key provider {provider.id} requires backup.")
            self._check_tpm(provider, hosts)
            return KeyRef(provider.id, str(uuid.uuid4()))
        if provider.management_type != STANDARD:
            raise KmsRefused(f"The key provider {provider.id} cannot generate keys.")
        key = KeyRef(provider.id, self._connections.create_key(provider))
        self._connections.use_key(provider, key.key_id)
        with self._core.lock:
            self._core.crypto.keys[key] = KeyRecord(key)
        return key

    @staticmethod
    def _check_tpm(provider: Provider, hosts: t.Sequence[Host]) -> None:
        lacking = [host.name for host in hosts if provider.tpm_required and not host.has_tpm_2]
        if lacking:
            raise KmsRefused(f"Key provider {provider.id} requires TPM, which is missing on {', '.join(lacking)}.")

    def fetch(self, key: KeyRef, hosts: t.Sequence[Host] = ()) -> None:
        """Get a key again, to push it to hosts; raises KmsRefused when it is unavailable."""
        provider = self._core.crypto.providers.get(key.provider)
        if provider is None:
            raise KmsRefused(f"Key {key.key_id} cannot be found: the key provider {key.provider} is not configured.")
        if provider.management_type == NATIVE:
            if self._native.is_lost(key):
                raise KmsRefused(f"Key {key.key_id} cannot be derived by the key provider {provider.id}.")
            self._check_tpm(provider, hosts)
        elif provider.management_type == STANDARD:
            self._connections.use_key(provider, key.key_id)
