# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage policies when things go otherwise: interruptions, others at the same time, vCenter keeps other rules."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.fleet_helpers import (
    NATIVE,
    converge,
    is_clear,
    is_encrypted,
    outcomes,
    rows,
    runner,
    watched,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.policy_helpers import (
    ONE,
    TWIN,
    give,
    meanwhile,
    policies_of,
    ready,
    rules,
    shown,
    writes_of,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import pbm_profiles as P  # noqa: N812


def test_policy_that_vcenter_keeps_differently_is_removed_again(lab: Lab, run_module: RunModule) -> None:
    ready(lab)
    machine = give(lab, P.TWO_RULE_SETS)

    def turn() -> None:
        lab.vcenter.policies.named("vSAN or gold - encrypted").constraints.subProfiles.reverse()

    meanwhile(lab, "PbmCreate", turn)
    result, writes = watched(lab, runner(run_module, **ONE))
    assert result.failed and not result.changed and writes == ["PbmCreate", "PbmDelete"]
    assert "keeps it with other rules" in result.msg and "Exclude vm1" in result.msg
    assert is_clear(machine) and result["created_policies"] == []
    assert [one.name for one in lab.vcenter.policies.by_id.values() if "- encrypted" in one.name] == []


def test_refused_rules_name_policy_and_machines(lab: Lab, run_module: RunModule) -> None:
    ready(lab)
    rule = P.component_rule("0e3f8c5a-7a35-4a0a-a7a4-6f0c8f6f6bff")  # a component that is gone
    give(lab, lab.vcenter.policies.add("old array", [P.sub_profile("x", [P.tag_rule("tier", "gold"), rule])]))
    result = runner(run_module)()
    assert result.failed and not result.changed
    assert "the rules of old array and encryption; nothing was encrypted. Exclude vm1, or set policy" in result.msg
    assert "privilege" not in result.msg


# between the plan and the turn of a VM, and after it


def _combined(lab: Lab, run_module: RunModule) -> t.Any:
    machine = ready(lab)
    assert not runner(run_module, **ONE)().failed
    return machine


@pytest.mark.parametrize("untold", [True, False], ids=["not told", "another one"])
def test_decryption_loses_no_rules_that_the_plan_did_not_tell(lab: Lab, run_module: RunModule, untold: bool) -> None:
    machine = _combined(lab, run_module)
    rules_only = [*P.vsan_rules(hostFailuresToTolerate=3), P.component_rule(P.ENCRYPTION_COMPONENT)]
    other = lab.vcenter.policies.add("of the team", [P.sub_profile("x", rules_only)])
    if untold:
        lab.faults.add("status", status=503, operation="PbmQueryAssociatedProfiles", skip=1, times=50)
    else:
        meanwhile(lab, "PbmQueryAssociatedProfiles", lambda: give(lab, other))
    result, writes = watched(lab, runner(run_module, **ONE, state="decrypted"))
    assert result.failed and not result.changed and writes == []
    assert "vm1 has changed since the plan:" in result.msg
    assert is_encrypted(machine, NATIVE) and set(policies_of(lab, machine)) == ({TWIN} if untold else {"of the team"})


def test_policies_that_cannot_be_read_after_the_work(lab: Lab, run_module: RunModule) -> None:
    """What was done is told, as done."""
    machine = _combined(lab, run_module)
    lab.faults.add("status", status=503, operation="PbmQueryAssociatedProfiles", skip=2, times=50)
    result = runner(run_module, **ONE, state="decrypted")()
    assert not result.failed and result.changed and outcomes(result) == {"vm1": "done"}
    assert is_clear(machine) and rows(result)["vm1"]["after"]["policies"] is None
    assert [one for one in result.warnings if "storage policies can no longer be read" in one]


def test_machines_that_cannot_be_read_after_the_work(lab: Lab, run_module: RunModule) -> None:
    """What is not known is no success, and nothing unchanged either."""
    ready(lab)
    every = {"status": 503, "operation": "RetrievePropertiesEx", "times": 50}
    meanwhile(lab, "ReconfigVM_Task", lambda: lab.faults.add("status", **every))
    result = runner(run_module, **ONE)()
    assert result.failed and result.changed and outcomes(result) == {"vm1": "failed"}
    assert rows(result)["vm1"]["error"] == "its state is unknown, because the connection was lost"
    assert "503" in result.msg and [one["name"] for one in result["created_policies"]] == [TWIN]


def test_rekey_goes_on_without_the_policy_service(lab: Lab, run_module: RunModule) -> None:
    machine = _combined(lab, run_module)
    lab.faults.add("status", status=503, operation="PbmQueryAssociatedProfiles", times=50)
    result = runner(run_module, "vm_rekey", **ONE, mode="shallow")()
    assert not result.failed and outcomes(result) == {"vm1": "done"}
    assert set(policies_of(lab, machine)) == {TWIN}


def test_changed_combined_policy_is_told_by_the_decryption(lab: Lab, run_module: RunModule) -> None:
    machine = _combined(lab, run_module)
    changed = [*P.vsan_rules(hostFailuresToTolerate=3), P.component_rule(P.ENCRYPTION_COMPONENT)]
    lab.vcenter.policies.named(TWIN).constraints = P.constraints_of(P.sub_profile("VSAN", changed))
    back = converge(lab, runner(run_module, **ONE, state="decrypted"))
    (warning,) = [one for one in back.warnings if "no longer apply" in one]
    assert "VSAN.hostFailuresToTolerate=3" in warning and warning.endswith("the VMs get vSAN RAID-6")
    assert set(policies_of(lab, machine)) == {"vSAN RAID-6"}


def test_decryption_says_that_nothing_tells_the_policy_of_before(lab: Lab, run_module: RunModule) -> None:
    machine = ready(lab)
    assert not runner(run_module, **ONE, policy_conflict="replace")().failed
    back = converge(lab, runner(run_module, **ONE, state="decrypted"))
    (warning,) = back.warnings
    assert warning.startswith("nothing records which storage policy vm1 had before VM Encryption Policy")
    assert warning.endswith("after the decryption they have none. Give them theirs in vCenter")
    assert set(policies_of(lab, machine)) == {None}


def test_deep_rekey_of_a_home_that_a_vtpm_needs_keeps_its_rules(lab: Lab, run_module: RunModule) -> None:
    """Its home was encrypted for the vTPM and has the policy of before; its disks have the combined one."""
    machine = _combined(lab, run_module)
    machine.policy = P.VSAN_RAID_6
    before = rules(lab, machine)
    done = runner(run_module, "vm_rekey", **ONE, mode="deep")()
    assert not done.failed, done.msg
    assert set(shown(done, "after")) == {TWIN} and rules(lab, machine) == before


def test_unreadable_policy_is_replaced_with_a_warning(lab: Lab, run_module: RunModule) -> None:
    ready(lab)
    give(lab, "11111111-2222-3333-4444-555555555555")
    for options in ({"policy_conflict": "replace"}, {"policy": "VM Encryption Policy"}):
        checked = runner(run_module, **ONE, **options)(check=True)
        (warning,) = checked.warnings
        assert "vm1: the rules of the storage policy 11111111-2222-3333-4444-555555555555 (which cannot be" in warning


@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_lost_answer_to_the_creation(lab: Lab, run_module: RunModule, action: str) -> None:
    machine = ready(lab)
    lab.faults.add(action, operation="PbmCreate")
    result = runner(run_module, **ONE)()
    if action == "drop_after":  # it is found by its rules
        assert not result.failed and [one["name"] for one in result["created_policies"]] == [TWIN]
    else:
        assert result.failed and not result.changed and outcomes(result) == {"vm1": "not_started"}
        assert "nothing was encrypted" in result.msg and is_clear(machine)
        converge(lab, runner(run_module, **ONE))
    assert is_encrypted(machine, NATIVE) and set(policies_of(lab, machine)) == {TWIN}
    assert len([one for one in lab.vcenter.policies.by_id.values() if one.name.startswith(TWIN)]) == 1


def test_interruption_between_creation_and_encryption(lab: Lab, run_module: RunModule) -> None:
    machine = ready(lab)
    lab.faults.add("drop_before", operation="ReconfigVM_Task")
    result = runner(run_module, **ONE)()
    assert result.failed and result.changed  # a policy was made
    assert [one["name"] for one in result["created_policies"]] == [TWIN] and is_clear(machine)
    done = converge(lab, runner(run_module, **ONE))
    assert done["created_policies"] == [] and writes_of(lab, "PbmCreate") == 1
    assert set(policies_of(lab, machine)) == {TWIN}


def test_policy_that_another_run_makes_at_the_same_time(lab: Lab, run_module: RunModule) -> None:
    machine = ready(lab)
    both = [*P.vsan_rules(hostFailuresToTolerate=2, replicaPreference=P.ERASURE_CODING)]
    both.append(P.component_rule(P.ENCRYPTION_COMPONENT))
    theirs = [P.sub_profile("VSAN", both)]
    text = f"Original policy: {P.VSAN_RAID_6}"
    meanwhile(
        lab, "PbmQueryAssociatedEntities", lambda: lab.vcenter.policies.add(TWIN, theirs, "theirs", description=text)
    )
    result, writes = watched(lab, runner(run_module, **ONE))
    assert not result.failed and writes.count("PbmCreate") == 1  # refused: the name is taken
    assert result["created_policies"] == [] and machine.policy == "theirs"
    assert "theirs" in lab.vcenter.policies.by_id and lab.vcenter.policies.named(f"{TWIN} (2)") is None


def test_name_that_is_taken_at_the_last_moment(lab: Lab, run_module: RunModule) -> None:
    ready(lab)
    other = [P.sub_profile("rules", [P.encryption_rule()])]
    meanwhile(lab, "PbmQueryAssociatedEntities", lambda: lab.vcenter.policies.add(TWIN, other))
    result, writes = watched(lab, runner(run_module, **ONE))
    assert not result.failed and writes.count("PbmCreate") == 2
    assert [one["name"] for one in result["created_policies"]] == [f"{TWIN} (2)"]


def test_policy_that_is_changed_after_the_plan_is_not_replaced(lab: Lab, run_module: RunModule) -> None:
    machine = ready(lab)
    meanwhile(lab, "PbmCreate", lambda: give(lab, P.TAGGED))
    result, writes = watched(lab, runner(run_module, **ONE))
    assert result.failed and "ReconfigVM_Task" not in writes
    assert "vm1 has changed since the plan: another storage policy" in result.msg
    assert set(policies_of(lab, machine)) == {"Gold, not test"}
    converge(lab, runner(run_module, **ONE))
    assert set(policies_of(lab, machine)) == {"Gold, not test - encrypted"}
