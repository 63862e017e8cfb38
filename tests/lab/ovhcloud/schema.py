# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of JSON values against the models of a contract."""

from __future__ import annotations

import ipaddress
import json
import re
import typing as t
import uuid

Models = dict[str, dict[str, t.Any]]

_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DURATION = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?")
_GENERIC = re.compile(r"[\w.]+<(?P<argument>.+)>")


def _parses(parse: t.Callable[[t.Any], t.Any], value: t.Any) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True


def _text(check: t.Callable[[str], t.Any]) -> t.Callable[[t.Any], bool]:
    return lambda value: isinstance(value, str) and bool(check(value))


def _whole(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_SCALARS: dict[str, t.Callable[[t.Any], bool]] = {
    "any": lambda value: True,
    "boolean": lambda value: isinstance(value, bool),
    "long": _whole,
    "double": lambda value: _whole(value) or isinstance(value, float),
    "string": _text(lambda value: True),
    "text": _text(lambda value: True),
    "password": _text(lambda value: True),
    "uuid": _text(lambda value: len(value) == 36 and _parses(uuid.UUID, value)),
    "datetime": _text(_DATETIME.fullmatch),
    "date": _text(_DATE.fullmatch),
    "duration": _text(_DURATION.fullmatch),
    "ip": _text(lambda value: _parses(ipaddress.ip_address, value)),
    "ipv4": _text(lambda value: _parses(ipaddress.IPv4Address, value)),
    "ipBlock": _text(lambda value: _parses(ipaddress.ip_network, value)),
    "ipv4Block": _text(lambda value: _parses(ipaddress.IPv4Network, value)),
}


class Checker:
    """Finds what is wrong with a value; `answer` asks for complete objects, a request only for required fields."""

    def __init__(self, models: Models, answer: bool) -> None:
        self._models = models
        self._answer = answer

    def problems(self, kind: str, value: t.Any, where: str) -> t.Iterator[str]:
        """Sentences, one for each breach."""
        if kind.endswith("[]"):
            yield from self._array(kind[:-2], value, where)
        elif kind.startswith("map["):
            yield from self._map(kind.split("]", 1)[1], value, where)
        elif kind in self._models:
            yield from self._model(kind, value, where)
        else:
            # `coreTypes.ServiceId:long` is a long under another name
            scalar = _SCALARS.get(kind.rsplit(":", 1)[-1])
            if scalar is None:
                yield f"{where}: type {kind} is not in the contract"
            elif not scalar(value):
                yield f"{where}: {_shown(value)} is not of type {kind}"

    def _array(self, kind: str, value: t.Any, where: str) -> t.Iterator[str]:
        if not isinstance(value, list):
            yield f"{where}: {_shown(value)} is not an array"
            return
        for index, item in enumerate(value):
            yield from self.problems(kind, item, f"{where}[{index}]")

    def _map(self, kind: str, value: t.Any, where: str) -> t.Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where}: {_shown(value)} is not an object"
            return
        # the contracts write a map of lists `map[string][]X`
        kind = kind[2:] + "[]" if kind.startswith("[]") else kind
        for key, item in value.items():
            yield from self.problems(kind, item, f"{where}.{key}")

    def _model(self, name: str, value: t.Any, where: str) -> t.Iterator[str]:
        model = self._models[name]
        if "enum" in model:
            if value not in model["enum"] or isinstance(value, bool):
                yield f"{where}: {_shown(value)} is not one of {', '.join(str(item) for item in model['enum'])}"
            return
        if not isinstance(value, dict):
            yield f"{where}: {_shown(value)} is not an object"
            return
        generic = _GENERIC.fullmatch(name)
        arguments = dict(zip(model.get("generics", []), [generic.group("argument")] if generic else []))
        for field in sorted(set(value) - set(model["properties"])):
            yield f"{where}.{field}: unknown field"
        for field, facts in model["properties"].items():
            kind = facts.get("fullType") or facts["type"]
            yield from self._field(facts, arguments.get(kind, kind), value, f"{where}.{field}", field)

    def _field(
        self, facts: dict[str, t.Any], kind: str, owner: dict[str, t.Any], where: str, field: str
    ) -> t.Iterator[str]:
        nullable = facts["canBeNull"]
        if field not in owner:
            if not nullable if self._answer else facts["required"]:
                yield f"{where}: missing"
        elif owner[field] is None:
            if not nullable:
                yield f"{where}: null is not allowed"
        else:
            yield from self.problems(kind, owner[field], where)


def _shown(value: t.Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 40 else text[:37] + "..."


def parse_query(kind: str, text: str) -> t.Any:
    """The JSON value that a query or path parameter of that type stands for; ValueError when it has none."""
    base = kind.rsplit(":", 1)[-1]
    if base == "long":
        return int(text)
    if base == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if base.startswith("map["):
        return json.loads(text)
    return text
