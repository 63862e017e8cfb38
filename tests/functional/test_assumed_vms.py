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
