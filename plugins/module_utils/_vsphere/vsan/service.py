# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vSAN's services at /vsanHealth: the calls, and their answers in our shape."""

from __future__ import annotations

import dataclasses
import http
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    ApiError,
    NotFoundError,
    UnsupportedError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import inventory
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import (
    moid_of,
    reference,
    vim,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.hosts.modes import places_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    key_provider_id,
)

PATH = "/vsanHealth"
# vSAN 7.0 U2, which every supported vCenter speaks. vsanapiutils would find the newest one, but it switches the
# verification of TLS certificates off for the whole process.
VERSION = "vsan.version.version16"
CONFIG_SYSTEM = "vsan-cluster-config-system"
_HEALTH_SYSTEM = "vsan-cluster-health-system"
_SPACE_SYSTEM = "vsan-cluster-space-report-system"
_SICK = ("red", "yellow")

DUAL = (
    'vSAN raises the alarm "Dual encryption applied to VMs on vSAN" (Broadcom KB 437757), and disks are encrypted twice'
)

_T = t.TypeVar("_T")


@dataclasses.dataclass(frozen=True)
class VsanCluster:
    """A cluster. `places` are the ids of itself and of what it lies in. `esa`: Express Storage Architecture."""

    object: t.Any
    name: str
    moid: str
    places: tuple[str, ...]
    vsan: bool
    esa: bool


@dataclasses.dataclass(frozen=True)
class Encryption:
    """Data-at-rest encryption of a cluster. The rest is None when it is off."""

    enabled: bool
    provider: str | None = None
    key_id: str | None = None
    host_key_id: str | None = None
    erase_disks: bool | None = None
    changing: bool = False


@dataclasses.dataclass(frozen=True)
class VsanHealth:
    """Colour of the whole, and the tests that are not green."""

    overall: str
    problems: list[str]


@dataclasses.dataclass(frozen=True)
class Space:
    """Bytes; `free` is None when it is not told."""

    capacity: int
    free: int | None

    @property
    def free_percent(self) -> float | None:
        """Share of the free space."""
        return round(100 * self.free / self.capacity, 1) if self.capacity and self.free is not None else None


def read_clusters(session: Session) -> list[VsanCluster]:
    """All clusters by name, from one read."""
    above = ("name", "parent")
    paths = {
        vim.ClusterComputeResource: (*above, "configurationEx"),
        vim.Folder: above,
        vim.Datacenter: above,
    }
    found = inventory(session, paths)
    parents = {moid_of(item.object): item.properties.get("parent") for item in found}
    clusters = []
    for item in found:
        if isinstance(item.object, vim.ClusterComputeResource):
            moid = moid_of(item.object)
            info = getattr(item.properties.get("configurationEx"), "vsanConfigInfo", None)
            on, esa = bool(getattr(info, "enabled", False)), bool(getattr(info, "vsanEsaEnabled", False))
            clusters.append(VsanCluster(item.object, item.name, moid, (moid, *places_of(moid, parents)), on, esa))
    return sorted(clusters, key=lambda cluster: (cluster.name, cluster.moid))


def named_cluster(clusters: t.Sequence[VsanCluster], name: str) -> VsanCluster:
    """The cluster of that name."""
    found = [cluster for cluster in clusters if cluster.name == name]
    if not found:
        known = ", ".join(cluster.name for cluster in clusters) or "none"
        raise NotFoundError(f"no cluster {name}; there are: {known}")
    if len(found) > 1:
        ids = ", ".join(reference(cluster.object) for cluster in found)
        raise AmbiguousError(f"{len(found)} clusters are named {name}: {ids}")
    return found[0]


def encryption_of(config: t.Any) -> Encryption:
    """What a ConfigInfoEx says of encryption."""
    found = config.dataEncryptionConfig if config is not None else None
    if found is None:
        return Encryption(False)
    if not found.encryptionEnabled:
        return Encryption(False, changing=bool(found.changing))
    return Encryption(
        enabled=True,
        provider=found.kmsProviderId.id if found.kmsProviderId is not None else None,
        key_id=found.kekId or None,
        host_key_id=found.hostKeyId or None,
        erase_disks=bool(found.eraseDisksBeforeUse),
        changing=bool(found.changing),
    )


