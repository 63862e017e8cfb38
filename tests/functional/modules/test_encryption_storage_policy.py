# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules encryption_storage_policy and encryption_storage_policy_info against the lab."""

from __future__ import annotations

import functools

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import (
    Writes,
    converge,
    open_up,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import pbm_profiles as bundled

NAME = "encrypted"
DEFAULT = "Default encryption properties"
NOBODY = {"virtual_machines": 0, "disks": 0, "others": 0}


@pytest.fixture
def lab(lab):
    return open_up(lab)


@pytest.fixture
def run(run_module):
    return functools.partial(run_module, "encryption_storage_policy", name=NAME)


@pytest.fixture
def info(run_module):
    return functools.partial(run_module, "encryption_storage_policy_info")


def rules(lab, name=NAME):
    """What the policy asks for in vCenter: namespace, id, and the texts of its properties."""
    found = []
    for rule_set in lab.vcenter.policies.named(name).constraints.subProfiles:
        for capability in rule_set.capability:
            values = [(one.id, one.value) for one in capability.constraint[0].propertyInstance]
            found.append((capability.id.namespace, capability.id.id, values))
    return found


def refused(lab, run, **options):
    """The module fails in check mode and without it, and writes nothing."""
    count = Writes(lab)
    for check in (True, False):
        result, writes = count.of(functools.partial(run, check=check, **options))
        assert (result.failed, writes) == (True, []), result.output
        assert "\n" not in result.msg
    return result


@pytest.mark.oldest("encryption_storage_policy", "life")
def test_life_of_a_policy_by_the_default_component(lab, run, info):
    made = converge(lab, run, "storage_policy", ("id",))
    policy = made["storage_policy"]
    component = bundled.ENCRYPTION_COMPONENT
    assert rules(lab) == [("com.vmware.storageprofile.dataservice", component, [(component, component)])]
    assert {**policy, "id": None} == {
        "name": NAME,
        "id": None,
        "description": "",
        "encryption": True,
        "allow_filters_before_encryption": None,
        "allow_cleartext_filters": None,
        "component": DEFAULT,
        "rules": [],
        "made_from": None,
        "bundled": False,
        "used_by": NOBODY,
    }

    described = converge(lab, run, "storage_policy", description="ours")
    assert described.diff == {"before": {"description": ""}, "after": {"description": "ours"}}
    assert not run().changed and run()["storage_policy"]["description"] == "ours"
    converge(lab, run, "storage_policy", description="")
    assert info(name=NAME)["storage_policies"] == [policy]

    gone = converge(lab, run, "storage_policy", state="absent")
    assert gone["storage_policy"] == {}
    assert info(name=NAME)["storage_policies"] == []


@pytest.mark.parametrize("version", ["7.0.2", "9.0"])
def test_life_in_other_versions(version):
    with Lab(LabSettings(vcenter_version=version)) as lab:
        connection = harness.connection(open_up(lab), "vsphere")
        run = functools.partial(harness.run_module, "encryption_storage_policy", name=NAME, **connection)
        converge(lab, run, "storage_policy", ("id",), description="ours")
        converge(lab, run, "storage_policy", allow_filters_before_encryption=True)
        converge(lab, run, "storage_policy", state="absent")


def test_served_at_the_other_path_only(lab, run):
    lab.vcenter.settings.pbm_paths = ("/pbm",)
    converge(lab, run, "storage_policy", ("id",))
    converge(lab, run, "storage_policy", state="absent")


def test_not_served_at_all(lab, run):
    lab.vcenter.settings.pbm_paths = ()
    assert "has no storage policies" in refused(lab, run).msg


def test_former_name_of_the_filter_order_works(lab, run, info):
    made = run(allow_cleartext_filters=True)
    assert made.changed and made["storage_policy"]["allow_filters_before_encryption"] is True
    assert [one["version"] for one in made.data["deprecations"]] == ["2.0.0"]
    assert not run(allow_filters_before_encryption=True).changed
    (policy,) = info(name=NAME)["storage_policies"]
    assert policy["allow_cleartext_filters"] is policy["allow_filters_before_encryption"] is True


def test_both_names_of_the_filter_order_are_refused(lab, run):
    found = run(allow_cleartext_filters=True, allow_filters_before_encryption=False)
    assert found.failed and lab.journal.entries() == []
    assert "allow_filters_before_encryption and its former name allow_cleartext_filters are both given" in found.msg


@pytest.mark.parametrize("allowed", [True, False])
def test_a_rule_for_the_filter_order(lab, run, allowed):
    made = converge(lab, run, "storage_policy", ("id",), allow_filters_before_encryption=allowed)
    crypt = ("vmwarevmcrypt", "vmwarevmcrypt@ENCRYPTION")
    assert rules(lab) == [(*crypt, [("AllowCleartextFilters", str(allowed))])]
    assert (made["storage_policy"]["allow_filters_before_encryption"], made["storage_policy"]["component"]) == (
        allowed,
        None,
    )
    turned = converge(lab, run, "storage_policy", allow_filters_before_encryption=not allowed)
    assert turned.diff == {
        "before": {"allow_filters_before_encryption": allowed},
        "after": {"allow_filters_before_encryption": not allowed},
    }
    assert not run().changed  # not given: unchanged


def test_the_order_of_a_policy_with_other_rules(lab, run):
    lab.vcenter.settings.pbm_services_in_all_rule_sets = False
    tagged = [bundled.tag_rule("storage", "gold"), bundled.component_rule(bundled.ENCRYPTION_COMPONENT)]
    lab.vcenter.policies.add(NAME, [bundled.sub_profile("a", tagged), bundled.sub_profile("b", tagged[:1])])
    assert not run().changed
    changed = converge(lab, run, "storage_policy", allow_filters_before_encryption=True)
    assert changed.diff["before"] == {"component": DEFAULT}
    first, second, third = rules(lab)
    assert first[1] == third[1] == "storage" and list(first[2][0][1].values) == ["gold"]
    assert second[2] == [("AllowCleartextFilters", "True")]


def test_a_change_of_a_policy_in_use_is_warned_of(lab, run):
    made = run()
    machine = lab.vcenter.inventory.vm("vm2")
    machine.policy = machine.disks[0].policy = machine.disks[1].policy = made["storage_policy"]["id"]
    quiet = run(description="more")
    assert quiet.changed and not quiet.warnings
    checked = run(check=True, allow_filters_before_encryption=False)
    done = run(allow_filters_before_encryption=False)
    assert checked.warnings == done.warnings
    (warning,) = done.warnings
    assert "in use by 1 virtual machines, 2 disks." in warning
    assert done["storage_policy"]["used_by"] == {"virtual_machines": 1, "disks": 2, "others": 0}


def test_a_policy_in_use_stays(lab, run):
    identifier = run()["storage_policy"]["id"]
    inventory = lab.vcenter.inventory
    inventory.vm("vm1").policy = inventory.vm("vm3").disks[0].policy = identifier
    result = refused(lab, run, state="absent")
    assert result["failure"]["kind"] == "refused_by_guard"
    assert result["failure"]["in_use_by"] == ["VM vm1", "VM vm3"]
    assert "in use by VM vm1, VM vm3; nothing was changed" in result.msg
    inventory.vm("vm1").policy = inventory.vm("vm3").disks[0].policy = None
    converge(lab, run, "storage_policy", state="absent")


def test_a_policy_that_many_use(lab, run):
    identifier = run()["storage_policy"]["id"]
    inventory = lab.vcenter.inventory
    for number in range(120):
        inventory.add_vm(f"many{number:03}").policy = identifier
    mark = lab.journal.mark()
    result = refused(lab, run, state="absent")
    assert "VM many000, VM many001" in result.msg and "and 110 more" in result.msg
    assert len(result["failure"]["in_use_by"]) == 120
    assert lab.journal.count("vcenter", operation="RetrievePropertiesEx", since=mark) == 2  # one in each of both runs


def test_users_that_vcenter_does_not_tell(lab, run):
    """It refuses in the outcome of a call that succeeds, as when the policy comes into use at the last moment."""
    identifier = run()["storage_policy"]["id"]
    lab.vcenter.inventory.vm("vm1").policy = identifier
    lab.vcenter.settings.policy_users_told = False
    result = run(state="absent")
    assert result.failed and "still associated with 1 entities" in result.msg
    assert result["failure"]["kind"] == "conflict"
    assert lab.vcenter.policies.named(NAME) is not None


@pytest.mark.parametrize("name", ["VM Encryption Policy", "Management Storage policy - Encryption"])
def test_bundled_policies_stay(lab, run, name):
    assert not run(name=name).changed
    for options in ({"state": "absent"}, {"description": "mine"}, {"allow_filters_before_encryption": True}):
        result = refused(lab, run, name=name, **options)
        assert "is built into vCenter" in result.msg
        assert result["failure"]["kind"] == "refused_by_guard"


@pytest.mark.parametrize("name", ["Gold storage", "vSAN Default Storage Policy"])
def test_policies_that_do_not_encrypt_stay(lab, run, name):
    for options in ({}, {"state": "absent"}, {"allow_filters_before_encryption": True}):
        result = refused(lab, run, name=name, **options)
        assert "does not encrypt" in result.msg
        assert result["failure"]["kind"] == "refused_by_guard"


def test_the_name_of_a_component_is_taken(lab, run):
    result = run(name=DEFAULT)
    assert result.failed and "DuplicateName" in result.msg
    assert result["failure"]["kind"] == "conflict"


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "must not be empty"), ("  ", "must not be empty"), ("n" * 81, "at most 80 characters, got 81: nnn")],
)
def test_name_that_no_policy_can_have(lab, run, name, words):
    assert words in refused(lab, run, name=name).msg


