# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a virtual machine looks through vSphere. The long paths save building the whole `config` for a large report."""

from __future__ import annotations

import datetime
import typing as t

from pyVmomi import vim

from .entities import Disk, KeyRef, Snapshot, VirtualMachine

CONTROLLERS = {"scsi": 1000, "ide": 200, "sata": 15000, "nvme": 31000}
TPM_KEY = 11000
NIC_KEY = 4000
EPOCH = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def crypto_key_id(key: KeyRef | None) -> t.Any:
    """The vSphere form of a key, None for clear."""
    if key is None:
        return None
    provider = vim.encryption.KeyProviderId(id=key.provider)
    return vim.encryption.CryptoKeyId(keyId=key.key_id, providerId=provider)


def _label(label: str, summary: str) -> t.Any:
    return vim.Description(label=label, summary=summary)


def _controller(bus: str, disks: list[Disk]) -> t.Any:
    device = vim.vm.device
    attached = [disk.key for disk in disks if disk.bus == bus]
    common = {"key": CONTROLLERS[bus], "busNumber": 0, "device": attached}
    if bus == "scsi":
        label = _label("SCSI controller 0", "VMware paravirtual SCSI")
        return device.ParaVirtualSCSIController(sharedBus="noSharing", scsiCtlrUnitNumber=7, deviceInfo=label, **common)
    if bus == "sata":
        return device.VirtualAHCIController(deviceInfo=_label("SATA controller 0", "AHCI"), **common)
    if bus == "nvme":
        return device.VirtualNVMEController(deviceInfo=_label("NVME controller 0", "NVME controller 0"), **common)
    return device.VirtualIDEController(deviceInfo=_label("IDE 0", "IDE 0"), **common)


def _disk(number: int, disk: Disk, machine: VirtualMachine) -> t.Any:
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
        fileName=disk.file_name,
        diskMode="persistent",
        thinProvisioned=True,
        uuid=disk.uuid,
        datastore=machine.datastore.reference if machine.datastore else None,
        keyId=crypto_key_id(disk.crypto_key),
        sharing="sharingNone",
    )
    return vim.vm.device.VirtualDisk(
        key=disk.key,
        controllerKey=CONTROLLERS[disk.bus],
        unitNumber=disk.unit,
        capacityInKB=disk.capacity_kb,
        capacityInBytes=disk.capacity_kb * 1024,
        deviceInfo=_label(f"Hard disk {number}", f"{disk.capacity_kb:,} KB"),
        backing=backing,
        iofilter=["VMW_vmwarevmcrypt_1.0.0"] if disk.crypto_key else [],
    )


def devices(machine: VirtualMachine) -> list[t.Any]:
    """Controllers, network card, vTPM and disks."""
    buses = [bus for bus in CONTROLLERS if bus == "ide" or any(disk.bus == bus for disk in machine.disks)]
    found = [_controller(bus, machine.disks) for bus in buses]
    found.append(vim.vm.device.VirtualVmxnet3(key=NIC_KEY, deviceInfo=_label("Network adapter 1", "VM Network")))
    if machine.tpm:
        found.append(vim.vm.device.VirtualTPM(key=TPM_KEY, deviceInfo=_label("Virtual TPM", "Trusted Platform Module")))
    return found + [_disk(number, disk, machine) for number, disk in enumerate(machine.disks, 1)]


def _vmx(machine: VirtualMachine) -> str:
    store = machine.datastore.name if machine.datastore else "datastore1"
    return f"[{store}] {machine.name}/{machine.name}.vmx"


def config(machine: VirtualMachine) -> t.Any:
    """`config` as a whole."""
    return vim.vm.ConfigInfo(
        changeVersion=str(machine.changes),
        modified=EPOCH,
        createDate=EPOCH,
        name=machine.name,
        guestFullName="Other Linux (64-bit)",
        guestId="otherLinux64Guest",
        alternateGuestName="",
        annotation="",
        version=machine.hardware,
        uuid=machine.uuid,
        instanceUuid=machine.instance_uuid,
        template=machine.template,
        firmware=machine.firmware,
        npivTemporaryDisabled=True,
        files=vim.vm.FileInfo(vmPathName=_vmx(machine)),
        flags=vim.vm.FlagInfo(),
        defaultPowerOps=vim.vm.DefaultPowerOpInfo(),
        hardware=vim.vm.VirtualHardware(numCPU=machine.cpus, memoryMB=machine.memory_mb, device=devices(machine)),
        keyId=crypto_key_id(machine.crypto_key),
        migrateEncryption=machine.migrate_encryption,
        ftEncryptionMode=machine.ft_encryption,
    )


def crypto_state(machine: VirtualMachine) -> str | None:
    """locked or unlocked; unset for a clear machine."""
    if machine.crypto_key is None:
        return None
    return "locked" if machine.locked else "unlocked"


