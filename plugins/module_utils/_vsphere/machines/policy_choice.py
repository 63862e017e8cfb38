# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which storage policy a home or a disk has after an operation. Pure.

vCenter replaces the policy by the one in the reconfigure call, with all its rules: for vSAN, tags, replication.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.obstacles import (
    DECRYPT,
    DEEP_RECRYPT,
    ENCRYPT,
    RECRYPT,
    Obstacle,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.policy import (
    VM_ENCRYPTION_POLICY,
    Policy,
    encrypting_name,
    encrypting_of,
    original_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.rules import lost

COMBINE, REPLACE, BLOCK = CONFLICTS = ("combine", "replace", "block")
_ELSE = "or give policy (see guide_encrypt), or policy_conflict: replace to lose these rules"


@dataclasses.dataclass(frozen=True)
class Present:
    """The policy that a home or a disk has. `id` None: none; without `policy` its rules are not known.

    `told` is False when vCenter does not say which policy it is.
    """

    id: str | None = None
    policy: Policy | None = None
    told: bool = True

    @property
    def name(self) -> str | None:
        """Its name, or its id where nothing else is known."""
        return self.policy.name if self.policy else self.id

    @property
    def free(self) -> bool:
        """Whether it surely has no rules that could get lost."""
        if self.policy is not None:
            return not self.policy.has_rules
        return self.told and self.id is None


@dataclasses.dataclass(frozen=True)
class PolicyChoice:
    """The policy afterwards. `id` None: none, or one that has yet to be made from `combine`.

    `sent` says whether the reconfigure call names it, `lost` which rules of before are gone, `forgotten` that nothing
    tells which policy an encrypted VM had.
    """

    id: str | None = None
    name: str | None = None
    sent: bool = True
    combine: Policy | None = None
    lost: tuple[str, ...] = ()
    forgotten: bool = False
    obstacle: Obstacle | None = None


class Chooser:
    """Decides for all parts of all VMs of a run; `named` is the policy that the user has named.

    `lacking` returns the privileges that are missing to create a policy; it is asked when one is needed.
    """

    def __init__(
        self,
        policies: t.Sequence[Policy],
        conflict: str = COMBINE,
        named: Policy | None = None,
        lacking: t.Callable[[], t.Sequence[str]] = tuple,
    ) -> None:
        self._policies = policies
        self._by_id = {one.id: one for one in policies}
        self._conflict = conflict
        self._named = named
        self._lacking = lacking
        self._taken = {one.name for one in policies}
        self._new: dict[str, tuple[Policy, str]] = {}

    def policy(self, identifier: str | None) -> Policy | None:
        """The policy of that id, None when it is not known."""
        return self._by_id.get(identifier or "")

    @property
    def new(self) -> list[tuple[Policy, str]]:
        """Policies to be combined with encryption, and the names of the results, in the order of the choices."""
        return list(self._new.values())

    def choose(self, operation: str, present: Present) -> PolicyChoice:
        """The policy of a part after an operation on it."""
        if operation == ENCRYPT:
            return self._encrypt(present)
        if operation == DEEP_RECRYPT:
            return self._deep(present)
        if operation == DECRYPT:
            return self._decrypt(present)
        if operation != RECRYPT:
            raise ValueError(operation)
        # alone of all operations, a shallow recrypt needs no profile (vmware/govmomi, simulator)
        return PolicyChoice(present.id, present.name, sent=False)

    def _encrypt(self, present: Present) -> PolicyChoice:
        if self._named is not None:
            return _given(self._named, present)
        if present.policy is not None and present.policy.encryption:
            return PolicyChoice(present.id, present.name)
        if present.free or self._conflict == REPLACE:
            return self._bundled(present)
        if present.policy is None:
            return PolicyChoice(obstacle=_unknown(present))
        if self._conflict == BLOCK:
            return PolicyChoice(obstacle=_has_rules(present.policy))
        return self._combined(present.policy)

    def _bundled(self, present: Present) -> PolicyChoice:
        found = self.policy(VM_ENCRYPTION_POLICY)
        if found is None:
            return PolicyChoice(obstacle=_NO_BUNDLED)
        return _given(found, present)

    def _combined(self, original: Policy) -> PolicyChoice:
        found = encrypting_of(original, self._policies)
        if found is not None:
            return PolicyChoice(found.id, found.name)
        missing = self._lacking()
        if missing:
            return PolicyChoice(obstacle=_may_not(original, missing))
        if original.id not in self._new:
            name = encrypting_name(original.name, self._taken)
            self._taken.add(name)
            self._new[original.id] = original, name
        return PolicyChoice(None, self._new[original.id][1], combine=original)

    def _deep(self, present: Present) -> PolicyChoice:
        """A new key is no reason for another policy."""
        if present.policy is not None and present.policy.encryption:
            return PolicyChoice(present.id, present.name)
        if present.free:
            return self._bundled(present)
        # a home that is encrypted for the sake of a vTPM has its policy of before: vCenter wants one that encrypts
        found = encrypting_of(present.policy, self._policies) if present.policy else None
        return PolicyChoice(found.id, found.name) if found else PolicyChoice(obstacle=_does_not_encrypt(present))

    def _decrypt(self, present: Present) -> PolicyChoice:
        """Back to the policy of before the encryption."""
        policy = present.policy
        if (present.told and present.id is None) or self._conflict == REPLACE:
            return PolicyChoice(lost=_all(present))
        if not present.told:
            return PolicyChoice(obstacle=_untold())
        if policy is not None and not policy.encryption:
            return PolicyChoice(policy.id, policy.name)
        # vCenter may refuse a policy together with a decryption (assumption decrypt-takes-policy)
        original = original_of(policy, self._policies) if policy else None
        if original is not None:
            return _given(original, present)  # somebody may have changed the rules of one of the two
        if self._conflict == BLOCK and not present.free:
            return PolicyChoice(obstacle=_forgotten(present))
        return PolicyChoice(lost=_all(present), forgotten=True)


def _all(present: Present) -> tuple[str, ...]:
    """All rules of a policy, as those that are lost."""
    if present.policy is not None:
        return tuple(present.policy.rules)
    return () if present.free else (_UNREADABLE,)


def _given(policy: Policy, present: Present) -> PolicyChoice:
    before = present.policy
    gone = before.words(lost(before.rule_sets, policy.rule_sets)) if before else _all(present)
    return PolicyChoice(policy.id, policy.name, lost=tuple(gone))


# what stands in the way


_UNTOLD = "vCenter does not return its storage policy"
_UNREADABLE = "which cannot be read"
_NO_BUNDLED = Obstacle(
    "no_encryption_policy",
    "vCenter has no VM Encryption Policy",
    "name an encryption policy (option policy)",
)


def _has_rules(policy: Policy) -> Obstacle:
    return Obstacle(
        "policy_rules",
        f"its storage policy {policy.name} has rules besides encryption: {', '.join(policy.rules)}",
        f"set policy_conflict: combine to keep them, {_ELSE}",
    )


def _may_not(policy: Policy, missing: t.Sequence[str]) -> Obstacle:
    return Obstacle(
        "policy_rights",
        (
            f"its storage policy {policy.name} has rules besides encryption ({', '.join(policy.rules)}), and the "
            f"vSphere user may not create a policy with them: the user lacks {', '.join(missing)}"
        ),
        f"give the user {'this privilege' if len(missing) == 1 else 'these privileges'}, {_ELSE}",
    )


def _unknown(present: Present) -> Obstacle:
    what = f"the rules of its storage policy {present.id} cannot be read" if present.told else _UNTOLD
    return Obstacle(
        "policy_unknown",
        what,
        "give it a storage policy that exists, or the vSphere user the right to read it, " + _ELSE,
    )


def _untold() -> Obstacle:
    return Obstacle(
        "policy_unknown",
        _UNTOLD,
        (
            "rerun, or give the vSphere user the right to read it, or set policy_conflict: replace, and give the VM "
            "a storage policy in vCenter afterwards"
        ),
    )


def _does_not_encrypt(present: Present) -> Obstacle:
    return Obstacle(
        "policy_not_encrypting",
        f"it is encrypted, but its storage policy {present.name} does not encrypt" if present.policy else _UNTOLD,
        "give it a storage policy with its rules and encryption in vCenter (see guide_encrypt)",
    )


def _forgotten(present: Present) -> Obstacle:
    return Obstacle(
        "policy_forgotten",
        f"nothing records which storage policy it had before {present.name}",
        "set policy_conflict: combine or replace, and give it a storage policy in vCenter afterwards",
    )
