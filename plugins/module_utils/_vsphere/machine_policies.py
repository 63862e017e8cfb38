# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of the storage policies of homes and disks, for records."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machine_report import Policies
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policy_store import StoragePolicies
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.session import Session


def read_policies(session: Session, warn: t.Callable[[str], None]) -> Policies:
    """For all machines, in a handful of requests; a warning when they cannot be read."""
    store = StoragePolicies(session)
    try:
        names, found = store.names(), store.associations()
    except CollectionError as error:
        warn(f"storage policies are not shown: {error.message}")
        return {}
    return {key: names.get(ids[0], ids[0]) for key, ids in found.items() if ids}
