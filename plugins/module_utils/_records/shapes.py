# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of what comes from a file: what is not as it should be is named, and what the value is, is not shown."""

from __future__ import annotations

import datetime
import json
import re
import typing as t

Record = dict[str, t.Any]
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class ShapeError(ValueError):
    """The text is not what it should be; the message has one line and no value of the file but names."""


class Shape(t.NamedTuple):
    """What a value must be, and how that is called."""

    words: str
    fits: t.Callable[[t.Any], bool]


TEXT = Shape("a text of one line", lambda value: isinstance(value, str) and value.isprintable())
LINES = Shape("a text", lambda value: isinstance(value, str) and "\0" not in value)
BOOL = Shape("true or false", lambda value: isinstance(value, bool))
PORT = Shape("a port", lambda value: re.fullmatch(r"[1-9][0-9]{0,4}", str(value)) is not None and int(value) < 65536)
COUNT = Shape("a whole number", lambda value: value == "" or re.fullmatch(r"[0-9]{1,5}", str(value)) is not None)
# of a server in vCenter; -1 is how such a number is cleared
SETTING = Shape("a whole number", lambda value: value == "" or re.fullmatch(r"-1|[0-9]{1,10}", str(value)) is not None)
TRUTH = Shape(
    "true or false", lambda value: str(value).lower() in ("true", "false", "yes", "no", "on", "off", "1", "0", "")
)
OBJECT = Shape("an object", lambda value: isinstance(value, dict))
LIST = Shape("a list", lambda value: isinstance(value, list))
LIST_OR_NOTHING = Shape("a list", lambda value: isinstance(value, list) or value == "")
NOT_EMPTY = Shape("a list with something in it", lambda value: isinstance(value, list) and bool(value))
TEXTS = Shape("a list of texts", lambda value: isinstance(value, list) and all(map(TEXT.fits, value)))
TEXT_OR_TEXTS = Shape("a text or a list of texts", lambda value: TEXT.fits(value) or TEXTS.fits(value))
MOMENT = Shape("a time such as 2026-01-31T09:30:00Z", lambda value: isinstance(value, str) and _is_time(value))


def _is_time(text: str) -> bool:
    try:
        return datetime.datetime.strptime(text, _TIME).strftime(_TIME) == text
    except ValueError:
        return False


def name_of(text: t.Any) -> str:
    """A name from a file as a message can show it: no part of a key that was pasted in its place."""
    if "PRIVATE KEY" in str(text):
        return "(hidden)"
    shown = "".join(sign if sign.isprintable() else "?" for sign in str(text))
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def parsed(text: str) -> Record:
    """The object in a JSON text."""
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ShapeError("it is nested too deeply") from error
    except ValueError as error:
        place = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ShapeError(f"it is not JSON{place}") from error
    if not isinstance(found, dict):
        raise ShapeError("it is not a JSON object")
    return found


def check(value: t.Any, shape: Shape, where: str) -> t.Any:
    """The value. Raises ShapeError when it has another shape."""
    if not shape.fits(value):
        raise ShapeError(f"{where} is not {shape.words}")
    return value


def check_fields(record: t.Any, fields: t.Mapping[str, Shape], where: str, needed: t.Collection[str] = ()) -> Record:
    """The record. Fields that are missing or null are fine unless needed, others are not looked at."""
    check(record, OBJECT, where)
    for name, shape in fields.items():
        if record.get(name) is not None:
            check(record[name], shape, f"{where}.{name}")
        elif name in needed:
            raise ShapeError(f"{where}.{name} is missing")
    return t.cast(Record, record)


def check_each(value: t.Any, fields: t.Mapping[str, Shape], where: str, needed: t.Collection[str] = ()) -> None:
    """The same for each record of a list."""
    for number, one in enumerate(check(value, LIST, where), start=1):
        check_fields(one, fields, f"{where} {number}", needed)
