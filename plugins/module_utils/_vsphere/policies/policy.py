# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage policies in our shape and back; which of them encrypt is decided by their rules, never by their names."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import pbm
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.rules import (
    RuleSet,
    has_rules,
    policy_rule_of,
    texts,
)

VM_ENCRYPTION_POLICY = "4d5f673c-536f-11e6-beb8-9e71128cae77"  # "VM Encryption Policy", the same in every vCenter
DEFAULT_COMPONENT = "ad5a249d-cbc2-43af-9366-694d7664fa52"  # "Default encryption properties"
_DEFAULT_COMPONENT_NAME = "Default encryption properties"
_BUNDLED = (VM_ENCRYPTION_POLICY, "b1263970-8662-69e2-adc6-fa8ae01abecc")  # Management Storage policy - Encryption

STORAGE, REQUIREMENT = "STORAGE", "REQUIREMENT"
# encryption has two forms: the id of a component (the bundled policy, govc), or a rule of its own (vsphere-csi-driver)
_COMPONENTS = "com.vmware.storageprofile.dataservice"
_CRYPT, _CRYPT_ID, _FILTERS = "vmwarevmcrypt", "vmwarevmcrypt@ENCRYPTION", "AllowCleartextFilters"
_LINE_OF_SERVICE = "ENCRYPTION"
COMPONENT, RULE, MIXED = "component", "rule", "mixed"
# how a policy that was made from another one tells which that was
_ORIGINAL = "Original policy: "
_ORIGINAL_ID = re.compile(re.escape(_ORIGINAL) + r"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\b")
LONGEST_NAME = 80  # vSphere API, PbmCapabilityProfileCreateSpec
_SUFFIX = " - encrypted"


@dataclasses.dataclass(frozen=True)
class Component:
    """A part that several policies may share."""

    id: str
    name: str
    encryption: bool


@dataclasses.dataclass(frozen=True)
class Policy:
    """A storage policy.

    `form` is component, rule, mixed (rule sets that differ), or None without encryption. `component` is the name of the
    component, and `allow_filters_before_encryption` is known of a rule only. `rule_sets` hold what it asks for besides
    encryption, and `original` is the id of the policy that its description names. `components` are names by id, and
    `constraints` is vCenter's own object.
    """

    id: str
    name: str
    description: str
    encryption: bool
    form: str | None
    component: str | None
    allow_filters_before_encryption: bool | None
    bundled: bool
    rule_sets: tuple[RuleSet, ...] = ()
    original: str | None = None
    components: t.Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False, compare=False)
    constraints: t.Any = dataclasses.field(default=None, repr=False, compare=False)

    @property
    def has_rules(self) -> bool:
        """Whether it asks for anything besides encryption."""
        return has_rules(self.rule_sets)

    @property
    def rules(self) -> list[str]:
        """What it asks for besides encryption, in words."""
        return self.words(self.rule_sets)

    def words(self, rule_sets: t.Sequence[RuleSet]) -> list[str]:
        """Some of its rules in words."""
        return texts(rule_sets, self.components)


def _rule_sets(constraints: t.Any) -> t.Sequence[t.Any]:
    return getattr(constraints, "subProfiles", None) or []


def _capabilities(constraints: t.Any) -> t.Iterator[t.Any]:
    for rule_set in _rule_sets(constraints):
        yield from rule_set.capability or []


def _is_rule(capability: t.Any) -> bool:
    return bool(capability.id.namespace == _CRYPT and capability.id.id == _CRYPT_ID)


def component_ids(profiles: t.Iterable[t.Any]) -> set[str]:
    """Ids of the components that profiles refer to, and of the default one."""
    found = {
        str(capability.id.id)
        for profile in profiles
        for capability in _capabilities(profile.constraints)
        if capability.id.namespace == _COMPONENTS
    }
    return found | {DEFAULT_COMPONENT}


def component_of(profile: t.Any) -> Component:
    """A component in our shape."""
    # components say what they are for; on policies of users, the field is usually unset
    encrypts = profile.lineOfService == _LINE_OF_SERVICE or any(map(_is_rule, _capabilities(profile.constraints)))
    return Component(profile.profileId.uniqueId, profile.name, encrypts)


def default_component() -> Component:
    """What is known of the default component when it cannot be read."""
    return Component(DEFAULT_COMPONENT, _DEFAULT_COMPONENT_NAME, encryption=True)


def _allowed(capability: t.Any) -> bool | None:
    """The filter order of a rule; texts are documented, a boolean is taken too."""
    for constraint in capability.constraint or []:
        for instance in constraint.propertyInstance or []:
            if instance.id == _FILTERS:
                return {"true": True, "false": False}.get(str(instance.value).lower())
    return None


def _encryption(capability: t.Any, components: t.Mapping[str, Component]) -> tuple[str, str | None, bool | None] | None:
    """Form, name of the component and filter order of a capability; None when it is for something else."""
    if _is_rule(capability):
        return RULE, None, _allowed(capability)
    component = components.get(capability.id.id) if capability.id.namespace == _COMPONENTS else None
    return (COMPONENT, component.name, None) if component is not None and component.encryption else None


def policy_of(profile: t.Any, components: t.Mapping[str, Component]) -> Policy:
    """A profile in our shape; `components` are those that it may refer to, by id."""
    found = [_encryption(capability, components) for capability in _capabilities(profile.constraints)]
    ways = list(dict.fromkeys(way for way in found if way is not None))
    form, component, allowed = ways[0] if len(ways) == 1 else (MIXED if ways else None, None, None)
    identifier = profile.profileId.uniqueId
    return Policy(
        id=identifier,
        name=profile.name,
        description=profile.description or "",
        encryption=bool(ways),
        form=form,
        component=component,
        allow_filters_before_encryption=allowed,
        bundled=identifier in _BUNDLED or bool(profile.systemCreatedProfileType),
        rule_sets=_other_rules(profile.constraints, components),
        original=original_in(profile.description or ""),
        components={one.id: one.name for one in components.values()},
        constraints=profile.constraints,
    )


