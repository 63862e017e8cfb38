# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How hosts, clusters, folders and the rest of the inventory look through vSphere."""

from __future__ import annotations

import typing as t
import uuid

from pyVmomi import vim

from . import vm_properties, vmomi
from .entities import Cluster, Datacenter, Datastore, Entity, Folder, Host, ResourcePool, VirtualApp, VirtualMachine
from .inventory import Inventory
from .store import ObjectStore, Table

MEMORY = 256 << 30
MAX_FILE, MAX_DISK = 64 << 40, 62 << 40  # of VMFS 6
CAPABILITIES_ON = ("storagePolicySupported", "featureCapabilitiesSupported", "vmotionSupported", "rebootSupported")
COMMON: dict[str, t.Callable[[t.Any], t.Any]] = {
    "name": lambda entity: entity.name,
    "parent": lambda entity: entity.parent.reference if entity.parent else None,
    "overallStatus": lambda _entity: "green",
    "recentTask": lambda _entity: [],
    # "alarms triggered by this entity or by its descendants" (vSphere API)
    "triggeredAlarmState": lambda entity: [state for one in (entity, *entity.descendants()) for state in one.alarms],
}


def _references(entities: t.Iterable[Entity]) -> list[t.Any]:
    return [entity.reference for entity in entities]


def _of(kind: type, entity: Entity) -> list[t.Any]:
    return [child.reference for child in entity.children if isinstance(child, kind)]


def product(host: Host) -> t.Any:
    """What runs on a host."""
    return vim.AboutInfo(
        name="VMware ESXi",
        fullName=f"VMware ESXi {host.version} build-{host.build}",
        vendor="VMware, Inc.",
        version=host.version,
        build=host.build,
        osType="vmnix-x86",
        productLineId="embeddedEsx",
        apiType="HostAgent",
        apiVersion=f"{host.version}.0",
    )


def capability(host: Host) -> t.Any:
    """`capability`: TPM and encryption told truly, the many others switched off."""
    required = [
        info.name
        for info in vmomi.data_properties(vim.host.Capability)
        if info.type is bool and not info.flags & vmomi.OPTIONAL
    ]
    values: dict[str, t.Any] = {name: name in CAPABILITIES_ON for name in required}
    values.update(
        tpmSupported=host.tpm,
        tpmVersion=host.tpm_version if host.tpm else None,
        cryptoSupported=host.crypto_supported,
        encryptionMemorySaveSupported=host.crypto_supported,
        encryptionHotOperationSupported=False,
        encryptionWithSnapshotsSupported=False,
        encryptedVMotionSupported=host.crypto_supported,
        uefiSecureBoot=True,
    )
    return vim.host.Capability(**values)


def host_runtime(host: Host) -> t.Any:
    """`runtime` of a host."""
    return vim.host.RuntimeInfo(
        connectionState=host.connection_state,
        powerState=host.power_state,
        inMaintenanceMode=host.maintenance,
        cryptoState=host.crypto_state,
        cryptoKeyId=vm_properties.crypto_key_id(host.crypto_key),
        stateEncryption=vim.host.RuntimeInfo.StateEncryptionInfo(protectionMode="tpm" if host.tpm else "none"),
    )


def attestation(host: Host) -> t.Any:
    """`summary.tpmAttestation`; unset without a TPM."""
    if not host.tpm or not host.attestation:
        return None
    return vim.host.TpmAttestationInfo(time=vm_properties.EPOCH, status=host.attestation)


def host_summary(host: Host) -> t.Any:
    """`summary` of a host."""
    return vim.host.Summary(
        host=host.reference,
        hardware=vim.host.Summary.HardwareSummary(
            vendor="Lab",
            model="Lab server",
            uuid=host.uuid,
            memorySize=MEMORY,
            cpuModel="Lab CPU",
            cpuMhz=2600,
            numCpuPkgs=2,
            numCpuCores=32,
            numCpuThreads=64,
            numNics=4,
            numHBAs=2,
        ),
        runtime=host_runtime(host),
        config=vim.host.Summary.ConfigSummary(
            name=host.name, port=443, product=product(host), vmotionEnabled=True, faultToleranceEnabled=False
        ),
        quickStats=vim.host.Summary.QuickStats(),
        overallStatus="green",
        rebootRequired=False,
        maxEVCModeKey="",
        managementServerIp="",
        tpmAttestation=attestation(host),
    )


