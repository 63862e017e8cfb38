# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failed tasks that have to do with encryption."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes import catalogue
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.faults import known_of_keys
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import Known
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.subject import (
    about_encryption,
    without_names,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import fault_text
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import moid_of, vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.history.collector import newest
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.history.rows import (
    TaskRow,
    moment_of,
    name_of,
    shown,
    told,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.faults import message_keys


def read_tasks(session: Session, begin: datetime.datetime, limit: int) -> tuple[list[TaskRow], bool]:
    """The tasks that failed since then, newest first, and whether there are more failed tasks of any kind."""
    spec = vim.TaskFilterSpec
    # by the time of their end: a task that rewrites disks may have begun long before
    wanted = spec(time=spec.ByTime(timeType="completedTime", beginTime=begin), state=["error"])
    found, more = newest(session, "failed tasks", session.content.taskManager.CreateCollectorForTasks, wanted, limit)
    ordered = sorted(found, key=lambda info: (info.completeTime or info.queueTime, info.key), reverse=True)[:limit]
    return [row for row in map(_row, ordered) if row is not None], more


def _row(info: t.Any) -> TaskRow | None:
    """A failed task as a row; None if it has nothing to do with encryption."""
    fault = info.error
    text = shown(fault_text(fault)) if fault is not None else "no text"
    privilege = str(getattr(fault, "privilegeId", None) or "")
    # names may have any words in them
    said = without_names(text, info.entityName)
    keys = message_keys(fault)
    about = about_encryption(f"{info.descriptionId} {said} {' '.join(keys)}") or known_of_keys(keys) is not None
    known = _cause(said, keys, privilege, about)
    if known is None and not about:
        return None
    text = f"{text} {shown(privilege)}".strip()
    user = name_of(getattr(info.reason, "userName", None))
    moid = moid_of(info.entity) if info.entity is not None else None
    return TaskRow(
        moment_of(info.completeTime), name_of(info.entityName), moid, text, told(known), shown(info.key),
        shown(info.descriptionId), user,
    )  # fmt: skip


def _cause(text: str, keys: t.Sequence[str], privilege: str, about: bool) -> Known | None:
    """Words count in a task that is about encryption only: a datastore can be read-only, too."""
    if about:
        return catalogue.of_fault(text, keys, privilege) or catalogue.probable(text)
    return catalogue.of_fault("", [], privilege)
