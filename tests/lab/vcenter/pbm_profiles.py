# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage policies and components: those that come with a vCenter, and those that somebody made."""

from __future__ import annotations

import datetime
import typing as t
import uuid

from pyVmomi import pbm, vmodl

# ids, names, descriptions and rules are those that vCenters list (vcsim, vmware.vmware_rest, 7.0.2)
VM_ENCRYPTION = "4d5f673c-536f-11e6-beb8-9e71128cae77"
MANAGEMENT_ENCRYPTION = "b1263970-8662-69e2-adc6-fa8ae01abecc"
VSAN_DEFAULT = "aa6d5a82-1c88-45da-85d3-3d74b91a5bad"
VVOL_DEFAULT = "f4e5bade-15a2-4805-bf8e-52318c4ce443"
PMEM_DEFAULT = "c268da1b-b343-49f7-a468-b1deeb7078e0"
ENCRYPTION_COMPONENT = "ad5a249d-cbc2-43af-9366-694d7664fa52"
IO_SHARES_COMPONENT = "0f5b3f57-63a5-4c0e-9dd8-b4a8a2c1c9e1"  # invented
GOLD = "5f2c7a38-0c0b-4d43-9f61-6a6f1f2a7d10"  # a policy of the team, invented
# those of add_team_policies, invented
VSAN_RAID_6 = "0e3f8c5a-7a35-4a0a-a7a4-6f0c8f6f6b01"
TAGGED = "0e3f8c5a-7a35-4a0a-a7a4-6f0c8f6f6b02"
TWO_RULE_SETS = "0e3f8c5a-7a35-4a0a-a7a4-6f0c8f6f6b03"
REPLICATED = "0e3f8c5a-7a35-4a0a-a7a4-6f0c8f6f6b04"
REPLICATION_COMPONENT = "0e3f8c5a-7a35-4a0a-a7a4-6f0c8f6f6b05"

STORAGE, REQUIREMENT, COMPONENT = "STORAGE", "REQUIREMENT", "DATA_SERVICE_POLICY"
COMPONENTS_NAMESPACE = "com.vmware.storageprofile.dataservice"
TAGS_NAMESPACE = "http://www.vmware.com/storage/tag"
CRYPT_NAMESPACE, CRYPT_ID = "vmwarevmcrypt", "vmwarevmcrypt@ENCRYPTION"
VSAN_NAMESPACE = "VSAN"
# values of replicaPreference (vSAN docs)
ERASURE_CODING, MIRRORING = "RAID-5/6 (Erasure Coding) - Capacity", "RAID-1 (Mirroring) - Performance"
SYSTEM_USER = "Temporary user handle"

Value = t.Any
Rule = tuple[str, str, t.Mapping[str, Value]]  # namespace, id, properties


def component_rule(component: str) -> Rule:
    """Reference to a component: capability, property and value all carry its id."""
    return COMPONENTS_NAMESPACE, component, {component: component}


def encryption_rule(allow_filters_before_encryption: bool = False) -> Rule:
    """Encryption without a component; the value is a text."""
    return CRYPT_NAMESPACE, CRYPT_ID, {"AllowCleartextFilters": str(allow_filters_before_encryption)}


def tag_rule(category: str, *tags: str, operator: str | None = None) -> Rule:
    """Only datastores with one of the tags; with the operator NOT only those with none of them."""
    values = pbm.capability.types.DiscreteSet(values=list(tags))
    name = f"com.vmware.storage.tag.{category}.property"
    return TAGS_NAMESPACE, category, {name: pbm.capability.PropertyInstance(id=name, operator=operator, value=values)}


def vsan_rules(**values: Value) -> list[Rule]:
    """Rules of vSAN."""
    return [(VSAN_NAMESPACE, name, {name: value}) for name, value in values.items()]


def _property(name: str, value: Value) -> t.Any:
    ready = isinstance(value, pbm.capability.PropertyInstance)
    return value if ready else pbm.capability.PropertyInstance(id=name, value=value)


