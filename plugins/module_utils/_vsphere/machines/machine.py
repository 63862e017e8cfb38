# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual machines as encryption sees them, as plain data: nothing of pyVmomi but the reference is kept."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import Found
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import moid_of, vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import Key, key_of

PATHS = (
    "name",
    "parent",
    "config.files",
    "config.firmware",
    "config.ftEncryptionMode",
    "config.keyId",
    "config.hardware.device",
    "config.managedBy",
    "config.migrateEncryption",
    "config.template",
    "config.uuid",
    "config.instanceUuid",
    "config.version",
    "runtime.connectionState",
    "runtime.consolidationNeeded",
    "runtime.cryptoState",
    "runtime.faultToleranceState",
    "runtime.host",
    "runtime.powerState",
    "summary.config.product",
    "guest.hostName",
    "guest.ipAddress",
    "guest.net",
    "guest.toolsRunningStatus",
    "resourcePool",
    "datastore",
    "snapshot",
)
FT_MODES = {
    "disabled": "ftEncryptionDisabled",
    "opportunistic": "ftEncryptionOpportunistic",
    "required": "ftEncryptionRequired",
}
_FT_WORDS = {mode: word for word, mode in FT_MODES.items()}
_POWER = {"poweredOn": "powered_on", "poweredOff": "powered_off", "suspended": "suspended"}
ENCRYPTED, PARTLY, VTPM_ONLY = "encrypted", "partly_encrypted", "vtpm_only"
UNENCRYPTED, UNREADABLE = "unencrypted", "unreadable"
HOME = 0  # stands for the home where disks are named by their device key, which is never 0


@dataclasses.dataclass(frozen=True)
class Disk:
    """A virtual disk. `depth` is the number of disks below it, which snapshots or a linked clone left there.

    `foreign` says that one of them lies in another VM's folder. `chain` holds the keys of those. `kind` is flat,
    rdm or other; other disks cannot be encrypted either. `datastore` is an id. `capacity` is in bytes.
    """

    key: int
    label: str
    controller: str
    bus: str
    file: str
    datastore: str | None
    capacity: int
    kind: str = "flat"
    shared: bool = False
    crypto_key: Key | None = None
    chain: tuple[Key, ...] = ()
    depth: int = 0
    foreign: bool = False


@dataclasses.dataclass(frozen=True)
class Snapshots:
    """How many there are, how deep the present one lies (the deepest when vCenter names none), whether they branch."""

    count: int = 0
    depth: int = 0
    branched: bool = False


@dataclasses.dataclass(frozen=True)
class Machine:
    """A virtual machine. `readable` is False when its configuration could not be read: then little of the rest is true.

    `vmotion` and `ft` are the modes of encrypted vMotion and Fault Tolerance, None when vCenter does not tell.
    `host`, `pool`, `folder` and `datastores` (of home and disks) are ids. `hardware` is the version of the virtual
    hardware, None when it is not known. `consolidation` is what vCenter says of its disks.
    """

    reference: t.Any
    name: str
    moid: str
    uuid: str = ""
    instance_uuid: str = ""
    power: str = "powered_off"
    connection: str = "connected"
    template: bool = False
    home: Key | None = None
    disks: tuple[Disk, ...] = ()
    vtpm: bool = False
    firmware: str | None = None
    locked: bool | None = None
    snapshots: Snapshots = Snapshots()
    fault_tolerance: bool = False
    vmotion: str | None = None
    ft: str | None = None
    host: str | None = None
    pool: str | None = None
    folder: str | None = None
    datastores: tuple[str, ...] = ()
    managed_by: str | None = None
    product: str | None = None
    guest_name: str | None = None
    addresses: tuple[str, ...] = ()
    tools_running: bool = False
    hardware: int | None = None
    consolidation: bool = False
    readable: bool = True

    @property
    def on(self) -> bool:
        """Whether it runs."""
        return self.power == "powered_on"

    @property
    def state(self) -> str:
        """Encrypted, partly encrypted, encrypted for its vTPM only, unencrypted, or unreadable."""
        if not self.readable:
            return UNREADABLE
        keys = [disk.crypto_key for disk in self.disks]
        if self.home is None and not any(keys):
            return UNENCRYPTED
        if self.home is not None and all(keys):
            return ENCRYPTED
        return VTPM_ONLY if self.vtpm and self.home is not None and not any(keys) else PARTLY

    @property
    def keys(self) -> list[Key]:
        """The keys of home and disks, without those of disks below snapshots."""
        found = {disk.crypto_key for disk in self.disks if disk.crypto_key}
        return sorted(found | ({self.home} if self.home else set()), key=lambda key: (key.provider or "", key.id))

    @property
    def parts(self) -> dict[int, Key | None]:
        """The key of the home and of each disk, by part: HOME or the device key of the disk."""
        return {HOME: self.home, **{disk.key: disk.crypto_key for disk in self.disks}}

    @property
    def labels(self) -> dict[int, str]:
        """How results name home and disks, by part."""
        return {HOME: "home", **{disk.key: disk.label for disk in self.disks}}

    @property
    def policy_keys(self) -> dict[int, str]:
        """How vCenter's policy service names home and disks, by part."""
        return {HOME: self.moid, **{disk.key: f"{self.moid}:{disk.key}" for disk in self.disks}}

    @property
    def needed_keys(self) -> set[Key]:
        """All keys that it needs, those of disks below snapshots too."""
        return set(self.keys).union(*(disk.chain for disk in self.disks))

    @property
    def providers(self) -> list[str]:
        """Names of the providers of its keys."""
        return sorted({key.provider for key in self.keys if key.provider is not None})

    @property
    def linked_clone(self) -> bool:
        """Whether a disk hangs on disks of another VM, and not only on those that its own snapshots left."""
        return any(disk.foreign and disk.depth > self.snapshots.depth for disk in self.disks)

    @property
    def needs_consolidation(self) -> bool:
        """Whether disks hang on disks of its own that no snapshot accounts for."""
        left = any(disk.depth > self.snapshots.depth and not disk.foreign for disk in self.disks)
        return left or self.consolidation

    @property
    def capacity(self) -> int:
        """Bytes of all disks."""
        return sum(disk.capacity for disk in self.disks)


