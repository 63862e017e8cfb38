# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module vm_encryption_info against the lab: VMs chosen and spared by place, name, id and tag."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.machine_info_helpers import (
    SMALL,
    found,
)


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
        ({"names": ["DC0/vm/prod/db/db-1", "/DC0/vm/test/same"]}, ["db-1", "same"]),
        ({"names": ["same"], "folders": ["DC0/vm/test"]}, ["same"]),
        ({"names": []}, []),
    ],
)
def test_selection(town, read, selection, expected):
    result = read(selection=selection)
    assert not result.failed, result.msg
    assert [record["name"] for record in result["virtual_machines"]] == expected
    assert result["summary"]["virtual_machines"] == len(expected)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"selection": {"patterns": ["web-1", "db-*"]}}, []),
        ({"selection": {"patterns": ["web-1, db-1", "*"]}}, ["selection: no VM has a name like 'web-1, db-1'"]),
        ({"exclude": {"patterns": ["web", "db-1"]}}, ["exclude: no VM has a name like 'web'"]),
        # the others were not read
        ({"selection": {"ids": ["vm-1"]}, "exclude": {"patterns": ["db-*"]}}, []),
    ],
)
def test_pattern_without_a_vm_is_a_warning(town, read, options, told):
    result = read(**options)
    assert not result.failed and [line for line in result.warnings if "has a name like" in line] == told


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


@pytest.mark.oldest("vm_encryption_info", "refusal")
@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"selection": {"names": ["web-9", "vm1"], "hosts": ["esx9"]}}, "not_found", "VM web-9, host esx9"),
        ({"selection": {"folders": ["host"]}}, "not_found", "folder host"),
        ({"exclude": {"clusters": ["C9"]}}, "not_found", "exclude names objects that do not exist"),
        ({"selection": {"names": ["same"]}}, "ambiguous", "VM same (vm-10 at DC0/vm/"),
        ({"selection": {"folders": ["db"]}}, "ambiguous", "folder db (DC0/vm/prod/db, DC0/vm/test/db)"),
        ({"selection": {"tags": ["env:nowhere"]}}, "not_found", "tag env:nowhere"),
        ({"selection": {"vapps": ["shop"]}}, "not_found", "vApp shop"),
    ],
)
def test_selections_that_are_wrong(town, read, options, kind, words):
    result = read(**options)
    assert result.failed and result["failure"]["kind"] == kind
    assert words in result.msg and "\n" not in result.msg


def test_folders_of_other_kinds_do_not_make_names_unclear(lab, town, read):
    town.host_folder.name = "prod"  # a folder of hosts may have the name of one of VMs
    assert list(found(read(selection={"folders": ["prod"], "patterns": ["web*"]}))) == ["web-1"]


def test_machines_in_a_vapp_are_found_and_spared_by_its_folder(town, read):
    app = town.add_app("app", town.path("DC0/vm/prod/db"))
    town.add_vm("inside", folder=app, pool=app, host=town.host("esx1"))
    record = found(read(selection={"folders": ["prod"], "resource_pools": ["app"]}))["inside"]
    assert (record["folder"], record["resource_pool"], record["cluster"]) == ("/DC0/vm/prod/db", "app", "C0")
    assert "inside" not in found(read(exclude={"folders": ["prod"]}))


@pytest.fixture
def shop(town):
    """A vApp with a resource pool and another vApp in it, and one of the same name elsewhere."""
    outer = town.add_app("shop", town.path("DC0/vm/prod"))
    inner = town.add_app("cart", parent=outer)
    pool = town.add_pool("batch", outer)
    other = town.add_app("cart", town.path("DC0/vm/test"))
    for name, app, place in (
        ("shop-1", outer, outer),
        ("cart-1", inner, inner),
        ("batch-1", outer, pool),
        ("cart-2", other, other),
    ):
        town.add_vm(name, folder=app, pool=place, host=town.host("esx1"))
    return town


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"selection": {"vapps": ["shop"]}}, {"batch-1": "shop", "cart-1": "cart", "shop-1": "shop"}),
        ({"selection": {"vapps": ["DC0/vm/prod/shop/cart"]}}, {"cart-1": "cart"}),
        ({"selection": {"vapps": ["DC0/host/C0/Resources/shop/cart"]}}, {"cart-1": "cart"}),
        ({"selection": {"vapps": ["DC0/vm/test/cart"]}}, {"cart-2": "cart"}),
        ({"selection": {"vapps": ["shop"]}, "exclude": {"vapps": ["cart"]}}, {"batch-1": "shop", "shop-1": "shop"}),
        ({"selection": {"vapps": ["shop"], "folders": ["prod"], "patterns": ["shop*"]}}, {"shop-1": "shop"}),
        ({"selection": {"resource_pools": ["shop"], "patterns": ["cart*"]}}, {"cart-1": "cart"}),
        ({"selection": {"vapps": []}}, {}),
    ],
)
def test_selection_by_vapp(shop, read, options, expected):
    assert {name: record["vapp"] for name, record in found(read(**options)).items()} == expected
    assert all(record["folder"] for record in found(read(**options)).values())


def test_vapp_whose_name_two_have(shop, read):
    result = read(selection={"vapps": ["cart"]})
    assert result.failed and result["failure"]["kind"] == "ambiguous"
    assert "vApp cart (DC0/host/C0/Resources/shop/cart, DC0/host/C0/Resources/cart)" in result.msg


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
    assert selected.failed and "could not read the tags of VMs" in selected.msg
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
