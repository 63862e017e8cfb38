# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service for storage policies: its managers and their methods."""

from __future__ import annotations

import typing as t

from pyVmomi import pbm

from . import errors, pbm_rules, vmomi
from .dispatcher import Call, operation
from .entities import HasPolicy, VirtualMachine
from .pbm_profiles import COMPONENT, CRYPT_ID, CRYPT_NAMESPACE, REQUIREMENT, STORAGE, Profiles, unknown_profile

if t.TYPE_CHECKING:
    from .core import Core
    from .inventory import Inventory
    from .store import ObjectStore

CATEGORIES = (REQUIREMENT, "RESOURCE", COMPONENT)
HOME, DISK = "virtualMachine", "virtualDiskId"
ENCRYPTION_PRIVILEGE = "Cryptographer.ManageEncryptionPolicy"
COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE = "compliant", "nonCompliant", "notApplicable"


class PbmServiceInstance:
    """Where every client begins."""

    def __init__(self, store: ObjectStore, instance_uuid: str) -> None:
        self._instance_uuid = instance_uuid
        store.add(pbm.ServiceInstance("ServiceInstance"), self, {"content": PbmServiceInstance.content})

    def content(self) -> t.Any:
        """The managers; ids as vCenter names them (vcsim)."""
        return pbm.ServiceInstanceContent(
            aboutInfo=pbm.AboutInfo(name="PBM", version="2.0", instanceUuid=self._instance_uuid),
            sessionManager=pbm.auth.SessionManager("SessionManager"),
            capabilityMetadataManager=pbm.capability.CapabilityMetadataManager("CapabilityMetadataManager"),
            profileManager=pbm.profile.ProfileManager("ProfileManager"),
            complianceManager=pbm.compliance.ComplianceManager("complianceManager"),
            placementSolver=pbm.placement.PlacementSolver("placementSolver"),
            replicationManager=pbm.replication.ReplicationManager("ReplicationManager"),
        )

    @operation("PbmRetrieveServiceContent")
    def retrieve(self, _call: Call) -> t.Any:
        """The managers."""
        return self.content()


