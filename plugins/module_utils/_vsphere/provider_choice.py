# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which key provider makes new keys for a cluster, and whether it can."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    GuardError,
    NotFoundError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere import status
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.errors import reference
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers import (
    STANDARD,
    Provider,
    list_providers,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.session import Session

_NATIVE = "native"


class Providers:
    """All key providers, from one read."""

    def __init__(self, session: Session, found: t.Sequence[Provider]) -> None:
        self._session = session
        self.all = found

    def named(self, name: str) -> Provider:
        """The provider of that name; NotFoundError lists what there is."""
        for provider in self.all:
            if provider.name == name:
                return provider
        known = ", ".join(f"{provider.name} ({provider.type})" for provider in self.all) or "none"
        raise NotFoundError(f"no key provider {name} on {self._session.hostname}; there are: {known}")

    def default_of(self, cluster: t.Any) -> Provider | None:
        """The default of a cluster, else that of the folders above it, else that of the system (also for None)."""
        system = next((provider for provider in self.all if provider.default), None)
        if cluster is None:
            return system
        for provider in self.all:
            if any(reference(entity) == reference(cluster) for entity in provider.entities):
                return provider
        folders = any(isinstance(entity, vim.Folder) for provider in self.all for entity in provider.entities)
        if not folders:
            return system
        method = self._session.crypto.GetDefaultKmsCluster
        found = self._session.call("read a default key provider", method, entity=cluster, defaultsToParent=True)
        return self.named(found.id) if found is not None else system


def read_providers(session: Session) -> Providers:
    """All key providers; one request."""
    return Providers(session, list_providers(session))


def check_usable(session: Session, providers: t.Iterable[Provider], purpose: str) -> None:
    """Raise when a provider cannot make keys now. vCenter connects to the servers of standard ones for it.

    `purpose` completes "needed to ...". Nothing is changed.
    """
    chosen = {provider.name: provider for provider in providers}
    for provider in chosen.values():
        if provider.type == _NATIVE and provider.has_backup is False:
            raise GuardError(
                f"the native key provider {provider.name}, needed to {purpose}, is not backed up: its keys exist once; "
                "nothing was changed. Run native_key_provider_backup, then this again"
            )
    standard = [provider for provider in chosen.values() if provider.type == STANDARD]
    health = status.read_health(session, standard)
    for provider in standard:
        found = health.get(provider.name, status.UNKNOWN)
        if not any(connection.green for connection in found.connections):
            why = "; ".join(status.reasons(found)) or "it has no servers"
            raise UnreachableError(
                f"the key provider {provider.name}, needed to {purpose}, does not work: {why}; nothing was changed",
                provider=provider.name,
            )
