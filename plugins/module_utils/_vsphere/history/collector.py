# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The newest records of a history collector of vCenter, in four requests."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session


def newest(
    session: Session, what: str, create: t.Callable[..., t.Any], wanted: t.Any, limit: int
) -> tuple[list[t.Any], bool]:
    """Up to `limit` records, and whether there are more. Their order is not defined: the caller sorts.

    A collector begins at the oldest record, and its latest page holds the newest ones.
    """
    collector = session.needed(f"read the {what}", create, wanted)
    try:
        session.call(f"read the {what}", collector.SetCollectorPageSize, limit + 1)
        found = list(session.fetch(f"read the {what}", collector, "latestPage") or [])
    finally:
        # it ends with the session at the latest; its removal must not hide the real error
        with contextlib.suppress(CollectionError):
            session.call(f"end the reading of the {what}", collector.DestroyCollector)
    return found, len(found) > limit
