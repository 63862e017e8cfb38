# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses a key provider: asked before a provider is removed, and reported on request."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    GuardError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.defaults import (
    default_clusters,
    entity_names,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers import Provider
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.properties import Found, inventory
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.session import Session

_VM_PATHS = ("name", "config.keyId", "config.hardware.device")
_HOST_PATHS = ("name", "runtime.cryptoKeyId")
_NAMED = 10  # users that a message names


@dataclasses.dataclass(frozen=True)
class User:
    """Something that needs a provider. `provider` is None when it could not be read and may need any."""

    provider: str | None
    kind: str
    name: str
    id: str
    parts: tuple[str, ...] = ()

    def as_result(self) -> dict[str, t.Any]:
        """For a module's result."""
        return {"kind": self.kind, "name": self.name, "id": self.id, "parts": list(self.parts)}

    def __str__(self) -> str:
        parts = f" ({', '.join(self.parts)})" if self.parts else ""
        return f"{self.kind} {self.name}{parts}"


def _provider_of_key(key: t.Any) -> str | None:
    provider = getattr(key, "providerId", None)
    return provider.id if provider is not None else None


def _vm_parts(found: Found) -> dict[str, list[str]]:
    """Encrypted parts of a VM by provider name."""
    parts: dict[str, list[str]] = {}
    home = _provider_of_key(found.properties.get("config.keyId"))
    if home:
        parts.setdefault(home, []).append("home")
    for device in found.properties["config.hardware.device"]:
        if isinstance(device, vim.vm.device.VirtualTPM) and home:
            parts.setdefault(home, []).append("vTPM")
        name = _provider_of_key(getattr(getattr(device, "backing", None), "keyId", None))
        if name:
            label = device.deviceInfo.label if device.deviceInfo else f"device {device.key}"
            parts.setdefault(name, []).append(label)
    return parts


def users_of_inventory(found: t.Iterable[Found]) -> list[User]:
    """Virtual machines and hosts that use keys; VMs whose configuration cannot be read count as possible users."""
    users: list[User] = []
    for item in found:
        if isinstance(item.object, vim.VirtualMachine):
            if "config.hardware.device" not in item.properties:
                users.append(User(None, "unreadable virtual machine", item.name, item.id))
                continue
            for provider, parts in sorted(_vm_parts(item).items()):
                users.append(User(provider, "virtual machine", item.name, item.id, tuple(parts)))
        elif isinstance(item.object, vim.HostSystem):
            host_provider = _provider_of_key(item.properties.get("runtime.cryptoKeyId"))
            if host_provider:
                users.append(User(host_provider, "host", item.name, item.id, ("host key",)))
    return users


def _inventory_users(session: Session, providers: t.Sequence[Provider]) -> list[User]:
    found = inventory(session, {vim.VirtualMachine: _VM_PATHS, vim.HostSystem: _HOST_PATHS})
    return users_of_inventory(found)


def _default_users(session: Session, providers: t.Sequence[Provider]) -> list[User]:
    users = [User(item.name, "system default", session.hostname, "") for item in providers if item.default]
    names = entity_names(session, [entity for item in providers for entity in item.entities])
    for item in providers:
        users.extend(User(item.name, "default of cluster", cluster, "") for cluster in default_clusters(item, names))
    return users


# Each finder looks at one kind of user.
_FINDERS: t.Sequence[t.Callable[[Session, t.Sequence[Provider]], list[User]]] = (_default_users, _inventory_users)


def users_of(session: Session, providers: t.Sequence[Provider]) -> dict[str, list[User]]:
    """Users by provider name, from one read of the inventory; unreadable VMs are listed at every provider."""
    everybody = [user for finder in _FINDERS for user in finder(session, providers)]
    return {item.name: [user for user in everybody if user.provider in (item.name, None)] for item in providers}


def guard_removal(session: Session, provider: Provider, confirm_name: str | None) -> None:
    """Raise GuardError when somebody needs the provider and its name was not typed again."""
    if confirm_name == provider.name:
        return
    if confirm_name:
        raise InvalidInputError(
            f"confirm_name is {confirm_name}, but the key provider is {provider.name}; nothing was changed"
        )
    users = users_of(session, [provider])[provider.name]
    if users:
        named = ", ".join(str(user) for user in users[:_NAMED])
        more = f" and {len(users) - _NAMED} more" if len(users) > _NAMED else ""
        raise GuardError(
            f"the key provider {provider.name} on {session.hostname} is in use by {named}{more}; nothing was "
            "changed. Without "
            "its keys encrypted machines stay locked after their next restart. Move or decrypt them first, or give "
            "confirm_name with the name of the provider to remove it all the same",
            users=[user.as_result() for user in users],
        )
