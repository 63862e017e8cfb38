# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vSAN: data-at-rest encryption of clusters, and what is asked before it is changed, all at /vsanHealth.

Sources: the vSAN Management API reference (methods, fields, faults, colours of health) and the product's guide on
data-at-rest encryption (privileges, what rewrites disks, reduced redundancy). Texts of faults are invented.
"""

from __future__ import annotations

import typing as t

from pyVmomi import vim

from ..kmip.vcenter_client import KmsRefused
from . import errors, sessions
from .crypto_manager import provider_id
from .dispatcher import Call, operation
from .entities import Cluster, Host
from .host_crypto import SAFE

if t.TYPE_CHECKING:
    from .core import Core
    from .inventory import Inventory
    from .kms_connections import KmsConnections
    from .provider_keys import ProviderKeys
    from .tasks import Tasks

CONFIG = "vsan-cluster-config-system"
HEALTH = "vsan-cluster-health-system"
SPACE = "vsan-cluster-space-report-system"
OBJECTS = (CONFIG, HEALTH, SPACE)
RECONFIGURE, REKEY = "com.vmware.vsan.clusterconfig.tasks.reconfigure", "com.vmware.vsan.encryption.tasks.rekey"
PRIVILEGES = ("Host.Inventory.EditCluster", "Cryptographer.ManageKeys", "Cryptographer.ManageEncryptionPolicy")


def vsan_fault(text: str) -> Exception:
    """What vSAN raises for everything of its own."""
    return vim.fault.VsanFault(msg=text)


class Vsan:
    """The three services."""

    def __init__(
        self, core: Core, inventory: Inventory, connections: KmsConnections, keys: ProviderKeys, tasks: Tasks
    ) -> None:
        self._core = core
        self._inventory = inventory
        self._connections = connections
        self._keys = keys
        self._tasks = tasks
        core.store.add(vim.cluster.VsanVcClusterConfigSystem(CONFIG), self, {})
        core.store.add(vim.cluster.VsanVcClusterHealthSystem(HEALTH), self, {})
        core.store.add(vim.cluster.VsanSpaceReportSystem(SPACE), self, {})

    def _cluster(self, reference: t.Any) -> Cluster:
        cluster = self._inventory.entity(reference) if reference is not None else None
        if not isinstance(cluster, Cluster):
            raise errors.not_found(reference)
        return cluster

    def _on(self, reference: t.Any) -> Cluster:
        """The cluster, with vSAN switched on."""
        cluster = self._cluster(reference)
        if not cluster.vsan and not cluster.vsan_encryption:
            raise vsan_fault("vSAN is not enabled on the cluster.")
        return cluster

    # reading

    @operation("VsanClusterGetConfig")
    def config(self, call: Call) -> t.Any:
        """ConfigInfoEx of a cluster; without vSAN it says nothing of encryption."""
        cluster = self._cluster(call.arguments["cluster"])
        if not cluster.vsan and not cluster.vsan_encryption:
            return vim.vsan.ConfigInfoEx(enabled=False)
        state = cluster.vsan_state
        encryption = vim.vsan.DataEncryptionConfig(
            encryptionEnabled=bool(cluster.vsan_encryption),
            kmsProviderId=provider_id(cluster.vsan_encryption),
            kekId=state.kek.key_id if state.kek else None,
            hostKeyId=state.host_key.key_id if state.host_key else None,
            dekGenerationId=state.dek_generation,
            changing=self._changing(cluster, look=True),
            eraseDisksBeforeUse=state.erase_disks,
        )
        return vim.vsan.ConfigInfoEx(enabled=True, vsanEsaEnabled=state.esa, dataEncryptionConfig=encryption)

    @staticmethod
    def _changing(cluster: Cluster, look: bool = False) -> bool:
        """Whether a change is at work: as long as its task runs, and for some looks after that."""
        state = cluster.vsan_state
        if state.task is not None and not state.task.done:
            return True
        if state.settling_looks > 0:
            state.settling_looks -= look
            return True
        return False

    @operation("VsanQueryVcClusterHealthSummary", blocking=True)
    def health(self, call: Call) -> t.Any:
        """Colours; that of encryption follows from a real connection to the KMIP servers."""
        with self._core.lock:
            cluster = self._on(call.arguments.get("cluster"))
            provider = self._core.crypto.providers.get(cluster.vsan_encryption or "")
        kms = "green" if provider is not None and self._connections.is_active(provider) else "red"
        state = cluster.vsan_state
        colours = [state.health, *([kms] if cluster.vsan_encryption else [])]
        overall = next((colour for colour in ("red", "yellow") if colour in colours), state.health)
        encryption = None
        if cluster.vsan_encryption:
            encryption = vim.cluster.VsanClusterEncryptionHealthSummary(
                overallHealth=kms, configHealth="green", kmsHealth=kms, aesniHealth="green"
            )
        return vim.cluster.VsanClusterHealthSummary(
            timestamp=self._core.clock.now(),
            overallHealth=overall,
            overallHealthDescription=state.health_reason if state.health != "green" else "",
            encryptionHealth=encryption,
            groups=self._groups(state.health, state.health_reason, kms if cluster.vsan_encryption else None),
        )

    @staticmethod
    def _groups(colour: str, reason: str, kms: str | None) -> list[t.Any]:
        tests = [("com.vmware.vsan.health.test.cluster", "Cluster", reason, colour)]
        if kms is not None:
            tests.append(("com.vmware.vsan.health.test.encryption", "Data-at-rest encryption", "vCenter and KMS", kms))
        return [
            vim.cluster.VsanClusterHealthGroup(
                groupId=key,
                groupName=name,
                groupHealth=health,
                groupTests=[vim.cluster.VsanClusterHealthTest(testId=key + ".one", testName=test, testHealth=health)],
            )
            for key, name, test, health in tests
        ]

    @operation("VsanQuerySpaceUsage")
    def space(self, call: Call) -> t.Any:
        """Bytes in all and free."""
        state = self._on(call.arguments["cluster"]).vsan_state
        return vim.cluster.VsanSpaceUsage(totalCapacityB=state.capacity, freeCapacityB=state.free)

    # changing

    def _writable(self, reference: t.Any) -> Cluster:
        for privilege in PRIVILEGES:
            if not sessions.current().may(privilege):
                raise errors.no_permission(reference, privilege)
        cluster = self._on(reference)
        if self._changing(cluster):
            raise vim.fault.InvalidState(msg="Another vSAN operation is in progress on the cluster.")
        return cluster

    @operation("VsanClusterReconfig", kind="write", blocking=True)
    def reconfigure(self, call: Call) -> t.Any:
        """Only encryption can be changed here: on, off, another provider, disks erased before use."""
        spec = call.arguments["vsanReconfigSpec"]
        with self._core.lock:
            cluster = self._writable(call.arguments["cluster"])
        wanted = spec.dataEncryptionConfig
        if not spec.modify or wanted is None:
            raise errors.invalid_argument("vsanReconfigSpec")
        error = self._attempt(lambda: self._encrypt(cluster, wanted, bool(spec.allowReducedRedundancy)))
        return self._task(cluster, RECONFIGURE, error)

    @operation("VsanEncryptedClusterRekey_Task", kind="write", blocking=True)
    def rekey(self, call: Call) -> t.Any:
        """Shallow: a new key for the keys of the disks. Deep: the disks are written anew with new keys too."""
        arguments = call.arguments
        with self._core.lock:
            cluster = self._writable(arguments["encryptedCluster"])
        if not cluster.vsan_encryption:
            raise vim.fault.InvalidState(msg="Encryption is not enabled on the cluster.")
        deep, reduced = bool(arguments.get("deepRekey")), bool(arguments.get("allowReducedRedundancy"))
        needed = self._core.settings.shallow_rekey_privilege
        if not deep and needed and not sessions.current().may(needed):
            raise errors.no_permission(arguments["encryptedCluster"], needed)
        error = self._attempt(lambda: self._rekey(cluster, deep, reduced))
        return self._task(cluster, REKEY, error)

    @staticmethod
    def _attempt(work: t.Callable[[], None]) -> t.Any:
        try:
            work()
        except KmsRefused as exc:
            return vsan_fault(f"Cannot generate key. {exc}")
        except vim.fault.VsanFault as fault:
            return fault
        return None

    def _task(self, cluster: Cluster, kind: str, error: t.Any) -> t.Any:
        reference = self._tasks.finish(cluster.reference, kind, error=error)
        if error is None:
            with self._core.lock:
                cluster.vsan_state.task = self._core.store.source(reference)
                cluster.vsan_state.settling_looks = self._core.settings.vsan_settling_looks
        return reference

    def _encrypt(self, cluster: Cluster, wanted: t.Any, reduced: bool) -> None:
        was = bool(cluster.vsan_encryption)
        if wanted.encryptionEnabled != was:
            self._check_rewrite(cluster, reduced, set_at_creation=True)
        state = cluster.vsan_state
        if not wanted.encryptionEnabled:
            with self._core.lock:
                cluster.vsan, cluster.vsan_encryption = True, None
                state.kek = state.host_key = None
            return
        name = wanted.kmsProviderId.id if wanted.kmsProviderId else cluster.vsan_encryption
        if name != cluster.vsan_encryption:
            self._new_keys(cluster, name)
        with self._core.lock:
            cluster.vsan, cluster.vsan_encryption = True, name
            if wanted.eraseDisksBeforeUse is not None:
                state.erase_disks = wanted.eraseDisksBeforeUse

    def _rekey(self, cluster: Cluster, deep: bool, reduced: bool) -> None:
        if deep:
            self._check_rewrite(cluster, reduced)
        name, state = cluster.vsan_encryption, cluster.vsan_state
        provider = self._core.crypto.providers.get(name or "")
        if provider is None:
            raise vsan_fault(f"The key provider {name} is not configured.")
        if state.stuck_key:
            return
        state.kek = self._keys.make(provider, self._hosts(cluster))
        state.dek_generation += deep

    def _check_rewrite(self, cluster: Cluster, reduced: bool, set_at_creation: bool = False) -> None:
        """What has all disks written anew: not everywhere, and with too few hosts only at less redundancy."""
        state = cluster.vsan_state
        if set_at_creation and not self._core.settings.vsan_encryption_allowed:
            raise vsan_fault("The operation is not supported on this cluster.")
        if state.esa and set_at_creation and not self._core.settings.vsan_esa_can_change:
            raise vsan_fault("The operation is not supported on a vSAN ESA cluster.")
        if not state.esa and state.tight and not reduced:
            raise vsan_fault("There is not enough capacity to evacuate a disk group with full redundancy.")

    def _new_keys(self, cluster: Cluster, name: str | None) -> None:
        provider = self._core.crypto.providers.get(name or "")
        if provider is None:
            raise vsan_fault(f"The key provider {name} is not configured.")
        hosts = self._hosts(cluster)
        kek, host_key = self._keys.make(provider, hosts), self._keys.make(provider, hosts)
        with self._core.lock:
            cluster.vsan_state.kek, cluster.vsan_state.host_key = kek, host_key
            for host in hosts:
                host.crypto_key = host.crypto_key or host_key
                host.crypto_state = SAFE

    @staticmethod
    def _hosts(cluster: Cluster) -> list[Host]:
        return [one for one in cluster.children if isinstance(one, Host) and one.connection_state == "connected"]
