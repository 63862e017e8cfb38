# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a virtual machine looks through vSphere. The long paths save building the whole `config` for a large report."""

from __future__ import annotations

import datetime
import functools
import typing as t

from pyVmomi import vim

from . import vmomi
from .entities import Disk, KeyRef, Snapshot, VirtualApp, VirtualMachine

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


@functools.lru_cache(4096)
def _controller(bus: str, number: int, attached: tuple[int, ...]) -> t.Any:
    return vmomi.unchanging(_make_controller(bus, number, list(attached)))


def _make_controller(bus: str, number: int, attached: list[int]) -> t.Any:
    device = vim.vm.device
    common = {"key": CONTROLLERS[bus] + number, "busNumber": number, "device": attached}
    if bus == "scsi":
        label = _label(f"SCSI controller {number}", "VMware paravirtual SCSI")
        return device.ParaVirtualSCSIController(sharedBus="noSharing", scsiCtlrUnitNumber=7, deviceInfo=label, **common)
    if bus == "sata":
        return device.VirtualAHCIController(deviceInfo=_label(f"SATA controller {number}", "AHCI"), **common)
    if bus == "nvme":
        name = f"NVME controller {number}"
        return device.VirtualNVMEController(deviceInfo=_label(name, name), **common)
    return device.VirtualIDEController(deviceInfo=_label(f"IDE {number}", f"IDE {number}"), **common)


def _parents(disk: Disk, **common: t.Any) -> t.Any:
    """The files below a disk's, each the parent of the one before."""
    below = None
    for path in reversed(disk.parents):
        below = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName=path, parent=below, **common)
    return below


def _backing(disk: Disk, machine: VirtualMachine) -> t.Any:
    store = machine.datastore_of(disk)
    common: dict[str, t.Any] = {"datastore": store.reference if store else None, "uuid": disk.uuid}
    if disk.kind == "rdm":
        return vim.vm.device.VirtualDisk.RawDiskMappingVer1BackingInfo(
            fileName=disk.file_name,
            diskMode="independent_persistent",
            compatibilityMode="physicalMode",
            lunUuid=disk.uuid,
            deviceName=f"vml.{disk.uuid}",
            sharing=disk.sharing,
            **common,
        )
    common.update(diskMode="persistent", thinProvisioned=True, keyId=crypto_key_id(disk.crypto_key))
    return vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
        fileName=disk.file_name,
        sharing=disk.sharing,
        parent=_parents(disk, **common) if disk.parents else None,
        **common,
    )


def _disk(number: int, disk: Disk, machine: VirtualMachine) -> t.Any:
    """The device, made anew only when the disk has changed since."""
    facts = (number, *disk.facts(), id(machine.datastore_of(disk)))
    if disk.seen is None or disk.seen[0] != facts:
        disk.seen = facts, vmomi.unchanging(_make_disk(number, disk, machine))
    return disk.seen[1]


def _make_disk(number: int, disk: Disk, machine: VirtualMachine) -> t.Any:
    return vim.vm.device.VirtualDisk(
        key=disk.key,
        controllerKey=CONTROLLERS[disk.bus] + disk.controller,
        unitNumber=disk.unit,
        capacityInKB=disk.capacity_kb,
        capacityInBytes=disk.capacity_kb * 1024,
        deviceInfo=_label(f"Hard disk {number}", f"{disk.capacity_kb:,} KB"),
        backing=_backing(disk, machine),
        iofilter=["VMW_vmwarevmcrypt_1.0.0"] if disk.crypto_key else [],
    )


def _controllers(machine: VirtualMachine) -> list[t.Any]:
    """Those that disks are on, and the IDE controller that every VM has."""
    attached: dict[tuple[str, int], list[int]] = {("ide", 0): []}
    for disk in machine.disks:
        attached.setdefault((disk.bus, disk.controller), []).append(disk.key)
    order = sorted(attached, key=lambda place: (list(CONTROLLERS).index(place[0]), place[1]))
    return [_controller(*place, tuple(attached[place])) for place in order]