def machine_of(found: Found) -> Machine:
    """A VM from the properties PATHS."""
    seen = found.properties
    common = {
        "reference": found.object,
        "name": found.name,
        "moid": moid_of(found.object),
        "power": _POWER.get(str(seen.get("runtime.powerState")), "powered_off"),
        "connection": str(seen.get("runtime.connectionState") or "connected"),
        "host": _id(seen.get("runtime.host")),
        "pool": _id(seen.get("resourcePool")),
        "folder": _id(seen.get("parent")),
        "datastores": tuple(moid_of(store) for store in seen.get("datastore") or []),
    }
    if "config.hardware.device" not in seen:
        return Machine(readable=False, locked=seen.get("runtime.cryptoState") == "locked" or None, **common)
    devices = seen["config.hardware.device"]
    manager, product = seen.get("config.managedBy"), seen.get("summary.config.product")
    return Machine(
        uuid=seen.get("config.uuid") or "",
        instance_uuid=seen.get("config.instanceUuid") or "",
        template=bool(seen.get("config.template")),
        home=key_of(seen.get("config.keyId")),
        disks=disks_of(devices, _own_folders(seen.get("config.files"))),
        vtpm=any(isinstance(device, vim.vm.device.VirtualTPM) for device in devices),
        firmware=seen.get("config.firmware"),
        locked=_locked(seen),
        snapshots=snapshots_of(seen.get("snapshot")),
        fault_tolerance=str(seen.get("runtime.faultToleranceState") or "notConfigured") != "notConfigured",
        vmotion=seen.get("config.migrateEncryption"),
        ft=_ft_mode(seen.get("config.ftEncryptionMode")),
        managed_by=manager.extensionKey if manager else None,
        product=product.name if product else None,
        guest_name=seen.get("guest.hostName"),
        addresses=_addresses(seen),
        tools_running=seen.get("guest.toolsRunningStatus") == "guestToolsRunning",
        hardware=_hardware(seen.get("config.version")),
        consolidation=bool(seen.get("runtime.consolidationNeeded")),
        **common,
    )


def _id(reference: t.Any) -> str | None:
    return moid_of(reference) if reference is not None else None


def _ft_mode(mode: str | None) -> str | None:
    """The word for it; a mode of a newer vCenter keeps its name."""
    return _FT_WORDS.get(mode, mode) if mode else None


def _hardware(version: str | None) -> int | None:
    """19 of `vmx-19`."""
    number = (version or "").rpartition("-")[2]
    return int(number) if number.isdecimal() else None


def _folder_of(file: str) -> str:
    """`[store] vm` of `[store] vm/vm.vmdk`."""
    return file.rpartition("/")[0]


