# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers compared with their contracts: fields and words that are new, missing, or of another type. Pure.

Only names of fields and words of enums leave this file. Values are the customer's, and so are the keys of a map.
"""

from __future__ import annotations

import re
import typing as t

Contracts = t.Mapping[str, t.Any]
Report = dict[str, t.Any]

KINDS = ("unknown_fields", "missing_fields", "unknown_words", "other_types")
HIDDEN = "(not shown)"
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_WORD = re.compile(r"[A-Za-z_]{1,40}")
_NUMBERS = {"long": (int,), "double": (int, float)}
_DEEPEST = 20


class Shapes:
    """Collects what differs, by route. `contracts` holds the types of answers (`routes`) and their `models`."""

    def __init__(self, contracts: Contracts) -> None:
        self._routes: t.Mapping[str, str] = contracts.get("routes") or {}
        self._models: t.Mapping[str, t.Any] = contracts.get("models") or {}
        self._found: dict[str, dict[str, set[str]]] = {}

    def add(self, route: str, answer: t.Any) -> None:
        """Compare one answer; routes without a contract are ignored."""
        if route in self._routes:
            self._compare(self._found.setdefault(route, {kind: set() for kind in KINDS}), self._routes[route], answer)

    def results(self) -> list[Report]:
        """The routes whose answers differ."""
        rows = [(route, found) for route, found in sorted(self._found.items()) if any(found.values())]
        return [{"route": route, **{kind: sorted(found[kind]) for kind in KINDS}} for route, found in rows]

    def _compare(self, found: dict[str, set[str]], kind: str, value: t.Any, where: str = "", depth: int = 0) -> None:
        if value is None or depth > _DEEPEST:
            return  # whatever may be null in a contract, the collection takes it for missing
        if kind.endswith("[]"):
            if not isinstance(value, list):
                found["other_types"].add(_type(where, value))
            for item in value if isinstance(value, list) else []:
                self._compare(found, kind[:-2], item, where, depth + 1)
            return
        model = self._models.get(kind)
        if model is None:
            if not _fits(kind, value):
                found["other_types"].add(_type(where, value))
        elif isinstance(model, list):
            if value not in model:
                shown = value if isinstance(value, str) and _WORD.fullmatch(value) else HIDDEN
                found["unknown_words"].add(f"{where}: {shown}")
        elif not isinstance(value, dict):
            found["other_types"].add(_type(where, value))
        else:
            self._fields(found, model, value, where, depth)

    def _fields(
        self, found: dict[str, set[str]], model: Contracts, value: t.Mapping[t.Any, t.Any], where: str, depth: int
    ) -> None:
        start = f"{where}." if where else ""
        for name in set(value) - set(model):
            shown = name if isinstance(name, str) and _FIELD.fullmatch(name) else HIDDEN
            found["unknown_fields"].add(start + shown)
        for name, kind in model.items():
            if name not in value:
                found["missing_fields"].add(start + name)
            else:
                self._compare(found, kind, value[name], start + name, depth + 1)


def _fits(kind: str, value: t.Any) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in _NUMBERS:
        return isinstance(value, _NUMBERS[kind]) and not isinstance(value, bool)
    if kind.startswith("map["):
        return isinstance(value, dict)
    return kind == "any" or isinstance(value, str)


def _type(where: str, value: t.Any) -> str:
    words = {dict: "an object", list: "a list", bool: "true or false", str: "text"}
    return f"{where or 'the answer'}: {words.get(type(value), 'a number')}"
