# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about end dates of OVHcloud's product and hosts."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.counts import Facts
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.findings import (
    CRITICAL,
    NOTICE,
    WARNING,
    finding,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.life_cycle import NOTICE_MONTHS, coming

NEXT_STEP = (
    "Plan where the VMs go: the playbook encryption_exit decrypts them for a platform that accepts no encrypted VM, or "
    "prepares another private cloud for them."
)


def of_life_cycle(cloud: t.Optional[t.Mapping[str, t.Any]], today: datetime.date) -> list[Facts]:
    """Dates of the private cloud that are near; none when there is no private cloud in the facts."""
    if not cloud:
        return []
    ends = (cloud.get("life_cycle") or {}).get("ends")
    return [
        finding(
            CRITICAL if one.over else NOTICE if one.months == max(NOTICE_MONTHS) else WARNING,
            "life_cycle",
            f"{one.what}, {one.phase}",
            f"{one.words}.",
            NEXT_STEP,
        )
        for one in coming(ends, today)
    ]
