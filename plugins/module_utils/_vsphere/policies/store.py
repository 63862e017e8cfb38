# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storage policies of a vCenter and who uses them, read for all at once."""

from __future__ import annotations

import http
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    InvalidInputError,
    NotFoundError,
    UnsupportedError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection import errors
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import pbm
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.policy import (
    DEFAULT_COMPONENT,
    REQUIREMENT,
    STORAGE,
    VM_ENCRYPTION_POLICY,
    Component,
    Policy,
    component_ids,
    component_of,
    create_spec,
    default_component,
    encrypting_spec,
    policy_of,
    with_filter_order,
)

# clients of others use the one or the other (assumption pbm-paths)
_PATHS = ("/pbm/sdk", "/pbm")
# pyVmomi does not negotiate here. This is vSphere 6.5: it has all that is needed, and every vCenter knows it.
# A vCenter may refuse one that is newer than itself (assumption pbm-strict-version).
PBM_VERSION = "pbm.version.version11"
_HOME, _DISK = ("virtualMachine", "virtualMachineAndDisks"), "virtualDiskId"
# no limit is documented; a question that is refused is halved (assumption policy-parts-limit)
_BLOCK = 500  # homes and disks in one question for their policies


class Use(t.NamedTuple):
    """Something that has a policy. `key` is vm-12 for the home of a VM, vm-12:2000 for a disk."""

    kind: str
    key: str
    policies: tuple[str, ...]

    @property
    def machine(self) -> str | None:
        """Id of the virtual machine; None for what is no part of one."""
        return self.key.partition(":")[0] if self.kind in _HOME or self.is_disk else None

    @property
    def is_disk(self) -> bool:
        """Whether it is a disk of a virtual machine."""
        return self.kind == _DISK


