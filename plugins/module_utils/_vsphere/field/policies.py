# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the service for storage policies shows of the assumptions about it. Reads only."""

from __future__ import annotations

import http
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    CollectionError,
    ForbiddenError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.sightings import Sightings
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import fault_name
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import (
    moid_of,
    pbm,
    vim,
    vmodl,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import Machine
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.policy import (
    REQUIREMENT,
    STORAGE,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.store import PBM_VERSION

_PATHS = ("/pbm", "/pbm/sdk")
_MANY = 500  # homes and disks in one question
_LIMITS = ("policy-parts-limit", "policy-query-limit", "policy-users-told")
_VERSION_HEADER = "versionId"  # of pyVmomi's stub: what it sends as SOAPAction
_UNKNOWN_VERSION = "urn:pbm/99.0"  # of vSphere, none that will be for long


def see_policies(session: Session, machines: t.Sequence[Machine] | None, seen: Sightings) -> None:
    """Look at paths, refusals and limits."""
    managers: dict[str, t.Any] = {}
    with seen.reading("pbm-paths"):
        managers = {path: found for path in _PATHS for found in [_manager(session, path)] if found is not None}
        seen.see("pbm-paths", [list(managers)])
    if not managers:
        for name in ("pbm-session-fault", "pbm-strict-version", "pbm-permission-fault", *_LIMITS):
            seen.miss(name, "the service for storage policies does not answer")
        return
    path, manager = next(iter(managers.items()))
    with seen.reading("pbm-session-fault"):
        see_stranger(session, path, manager, seen)
    with seen.reading("pbm-strict-version"):
        see_version(session, path, seen)
    identifiers = see_permission(session, manager, seen)
    if identifiers is None or machines is None:
        for name in _LIMITS:
            seen.miss(name, "the storage policies or the VMs cannot be read")
        return
    with seen.reading(*_LIMITS):
        parts = see_parts(session, manager, machines, seen)
        see_users(session, manager, identifiers, parts, seen)


def _manager(session: Session, path: str) -> t.Any:
    """The manager of profiles at a path, None when nothing is there."""
    instance = pbm.ServiceInstance("ServiceInstance", session.service(path, PBM_VERSION, login_in_header=True))
    try:
        return session.call("reach the storage policies", instance.RetrieveContent).profileManager
    except ApiError as error:
        if error.details.get("http_status") == http.HTTPStatus.NOT_FOUND:
            return None
        raise


def see_stranger(session: Session, path: str, manager: t.Any, seen: Sightings) -> None:
    """How a call without a login is refused."""
    stub = session.service(path, PBM_VERSION)  # without the login in its header
    stub.cookie = ""
    stranger = pbm.profile.ProfileManager(moid_of(manager), stub)
    try:
        _query(session, stranger)
    except CollectionError as error:
        fault = error.__cause__
        if isinstance(fault, vmodl.MethodFault):
            seen.see("pbm-session-fault", [fault_name(fault)])
            return
        raise
    seen.miss("pbm-session-fault", "a call without a login was answered")


def see_version(session: Session, path: str, seen: Sightings) -> None:
    """Whether a version that no vCenter has is served."""
    stub = session.service(path, PBM_VERSION, login_in_header=True)
    setattr(stub, _VERSION_HEADER, f'"{_UNKNOWN_VERSION}"')
    try:
        session.call("reach the storage policies", pbm.ServiceInstance("ServiceInstance", stub).RetrieveContent)
    except ApiError as error:
        if "fault" not in error.details:
            raise
        seen.see("pbm-strict-version", [True])
    else:
        seen.see("pbm-strict-version", [False])


def see_permission(session: Session, manager: t.Any, seen: Sightings) -> list[t.Any] | None:
    """Ids of the policies; None, and the fault, when this user may not read them."""
    name = "pbm-permission-fault"
    try:
        found = _query(session, manager)
    except ForbiddenError as error:
        # the fault of 8.0.2 comes as a SecurityError to a client that speaks an older version, as this one does
        plain = isinstance(error.__cause__, vim.fault.NoPermission)
        seen.see(name, ["NoPermission" if plain else "PbmFaultNoPermission"])
        return None
    except CollectionError as error:
        seen.miss(name, f"it could not be read ({error.kind})")
        return None
    seen.miss(name, "this user may read storage policies; run it once more as a user without StorageProfile.View")
    return found


def _query(session: Session, manager: t.Any) -> list[t.Any]:
    storage = pbm.profile.ResourceType(resourceType=STORAGE)
    found = session.call("list the storage policies", manager.QueryProfile, storage, REQUIREMENT)
    return list(found or [])


def limit_of(answered: t.Callable[[int], bool], most: int, known: t.Sequence[int]) -> list[int] | None:
    """How many objects one question may name: [0] for any number, [] for a limit that is not among the known ones.

    None when there are too few objects to tell.
    """
    if most <= max(known):
        return None
    if answered(most):
        return [0]
    return [one for one in known if answered(one) and not answered(one + 1)]


def see_parts(session: Session, manager: t.Any, machines: t.Sequence[Machine], seen: Sightings) -> dict[str, str]:
    """How many homes and disks may be asked about at once; the policies of those that have one."""
    keys = [key for machine in machines if machine.readable for key in machine.policy_keys.values()][:_MANY]
    found: dict[str, str] = {}

    def answered(number: int) -> bool:
        entities = [_entity(key) for key in keys[:number]]
        ask = manager.QueryAssociatedProfiles
        try:
            rows = session.call("read the storage policies of VMs", ask, entities) or []
        except ApiError as error:
            if "fault" not in error.details or number == 1:
                raise  # no limit is that low
            return False
        found.update((row.object.key, row.profileId[0].uniqueId) for row in rows if row.profileId)
        return True

    # 1 and 3 are values of the assumption policy-parts-limit
    fits = limit_of(answered, len(keys), (1, 3))
    seen.when("policy-parts-limit", fits, "the VMs have too few disks")
    return found


def _entity(key: str) -> t.Any:
    kind = "virtualDiskId" if ":" in key else "virtualMachine"
    return pbm.ServerObjectRef(objectType=kind, key=key)


def see_users(
    session: Session, manager: t.Any, identifiers: t.Sequence[t.Any], parts: t.Mapping[str, str], seen: Sightings
) -> None:
    """How many policies may be asked about at once, and whether the answer names who has them."""
    users: set[str] = set()

    def answered(number: int) -> bool:
        ask = manager.QueryAssociatedEntities
        try:
            rows = session.call("read who uses the storage policies", ask, list(identifiers[:number])) or []
        except ApiError as error:
            if "fault" not in error.details or number == 1:
                raise  # no limit is that low
            return False
        users.update(str(row.object.key) for row in rows)
        return True

    # 1 is a value of the assumption policy-query-limit
    fits = limit_of(answered, len(identifiers), (1,))
    seen.when("policy-query-limit", fits, "there are too few storage policies")
    if fits == [0]:
        wanted = {one.uniqueId for one in identifiers}
        known = {key for key, policy in parts.items() if policy in wanted}
        if known and not known & users:
            seen.see("policy-users-told", [False])
    seen.miss("policy-users-told", "it needs a policy of a VM that this user cannot see, and that this user knows of")