@functools.lru_cache(1)
def _network_card() -> t.Any:
    label = _label("Network adapter 1", "VM Network")
    return vmomi.unchanging(vim.vm.device.VirtualVmxnet3(key=NIC_KEY, deviceInfo=label))


def devices(machine: VirtualMachine) -> list[t.Any]:
    """Controllers, network card, vTPM and disks."""
    found = [*_controllers(machine), _network_card()]
    if machine.tpm:
        found.append(vim.vm.device.VirtualTPM(key=TPM_KEY, deviceInfo=_label("Virtual TPM", "Trusted Platform Module")))
    return found + [_disk(number, disk, machine) for number, disk in enumerate(machine.disks, 1)]


def _vmx(machine: VirtualMachine) -> str:
    store = machine.datastore.name if machine.datastore else "datastore1"
    return f"[{store}] {machine.name}/{machine.name}.vmx"


def managed_by(machine: VirtualMachine) -> t.Any:
    """The extension that made it, as with agents of the cluster services."""
    return vim.ext.ManagedByInfo(extensionKey=machine.managed_by, type="agent") if machine.managed_by else None


def product(machine: VirtualMachine) -> t.Any:
    """What an appliance says it is."""
    return vim.vApp.ProductInfo(key=0, name=machine.product, vendor="") if machine.product else None


def ft_info(machine: VirtualMachine) -> t.Any:
    """Role and members with Fault Tolerance."""
    if machine.fault_tolerance == "notConfigured":
        return None
    return vim.vm.FaultToleranceConfigInfo(role=1, instanceUuids=[machine.instance_uuid], configPaths=[_vmx(machine)])


def v_app_config(machine: VirtualMachine) -> t.Any:
    """`config.vAppConfig`: only appliances have one."""
    if not machine.product:
        return None
    return vim.vApp.VmConfigInfo(
        product=[product(machine)],
        ipAssignment=vim.vApp.IPAssignmentInfo(),
        installBootRequired=False,
        installBootStopDelay=0,
    )


def extra_config(machine: VirtualMachine) -> list[t.Any]:
    """`config.extraConfig`."""
    return [vim.option.OptionValue(key=key, value=value) for key, value in sorted(machine.extra_config.items())]


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
        files=files(machine),
        flags=vim.vm.FlagInfo(),
        defaultPowerOps=vim.vm.DefaultPowerOpInfo(),
        hardware=vim.vm.VirtualHardware(numCPU=machine.cpus, memoryMB=machine.memory_mb, device=devices(machine)),
        keyId=crypto_key_id(machine.crypto_key),
        migrateEncryption=machine.migrate_encryption,
        ftEncryptionMode=machine.ft_encryption,
        managedBy=managed_by(machine),
        ftInfo=ft_info(machine),
        vAppConfig=v_app_config(machine),
        extraConfig=extra_config(machine),
    )


def files(machine: VirtualMachine) -> t.Any:
    """`config.files`."""
    path = _vmx(machine)
    return vim.vm.FileInfo(
        vmPathName=path, snapshotDirectory=machine.snapshot_directory or path.rpartition("/")[0] + "/"
    )


def crypto_state(machine: VirtualMachine) -> str | None:
    """locked or unlocked; unset for an unencrypted VM."""
    if machine.crypto_key is None:
        return None
    return "locked" if machine.locked else "unlocked"