def sub_profile(name: str, rules: t.Iterable[Rule], force: bool | None = None) -> t.Any:
    """A rule set in vCenter's shape."""
    capabilities = [
        pbm.capability.CapabilityInstance(
            id=pbm.capability.CapabilityMetadata.UniqueId(namespace=namespace, id=identifier),
            constraint=[
                pbm.capability.ConstraintInstance(
                    propertyInstance=[_property(name, value) for name, value in properties.items()]
                )
            ],
        )
        for namespace, identifier, properties in rules
    ]
    return pbm.profile.SubProfileCapabilityConstraints.SubProfile(
        name=name, capability=capabilities, forceProvision=force
    )


def constraints_of(*sub_profiles: t.Any) -> t.Any:
    """Constraints; without a rule set they are of the base type, as the default policy of VVol has them."""
    if not sub_profiles:
        return pbm.profile.CapabilityConstraints()
    return pbm.profile.SubProfileCapabilityConstraints(subProfiles=list(sub_profiles))


def capabilities_in(constraints: t.Any) -> t.Iterator[t.Any]:
    """Every capability of all rule sets."""
    for one in getattr(constraints, "subProfiles", None) or []:
        yield from one.capability


def unknown_profile() -> Exception:
    """No profile has that id."""
    return vmodl.fault.InvalidArgument(
        invalidProperty="profileIds", msg="A specified parameter was not correct: profileIds"
    )


class Profiles:
    """All profiles by id. Callers hold the lock of the vCenter."""

    def __init__(self, now: t.Callable[[], datetime.datetime]) -> None:
        self._now = now
        self.by_id: dict[str, t.Any] = {}
        self._bundled()
        self.add("Gold storage", [sub_profile("Tag based placement", [tag_rule("storage", "gold"), _IO])], GOLD)

    def add(
        self,
        name: str,
        sub_profiles: t.Sequence[t.Any] = (),
        identifier: str | None = None,
        description: str | None = "",
        category: str = REQUIREMENT,
        user: str = SYSTEM_USER,
        constraints: t.Any = None,
        **more: t.Any,
    ) -> str:
        """Put in a profile and return its id."""
        identifier = identifier or str(uuid.uuid4())
        now = self._now()
        self.by_id[identifier] = pbm.profile.CapabilityBasedProfile(
            profileId=pbm.profile.ProfileId(uniqueId=identifier),
            name=name,
            description=description,
            creationTime=now,
            createdBy=user,
            lastUpdatedTime=now,
            lastUpdatedBy=user,
            profileCategory=category,
            resourceType=pbm.profile.ResourceType(resourceType=STORAGE),
            constraints=constraints or constraints_of(*sub_profiles),
            generationId=0,
            isDefault=False,
            **more,
        )
        return identifier

    def get(self, identifier: str) -> t.Any:
        """The profile; raises InvalidArgument."""
        if identifier not in self.by_id:
            raise unknown_profile()
        return self.by_id[identifier]

    def named(self, name: str) -> t.Any:
        """The profile of that name, None when there is none."""
        return next((profile for profile in self.by_id.values() if profile.name == name), None)

    def encrypts(self, constraints: t.Any) -> bool:
        """Whether rules ask for encryption, directly or by a component."""
        return any(self.encrypting(one) for one in capabilities_in(constraints))

    def encrypting(self, capability: t.Any) -> bool:
        """Whether a capability asks for encryption, by itself or by the component that it refers to."""
        namespace, identifier = capability.id.namespace, capability.id.id
        if (namespace, identifier) == (CRYPT_NAMESPACE, CRYPT_ID):
            return True
        component = self.by_id.get(identifier) if namespace == COMPONENTS_NAMESPACE else None
        return component is not None and self.encrypts(component.constraints)

    def replicates(self, identifier: str) -> bool:
        """Whether a policy refers to a component for replication."""
        profile = self.by_id.get(identifier)
        referred = [self.by_id.get(one.id.id) for one in capabilities_in(profile.constraints)] if profile else []
        return any(one is not None and one.lineOfService == "REPLICATION" for one in referred)

    def is_encryption(self, identifier: str) -> bool:
        """Whether the profile of that id is an encryption policy; an unknown one is not."""
        profile = self.by_id.get(identifier)
        return profile is not None and self.encrypts(profile.constraints)

    def _bundled(self) -> None:
        default = [component_rule(ENCRYPTION_COMPONENT)]
        self.add(
            "vSAN Default Storage Policy",
            [sub_profile("VSAN sub-profile", vsan_rules(hostFailuresToTolerate=1, stripeWidth=1, **_NO_RESERVE))],
            VSAN_DEFAULT,
            "Storage policy used as default for vSAN datastores",
            systemCreatedProfileType="VsanDefaultProfile",
        )
        self.add(
            "VVol No Requirements Policy",
            (),
            VVOL_DEFAULT,
            "Allow the datastore to determine the best placement strategy for storage objects",
            systemCreatedProfileType="VVolDefaultProfile",
        )
        self.add(
            "Host-local PMem Default Storage Policy",
            [sub_profile("PMem sub-profile", [("PMem", "PMemType", {"PMemType": "LocalPMem"})])],
            PMEM_DEFAULT,
            "Storage policy used as default for Host-local PMem datastores",
            systemCreatedProfileType="PmemDefaultProfile",
        )
        self.add(
            "VM Encryption Policy",
            [sub_profile("sp-1", default, force=False)],
            VM_ENCRYPTION,
            "Sample storage policy for VMware's VM and virtual disk encryption",
        )
        management = vsan_rules(hostFailuresToTolerate=1, replicaPreference=MIRRORING, proportionalCapacity=100)
        self.add(
            "Management Storage policy - Encryption",
            [sub_profile("vSAN VMC Small sub-profile", management + default)],
            MANAGEMENT_ENCRYPTION,
            "Management Storage policy used for encrypting VM",
            systemCreatedProfileType="VmcManagementProfile",
        )
        self._components()

    def _components(self) -> None:
        self.add(
            "Default encryption properties",
            [sub_profile("sp-1", [encryption_rule()])],
            ENCRYPTION_COMPONENT,
            "Storage policy component for VM and virtual disk encryption",
            COMPONENT,
            lineOfService="ENCRYPTION",
        )
        shares = {"limit": -1, "reservation": 0, "shares": 2000}
        self.add(
            "High IO shares allocation",
            [sub_profile("SIOC sub-profile", [("spm", "spm@DATASTOREIOCONTROL", shares)])],
            IO_SHARES_COMPONENT,
            "Storage policy component for high IO shares",
            COMPONENT,
            lineOfService="DATASTORE_IO_CONTROL",
        )