class Associations:
    """Which VM or disk has which policy: the fields `policy` of the inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def all(self) -> t.Iterator[tuple[str, str, str]]:
        """Type and key of each entity that has a policy, and the policy."""
        for machine in self._inventory.vms:
            moid = vmomi.moid(machine.reference)
            parts: list[tuple[str, str, HasPolicy]] = [(HOME, moid, machine)]
            parts += [(DISK, f"{moid}:{disk.key}", disk) for disk in machine.disks]
            for kind, key, part in parts:
                policy = part.told_policy()
                if policy:
                    yield kind, key, policy

    def users(self, identifier: str) -> list[tuple[str, str]]:
        """Who has that policy."""
        return [(kind, key) for kind, key, policy in self.all() if policy == identifier]

    def find(self, entity: t.Any) -> tuple[str | None, bool]:
        """Policy of an entity and whether it is encrypted; raises InvalidArgument for one that does not exist."""
        moid, _colon, disk_key = entity.key.partition(":")
        machine = next((one for one in self._inventory.vms if vmomi.moid(one.reference) == moid), None)
        thing = self._part(machine, entity.objectType, disk_key) if machine else None
        if thing is None:
            raise errors.invalid_argument("entity")
        return thing.told_policy(), thing.crypto_key is not None

    @staticmethod
    def _part(machine: VirtualMachine, kind: str, disk_key: str) -> t.Any:
        if kind == HOME and not disk_key:
            return machine
        return next((disk for disk in machine.disks if kind == DISK and str(disk.key) == disk_key), None)


class ProfileManager:
    """Storage policies and who has them."""

    def __init__(self, core: Core, store: ObjectStore, profiles: Profiles, inventory: Inventory) -> None:
        self._core = core
        self._profiles = profiles
        self._root = inventory.root.reference
        self._associations = Associations(inventory)
        store.add(pbm.profile.ProfileManager("ProfileManager"), self, {})

    @operation("PbmFetchResourceType")
    def resource_types(self, _call: Call) -> list[t.Any]:
        """Only one."""
        return [pbm.profile.ResourceType(resourceType=STORAGE)]

    @operation("PbmFetchCapabilityMetadata")
    def metadata(self, call: Call) -> list[t.Any]:
        """Of all capabilities only that of encryption."""
        self._check_resource_type(call.arguments.get("resourceType"))
        capability = pbm.capability.CapabilityMetadata(
            id=pbm.capability.CapabilityMetadata.UniqueId(namespace=CRYPT_NAMESPACE, id=CRYPT_ID),
            summary=_description("VMware VM Encryption", CRYPT_ID),
            propertyMetadata=[
                pbm.capability.PropertyMetadata(
                    id="AllowCleartextFilters",
                    summary=_description("Allow I/O filters before encryption", "AllowCleartextFilters"),
                    mandatory=True,
                    defaultValue="False",
                )
            ],
        )
        category = pbm.capability.provider.CapabilityObjectMetadataPerCategory
        return [category(subCategory="ENCRYPTION", capabilityMetadata=[capability])]

    @operation("PbmQueryProfile")
    def query(self, call: Call) -> list[t.Any]:
        """Ids of a category, or of all."""
        self._check_resource_type(call.arguments["resourceType"])
        category = call.arguments.get("profileCategory")
        if category and category not in CATEGORIES:
            raise errors.invalid_argument("profileCategory")
        return [
            profile.profileId
            for profile in self._profiles.by_id.values()
            if not category or profile.profileCategory == category
        ]

    @staticmethod
    def _check_resource_type(resource_type: t.Any) -> None:
        if resource_type is not None and resource_type.resourceType != STORAGE:
            raise errors.invalid_argument("resourceType")

    @operation("PbmRetrieveContent")
    def retrieve(self, call: Call) -> list[t.Any]:
        """The profiles; none at all is an error, and so is an unknown id (vcsim, API description)."""
        wanted = call.arguments["profileIds"]
        if not wanted:
            raise unknown_profile()
        return [self._profiles.get(one.uniqueId) for one in wanted]

    def _may_write(self, call: Call, *constraints: t.Any) -> None:
        encrypting = any(self._profiles.encrypts(one) for one in constraints if one is not None)
        if encrypting and not call.session.may(ENCRYPTION_PRIVILEGE):
            raise errors.no_permission(self._root, ENCRYPTION_PRIVILEGE)

    def _check_name(self, name: str, own: t.Any = None) -> None:
        if not name:
            raise errors.invalid_argument("name")
        other = self._profiles.named(name)
        if other is not None and other is not own:
            raise pbm.fault.DuplicateName(name=name, msg=f"The name '{name}' already exists.")

    @operation("PbmCreate", kind="write")
    def create(self, call: Call) -> t.Any:
        """A new policy; the caller cannot choose its id."""
        spec = call.arguments["createSpec"]
        self._check_resource_type(spec.resourceType)
        self._may_write(call, spec.constraints)
        pbm_rules.check(self._profiles, spec.name, spec.constraints, self._core.settings)
        self._check_name(spec.name)
        category = spec.category or REQUIREMENT
        if category not in CATEGORIES:
            raise errors.invalid_argument("createSpec.category")
        user = call.session.user
        identifier = self._profiles.add(
            spec.name,
            description=spec.description,
            category=category,
            user=user,
            constraints=spec.constraints,
        )
        return pbm.profile.ProfileId(uniqueId=identifier)

    @operation("PbmUpdate", kind="write")
    def update(self, call: Call) -> None:
        """Change name, description or rules; what is not named stays."""
        profile = self._profiles.get(call.arguments["profileId"].uniqueId)
        spec = call.arguments["updateSpec"]
        self._may_write(call, profile.constraints, spec.constraints)
        pbm_rules.check(self._profiles, spec.name, spec.constraints, self._core.settings)
        if spec.name is not None:
            self._check_name(spec.name, profile)
            profile.name = spec.name
        if spec.description is not None:
            profile.description = spec.description
        if spec.constraints is not None:
            profile.constraints = spec.constraints
        profile.generationId = vmomi.typed((profile.generationId or 0) + 1, type(profile.generationId))
        profile.lastUpdatedTime = self._core.clock.now()
        profile.lastUpdatedBy = call.session.user

    @operation("PbmDelete", kind="write")
    def delete(self, call: Call) -> list[t.Any]:
        """One outcome for each; what goes wrong is in the outcome, the call itself succeeds."""
        return [
            pbm.profile.ProfileOperationOutcome(profileId=one, fault=self._remove(call, one.uniqueId))
            for one in call.arguments["profileId"]
        ]

    def _remove(self, call: Call, identifier: str) -> t.Any:
        """Take out a profile; the fault when that cannot be."""
        profile = self._profiles.by_id.get(identifier)
        if profile is None:
            return unknown_profile()
        self._may_write(call, profile.constraints)
        users = self._associations.users(identifier)
        if users:
            # text of a real vCenter: hashicorp/terraform-provider-vsphere, pull request 1863
            return pbm.fault.ResourceInUse(
                name=profile.name,
                msg=f"Profile (pbm.profile.ProfileId) {{ uniqueId = {identifier} }} is still associated with "
                f"{len(users)} entities.",
            )
        del self._profiles.by_id[identifier]
        return None

    @operation("PbmQueryAssociatedEntity")
    def entities_of(self, call: Call) -> list[t.Any]:
        """Who has a policy."""
        identifier, kind = call.arguments["profile"].uniqueId, call.arguments.get("entityType")
        self._profiles.get(identifier)
        users = self._associations.users(identifier)
        return [_reference(*user) for user in users if not kind or user[0] == kind]

    @operation("PbmQueryAssociatedEntities")
    def entities(self, call: Call) -> list[t.Any]:
        """The same for several policies; without any, all that have a policy."""
        wanted = {one.uniqueId for one in call.arguments.get("profiles") or []}
        limit = self._core.settings.policy_query_limit
        if limit and len(wanted or self._profiles.by_id) > limit:
            raise pbm.fault.PBMFault(msg="Too many profiles.")
        if not self._core.settings.policy_users_told:
            return []
        return [
            _result(_reference(kind, key), [policy])
            for kind, key, policy in self._associations.all()
            if not wanted or policy in wanted
        ]

    @operation("PbmQueryAssociatedProfile")
    def profiles_of(self, call: Call) -> list[t.Any]:
        """The policy of one entity."""
        policy, _encrypted = self._associations.find(call.arguments["entity"])
        return [pbm.profile.ProfileId(uniqueId=policy)] if policy else []

    @operation("PbmQueryAssociatedProfiles")
    def profiles(self, call: Call) -> list[t.Any]:
        """The policies of several entities; what is wrong with one of them is in its result."""
        limit, results = self._core.settings.policy_parts_limit, []
        if limit and len(call.arguments["entities"]) > limit:
            raise pbm.fault.PBMFault(msg="Too many entities.")
        for entity in call.arguments["entities"]:
            try:
                policy, _encrypted = self._associations.find(entity)
            except vmomi.MethodFault as fault:
                results.append(pbm.profile.QueryProfileResult(object=entity, fault=fault))
                continue
            results.append(_result(entity, [policy] if policy else []))
        return results


class ComplianceManager:
    """Whether entities are as their policies want them, as far as encryption goes."""

    def __init__(self, core: Core, store: ObjectStore, profiles: Profiles, inventory: Inventory) -> None:
        self._core = core
        self._profiles = profiles
        self._associations = Associations(inventory)
        store.add(pbm.compliance.ComplianceManager("complianceManager"), self, {})

    @operation("PbmCheckCompliance")
    def check(self, call: Call) -> list[t.Any]:
        """Looks."""
        return [self._result(entity, call.arguments.get("profile")) for entity in call.arguments["entities"]]

    @operation("PbmFetchComplianceResult")
    def fetch(self, call: Call) -> list[t.Any]:
        """The last result; here it is always fresh."""
        return self.check(call)

    def _result(self, entity: t.Any, profile: t.Any) -> t.Any:
        own, encrypted = self._associations.find(entity)
        policy = profile.uniqueId if profile else own
        status = NOT_APPLICABLE
        if policy:
            status = COMPLIANT if encrypted or not self._profiles.is_encryption(policy) else NON_COMPLIANT
        return pbm.compliance.ComplianceResult(
            checkTime=self._core.clock.now(),
            entity=entity,
            profile=pbm.profile.ProfileId(uniqueId=policy) if policy else None,
            complianceTaskStatus="success",
            complianceStatus=status,
            mismatch=bool(profile) and policy != own,
        )


def _reference(kind: str, key: str) -> t.Any:
    return pbm.ServerObjectRef(objectType=kind, key=key)


def _result(entity: t.Any, policies: list[str]) -> t.Any:
    identifiers = [pbm.profile.ProfileId(uniqueId=one) for one in policies]
    return pbm.profile.QueryProfileResult(object=entity, profileId=identifiers)


def _description(label: str, key: str) -> t.Any:
    return pbm.ExtendedElementDescription(label=label, summary=label, key=key, messageCatalogKeyPrefix="lab")
