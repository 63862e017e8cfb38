# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which storage policy a home or a disk gets, and how policies are recognised by their rules: by tables."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from pyVmomi import pbm

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.obstacles import (
    DECRYPT,
    DEEP_RECRYPT,
    ENCRYPT,
    RECRYPT,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.policy_choice import (
    BLOCK,
    COMBINE,
    REPLACE,
    Chooser,
    PolicyChoice,
    Present,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.policy import (
    DEFAULT_COMPONENT,
    LONGEST_NAME,
    VM_ENCRYPTION_POLICY,
    Component,
    Policy,
    encrypting_name,
    encrypting_of,
    encrypting_spec,
    original_of,
    policy_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.rules import (
    RuleSet,
    lost,
    policy_rule_of,
    texts,
    value_of,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.unit.plugins.module_utils._vsphere.policies.shapes import (
    COMPONENTS,
    DEFAULT,
    VSAN,
    capability,
    profile,
    rules_of,
)


def rules(**values: int) -> tuple[RuleSet, ...]:
    """One rule set for vSAN."""
    return (RuleSet(frozenset(("VSAN", name, ((name, "", ("int", value)),)) for name, value in values.items())),)


def policy(identifier: str, rule_sets: tuple[RuleSet, ...] = (), encryption: bool = False, **more: t.Any) -> Policy:
    values = {"name": identifier, "description": "", "form": None, "component": None, "bundled": False, **more}
    return Policy(
        id=identifier, encryption=encryption, allow_filters_before_encryption=None, rule_sets=rule_sets, **values
    )


UUID = "0e3f8c5a-7a35-4a0a-a7a4-6f0c8f6f6b01"
ONLY_ENCRYPTION = (RuleSet(frozenset()),)
BUNDLED = policy(VM_ENCRYPTION_POLICY, ONLY_ENCRYPTION, True, name="VM Encryption Policy", bundled=True)
OWN = policy("own", ONLY_ENCRYPTION, True)
RAID = policy("raid", rules(ftt=2, raid=6))
RAID_TWIN = policy("raid-twin", RAID.rule_sets, True, original="raid")
FREE = policy("free")
LEFT = policy("left-over", rules(ftt=3), True, original="deleted")
PLAIN = policy("plain", rules(ftt=1))
BY_HAND = policy("by-hand", PLAIN.rule_sets, True)
NEW = policy("new", rules(ftt=0))
CHANGED = policy("changed", rules(ftt=4), True, original="raid")
EVERYTHING = (BUNDLED, OWN, RAID, RAID_TWIN, FREE, LEFT, PLAIN, BY_HAND, NEW, CHANGED)
UNKNOWN, UNTOLD, NONE = Present("gone"), Present(told=False), Present()


def has(one: Policy) -> Present:
    return Present(one.id, one)


def shown(choice: PolicyChoice) -> str:
    """A choice in a word or two."""
    if choice.obstacle is not None:
        return f"blocked: {choice.obstacle.code}"
    if choice.combine is not None:
        return f"made from {choice.combine.id}"
    name = {None: "none", VM_ENCRYPTION_POLICY: "bundled"}.get(choice.id, choice.id)
    more = (" loses" if choice.lost else "") + (" forgotten" if choice.forgotten else "")
    return (f"{name}" if choice.sent else f"stays {name}") + more


@pytest.mark.parametrize(
    ("operation", "present", "combine", "replace", "block"),
    [
        (ENCRYPT, NONE, "bundled", "bundled", "bundled"),
        (ENCRYPT, has(FREE), "bundled", "bundled", "bundled"),
        (ENCRYPT, has(RAID), "raid-twin", "bundled loses", "blocked: policy_rules"),
        (ENCRYPT, has(PLAIN), "by-hand", "bundled loses", "blocked: policy_rules"),
        (ENCRYPT, has(NEW), "made from new", "bundled loses", "blocked: policy_rules"),
        (ENCRYPT, has(OWN), "own", "own", "own"),
        (ENCRYPT, has(RAID_TWIN), "raid-twin", "raid-twin", "raid-twin"),
        (ENCRYPT, UNKNOWN, "blocked: policy_unknown", "bundled loses", "blocked: policy_unknown"),
        (ENCRYPT, UNTOLD, "blocked: policy_unknown", "bundled loses", "blocked: policy_unknown"),
        (DEEP_RECRYPT, NONE, "bundled", "bundled", "bundled"),
        (DEEP_RECRYPT, has(FREE), "bundled", "bundled", "bundled"),
        (DEEP_RECRYPT, has(OWN), "own", "own", "own"),
        (DEEP_RECRYPT, has(RAID_TWIN), "raid-twin", "raid-twin", "raid-twin"),
        (DEEP_RECRYPT, has(RAID), "raid-twin", "raid-twin", "raid-twin"),
        (DEEP_RECRYPT, has(NEW), *["blocked: policy_not_encrypting"] * 3),
        (DEEP_RECRYPT, UNKNOWN, *["blocked: policy_not_encrypting"] * 3),
        (DEEP_RECRYPT, UNTOLD, *["blocked: policy_not_encrypting"] * 3),
        (RECRYPT, NONE, "stays none", "stays none", "stays none"),
        (RECRYPT, has(RAID_TWIN), "stays raid-twin", "stays raid-twin", "stays raid-twin"),
        (RECRYPT, UNKNOWN, "stays gone", "stays gone", "stays gone"),
        (DECRYPT, NONE, "none", "none", "none"),
        (DECRYPT, has(BUNDLED), "none forgotten", "none", "none forgotten"),
        (DECRYPT, has(OWN), "none forgotten", "none", "none forgotten"),
        (DECRYPT, has(RAID), "raid", "none loses", "raid"),
        (DECRYPT, has(RAID_TWIN), "raid", "none loses", "raid"),
        (DECRYPT, has(BY_HAND), "plain", "none loses", "plain"),
        (DECRYPT, has(CHANGED), "raid loses", "none loses", "raid loses"),
        (DECRYPT, has(LEFT), "none loses forgotten", "none loses", "blocked: policy_forgotten"),
        (DECRYPT, UNKNOWN, "none loses forgotten", "none loses", "blocked: policy_forgotten"),
        (DECRYPT, UNTOLD, "blocked: policy_unknown", "none loses", "blocked: policy_unknown"),
    ],
)
def test_policy_after_an_operation(operation: str, present: Present, combine: str, replace: str, block: str) -> None:
    found = [shown(Chooser(EVERYTHING, way).choose(operation, present)) for way in (COMBINE, REPLACE, BLOCK)]
    assert found == [combine, replace, block]


@pytest.mark.parametrize("way", [COMBINE, REPLACE, BLOCK])
def test_named_policy_is_taken_and_its_losses_told(way: str) -> None:
    chooser = Chooser(EVERYTHING, way, named=OWN)
    for present in (NONE, has(FREE), has(RAID_TWIN), UNKNOWN):
        assert chooser.choose(ENCRYPT, present).id == "own"
    assert chooser.choose(ENCRYPT, has(RAID)).lost == ("VSAN.ftt=2", "VSAN.raid=6")
    assert chooser.choose(ENCRYPT, NONE).lost == ()
    keeps = Chooser(EVERYTHING, way, named=RAID_TWIN)
    assert keeps.choose(ENCRYPT, has(RAID)).lost == ()
    assert keeps.choose(ENCRYPT, has(PLAIN)).lost == ("VSAN.ftt=1",)


def test_missing_privilege_blocks_only_what_needs_a_new_policy() -> None:
    asked: list[str] = []

    def lacking() -> list[str]:
        asked.append("")
        return ["StorageProfile.Update"]

    chooser = Chooser(EVERYTHING, lacking=lacking)
    assert [shown(chooser.choose(ENCRYPT, present)) for present in (NONE, has(RAID))] == ["bundled", "raid-twin"]
    assert asked == []
    blocked = chooser.choose(ENCRYPT, has(NEW))
    assert shown(blocked) == "blocked: policy_rights" and chooser.new == []
    assert blocked.obstacle is not None and "the user lacks StorageProfile.Update" in blocked.obstacle.reason


def test_vcenter_without_bundled_policy_blocks() -> None:
    chooser = Chooser((OWN, RAID, RAID_TWIN))
    assert shown(chooser.choose(ENCRYPT, NONE)) == "blocked: no_encryption_policy"
    assert shown(chooser.choose(ENCRYPT, has(RAID))) == "raid-twin"


def test_one_new_policy_for_all_that_have_the_old_one() -> None:
    other = policy("other", rules(ftt=9), name="new")
    chooser = Chooser((*EVERYTHING, other))
    first, again, third = (chooser.choose(ENCRYPT, has(one)) for one in (NEW, NEW, other))
    assert first == again
    assert [(original.id, name) for original, name in chooser.new] == [
        ("new", "new - encrypted"),
        ("other", "new - encrypted (2)"),  # policies of the same name: the ids differ
    ]
    assert (first.name, third.name) == ("new - encrypted", "new - encrypted (2)")


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        ("Gold", (), "Gold - encrypted"),
        ("Gold", ("Gold - encrypted",), "Gold - encrypted (2)"),
        ("Gold", ("Gold - encrypted", "Gold - encrypted (2)"), "Gold - encrypted (3)"),
        ("n" * 80, (), "n" * 68 + " - encrypted"),
        ("n" * 80, ("n" * 68 + " - encrypted",), "n" * 64 + " - encrypted (2)"),
        ("n" * 67 + " " + "m" * 12, (), "n" * 67 + " - encrypted"),
    ],
)
def test_name_of_a_combined_policy(name: str, taken: tuple[str, ...], expected: str) -> None:
    found = encrypting_name(name, taken)
    assert found == expected and len(found) <= LONGEST_NAME


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ((RAID,), None),
        ((RAID, RAID_TWIN), "raid-twin"),
        ((RAID, OWN, BUNDLED, BY_HAND), None),
        # made by a person, says nothing: only when nothing else has these rules
        ((RAID, dataclasses.replace(RAID_TWIN, original=None)), "raid-twin"),
        ((RAID, policy("copy", RAID.rule_sets), dataclasses.replace(RAID_TWIN, original=None)), None),
        ((RAID, policy("copy", RAID.rule_sets), RAID_TWIN), "raid-twin"),
        # made from another policy with the same rules
        ((RAID, dataclasses.replace(RAID_TWIN, original="copy")), None),
        # its rules were changed since
        ((RAID, dataclasses.replace(RAID_TWIN, rule_sets=rules(ftt=1))), None),
        ((RAID, dataclasses.replace(RAID_TWIN, bundled=True)), None),
        ((RAID, dataclasses.replace(RAID_TWIN, encryption=False)), None),
    ],
)
def test_combined_policy_is_recognised_by_its_rules(policies: tuple[Policy, ...], expected: str | None) -> None:
    found = encrypting_of(RAID, policies)
    assert (found.id if found else None) == expected


