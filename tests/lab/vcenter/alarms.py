# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alarms: definitions that look for events, and those that are triggered."""

from __future__ import annotations

import itertools
import typing as t

from pyVmomi import vim

from . import vmomi

if t.TYPE_CHECKING:
    from .core import Core
    from .entities import Entity

# there is an alarm of this name: community posts with screen shots; which events it looks for is inferred
VM_LOCKED = "Virtual Machine Locked Alarm"


class Alarms:
    """AlarmManager and the definitions that were used."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._numbers = itertools.count(1)
        core.store.add(vim.alarm.AlarmManager("AlarmManager"), self, {})

    def trigger(
        self, name: str, entity: Entity, events: t.Sequence[str], event: int | None = None, status: str = "red"
    ) -> t.Any:
        """An alarm that looks for `events` is triggered on an entity, by the event with the key `event`."""
        with self._core.lock:
            number = next(self._numbers)
            alarm = vim.alarm.Alarm(f"alarm-{number}")
            now = self._core.clock.now()
            self._core.store.add(alarm, self._info(alarm, name, entity, events), {"info": lambda info: info})
            state = vim.alarm.AlarmState(
                key=f"alarm-{number}.{vmomi.moid(entity.reference)}",
                entity=entity.reference,
                alarm=alarm,
                overallStatus=status,
                time=now,
                acknowledged=False,
                eventKey=event,
            )
            entity.alarms.append(state)
        return state

    def _info(self, alarm: t.Any, name: str, entity: Entity, events: t.Sequence[str]) -> t.Any:
        found = [
            vim.alarm.EventAlarmExpression(eventType=vim.event.EventEx, eventTypeId=event, status="red")
            for event in events
        ]
        metric = vim.alarm.StateAlarmExpression(
            operator="isEqual", type=type(entity.reference), statePath="runtime.connectionState", red="disconnected"
        )
        return vim.alarm.AlarmInfo(
            key=vmomi.moid(alarm),
            alarm=alarm,
            entity=entity.reference,
            name=name,
            description=name,
            enabled=True,
            expression=vim.alarm.OrAlarmExpression(expression=found or [metric]),
            lastModifiedTime=self._core.clock.now(),
            lastModifiedUser="",
            creationEventId=0,
        )
