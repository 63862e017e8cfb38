# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of storage policies as plain values: to compare them, to show them. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

Value = t.Hashable
PolicyRule = tuple[str, str, tuple[tuple[str, str, Value], ...]]  # namespace, id, (property, operator, value)


@dataclasses.dataclass(frozen=True)
class RuleSet:
    """What must hold together, besides encryption. A policy is met by any one of its rule sets; names do not count."""

    rules: frozenset[PolicyRule]
    force: bool = False


def value_of(value: t.Any) -> Value:
    """A value that compares by its content: booleans and numbers are no texts, and sets have no order."""
    if isinstance(value, bool) or value is None:
        return ("bool", value)
    if isinstance(value, int):
        return ("int", int(value))
    if isinstance(value, str):
        return ("text", str(value))
    if hasattr(value, "_GetPropertyList"):
        names = [one.name for one in value._GetPropertyList() if not one.name.startswith("dynamic")]
        fields = {name: getattr(value, name) for name in names}
        kind = type(value).__name__.rpartition(".")[2]
        return (kind, tuple((name, _field(found)) for name, found in sorted(fields.items())))
    return (type(value).__name__, str(value))


def _field(found: t.Any) -> Value:
    if isinstance(found, (list, tuple)):
        return ("set", frozenset(value_of(one) for one in found))
    return value_of(found)


def policy_rule_of(capability: t.Any) -> PolicyRule:
    """A capability as a plain value."""
    properties = [
        (str(instance.id), str(instance.operator or ""), value_of(instance.value))
        for constraint in capability.constraint or []
        for instance in constraint.propertyInstance or []
    ]
    return str(capability.id.namespace), str(capability.id.id), tuple(sorted(properties, key=repr))


def has_rules(rule_sets: t.Sequence[RuleSet]) -> bool:
    """Whether anything but encryption is asked for."""
    return any(one.rules for one in rule_sets)


def _words(value: t.Any) -> str:
    """A plain value for people."""
    kind, content = value
    if kind in ("bool", "int", "text"):
        return str(content)
    if kind == "set":
        return "{" + ", ".join(sorted(_words(one) for one in content)) + "}"
    if not isinstance(content, tuple):
        return str(content)
    fields = [(name, _words(found)) for name, found in content if found != ("bool", None)]
    return fields[0][1] if len(fields) == 1 else ", ".join(f"{name} {text}" for name, text in fields)


def texts(rule_sets: t.Sequence[RuleSet], components: t.Mapping[str, str] | None = None) -> list[str]:
    """The rules of all rule sets for people, sorted; `components` are names by id."""
    return sorted({_text(rule, components or {}) for one in rule_sets for rule in one.rules})


def _text(rule: PolicyRule, components: t.Mapping[str, str]) -> str:
    namespace, identifier, properties = rule
    if identifier in components:
        return components[identifier]
    short = namespace.rstrip("/").rpartition("/")[2]  # http://www.vmware.com/storage/tag
    said = [" ".join(part for part in (operator, _words(value)) if part) for _name, operator, value in properties]
    return f"{short}.{identifier}={', '.join(said)}"


def lost(before: t.Sequence[RuleSet], after: t.Sequence[RuleSet]) -> tuple[RuleSet, ...]:
    """Rules of a policy that another one does not have in every rule set: what is placed by the other may miss them."""
    kept = frozenset.intersection(*(one.rules for one in after)) if after else frozenset()
    if tuple(before) == tuple(after):
        return ()
    return tuple(RuleSet(one.rules - kept) for one in before if one.rules - kept)