@pytest.mark.parametrize("missing", ["StorageProfile.View", "StorageProfile.Update"])
def test_missing_privilege(lab, run, missing):
    everything = lab.vcenter.authenticate
    lab.vcenter.authenticate = lambda user, password: set(everything(user, password)) - {missing}
    result = run()
    assert result.failed and f"lacks the privilege {missing}" in result.msg
    assert result["failure"]["kind"] == "forbidden"


@pytest.mark.oldest("encryption_storage_policy", "refusal")
def test_missing_right_for_encryption(lab, run):
    lab.ovhcloud.vsphere_user(lab.vcenter_username).rights["encryptionRight"] = False
    result = run()
    assert result.failed and "lacks the privilege Cryptographer.ManageEncryptionPolicy" in result.msg
    assert "encryption_right" in result.msg


def test_missing_privilege_in_other_words(lab, run):
    lab.vcenter.settings.pbm_permission_fault = "PbmFaultNoPermission"
    everything = lab.vcenter.authenticate
    lab.vcenter.authenticate = lambda user, password: set(everything(user, password)) - {"StorageProfile.Update"}
    result = run()
    assert result.failed and "The user lacks a privilege" in result.msg
    assert result["failure"]["kind"] == "forbidden"


@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
@pytest.mark.parametrize("operation", ["PbmCreate", "PbmUpdate", "PbmDelete"])
def test_a_request_that_is_lost(lab, run, operation, action):
    """The next run converges, whether the lost request took effect or not."""
    options = {"PbmCreate": {}, "PbmUpdate": {"description": "new"}, "PbmDelete": {"state": "absent"}}[operation]
    if operation != "PbmCreate":
        assert not run().failed
    lab.faults.add(action, operation=operation)
    assert run(**options).failed
    assert not run(**options).failed
    again = run(**options)
    assert not again.failed and not again.changed


