# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Default key provider of the system and of clusters."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import (
    inventory,
    of_objects,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import reference, vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    Provider,
    find_provider,
    key_provider_id,
)


def entity_names(session: Session, entities: t.Sequence[t.Any]) -> dict[str, str]:
    """Names of clusters or folders by type and id, in one read."""
    return {found.id: found.name for found in of_objects(session, entities, ["name"])}


def default_clusters(provider: Provider, names: t.Mapping[str, str]) -> list[str]:
    """Names of the clusters whose default this provider is."""
    return sorted(names.get(reference(entity), reference(entity)) for entity in provider.entities)


def resolve_clusters(session: Session, names: t.Collection[str]) -> dict[str, t.Any]:
    """Clusters by name; NotFoundError lists those there are, AmbiguousError says which name stands for several."""
    if not names:
        return {}
    clusters = inventory(session, {vim.ClusterComputeResource: ["name"]})
    resolved: dict[str, t.Any] = {}
    for name in sorted(set(names)):
        matches = [found for found in clusters if found.name == name]
        if not matches:
            known = ", ".join(sorted(found.name for found in clusters)) or "none"
            raise NotFoundError(f"no cluster {name} on {session.hostname}; there are: {known}")
        if len(matches) > 1:
            ids = ", ".join(found.id for found in matches)
            raise AmbiguousError(f"{len(matches)} clusters on {session.hostname} are named {name}: {ids}")
        resolved[name] = matches[0].object
    return resolved


def set_system_default(session: Session, provider: str | None) -> None:
    """Make the provider the default of the system, or (None) leave the system without one."""
    if provider is not None:
        what = f"make {provider} the default key provider"
        session.call(what, session.crypto.MarkDefault, clusterId=key_provider_id(provider))
        return
    # MarkDefault cannot clear; this does when it names neither entity nor provider (vSphere API, CryptoManagerKmip)
    session.call("clear the default key provider", session.crypto.SetDefaultKmsCluster)


def set_cluster_default(session: Session, cluster: str, entity: t.Any, provider: str | None) -> None:
    """The same for one cluster."""
    if provider is not None:
        what = f"make {provider} the default key provider of the cluster {cluster}"
        named = {"clusterId": key_provider_id(provider)}
    else:
        what, named = f"clear the default key provider of the cluster {cluster}", {}
    session.call(what, session.crypto.SetDefaultKmsCluster, entity=entity, **named)


class Defaults:
    """The options `default` and `default_clusters` of a provider's module; clusters are remembered by name."""

    def __init__(self, session: Session, name: str, params: t.Mapping[str, t.Any]) -> None:
        self._session = session
        self._name = name
        self._system: bool | None = params["default"]
        self._wanted: list[str] | None = params["default_clusters"]
        self._clusters: dict[str, t.Any] = {}

    def state(self, provider: Provider) -> State:
        """Present values."""
        names = entity_names(self._session, provider.entities)
        self._clusters = {names.get(reference(entity), reference(entity)): entity for entity in provider.entities}
        return {"default": provider.default, "default_clusters": default_clusters(provider, names)}

    def wanted(self) -> State:
        """Values of the options that were given; the clusters must be there."""
        wanted: State = {}
        if self._system is not None:
            wanted["default"] = self._system
        if self._wanted is not None:
            wanted["default_clusters"] = sorted(set(self._wanted))
            unknown = set(self._wanted) - set(self._clusters)
            self._clusters.update(resolve_clusters(self._session, unknown))
        return wanted

    def write(self, plan: Plan) -> None:
        """Set and clear what differs."""
        if self._system is not None and self._system != self._is_default(plan):
            set_system_default(self._session, self._name if self._system else None)
        if self._wanted is None:
            return
        before, after = set(plan.before.get("default_clusters", [])), set(plan.after["default_clusters"])
        for cluster in sorted(after - before):
            set_cluster_default(self._session, cluster, self._clusters[cluster], self._name)
        for cluster in sorted(before - after):
            set_cluster_default(self._session, cluster, self._clusters[cluster], None)

    def _is_default(self, plan: Plan) -> bool:
        """Whether it is the default now; vCenter may have made a new provider the default by itself."""
        if plan.verb == "create" and self._system is False:
            made = find_provider(self._session, self._name)
            return made is not None and made.default
        return bool(plan.before.get("default"))
