# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records and summary of VMs: every state, policies, tags, obstacles."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import Key
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.fleet import Fleet, Spot
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import (
    Disk,
    Machine,
    Snapshots,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.report import (
    PartPolicy,
    Summary,
    machine_record,
    obstacles_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.selection import Tag

K1, K2 = Key("okms", "k1"), Key("nkp", "k2")
FLEET = Fleet(
    spots={
        one.id: one
        for one in (
            Spot("group-d1", "", None, ""),
            Spot("datacenter-2", "DC0", "group-d1", "folders"),
            Spot("group-v3", "vm", "datacenter-2", "folders"),
            Spot("group-v4", "a%2fb", "group-v3", "folders"),
            Spot("domain-c1", "C0", "datacenter-2", "clusters"),
            Spot("host-1", "esx1", "domain-c1", "hosts"),
            Spot("resgroup-1", "Resources", "domain-c1", "resource_pools"),
            Spot("datastore-1", "ds1", "datacenter-2", "datastores"),
        )
    }
)


def disk(key, crypto_key=None, **facts):
    label, controller = f"disk {key}", f"SCSI 0:{key}"
    return Disk(key, label, controller, "scsi", f"[ds1] {key}.vmdk", "datastore-1", 100, crypto_key=crypto_key, **facts)


def machine(**facts):
    return Machine(None, "a%2fx", "vm-1", **facts)


def test_record_of_a_machine():
    one = machine(
        instance_uuid="i-1", uuid="u-1", home=K1, disks=(disk(1, K1), disk(2, K2, chain=(K1, K2, K1))),
        host="host-1", pool="resgroup-1",
        folder="group-v4", snapshots=Snapshots(2, 2), vmotion="required", locked=False,
    )  # fmt: skip
    policies = {"vm-1": PartPolicy("Home policy", ["VSAN.a=1"], "Both"), "vm-1:2": PartPolicy("Disk policy", [], "E")}
    found = machine_record(one, FLEET, policies=policies, tags=[Tag("env", "prod")])
    disks = found.pop("disks")
    assert found == {
        "name": "a/x",
        "moid": "vm-1",
        "instance_uuid": "i-1",
        "uuid": "u-1",
        "folder": "/DC0/vm/a/b",
        "cluster": "C0",
        "host": "esx1",
        "resource_pool": "Resources",
        "vapp": None,
        "tags": ["env:prod"],
        "power_state": "powered_off",
        "connection_state": "connected",
        "template": False,
        "encryption_state": "encrypted",
        "state": "encrypted",
        "vtpm": False,
        "locked": False,
        "home": {
            "encrypted": True,
            "provider": "okms",
            "key_id": "k1",
            "policy": "Home policy",
            "policy_rules": ["VSAN.a=1"],
            "encrypting_policy": "Both",
        },
        "providers": ["nkp", "okms"],
        "key_ids": ["k1", "k2"],
        "mixed_keys": True,
        "snapshots": 2,
        "snapshot_tree": "linear",
        "linked_clone": False,
        "consolidation_needed": False,
        "hardware_version": None,
        "fault_tolerance": False,
        "vmotion_encryption": "required",
        "fault_tolerance_encryption": None,
        "infrastructure": None,
        "infrastructure_kind": None,
        "obstacles": [],
    }
    names = ("key", "provider", "key_id", "policy", "policy_rules", "encrypting_policy")
    assert [tuple(one[name] for name in names) for one in disks] == [
        (1, "okms", "k1", None, None, None),
        (2, "nkp", "k2", "Disk policy", [], "E"),
    ]
    below = [{"provider": "nkp", "key_id": "k2"}, {"provider": "okms", "key_id": "k1"}]
    assert [one["keys_below"] for one in disks] == [[], below]
    assert disks[0]["datastore"] == "ds1" and disks[0]["capacity_bytes"] == 100 and disks[0]["encrypted"] is True


def test_record_of_what_cannot_be_read():
    found = machine_record(
        Machine(None, "vim.VirtualMachine:vm-9", "vm-9", readable=False, connection="inaccessible"), Fleet()
    )
    assert found["encryption_state"] == "unreadable"
    for name in ("instance_uuid", "uuid", "folder", "cluster", "host", "resource_pool", "tags", "vmotion_encryption"):
        assert found[name] is None, name
    assert [(one["operation"], one["code"]) for one in found["obstacles"]] == [("encrypt", "unreadable")]


@pytest.mark.parametrize(
    ("facts", "kind", "expected"),
    [
        ({"disks": (disk(1),)}, None, []),
        ({"disks": (disk(1),), "power": "powered_on"}, None, [("encrypt", "powered_on")]),
        ({"home": K1, "disks": (disk(1),), "power": "powered_on"}, None, [("encrypt", "powered_on")]),
        ({"home": K1, "disks": (disk(1, K1),), "power": "powered_on"}, None, []),
        ({"home": K1, "disks": (), "snapshots": Snapshots(2, 1, True)}, None, [("recrypt", "branched_snapshots")]),
        ({"template": True}, None, [("encrypt", "template")]),
        ({"template": True}, "vcenter", [("encrypt", "template"), ("encrypt", "infrastructure")]),
        ({"home": K1, "disks": (disk(1, K1),)}, "kmip_server", [("recrypt", "infrastructure")]),
    ],
)
def test_obstacles_to_what_makes_sense(facts, kind, expected):
    assert [(one["operation"], one["code"]) for one in obstacles_of(machine(**facts), kind)] == expected


@pytest.mark.parametrize(("spared", "codes"), [(True, ["infrastructure"]), (False, [])])
def test_recognised_machines_are_told_and_spared_unless_allowed(spared, codes):
    found = machine_record(machine(), FLEET, "control_node", spared)
    assert (found["infrastructure_kind"], found["infrastructure"]) == ("control_node", "controller")
    assert [one["code"] for one in found["obstacles"]] == codes


@pytest.mark.parametrize(
    ("snapshots", "tree"),
    [(Snapshots(), "none"), (Snapshots(3, 3), "linear"), (Snapshots(3, 2, True), "branched")],
)
def test_shape_of_the_snapshots(snapshots, tree):
    assert machine_record(machine(snapshots=snapshots), FLEET)["snapshot_tree"] == tree


def test_summary():
    summary = Summary()
    for one, codes in (
        (machine(home=K1, disks=(disk(1, K1), disk(2, K2))), []),
        (machine(home=K1, disks=(disk(1, K1), disk(2))), ["powered_on", "snapshots"]),
        (machine(home=K2, vtpm=True, disks=(disk(1),)), ["powered_on", "powered_on"]),
        (machine(disks=(disk(1), disk(2)), template=True), ["template"]),
        (machine(home=K1, locked=True), ["locked"]),
        (machine(readable=False), ["unreadable"]),
    ):
        summary.add(one, codes)
    assert summary.as_result() == {
        "virtual_machines": 6,
        "encrypted": 2,
        "partly_encrypted": 1,
        "vtpm_only": 1,
        "unencrypted": 1,
        "unreadable": 1,
        "locked": 1,
        "templates": 1,
        "disks": 7,
        "disks_encrypted": 3,
        "capacity_bytes": 700,
        "capacity_encrypted_bytes": 300,
        "providers": {"nkp": 2, "okms": 3},
        "obstacles": {"locked": 1, "powered_on": 2, "snapshots": 1, "template": 1, "unreadable": 1},
    }


def test_summary_of_nothing_has_all_its_numbers():
    found = Summary().as_result()
    assert len(found) == 14 and not any(found.values())
    assert (found["providers"], found["obstacles"], found["unencrypted"]) == ({}, {}, 0)
