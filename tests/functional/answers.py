# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers made from the published contracts, and every way in which a newer API may differ from them."""

from __future__ import annotations

import copy
import dataclasses
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud import contracts
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud.contracts import Operation

ID = "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"
URN = "urn:v1:eu:identity:account:ab12345-ovh"
NOW = 1_790_000_000
NEW_WORD = "somethingNew"
_WRONG: tuple[t.Any, ...] = ({"wrong": 1}, [["wrong"]], "wrong\nshape " * 30, -7.5)
Place = tuple[t.Union[str, int], ...]

_SCALARS: dict[str, t.Any] = {
    "boolean": True,
    "long": 1,
    "double": 1.0,
    "uuid": ID,
    "datetime": "2026-09-01T10:00:00+02:00",
    "date": "2026-09-01",
    "duration": "P1M",
    "ip": "192.0.2.10",
    "ipv4": "192.0.2.10",
    "ipBlock": "192.0.2.0/24",
    "ipv4Block": "192.0.2.0/24",
    "any": "text",
}
# values that make an answer belong to the run; of any model that has the field
_FITTING: dict[str, t.Any] = {
    "region": "eu-west-rbx",
    "displayName": "kms-prod",
    "kmipEndpoint": "eu-west-rbx.okms.ovh.net:5696",
    "kmipRsaEndpoint": "eu-west-rbx.okms.ovh.net:5697",
    "restEndpoint": "https://eu-west-rbx.okms.ovh.net",
    "publicCA": None,
    "publicRsaCA": None,
    "certificatePEM": None,
    "keysPEM": None,
    "identityURNs": [URN],
    "identities": [URN],
    "planCode": "okms",
    "capacities": ["installation", "consumption"],
    "mode": "default",
    "body": "mail",
    "readOnly": False,
    "dedicatedCloud.Task": {"state": "done"},
}


@dataclasses.dataclass(frozen=True)
class Mutation:
    """One change of an answer. `harmless`: the contract allows it, or a newer one may."""

    kind: str
    place: Place
    harmless: bool
    apply: t.Callable[[t.Any], t.Any]

    @property
    def field(self) -> str:
        """The field that is changed; empty for the whole answer."""
        return next((str(part) for part in reversed(self.place) if isinstance(part, str)), "")

    def __str__(self) -> str:
        return f"{self.kind} at {'.'.join(map(str, self.place)) or 'the top'}"


def operation_of(method: str, call_path: str) -> Operation:
    """The operation that a call of the client means."""
    bare = call_path.partition("?")[0]
    return contracts.find(method, bare if bare.startswith(("/v2/", "/api/")) else f"/1.0{bare}")[0]


def answer_of(operation: Operation, fitting: t.Mapping[str, t.Any]) -> t.Any:
    """A whole answer of the contract, with every field set; `fitting` holds values of fields, of the
    fields of one model, or the whole answer of an operation."""
    if operation.name in fitting:
        return copy.deepcopy(fitting[operation.name])
    if operation.answer_type == "void":
        return None
    return _sample(operation.models, operation.answer_type, "", {**_FITTING, **fitting}, 0)


def _sample(models: t.Any, kind: str, field: str, fitting: t.Mapping[str, t.Any], depth: int) -> t.Any:
    if kind.endswith("[]"):
        return (
            fitting[field]
            if isinstance(fitting.get(field), list)
            else [_sample(models, kind[:-2], field, fitting, depth)]
        )
    if kind.startswith("map["):
        return copy.deepcopy(fitting.get(field, {}))
    model = models.get(kind)
    if model is None:
        scalar = kind.rsplit(":", 1)[-1]
        known = fitting[field] if field in fitting else _SCALARS.get(scalar, "text")
        return known if not isinstance(known, list) else "text"
    if "enum" in model:
        wanted = fitting.get(field)
        return wanted if wanted in model["enum"] else model["enum"][0]
    if depth > 6:
        return None
    fitting = {**fitting, **fitting.get(kind, {})}
    generic = re.fullmatch(r"[\w.]+<(?P<argument>.+)>", kind)
    arguments = dict(zip(model.get("generics", []), [generic.group("argument")] if generic else []))
    return {
        name: _sample(models, arguments.get(_type(facts), _type(facts)), name, fitting, depth + 1)
        for name, facts in model["properties"].items()
    }