class StoragePolicies:
    """All policies, read when they are first asked for: four requests (one more where PBM is at /pbm only)."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._loaded_manager: t.Any = None
        self._policies: list[Policy] | None = None
        self._components: dict[str, Component] = {}

    def all(self) -> list[Policy]:
        """All policies that VMs may have, by name."""
        if self._policies is None:
            profiles = self._read()
            self._components = self._read_components(component_ids(profiles))
            found = [policy_of(profile, self._components) for profile in profiles]
            self._policies = sorted(found, key=lambda policy: (policy.name, policy.id))
        return self._policies

    def names(self) -> dict[str, str]:
        """Names by id."""
        return {policy.id: policy.name for policy in self.all()}

    def named(self, name: str) -> Policy | None:
        """The policy of that name, None when there is none."""
        return next((policy for policy in self.all() if policy.name == name), None)

    def meant(self, name: str) -> Policy | None:
        """The same, or else the one whose name differs by white space around it only."""
        return self.named(name) or next((policy for policy in self.all() if policy.name.strip() == name), None)

    def find(self, name: str | None = None) -> Policy:
        """The encryption policy of that name; without a name the one that comes with every vCenter."""
        if name is None:
            policy = next((one for one in self.all() if one.id == VM_ENCRYPTION_POLICY), None)
        else:
            policy = self.meant(name)
        if policy is None:
            wanted = "bundled VM Encryption Policy" if name is None else f"storage policy {name}"
            raise NotFoundError(f"there is no {wanted} on {self._session.hostname}; {self._choice()}")
        if not policy.encryption:
            raise InvalidInputError(
                f"the storage policy {policy.name} on {self._session.hostname} does not encrypt; {self._choice()}"
            )
        return policy

    def _choice(self) -> str:
        names = [policy.name for policy in self.all() if policy.encryption]
        return f"encryption policies: {listing(names)}" if names else "there is no encryption policy"

    def default_component(self) -> str:
        """Name of the component that new policies refer to."""
        self.all()
        return self._components.get(DEFAULT_COMPONENT, default_component()).name

    # users

    def associations(self, policies: t.Collection[Policy] | None = None) -> dict[str, list[str]]:
        """Ids of the policies of homes (vm-12) and disks (vm-12:2000); only of `policies` when they are given."""
        found: dict[str, list[str]] = {}
        for use in self.uses(policies):
            if use.machine is not None:
                found.setdefault(use.key, []).extend(use.policies)
        return found

    def uses(self, policies: t.Collection[Policy] | None = None) -> list[Use]:
        """All that has one of the policies, first class disks and the like too; one request."""
        if policies is not None and not policies:
            return []
        identifiers = [policy.id for policy in policies] if policies is not None else []
        try:
            return self._query(identifiers)
        except ApiError as error:
            identifiers = identifiers or [policy.id for policy in self.all()]
            if not _can_be_less(error, identifiers):
                raise
            return self._halves(identifiers)

    def _halves(self, identifiers: list[str]) -> list[Use]:
        """vCenter does not answer for that many: ask for fewer at once."""
        # no limit is documented (assumption policy-query-limit)
        middle = len(identifiers) // 2
        found: list[Use] = []
        for part in (identifiers[:middle], identifiers[middle:]):
            try:
                found.extend(self._query(part))
            except ApiError as error:
                if not _can_be_less(error, part):
                    raise
                found.extend(self._halves(part))
        return found

    def _query(self, identifiers: list[str]) -> list[Use]:
        """Users of these policies; an empty list asks for all."""
        ask = self._manager.QueryAssociatedEntities
        found = self._session.call("read who uses the storage policies", ask, _profile_ids(identifiers))
        return [
            Use(one.object.objectType, one.object.key, tuple(known.uniqueId for known in one.profileId or []))
            for one in found or []
        ]

    def of_parts(self, keys: t.Sequence[str]) -> dict[str, str | None]:
        """Ids of the policies of homes (vm-12) and disks (vm-12:2000), None for none.

        Those that vCenter does not return are missing.
        """
        found: dict[str, str | None] = {}
        for start in range(0, len(keys), _BLOCK):
            found.update(self._of_block(keys[start : start + _BLOCK]))
        return found

    def _of_block(self, keys: t.Sequence[str]) -> dict[str, str | None]:
        ask = self._manager.QueryAssociatedProfiles
        entities = [pbm.ServerObjectRef(objectType=_DISK if ":" in key else _HOME[0], key=key) for key in keys]
        try:
            found = self._session.call("read the storage policies of VMs", ask, entities)
        except ApiError as error:
            if not _can_be_less(error, keys):
                raise
            middle = len(keys) // 2
            return {**self._of_block(keys[:middle]), **self._of_block(keys[middle:])}
        return {
            one.object.key: next((known.uniqueId for known in one.profileId or []), None)
            for one in found or []
            if one.fault is None
        }

    # writing

    def create_encrypting(self, name: str, original: Policy) -> None:
        """Make a policy with the rules of another one and encryption."""
        spec = encrypting_spec(name, original)
        self.forget()
        self._session.call(f"create the storage policy {name}", self._manager.Create, spec)

    def forget(self) -> None:
        """Read the policies anew when they are asked for again."""
        self._policies = None

    def create(self, name: str, description: str, allow_filters_before_encryption: bool | None) -> None:
        """Make an encryption policy."""
        spec = create_spec(name, description, allow_filters_before_encryption)
        self._policies = None
        self._session.call(f"create the storage policy {name}", self._manager.Create, spec)

    def update(self, policy: Policy, description: str | None, allow_filters_before_encryption: bool | None) -> None:
        """Change what is not None."""
        spec = pbm.profile.CapabilityBasedProfileUpdateSpec(description=description)
        if allow_filters_before_encryption is not None:
            spec.constraints = with_filter_order(policy, allow_filters_before_encryption, self._components)
        self._policies = None
        what = f"change the storage policy {policy.name}"
        self._session.call(what, self._manager.Update, *_profile_ids([policy.id]), spec)

    def delete(self, policy: Policy) -> None:
        """Remove it; vCenter tells a refusal in the outcome."""
        self._policies = None
        what = f"remove the storage policy {policy.name}"
        for outcome in self._session.call(what, self._manager.Delete, _profile_ids([policy.id])) or []:
            if outcome.fault is not None:
                raise errors.from_fault(outcome.fault, f"{what} on {self._session.hostname}")

    # reading

    @property
    def _manager(self) -> t.Any:
        if self._loaded_manager is None:
            self._loaded_manager = profile_manager(self._session)
        return self._loaded_manager

    def _read(self) -> list[t.Any]:
        storage = pbm.profile.ResourceType(resourceType=STORAGE)
        found = self._session.call("list the storage policies", self._manager.QueryProfile, storage, REQUIREMENT)
        return self._retrieve([one.uniqueId for one in found or []])

    def _retrieve(self, identifiers: list[str]) -> list[t.Any]:
        if not identifiers:  # vCenter refuses to read none
            return []
        read = self._manager.RetrieveContent
        return list(self._session.call("read the storage policies", read, _profile_ids(identifiers)))

    def _read_components(self, identifiers: set[str]) -> dict[str, Component]:
        """Components by id; one that is gone makes the whole reading fail, then they are read one by one."""
        try:
            found = self._retrieve(sorted(identifiers))
        except ApiError:
            found = [profile for identifier in sorted(identifiers) for profile in self._retrieve_one(identifier)]
        components = {component.id: component for component in map(component_of, found)}
        components.setdefault(DEFAULT_COMPONENT, default_component())
        return components

    def _retrieve_one(self, identifier: str) -> list[t.Any]:
        try:
            return self._retrieve([identifier])
        except ApiError:
            return []


def _can_be_less(error: ApiError, asked: t.Sequence[str]) -> bool:
    """Whether it was vCenter that refused, and a smaller question is possible."""
    return "fault" in error.details and len(asked) > 1


def _profile_ids(identifiers: t.Iterable[str]) -> list[t.Any]:
    return [pbm.profile.ProfileId(uniqueId=identifier) for identifier in identifiers]


def profile_manager(session: Session) -> t.Any:
    """vCenter's manager of storage policies."""
    for path in _PATHS:
        # with a copied cookie alone, vCenters have answered SecurityError (reported by users of other clients)
        instance = pbm.ServiceInstance("ServiceInstance", session.service(path, PBM_VERSION, login_in_header=True))
        try:
            return session.call("reach the storage policies", instance.RetrieveContent).profileManager
        except ApiError as error:
            if error.details.get("http_status") != http.HTTPStatus.NOT_FOUND:
                raise
    raise UnsupportedError(f"{session.hostname} has no storage policies: neither {' nor '.join(_PATHS)} is there")
