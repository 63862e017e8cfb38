# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage policies: from vCenter's shape to ours and back."""

from __future__ import annotations

import pytest
from pyVmomi import pbm

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import errors
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import from_fault
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.policy import (
    DEFAULT_COMPONENT,
    VM_ENCRYPTION_POLICY,
    component_ids,
    component_of,
    create_spec,
    policy_of,
    with_filter_order,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.unit.plugins.module_utils._vsphere.policies.shapes import (
    COMPONENTS,
    CRYPT,
    DATASERVICE,
    DEFAULT,
    IO,
    VSAN,
    profile,
    rules_of,
)


@pytest.mark.parametrize(
    ("rule_sets", "form", "allowed"),
    [
        ([[DEFAULT]], "component", None),
        ([[VSAN, DEFAULT], [DEFAULT]], "component", None),
        ([[(*CRYPT, "True")]], "rule", True),
        ([[(*CRYPT, "False")], [VSAN]], "rule", False),
        ([[(*CRYPT, "false")]], "rule", False),
        ([[(*CRYPT, True)]], "rule", True),
        ([[(*CRYPT, "perhaps")]], "rule", None),
        ([[(*CRYPT, "True")], [(*CRYPT, "False")]], "mixed", None),
        ([[(*CRYPT, "True")], [DEFAULT]], "mixed", None),
        ([[VSAN, IO]], None, None),
        ([[("IOFILTERS", *CRYPT[1:], "True")]], None, None),
        ([[(DATASERVICE, "unknown", "unknown", "unknown")]], None, None),
    ],
)
def test_what_encrypts(rule_sets, form, allowed):
    policy = policy_of(profile(*rule_sets), COMPONENTS)
    assert (policy.form, policy.encryption, policy.allow_filters_before_encryption) == (form, form is not None, allowed)
    assert policy.component == ("Default encryption properties" if form == "component" else None)
    assert policy.description == ""


def test_constraints_without_rule_sets():
    policy = policy_of(profile(constraints=pbm.profile.CapabilityConstraints()), COMPONENTS)
    assert (policy.encryption, policy.form) == (False, None)


@pytest.mark.parametrize(
    ("fields", "bundled"),
    [
        ({}, False),
        ({"identifier": VM_ENCRYPTION_POLICY}, True),
        ({"systemCreatedProfileType": "VsanDefaultProfile"}, True),
        ({"systemCreatedProfileType": ""}, False),
    ],
)
def test_bundled(fields, bundled):
    assert policy_of(profile([DEFAULT], **fields), COMPONENTS).bundled is bundled


def test_components():
    assert component_ids([profile([VSAN, IO]), profile([DEFAULT])]) == {"io", DEFAULT_COMPONENT}
    assert component_of(profile([(*CRYPT, "True")])).encryption
    assert component_of(profile([VSAN], lineOfService="ENCRYPTION")).encryption
    assert not component_of(profile([VSAN], lineOfService="CACHING")).encryption


@pytest.mark.parametrize(("allowed", "rule"), [(None, DEFAULT), (True, (*CRYPT, "True")), (False, (*CRYPT, "False"))])
def test_new_policy(allowed, rule):
    spec = create_spec("team", "ours", allowed)
    assert (spec.name, spec.description, spec.category, spec.resourceType.resourceType) == (
        "team",
        "ours",
        "REQUIREMENT",
        "STORAGE",
    )
    assert rules_of(spec.constraints) == [[rule]]


def test_a_change_leaves_all_other_rules_alone():
    before = policy_of(profile([VSAN, DEFAULT, IO], [VSAN], [(*CRYPT, "True")]), COMPONENTS)
    after = with_filter_order(before, False, COMPONENTS)
    assert rules_of(after) == [[VSAN, IO, (*CRYPT, "False")], [VSAN], [(*CRYPT, "False")]]
    assert [(one.name, one.forceProvision) for one in after.subProfiles] == [
        ("set 0", True),
        ("set 1", True),
        ("set 2", True),
    ]


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (pbm.fault.DuplicateName(name="team", msg="taken"), errors.ConflictError, "taken (DuplicateName)"),
        (pbm.fault.ResourceInUse(name="team", msg="used"), errors.ConflictError, "used (ResourceInUse)"),
        (pbm.fault.NotFound(msg="gone"), errors.NotFoundError, "gone (NotFound)"),
        (pbm.fault.ProfileStorageFault(msg="disk full"), errors.ApiError, "disk full (ProfileStorageFault)"),
        (pbm.fault.NoPermission(msg="denied"), errors.ForbiddenError, "denied (NoPermission). The user lacks"),
    ],
)
def test_faults_of_the_service(fault, kind, words):
    error = from_fault(fault, "do it on vc")
    assert error.__class__ is kind
    assert error.message.startswith(f"could not do it on vc: {words}")
