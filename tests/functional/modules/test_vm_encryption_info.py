# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module vm_encryption_info against the lab: states, selection, tags, recognition, missing rights, many machines."""

from __future__ import annotations

import functools

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    add_standard,
    runner_in,
    without,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import Writes, open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import Inventory

MODULE = "vm_encryption_info"
VERSIONS = ("7.0.2", "8.0.3", "9.0")
K1, K2 = ("okms", "key-1"), ("vnkp", "key-2")
POLICY = "VM Encryption Policy"
CODES = ("code", "operation")


@pytest.fixture
def lab(lab):
    return open_up(lab)


@pytest.fixture
def inventory(lab):
    return lab.vcenter.inventory


def reader(lab, run):
    """Runs the module, which must not write, and must log in and out once."""

    def call(**options):
        result, writes = Writes(lab).of(functools.partial(run, MODULE, **options))
        assert writes == []
        return result

    return call


@pytest.fixture
def read(lab, run_module):
    return reader(lab, run_module)


def found(result):
    """Records by name."""
    assert not result.failed, result.msg
    assert result.changed is False
    return {record["name"]: record for record in result["virtual_machines"]}


def codes(record):
    return [(one["operation"], one["code"]) for one in record["obstacles"]]


# states


def in_every_state(inventory):
    """One machine for each state, by name."""
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
    "clear": ("clear", [], [("encrypt", "powered_on")]),
    "locked": ("encrypted", ["vnkp"], [("recrypt", "locked")]),
    "template": ("clear", [], [("encrypt", "template")]),
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
        seen = {name: (one["state"], one["providers"], codes(one)) for name, one in records.items()}
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
        "policy": POLICY,
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
        "tags": None,
        "power_state": "powered_off",
        "connection_state": "connected",
        "template": False,
        "state": "encrypted",
        "vtpm": False,
        "locked": False,
        "home": {"encrypted": True, "provider": "okms", "key_id": "key-1", "policy": POLICY},
        "disks": [disk, {**disk, **second, "file": machine.disks[1].file_name}],
        "providers": ["okms"],
        "key_ids": ["key-1"],
        "mixed_keys": False,
        "snapshots": 0,
        "snapshot_tree": "none",
        "linked_clone": False,
        "fault_tolerance": False,
        "vmotion_encryption": "required",
        "infrastructure": None,
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
    assert record["state"] == "partly_encrypted"
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


def test_shared_disks_and_raw_mappings_are_named(inventory, read):
    machine = inventory.add_vm("a", ("scsi", "scsi", "scsi"))
    machine.disks[1].kind = "rdm"
    machine.disks[2].sharing = "sharingMultiWriter"
    disks = found(read(selection={"names": ["a"]}))["a"]["disks"]
    assert [(disk["kind"], disk["shared"]) for disk in disks] == [("flat", False), ("rdm", False), ("flat", True)]


# selection


@pytest.fixture
def town(inventory):
    """Machines that differ in everything that can be selected by; returns the inventory."""
    second = inventory.add_cluster()
    host = inventory.add_host(second)
    prod, test = inventory.add_folder("prod"), inventory.add_folder("test")
    deep, twin = inventory.add_folder("db", prod), inventory.add_folder("db", test)
    pool = inventory.add_pool("gold")
    inner = inventory.add_pool("inner", pool)
    fast = inventory.add_datastore("fast")
    inventory.add_vm("web-1", folder=prod, pool=pool, host=inventory.host("esx1"))
    inventory.add_vm("db-1", folder=deep, pool=inner, host=inventory.host("esx2"), datastore=fast)
    inventory.add_disk(inventory.add_vm("db-2", folder=twin, host=host), "scsi", datastore=fast)
    inventory.add_vm("same", folder=prod, host=host)
    inventory.add_vm("same", folder=test, host=host)
    return inventory


SMALL = [f"vm{number}" for number in range(1, 7)]