def _own_folders(files: t.Any) -> frozenset[str]:
    """Where home and snapshots of a VM lie; disks on other datastores have folders besides."""
    home = _folder_of(getattr(files, "vmPathName", None) or "")
    snapshots = (getattr(files, "snapshotDirectory", None) or "").rstrip("/")
    return frozenset({home, snapshots} - {""})


def _locked(seen: t.Mapping[str, t.Any]) -> bool | None:
    """vCenter tells it since 6.7; an unencrypted VM has no such state."""
    state = seen.get("runtime.cryptoState")
    if state is not None:
        return bool(state == "locked")
    return False if key_of(seen.get("config.keyId")) is None else None


def _addresses(seen: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    found = {address for card in seen.get("guest.net") or [] for address in card.ipAddress or []}
    if seen.get("guest.ipAddress"):
        found.add(seen["guest.ipAddress"])
    return tuple(sorted(found))


def snapshots_of(info: t.Any) -> Snapshots:
    """Count, depth and shape of a snapshot tree; `info` is the property `snapshot`."""
    if info is None:
        return Snapshots()
    current = moid_of(info.currentSnapshot) if info.currentSnapshot is not None else None
    count = depth = deepest = 0
    branched = len(info.rootSnapshotList) > 1
    level = [(tree, 1) for tree in info.rootSnapshotList]
    while level:
        tree, deep = level.pop()
        count += 1
        children = tree.childSnapshotList or []
        branched = branched or len(children) > 1
        deepest = max(deepest, deep)
        if moid_of(tree.snapshot) == current:
            depth = deep
        level.extend((child, deep + 1) for child in children)
    return Snapshots(count, depth if current is not None else deepest, branched)


def disks_of(devices: t.Sequence[t.Any], folders: t.Collection[str] = ()) -> tuple[Disk, ...]:
    """The disks among the devices of a VM, with the controllers they hang on; `folders` are the VM's own."""
    controllers = {device.key: device for device in devices if isinstance(device, vim.vm.device.VirtualController)}
    return tuple(
        _disk(device, controllers.get(device.controllerKey), folders)
        for device in devices
        if isinstance(device, vim.vm.device.VirtualDisk)
    )


def _disk(device: t.Any, controller: t.Any, folders: t.Collection[str]) -> Disk:
    kinds = vim.vm.device
    backing = device.backing
    bus = _bus(controller)
    file = getattr(backing, "fileName", None) or ""
    below = _below(backing)
    keys = [key_of(getattr(one, "keyId", None)) for one in below]
    own = {*folders, _folder_of(file)}
    if isinstance(backing, kinds.VirtualDisk.RawDiskMappingVer1BackingInfo):
        kind = "rdm"
    else:
        # only backings that can be encrypted have this field: FlatVer2, SeSparse and SparseVer2 (pyVmomi)
        kind = "flat" if hasattr(backing, "keyId") else "other"
    store = getattr(backing, "datastore", None)
    sharing = str(getattr(backing, "sharing", None) or "sharingNone")
    bus_sharing = str(getattr(controller, "sharedBus", None) or "noSharing")
    return Disk(
        key=device.key,
        label=device.deviceInfo.label if device.deviceInfo else f"device {device.key}",
        controller=f"{bus.upper()} {controller.busNumber if controller is not None else '?'}:{device.unitNumber}",
        bus=bus,
        file=file,
        datastore=_id(store),
        capacity=device.capacityInBytes or (device.capacityInKB or 0) * 1024,
        kind=kind,
        shared=sharing != "sharingNone" or bus_sharing != "noSharing",
        crypto_key=key_of(getattr(backing, "keyId", None)),
        chain=tuple(key for key in keys if key is not None),
        depth=len(below),
        foreign=any(_folder_of(one.fileName or "") not in own for one in below),
    )


def _below(backing: t.Any) -> list[t.Any]:
    """The backings that a disk hangs on, the nearest first."""
    found = []
    while getattr(backing, "parent", None) is not None:
        backing = backing.parent
        found.append(backing)
    return found


def _bus(controller: t.Any) -> str:
    kinds = vim.vm.device
    for name, kind in (
        ("scsi", kinds.VirtualSCSIController),
        ("sata", kinds.VirtualSATAController),
        ("nvme", kinds.VirtualNVMEController),
        ("ide", kinds.VirtualIDEController),
    ):
        if isinstance(controller, kind):
            return name
    return "unknown"
