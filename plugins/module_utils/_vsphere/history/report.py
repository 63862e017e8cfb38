# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events, alarms and failed tasks about encryption as a result of a module."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import SEVERITIES
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.history.alarms import read_alarms
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.history.events import read_events
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.history.rows import (
    begin_of,
    check_limit,
    moment_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.history.sources import (
    ALARMS,
    EVENTS,
    FAILED_TASKS,
    HistorySources,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.history.tasks import read_tasks


def history_report(session: Session, params: t.Mapping[str, t.Any], warn: t.Callable[[str], None]) -> dict[str, t.Any]:
    """The result keys. Options: days or since, and limit. Raises only if no source can be read."""
    limit = check_limit(params["limit"])
    begin = begin_of(params, session.now())
    sources = HistorySources()
    events, more_events = sources.read(EVENTS, lambda: read_events(session, begin, limit)) or ([], False)
    tasks, more_tasks = sources.read(FAILED_TASKS, lambda: read_tasks(session, begin, limit)) or ([], False)
    alarms, hidden = sources.read(ALARMS, lambda: read_alarms(session, events)) or ([], None)
    sources.check()
    if hidden is not None:
        sources.not_read.append(hidden)
    for one in sources.not_read:
        warn(f"{one.reason}. Next step: {one.next_step}")
    open_events = [row for row in events if not row.solved]
    return {
        "vcenter": session.hostname,
        "vcenter_id": session.vcenter_id,
        "since": moment_of(begin),
        "events": [row.as_result() for row in events],
        "alarms": [row.as_result() for row in alarms],
        "failed_tasks": [row.as_result() for row in tasks],
        "not_read": sources.rows(),
        "cut": {"events": more_events, "failed_tasks": more_tasks},
        "summary": {
            severity: sum(row.told.severity == severity for row in (*open_events, *alarms, *tasks))
            for severity in SEVERITIES
        },
    }
