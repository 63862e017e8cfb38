# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual datacenters of a private cloud, and whether Zerto replicates from them."""

from __future__ import annotations

import typing as t

from .core import Area, Call, serves
from .errors import not_found

_DATACENTERS = "/dedicatedCloud/{serviceName}/datacenter"


class DatacenterArea(Area):
    """Calls under /dedicatedCloud/{serviceName}/datacenter. The options of Veeam and Zerto are set for each of them."""

    @serves(f"GET {_DATACENTERS}")
    def all(self, call: Call) -> list[int]:
        """Their ids."""
        return list(self.core.private_cloud(call.params["serviceName"]).zerto)

    @serves(f"GET {_DATACENTERS}/{{datacenterId}}/disasterRecovery/zerto/status")
    def zerto(self, call: Call) -> dict[str, t.Any]:
        """State of the option. The schema has more fields (kind, sites), all of which can be null."""
        states = self.core.private_cloud(call.params["serviceName"]).zerto
        if call.params["datacenterId"] not in states:
            raise not_found(f"datacenter {call.params['datacenterId']}")
        return {"state": states[call.params["datacenterId"]], "systemVersion": "9.7"}
