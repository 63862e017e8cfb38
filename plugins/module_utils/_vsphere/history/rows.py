# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vCenter remembers about encryption, as rows of a result: one shape for each kind of record. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import WARNING, Known
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line

LONGEST = 400  # characters of a text of vCenter
# vCenter keeps 30 days of events and tasks, unless its settings event.maxAge and task.maxAge say otherwise
MOST_DAYS = 365
MOST_ROWS = 999  # a collector's page has at most 1000, and one more tells that there are more
_DAY, _MOMENT = "%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"


@dataclasses.dataclass(frozen=True)
class Told:
    """What every row says about its cause; a cause that is not known leaves all but the severity empty."""

    cause: t.Optional[str]
    severity: str
    reason: t.Optional[str]
    next_step: t.Optional[str]


def told(known: Known | None) -> Told:
    """The cause in words."""
    if known is None:
        return Told(None, WARNING, None, None)
    return Told(known.id, known.severity, *known.cause)


@dataclasses.dataclass(frozen=True)
class Remembered:
    """One record. `object` is the name of what it is about, `object_id` its id; both None when it is vCenter itself."""

    time: t.Optional[str]
    object: t.Optional[str]
    object_id: t.Optional[str]
    text: str
    told: Told

    def as_result(self) -> dict[str, t.Any]:
        """For the module's result."""
        own = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "told"}
        return {**own, **dataclasses.asdict(self.told)}


@dataclasses.dataclass(frozen=True)
class EventRow(Remembered):
    """An event. `solved`: a later event of the same object says that it is over."""

    id: int
    event: str
    user: t.Optional[str]
    solved: bool


@dataclasses.dataclass(frozen=True)
class AlarmRow(Remembered):
    """An alarm that is triggered now."""

    name: str
    status: str
    acknowledged: bool


@dataclasses.dataclass(frozen=True)
class TaskRow(Remembered):
    """A task that failed."""

    id: str
    task: str
    user: t.Optional[str]


def shown(text: t.Any) -> str:
    """A text of vCenter as it may be shown."""
    return one_line(str(text or ""), LONGEST)


def name_of(text: t.Any) -> str | None:
    """A name as it may be shown; None for none."""
    return shown(text) or None


def moment_of(value: datetime.datetime | None) -> str | None:
    """UTC in ISO 8601; vCenter's times without a zone are UTC."""
    if value is None:
        return None
    zoned = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
    return zoned.astimezone(datetime.timezone.utc).strftime(_MOMENT)


def begin_of(params: t.Mapping[str, t.Any], now: datetime.datetime) -> datetime.datetime:
    """Since when; `now` is vCenter's time. Raises InvalidInputError."""
    if params.get("since"):
        return _since(str(params["since"]).strip(), now)
    days = params["days"]
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInputError(f"days: {days} is not from 1 to {MOST_DAYS}")
    return now - datetime.timedelta(days=days)


def _since(text: str, now: datetime.datetime) -> datetime.datetime:
    for form in (_DAY, _MOMENT):
        try:
            found = datetime.datetime.strptime(text, form).replace(tzinfo=datetime.timezone.utc)
        except ValueError:
            continue
        if found > now:
            raise InvalidInputError(f"since: {shown(text)} is in the future: vCenter's time is {moment_of(now)}")
        return found
    raise InvalidInputError(f"since: {shown(text)!r} is neither a date (2026-11-29) nor a time (2026-11-29T08:00:00Z)")


def check_limit(limit: int) -> int:
    """How many rows of a kind; raises InvalidInputError."""
    if not 1 <= limit <= MOST_ROWS:
        raise InvalidInputError(f"limit: {limit} is not from 1 to {MOST_ROWS}")
    return limit