def uuid_of(town, name):
    return town.vm(name).instance_uuid


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (None, ["db-1", "db-2", "same", "same", *SMALL, "web-1"]),
        ({"all": True}, ["db-1", "db-2", "same", "same", *SMALL, "web-1"]),
        ({"names": ["web-1", "vm3"]}, ["vm3", "web-1"]),
        ({"patterns": ["db-*"]}, ["db-1", "db-2"]),
        ({"ids": ["vm-2"], "names": ["web-1"]}, ["vm2", "web-1"]),
        ({"folders": ["prod"]}, ["db-1", "same", "web-1"]),
        ({"folders": ["DC0/vm/test/db"]}, ["db-2"]),
        ({"folders": ["DC0"]}, ["db-1", "db-2", "same", "same", *SMALL, "web-1"]),
        ({"clusters": ["C1"]}, ["db-2", "same", "same"]),
        ({"resource_pools": ["gold"]}, ["db-1", "web-1"]),
        ({"resource_pools": ["DC0/host/C0/Resources/gold/inner"]}, ["db-1"]),
        ({"hosts": ["esx4.lab.test"]}, ["db-2", "same", "same"]),
        ({"datastores": ["fast"]}, ["db-1", "db-2"]),
        ({"folders": ["prod"], "datastores": ["fast"]}, ["db-1"]),
        ({"names": []}, []),
    ],
)
def test_selection(town, read, selection, expected):
    result = read(selection=selection)
    assert not result.failed, result.msg
    assert [record["name"] for record in result["virtual_machines"]] == expected
    assert result["summary"]["virtual_machines"] == len(expected)


def test_selection_by_instance_uuid(town, read):
    assert list(found(read(selection={"ids": [uuid_of(town, "db-2").upper()]}))) == ["db-2"]


@pytest.mark.parametrize(
    ("exclude", "gone"),
    [
        ({"names": ["same"]}, {"same"}),
        ({"patterns": ["vm*", "web*"]}, {*SMALL, "web-1"}),
        ({"folders": ["db"]}, {"db-1", "db-2"}),
        ({"clusters": ["C0"]}, {"db-1", "web-1", *SMALL}),
        ({"datastores": ["fast"], "hosts": ["esx1.lab.test"]}, {"db-1", "db-2", "web-1", "vm1", "vm4"}),
        ({"resource_pools": ["gold"], "ids": ["vm-1"]}, {"db-1", "web-1", "vm1"}),
    ],
)
def test_exclusion(town, read, exclude, gone):
    everything = {"db-1", "db-2", "same", "web-1", *SMALL}
    assert set(found(read(exclude=exclude))) == everything - gone


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"selection": {"names": ["web-9", "vm1"], "hosts": ["esx9"]}}, "not_found", "VM web-9, host esx9"),
        ({"selection": {"folders": ["host"]}}, "not_found", "folder host"),
        ({"exclude": {"clusters": ["C9"]}}, "not_found", "exclude names what does not exist"),
        ({"selection": {"names": ["same"]}}, "ambiguous", "VM same (vm-10, vm-11)"),
        ({"selection": {"folders": ["db"]}}, "ambiguous", "folder db (DC0/vm/prod/db, DC0/vm/test/db)"),
        ({"selection": {"tags": ["env:nowhere"]}}, "not_found", "tag env:nowhere"),
    ],
)
def test_selections_that_are_wrong(town, read, options, kind, words):
    result = read(**options)
    assert result.failed and result["failure"]["kind"] == kind
    assert words in result.msg and "\n" not in result.msg


def test_folders_of_other_kinds_do_not_make_names_unclear(lab, town, read):
    town.host_folder.name = "prod"  # a folder of hosts may have the name of one of machines
    assert list(found(read(selection={"folders": ["prod"], "patterns": ["web*"]}))) == ["web-1"]


def test_machines_in_a_vapp_are_found_and_spared_by_its_folder(town, read):
    app = town.add_app("app", town.path("DC0/vm/prod/db"))
    town.add_vm("inside", folder=app, pool=app, host=town.host("esx1"))
    record = found(read(selection={"folders": ["prod"], "resource_pools": ["app"]}))["inside"]
    assert (record["folder"], record["resource_pool"], record["cluster"]) == ("/DC0/vm/prod/db", "app", "C0")
    assert "inside" not in found(read(exclude={"folders": ["prod"]}))


# tags


@pytest.fixture
def tagged(lab, town):
    attach = lab.vcenter.tagging.attach
    attach("env", "prod", town.vm("web-1"), town.vm("db-1"))
    attach("env", "test", town.vm("db-2"))
    attach("tier", "prod", town.vm("vm1"))
    attach("tier", "unused")
    return town


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"selection": {"tags": ["env:prod"]}}, {"web-1": ["env:prod"], "db-1": ["env:prod"]}),
        ({"selection": {"tags": ["prod"], "patterns": ["vm*"]}}, {"vm1": ["tier:prod"]}),
        ({"selection": {"tags": ["unused"]}}, {}),
        ({"selection": {"patterns": ["db*"]}, "exclude": {"tags": ["env:test"]}}, {"db-1": ["env:prod"]}),
        ({"selection": {"names": ["vm1", "vm2"]}, "tags": True}, {"vm1": ["tier:prod"], "vm2": []}),
        ({"selection": {"names": ["vm1", "vm2"]}}, {"vm1": None, "vm2": None}),
    ],
)
def test_tags(lab, tagged, read, options, expected):
    mark = lab.journal.mark()
    records = found(read(**options))
    assert {name: record["tags"] for name, record in records.items()} == expected
    asked = "tags" in options or any("tags" in one for one in options.values())
    assert lab.journal.count("vcenter_rest", "login", since=mark) == int(asked)
    assert lab.journal.count("vcenter_rest", "logout", since=mark) == int(asked)
    assert lab.journal.writes(mark) == []