def runtime(machine: VirtualMachine) -> t.Any:
    """`runtime` as a whole."""
    return vim.vm.RuntimeInfo(
        connectionState=machine.connection_state,
        powerState=machine.power_state,
        faultToleranceState=machine.fault_tolerance,
        toolsInstallerMounted=False,
        numMksConnections=0,
        recordReplayState="inactive",
        onlineStandby=False,
        consolidationNeeded=machine.needs_consolidation,
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


def _tools(machine: VirtualMachine) -> str:
    return "guestToolsRunning" if machine.tools_running else "guestToolsNotRunning"


def guest(machine: VirtualMachine) -> t.Any:
    """`guest` as a whole."""
    running = machine.tools_running
    return vim.vm.GuestInfo(
        toolsStatus="toolsOk" if running else "toolsNotInstalled",
        toolsRunningStatus=_tools(machine),
        guestState="running" if running else "notRunning",
        hostName=machine.guest_host_name or None,
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
            product=product(machine),
            managedBy=managed_by(machine),
            ftInfo=ft_info(machine),
        ),
        quickStats=vim.vm.Summary.QuickStats(guestHeartbeatStatus="gray"),
        guest=vim.vm.Summary.GuestSummary(
            ipAddress=_ip_address(machine),
            hostName=machine.guest_host_name or None,
            toolsRunningStatus=_tools(machine),
        ),
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
    newest = machine.current_snapshot()
    if newest is None:
        return None
    trees = [_tree(snapshot, machine) for snapshot in machine.snapshots]
    # vSphere API: unset when the VM is on no snapshot of its tree
    current = None if machine.off_tree else newest.reference
    return vim.vm.SnapshotInfo(currentSnapshot=current, rootSnapshotList=trees)


def _references(*entities: t.Any) -> list[t.Any]:
    return [entity.reference for entity in entities if entity is not None]


def _parent(machine: VirtualMachine) -> t.Any:
    in_tree = machine.parent is not None and not isinstance(machine.parent, VirtualApp)
    return machine.parent.reference if in_tree and machine.parent else None


TABLE: dict[str, t.Callable[[VirtualMachine], t.Any]] = {
    "name": lambda machine: machine.name,
    "parent": _parent,
    "parentVApp": lambda machine: machine.parent.reference if isinstance(machine.parent, VirtualApp) else None,
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
    "config.managedBy": managed_by,
    "config.ftInfo": ft_info,
    "config.vAppConfig": v_app_config,
    "config.extraConfig": extra_config,
    "config.changeVersion": lambda machine: str(machine.changes),
    "config.files": files,
    "config.files.vmPathName": _vmx,
    "runtime": runtime,
    "runtime.powerState": lambda machine: machine.power_state,
    "runtime.connectionState": lambda machine: machine.connection_state,
    "runtime.cryptoState": crypto_state,
    "runtime.host": lambda machine: machine.host.reference if machine.host else None,
    "runtime.consolidationNeeded": lambda machine: machine.needs_consolidation,
    "runtime.faultToleranceState": lambda machine: machine.fault_tolerance,
    "guest": guest,
    "guest.hostName": lambda machine: machine.guest_host_name or None,
    "guest.toolsRunningStatus": _tools,
    "guest.ipAddress": _ip_address,
    "guest.net": guest_net,
    "summary": summary,
    "summary.config.tpmPresent": lambda machine: machine.tpm,
    "summary.config.name": lambda machine: machine.name,
    "summary.config.product": product,
    "summary.config.managedBy": managed_by,
    "summary.config.vmPathName": _vmx,
    "summary.config.instanceUuid": lambda machine: machine.instance_uuid,
    "snapshot": snapshot_info,
    "resourcePool": lambda machine: machine.pool.reference if machine.pool else None,
    "datastore": lambda machine: _references(*machine.datastores()),
    "network": lambda _machine: [],
    "guestHeartbeatStatus": lambda _machine: "gray",
    "recentTask": lambda machine: [task.reference for task in machine.tasks],
}


def _accessible(read: t.Callable[[VirtualMachine], t.Any]) -> t.Callable[[VirtualMachine], t.Any]:
    """There is no configuration while its files are out of reach (vSphere API, VirtualMachine.config)."""
    return lambda machine: None if machine.connection_state == "inaccessible" else read(machine)


TABLE.update({path: _accessible(read) for path, read in TABLE.items() if path.partition(".")[0] == "config"})
