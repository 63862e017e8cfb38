# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which privileges this user lacks on the root folder, asked before they are needed."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.session import Session


def lacking(session: Session, names: t.Sequence[str]) -> list[str]:
    """Those of the privileges that vCenter denies; none when it does not say."""
    manager, what = session.content.authorizationManager, "ask for the privileges of this user"
    try:
        user = session.fetch(what, session.content.sessionManager, "currentSession")
        root = [session.content.rootFolder]
        rows = session.call(what, manager.HasPrivilegeOnEntities, root, str(user.key), privId=list(names))
    except CollectionError:
        return []
    return [item.privId for row in rows or [] for item in row.privAvailability or [] if not item.isGranted]
