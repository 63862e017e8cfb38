# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs: valid samples that are bent in a few places, and values that nobody expects."""

from __future__ import annotations

import copy
import functools
import json
import typing as t

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Place = tuple[t.Any, ...]


def _deep(levels: int) -> t.Any:
    value: t.Any = []
    for _level in range(levels):
        value = [value]
    return value


ODD_TEXTS = (
    "",
    " ",
    "\n",
    "a\nb",
    "line\r\nline\n" * 200,
    "x" * 5000,
    "\x00",
    "\x1b[31mred",
    "\u2028",
    "\ud800",
    "\u0130\u00df\u20ac",
    "\u00b2",
    "\u0663",
    "-1",
    "1e999",
    "nan",
    "{{ 7 * 7 }}",
    "../../etc/passwd",
    "2026-09-01T10:00:00+02:00",
    "0001-01-01T00:00:00+23:59",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "2026-02-30",
    "-----BEGIN CERTIFICATE-----",
)
ODD_VALUES: tuple[t.Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**18,
    10**400,
    float("inf"),
    float("nan"),
    [],
    {},
    [[]],
    [None],
    [{}],
    {"": None},
    [0, ""],
    [["a", "b"]],
    {"a": {"a": {"a": []}}},
    _deep(300),
    *ODD_TEXTS,
)

odd_text: SearchStrategy[str] = st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=30))
_leaves = st.one_of(st.sampled_from(ODD_VALUES), st.integers(), st.floats(), st.text(max_size=12), st.booleans())
odd_value: SearchStrategy[t.Any] = st.one_of(
    st.sampled_from(ODD_VALUES),
    st.recursive(
        _leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
        max_leaves=6,
    ),
)


def places(value: t.Any, place: Place = ()) -> t.Iterator[Place]:
    """All places of a value that JSON can hold, the whole first."""
    yield place
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*place, index))


def changed(value: t.Any, place: Place, how: str, new: t.Any) -> t.Any:
    """The value with one place changed; a place that an earlier change removed stays as it is."""
    new = copy.deepcopy(new)  # what is put in twice must not hold itself after a change, and constants stay
    if not place:
        return {"wrap": [value], "twice": [value, value]}.get(how, new)
    owner = value
    for part in place[:-1]:
        try:
            owner = owner[part]
        except (KeyError, IndexError, TypeError):
            return value
    key = place[-1]
    try:
        old = owner[key]
        if how == "remove":
            del owner[key]
        elif how == "twice" and isinstance(owner, list):
            owner.append(copy.deepcopy(old))
        elif how == "wrap":
            owner[key] = [old]
        elif how == "cut" and isinstance(old, str):
            owner[key] = old[: len(old) // 2]
        else:
            owner[key] = new
    except (KeyError, IndexError, TypeError):
        pass
    return value


@functools.cache
def _places_of(text: str) -> tuple[Place, ...]:
    return tuple(places(json.loads(text)))


@st.composite
def bent(draw: t.Callable[..., t.Any], samples: t.Sequence[t.Any], most: int = 3) -> t.Any:
    """One of the samples (JSON) with some places changed, removed, doubled or wrapped."""
    text = json.dumps(draw(st.sampled_from(samples)))
    where = _places_of(text)
    value = json.loads(text)
    for _number in range(draw(st.integers(0, most))):
        place = where[draw(st.integers(0, len(where) - 1))]
        how = draw(st.sampled_from(("new", "new", "new", "remove", "twice", "wrap", "cut")))
        value = changed(value, place, how, draw(odd_value) if how == "new" else None)
    return value


_CHANGES = ("set", "set", "flip")


@st.composite
def damaged(draw: t.Callable[..., t.Any], samples: t.Sequence[bytes], most: int = 4, sized: bool = False) -> bytes:
    """One of the samples with bytes changed, put in, taken out, or cut off; `sized`: mostly of the same length."""
    data = bytearray(draw(st.sampled_from(samples)))
    ways = _CHANGES if sized and draw(st.integers(0, 4)) else (*_CHANGES, "insert", "remove", "cut", "repeat")
    for _number in range(draw(st.integers(0, most))):
        start = draw(st.integers(0, len(data)))
        how = draw(st.sampled_from(ways))
        if how == "cut":
            del data[start:]
        elif how == "remove":
            del data[start : start + draw(st.integers(1, 8))]
        elif how == "repeat":
            data[start:start] = data[start : start + draw(st.integers(1, 64))]
        elif how == "insert":
            data[start:start] = draw(st.binary(min_size=1, max_size=8))
        elif start < len(data):
            data[start] = draw(st.integers(0, 255)) if how == "set" else data[start] ^ (1 << draw(st.integers(0, 7)))
    return bytes(data)


def damaged_text(samples: t.Sequence[str], most: int = 4) -> SearchStrategy[str]:
    """The same for texts; whatever is no UTF-8 any more becomes odd characters."""
    made = damaged([sample.encode("utf-8", "surrogatepass") for sample in samples], most)
    return st.one_of(made.map(lambda data: data.decode("utf-8", "replace")), odd_text)


def json_text(samples: t.Sequence[t.Any]) -> SearchStrategy[str]:
    """JSON texts: bent samples, broken ones, and nothing of the kind."""
    whole = bent(samples).map(json.dumps)
    broken = damaged_text([json.dumps(sample) for sample in samples])
    return st.one_of(whole, whole, whole, broken, st.sampled_from(NESTED))


NESTED = ("[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000, "9" * 5000, "Infinity", "NaN", "\ufeff{}")
