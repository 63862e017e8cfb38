# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What encrypting VMs does to Zerto's replication and to an encrypted vSAN, told before the first write."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.fleet_helpers import (
    NATIVE,
    is_clear,
    is_encrypted,
    outcomes,
    prepare,
    refused,
    rows,
    runner,
    watched,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

EVERYTHING: dict[str, t.Any] = {"all": True}
ONE: dict[str, t.Any] = {"ids": ["vm-1"]}  # the others are not read


@pytest.fixture
def zerto(lab: Lab) -> Lab:
    prepare(lab)
    lab.vcenter.inventory.add_vm("Z-VRAH-esx1")
    return lab


@pytest.mark.parametrize("chosen", [EVERYTHING, ONE], ids=["all", "ids"])
def test_encryption_beside_zerto_warns_and_leaves_appliances(
    zerto: Lab, run_module: RunModule, chosen: dict[str, t.Any]
) -> None:
    run = runner(run_module, selection=chosen, provider=NATIVE)
    for check in (True, False):
        result, _writes = watched(zerto, lambda: run(check=check))  # noqa: B023
        assert not result.failed, result.msg
        (warning,) = result.warnings
        assert "Zerto cannot replicate encrypted VMs" in warning and "if Zerto replicates vm1" in warning
        assert "zerto: block" in warning
    assert is_clear(zerto.vcenter.inventory.vm("Z-VRAH-esx1"))
    assert is_encrypted(zerto.vcenter.inventory.vm("vm1"), NATIVE)
    again = run()
    assert (again.changed, again.warnings) == (False, [])


@pytest.mark.parametrize("chosen", [EVERYTHING, ONE], ids=["all", "ids"])
def test_replicated_machines_are_blocked_when_asked(
    zerto: Lab, run_module: RunModule, chosen: dict[str, t.Any]
) -> None:
    zerto.vcenter.inventory.encrypt(zerto.vcenter.inventory.vm("vm2"), "other", "k")
    zerto.vcenter.crypto.add_native("other", has_backup=True)
    run = runner(run_module, selection=chosen, provider=NATIVE, zerto="block")
    assert "Zerto replicates VMs of this vCenter" in refused(zerto, run, "refused_by_guard")
    result, _writes = watched(zerto, lambda: run(blocked="skip"))
    assert not result.failed and result.warnings == [], result.output
    assert {one["code"] for one in rows(result)["vm1"]["obstacles"]} == {"replication"}
    assert is_clear(zerto.vcenter.inventory.vm("vm1"))
    if chosen is EVERYTHING:
        # what is encrypted already has no replication to lose
        assert outcomes(result)["vm2"] == "done"


def test_without_zerto_nothing_is_said(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    for zerto in ("block", "warn"):
        result = runner(run_module, provider=NATIVE, zerto=zerto)(check=True)
        assert (result.failed, result.warnings) == (False, [])


def test_encrypted_vsan_is_warned_of_once_per_cluster(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    cluster = lab.vcenter.inventory.cluster("C0")
    cluster.vsan = True
    assert runner(run_module, provider=NATIVE)(check=True).warnings == []
    assert not run_module("vsan_encryption", cluster="C0", provider=NATIVE, wait_interval=0.01).failed
    result = runner(run_module, provider=NATIVE)(check=True)
    (warning,) = result.warnings
    assert "vSAN of the cluster C0 is encrypted too" in warning and "Dual encryption" in warning
    assert runner(run_module, provider=NATIVE, zerto="ignore")(check=True).warnings == []


def test_cluster_whose_vsan_cannot_be_asked_hides_no_other(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    inventory = lab.vcenter.inventory
    second = inventory.add_cluster()
    inventory.add_vm("vm7", host=inventory.add_host(second))
    for cluster in inventory.clusters:
        cluster.vsan = True
    assert not run_module("vsan_encryption", cluster=second.name, provider=NATIVE, wait_interval=0.01).failed
    lab.faults.add("refuse", operation="VsanClusterGetConfig")  # the first one that is asked
    result = runner(run_module, provider=NATIVE)(check=True)
    (warning,) = result.warnings
    assert f"vSAN of the cluster {second.name} is encrypted too" in warning


def test_vsan_encryption_warns_of_encrypted_vms_and_ovhcloud(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    lab.vcenter.inventory.cluster("C0").vsan = True
    first = run_module("vsan_encryption", cluster="C0", provider=NATIVE, check=True)
    assert [warning for warning in first.warnings if "Technical Account Manager" in warning]
    assert not [warning for warning in first.warnings if "Dual encryption" in warning]
    assert not runner(run_module, provider=NATIVE, selection={"names": ["vm1", "vm2"]})().failed
    second = run_module("vsan_encryption", cluster="C0", provider=NATIVE, wait_interval=0.01)
    assert second.changed and [
        one for one in second.warnings if "2 VMs are encrypted too in the cluster C0" in one and "Dual" in one
    ]
    assert run_module("vsan_encryption", cluster="C0", provider=NATIVE, wait_interval=0.01).warnings == []