def add_team_policies(profiles: Profiles) -> None:
    """Policies as teams have them: vSAN with two rules, tags with one that excludes, two rule sets, replication."""
    raid_6 = vsan_rules(hostFailuresToTolerate=2, replicaPreference=ERASURE_CODING)
    profiles.add("vSAN RAID-6", [sub_profile("VSAN", raid_6, force=False)], VSAN_RAID_6, "two hosts may fail")
    tags = [tag_rule("tier", "gold", "silver"), tag_rule("site", "test", operator="NOT")]
    profiles.add("Gold, not test", [sub_profile("Tag based placement", tags)], TAGGED)
    two = [sub_profile("vSAN", raid_6), sub_profile("Tag based placement", [tag_rule("tier", "gold")])]
    profiles.add("vSAN or gold", two, TWO_RULE_SETS)
    # the rules of array-based replication are those of the array: namespace and id are invented
    replication = ("com.example.array", "replication@REPLICATION", {"recoveryPointObjective": 15})
    component = [sub_profile("Replication", [replication])]
    profiles.add("Array replication", component, REPLICATION_COMPONENT, "", COMPONENT, lineOfService="REPLICATION")
    rules = [tag_rule("tier", "gold"), component_rule(REPLICATION_COMPONENT)]
    profiles.add("Replicated", [sub_profile("Array", rules)], REPLICATED)


_NO_RESERVE = {"forceProvisioning": False, "proportionalCapacity": 0, "cacheReservation": 0}
_IO = component_rule(IO_SHARES_COMPONENT)  # a component that has nothing to do with encryption
