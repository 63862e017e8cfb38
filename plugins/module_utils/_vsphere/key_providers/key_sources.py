# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where keys come from: which provider is the default and can give keys, and the new keys for VMs.

A standard provider's KMS makes a key, a native provider leaves that to vCenter during the operation.
"""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ForbiddenError,
    GuardError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing, plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import (
    fault_text,
    one_line,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers import health
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    NATIVE,
    STANDARD,
    Provider,
    key_provider_id,
    list_providers,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.causes import with_cause


class KeyRefusedError(CollectionError):
    """The KMS makes no new key; the next VM would get none either."""

    kind = "key_refused"


class KeySources:
    """The providers of this vCenter, read once: which one is the default, and whether one can give keys."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, Provider] | None = None

    def _all(self) -> dict[str, Provider]:
        if self._known is None:
            self._known = {provider.name: provider for provider in list_providers(self._session)}
        return self._known

    def visible(self) -> list[Provider] | None:
        """All of them, or None when this user may not list them."""
        try:
            return list(self._all().values())
        except ForbiddenError:
            return None

    def get(self, name: str) -> Provider:
        """The provider of that name; NotFoundError lists those there are."""
        if name not in self._all():
            known = ", ".join(f"{one.name} ({one.type})" for one in self._all().values()) or "none"
            raise NotFoundError(f"no key provider {name} on {self._session.hostname}; there are: {known}")
        return self._all()[name]

    def default_of(self, entities: t.Sequence[str]) -> str | None:
        """The default for what lies in these entities (ids of its cluster and of the folders above, nearest first)."""
        owners = {_moid(entity): provider.name for provider in self._all().values() for entity in provider.entities}
        system = next((provider.name for provider in self._all().values() if provider.default), None)
        return next((owners[entity] for entity in entities if entity in owners), system)

    def check_usable(self, names: t.Collection[str]) -> None:
        """Raise when one of them cannot give keys now, or its keys could get lost."""
        wanted = [self.get(name) for name in sorted(names)]
        for provider in wanted:
            # vCenter may encrypt with it all the same (assumption native-unsaved-usable)
            if provider.type == NATIVE and not provider.has_backup:
                raise GuardError(
                    f"the native key provider {provider.name} has no backup; nothing was changed. What it "
                    "encrypts is lost with vCenter: run native_key_provider_backup first"
                )
        standard = [provider for provider in wanted if provider.type == STANDARD]
        for name, found in health.read_provider_health(self._session, standard).items():
            # one is enough: all servers of a provider must serve the same keys (vSphere API, RegisterKmipServer)
            if not any(connection.green for connection in found.connections):
                raise KeyRefusedError(
                    f"the key provider {name} gives no keys now; nothing was changed. "
                    f"{'; '.join(health.reasons(found)) or 'vCenter gives no reason'}",
                    provider=name,
                )


def _moid(entity: t.Any) -> str:
    return str(entity).strip("'").rpartition(":")[2]


def unused_text(ids: t.Sequence[str]) -> str:
    """A warning about keys that were made in vain."""
    return f"{plural(len(ids), 'key was', 'keys were')} made and not used, and left in the KMS: {listing(ids)}"


class NewKeys:
    """Makes keys one by one. One that was made for a VM that did not take it goes to the next."""

    def __init__(self, session: Session, providers: KeySources) -> None:
        self._session = session
        self._providers = providers
        self._spare: dict[str, list[t.Any]] = {}

    def take(self, name: str) -> t.Any:
        """A CryptoKeyId of the provider; KeyRefusedError with the reason when its KMS makes none."""
        if self._providers.get(name).type != STANDARD:
            # vCenter makes the key during the operation: GenerateKey is for standard providers only
            return vim.encryption.CryptoKeyId(keyId="", providerId=key_provider_id(name))
        if self._spare.get(name):
            return self._spare[name].pop()
        # not an empty key id, as above: vCenter may make no key for it here (assumption standard-empty-key-id)
        what = f"make a key in the key provider {name}"
        result = self._session.call(what, self._session.crypto.GenerateKey, keyProvider=key_provider_id(name))
        # the refusal of a KMS comes in the answer, not as a fault (vSphere API, CryptoKeyResult)
        if not result.success:
            said = one_line(result.reason or "") or (fault_text(result.fault) if result.fault else "no reason given")
            raise with_cause(KeyRefusedError(f"could not {what} on {self._session.hostname}: {said}", provider=name))
        return result.keyId

    def give_back(self, keys: t.Mapping[str, t.Any]) -> None:
        """Keys, by provider, that nothing was encrypted with."""
        for name, key in keys.items():
            if key.keyId:
                self._spare.setdefault(name, []).append(key)

    @property
    def unused(self) -> list[str]:
        """Ids of keys that were made in vain; they stay in the KMS."""
        return sorted(key.keyId for keys in self._spare.values() for key in keys)