@pytest.mark.parametrize(
    ("encrypting", "policies", "expected"),
    [
        (RAID_TWIN, (RAID,), "raid"),
        (RAID_TWIN, (dataclasses.replace(RAID, name="renamed"),), "raid"),
        (RAID_TWIN, (dataclasses.replace(RAID, rule_sets=rules(ftt=1)),), "raid"),  # changed since: the team's wish
        (RAID_TWIN, (dataclasses.replace(RAID, id="again"),), "again"),  # deleted and made anew
        (RAID_TWIN, (dataclasses.replace(RAID, id="a"), dataclasses.replace(RAID, id="b")), None),
        (RAID_TWIN, (), None),
        (RAID_TWIN, (dataclasses.replace(RAID, encryption=True),), None),
        (OWN, (FREE, PLAIN), None),
    ],
)
def test_original_of_a_combined_policy(encrypting: Policy, policies: t.Sequence[Policy], expected: str | None) -> None:
    found = original_of(encrypting, (encrypting, *policies))
    assert (found.id if found else None) == expected


# rules


def test_combined_policy_has_all_rule_sets_and_encryption() -> None:
    tags = pbm.capability.types.DiscreteSet(values=["gold"])
    original = profile([VSAN], [VSAN, ("tags", "tier", "tier", tags)], identifier=UUID)
    original.constraints.subProfiles[1].capability[1].constraint[0].propertyInstance[0].operator = "NOT"
    before = policy_of(original, COMPONENTS)
    spec = encrypting_spec("made", before)
    assert [one[-1] for one in rules_of(spec.constraints)] == [DEFAULT, DEFAULT]
    after = policy_of(profile(constraints=spec.constraints, description=spec.description), COMPONENTS)
    assert (after.encryption, after.rule_sets, after.original) == (True, before.rule_sets, UUID)
    assert after.rules == before.rules == ["VSAN.stripeWidth=2", "tags.tier=NOT {gold}"]
    names = [(one.name, one.forceProvision) for one in spec.constraints.subProfiles]
    assert names == [(one.name, one.forceProvision) for one in before.constraints.subProfiles]
    assert not before.encryption and len(before.constraints.subProfiles[0].capability) == 1  # left as it was


