# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage policies through encryption, rekeys, moves and decryption: rules of vSAN, tags and replication survive."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    runner_in,
    without,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.fleet_helpers import (
    EVERY,
    NATIVE,
    converge,
    is_clear,
    is_encrypted,
    outcomes,
    prepare,
    refused,
    rows,
    runner,
    watched,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.policy_helpers import (
    ONE,
    OTHER,
    TWIN,
    give,
    policies_of,
    ready,
    rules,
    shown,
    writes_of,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import pbm_profiles as P  # noqa: N812

LIFE: list[tuple[str, str, dict[str, t.Any]]] = [
    ("encrypt", "vm_encryption", {"provider": NATIVE}),
    ("shallow rekey", "vm_rekey", {"mode": "shallow"}),
    ("deep rekey", "vm_rekey", {"mode": "deep"}),
    ("move", "vm_encryption", {"state": "moved", "provider": OTHER}),
    ("decrypt", "vm_encryption", {"state": "decrypted"}),
]


@pytest.mark.parametrize("version", ["7.0.2", "8.0.3", "9.0"])
def test_rules_of_a_vsan_policy_are_equal_at_every_step(version: str) -> None:
    with Lab(LabSettings(vcenter_version=version)) as lab:
        machine = ready(lab)
        before = rules(lab, machine)
        assert before["home"][1] == {"failures": 2, "raid": "RAID-6"} and len(before["home"][0][0]) == 2
        for step, module, options in LIFE:
            run = runner(runner_in(lab), module, **ONE, **options)
            checked, writes = watched(lab, lambda run=run: run(check=True))  # type: ignore[misc]
            assert (checked.failed, writes) == (False, []), (step, checked.msg)
            done, _writes = watched(lab, run)
            assert not done.failed and done.changed, (step, done.msg)
            assert rules(lab, machine) == before, step
            expected = ["vSAN RAID-6" if step == "decrypt" else TWIN] * len(before)
            assert shown(done, "after") == shown(checked, "after") == policies_of(lab, machine) == expected, step
            assert not [one for one in done.warnings if "policy" in one or "policies" in one], step
        assert is_clear(machine) and writes_of(lab, "PbmCreate") == 1


def test_each_part_keeps_its_own_rules(lab: Lab, run_module: RunModule) -> None:
    ready(lab)
    machine = lab.vcenter.inventory.add_vm("mixed", ("scsi", "sata", "nvme", "scsi:1", "scsi:2", "scsi:3"))
    parts = [P.VSAN_DEFAULT, P.TAGGED, P.TWO_RULE_SETS, P.REPLICATED, P.VM_ENCRYPTION, P.VVOL_DEFAULT, None]
    give(lab, *parts, name="mixed")
    before, names = rules(lab, machine), policies_of(lab, machine)
    run = runner(run_module, selection={"names": ["mixed"]})
    done = converge(lab, run)
    assert rules(lab, machine) == before
    assert shown(done, "before", "mixed") == names
    assert shown(done, "after", "mixed") == [
        "vSAN Default Storage Policy - encrypted",
        "Gold, not test - encrypted",
        "vSAN or gold - encrypted",
        "Replicated - encrypted",
        *["VM Encryption Policy"] * 3,
    ]
    encrypting: list[t.Any] = [machine, *machine.disks]
    assert all(lab.vcenter.policies.is_encryption(part.policy) for part in encrypting)
    assert [one["made_from"] for one in done["created_policies"]] == names[:4]
    assert {"made_from": "Replicated"} in done.diff["after"].values()
    back = converge(lab, runner(run_module, selection={"names": ["mixed"]}, state="decrypted"))
    assert shown(back, "after", "mixed") == [*names[:4], None, None, None]
    assert rules(lab, machine) == before and "created_policies" in back.data


def test_one_combined_policy_serves_many_vms_and_later_runs(lab: Lab, run_module: RunModule) -> None:
    ready(lab)
    names = [f"vm{number}" for number in range(1, 7)]
    for name in names:
        give(lab, P.VSAN_RAID_6, name=name)
    first = converge(lab, runner(run_module, selection={"names": names[:3]}))
    (made,) = first["created_policies"]
    assert made == {
        "name": TWIN,
        "id": lab.vcenter.policies.named(TWIN).profileId.uniqueId,
        "made_from": "vSAN RAID-6",
        "rules": ["VSAN.hostFailuresToTolerate=2", f"VSAN.replicaPreference={P.ERASURE_CODING}"],
    }
    second = converge(lab, runner(run_module, selection={"names": names}))
    assert second["created_policies"] == [] and writes_of(lab, "PbmCreate") == 1
    assert {shown(second, "after", name)[0] for name in names} == {TWIN}


def test_check_mode_shows_policies_that_would_be_made(lab: Lab, run_module: RunModule) -> None:
    ready(lab)
    checked, writes = watched(lab, lambda: runner(run_module, **ONE)(check=True))
    assert writes == [] and lab.vcenter.policies.named(TWIN) is None
    (made,) = checked["created_policies"]
    assert (made["name"], made["id"], made["made_from"]) == (TWIN, None, "vSAN RAID-6")
    assert checked.diff["after"][f"storage policy {TWIN}"] == {"made_from": "vSAN RAID-6"}
    assert checked.diff["before"]["vm1"]["policies"]["home"] == "vSAN RAID-6"
    assert checked.diff["after"]["vm1"]["policies"]["home"] == TWIN


# cases of users


def test_deep_rekey_keeps_a_policy_of_the_team(lab: Lab, run_module: RunModule) -> None:
    """Case H4."""
    prepare(lab)
    assert not run_module("encryption_storage_policy", name="Gold encrypted").failed
    assert not runner(run_module, **ONE, policy="Gold encrypted")().failed
    done = runner(run_module, "vm_rekey", **ONE, mode="deep")()
    assert not done.failed and set(shown(done, "before") + shown(done, "after")) == {"Gold encrypted"}
    record = run_module("vm_encryption_info", **ONE)["virtual_machines"][0]
    assert (record["home"]["policy"], record["disks"][0]["policy"]) == ("Gold encrypted", "Gold encrypted")


def test_replaced_vsan_policy_is_told_before_and_after(lab: Lab, run_module: RunModule) -> None:
    """Case H5, with the choice to lose the rules."""
    prepare(lab)
    machine = give(lab, P.VSAN_DEFAULT)
    run = runner(run_module, **ONE, policy_conflict="replace")
    for check in (True, False):
        result = run(check=check)
        assert set(shown(result, "before")) == {"vSAN Default Storage Policy"}
        assert set(shown(result, "after")) == {"VM Encryption Policy"}
        (warning,) = [one for one in result.warnings if "no longer apply" in one]
        assert "vm1: the rules of the storage policy vSAN Default Storage Policy (VSAN.cacheReservation=0," in warning
        assert result["created_policies"] == []
    assert rules(lab, machine)["home"] == ([], {"failures": 1, "raid": "RAID-1"})


# what the user decides


def test_block_leaves_machines_with_rules_alone(lab: Lab, run_module: RunModule) -> None:
    machine = ready(lab)
    message = refused(lab, runner(run_module, policy_conflict="block"), "refused_by_guard")
    assert "vm1: its storage policy vSAN RAID-6 has rules besides encryption: VSAN.hostFailuresToTolerate=2" in message
    done, _writes = watched(lab, runner(run_module, policy_conflict="block", blocked="skip"))
    assert outcomes(done) == {"vm1": "blocked", **{f"vm{number}": "done" for number in range(2, 7)}}
    (obstacle,) = rows(done)["vm1"]["obstacles"]
    assert obstacle["code"] == "policy_rules" and "policy_conflict: combine" in obstacle["next_step"]
    assert done["summary"]["obstacles"] == {"policy_rules": 1} and is_clear(machine)


def test_named_policy_is_given_and_lost_rules_are_told(lab: Lab, run_module: RunModule) -> None:
    machine = ready(lab)
    assert not run_module("encryption_storage_policy", name="ours").failed
    done = converge(lab, runner(run_module, **ONE, policy="ours"))
    assert set(policies_of(lab, machine)) == {"ours"}
    (warning,) = [one for one in done.warnings if "no longer apply" in one]
    assert "VSAN.hostFailuresToTolerate=2" in warning and warning.endswith("the VMs get ours")


def test_clone_made_by_hand_is_taken_by_name_and_by_its_rules(lab: Lab, run_module: RunModule) -> None:
    machine = ready(lab)
    both = [*P.vsan_rules(hostFailuresToTolerate=2, replicaPreference=P.ERASURE_CODING), P.encryption_rule()]
    clone = lab.vcenter.policies.add("ours with encryption", [P.sub_profile("any name", both)])
    give(lab, P.VSAN_RAID_6, name="vm2")
    named = converge(lab, runner(run_module, **ONE, policy="ours with encryption"))
    found = converge(lab, runner(run_module, selection={"names": ["vm2"]}))
    assert {machine.policy, lab.vcenter.inventory.vm("vm2").policy} == {clone}
    assert [one for one in named.warnings + found.warnings if "no longer" in one] == []
    back = converge(lab, runner(run_module, **ONE, state="decrypted"))  # the only policy with these rules
    assert set(shown(back, "after")) == {"vSAN RAID-6"} and writes_of(lab, "PbmCreate") == 0


# names


def test_long_name_is_cut(lab: Lab, run_module: RunModule) -> None:
    ready(lab)
    lab.vcenter.policies.by_id[P.VSAN_RAID_6].name = "n" * 80
    done = converge(lab, runner(run_module, **ONE))
    assert [one["name"] for one in done["created_policies"]] == ["n" * 68 + " - encrypted"]


def test_name_that_another_policy_has_is_numbered(lab: Lab, run_module: RunModule) -> None:
    machine = ready(lab)
    lab.vcenter.policies.add(TWIN, [P.sub_profile("other rules", [P.encryption_rule()])])
    done = converge(lab, runner(run_module, **ONE))
    assert [one["name"] for one in done["created_policies"]] == [f"{TWIN} (2)"]
    assert set(policies_of(lab, machine)) == {f"{TWIN} (2)"}


def test_changed_combined_policy_no_longer_has_the_old_rules(lab: Lab, run_module: RunModule) -> None:
    machine = ready(lab)
    give(lab, P.VSAN_RAID_6, name="vm2")
    converge(lab, runner(run_module, **ONE))
    twin = lab.vcenter.policies.named(TWIN)
    twin.constraints = P.constraints_of(P.sub_profile("VSAN", [P.component_rule(P.ENCRYPTION_COMPONENT)]))
    converge(lab, runner(run_module, selection={"names": ["vm2"]}))
    assert lab.vcenter.inventory.vm("vm2").policy == lab.vcenter.policies.named(f"{TWIN} (2)").profileId.uniqueId
    assert machine.policy == twin.profileId.uniqueId


# the way back


def test_original_that_was_renamed_is_given_back(lab: Lab, run_module: RunModule) -> None:
    ready(lab)
    converge(lab, runner(run_module, **ONE))
    lab.vcenter.policies.by_id[P.VSAN_RAID_6].name = "vSAN, two failures"
    back = converge(lab, runner(run_module, **ONE, state="decrypted"))
    assert set(shown(back, "after")) == {"vSAN, two failures"}


def test_original_that_was_deleted_is_told(lab: Lab, run_module: RunModule) -> None:
    machine = ready(lab)
    converge(lab, runner(run_module, **ONE))
    del lab.vcenter.policies.by_id[P.VSAN_RAID_6]
    blocked = refused(lab, runner(run_module, **ONE, state="decrypted", policy_conflict="block"), "refused_by_guard")
    assert f"nothing records which storage policy it had before {TWIN}" in blocked
    back = converge(lab, runner(run_module, **ONE, state="decrypted"))
    (warning,) = [one for one in back.warnings if "no longer apply" in one]
    assert "which storage policy vm1 had" in warning and "VSAN.hostFailuresToTolerate=2" in warning
    assert set(policies_of(lab, machine)) == {None}


def test_half_done_work_ends_with_the_right_policies(lab: Lab, run_module: RunModule) -> None:
    machine = ready(lab)
    before = rules(lab, machine)
    for state, policy in (("encrypted", TWIN), ("decrypted", "vSAN RAID-6")):
        lab.vcenter.machine_faults.add("vm1", "half", disks=0)
        run = runner(run_module, **ONE, state=state)
        if state == "decrypted":  # vCenter decrypts disks before the home, or not at all
            lab.vcenter.machine_faults.clear()
            machine.disks[0].crypto_key, machine.disks[0].policy = None, P.VSAN_RAID_6
        else:
            assert run().failed and set(policies_of(lab, machine)) == {TWIN, "vSAN RAID-6"}
        converge(lab, run)
        assert rules(lab, machine) == before and set(policies_of(lab, machine)) == {policy}


# rights and refusals of vCenter


@pytest.mark.parametrize("privilege", ["StorageProfile.Update", "Cryptographer.ManageEncryptionPolicy"])
def test_missing_right_to_create_policies_blocks_who_needs_one(lab: Lab, run_module: RunModule, privilege: str) -> None:
    machine = ready(lab)
    without(lab, privilege)
    message = refused(lab, runner(run_module), "refused_by_guard")
    assert f"may not create a policy with them: the user lacks {privilege}" in message
    done, writes = watched(lab, runner(run_module, blocked="skip"))
    assert outcomes(done) == {"vm1": "blocked", **{f"vm{number}": "done" for number in range(2, 7)}}
    (obstacle,) = rows(done)["vm1"]["obstacles"]
    assert obstacle["code"] == "policy_rights" and obstacle["next_step"].startswith("give the user this privilege, or")
    assert "PbmCreate" not in writes and is_clear(machine)


def test_refused_creation_is_told_before_any_machine_is_touched(lab: Lab, run_module: RunModule) -> None:
    machine = ready(lab)
    machine.power_state, machine.tools = "poweredOn", True
    lab.faults.add("refuse", operation="PbmCreate")
    result, writes = watched(lab, runner(run_module, **ONE, power_off="shutdown"))
    assert result.failed and not result.changed and writes == ["PbmCreate"]
    assert "lacks the privilege StorageProfile.Update" in result.msg and "policy_conflict: block" in result.msg
    assert (machine.power_state, outcomes(result)) == ("poweredOn", {"vm1": "not_started"})
    assert shown(result, "after") == shown(result, "before")


def test_missing_right_to_give_a_policy_is_named(lab: Lab, run_module: RunModule) -> None:
    machine = ready(lab)
    without(lab, "StorageProfile.Apply")
    result = runner(run_module, **ONE)()
    assert result.failed and "lacks the privilege StorageProfile.Apply" in result.msg
    assert is_clear(machine) and set(policies_of(lab, machine)) == {"vSAN RAID-6"}


def test_policies_that_may_not_be_read(lab: Lab, run_module: RunModule) -> None:
    """Moves and shallow rekeys do not need them; what would replace them is refused."""
    machine = ready(lab)
    converge(lab, runner(run_module, **ONE, provider=NATIVE))
    without(lab, "StorageProfile.View")
    moved = converge(lab, runner(run_module, **ONE, state="moved", provider=OTHER))
    assert [one for one in moved.warnings if "storage policies are not shown" in one]
    assert rows(moved)["vm1"]["after"]["policies"] is None and set(policies_of(lab, machine)) == {TWIN}
    for options in ({"state": "decrypted"}, {"selection": {"names": ["vm2"]}}, {"policy": "ours"}):
        message = refused(lab, runner(run_module, **{**ONE, **options}), "forbidden")
        assert "StorageProfile.View" in message
    back = runner(run_module, **ONE, state="decrypted", policy_conflict="replace")()
    assert not back.failed and machine.policy is None


def test_vcenter_that_takes_no_policy_with_a_decryption(lab: Lab, run_module: RunModule) -> None:
    machine = ready(lab)
    lab.vcenter.settings.decrypt_takes_policy = False
    converge(lab, runner(run_module, **ONE))
    result = runner(run_module, **ONE, state="decrypted")()
    assert result.failed and "Invalid storage policy for encryption operation" in result.msg
    assert "policy_conflict: replace" in result.msg
    assert is_encrypted(machine, NATIVE) and set(policies_of(lab, machine)) == {TWIN}
    converge(lab, runner(run_module, **ONE, state="decrypted", policy_conflict="replace"))


def test_vcenter_that_wants_a_replication_group(lab: Lab, run_module: RunModule) -> None:
    machine = ready(lab)
    lab.vcenter.settings.replication_needs_group = True
    give(lab, P.REPLICATED)
    result = runner(run_module, **ONE)()
    assert result.failed and "replicationSpec" in result.msg
    assert is_clear(machine) and set(policies_of(lab, machine)) == {"Replicated"}


@pytest.mark.parametrize("parts", [1, 3])
def test_policies_of_many_parts_are_asked_for_in_portions(lab: Lab, run_module: RunModule, parts: int) -> None:
    ready(lab)
    lab.vcenter.settings.policy_parts_limit = parts
    done = converge(lab, runner(run_module))
    assert shown(done, "before")[0] == "vSAN RAID-6" and done["summary"]["done"] == 6


def test_policy_that_vcenter_tells_late_is_warned_of(lab: Lab, run_module: RunModule) -> None:
    machine = ready(lab)
    lab.vcenter.settings.policy_told_late = 1
    done = runner(run_module, **ONE)()
    assert not done.failed and set(policies_of(lab, machine)) == {TWIN}
    assert [one for one in done.warnings if "the storage policies of vm1 differ from the requested ones" in one]
    assert set(shown(done, "after")) == {"vSAN RAID-6"}  # what vCenter said
    again = runner(run_module, **ONE)()
    assert not again.changed and set(shown(again, "after")) == {TWIN}


def test_second_run_asks_no_more_than_the_info_module(lab: Lab, run_module: RunModule) -> None:
    ready(lab)
    run = runner(run_module)
    assert not run().failed
    counts = []
    for call in (lambda: run_module("vm_encryption_info", **EVERY), run):
        mark = lab.journal.mark()
        assert not call().failed
        counts.append(lab.journal.count("vcenter", since=mark))
    assert counts[1] <= counts[0]


def test_users_that_vcenter_does_not_list(lab: Lab, run_module: RunModule) -> None:
    """The policies of the VMs themselves are asked for, not the users of the policies."""
    machine = ready(lab)
    lab.vcenter.settings.policy_users_told = False
    converge(lab, runner(run_module, **ONE))
    assert set(policies_of(lab, machine)) == {TWIN}