def _other_rules(constraints: t.Any, components: t.Mapping[str, Component]) -> tuple[RuleSet, ...]:
    """What is asked for besides encryption."""
    return tuple(
        RuleSet(
            frozenset(policy_rule_of(one) for one in rule_set.capability or [] if _encryption(one, components) is None),
            bool(rule_set.forceProvision),
        )
        for rule_set in _rule_sets(constraints)
    )


def _capability(allow_filters_before_encryption: bool | None) -> t.Any:
    """Encryption by the default component, or by a rule of its own when the filter order is given."""
    if allow_filters_before_encryption is None:
        # capability, property and value are all the id of the component, as in the bundled policy (vmware/govmomi)
        namespace, identifier, name, value = _COMPONENTS, DEFAULT_COMPONENT, DEFAULT_COMPONENT, DEFAULT_COMPONENT
    else:
        namespace, identifier, name, value = _CRYPT, _CRYPT_ID, _FILTERS, str(allow_filters_before_encryption)
    instance = pbm.capability.PropertyInstance(id=name, value=value)
    return pbm.capability.CapabilityInstance(
        id=pbm.capability.CapabilityMetadata.UniqueId(namespace=namespace, id=identifier),
        constraint=[pbm.capability.ConstraintInstance(propertyInstance=[instance])],
    )


def _rule_set(name: str, capabilities: list[t.Any], force: bool | None) -> t.Any:
    return pbm.profile.SubProfileCapabilityConstraints.SubProfile(
        name=name, capability=capabilities, forceProvision=force
    )


def create_spec(name: str, description: str, allow_filters_before_encryption: bool | None) -> t.Any:
    """A new policy that does nothing but encrypt."""
    rule_set = _rule_set("Encryption", [_capability(allow_filters_before_encryption)], force=False)
    return pbm.profile.CapabilityBasedProfileCreateSpec(
        name=name,
        description=description,
        category=REQUIREMENT,
        resourceType=pbm.profile.ResourceType(resourceType=STORAGE),
        constraints=pbm.profile.SubProfileCapabilityConstraints(subProfiles=[rule_set]),
    )


def with_filter_order(policy: Policy, filters_first: bool, components: t.Mapping[str, Component]) -> t.Any:
    """The policy's rules with another way of encryption; all other rules stay as they are."""
    changed = []
    for rule_set in _rule_sets(policy.constraints):
        kept = [one for one in rule_set.capability if _encryption(one, components) is None]
        if len(kept) < len(rule_set.capability):
            kept.append(_capability(filters_first))
        changed.append(_rule_set(rule_set.name, kept, rule_set.forceProvision))
    return pbm.profile.SubProfileCapabilityConstraints(subProfiles=changed)


# policies that were made from others


def original_in(description: str) -> str | None:
    """Id of the policy that another one was made from, as its description tells."""
    named = _ORIGINAL_ID.search(description)
    return named[1] if named else None


def encrypting_name(name: str, taken: t.Collection[str]) -> str:
    """The name of the encrypting form of a policy: that of the policy and a suffix, numbered when it is taken."""
    number = 1
    while True:
        suffix = _SUFFIX if number == 1 else f"{_SUFFIX} ({number})"
        found = name[: LONGEST_NAME - len(suffix)].rstrip() + suffix
        if found not in taken:
            return found
        number += 1


def encrypting_spec(name: str, original: Policy) -> t.Any:
    """A new policy: each rule set of another one as it is, with encryption beside its rules.

    All rule sets get it: vCenter wants the same data services in each of them.
    """
    # known from the cmdlets of Azure VMware Solution (assumption policy-services-in-all-rule-sets)
    rule_sets = [
        _rule_set(one.name, [*(one.capability or []), _capability(None)], one.forceProvision)
        for one in _rule_sets(original.constraints)
    ]
    return pbm.profile.CapabilityBasedProfileCreateSpec(
        name=name,
        description=f'The rules of "{original.name}" and encryption. {_ORIGINAL}{original.id}',
        category=REQUIREMENT,
        resourceType=pbm.profile.ResourceType(resourceType=STORAGE),
        constraints=pbm.profile.SubProfileCapabilityConstraints(subProfiles=rule_sets),
    )


def encrypting_of(original: Policy, policies: t.Sequence[Policy]) -> Policy | None:
    """The policy that has the rules of another one and encrypts, recognised by its rules; None when there is none.

    One that tells that it was made from this one goes first. One that tells nothing (made by a person) is taken when
    no other policy has the same rules: else a decryption could not tell them apart.
    """
    same = [one for one in policies if one.encryption and not one.bundled and one.rule_sets == original.rule_sets]
    named = next((one for one in same if one.original == original.id), None)
    alone = len(_plain(original.rule_sets, policies)) == 1
    return named or next((one for one in same if one.original is None and alone), None)


def original_of(policy: Policy, policies: t.Sequence[Policy]) -> Policy | None:
    """The policy that an encrypting one was made from: named by it, else the only one that has its other rules."""
    named = next((one for one in policies if one.id == policy.original and not one.encryption), None)
    if named is not None or not policy.has_rules:
        return named
    same = _plain(policy.rule_sets, policies)
    return same[0] if len(same) == 1 else None


def _plain(rule_sets: tuple[RuleSet, ...], policies: t.Sequence[Policy]) -> list[Policy]:
    return [one for one in policies if not one.encryption and one.rule_sets == rule_sets]
