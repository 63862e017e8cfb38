# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs that change between plan and write: whatever fault vCenter has for it is told in one line."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules import fleet_helpers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    runner_in,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.test_assumptions import NATIVE, lab_with
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.assumptions import Assumed, every_value
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.entities import KeyRef


@every_value
def test_vm_that_gets_fault_tolerance_meanwhile(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        add_native(lab, NATIVE)
        machine = lab.vcenter.inventory.vm("vm1")

        def protect() -> None:
            machine.fault_tolerance = "enabled"

        lab.faults.add("meanwhile", operation="ReconfigVM_Task", call=protect)
        late = fleet_helpers.runner(runner_in(lab), selection={"names": ["vm1"]}, provider=NATIVE)()
        assert late.failed and "Fault Tolerance" in late.msg and "\n" not in late.msg, late.output
        assert fleet_helpers.is_clear(machine)


@every_value
def test_vmotion_mode_of_a_vm_that_is_encrypted_meanwhile(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        add_native(lab, NATIVE)
        machine = lab.vcenter.inventory.vm("vm1")

        def encrypt() -> None:
            machine.crypto_key = KeyRef(NATIVE, "a key of somebody else")

        lab.faults.add("meanwhile", operation="ReconfigVM_Task", call=encrypt)
        run = fleet_helpers.runner(runner_in(lab), selection={"names": ["vm1"]}, state="unchanged")
        late = run(vmotion_encryption="disabled")
        assert late.failed and "vm1" in late.msg and "\n" not in late.msg, late.output


@every_value
def test_mode_of_encrypted_fault_tolerance(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        add_native(lab, NATIVE)
        machine = lab.vcenter.inventory.vm("vm1")

        def encrypt() -> None:
            machine.crypto_key = KeyRef(NATIVE, "a key of somebody else")

        lab.faults.add("meanwhile", operation="ReconfigVM_Task", call=encrypt)
        run = fleet_helpers.runner(runner_in(lab), selection={"names": ["vm1"]})
        late = run(state="unchanged", fault_tolerance_encryption="disabled")
        assert late.failed and "vm1" in late.msg and "\n" not in late.msg, late.output
        machine.crypto_key = None
        for options, mode in (
            ({}, lab.vcenter.settings.ft_mode_after_decryption),
            ({"fault_tolerance_encryption": "disabled"}, "ftEncryptionDisabled"),
        ):
            assert run(provider=NATIVE).changed and machine.ft_encryption == "ftEncryptionRequired"
            decrypt = {"state": "decrypted", **options}
            foretold, done = run(check=True, **decrypt), run(**decrypt)
            fleet_helpers.assert_foretold(foretold, done)
            assert machine.ft_encryption == mode


@every_value
def test_life_of_a_vtpm(assumed: Assumed) -> None:
    """Added and removed; should a VM change after the plan, vCenter's fault is one line."""
    with lab_with(assumed) as lab:
        add_native(lab, NATIVE, default=True)
        inventory = lab.vcenter.inventory
        machine, other = inventory.vm("vm1"), inventory.vm("vm2")
        run = fleet_helpers.runner(runner_in(lab), "vm_vtpm", selection={"names": ["vm1"]})
        late = fleet_helpers.runner(runner_in(lab), "vm_vtpm", selection={"names": ["vm2"]})

        lab.faults.add("meanwhile", operation="ReconfigVM_Task", call=lambda: setattr(other, "firmware", "bios"))
        refused = late()
        assert refused.failed and "EFI" in refused.msg and "\n" not in refused.msg, refused.output
        other.firmware = "efi"
        assert late().changed and run().changed and not run().changed and machine.tpm and other.tpm
        lab.faults.add("meanwhile", operation="ReconfigVM_Task", call=lambda: inventory.snapshot(other, "nightly"))
        stopped = late(state="absent", confirm_names=["vm2"])
        assert stopped.failed is lab.vcenter.settings.tpm_removal_needs_no_snapshots, stopped.output
        removal = {"state": "absent", "confirm_names": ["vm1"]}
        foretold = run(check=True, **removal)
        done = run(**removal)
        assert done.changed and not machine.tpm, done.output
        fleet_helpers.assert_foretold(foretold, done)
        decrypts = lab.vcenter.settings.tpm_removal_decrypts
        assert (machine.crypto_key is None) is decrypts
        assert ("the home is still encrypted" in done.output) is not decrypts
        assert not run(**removal).changed


@every_value
def test_events_of_a_vcenter_that_lacks_some_types(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        lab.vcenter.settings.version = "9.0"  # without vSphere Trust Authority
        lab.vcenter.history.happened("com.vmware.vc.kms.crypto.Unreachable")
        found = runner_in(lab)("encryption_events_info")
        assert [row["cause"] for row in found["events"]] == ["kmip_server_unreachable"], found.output
        assert not found["cut"]["events"]
