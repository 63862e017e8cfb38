# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alarms about encryption that are triggered now."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes import catalogue, situations
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import Known
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import from_fault
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import (
    Found,
    of_objects,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import (
    moid_of,
    reference,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.history.rows import (
    AlarmRow,
    EventRow,
    moment_of,
    name_of,
    shown,
    told,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.history.sources import (
    ALARMS,
    NotRead,
    not_read,
)

# an alarm that somebody made for other conditions, and named after it
_ABOUT = re.compile(r"encrypt|crypto|\bKMS\b|key (provider|management)|virtual machine locked", re.IGNORECASE)
_DEEPEST = 5  # alternatives within alternatives


def read_alarms(session: Session, events: t.Sequence[EventRow]) -> tuple[list[AlarmRow], NotRead | None]:
    """The alarms, the newest first, and those whose definition is refused; `events` tell why one was triggered."""
    states = session.fetch("read the triggered alarms", session.content.rootFolder, "triggeredAlarmState") or []
    definitions = of_objects(session, list({reference(one.alarm): one.alarm for one in states}.values()), ["info"])
    infos = {found.id: found.properties.get("info") for found in definitions}
    chosen = [(one, infos.get(reference(one.alarm))) for one in states]
    ours = [(one, info, _types(info.expression)) for one, info in chosen if info is not None]
    ours = [(one, info, types) for one, info, types in ours if types or _ABOUT.search(info.name or "")]
    objects = list({reference(one.entity): one.entity for one, _info, _kinds in ours}.values())
    names = {
        found.id: found.properties.get("name") or moid_of(found.object)
        for found in of_objects(session, objects, ["name"])
    }
    by_key = {row.id: row for row in events}
    rows = [
        AlarmRow(
            moment_of(one.time), name_of(names.get(reference(one.entity))), moid_of(one.entity), shown(info.name),
            told(_cause(types, shown(info.name), by_key.get(one.eventKey or -1))), shown(info.name),
            str(one.overallStatus), bool(one.acknowledged),
        )
        for one, info, types in ours
    ]  # fmt: skip
    ordered = sorted(rows, key=lambda row: (row.time or "", row.name, row.object_id or ""), reverse=True)
    return ordered, _hidden(session, states, definitions)


def _hidden(session: Session, states: t.Sequence[t.Any], definitions: t.Sequence[Found]) -> NotRead | None:
    """Alarms that are triggered, but nobody knows what for."""
    refused = {found.id: found.refused["info"] for found in definitions if "info" in found.refused}
    count = sum(reference(one.alarm) in refused for one in states)
    if not count:
        return None
    what = f"the definition of {plural(count, 'triggered alarm')}"
    error = from_fault(next(iter(refused.values())), f"read {what} on {session.hostname}")
    return not_read(ALARMS, error, what)


def _types(expression: t.Any, depth: int = 0) -> list[str]:
    """Types of events about encryption that trigger it."""
    inner = getattr(expression, "expression", None)
    if inner is not None and depth < _DEEPEST:
        return [found for one in inner for found in _types(one, depth + 1)]
    found = str(getattr(expression, "eventTypeId", None) or "")
    return [found] if found in catalogue.BY_EVENT else []


def _cause(types: t.Sequence[str], name: str, event: EventRow | None) -> Known | None:
    """Its event's cause; otherwise the one that all events it waits for have, or what they are about."""
    if event is not None and event.told.cause:
        return catalogue.BY_ID[event.told.cause]
    causes = {catalogue.BY_EVENT[kind].id for kind in types}
    if len(causes) == 1:
        return catalogue.BY_ID[causes.pop()]
    if not causes:
        return catalogue.certain(name)
    parts = types[0].split(".")
    about = {"vm": situations.VM_LOCKED, "host": situations.HOST_MODE_OFF}
    return about.get(parts[3] if len(parts) > 3 else "", situations.PROVIDER_NOT_GREEN)
