# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts mean for a native key provider: membership in a cluster, TPM, and whether they have received it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import GuardError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import (
    inventory,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import Rest
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import reference, vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.hosts.tpm import tpm_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.native.api import health_on_host

_PATHS = ("name", "parent", "capability.tpmSupported", "capability.tpmVersion")


@dataclasses.dataclass(frozen=True)
class HostFacts:
    """One host. `cluster` is None for a standalone host, `tpm` (a TPM 2.0 is there) None when it cannot be told."""

    id: str
    name: str
    cluster: str | None
    tpm: bool | None


def read_hosts(session: Session) -> list[HostFacts]:
    """All hosts by name, from one read."""
    found = inventory(session, {vim.HostSystem: _PATHS, vim.ClusterComputeResource: ("name",)})
    clusters = {item.id: item.name for item in found if isinstance(item.object, vim.ClusterComputeResource)}
    hosts = []
    for item in found:
        if isinstance(item.object, vim.HostSystem):
            parent = item.properties.get("parent")
            cluster = clusters.get(reference(parent)) if parent is not None else None
            hosts.append(HostFacts(item.id.rpartition(":")[2], item.name, cluster, tpm_of(item)))
    return sorted(hosts, key=lambda host: host.name)


def _names(hosts: t.Sequence[HostFacts]) -> str:
    return listing([host.name for host in hosts])


def check_tpm(hosts: t.Sequence[HostFacts]) -> None:
    """Raise GuardError when a host of a cluster has no TPM 2.0: it could never use a provider that asks for it."""
    members = [host for host in hosts if host.cluster]
    lacking = [host for host in members if host.tpm is False]
    if lacking:
        raise GuardError(
            f"{len(lacking)} of {len(members)} hosts have no TPM 2.0: {_names(lacking)}. With tpm_required: "
            "true, they could not use the key provider, and nobody can change this later; nothing was changed. "
            "Set tpm_required: false, or remove these hosts from vCenter's clusters first",
            hosts=[host.name for host in lacking],
        )


def host_warnings(hosts: t.Sequence[HostFacts], tpm_required: bool) -> list[str]:
    """What does not stop a provider but will surprise."""
    lines = []
    # vCenter calls the provider active, and encryption fails there: NativeKeyProviderNotSupported.NotInCluster (public
    # lab notes)
    alone = [host for host in hosts if not host.cluster]
    if alone:
        lines.append(
            f"{len(alone)} of {len(hosts)} hosts cannot use a native key provider, because they are in no "
            f"cluster: {_names(alone)}"
        )
    unknown = [host for host in hosts if host.cluster and host.tpm is None]
    if unknown and tpm_required:
        lines.append(f"vCenter does not say whether these hosts have a TPM 2.0, which is required: {_names(unknown)}")
    return lines


def on_hosts(rest: Rest, hosts: t.Sequence[HostFacts], name: str) -> list[dict[str, t.Any]]:
    """For a module's result: each host, and the health of the provider on it."""
    return [
        {"name": host.name, "cluster": host.cluster, "tpm": host.tpm, "health": health_on_host(rest, host.id, name)}
        for host in hosts
    ]