@pytest.mark.parametrize("limit", [2000, 60])
@pytest.mark.parametrize("listed", [False, True])
def test_tags_of_many_machines_come_in_few_requests(lab, inventory, read, limit, listed):
    lab.vcenter.settings.tagging_limit = limit
    lab.vcenter.settings.untagged_objects_listed = listed
    many = [inventory.add_vm(f"many{number:03}") for number in range(600)]
    lab.vcenter.tagging.attach("env", "prod", *many)
    mark = lab.journal.mark()
    records = found(read(selection={"tags": ["env:prod"]}))
    assert len(records) == 600
    requests = lab.journal.count("vcenter_rest", since=mark)
    assert requests == 6 if limit == 2000 else requests < 35


@pytest.mark.parametrize("action", ["refuse", "status"])
def test_tags_that_cannot_be_read(lab, tagged, read, action):
    rule = {"system": "vcenter_rest", "operation": "POST /api/cis/tagging/*", "times": -1, "status": 404}
    lab.faults.add(action, **rule)
    shown = read(selection={"names": ["web-1"]}, tags=True)
    assert found(shown)["web-1"]["tags"] is None
    assert any(warning.startswith("tags are not shown: could not read the tags") for warning in shown.warnings)
    selected = read(selection={"tags": ["env:prod"]})
    assert selected.failed and "could not read the tags of virtual machines" in selected.msg
    spared = read(exclude={"tags": ["env:prod"]})
    assert spared.failed and "\n" not in spared.msg


def test_a_play_that_selects_by_tags_has_all_that_it_needs(lab, tagged, tmp_path):
    """What is loaded late must be sent along too."""
    play = tmp_path / "play.yml"
    play.write_text(
        """
- hosts: localhost
  gather_facts: false
  tasks:
    - ovhcloud.vmware_encryption.vm_encryption_info:
        selection:
          tags: [env:prod]
      register: found
    - ansible.builtin.assert:
        that: found.virtual_machines | map(attribute='name') | list == ['db-1', 'web-1']
"""
    )
    result = harness.run_playbook(lab, str(play), tmp_path)
    assert (result.code, result.changed, result.failed) == (0, 0, 0), result.screen


# recognition


def test_infrastructure_is_recognised_and_told(lab, inventory, read):
    add_standard(lab)
    server = lab.vcenter.crypto.providers["team-kms"].servers["kms-0"]
    server.address = "kms-0.lab.invalid"
    inventory.add_vm("vcsa", product="VMware vCenter Server Appliance")
    inventory.add_vm("at-vcenter", ip_addresses=["192.0.2.7", "127.0.0.1"])
    inventory.add_vm("kms", guest_host_name="KMS-0.lab.invalid")
    inventory.add_vm("vCLS-1", managed_by="com.vmware.vim.eam")
    inventory.add_vm("other", ip_addresses=["192.0.2.8"], guest_host_name="localhost")
    expected = {"vcsa": "vcenter", "at-vcenter": "vcenter", "kms": "key_server", "vCLS-1": "agent"}
    result = read()
    records = found(result)
    assert {name: one["infrastructure"] for name, one in records.items() if one["infrastructure"]} == expected
    assert {name for name, one in records.items() if ("encrypt", "infrastructure") in codes(one)} == set(expected)
    assert result["summary"]["obstacles"]["infrastructure"] == 4
    assert result.warnings == []
    allowed = read(exclude={"infrastructure": False})
    assert {name: one["infrastructure"] for name, one in found(allowed).items() if one["infrastructure"]} == expected
    assert "infrastructure" not in allowed["summary"]["obstacles"]