def _type(facts: t.Mapping[str, t.Any]) -> str:
    return str(facts.get("fullType") or facts["type"])


def mutations(operation: Operation, answer: t.Any) -> list[Mutation]:
    """Every nullable field once null, every enum with a new word, each object with one field more.

    And what the contract forbids: null, missing, other types.
    """
    found: list[Mutation] = []
    nullable: list[Place] = []
    fields = _fields(operation.models, operation.answer_type, answer, ())
    for seen, (place, kind, can_be_null) in enumerate(fields):
        enum = operation.models.get(kind, {}).get("enum")
        # everything for fields near the top; of the hundreds below, what the contract forbids for every fourth one only
        whole = len(place) < 4 or seen % 4 == 0
        if can_be_null:
            nullable.append(place)
            found.append(Mutation("null", place, True, _setter(place, None)))
        elif whole:
            found.append(Mutation("null against the contract", place, False, _setter(place, None)))
        if whole:
            found.append(Mutation("missing", place, can_be_null, _remover(place)))
        if enum:
            word = 4242 if all(isinstance(value, int) for value in enum) else NEW_WORD
            found.append(Mutation("a new word", place, True, _setter(place, word)))
        below = [_WRONG[seen // 4 % len(_WRONG)]] if whole else []
        for wrong in _WRONG if len(place) < 3 else below:
            found.append(Mutation(f"{type(wrong).__name__} instead", place, False, _setter(place, wrong)))
    found.append(Mutation("all nulls", (), True, lambda value: _each(value, nullable, None)))
    for place in _objects(answer, ()):
        found.append(Mutation("a new field", (*place, "newField"), True, _setter((*place, "newField"), {"new": [1]})))
    for wrong in (None, [], {}, "wrong", 7, [None], [{}], [[]], True):
        found.append(Mutation(f"{wrong!r} instead", (), False, _always(wrong)))
    return found


def _fields(models: t.Any, kind: str, value: t.Any, place: Place) -> t.Iterator[tuple[Place, str, bool]]:
    if kind.endswith("[]"):
        for index, item in enumerate(value if isinstance(value, list) else []):
            yield from _fields(models, kind[:-2], item, (*place, index))
        return
    model = models.get(kind)
    if model is None or "enum" in model or not isinstance(value, dict):
        return
    for name, facts in model["properties"].items():
        if name in value:
            yield (*place, name), _type(facts), bool(facts["canBeNull"])
            yield from _fields(models, _type(facts), value[name], (*place, name))


def _objects(value: t.Any, place: Place) -> t.Iterator[Place]:
    if isinstance(value, dict):
        yield place
        for name, item in value.items():
            yield from _objects(item, (*place, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _objects(item, (*place, index))


def _each(value: t.Any, places: t.Sequence[Place], new: t.Any) -> t.Any:
    for place in places:
        value = _setter(place, new)(value)
    return value


def _always(new: t.Any) -> t.Callable[[t.Any], t.Any]:
    return lambda value: new


def _setter(place: Place, new: t.Any) -> t.Callable[[t.Any], t.Any]:
    def apply(value: t.Any) -> t.Any:
        made, owner = _owner(value, place)
        if owner is not None:
            owner[place[-1]] = new
        return made

    return apply


def _remover(place: Place) -> t.Callable[[t.Any], t.Any]:
    def apply(value: t.Any) -> t.Any:
        made, owner = _owner(value, place)
        if isinstance(owner, dict):
            owner.pop(place[-1], None)
        return made

    return apply


def _owner(value: t.Any, place: Place) -> tuple[t.Any, t.Any]:
    made = owner = copy.deepcopy(value)
    for part in place[:-1]:
        owner = owner[part] if owner is not None else None
    return made, owner