def runtime(machine: VirtualMachine) -> t.Any:
    """`runtime` as a whole."""
    return vim.vm.RuntimeInfo(
        connectionState=machine.connection_state,
        powerState=machine.power_state,
        faultToleranceState="notConfigured",
        toolsInstallerMounted=False,
        numMksConnections=0,
        recordReplayState="inactive",
        onlineStandby=False,
        consolidationNeeded=False,
        host=machine.host.reference if machine.host else None,
        cryptoState=crypto_state(machine),
    )


def _ip_address(machine: VirtualMachine) -> str | None:
    return machine.ip_addresses[0] if machine.ip_addresses else None


def guest_net(machine: VirtualMachine) -> list[t.Any]:
    """`guest.net`: the network card with its addresses; empty as long as VMware Tools report none."""
    if not machine.ip_addresses:
        return []
    card = {"network": "VM Network", "connected": True, "deviceConfigId": NIC_KEY}
    return [vim.vm.GuestInfo.NicInfo(ipAddress=list(machine.ip_addresses), **card)]


def guest(machine: VirtualMachine) -> t.Any:
    """`guest` as a whole; VMware Tools run in machines that have addresses."""
    running = bool(machine.ip_addresses)
    return vim.vm.GuestInfo(
        toolsStatus="toolsOk" if running else "toolsNotInstalled",
        toolsRunningStatus="guestToolsRunning" if running else "guestToolsNotRunning",
        guestState="running" if running else "notRunning",
        ipAddress=_ip_address(machine),
        net=guest_net(machine),
    )


def summary(machine: VirtualMachine) -> t.Any:
    """`summary` as a whole."""
    return vim.vm.Summary(
        vm=machine.reference,
        runtime=runtime(machine),
        config=vim.vm.Summary.ConfigSummary(
            name=machine.name,
            template=machine.template,
            vmPathName=_vmx(machine),
            memorySizeMB=machine.memory_mb,
            numCpu=machine.cpus,
            numVirtualDisks=len(machine.disks),
            uuid=machine.uuid,
            instanceUuid=machine.instance_uuid,
            guestId="otherLinux64Guest",
            guestFullName="Other Linux (64-bit)",
            tpmPresent=machine.tpm,
        ),
        quickStats=vim.vm.Summary.QuickStats(guestHeartbeatStatus="gray"),
        guest=vim.vm.Summary.GuestSummary(ipAddress=_ip_address(machine)),
        storage=vim.vm.Summary.StorageSummary(committed=0, uncommitted=0, unshared=0, timestamp=EPOCH),
        overallStatus="green",
    )


def _tree(snapshot: Snapshot, machine: VirtualMachine) -> t.Any:
    return vim.vm.SnapshotTree(
        snapshot=snapshot.reference,
        vm=machine.reference,
        name=snapshot.name,
        description="",
        id=snapshot.number,
        createTime=EPOCH,
        state=machine.power_state,
        quiesced=False,
        childSnapshotList=[_tree(child, machine) for child in snapshot.children],
    )


def snapshot_info(machine: VirtualMachine) -> t.Any:
    """`snapshot`: unset without any."""
    if not machine.snapshots:
        return None
    newest = machine.snapshots[-1]
    while newest.children:
        newest = newest.children[-1]
    trees = [_tree(snapshot, machine) for snapshot in machine.snapshots]
    return vim.vm.SnapshotInfo(currentSnapshot=newest.reference, rootSnapshotList=trees)


def _references(*entities: t.Any) -> list[t.Any]:
    return [entity.reference for entity in entities if entity is not None]


TABLE: dict[str, t.Callable[[VirtualMachine], t.Any]] = {
    "name": lambda machine: machine.name,
    "parent": lambda machine: machine.parent.reference if machine.parent else None,
    "overallStatus": lambda _machine: "green",
    "config": config,
    "config.name": lambda machine: machine.name,
    "config.keyId": lambda machine: crypto_key_id(machine.crypto_key),
    "config.hardware.device": devices,
    "config.migrateEncryption": lambda machine: machine.migrate_encryption,
    "config.ftEncryptionMode": lambda machine: machine.ft_encryption,
    "config.template": lambda machine: machine.template,
    "config.uuid": lambda machine: machine.uuid,
    "config.instanceUuid": lambda machine: machine.instance_uuid,
    "config.version": lambda machine: machine.hardware,
    "config.firmware": lambda machine: machine.firmware,
    "runtime": runtime,
    "runtime.powerState": lambda machine: machine.power_state,
    "runtime.connectionState": lambda machine: machine.connection_state,
    "runtime.cryptoState": crypto_state,
    "runtime.host": lambda machine: machine.host.reference if machine.host else None,
    "guest": guest,
    "guest.ipAddress": _ip_address,
    "guest.net": guest_net,
    "summary": summary,
    "summary.config.tpmPresent": lambda machine: machine.tpm,
    "snapshot": snapshot_info,
    "resourcePool": lambda machine: machine.pool.reference if machine.pool else None,
    "datastore": lambda machine: _references(machine.datastore),
    "network": lambda _machine: [],
    "guestHeartbeatStatus": lambda _machine: "gray",
    "recentTask": lambda _machine: [],
}
