# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event filter private_cloud: the private cloud that an event's vCenter belongs to."""

from __future__ import annotations

import typing as t

DOCUMENTATION = r"""
short_description: The private cloud of an event's vCenter
description:
  - Adds C(private_cloud), the service name that roles and job templates need, such as C(pcc-192-0-2-10) for the vCenter
    C(pcc-192-0-2-10.ovh.com).
  - An event without C(vcenter) gets the private cloud of O(names) if there is exactly one.
options:
  names:
    description: Service name by address of vCenter, for addresses that do not begin with it.
    type: dict
    default: {}
  key:
    description: Where to put it.
    type: str
    default: private_cloud
"""

EXAMPLES = r"""
- ovhcloud.vmware_encryption.vcenter_encryption:
    hostname: vcenter.example.com
  filters:
    - ovhcloud.vmware_encryption.private_cloud:
        names:
          vcenter.example.com: pcc-192-0-2-10
"""

_SERVICE = "pcc-"


def main(event: dict[str, t.Any], names: dict[str, str] | None = None, key: str = "private_cloud") -> dict[str, t.Any]:
    """The event with its private cloud; empty when nothing tells it."""
    return {**event, key: _service(str(event.get("vcenter") or ""), names or {})}


def _service(vcenter: str, names: dict[str, str]) -> str:
    known = {address.rstrip(".").lower(): service for address, service in names.items()}
    address = vcenter.rstrip(".").lower()
    if not address:
        return next(iter(known.values())) if len(known) == 1 else ""
    own = address.partition(".")[0]
    return known.get(address, own if own.startswith(_SERVICE) else "")
