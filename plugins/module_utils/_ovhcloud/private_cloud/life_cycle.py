# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When OVHcloud's support of a private cloud ends, as its page "Lifecycle policy" of 2026-05-28 says: pure."""

from __future__ import annotations

import typing as t

PRODUCT_END = "2027-10-31"  # Managed VMware vSphere
# beginning of the commercial name of a virtual datacenter -> end of support of its hosts
HOST_ENDS = {"ESSENTIALS": "2027-06-30", "SDDC": "2027-06-30", "PREMIER": "2027-10-31"}


def end_of_support(commercial_names: t.Iterable[str | None]) -> str:
    """The first date on which support of the product, or of the hosts of one of its virtual datacenters, ends."""
    names = [name.upper() for name in commercial_names if name]
    ends = [end for start, end in HOST_ENDS.items() if any(name.startswith(start) for name in names)]
    return min([PRODUCT_END, *ends])
