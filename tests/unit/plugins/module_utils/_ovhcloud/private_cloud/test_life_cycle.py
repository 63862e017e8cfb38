# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When support ends, and where vCenter listens."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.account.estate import (
    vcenter_port,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.life_cycle import (
    end_of_support,
)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], "2027-10-31"),
        ([None, "UNKNOWN"], "2027-10-31"),
        (["PREMIER-NSX-T"], "2027-10-31"),
        (["PREMIER", "ESSENTIALS-HDS"], "2027-06-30"),
        (["sddc-legacy"], "2027-06-30"),
    ],
)
def test_first_end_of_product_and_hosts_counts(names: list[t.Any], expected: str) -> None:
    assert end_of_support(names) == expected


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("https://pcc-192-0-2-10.ovh.com/", 443),
        ("https://localhost:8443/", 8443),
        ("localhost:8443", 8443),
        ("https://localhost:many/", 443),
        (None, 443),
    ],
)
def test_port_of_vcenter(url: t.Any, port: int) -> None:
    assert vcenter_port(url) == port
