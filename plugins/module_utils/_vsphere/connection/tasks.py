# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for a vCenter task and turn its fault into our error."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import from_fault
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import reference
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session

_PATIENCE = Patience(timeout=300.0, interval=0.1)


def result_of(session: Session, task: t.Any, what: str, patience: Patience = _PATIENCE) -> t.Any:
    """Result of the finished task; `what` completes "could not ..." in the error."""
    info = wait_for(
        lambda: session.fetch(what, task, "info"),
        lambda seen: seen.state in ("success", "error"),
        what,
        patience,
        _words,
        task_id=reference(task),
    )
    if info.state == "error":
        raise from_fault(info.error, f"{what} on {session.hostname}")
    return info.result


def _words(info: t.Any) -> str:
    return f"{info.state}, {info.progress} %" if isinstance(info.progress, int) else str(info.state)
