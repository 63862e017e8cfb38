# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses a key provider: asked before a provider is removed, and reported on request."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    GuardError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import confirmed
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.defaults import (
    default_clusters,
    entity_names,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    Provider,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage.inventory import (
    Inventory,
    doubt,
    machine_use_of,
    read_inventory,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage.keys import (
    Strangers,
    Warn,
    key_users,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage.result import Usage
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage.vsan import VsanUse, vsan_users


def users_of(session: Session, providers: t.Sequence[Provider], warn: Warn | None = None) -> dict[str, Usage]:
    """Users by provider name, for all providers together: the number of requests does not grow with them.

    What cannot be read for sure is listed at every provider. See `key_users` for `warn`.
    """
    return _users(session, providers, (), warn) if providers else {}


def users_and_missing(
    session: Session, providers: t.Sequence[Provider], wanted: t.Sequence[Provider], name: str | None, warn: Warn
) -> tuple[dict[str, Usage], dict[str, Usage]]:
    """Users of the wanted ones of all providers, and of those that vCenter does not have (any more).

    With a name, of that one only.
    """
    known = {provider.name for provider in providers}
    found = _users(session, wanted, known, warn)
    missing = {other: found[other] for other in sorted(set(found) - known) if name in (None, other)}
    return {provider.name: found[provider.name] for provider in wanted}, missing


def _users(
    session: Session, providers: t.Sequence[Provider], known: t.Collection[str], warn: Warn | None
) -> dict[str, Usage]:
    """Users by provider name; when `known` names all that are there, also of providers that are not."""
    seen = read_inventory(session)
    vsan = vsan_users(session, seen.clusters)
    names = [provider.name for provider in providers]
    if known or not providers:
        needed = {key.provider for key in seen.used_keys()} | {use.provider for use in vsan}
        names += sorted(name for name in needed if name and name not in known)
    strangers = key_users(session, seen, names, warn) if names else Strangers()
    usages = {name: usage_of(name, seen, vsan, strangers.lines.get(name, ())) for name in names}
    for usage in usages.values():
        usage.not_read = strangers.not_read
    entities = entity_names(session, [entity for provider in providers for entity in provider.entities])
    for provider in providers:
        usages[provider.name].clusters_default = default_clusters(provider, entities)
        usages[provider.name].system_default = provider.default
    return usages


def usage_of(provider: str, seen: Inventory, vsan: t.Sequence[VsanUse], strangers: t.Sequence[str]) -> Usage:
    """Who uses the provider, but for defaults."""
    uses = (machine_use_of(machine, provider) for machine in seen.machines)
    doubts = [doubt(machine) for machine in seen.machines]
    doubts += [
        f"host {host.name} (its key names no provider)" for host in seen.hosts if host.key and not host.key.provider
    ]
    doubts += [use.doubt for use in vsan]
    return Usage(
        virtual_machines=[use for use in uses if use is not None],
        hosts=[host.name for host in seen.hosts if host.key is not None and host.key.provider == provider],
        vsan_clusters=[use.cluster for use in vsan if use.provider == provider],
        others=[*strangers, *(one for one in doubts if one)],
        key_ids=sorted(key.id for key in seen.used_keys() if key.provider == provider),
    )


def in_use(usage: Usage, message: str) -> GuardError:
    """The refusal of what would take keys away, with their users as data."""
    return GuardError(message, users=usage.as_result(), in_use_by=usage.lines())


def users_left_behind(session: Session, name: str) -> Usage:
    """Who needs keys of a provider that vCenter does not have (any more), as far as it can be read for sure."""
    seen = read_inventory(session)
    return dataclasses.replace(usage_of(name, seen, vsan_users(session, seen.clusters), ()), others=[])


def guard_removal(
    session: Session, provider: Provider, confirm_name: str | None, warn: Warn | None = None, because: str = ""
) -> None:
    """Raise GuardError when somebody needs the provider and its name was not typed again.

    A right that is missing to see all users counts as use: the removal of a key provider is no time for a doubt.
    `because`: why the removal of some of its servers is like that of the provider.
    """
    if confirmed(provider.name, confirm_name, "the key provider"):
        return
    # vCenter itself may remove a provider that is in use (assumption used-provider-removable)
    usage = users_of(session, [provider], warn)[provider.name]
    if usage:
        raise in_use(
            usage,
            f"the key provider {provider.name} on {session.hostname} is {usage.summary()}{because}; nothing was "
            "changed. Without its keys, encrypted VMs are locked after their next restart. Move or decrypt them first, "
            "or set confirm_name to the provider's name to remove it anyway",
        )
