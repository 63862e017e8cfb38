# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vm_encryption: encrypt, complete, move, decrypt; every kind of disk; every provider; power given back."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import runner_in
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.fleet_helpers import (
    NATIVE,
    converge,
    is_clear,
    is_encrypted,
    keys_of,
    outcomes,
    prepare,
    refused,
    rows,
    runner,
    watched,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import PROVIDER
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings

BUNDLED_POLICY = "4d5f673c-536f-11e6-beb8-9e71128cae77"


@pytest.mark.oldest("vm_encryption", "life")
def test_life_of_a_fleet_with_a_standard_provider(lab: Lab, run_module: RunModule) -> None:
    prepare(lab, run_module)
    run = runner(run_module, provider=PROVIDER)
    done = converge(lab, run)
    machines = lab.vcenter.inventory.vms
    assert all(is_encrypted(machine, PROVIDER) for machine in machines)
    # one key for each VM, made in the KMIP server
    assert all(len(set(keys_of(machine))) == 1 for machine in machines)
    assert len({machine.crypto_key for machine in machines}) == len(machines)
    in_kms = set(lab.external_kms[0].keys())
    assert {key.key_id for machine in machines for key in keys_of(machine)} <= in_kms
    assert {disk.policy for machine in machines for disk in machine.disks} == {BUNDLED_POLICY}
    assert done["summary"]["done"] == len(machines)
    # moved to the native provider by new outer keys, then decrypted
    moved = converge(lab, run, provider=NATIVE)
    assert {row["action"] for row in moved["virtual_machines"]} == {"move"}
    assert all(is_encrypted(machine, NATIVE) for machine in machines)
    cleared = converge(lab, runner(run_module, state="decrypted"))
    assert {row["after"]["encryption_state"] for row in cleared["virtual_machines"]} == {"unencrypted"}
    assert all(is_clear(machine) for machine in machines)


def test_each_machine_gets_exactly_one_reconfigure_call(lab: Lab, run_module: RunModule) -> None:
    prepare(lab, run_module)
    _result, writes = watched(lab, runner(run_module, provider=PROVIDER))
    assert writes.count("ReconfigVM_Task") == len(lab.vcenter.inventory.vms)
    assert writes.count("GenerateKey") == len(lab.vcenter.inventory.vms)
    assert len(writes) == 2 * len(lab.vcenter.inventory.vms)


def test_equal_unit_numbers_on_all_kinds_of_controllers(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    inventory = lab.vcenter.inventory
    machine = inventory.add_vm("mixed", ("scsi", "scsi:1", "sata", "nvme", "ide"))
    assert {disk.unit for disk in machine.disks} == {0}
    done = converge(lab, runner(run_module, selection={"names": ["mixed"]}))
    assert is_encrypted(machine, NATIVE)
    assert done["summary"]["rewritten_bytes"] == sum(disk.capacity_kb * 1024 for disk in machine.disks)


def test_vm_with_one_unencrypted_disk_is_completed(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    inventory = lab.vcenter.inventory
    run = runner(run_module)
    assert not run().failed
    half, vtpm = inventory.vm("vm2"), inventory.vm("vm5")
    half.disks[1].crypto_key = None
    for disk in vtpm.disks:
        disk.crypto_key = None
    vtpm.tpm = True
    done = converge(lab, run)
    assert {name: row["action"] for name, row in rows(done).items() if row["outcome"] == "done"} == {
        "vm2": "complete",
        "vm5": "complete",
    }
    assert (rows(done)["vm2"]["before"]["encryption_state"], rows(done)["vm5"]["before"]["encryption_state"]) == (
        "partly_encrypted",
        "vtpm_only",
    )
    assert [len(set(keys_of(machine))) for machine in (half, vtpm)] == [1, 1]


def test_a_move_while_running_with_one_chain_of_snapshots(lab: Lab, run_module: RunModule) -> None:
    prepare(lab, run_module)
    inventory = lab.vcenter.inventory
    assert not runner(run_module)().failed
    for machine in inventory.vms[:5]:
        machine.power_state = "poweredOn"
    inventory.snapshot(inventory.vm("vm1"), "before the update")
    names = [machine.name for machine in inventory.vms[:5]]
    done = converge(lab, runner(run_module, provider=PROVIDER, selection={"names": names}))
    assert done["summary"]["shutdowns"] == 0
    assert {row["after"]["power_state"] for row in done["virtual_machines"]} == {"powered_on"}
    assert all(is_encrypted(machine, PROVIDER) for machine in inventory.vms[:5])


@pytest.mark.parametrize("power_off", ["shutdown", "force"])
def test_running_machines_are_shut_down_and_get_their_power_back(
    lab: Lab, run_module: RunModule, power_off: str
) -> None:
    prepare(lab)
    lab.vcenter.settings.shutdown_looks = 3
    for machine in lab.vcenter.inventory.vms[:3]:
        machine.power_state, machine.tools = "poweredOn", True
    done = converge(lab, runner(run_module, power_off=power_off))
    assert done["summary"]["shutdowns"] == 3
    assert [machine.power_state for machine in lab.vcenter.inventory.vms] == ["poweredOn"] * 3 + ["poweredOff"] * 3
    assert all(is_encrypted(machine, NATIVE) for machine in lab.vcenter.inventory.vms)


def test_a_guest_that_does_not_shut_down(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    stubborn = lab.vcenter.inventory.vm("vm1")
    stubborn.power_state, stubborn.tools, stubborn.shutdown_looks = "poweredOn", True, -1
    run = runner(run_module, shutdown_timeout=1, max_failures=9)
    left, _writes = watched(lab, lambda: run(power_off="shutdown"))
    assert left.failed and "did not shut down within 1 s" in rows(left)["vm1"]["error"]
    assert (stubborn.power_state, is_clear(stubborn)) == ("poweredOn", True)
    assert [name for name, outcome in outcomes(left).items() if outcome == "done"] == [
        "vm2",
        "vm3",
        "vm4",
        "vm5",
        "vm6",
    ]
    forced, writes = watched(lab, lambda: run(power_off="force"))
    assert not forced.failed and "PowerOffVM_Task" in writes
    assert (stubborn.power_state, is_encrypted(stubborn, NATIVE)) == ("poweredOn", True)


def test_machines_without_tools_are_only_powered_off_by_force(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    lab.vcenter.inventory.vm("vm1").power_state = "poweredOn"
    message = refused(lab, runner(run_module), "refused_by_guard", power_off="shutdown")
    assert "vm1: it is powered on, and without VMware Tools" in message
    done, writes = watched(lab, runner(run_module, power_off="force"))
    assert not done.failed and "ShutdownGuest" not in writes
    assert lab.vcenter.inventory.vm("vm1").power_state == "poweredOn"


def test_vms_left_off_by_an_interrupted_run_are_powered_on(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    machines = lab.vcenter.inventory.vms
    moids = [machine.reference._moId for machine in machines[:2]]
    done = converge(lab, runner(run_module, power_on=moids))
    assert {row["after"]["power_state"] for row in done["virtual_machines"][:2]} == {"powered_on"}
    machines[0].power_state = "poweredOff"
    done = converge(lab, runner(run_module, power_on=[machines[0].instance_uuid]))
    assert [row["action"] for row in done["virtual_machines"] if row["outcome"] == "done"] == ["power_on"]


def test_default_provider_of_cluster_and_system(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    inventory = lab.vcenter.inventory
    cluster = inventory.add_cluster()
    other = inventory.add_vm("other", host=inventory.add_host(cluster))
    lab.vcenter.crypto.add_native("nkp-cluster", has_backup=True)
    lab.vcenter.crypto.entity_defaults[cluster.reference._moId] = "nkp-cluster"
    converge(lab, runner(run_module))
    assert is_encrypted(other, "nkp-cluster") and is_encrypted(inventory.vm("vm1"), NATIVE)


def test_mode_of_encrypted_vmotion(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    machines = lab.vcenter.inventory.vms
    run = runner(run_module, state="unchanged", vmotion_encryption="disabled")
    done = converge(lab, run)
    assert {row["action"] for row in done["virtual_machines"]} == {"set_vmotion"}
    assert {machine.migrate_encryption for machine in machines} == {"disabled"}
    assert not runner(run_module)().failed
    again, writes = watched(lab, run)
    assert (again.changed, writes) == (False, [])  # required for all encrypted VMs, and it cannot be changed
    converge(lab, runner(run_module, state="decrypted", vmotion_encryption="required"))
    assert {machine.migrate_encryption for machine in machines} == {"required"}
    assert "vCenter keeps it at required" in refused(
        lab, runner(run_module), "invalid_input", vmotion_encryption="disabled"
    )


def test_mode_of_encrypted_fault_tolerance(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    machines = lab.vcenter.inventory.vms
    done = converge(lab, runner(run_module, state="unchanged", fault_tolerance_encryption="disabled"))
    assert {row["action"] for row in done["virtual_machines"]} == {"set_fault_tolerance"}
    assert {machine.ft_encryption for machine in machines} == {"ftEncryptionDisabled"}
    modes = {"fault_tolerance_encryption": "required", "vmotion_encryption": "disabled"}
    done = converge(lab, runner(run_module, state="unchanged", **modes))
    assert {row["action"] for row in done["virtual_machines"]} == {"set_modes"}
    assert {(machine.ft_encryption, machine.migrate_encryption) for machine in machines} == {
        ("ftEncryptionRequired", "disabled")
    }
    done = converge(lab, runner(run_module))
    assert {row["after"]["fault_tolerance_encryption"] for row in done["virtual_machines"]} == {"required"}
    run = runner(run_module, state="unchanged", fault_tolerance_encryption="opportunistic")
    again, writes = watched(lab, run)
    assert (again.changed, writes) == (False, [])  # required for all encrypted VMs, and it cannot be changed
    converge(lab, runner(run_module, state="decrypted", fault_tolerance_encryption="opportunistic"))
    assert {machine.ft_encryption for machine in machines} == {"ftEncryptionOpportunistic"}
    assert "fault_tolerance_encryption: disabled is not possible" in refused(
        lab, runner(run_module), "invalid_input", fault_tolerance_encryption="disabled"
    )


@pytest.mark.parametrize("version", ["7.0.2", "9.0"])
def test_other_versions_of_vcenter(version: str) -> None:
    with Lab(LabSettings(vcenter_version=version)) as lab:
        prepare(lab)
        converge(lab, runner(runner_in(lab)))
        assert all(is_encrypted(machine, NATIVE) for machine in lab.vcenter.inventory.vms)
