# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module vm_encryption_info against the lab: pages, and many VMs in few requests."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    runner_in,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.machine_info_helpers import (
    K1,
    MODULE,
    POLICY,
    found,
    reader,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import Inventory


@pytest.mark.parametrize("page_size", [1, 3, 7])
def test_pages_are_followed_to_the_end(lab, town, read, page_size):
    lab.vcenter.settings.page_size = page_size
    result = read()
    assert result["summary"]["virtual_machines"] == 11
    assert found(result)["db-1"]["folder"] == "/DC0/vm/prod/db"


@pytest.mark.parametrize("details", [True, False])
def test_three_pages_in_a_request_for_each_hundred(details):
    fleet = Inventory.fleet(vms=202, disks=2, hosts=20, clusters=2, datastores=5, folders=10)
    for machine in fleet.vms[::2]:
        fleet.encrypt(machine, *K1)
    with Lab(LabSettings(inventory=fleet)) as lab:
        add_native(open_up(lab), "vnkp")
        mark = lab.journal.mark()
        result = reader(lab, runner_in(lab))(details=details)
        assert not result.failed, result.msg
        assert (result["summary"]["encrypted"], result["summary"]["unencrypted"]) == (101, 101)
        assert result["summary"]["disks_encrypted"] == 202
        pages = -(-(202 + 60) // 100)
        assert lab.journal.count("vcenter", since=mark) <= pages + 12
        assert lab.journal.count("vcenter_rest", since=mark) == 0
        records = result["virtual_machines"]
        assert len(records) == (202 if details else 0)
        assert all(one["disks"][1]["policy"] == POLICY for one in records if one["encryption_state"] == "encrypted")


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