def vsan_health_of(summary: t.Any) -> VsanHealth:
    """A VsanClusterHealthSummary in our shape."""
    problems = []
    for group in summary.groups or []:
        tests = [test for test in group.groupTests or [] if test.testHealth in _SICK]
        problems += [f"{group.groupName}: {test.testName or test.testId} is {test.testHealth}" for test in tests]
        if not tests and group.groupHealth in _SICK:
            problems.append(f"{group.groupName} is {group.groupHealth}")
    overall = str(summary.overallHealth or "unknown").lower()
    if not problems and overall != "green" and summary.overallHealthDescription:
        problems.append(" ".join(summary.overallHealthDescription.split()))
    return VsanHealth(overall, problems)


class VsanService:
    """The calls for one cluster, all in the session's login."""

    def __init__(self, session: Session, cluster: VsanCluster) -> None:
        self._session = session
        self._cluster = cluster
        self._stub: t.Any = None

    def _at(self, kind: t.Any, name: str) -> t.Any:
        if self._stub is None:
            self._stub = self._session.service(PATH, VERSION)
        return kind(name, self._stub)

    def _config_system(self) -> t.Any:
        return self._at(vim.cluster.VsanVcClusterConfigSystem, CONFIG_SYSTEM)

    def _call(self, what: str, method: t.Callable[..., _T], *arguments: t.Any, **named: t.Any) -> _T:
        try:
            return self._session.call(f"{what} of the cluster {self._cluster.name}", method, *arguments, **named)
        except ApiError as error:
            if error.details.get("http_status") == http.HTTPStatus.NOT_FOUND:
                raise UnsupportedError(f"the vCenter {self._session.hostname} has no vSAN service") from error
            raise

    def encryption(self) -> Encryption:
        """Present state."""
        what = "read the vSAN configuration"
        return encryption_of(self._call(what, self._config_system().GetConfigInfoEx, self._cluster.object))

    def health(self) -> VsanHealth:
        """Health now; vSAN runs its tests for it."""
        system = self._at(vim.cluster.VsanVcClusterHealthSystem, _HEALTH_SYSTEM)
        return vsan_health_of(
            self._call("read the vSAN health", system.QueryClusterHealthSummary, self._cluster.object)
        )

    def space(self) -> Space:
        """Space of the vSAN datastore."""
        system = self._at(vim.cluster.VsanSpaceReportSystem, _SPACE_SYSTEM)
        usage = self._call("read the vSAN space", system.QuerySpaceUsage, self._cluster.object)
        return Space(int(usage.totalCapacityB), int(usage.freeCapacityB) if usage.freeCapacityB is not None else None)

    def reconfigure(self, enabled: bool, provider: str | None, erase: bool | None, reduced: bool) -> t.Any:
        """Turn encryption on or off, or change its provider; returns the task."""
        config = vim.vsan.DataEncryptionConfig(encryptionEnabled=enabled)
        if enabled and provider:
            config.kmsProviderId = key_provider_id(provider)
        if enabled and erase is not None:
            config.eraseDisksBeforeUse = erase
        # modify: what is not named stays as it is
        spec = vim.vsan.ReconfigSpec(modify=True, dataEncryptionConfig=config, allowReducedRedundancy=reduced)
        what = "change the vSAN encryption"
        task = self._call(what, self._config_system().ReconfigureEx, self._cluster.object, spec)
        return self._session.own(task)

    def rekey(self, deep: bool, reduced: bool) -> t.Any:
        """New keys; returns the task."""
        what = f"rekey ({'deep' if deep else 'shallow'}) the vSAN encryption"
        method = self._config_system().RekeyEncryptedCluster
        task = self._call(what, method, self._cluster.object, deepRekey=deep, allowReducedRedundancy=reduced)
        return self._session.own(task)
