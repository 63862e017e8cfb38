# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which privileges this user lacks, asked before they are needed."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import walk
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session


def lacking(session: Session, names: t.Sequence[str]) -> list[str]:
    """Those of the privileges that vCenter denies on the root folder and on every datacenter, as a user of a hosted
    vCenter may have them there only; none when it does not say."""
    manager, what = session.content.authorizationManager, "ask for the privileges of this user"
    try:
        user = session.fetch(what, session.content.sessionManager, "currentSession")
        places = [session.content.rootFolder, *(one.object for one in walk(session, {vim.Datacenter: ("name",)}))]
        rows = session.call(what, manager.HasPrivilegeOnEntities, places, str(user.key), privId=list(names))
    except CollectionError:
        return []
    granted = {item.privId for row in rows or [] for item in row.privAvailability or [] if item.isGranted}
    return [name for name in names if name not in granted]
