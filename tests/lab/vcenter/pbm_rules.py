# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a storage policy asks for in words, what vSAN makes of it, and which rules the service refuses to keep."""

from __future__ import annotations

import typing as t

from . import errors
from .pbm_profiles import COMPONENTS_NAMESPACE, CRYPT_NAMESPACE, ERASURE_CODING, VSAN_NAMESPACE, Profiles

if t.TYPE_CHECKING:
    from .entities import VirtualMachine
    from .settings import VCenterSettings

LONGEST_NAME = 80  # description of PbmCapabilityProfileCreateSpec
# "a value's type is that of the property" (description of PbmCapabilityPropertyInstance); names and types as vCenters
# list them (vcsim, the storage policy cmdlets of Azure VMware Solution)
VSAN_TYPES: dict[str, type] = {
    "hostFailuresToTolerate": int,
    "subFailuresToTolerate": int,
    "stripeWidth": int,
    "proportionalCapacity": int,
    "cacheReservation": int,
    "iopsLimit": int,
    "forceProvisioning": bool,
    "checksumDisabled": bool,
    "replicaPreference": str,
    "locality": str,
}


def _value(instance: t.Any) -> str:
    values = getattr(instance.value, "values", None)
    text = "{" + ", ".join(str(one) for one in values) + "}" if values is not None else str(instance.value)
    return f"{instance.operator} {text}" if instance.operator else text


def _rule(capability: t.Any) -> str:
    instances = [one for constraint in capability.constraint for one in constraint.propertyInstance]
    name = f"{capability.id.namespace}.{capability.id.id}"
    if len(instances) == 1 and instances[0].id == capability.id.id:
        return f"{name}={_value(instances[0])}"
    return f"{name}({', '.join(f'{one.id}={_value(one)}' for one in instances)})"


def _rule_sets(profiles: Profiles, identifier: str | None) -> list[t.Any]:
    profile = profiles.by_id.get(identifier or "")
    return list(getattr(profile.constraints, "subProfiles", None) or []) if profile is not None else []


def rules(profiles: Profiles, identifier: str | None) -> list[list[str]]:
    """What a policy asks for besides encryption: the rules of each rule set, sorted; nothing without a policy."""
    found = [
        sorted(_rule(one) for one in rule_set.capability if not profiles.encrypting(one))
        for rule_set in _rule_sets(profiles, identifier)
    ]
    return [one for one in found if one]


def vsan_layout(profiles: Profiles, identifier: str | None) -> dict[str, t.Any]:
    """How vSAN lays out an object. Without rules for vSAN it tolerates one failure (vSphere docs, "vSAN policies")."""
    values: dict[str, t.Any] = {}
    for rule_set in _rule_sets(profiles, identifier):
        values = {
            one.id.id: one.constraint[0].propertyInstance[0].value
            for one in rule_set.capability
            if one.id.namespace == VSAN_NAMESPACE
        }
        if values:
            break
    failures = int(values.get("hostFailuresToTolerate", 1))
    if failures and values.get("replicaPreference") == ERASURE_CODING:
        return {"failures": failures, "raid": "RAID-5" if failures == 1 else "RAID-6"}
    return {"failures": failures, "raid": "RAID-1" if failures else "RAID-0"}


def storage_of(profiles: Profiles, machine: VirtualMachine) -> dict[str, t.Any]:
    """Rules and vSAN layout of home and disks, by home and the keys of the disks."""
    parts = {"home": machine.policy, **{str(disk.key): disk.policy for disk in machine.disks}}
    return {
        part: {
            "policy": profiles.by_id[policy].name if policy in profiles.by_id else policy,
            "rules": rules(profiles, policy),
            "vsan": vsan_layout(profiles, policy),
        }
        for part, policy in parts.items()
    }


# what the service refuses to keep


def check(profiles: Profiles, name: str | None, constraints: t.Any, settings: VCenterSettings) -> None:
    """Raise InvalidArgument for a name or for rules that no policy can have."""
    if name is not None and len(name) > LONGEST_NAME:
        raise errors.invalid_argument("name")
    rule_sets = getattr(constraints, "subProfiles", None) or []
    for capability in (one for rule_set in rule_sets for one in rule_set.capability):
        _check_capability(profiles, capability, settings)
    services = {_services(rule_set) for rule_set in rule_sets}
    if settings.pbm_services_in_all_rule_sets and len(services) > 1:
        raise errors.invalid_argument("constraints")


def _check_capability(profiles: Profiles, capability: t.Any, settings: VCenterSettings) -> None:
    namespace, identifier = capability.id.namespace, capability.id.id
    if namespace == COMPONENTS_NAMESPACE and settings.pbm_unknown_component_refused:
        profiles.get(identifier)
    if namespace == VSAN_NAMESPACE and identifier in VSAN_TYPES:
        for constraint in capability.constraint:
            for instance in constraint.propertyInstance:
                kind = VSAN_TYPES[identifier]
                if not isinstance(instance.value, kind) or (kind is int and isinstance(instance.value, bool)):
                    raise errors.invalid_argument(f"{identifier}.value")


def _services(rule_set: t.Any) -> frozenset[tuple[str, str]]:
    """Data services of the host: the same in all rule sets (storage policy cmdlets of Azure VMware Solution)."""
    hosts = (COMPONENTS_NAMESPACE, CRYPT_NAMESPACE)
    return frozenset((one.id.namespace, one.id.id) for one in rule_set.capability if one.id.namespace in hosts)