def test_without_machines_nothing_more_is_asked(lab, read):
    mark = lab.journal.mark()
    assert found(read(selection={"names": []})) == {}
    asked = {entry.operation for entry in lab.journal.entries(since=mark)}
    assert not asked & {"ListKmsClusters", "PbmQueryAssociatedEntities"}


# missing rights


def test_without_the_rights_for_policies_and_providers_the_rest_is_told(lab, inventory, read):
    inventory.encrypt(inventory.vm("vm1"), *K1)
    without(lab, "StorageProfile.View", "Cryptographer.ManageKeyServers")
    result = read()
    record = found(result)["vm1"]
    assert record["state"] == "encrypted"
    assert (record["home"]["policy"], record["disks"][0]["policy"]) == (None, None)
    texts = sorted(result.warnings)
    assert len(texts) == 2 and all("\n" not in text for text in texts)
    assert "StorageProfile.View" in texts[0] and texts[0].startswith("storage policies are not shown")
    assert "Cryptographer.ManageKeyServers" in texts[1] and "key servers cannot be recognised" in texts[1]


@pytest.mark.parametrize("action", ["html", "truncate", "status", "drop_before"])
@pytest.mark.parametrize("operation", ["RetrievePropertiesEx", "ContinueRetrievePropertiesEx", "CreateContainerView"])
def test_broken_answers_are_one_line(lab, read, action, operation):
    lab.vcenter.settings.page_size = 4
    lab.faults.add(action, system="vcenter", operation=operation)
    result = read()
    assert result.failed and result.msg.startswith("could not ") and "\n" not in result.msg
    assert result["failure"]["kind"] in ("api", "unreachable")


# many machines


@pytest.mark.parametrize("page_size", [1, 3, 7])
def test_pages_are_followed_to_the_end(lab, town, read, page_size):
    lab.vcenter.settings.page_size = page_size
    result = read()
    assert result["summary"]["virtual_machines"] == 11
    assert found(result)["db-1"]["folder"] == "/DC0/vm/prod/db"


@pytest.mark.parametrize("details", [True, False])
def test_a_thousand_machines_in_a_request_for_each_hundred(details):
    fleet = Inventory.fleet(vms=1000, disks=2, hosts=20, clusters=2, datastores=5, folders=10)
    for machine in fleet.vms[::2]:
        fleet.encrypt(machine, *K1)
    with Lab(LabSettings(inventory=fleet)) as lab:
        add_native(open_up(lab), "vnkp")
        mark = lab.journal.mark()
        result = reader(lab, runner_in(lab))(details=details)
        assert not result.failed, result.msg
        assert (result["summary"]["encrypted"], result["summary"]["unencrypted"]) == (500, 500)
        assert result["summary"]["disks_encrypted"] == 1000
        pages = -(-(1000 + 60) // 100)
        assert lab.journal.count("vcenter", since=mark) <= pages + 12
        assert lab.journal.count("vcenter_rest", since=mark) == 0
        records = result["virtual_machines"]
        assert len(records) == (1000 if details else 0)
        assert all(one["disks"][1]["policy"] == POLICY for one in records if one["state"] == "encrypted")


@pytest.mark.parametrize(
    ("selection", "limit"),
    [
        ({"ids": ["vm-3", " VM-250 ", "vm-777"]}, 14),
        ({"folders": ["folder3"]}, 16),
        ({"folders": ["folder3", "DC0/vm/folder3", "folder4"], "patterns": ["vm*3"]}, 19),
        ({"ids": ["vm-3", "vm-250"], "hosts": ["esx3.lab.test"]}, 14),
    ],
)
def test_only_machines_that_can_be_meant_are_read(selection, limit):
    """The same records as out of the whole inventory, in fewer requests."""
    fleet = Inventory.fleet(vms=1000, disks=2, hosts=20, clusters=2, datastores=5, folders=10)
    with Lab(LabSettings(inventory=fleet)) as lab:
        run = reader(open_up(lab), runner_in(lab))
        mark = lab.journal.mark()
        near = found(run(selection=selection))
        assert lab.journal.count("vcenter", since=mark) <= limit
        mark = lab.journal.mark()
        # a name that is spared has to be looked for everywhere
        far = found(run(selection=selection, exclude={"names": ["vm999"]}))
        assert lab.journal.count("vcenter", since=mark) > 20
        assert near and near == far


@pytest.mark.parametrize("ids", [["vm-3", "vm-5000"], ["vm-3", "esx1"]])
def test_an_id_that_does_not_exist(lab, run_module, ids):
    result = run_module(MODULE, selection={"ids": ids})
    assert result.failed and f"VM id {ids[1]}" in result.msg
