# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storage policies of the back end against the lab: what others build on, and how many requests it takes."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import errors
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.policy import (
    DEFAULT_COMPONENT,
    VM_ENCRYPTION_POLICY,
    Policy,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.store import StoragePolicies
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import session_in
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import pbm_profiles as bundled

READING = ["PbmRetrieveServiceContent", "PbmQueryProfile", "PbmRetrieveContent", "PbmRetrieveContent"]


@pytest.fixture
def store(lab):
    with session_in(lab) as session:
        yield StoragePolicies(session)


def operations(lab, mark):
    return [entry.operation for entry in lab.journal.entries("vcenter", since=mark)]


def test_policies_are_told_apart_by_their_rules(lab, store):
    policies = lab.vcenter.policies
    policies.add("direct", [bundled.sub_profile("a", [bundled.encryption_rule(True)])])
    both = [bundled.sub_profile("a", [bundled.encryption_rule(True)]), bundled.sub_profile("b", [_component()])]
    policies.add("two ways", both)
    policies.add("no Encryption Policy", [bundled.sub_profile("a", [bundled.tag_rule("storage", "fast")])])
    found = {one.name: one for one in store.all()}
    facts = {
        name: (one.encryption, one.form, one.allow_filters_before_encryption, one.bundled)
        for name, one in found.items()
    }
    assert facts == {
        "VM Encryption Policy": (True, "component", None, True),
        "Management Storage policy - Encryption": (True, "component", None, True),
        "direct": (True, "rule", True, False),
        "two ways": (True, "mixed", None, False),
        "no Encryption Policy": (False, None, None, False),
        "Gold storage": (False, None, None, False),
        "vSAN Default Storage Policy": (False, None, None, True),
        "VVol No Requirements Policy": (False, None, None, True),
        "Host-local PMem Default Storage Policy": (False, None, None, True),
    }
    assert found["VM Encryption Policy"].component == "Default encryption properties"
    assert store.names()[VM_ENCRYPTION_POLICY] == "VM Encryption Policy"


def _component():
    return bundled.component_rule(DEFAULT_COMPONENT)


def test_components_of_the_team_count(lab, store):
    rules = [bundled.sub_profile("sp-1", [bundled.encryption_rule(True)])]
    component = lab.vcenter.policies.add("ours", rules, category="DATA_SERVICE_POLICY")
    lab.vcenter.policies.add("team", [bundled.sub_profile("a", [bundled.component_rule(component)])])
    policy = store.find("team")
    assert (policy.form, policy.component, policy.allow_filters_before_encryption) == ("component", "ours", None)


def test_a_component_that_is_gone(lab, store):
    lab.vcenter.policies.add("orphan", [bundled.sub_profile("a", [bundled.component_rule("gone")])])
    del lab.vcenter.policies.by_id[DEFAULT_COMPONENT]
    assert {one.name for one in store.all() if one.encryption} == {
        "VM Encryption Policy",
        "Management Storage policy - Encryption",
    }


def test_requests(lab, store):
    lab.vcenter.inventory.vm("vm1").policy = VM_ENCRYPTION_POLICY
    mark = lab.journal.mark()
    for _round in range(2):
        store.all()
        store.names()
        store.find()
    assert operations(lab, mark) == READING
    mark = lab.journal.mark()
    assert store.associations() == {"vm-1": [VM_ENCRYPTION_POLICY]}
    assert operations(lab, mark) == ["PbmQueryAssociatedEntities"]


def test_find(lab, store):
    assert store.find().id == store.find("VM Encryption Policy").id == VM_ENCRYPTION_POLICY
    lab.vcenter.policies.by_id[VM_ENCRYPTION_POLICY].name = "renamed"
    with session_in(lab) as session:
        assert StoragePolicies(session).find().name == "renamed"
    with pytest.raises(errors.NotFoundError, match=r"no storage policy none .*Management Storage policy - Encryption"):
        store.find("none")
    with pytest.raises(errors.InvalidInputError, match=r"Gold storage .*does not encrypt; encryption policies: "):
        store.find("Gold storage")


def test_find_without_any_encryption_policy(lab, store):
    for identifier in (VM_ENCRYPTION_POLICY, bundled.MANAGEMENT_ENCRYPTION):
        del lab.vcenter.policies.by_id[identifier]
    with pytest.raises(errors.NotFoundError, match=r"no bundled VM Encryption Policy .*there is no encryption policy"):
        store.find()


def test_associations(lab, store):
    machine = lab.vcenter.inventory.vm("vm2")
    first, second = machine.disks[:2]
    machine.policy = first.policy = VM_ENCRYPTION_POLICY
    second.policy = bundled.GOLD
    everything = {
        "vm-2": [VM_ENCRYPTION_POLICY],
        f"vm-2:{first.key}": [VM_ENCRYPTION_POLICY],
        f"vm-2:{second.key}": [bundled.GOLD],
    }
    assert store.associations() == everything
    gold = [one for one in store.all() if one.name == "Gold storage"]
    assert store.associations(gold) == {f"vm-2:{second.key}": [bundled.GOLD]}
    assert store.associations([]) == {}


@pytest.mark.parametrize(("limit", "requests"), [(1, 11), (3, 3), (5, 3)])
def test_a_question_that_is_too_large_is_split(lab, store, limit, requests):
    lab.vcenter.settings.policy_query_limit = limit
    machine = lab.vcenter.inventory.vm("vm1")
    machine.policy, machine.disks[0].policy = VM_ENCRYPTION_POLICY, bundled.GOLD
    assert len(store.all()) == 6
    mark = lab.journal.mark()
    found = store.associations()
    assert found == {"vm-1": [VM_ENCRYPTION_POLICY], f"vm-1:{machine.disks[0].key}": [bundled.GOLD]}
    assert len(operations(lab, mark)) == requests


def test_a_service_that_fails_is_asked_once(lab, store):
    store.all()
    lab.faults.add("status", operation="PbmQueryAssociatedEntities", status=503, times=9)
    mark = lab.journal.mark()
    with pytest.raises(errors.ApiError, match="503"):
        store.associations()
    assert len(operations(lab, mark)) == 1


@pytest.mark.parametrize("version", ["7.0.2", "9.0"])
def test_other_versions(version):
    with Lab(LabSettings(vcenter_version=version)) as lab, session_in(lab) as session:
        assert isinstance(StoragePolicies(session).find(), Policy)


def test_served_at_the_other_path_only(lab, store):
    lab.vcenter.settings.pbm_paths = ("/pbm",)
    mark = lab.journal.mark()
    assert store.find().id == VM_ENCRYPTION_POLICY
    assert operations(lab, mark)[-4:] == READING


def test_not_served_at_all(lab, store):
    lab.vcenter.settings.pbm_paths = ()
    with pytest.raises(errors.UnsupportedError, match="has no storage policies"):
        store.all()
