# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources that stand alone: what vCenter refuses of one is kept as a row, and the others are read."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AuthenticationError,
    CollectionError,
    ForbiddenError,
    InvalidInputError,
    UnreachableError,
)

EVENTS, FAILED_TASKS, ALARMS = "events", "failed_tasks", "alarms"  # the result keys
WHAT = {EVENTS: "events about encryption", FAILED_TASKS: "failed tasks", ALARMS: "triggered alarms"}
# what the vSphere API names for CreateCollectorForEvents, CreateCollectorForTasks, triggeredAlarmState and Alarm.info;
# for managers it counts on the root folder
PRIVILEGE = "System.View"
# these end everything: the next source would meet the same
_ENDS = (AuthenticationError, InvalidInputError, UnreachableError)
_RERUN = "fix what the message names, then rerun"

_T = t.TypeVar("_T")


@dataclasses.dataclass(frozen=True)
class NotRead:
    """What could not be read of a source. `privilege` and `object` are None if that is not the reason."""

    source: str
    what: str
    reason: str
    privilege: t.Optional[str]
    object: t.Optional[str]
    next_step: str


def not_read(source: str, error: CollectionError, what: str = "") -> NotRead:
    """The row for an error; `what` if it is not the whole source."""
    privilege, place = _lacking(error)
    return NotRead(source, what or WHAT[source], error.message, privilege, place, _next_step(privilege))


def _lacking(error: CollectionError) -> tuple[str | None, str | None]:
    if not isinstance(error, ForbiddenError):
        return None, None
    named = str(error.details.get("privilege") or "unknown")
    return PRIVILEGE if named == "unknown" else named, error.details.get("object")


def _next_step(privilege: str | None) -> str:
    if privilege is None:
        return _RERUN
    which = " (all but No access have it, such as Read-only)" if privilege.startswith("System.") else ""
    return (
        f"in vCenter, give this user a role with the privilege {privilege}{which} on the root folder, with propagation "
        "to children, then rerun; on OVHcloud, check the user's right on the datacenters, then ask OVHcloud's support"
    )


class HistorySources:
    """Reads one source after the other, and knows what could not be read."""

    def __init__(self) -> None:
        self.not_read: list[NotRead] = []
        self._errors: list[CollectionError] = []

    def read(self, source: str, reader: t.Callable[[], _T]) -> _T | None:
        """What the reader returns; None if vCenter refuses it."""
        try:
            return reader()
        except _ENDS:
            raise
        except CollectionError as error:
            self._errors.append(error)
            self.not_read.append(not_read(source, error))
            return None

    def check(self) -> None:
        """Raise if no source could be read: then there is no result."""
        if len(self._errors) < len(WHAT):
            return
        first = self._errors[0]
        first.message = "; ".join(dict.fromkeys(error.message for error in self._errors))
        first.results["not_read"] = self.rows()
        raise first

    def rows(self) -> list[dict[str, t.Any]]:
        """For the module's result."""
        return [dataclasses.asdict(one) for one in self.not_read]