def cluster_config(cluster: Cluster) -> t.Any:
    """`configurationEx` of a cluster."""
    return vim.cluster.ConfigInfoEx(
        vmSwapPlacement="vmDirectory",
        dasConfig=vim.cluster.DasConfigInfo(enabled=False),
        drsConfig=vim.cluster.DrsConfigInfo(enabled=True),
        cryptoConfig=vim.cluster.CryptoConfigInfo(cryptoMode=cluster.crypto_mode),
        vsanConfigInfo=vim.vsan.cluster.ConfigInfo(
            enabled=cluster.vsan or bool(cluster.vsan_encryption),
            vsanEsaEnabled=cluster.vsan_state.esa,
            defaultConfig=vim.vsan.cluster.ConfigInfo.HostDefaultInfo(autoClaimStorage=False),
        ),
    )


def cluster_summary(cluster: Cluster) -> t.Any:
    """`summary` of a cluster."""
    hosts = len(_of(Host, cluster))
    return vim.ClusterComputeResource.Summary(
        totalCpu=hosts * 83200,
        totalMemory=hosts * MEMORY,
        numCpuCores=hosts * 32,
        numCpuThreads=hosts * 64,
        effectiveCpu=hosts * 83200,
        effectiveMemory=hosts * MEMORY >> 20,
        numHosts=hosts,
        numEffectiveHosts=hosts,
        overallStatus="green",
        currentFailoverLevel=0,
        numVmotions=0,
    )


def datastore_summary(datastore: Datastore) -> t.Any:
    """`summary` of a datastore."""
    return vim.Datastore.Summary(
        datastore=datastore.reference,
        name=datastore.name,
        url=f"ds:///vmfs/volumes/{datastore.name}/",
        capacity=datastore.capacity,
        freeSpace=datastore.free,
        accessible=True,
        multipleHostAccess=True,
        type="VMFS",
        maintenanceMode="normal",
    )


def datastore_info(datastore: Datastore) -> t.Any:
    """`info` of a datastore: VMFS 6, with the sizes that it allows."""
    identifier = str(uuid.uuid5(uuid.NAMESPACE_URL, datastore.name))
    return vim.host.VmfsDatastoreInfo(
        name=datastore.name,
        url=f"ds:///vmfs/volumes/{datastore.name}/",
        freeSpace=datastore.free,
        maxFileSize=MAX_FILE,
        maxVirtualDiskCapacity=MAX_DISK,
        maxMemoryFileSize=MAX_FILE,
        maxPhysicalRDMFileSize=MAX_FILE,
        maxVirtualRDMFileSize=MAX_DISK,
        timestamp=vm_properties.EPOCH,
        containerId=identifier,
        vmfs=vim.host.VmfsVolume(
            type="VMFS",
            name=datastore.name,
            capacity=datastore.capacity,
            blockSizeMb=1,
            maxBlocks=MAX_FILE >> 20,
            majorVersion=6,
            version="6.82",
            uuid=identifier,
            extent=[vim.host.ScsiDisk.Partition(diskName=f"naa.{identifier.replace('-', '')}", partition=1)],
            vmfsUpgradable=False,
        ),
    )


def datastore_capability() -> t.Any:
    """`capability` of a VMFS datastore."""
    return vim.Datastore.Capability(
        directoryHierarchySupported=True,
        rawDiskMappingsSupported=True,
        perFileThinProvisioningSupported=True,
        storageIORMSupported=True,
        nativeSnapshotSupported=False,
        topLevelDirectoryCreateSupported=True,
    )


