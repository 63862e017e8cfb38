# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual datacenters of a private cloud, and whether Zerto replicates from them."""

from __future__ import annotations

import typing as t

from .core import Area, Call, serves
from .errors import not_found
from .state import PrivateCloud

_DATACENTERS = "/dedicatedCloud/{serviceName}/datacenter"


class DatacenterArea(Area):
    """Calls under /dedicatedCloud/{serviceName}/datacenter. The options of Veeam and Zerto are set for each of them."""

    @serves(f"GET {_DATACENTERS}")
    def all(self, call: Call) -> list[int]:
        """Their ids."""
        return list(self.core.private_cloud(call.params["serviceName"]).zerto)

    @serves(f"GET {_DATACENTERS}/{{datacenterId}}")
    def one(self, call: Call) -> dict[str, t.Any]:
        """One of them."""
        cloud, number = self._found(call)
        return {
            "commercialName": cloud.datacenter_range,
            "commercialRangeName": cloud.commercial_range,
            "datacenterId": number,
            "description": "",
            "horizonViewName": None,
            "isRemovable": False,
            "name": f"{cloud.name}_datacenter{number}",
            "version": cloud.version[0],
        }

    @serves(f"GET {_DATACENTERS}/{{datacenterId}}/disasterRecovery/zerto/status")
    def zerto(self, call: Call) -> dict[str, t.Any]:
        """State of the option. The schema has more fields (kind, sites), all of which can be null."""
        cloud, number = self._found(call)
        return {"state": cloud.zerto[number], "systemVersion": "9.7"}

    def _found(self, call: Call) -> tuple[PrivateCloud, int]:
        cloud, number = self.core.private_cloud(call.params["serviceName"]), call.params["datacenterId"]
        if number not in cloud.zerto:
            raise not_found(f"datacenter {number}")
        return cloud, number
