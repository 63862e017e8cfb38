# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module vm_encryption_info against the lab: states, records, obstacles, what runs encryption, missing rights."""

from __future__ import annotations

import functools

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_standard,
    runner_in,
    without,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.machine_info_helpers import (
    K1,
    K2,
    POLICY,
    codes,
    found,
    reader,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import Inventory, pbm_profiles
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.entities import KeyRef

BUNDLED = {"policy": POLICY, "policy_rules": [], "encrypting_policy": POLICY}
VERSIONS = ("7.0.2", "8.0.3", "9.0")


def in_every_state(inventory):
    """One VM for each state, by name."""
    make = functools.partial(inventory.add_vm, buses=("scsi", "sata"))
    inventory.encrypt(make("full"), *K1)
    inventory.give_tpm(make("vtpm"), *K1)
    inventory.encrypt(make("home"), *K1, disks=False)
    inventory.encrypt_disk(make("disk"), 0, *K1)
    inventory.encrypt(make("half"), *K1, disks=False)
    inventory.encrypt_disk(inventory.vm("half"), 1, *K2)
    make("clear", power_state="poweredOn")
    inventory.encrypt(make("locked", locked=True), *K2)
    make("template", template=True)
    inventory.encrypt(make("lost", connection_state="inaccessible"), *K1)
    inventory.encrypt(make("bare", buses=()), *K2)


STATES = {
    "full": ("encrypted", ["okms"], []),
    "vtpm": ("vtpm_only", ["okms"], []),
    "home": ("partly_encrypted", ["okms"], []),
    "disk": ("partly_encrypted", ["okms"], []),
    "half": ("partly_encrypted", ["okms", "vnkp"], []),
    "clear": ("unencrypted", [], [("encrypt", "powered_on")]),
    "locked": ("encrypted", ["vnkp"], [("recrypt", "locked")]),
    "template": ("unencrypted", [], [("encrypt", "template")]),
    "lost": ("unreadable", [], [("encrypt", "unreadable")]),
    "bare": ("encrypted", ["vnkp"], []),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_state_in_every_version(version):
    with Lab(LabSettings(vcenter_version=version, inventory=Inventory(vms=0))) as lab:
        in_every_state(open_up(lab).vcenter.inventory)
        result = reader(lab, runner_in(lab))()
        records = found(result)
        assert result.warnings == []
        assert result["vcenter"] == lab.vcenter_hostname
        seen = {name: (one["encryption_state"], one["providers"], codes(one)) for name, one in records.items()}
        assert seen == STATES
        assert list(records) == sorted(STATES)
        assert {name for name, one in records.items() if one["locked"]} == {"locked"}
        assert {name for name, one in records.items() if one["template"]} == {"template"}
        assert {name for name, one in records.items() if one["vtpm"]} == {"vtpm"}
        assert {name for name, one in records.items() if one["mixed_keys"]} == {"half"}
        assert records["lost"]["locked"] is None
        assert records["clear"]["power_state"] == "powered_on"
        gib = 1 << 30
        assert result["summary"] == {
            "virtual_machines": 10,
            "encrypted": 3,
            "partly_encrypted": 3,
            "vtpm_only": 1,
            "unencrypted": 2,
            "unreadable": 1,
            "locked": 1,
            "templates": 1,
            "disks": 16,
            "disks_encrypted": 6,
            "capacity_bytes": 16 * gib,
            "capacity_encrypted_bytes": 6 * gib,
            "providers": {"okms": 5, "vnkp": 3},
            "obstacles": {"locked": 1, "powered_on": 1, "template": 1, "unreadable": 1},
        }


@pytest.mark.oldest("vm_encryption_info", "life")
def test_record_of_an_encrypted_machine(inventory, read):
    pool = inventory.add_pool("gold")
    folder = inventory.add_folder("db", inventory.add_folder("prod"))
    store = inventory.add_datastore("fast")
    machine = inventory.add_vm("a", ("scsi",), folder, pool=pool, host=inventory.host("esx1"))
    inventory.add_disk(machine, "scsi", datastore=store)
    inventory.encrypt(machine, *K1)
    record = found(read(selection={"names": ["a"]}))["a"]
    disk = {
        "label": "Hard disk 1",
        "key": 2000,
        "controller": "SCSI 0:0",
        "file": "[datastore1] a/a.vmdk",
        "datastore": "datastore1",
        "capacity_bytes": 1 << 30,
        "kind": "flat",
        "shared": False,
        "encrypted": True,
        "provider": "okms",
        "key_id": "key-1",
        "keys_below": [],
        **BUNDLED,
    }
    second = {"label": "Hard disk 2", "key": 2001, "controller": "SCSI 0:1", "datastore": "fast"}
    assert record == {
        "name": "a",
        "moid": machine.reference._moId,
        "instance_uuid": machine.instance_uuid,
        "uuid": machine.uuid,
        "folder": "/DC0/vm/prod/db",
        "cluster": "C0",
        "host": "esx1.lab.test",
        "resource_pool": "gold",
        "vapp": None,
        "tags": None,
        "power_state": "powered_off",
        "connection_state": "connected",
        "template": False,
        "encryption_state": "encrypted",
        "state": "encrypted",
        "vtpm": False,
        "locked": False,
        "home": {"encrypted": True, "provider": "okms", "key_id": "key-1", **BUNDLED},
        "disks": [disk, {**disk, **second, "file": machine.disks[1].file_name}],
        "providers": ["okms"],
        "key_ids": ["key-1"],
        "mixed_keys": False,
        "snapshots": 0,
        "snapshot_tree": "none",
        "linked_clone": False,
        "consolidation_needed": False,
        "hardware_version": 19,
        "fault_tolerance": False,
        "vmotion_encryption": "required",
        "fault_tolerance_encryption": "required",
        "infrastructure": None,
        "infrastructure_kind": None,
        "obstacles": [],
    }


def test_controllers_with_equal_unit_numbers_are_kept_apart(inventory, read):
    machine = inventory.add_vm("mixed", ("scsi", "scsi:1", "sata", "nvme", "ide"))
    assert {disk.unit for disk in machine.disks} == {0}
    inventory.encrypt(machine, *K1, disks=False)
    for number in (0, 2, 3):
        inventory.encrypt_disk(machine, number, "okms", f"key-of-{number}")
    record = found(read(selection={"names": ["mixed"]}))["mixed"]
    assert [(disk["controller"], disk["encrypted"], disk["key_id"], disk["policy"]) for disk in record["disks"]] == [
        ("SCSI 0:0", True, "key-of-0", POLICY),
        ("SCSI 1:0", False, None, None),
        ("SATA 0:0", True, "key-of-2", POLICY),
        ("NVME 0:0", True, "key-of-3", POLICY),
        ("IDE 0:0", False, None, None),
    ]
    assert [disk["key"] for disk in record["disks"]] == [disk.key for disk in machine.disks]
    assert record["encryption_state"] == "partly_encrypted"
    assert record["key_ids"] == ["key-1", "key-of-0", "key-of-2", "key-of-3"]


def branched(inventory, machine):
    first = inventory.snapshot(machine, "first")
    inventory.snapshot(machine, "second", first)
    inventory.snapshot(machine, "other", first)


def linear(inventory, machine):
    inventory.snapshot(machine, "second", inventory.snapshot(machine, "first"))


def set_fields(**fields):
    def apply(_inventory, machine):
        for name, value in fields.items():
            setattr(machine, name, value)

    return apply


def set_disk(**fields):
    def apply(_inventory, machine):
        for name, value in fields.items():
            setattr(machine.disks[0], name, value)

    return apply


def encrypted(then):
    def apply(inventory, machine):
        inventory.encrypt(machine, *K1)
        then(inventory, machine)

    return apply


OBSTACLES = {
    "powered_on": (set_fields(power_state="poweredOn"), [("encrypt", "powered_on")]),
    "suspended": (set_fields(power_state="suspended"), [("encrypt", "suspended")]),
    "snapshots": (linear, [("encrypt", "snapshots")]),
    "rdm": (set_disk(kind="rdm"), [("encrypt", "rdm")]),
    "shared": (set_disk(sharing="sharingMultiWriter"), [("encrypt", "shared_disk")]),
    "fault tolerance": (set_fields(fault_tolerance="running"), [("encrypt", "fault_tolerance")]),
    "disconnected": (set_fields(connection_state="disconnected"), [("encrypt", "not_connected")]),
    "one chain is no obstacle to a new key": (encrypted(linear), []),
    "branched": (encrypted(branched), [("recrypt", "branched_snapshots")]),
    "IDE": (encrypted(set_fields(power_state="poweredOn")), [("recrypt", "ide_powered_on")]),
}


@pytest.mark.parametrize("kind", OBSTACLES)
def test_obstacles(inventory, read, kind):
    make, expected = OBSTACLES[kind]
    make(inventory, inventory.add_vm("a", ("ide",) if kind == "IDE" else ("scsi",)))
    result = read(selection={"names": ["a"]})
    record = found(result)["a"]
    assert codes(record) == expected
    assert all(one["reason"] and one["next_step"] for one in record["obstacles"])
    assert result["summary"]["obstacles"] == {code: 1 for _operation, code in expected}


def test_snapshots_and_linked_clones(inventory, read):
    source = inventory.add_vm("source")
    inventory.snapshot(source, "base")
    inventory.clone(source, "linked", linked=True)
    inventory.clone(source, "full")
    branched(inventory, inventory.add_vm("tree"))
    linear(inventory, inventory.add_vm("chain"))
    records = found(read())
    names = ("source", "linked", "full", "tree", "chain")
    shapes = {name: (records[name]["snapshots"], records[name]["snapshot_tree"]) for name in names}
    assert shapes == {
        "source": (1, "linear"),
        "linked": (0, "none"),
        "full": (0, "none"),
        "tree": (3, "branched"),
        "chain": (2, "linear"),
    }
    assert {name for name, one in records.items() if one["linked_clone"]} == {"linked"}
    assert codes(records["linked"]) == [("encrypt", "linked_clone")]


def test_chains_without_their_snapshots(inventory, read):
    """Left by a failed consolidation; on no snapshot of the tree; with snapshots in another folder."""
    for name in ("left", "off", "elsewhere"):
        machine = inventory.add_vm(name)
        inventory.encrypt(machine, *K1)
        if name != "left":
            linear(inventory, machine)
    left, off, elsewhere = (inventory.vm(name) for name in ("left", "off", "elsewhere"))
    disk = left.disks[0]
    disk.parents, disk.file_name = [disk.file_name], disk.file_name.replace(".vmdk", "-000001.vmdk")
    off.off_tree = True
    elsewhere.snapshot_directory = "[datastore1] snapshots/"
    elsewhere.disks[0].file_name = "[datastore1] snapshots/elsewhere-000002.vmdk"
    records = found(read(selection={"names": ["left", "off", "elsewhere"]}))
    assert not any(one["linked_clone"] for one in records.values())
    assert {name for name, one in records.items() if one["consolidation_needed"]} == {"left"}
    assert [codes(one) for one in records.values()] == [[], [], []]  # a shallow recrypt takes single chains


def test_shared_disks_and_raw_mappings_are_named(inventory, read):
    machine = inventory.add_vm("a", ("scsi", "scsi", "scsi"))
    machine.disks[1].kind = "rdm"
    machine.disks[2].sharing = "sharingMultiWriter"
    disks = found(read(selection={"names": ["a"]}))["a"]["disks"]
    assert [(disk["kind"], disk["shared"]) for disk in disks] == [("flat", False), ("rdm", False), ("flat", True)]


def test_empty_key_id_is_no_key(inventory, read):
    for name in ("clear", "half"):
        machine = inventory.add_vm(name, ("scsi", "scsi"))
        inventory.encrypt(machine, "okms", "")
    inventory.vm("half").crypto_key = inventory.vm("half").disks[0].crypto_key = KeyRef("okms", "key-1")
    records = found(read(selection={"names": ["clear", "half"]}))
    assert [(one["encryption_state"], one["mixed_keys"], one["key_ids"]) for one in records.values()] == [
        ("unencrypted", False, []),
        ("partly_encrypted", False, ["key-1"]),
    ]
    assert records["clear"]["locked"] is False


# recognition


def test_infrastructure_is_recognised_and_told(lab, inventory, read):
    add_standard(lab)
    server = lab.vcenter.crypto.providers["team-kms"].servers["kms-0"]
    server.address = "kms-0.lab.invalid"
    inventory.add_vm("vcsa", product="VMware vCenter Server Appliance")
    inventory.add_vm("at-vcenter", ip_addresses=["192.0.2.7", "127.0.0.1"])
    inventory.add_vm("kms", guest_host_name="KMS-0.lab.invalid")
    inventory.add_vm("vCLS-1", managed_by="com.vmware.vim.eam")
    inventory.add_vm("Z-VRAH-esx1")
    inventory.add_vm("other", ip_addresses=["192.0.2.8"], guest_host_name="localhost")
    expected = {"vcsa": "vcenter", "at-vcenter": "vcenter", "kms": "kmip_server", "vCLS-1": "agent"}
    expected["Z-VRAH-esx1"] = "replication"
    result = read()
    records = found(result)
    assert {name: one["infrastructure_kind"] for name, one in records.items() if one["infrastructure_kind"]} == expected
    assert {name for name, one in records.items() if ("encrypt", "infrastructure") in codes(one)} == set(expected)
    assert result["summary"]["obstacles"]["infrastructure"] == 5
    assert result.warnings == []
    allowed = read(exclude={"infrastructure": False})
    assert {
        name: one["infrastructure_kind"] for name, one in found(allowed).items() if one["infrastructure_kind"]
    } == expected
    assert "infrastructure" not in allowed["summary"]["obstacles"]


def test_without_machines_nothing_more_is_asked(lab, read):
    mark = lab.journal.mark()
    assert found(read(selection={"names": []})) == {}
    asked = {entry.operation for entry in lab.journal.entries(since=mark)}
    assert not asked & {"ListKmsClusters", "PbmQueryAssociatedEntities"}


# storage policies


def test_policies_with_their_rules_and_what_they_become(lab, inventory, read):
    pbm_profiles.add_team_policies(lab.vcenter.policies)
    machine = inventory.add_vm("a", ("scsi", "sata", "nvme"))
    machine.policy, machine.disks[0].policy, machine.disks[1].policy = (
        pbm_profiles.VSAN_RAID_6,
        pbm_profiles.VM_ENCRYPTION,
        "deleted",
    )
    record = found(read(selection={"names": ["a"]}))["a"]
    facts = [
        (part["policy"], part["policy_rules"], part["encrypting_policy"]) for part in (record["home"], *record["disks"])
    ]
    rules = ["VSAN.hostFailuresToTolerate=2", "VSAN.replicaPreference=RAID-5/6 (Erasure Coding) - Capacity"]
    assert facts == [
        ("vSAN RAID-6", rules, "vSAN RAID-6 - encrypted"),
        (POLICY, [], POLICY),
        ("deleted", None, None),
        (None, [], POLICY),
    ]
    encrypted = lab.vcenter.inventory.vm("vm1")
    inventory.encrypt(encrypted, *K1)
    assert found(read())["vm1"]["home"]["encrypting_policy"] == POLICY


# missing rights


def test_missing_policy_and_provider_rights_leave_the_rest(lab, inventory, read):
    inventory.encrypt(inventory.vm("vm1"), *K1)
    without(lab, "StorageProfile.View", "Cryptographer.ManageKeyServers")
    result = read()
    record = found(result)["vm1"]
    assert record["encryption_state"] == "encrypted"
    names = ("policy", "policy_rules", "encrypting_policy")
    assert {record["home"][name] for name in names} == {record["disks"][0][name] for name in names} == {None}
    texts = sorted(result.warnings)
    assert len(texts) == 2 and all("\n" not in text for text in texts)
    assert "Cryptographer.ManageKeyServers" in texts[0] and "KMIP servers cannot be recognised" in texts[0]
    assert "StorageProfile.View" in texts[1] and texts[1].startswith("storage policies are not shown")


@pytest.mark.parametrize("action", ["html", "truncate", "status", "drop_before"])
@pytest.mark.parametrize("operation", ["RetrievePropertiesEx", "ContinueRetrievePropertiesEx", "CreateContainerView"])
def test_broken_answers_are_one_line(lab, read, action, operation):
    lab.vcenter.settings.page_size = 4
    lab.faults.add(action, system="vcenter", operation=operation)
    result = read()
    assert result.failed and result.msg.startswith("could not ") and "\n" not in result.msg
    assert result["failure"]["kind"] in ("api", "unreachable")
