# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage policies in vCenter's shape, for tests."""

from __future__ import annotations

import datetime

from pyVmomi import pbm

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.policy import (
    DEFAULT_COMPONENT,
    Component,
)

COMPONENTS = {
    DEFAULT_COMPONENT: Component(DEFAULT_COMPONENT, "Default encryption properties", encryption=True),
    "io": Component("io", "High IO shares", encryption=False),
}
DATASERVICE = "com.vmware.storageprofile.dataservice"
CRYPT = ("vmwarevmcrypt", "vmwarevmcrypt@ENCRYPTION", "AllowCleartextFilters")
DEFAULT = (DATASERVICE, DEFAULT_COMPONENT, DEFAULT_COMPONENT, DEFAULT_COMPONENT)
IO = (DATASERVICE, "io", "io", "io")
VSAN = ("VSAN", "stripeWidth", "stripeWidth", 2)


def capability(namespace, identifier, name, value):
    instance = pbm.capability.PropertyInstance(id=name, value=value)
    return pbm.capability.CapabilityInstance(
        id=pbm.capability.CapabilityMetadata.UniqueId(namespace=namespace, id=identifier),
        constraint=[pbm.capability.ConstraintInstance(propertyInstance=[instance])],
    )


def profile(*rule_sets, identifier="p", constraints=None, **fields):
    subs = [
        pbm.profile.SubProfileCapabilityConstraints.SubProfile(
            name=f"set {number}", capability=[capability(*rule) for rule in rules], forceProvision=True
        )
        for number, rules in enumerate(rule_sets)
    ]
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    return pbm.profile.CapabilityBasedProfile(
        profileId=pbm.profile.ProfileId(uniqueId=identifier),
        name="team",
        creationTime=now,
        createdBy="u",
        lastUpdatedTime=now,
        lastUpdatedBy="u",
        profileCategory="REQUIREMENT",
        resourceType=pbm.profile.ResourceType(resourceType="STORAGE"),
        constraints=constraints or pbm.profile.SubProfileCapabilityConstraints(subProfiles=subs),
        isDefault=False,
        **fields,
    )


def rules_of(constraints):
    return [
        [
            (one.id.namespace, one.id.id, instance.id, instance.value)
            for one in rule_set.capability
            for instance in one.constraint[0].propertyInstance
        ]
        for rule_set in constraints.subProfiles
    ]
