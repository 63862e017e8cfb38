# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys by id, and whether this vCenter can get them, as a result of a module."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import Key
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.status import availability


@dataclasses.dataclass(frozen=True)
class KeyState:
    """One key; `reason` and `next_step` when it is unavailable."""

    provider: t.Optional[str]
    key_id: str
    available: bool
    reason: t.Optional[str]
    next_step: t.Optional[str]


def key_report(session: Session, wanted: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    """The result keys for keys that are given as provider and key_id."""
    keys = sorted({Key(str(one["provider"]), str(one["key_id"])) for one in wanted})
    said = availability(session, keys)
    rows = []
    for key in keys:
        cause = said[key]
        rows.append(KeyState(key.provider, key.id, cause is None, *(cause or (None, None))))
    return {
        "vcenter": session.hostname,
        "vcenter_id": session.vcenter_id,
        "encryption_keys": [as_result(row) for row in rows],
        "unavailable": sum(not row.available for row in rows),
    }