def _machines(inventory: Inventory, attribute: str) -> t.Callable[[Entity], list[t.Any]]:
    def read(entity: Entity) -> list[t.Any]:
        return [machine.reference for machine in inventory.vms if getattr(machine, attribute) is entity]

    return read


def _host_table(inventory: Inventory) -> Table:
    return {
        **COMMON,
        "runtime": host_runtime,
        "runtime.cryptoState": lambda host: host.crypto_state,
        "runtime.cryptoKeyId": lambda host: vm_properties.crypto_key_id(host.crypto_key),
        "runtime.connectionState": lambda host: host.connection_state,
        "capability": capability,
        "summary": host_summary,
        "config": lambda host: vim.host.ConfigInfo(host=host.reference, product=product(host)),
        "config.product": product,
        "configManager": lambda host: vim.host.ConfigManager(
            cryptoManager=vim.encryption.CryptoManagerHostKMS(f"cryptoManager-{vmomi.moid(host.reference)}")
        ),
        "vm": _machines(inventory, "host"),
        "datastore": lambda _host: _references(inventory.datastores),
        "network": lambda _host: [],
    }


def _cluster_table(inventory: Inventory) -> Table:
    return {
        **COMMON,
        "host": lambda cluster: _of(Host, cluster),
        "resourcePool": lambda cluster: next(iter(_of(ResourcePool, cluster)), None),
        "configurationEx": cluster_config,
        "summary": cluster_summary,
        "datastore": lambda _cluster: _references(inventory.datastores),
        "network": lambda _cluster: [],
    }


def _pool_table(inventory: Inventory) -> Table:
    return {
        **COMMON,
        "owner": lambda pool: next(one.reference for one in pool.ancestors() if isinstance(one, Cluster)),
        "resourcePool": lambda pool: _of(ResourcePool, pool),
        "vm": _machines(inventory, "pool"),
    }


def _datastore_table(inventory: Inventory) -> Table:
    return {
        **COMMON,
        "summary": datastore_summary,
        "info": datastore_info,
        "capability": lambda _datastore: datastore_capability(),
        "vm": lambda store: [one.reference for one in inventory.vms if any(at is store for at in one.datastores())],
        "host": lambda _datastore: [
            vim.Datastore.HostMount(key=host.reference, mountInfo=vim.host.MountInfo(accessMode="readWrite"))
            for host in inventory.hosts
        ],
    }


def tables(inventory: Inventory) -> dict[type, Table]:
    """One table for each kind of entity."""
    return {
        VirtualMachine: vm_properties.TABLE,
        Host: _host_table(inventory),
        Cluster: _cluster_table(inventory),
        ResourcePool: _pool_table(inventory),
        VirtualApp: {
            **_pool_table(inventory),
            "parentFolder": lambda app: app.folder.reference if app.folder else None,
            "parentVApp": lambda app: app.parent.reference if isinstance(app.parent, VirtualApp) else None,
        },
        Datastore: _datastore_table(inventory),
        Folder: {
            **COMMON,
            "childEntity": lambda folder: _references(folder.children),
            "childType": lambda folder: [vmomi.managed_type(name) for name in folder.child_types],
        },
        Datacenter: {
            **COMMON,
            "vmFolder": lambda _datacenter: inventory.vm_folder.reference,
            "hostFolder": lambda _datacenter: inventory.host_folder.reference,
            "datastoreFolder": lambda _datacenter: inventory.datastore_folder.reference,
            "networkFolder": lambda _datacenter: inventory.network_folder.reference,
            "datastore": lambda _datacenter: _references(inventory.datastores),
            "network": lambda _datacenter: [],
        },
    }


def publish(inventory: Inventory, store: ObjectStore) -> None:
    """Put an inventory's entities into the store, and those that it gets later."""
    by_kind = tables(inventory)

    def add(entity: Entity) -> None:
        touch = entity.look if isinstance(entity, VirtualMachine) else None
        store.add(entity.reference, entity, by_kind[type(entity)], touch=touch)

    for entity in inventory:
        add(entity)
    inventory.on_added.append(add)
