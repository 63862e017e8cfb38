# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual machines from vCenter's objects, and the reconfigure call to them."""

from __future__ import annotations

import typing as t

import pytest
from pyVmomi import vim, vmodl

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.job import config_spec
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.plan import Step, Work
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import Found
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys import faults
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import Key
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines import machine
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import (
    HOME,
    Machine,
    Snapshots,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.policy_choice import (
    PolicyChoice,
)

Device = vim.vm.device
Flat = Device.VirtualDisk.FlatVer2BackingInfo


def key(provider: str, key_id: str) -> t.Any:
    return vim.encryption.CryptoKeyId(keyId=key_id, providerId=vim.encryption.KeyProviderId(id=provider))


def disk(number: int, controller: int, unit: int, **backing: t.Any) -> t.Any:
    kind = backing.pop("kind", Flat)
    return Device.VirtualDisk(
        key=number,
        controllerKey=controller,
        unitNumber=unit,
        capacityInBytes=1 << 30,
        deviceInfo=vim.Description(label=f"Hard disk {number}", summary=""),
        backing=kind(fileName=f"[ds] {number}.vmdk", **backing),
    )


CONTROLLERS = [
    Device.ParaVirtualSCSIController(key=1000, busNumber=0, sharedBus="noSharing"),
    Device.ParaVirtualSCSIController(key=1001, busNumber=1, sharedBus="physicalSharing"),
    Device.VirtualAHCIController(key=15000, busNumber=0),
    Device.VirtualNVMEController(key=31000, busNumber=0),
    Device.VirtualIDEController(key=200, busNumber=0),
]


def test_equal_unit_numbers_on_two_controllers_are_two_disks() -> None:
    devices = [*CONTROLLERS, disk(1, 1000, 0), disk(2, 1001, 0), disk(3, 15000, 0), disk(4, 31000, 0), disk(5, 200, 0)]
    found = machine.disks_of(devices)
    assert [one.controller for one in found] == ["SCSI 0:0", "SCSI 1:0", "SATA 0:0", "NVME 0:0", "IDE 0:0"]
    assert [one.bus for one in found] == ["scsi", "scsi", "sata", "nvme", "ide"]
    assert [one.shared for one in found] == [False, True, False, False, False]


@pytest.mark.parametrize("provider", ["", "a"])
def test_empty_key_id_is_no_key(provider: str) -> None:
    none = key(provider, "")
    devices = [*CONTROLLERS, disk(1, 1000, 0, keyId=none, parent=Flat(fileName="[ds] base.vmdk", keyId=none))]
    found = machine.machine_of(
        Found(
            vim.VirtualMachine("vm-1"),
            {"name": "vm1", "config.keyId": none, "config.hardware.device": devices},
        )
    )
    assert (found.state, found.keys, found.needed_keys, found.locked) == (machine.UNENCRYPTED, [], set(), False)


def test_kind_sharing_and_chain_of_disks() -> None:
    below = Flat(fileName="[ds] base.vmdk", keyId=key("a", "0"))
    rdm = Device.VirtualDisk.RawDiskMappingVer1BackingInfo
    found = machine.disks_of(
        [
            *CONTROLLERS,
            disk(1, 1000, 0, keyId=key("a", "1"), parent=below),
            disk(2, 1000, 1, sharing="sharingMultiWriter"),
            disk(3, 1000, 2, kind=rdm),
            disk(4, 1000, 3, kind=Device.VirtualDisk.FlatVer1BackingInfo, diskMode="persistent"),
        ]
    )
    assert (found[0].crypto_key, found[0].chain, found[0].depth) == (Key("a", "1"), (Key("a", "0"),), 1)
    assert [one.kind for one in found] == ["flat", "flat", "rdm", "other"]
    assert [one.shared for one in found] == [False, True, False, False]


def tree(number: int, *children: t.Any) -> t.Any:
    return vim.vm.SnapshotTree(snapshot=vim.vm.Snapshot(f"snapshot-{number}"), childSnapshotList=list(children))


@pytest.mark.parametrize(
    ("roots", "current", "expected"),
    [
        ([], 0, Snapshots(0, 0, False)),
        ([tree(1)], 1, Snapshots(1, 1, False)),
        ([tree(1, tree(2, tree(3)))], 3, Snapshots(3, 3, False)),
        ([tree(1, tree(2), tree(3))], 2, Snapshots(3, 2, True)),
        ([tree(1), tree(2)], 1, Snapshots(2, 1, True)),
        ([tree(1, tree(2))], 1, Snapshots(2, 1, False)),
    ],
)
def test_snapshot_trees(roots: list[t.Any], current: int, expected: Snapshots) -> None:
    now = vim.vm.Snapshot(f"snapshot-{current}")
    info = vim.vm.SnapshotInfo(currentSnapshot=now, rootSnapshotList=roots) if roots else None
    assert machine.snapshots_of(info) == expected


def found(**properties: t.Any) -> Found:
    return Found(vim.VirtualMachine("vm-1"), {"name": "vm", "config.hardware.device": [], **properties})


@pytest.mark.parametrize(
    ("properties", "locked"),
    [
        ({}, False),
        ({"config.keyId": key("a", "1")}, None),
        ({"config.keyId": key("a", "1"), "runtime.cryptoState": "unlocked"}, False),
        ({"config.keyId": key("a", "1"), "runtime.cryptoState": "locked"}, True),
    ],
)
def test_whether_a_machine_is_locked(properties: dict[str, t.Any], locked: bool | None) -> None:
    assert machine.machine_of(found(**properties)).locked is locked


def test_a_machine_whose_configuration_is_not_readable() -> None:
    one = machine.machine_of(Found(vim.VirtualMachine("vm-1"), {"name": "vm", "runtime.connectionState": "invalid"}))
    assert (one.readable, one.state, one.connection) == (False, "unreadable", "invalid")


def test_the_call_names_home_and_every_disk_with_its_own_spec() -> None:
    devices = [*CONTROLLERS, disk(1, 1000, 0), disk(2, 1001, 0), disk(3, 15000, 0)]
    steps = {
        HOME: Step("recrypt", "b"),
        1: Step("encrypt", "b"),
        2: Step("recrypt", None, Key("b", "9")),
    }
    kept = PolicyChoice("kept", sent=False)
    work = Work(
        Machine(None, "vm", "vm-1"), "complete", steps, policies={HOME: kept, 1: PolicyChoice("policy"), 2: kept}
    )
    spec = config_spec(work, devices, {"b": key("b", "7")})
    assert isinstance(spec.crypto, vim.encryption.CryptoSpecShallowRecrypt)
    assert (spec.crypto.newKeyId.keyId, list(spec.vmProfile), spec.migrateEncryption) == ("7", [], None)
    assert [change.device.key for change in spec.deviceChange] == [1, 2]
    first, second = spec.deviceChange
    assert (first.operation, first.fileOperation) == ("edit", None)
    assert isinstance(first.backing.crypto, vim.encryption.CryptoSpecEncrypt)
    assert first.backing.crypto.cryptoKeyId.keyId == "7"
    assert [profile.profileId for profile in first.profile] == ["policy"]
    assert second.backing.crypto.newKeyId.keyId == "9" and list(second.profile) == []


def test_each_part_of_the_call_names_its_own_policy() -> None:
    devices = [*CONTROLLERS, disk(1, 1000, 0), disk(2, 1001, 0)]
    steps = {HOME: Step("decrypt"), 1: Step("decrypt"), 2: Step("decrypt")}
    policies = {HOME: PolicyChoice(), 1: PolicyChoice("gold"), 2: PolicyChoice("silver")}
    work = Work(Machine(None, "vm", "vm-1"), "decrypt", steps, "opportunistic", policies=policies)
    spec = config_spec(work, devices, {})
    assert isinstance(spec.vmProfile[0], vim.vm.EmptyProfileSpec)
    assert isinstance(spec.deviceChange[0].backing.crypto, vim.encryption.CryptoSpecDecrypt)
    assert [change.profile[0].profileId for change in spec.deviceChange] == ["gold", "silver"]
    assert spec.migrateEncryption == "opportunistic"
    choices = {HOME: PolicyChoice("policy")}
    deep = Work(Machine(None, "vm", "vm-1"), "rekey", {HOME: Step("deep_recrypt", "a")}, policies=choices)
    spec = config_spec(deep, devices, {"a": key("a", "2")})
    assert isinstance(spec.crypto, vim.encryption.CryptoSpecDeepRecrypt)
    assert (spec.vmProfile[0].profileId, list(spec.deviceChange)) == ("policy", [])


@pytest.mark.parametrize(
    ("message", "words", "no_key"),
    [
        ("msg.hostd.configSpec.enc.snapshots", "snapshots", False),
        ("msg.vigor.enc.keyNotFound", "cannot get the key", True),
        ("msg.keysafe.locator", "cannot get the key", True),
        ("msg.something.else", "", False),
        ("msg.something.encryptForbiddenWithoutEncryptedProfile", "without an encryption storage policy", False),
    ],
)
def test_faults_are_explained(message: str, words: str, no_key: bool) -> None:
    fault = vim.fault.InvalidVmConfig(msg="refused", faultMessage=[vmodl.LocalizableMessage(key=message)])
    error = faults.error_of_fault(fault, "encrypt vm on host")
    assert error.message.startswith("could not encrypt vm on host: refused")
    assert words in error.message and "\n" not in error.message
    assert faults.lacks_key(fault) is no_key
