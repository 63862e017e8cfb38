# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs over the control port of a running lab, and labs with an inventory of one's own."""

from __future__ import annotations

import json

import pytest
import requests

from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import Inventory, pbm_profiles


@pytest.fixture(scope="module")
def lab():
    with Lab() as running:
        yield running


def ask(lab, method, path, **body):
    answer = requests.request(method, lab.control_url + path, json=body, timeout=60)
    return answer.status_code, answer.json()


def test_state_of_machines(lab):
    lab.vcenter.inventory.encrypt(lab.vcenter.inventory.vm("vm1"), "kp", "k-1")
    machines = ask(lab, "GET", "/state")[1]["machines"]
    assert [machine["name"] for machine in machines] == [f"vm{number}" for number in range(1, 7)]
    shown = ask(lab, "GET", "/machines/vm1")[1]
    assert shown["key"] == {"provider": "kp", "key_id": "k-1"} == shown["disks"][0]["encrypted_with"]
    assert (shown["power_state"], shown["host"], shown["tasks"]) == ("poweredOff", "esx1.lab.test", 0)
    assert ask(lab, "GET", "/machines")[1]["machines"] == machines
    lab.vcenter.inventory.decrypt(lab.vcenter.inventory.vm("vm1"))
    assert not [secret for secret in lab.secrets() if secret in json.dumps(machines)]


def test_rules_and_vsan_layout_of_machines_are_shown(lab):
    policies, machine = lab.vcenter.policies, lab.vcenter.inventory.vm("vm3")
    pbm_profiles.add_team_policies(policies)
    machine.policy, machine.disks[0].policy = pbm_profiles.VSAN_RAID_6, pbm_profiles.VM_ENCRYPTION
    shown = ask(lab, "GET", "/machines/vm3")[1]["storage"]
    assert (shown["home"]["policy"], shown["home"]["vsan"]) == ("vSAN RAID-6", {"failures": 2, "raid": "RAID-6"})
    disk = shown[str(machine.disks[0].key)]
    assert (disk["rules"], disk["vsan"]) == ([], {"failures": 1, "raid": "RAID-1"})


def test_power_and_snapshots(lab):
    assert ask(lab, "POST", "/machines/vm2/power", state="poweredOn")[1]["power_state"] == "poweredOn"
    ask(lab, "POST", "/machines/vm2/snapshots", name="one")
    ask(lab, "POST", "/machines/vm2/snapshots", name="two")
    assert lab.vcenter.inventory.vm("vm2").snapshot_tree == "linear"
    shown = ask(lab, "POST", "/machines/vm2/snapshots", name="beside", below="one")[1]
    assert sorted(shown["snapshots"]) == ["beside", "one", "two"]
    assert lab.vcenter.inventory.vm("vm2").snapshot_tree == "branched"
    assert ask(lab, "DELETE", "/machines/vm2/snapshots")[1]["snapshots"] == []


def test_machines_are_added_and_changed(lab):
    made = ask(lab, "POST", "/machines", name="a b", disks=["scsi", "scsi:1", "nvme"], tools=True)[1]
    assert [disk["bus"] for disk in made["disks"]] == ["scsi:0:0", "scsi:1:0", "nvme:0:0"]
    changed = ask(lab, "POST", "/machines/a%20b", template=True, fault_tolerance="running", shutdown_looks=-1)
    assert changed[1]["template"] is True
    machine = lab.vcenter.inventory.vm("a b")
    assert (machine.fault_tolerance, machine.shutdown_looks, machine.tools) == ("running", -1, True)


def test_faults_and_tasks(lab):
    assert ask(lab, "POST", "/machine-faults", machine="vm3", kind="half", disks=1)[1] == {"faults": 1}
    assert lab.vcenter.machine_faults.pick("vm3", "ReconfigVM_Task").disks == 1
    ask(lab, "POST", "/machine-faults", machine="vm3", kind="hang")
    ask(lab, "DELETE", "/machine-faults")
    assert lab.vcenter.machine_faults.pick("vm3", "ReconfigVM_Task") is None
    assert ask(lab, "GET", "/tasks/peaks")[1] == {"overall": 0, "hosts": {}, "datastores": {}}
    assert ask(lab, "POST", "/tasks/settle") == (200, None)


@pytest.mark.parametrize(
    "path, body",
    [
        ("/machines/none/power", {"state": "poweredOn"}),
        ("/machines/vm1/power", {"state": "on"}),
        ("/machines/vm1/snapshots", {"below": "none"}),
        ("/machines/vm1", {"crypto_key": "x"}),
        ("/machines/vm1", {"template": "yes"}),
        ("/machines", {"disks": ["scsi"]}),
        ("/machine-faults", {"machine": "vm1", "kind": "explode"}),
        ("/machine-faults", {"machine": "vm1", "kind": "error", "key": "x"}),
    ],
)
def test_it_says_no(lab, path, body):
    status, answer = ask(lab, "POST", path, **body)
    assert status == 400 and answer["error"]


def test_lab_on_an_inventory_of_its_own():
    with Lab(LabSettings(inventory=Inventory.fleet(20, hosts=4, clusters=2, datastores=2))) as lab:
        assert len(ask(lab, "GET", "/machines")[1]["machines"]) == 20


def test_builders():
    inventory = Inventory(hosts=2, vms=0)
    folder = inventory.add_folder("prod", inventory.add_folder("all"))
    pool = inventory.add_pool("gold", inventory.add_pool("metals"))
    store, host = inventory.add_datastore("fast"), inventory.add_host()
    machine = inventory.add_vm("db", ["scsi:1", "scsi", "ide:1"], folder, (), host, pool, store, managed_by="x")
    other = inventory.add_datastore()
    disk = inventory.add_disk(machine, "scsi:1", kind="rdm", sharing="sharingMultiWriter", datastore=other)
    assert (
        inventory.path("DC0/vm/all/prod/db") is machine and inventory.path("DC0/host/C0/Resources/metals/gold") is pool
    )
    assert [(one.bus, one.controller, one.unit, one.key) for one in machine.disks] == [
        ("scsi", 1, 0, 2016),
        ("scsi", 0, 0, 2000),
        ("ide", 1, 0, 3002),
        ("scsi", 1, 1, 2017),
    ]
    assert [one.name for one in machine.datastores()] == ["fast", "datastore3"]
    assert disk.file_name == "[datastore3] db/db.vmdk" and machine.disks[0].file_name == "[fast] db/db.vmdk"
    many = inventory.add_vm("many", ["scsi"] * 9)
    assert [one.unit for one in many.disks] == [0, 1, 2, 3, 4, 5, 6, 8, 9]
