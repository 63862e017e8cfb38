# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What encrypting virtual machines does to others: Zerto's replication ends, an encrypted vSAN encrypts twice."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.plan import Work
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import inventory
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.fleet import Fleet
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.obstacles import (
    ENCRYPT,
    REPLICATED,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.recognition import is_zerto
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.vsan.service import (
    DUAL,
    VsanService,
    read_clusters,
)

ZERTO_WARN, ZERTO_BLOCK, ZERTO_IGNORE = ZERTO = ("warn", "block", "ignore")


class SideEffects:
    """Looked for only if there is something to encrypt; `zerto` says what to do about replicated VMs."""

    def __init__(self, session: Session, fleet: Fleet, zerto: str | None, warn: t.Callable[[str], None]) -> None:
        self._session = session
        self._fleet = fleet
        self._zerto = zerto or ZERTO_WARN
        self._warn = warn
        self._replicated: bool | None = None

    def judge(self, work: Work) -> Work:
        """The work, with an obstacle where the user wants to exclude replicated VMs."""
        if self._zerto == ZERTO_BLOCK and _encrypts(work) and self._has_zerto():
            return dataclasses.replace(work, obstacles=(*work.obstacles, REPLICATED))
        return work

    def warn_of(self, works: t.Sequence[Work]) -> None:
        """Tell once what is going to happen."""
        encrypting = [work.machine for work in works if _encrypts(work)]
        if not encrypting or self._zerto == ZERTO_IGNORE:
            return
        if self._zerto == ZERTO_WARN and self._has_zerto():
            names = listing([machine.name for machine in encrypting])
            self._warn(
                "this vCenter has replication appliances of Zerto (Z-VRA*), and Zerto cannot replicate "
                f"encrypted VMs: if Zerto replicates {names}, the replication will end. zerto: block blocks such "
                "VMs instead"
            )
        whole = [work.machine for work in works if _encrypts(work, disks=True)]
        for name in self._encrypted_clusters({self._fleet.cluster(machine) for machine in whole}) if whole else ():
            self._warn(f"vSAN of the cluster {name} is encrypted too: {DUAL}. Use only one of the two")

    def _has_zerto(self) -> bool:
        if self._replicated is None:
            # vCenter does not know which VMs Zerto replicates, only that its appliances are there
            names = (machine.name for machine in self._fleet.machines)
            self._replicated = any(map(is_zerto, names)) or (not self._fleet.whole and self._zerto_elsewhere())
        return self._replicated

    def _zerto_elsewhere(self) -> bool:
        """The selection may mean only some VMs: then the names of all are read."""
        return any(is_zerto(item.name) for item in inventory(self._session, {vim.VirtualMachine: ("name",)}))

    def _encrypted_clusters(self, wanted: t.Collection[str | None]) -> list[str]:
        """Those of the clusters whose vSAN is encrypted, as far as this user may see it."""
        clusters, names = [], []
        with contextlib.suppress(CollectionError):
            clusters = read_clusters(self._session)
        for cluster in clusters:
            with contextlib.suppress(CollectionError):
                if cluster.moid in wanted and cluster.vsan and VsanService(self._session, cluster).encryption().enabled:
                    names.append(cluster.name)
        return names


def _encrypts(work: Work, disks: bool = False) -> bool:
    """Whether it encrypts anything, or with `disks` more than the home for a vTPM."""
    for_vtpm = not disks and work.vtpm is not None and work.vtpm.provider is not None
    return for_vtpm or any(step.operation == ENCRYPT for step in work.steps.values())
