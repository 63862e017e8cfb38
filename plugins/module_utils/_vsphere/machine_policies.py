# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage policies of homes and disks."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machine_report import Policies
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.session import Session


def read_policies(session: Session, warn: t.Callable[[str], None]) -> Policies:
    """Names of policies, none as long as nothing reads them."""
    return {}
