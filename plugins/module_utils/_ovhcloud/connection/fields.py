# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed reading of the API's answers: null and missing are the same, and a wrong shape is one clear line.

What a run can do without is read with the plain names (`text`, `whole`, `part` ...): absent is None or empty. What a
decision rests on is read with `known_...`, which names the field that is absent. A value of another type than the
contract says always names field and value. Further fields are ignored, and so are words that no contract lists.
"""

from __future__ import annotations

import datetime
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import ApiError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import shown

_T = t.TypeVar("_T")
_TIME_LENGTH = 20
_FRACTION = re.compile(r"\.\d+")


class ShapeError(ApiError):
    """An answer is not of the shape that its contract gives; `field` and `answer` say where."""

    answered = True


class Fields:
    """One object of an answer. `what` names it in messages; never give it something that is secret."""

    def __init__(self, raw: t.Mapping[str, t.Any], what: str) -> None:
        self.raw = raw
        self.what = what

    def text(self, name: str) -> str | None:
        """A text, such as a word of an enum that may be new."""
        return t.cast("str | None", self._typed(name, str, "text"))

    def whole(self, name: str) -> int | None:
        """A whole number."""
        value = self._typed(name, (int, float), "a number")
        return None if value is None else self._whole(name, value)

    def amount(self, name: str) -> float | None:
        """A number."""
        value = self._typed(name, (int, float), "a number")
        return None if value is None else float(value)

    def flag(self, name: str) -> bool | None:
        """True or false."""
        return t.cast("bool | None", self._typed(name, bool, "true or false"))

    def time(self, name: str) -> str | None:
        """A time, in UTC."""
        value = self.text(name)
        try:
            return utc(value)
        except (ValueError, OverflowError):
            raise self.wrong(name, value, "not a time") from None

    def part(self, name: str) -> Fields:
        """An object in this one; empty when it is absent."""
        value = self._typed(name, dict, "an object")
        return Fields(value or {}, f"{self.what}, {name}")

    def parts(self, name: str) -> list[Fields]:
        """A list of objects; empty when it is absent."""
        return [Fields(self._item(name, item, dict, "an object"), f"{self.what}, {name}") for item in self._items(name)]

    def texts(self, name: str) -> list[str]:
        """A list of texts; empty when it is absent."""
        return [self._item(name, item, str, "text") for item in self._items(name)]

    def labels(self, name: str) -> dict[str, t.Any]:
        """An object whose keys are free, such as tags; empty when it is absent."""
        return dict(self._typed(name, dict, "an object") or {})

    def maybe_time(self, name: str) -> str | None:
        """A time that is only told: None also when it cannot be read."""
        try:
            return self.time(name)
        except ShapeError:
            return None

    def known_text(self, name: str) -> str:
        """A text that the run depends on."""
        return self._known(name, self.text(name))

    def known_whole(self, name: str) -> int:
        """A whole number that the run depends on."""
        return self._known(name, self.whole(name))

    def known_amount(self, name: str) -> float:
        """A number that the run depends on."""
        return self._known(name, self.amount(name))

    def wrong(self, name: str, value: t.Any, why: str) -> ShapeError:
        """The error for a value that cannot be used."""
        return ShapeError(
            f"OVHcloud answered {self.what} with {name} {shown(value)}, which is {why}", field=name, answer=shown(value)
        )

    def _known(self, name: str, value: _T | None) -> _T:
        if value is None or value == "":
            raise ShapeError(f"OVHcloud answered {self.what} without {name}, which this run depends on", field=name)
        return value

    def _items(self, name: str) -> list[t.Any]:
        return t.cast("list[t.Any]", self._typed(name, list, "a list")) or []

    def _typed(self, name: str, kind: type | tuple[type, ...], words: str) -> t.Any:
        value = self.raw.get(name)
        return None if value is None else self._item(name, value, kind, words)

    def _item(self, name: str, value: t.Any, kind: type | tuple[type, ...], words: str) -> t.Any:
        # True is an int to Python, but not to the API
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.wrong(name, value, f"not {words}")
        return value

    def _whole(self, name: str, value: float) -> int:
        try:
            number = int(value)
        except (ValueError, OverflowError):
            raise self.wrong(name, value, "not a whole number") from None
        if number != value:
            raise self.wrong(name, value, "not a whole number")
        return number


def record(answer: t.Any, what: str) -> Fields:
    """An answer that is one object."""
    if not isinstance(answer, dict):
        raise ShapeError(f"OVHcloud answered {what} with {shown(answer)}, which is not an object", answer=shown(answer))
    return Fields(answer, what)


def require_told(states: t.Iterable[t.Mapping[str, t.Any]], name: str, what: str) -> None:
    """Raise when an object in our shape lacks what a choice among all of them rests on."""
    for state in states:
        if state[name] is None:
            raise ShapeError(
                f"OVHcloud answered {what} {state['id']} without {name}, so this run cannot tell which one it is",
                field=name,
            )


def records(answer: t.Any, what: str) -> list[Fields]:
    """An answer that is a list of objects."""
    return [record(item, what) for item in listing(answer, what)]


def listing(answer: t.Any, what: str) -> list[t.Any]:
    """An answer that is a list."""
    if not isinstance(answer, list):
        raise ShapeError(f"OVHcloud answered {what} with {shown(answer)}, which is not a list", answer=shown(answer))
    return answer


def numbers(answer: t.Any, what: str) -> list[int]:
    """An answer that is a list of ids, sorted."""
    found = listing(answer, what)
    wrong = [item for item in found if not isinstance(item, int) or isinstance(item, bool)]
    if wrong:
        raise ShapeError(f"OVHcloud answered {what} with {shown(wrong[0])}, which is not an id", answer=shown(wrong[0]))
    return sorted(found)


def names(answer: t.Any, what: str) -> list[str]:
    """An answer that is a list of names or ids in text."""
    found = listing(answer, what)
    wrong = [item for item in found if not isinstance(item, str)]
    if wrong:
        raise ShapeError(f"OVHcloud answered {what} with {shown(wrong[0])}, which is no text", answer=shown(wrong[0]))
    return found


def parse_time(text: str) -> datetime.datetime:
    """A time of the API (RFC 3339 with any offset and any precision), in UTC and cut to seconds. Raises ValueError."""
    # Python before 3.11 knows neither Z nor fractions of any length
    plain = _FRACTION.sub("", text.strip()).replace("Z", "+00:00")
    moment = datetime.datetime.fromisoformat(plain)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return moment.astimezone(datetime.timezone.utc)


def utc(text: str | None) -> str | None:
    """`2026-09-01T10:00:00.123+02:00` -> `2026-09-01T08:00:00Z`; None stays None."""
    # Linux writes the year 1 with one digit, which nobody reads
    return None if text is None else parse_time(text).strftime("%Y-%m-%dT%H:%M:%SZ").zfill(_TIME_LENGTH)