def test_combined_policy_tells_its_rules_and_its_origin(lab, run, info):
    bundled.add_team_policies(lab.vcenter.policies)
    both = [*bundled.vsan_rules(hostFailuresToTolerate=2), bundled.component_rule(bundled.ENCRYPTION_COMPONENT)]
    text = f"Original policy: {bundled.VSAN_RAID_6}"
    identifier = lab.vcenter.policies.add(NAME, [bundled.sub_profile("VSAN", both)], description=text)
    (found,) = info(name=NAME)["storage_policies"]
    assert (found["rules"], found["made_from"]) == (["VSAN.hostFailuresToTolerate=2"], "vSAN RAID-6")
    assert not run().changed
    # in use: it stays, and a description that tells nothing is warned of
    lab.vcenter.inventory.vm("vm1").policy = identifier
    assert "is in use by VM vm1" in refused(lab, run, state="absent").msg
    quiet = converge(lab, run, "storage_policy", description=f"ours. {text}")
    assert not [one for one in quiet.warnings if "no longer says" in one]
    told = converge(lab, run, "storage_policy", description="ours")
    (warning,) = [one for one in told.warnings if "no longer says that it was made from vSAN RAID-6" in one]
    assert told["storage_policy"]["made_from"] is None and "\n" not in warning
    # the policy that it was made from is gone: its id is told
    run(description=text)
    del lab.vcenter.policies.by_id[bundled.VSAN_RAID_6]
    assert info(name=NAME)["storage_policies"][0]["made_from"] == bundled.VSAN_RAID_6
    lab.vcenter.inventory.vm("vm1").policy = None
    converge(lab, run, "storage_policy", state="absent")


@pytest.mark.oldest("encryption_storage_policy_info", "life")
def test_info(lab, info):
    machine = lab.vcenter.inventory.vm("vm2")
    machine.policy = machine.disks[0].policy = bundled.VM_ENCRYPTION
    lab.vcenter.inventory.vm("vm1").disks[0].policy = bundled.GOLD
    mark = lab.journal.mark()
    result = info()
    assert not result.changed
    assert result["vcenter"] == lab.vcenter_hostname
    facts = {one["name"]: (one["encryption"], one["used_by"]) for one in result["storage_policies"]}
    assert facts == {
        "Management Storage policy - Encryption": (True, NOBODY),
        "VM Encryption Policy": (True, {"virtual_machines": 1, "disks": 1, "others": 0}),
    }
    assert lab.journal.count("vcenter", operation="Pbm*", since=mark) == 5
    everything = info(all_policies=True)["storage_policies"]
    assert len(everything) == 6
    gold = next(one for one in everything if one["name"] == "Gold storage")
    assert (gold["encryption"], gold["bundled"]) == (False, False)
    assert gold["used_by"] == {"virtual_machines": 1, "disks": 1, "others": 0}
    assert info(name="Gold storage")["storage_policies"] == []
    assert [one["name"] for one in info(name="Gold storage", all_policies=True)["storage_policies"]] == ["Gold storage"]
    assert info(name="none")["storage_policies"] == []


def test_no_secret_is_told(lab, run, info):
    for result in (run(), info(), run(state="absent"), run(name="Gold storage"), run(password="wrong secret")):
        assert lab.vcenter_password not in result.output
        assert "wrong secret" not in result.output
