# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reconfiguration does to the storage policies of a VM, and which policies the lab keeps."""

from __future__ import annotations

import pytest
from pyVim.task import WaitForTask
from pyVmomi import pbm, vim, vmodl

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import pbm_profiles as bundled
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.pbm_rules import storage_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.machine_site import (
    MachineSite,
    decrypt,
    deep,
    encrypt,
    native_key,
    outcome,
    shallow,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.test_vcenter_pbm import (
    STORAGE,
    retrieve,
    service_content,
)

RAID_6 = ["VSAN.hostFailuresToTolerate=2", f"VSAN.replicaPreference={bundled.ERASURE_CODING}"]
ENCRYPTION = bundled.component_rule(bundled.ENCRYPTION_COMPONENT)


@pytest.fixture
def site(tmp_path):
    made = MachineSite(tmp_path)
    bundled.add_team_policies(made.vcenter.policies)
    yield made
    made.close()


@pytest.fixture
def manager(site):
    return service_content(site, site.connect()).profileManager


def give(machine, policy):
    machine.policy = policy
    for disk in machine.disks:
        disk.policy = policy


def storage(site, machine):
    """Rules and layout, the same for home and all disks."""
    found = storage_of(site.vcenter.policies, machine)
    assert len({str(part) for part in found.values()}) == 1
    return found["home"]["rules"], (found["home"]["vsan"]["raid"], found["home"]["vsan"]["failures"])


def spec_of(name, *rule_sets):
    constraints = bundled.constraints_of(*[bundled.sub_profile(f"set {n}", one) for n, one in enumerate(rule_sets)])
    return pbm.profile.CapabilityBasedProfileCreateSpec(name=name, resourceType=STORAGE, constraints=constraints)


def test_bundled_encryption_policy_costs_a_machine_its_rules(site):
    machine, vm = site.machine("vm6")
    give(machine, bundled.VSAN_RAID_6)
    assert storage(site, machine) == ([RAID_6], ("RAID-6", 2))
    WaitForTask(vm.ReconfigVM_Task(encrypt(vm, site.new_key())))
    assert storage(site, machine) == ([], ("RAID-1", 1))
    WaitForTask(vm.ReconfigVM_Task(decrypt(vm)))
    assert machine.policy is None and storage(site, machine) == ([], ("RAID-1", 1))


def test_policy_with_rules_and_encryption_keeps_them(site, manager):
    machine, vm = site.machine("vm6")
    give(machine, bundled.VSAN_RAID_6)
    rules = bundled.vsan_rules(hostFailuresToTolerate=2, replicaPreference=bundled.ERASURE_CODING)
    both = manager.Create(spec_of("both", [*rules, ENCRYPTION])).uniqueId
    kept = ([RAID_6], ("RAID-6", 2))
    for change in (
        encrypt(vm, site.new_key(), policy=both),
        shallow(vm, site.new_key()),  # without a policy: that of before stays
        deep(vm, native_key(), policy=both),
        decrypt(vm, policy=bundled.VSAN_RAID_6),
    ):
        WaitForTask(vm.ReconfigVM_Task(change))
        assert storage(site, machine) == kept
    assert machine.policy == bundled.VSAN_RAID_6 and machine.crypto_key is None


@pytest.mark.parametrize(
    ("failures", "replicas", "layout"),
    [
        (0, bundled.MIRRORING, "RAID-0"),
        (1, bundled.MIRRORING, "RAID-1"),
        (1, bundled.ERASURE_CODING, "RAID-5"),
        (2, bundled.ERASURE_CODING, "RAID-6"),
    ],
)
def test_vsan_layout_follows_the_rules(site, manager, failures, replicas, layout):
    rules = bundled.vsan_rules(hostFailuresToTolerate=failures, replicaPreference=replicas)
    machine, _vm = site.machine("vm1")
    give(machine, manager.Create(spec_of("made", rules)).uniqueId)
    assert storage(site, machine)[1] == (layout, failures)


def test_rules_of_all_kinds_in_words(site):
    texts = {
        bundled.TAGGED: [
            [
                "http://www.vmware.com/storage/tag.site(com.vmware.storage.tag.site.property=NOT {test})",
                "http://www.vmware.com/storage/tag.tier(com.vmware.storage.tag.tier.property={gold, silver})",
            ]
        ],
        bundled.VVOL_DEFAULT: [],
        bundled.VM_ENCRYPTION: [],
    }
    machine, _vm = site.machine("vm1")
    for policy, wanted in texts.items():
        give(machine, policy)
        assert storage(site, machine)[0] == wanted
    give(machine, bundled.TWO_RULE_SETS)
    assert [len(rule_set) for rule_set in storage(site, machine)[0]] == [2, 1]
    give(machine, bundled.REPLICATED)
    assert "dataservice" in storage(site, machine)[0][0][0]


def test_operator_of_a_tag_rule_arrives(manager):
    (found,) = retrieve(manager, bundled.TAGGED)
    instances = [one.constraint[0].propertyInstance[0] for one in found.constraints.subProfiles[0].capability]
    assert [one.operator for one in instances] == [None, "NOT"]


def test_name_of_more_than_80_characters_is_refused(manager):
    assert manager.Create(spec_of("n" * 80, [ENCRYPTION]))
    with pytest.raises(vmodl.fault.InvalidArgument):
        manager.Create(spec_of("n" * 81, [ENCRYPTION]))


def test_vsan_value_of_another_type_is_refused(manager):
    for wrong in ("2", True):
        with pytest.raises(vmodl.fault.InvalidArgument):
            manager.Create(spec_of("wrong", bundled.vsan_rules(hostFailuresToTolerate=wrong)))


@pytest.mark.parametrize("strict", [True, False])
def test_encryption_in_one_of_two_rule_sets(site, manager, strict):
    site.vcenter.settings.pbm_services_in_all_rule_sets = strict
    tags = bundled.tag_rule("tier", "gold")
    assert manager.Create(spec_of("all", [tags, ENCRYPTION], [ENCRYPTION]))
    if strict:
        with pytest.raises(vmodl.fault.InvalidArgument):
            manager.Create(spec_of("one", [tags, ENCRYPTION], [tags]))
    else:
        assert manager.Create(spec_of("one", [tags, ENCRYPTION], [tags]))


@pytest.mark.parametrize("refused", [True, False])
def test_component_that_does_not_exist(site, manager, refused):
    site.vcenter.settings.pbm_unknown_component_refused = refused
    if refused:
        with pytest.raises(vmodl.fault.InvalidArgument):
            manager.Create(spec_of("orphan", [bundled.component_rule("gone")]))
    else:
        assert manager.Create(spec_of("orphan", [bundled.component_rule("gone")]))


@pytest.mark.parametrize("refused", [True, False])
def test_policy_that_does_not_exist(site, refused):
    site.vcenter.settings.unknown_policy_refused = refused
    machine, vm = site.machine("vm6")
    WaitForTask(vm.ReconfigVM_Task(encrypt(vm, native_key())))
    ended = outcome(vm.ReconfigVM_Task(decrypt(vm, policy="gone")))
    assert ended[:2] == (("error", "InvalidArgument") if refused else ("success", ""))
    assert (machine.crypto_key is None) is not refused


@pytest.mark.parametrize("taken", [True, False])
def test_decryption_with_a_policy(site, taken):
    site.vcenter.settings.decrypt_takes_policy = taken
    machine, vm = site.machine("vm6")
    WaitForTask(vm.ReconfigVM_Task(encrypt(vm, native_key())))
    ended = outcome(vm.ReconfigVM_Task(decrypt(vm, policy=bundled.GOLD)))
    assert ended[:2] == (("success", "") if taken else ("error", "InvalidVmConfig"))
    assert machine.policy == (bundled.GOLD if taken else bundled.VM_ENCRYPTION)
    # a policy that encrypts never
    if not taken:
        assert outcome(vm.ReconfigVM_Task(decrypt(vm, policy=bundled.VM_ENCRYPTION)))[0] == "error"


@pytest.mark.parametrize("needed", [True, False])
def test_replication_without_a_group(site, needed):
    site.vcenter.settings.replication_needs_group = needed
    machine, vm = site.machine("vm1")
    change = vim.vm.ConfigSpec(vmProfile=[vim.vm.DefinedProfileSpec(profileId=bundled.REPLICATED)])
    assert outcome(vm.ReconfigVM_Task(change))[0] == ("error" if needed else "success")
    assert machine.policy == (None if needed else bundled.REPLICATED)


@pytest.mark.parametrize(("version", "needed", "refused"), [
    ("7.0.2", True, False), ("8.0.3", True, True), ("8.0.3", False, False), ("9.0", True, True),
])  # fmt: skip
def test_privilege_to_give_a_policy(tmp_path, version, needed, refused):
    site = MachineSite(tmp_path, version=version, policy_needs_apply=needed)
    try:
        site.privileges = {"VirtualMachine.Config.EditDevice"}
        site.content = site.connect().content
        _machine, vm = site.machine("vm1")
        change = vim.vm.ConfigSpec(vmProfile=[vim.vm.DefinedProfileSpec(profileId=bundled.GOLD)])
        error = vm.ReconfigVM_Task(change).info.error
        assert (error.privilegeId if error else None) == ("StorageProfile.Apply" if refused else None)
    finally:
        site.close()
