# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vCenter's events about encryption."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes import catalogue
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.events import ENDINGS
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.subject import without_names
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import moid_of, vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.history.collector import newest
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.history.rows import (
    EventRow,
    moment_of,
    name_of,
    shown,
    told,
)

_WHAT = "events about encryption"


def read_events(session: Session, begin: datetime.datetime, limit: int) -> tuple[list[EventRow], bool]:
    """The events since then, newest first, and whether there are more of them."""
    manager = session.content.eventManager
    spec = vim.event.EventFilterSpec
    wanted = spec(time=spec.ByTime(beginTime=begin), eventTypeId=list(catalogue.EVENT_IDS))
    try:
        found, more = newest(session, _WHAT, manager.CreateCollectorForEvents, wanted, limit)
    except CollectionError as error:
        if error.details.get("fault") != "InvalidArgument":
            raise
        # a vCenter that lacks one of these types (assumption unknown-event-types): all events then, of which the newest
        # may not reach back so far
        wanted.eventTypeId = []
        found, more = newest(session, _WHAT, manager.CreateCollectorForEvents, wanted, limit)
    ours = [event for event in found if type_of(event) in catalogue.EVENT_IDS]
    ordered = sorted(ours, key=lambda event: (event.createdTime, event.key), reverse=True)[:limit]
    return _rows(ordered), more


def type_of(event: t.Any) -> str:
    """Its type: what the field says, and for the older ones their class."""
    return str(getattr(event, "eventTypeId", None) or type(event).__name__.rpartition(".")[2])


def _rows(newest_first: t.Sequence[t.Any]) -> list[EventRow]:
    over: list[tuple[str | None, tuple[str, ...]]] = []
    rows = []
    for event in newest_first:
        kind, (name, moid) = type_of(event), _object(event)
        if kind in ENDINGS:
            over.append((moid, ENDINGS[kind]))
            continue
        text = shown(event.fullFormattedMessage or getattr(event, "message", None)) or kind
        solved = any(about == moid and kind.startswith(starts) for about, starts in over)
        known = catalogue.of_event(kind, without_names(text, name))
        user = name_of(event.userName)
        rows.append(
            EventRow(moment_of(event.createdTime), name, moid, text, told(known), event.key, kind, user, solved)
        )
    return rows


def _object(event: t.Any) -> tuple[str | None, str | None]:
    """Name and id of what it is about."""
    for place, reference in (("vm", "vm"), ("host", "host")):
        argument = getattr(event, place, None)
        if argument is not None:
            return name_of(argument.name), name_of(moid_of(getattr(argument, reference)))
    return name_of(getattr(event, "objectName", None)), name_of(getattr(event, "objectId", None))