@pytest.mark.parametrize(
    "description",
    ["", "Original policy", "Original policy: gold", f"original policy: {UUID}", f"Original policy: {UUID}0", None],
)
def test_description_that_names_no_original(description: str | None) -> None:
    assert policy_of(profile([DEFAULT], description=description), COMPONENTS).original is None


def test_component_stands_by_its_name_in_words() -> None:
    io = (DEFAULT[0], "io", "io", "io")
    assert policy_of(profile([DEFAULT, io]), COMPONENTS).rules == ["High IO shares"]
    other = {DEFAULT_COMPONENT: Component(DEFAULT_COMPONENT, "x", True)}
    assert policy_of(profile([DEFAULT, io]), other).rules == ["com.vmware.storageprofile.dataservice.io=io"]


DiscreteSet = pbm.capability.types.DiscreteSet
Range = pbm.capability.types.Range


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1, True),
        (1, True, False),
        (1, "1", False),
        (
            DiscreteSet(values=["a", "b"]),
            DiscreteSet(values=["b", "a"]),
            True,
        ),
        (DiscreteSet(values=["a"]), DiscreteSet(values=["a", "b"]), False),
        (Range(min=1, max=2), Range(min=1, max=2), True),
        (Range(min=1, max=2), Range(min=1, max=3), False),
        (None, False, False),
        (1.5, 1.5, True),
    ],
)
def test_values_compare_by_content(one: t.Any, other: t.Any, same: bool) -> None:
    assert (value_of(one) == value_of(other)) is same
    assert hash(value_of(one)) is not None


def test_range_in_words() -> None:
    found = policy_rule_of(capability("array", "latency", "latency", Range(min=1, max=2)))
    assert texts([RuleSet(frozenset([found]))]) == ["array.latency=max 2, min 1"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (rules(a=1), rules(a=1), []),
        (rules(a=1, b=2), rules(a=1), ["VSAN.b=2"]),
        (rules(a=1), (), ["VSAN.a=1"]),
        ((), rules(a=1), []),
        (rules(a=1), rules(a=2), ["VSAN.a=1"]),
        # alternatives: a rule that one of them lacks may not hold
        (rules(a=1), rules(a=1) + rules(b=1), ["VSAN.a=1"]),
        (rules(a=1) + rules(b=1), rules(a=1) + rules(b=1), []),
    ],
)
def test_lost_rules(before: tuple[RuleSet, ...], after: tuple[RuleSet, ...], expected: list[str]) -> None:
    assert texts(lost(before, after)) == expected
