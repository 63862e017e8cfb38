# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encryption mode of hosts and clusters: one read of all of them, in our shape, with the reasons in words."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import (
    Found,
    inventory,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import (
    moid_of,
    reference,
    vim,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import Key, key_of

SAFE = "safe"
_STATES = {
    "incapable": "incapable",
    "prepared": "prepared",
    "safe": SAFE,
    "pendingIncapable": "pending_incapable",
}
STATES = tuple(_STATES.values())
MODES = {"onDemand": "on_demand", "forceEnable": "force_enable"}
_HOST_PATHS = (
    "name",
    "parent",
    "runtime.connectionState",
    "runtime.cryptoState",
    "runtime.cryptoKeyId",
    "capability.cryptoSupported",
)
_CLUSTER_PATHS = ("name", "parent", "configurationEx")


@dataclasses.dataclass(frozen=True)
class Host:
    """A host. `cluster` is the name of its cluster, `places` the ids of all that it lies in, from the bottom up."""

    object: t.Any
    name: str
    moid: str
    cluster: str | None
    places: tuple[str, ...]
    state: str
    key: Key | None
    supported: bool
    connection: str

    @property
    def safe(self) -> bool:
        """Its encryption mode is on."""
        return self.state == SAFE

    def obstacle(self) -> str | None:
        """What of the host itself keeps it from encryption mode."""
        if not self.supported:
            return "the host does not support encryption"
        if self.connection != "connected":
            return f"the host is not connected ({self.connection}); connect it again"
        return None


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A cluster and its mode."""

    object: t.Any
    name: str
    id: str
    mode: str | None


@dataclasses.dataclass(frozen=True)
class HostInventory:
    """Hosts and clusters by name."""

    hosts: list[Host]
    clusters: list[Cluster]

    def key_of_cluster(self, host: Host) -> Key | None:
        """The key that the other hosts of its cluster have: a new member gets it too."""
        members = [one for one in self.hosts if host.cluster is not None and one.places == host.places]
        return next((one.key for one in members if one.key is not None), None)


def host_inventory_of(found: t.Sequence[Found]) -> HostInventory:
    """Hosts and clusters in our shape."""
    clusters = [_cluster(item) for item in found if isinstance(item.object, vim.ClusterComputeResource)]
    names = {cluster.id: cluster.name for cluster in clusters}
    parents = {moid_of(item.object): item.properties.get("parent") for item in found}
    hosts = [_host(item, names, parents) for item in found if isinstance(item.object, vim.HostSystem)]
    return HostInventory(
        sorted(hosts, key=lambda one: (one.name, one.moid)), sorted(clusters, key=lambda one: one.name)
    )


def _cluster(found: Found) -> Cluster:
    config = getattr(found.properties.get("configurationEx"), "cryptoConfig", None)
    mode = str(config.cryptoMode) if config is not None else None
    return Cluster(found.object, found.name, moid_of(found.object), MODES.get(mode or "", mode))


def places_of(moid: str, parents: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    """Ids of all that an object lies in, from the bottom up; `parents` has the parent of each id."""
    places: list[str] = []
    above = parents.get(moid)
    while above is not None:
        places.append(moid_of(above))
        above = parents.get(places[-1])
    return tuple(places)


def crypto_state_of(crypto_state: t.Any) -> str:
    """The property runtime.cryptoState in our words; a host that has none never held a key."""
    state = str(crypto_state or "incapable")
    return _STATES.get(state, state)


def _host(found: Found, clusters: t.Mapping[str, str], parents: t.Mapping[str, t.Any]) -> Host:
    seen = found.properties
    places = places_of(moid_of(found.object), parents)
    return Host(
        object=found.object,
        name=found.name,
        moid=moid_of(found.object),
        cluster=clusters.get(places[0]) if places else None,
        places=places,
        state=crypto_state_of(seen.get("runtime.cryptoState")),
        key=key_of(seen.get("runtime.cryptoKeyId")),
        supported=seen.get("capability.cryptoSupported") is not False,
        connection=str(seen.get("runtime.connectionState") or "unknown"),
    )


def read_host_inventory(session: Session) -> HostInventory:
    """All hosts and clusters that this user may see."""
    paths = {
        vim.HostSystem: _HOST_PATHS,
        vim.ClusterComputeResource: _CLUSTER_PATHS,
        vim.Folder: ("name", "parent"),
        vim.Datacenter: ("name", "parent"),
    }
    return host_inventory_of(inventory(session, paths))


def chosen_hosts(fleet: HostInventory, hosts: t.Sequence[str] | None, clusters: t.Sequence[str] | None) -> list[Host]:
    """The named hosts and those of the named clusters; all when nothing is named."""
    if hosts is None and clusters is None:
        return fleet.hosts
    named = {one.moid for one in _named("host", fleet.hosts, hosts or [])}
    inside = {one.id for one in chosen_clusters(fleet, clusters or [])}
    return [host for host in fleet.hosts if host.moid in named or inside.intersection(host.places[:1])]


def chosen_clusters(fleet: HostInventory, names: t.Sequence[str] | None) -> list[Cluster]:
    """The named clusters; all with None."""
    return fleet.clusters if names is None else _named("cluster", fleet.clusters, names)


_T = t.TypeVar("_T", Host, Cluster)


def _named(word: str, items: t.Sequence[_T], names: t.Sequence[str]) -> list[_T]:
    found: list[_T] = []
    for name in dict.fromkeys(names):
        hits = [item for item in items if item.name == name]
        if not hits:
            raise NotFoundError(f"no {word} {name}; there are: {listing([item.name for item in items]) or 'none'}")
        if len(hits) > 1:
            raise AmbiguousError(
                f"{len(hits)} {word}s are named {name}: {', '.join(reference(i.object) for i in hits)}"
            )
        found += hits
    return found


def reason_of(host: Host, fleet: HostInventory, default: t.Callable[[t.Sequence[str]], str | None]) -> str | None:
    """Why a host is not in encryption mode, in words; None when it only has to be switched on, and when it is.

    `default` gives the default key provider of places.
    """
    if host.safe:
        return None
    if host.obstacle():
        return host.obstacle()
    if host.state == "pending_incapable":
        return "encryption mode was turned off; it ends at the host's next restart"
    if host.key is not None:
        return "the host started without its key; enable encryption mode again when the key provider works"
    if fleet.key_of_cluster(host) is None and default(host.places) is None:
        where = f"cluster {host.cluster}" if host.cluster else "host"
        return f"there is no default key provider for the {where}; make one the default"
    return None


@dataclasses.dataclass(frozen=True)
class HostRecord:
    """A host and its encryption mode; `reason` says why it cannot have it."""

    name: str
    moid: str
    cluster: str | None
    state: str
    provider: str | None
    key_id: str | None
    supported: bool | None
    reason: str | None


def as_record(host: Host, reason: str | None) -> dict[str, t.Any]:
    """A host for a module's result."""
    return as_result(
        HostRecord(
            name=host.name,
            moid=host.moid,
            cluster=host.cluster,
            state=host.state,
            provider=host.key.provider if host.key else None,
            key_id=host.key.id if host.key else None,
            supported=host.supported,
            reason=reason,
        )
    )


def summary_of(records: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, int]:
    """Number of hosts in each state."""
    counts = {"hosts": len(records), **dict.fromkeys(STATES, 0)}
    for record in records:
        counts[record["state"]] = counts.get(record["state"], 0) + 1
    return counts
