# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of vm_encryption_info share: a run that may not write, its records, VMs of all places."""

from __future__ import annotations

import functools

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import Writes

MODULE = "vm_encryption_info"
K1, K2 = ("okms", "key-1"), ("vnkp", "key-2")
POLICY = "VM Encryption Policy"
SMALL = [f"vm{number}" for number in range(1, 7)]


def reader(lab, run):
    """Runs the module, which must not write, and must log in and out once."""

    def call(**options):
        result, writes = Writes(lab).of(functools.partial(run, MODULE, **options))
        assert writes == []
        return result

    return call


def found(result):
    """Records by name."""
    assert not result.failed, result.msg
    assert result.changed is False
    return {record["name"]: record for record in result["virtual_machines"]}


def codes(record):
    return [(one["operation"], one["code"]) for one in record["obstacles"]]


def make_town(inventory):
    """VMs that differ in everything that can be selected by; returns the inventory."""
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
