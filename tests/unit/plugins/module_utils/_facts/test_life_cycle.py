# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When support ends and how long before that is told, and where vCenter listens."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.life_cycle import of_life_cycle
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.life_cycle import (
    coming,
    end_of_support,
    ends_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.account.estate import (
    vcenter_port,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._preflight.cloud import life_cycle


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
    ("today", "months"),
    [
        ("2026-05-30", {}),
        ("2026-05-31", {"maintenance mode": 12}),
        ("2026-11-29", {"maintenance mode": 12, "end of support": 12}),
        # the last day of November stands for a 31st
        ("2026-11-30", {"maintenance mode": 6, "end of support": 12}),
        ("2027-02-27", {"maintenance mode": 6, "end of support": 12}),
        ("2027-02-28", {"maintenance mode": 3, "end of support": 12}),
        ("2027-07-31", {"maintenance mode": 0, "end of support": 3}),
        ("2027-10-31", {"maintenance mode": 0, "end of support": 0}),
    ],
)
def test_dates_are_told_12_6_and_3_months_ahead(today: str, months: dict[str, int]) -> None:
    found = coming(None, datetime.date.fromisoformat(today))
    assert {one.phase: one.months for one in found} == months


def test_hosts_whose_support_ends_first_come_first() -> None:
    ends = ends_of(["ESSENTIALS", "PREMIER"])
    assert [(one.what, one.date) for one in ends if one.phase == "end of support"] == [
        ("hosts of the range Essentials", "2027-06-30"),
        ("Managed VMware vSphere", "2027-10-31"),
        ("hosts of the range Premier", "2027-10-31"),
    ]


@pytest.mark.parametrize(
    ("today", "severities"),
    [
        ("2026-01-01", []),
        ("2026-06-30", ["notice"]),
        ("2027-03-01", ["warning", "notice"]),
        ("2027-10-31", ["warning", "critical"]),
    ],
)
def test_audit_grows_more_severe_with_time(today: str, severities: list[str]) -> None:
    found = of_life_cycle({"service_name": "pcc-1"}, datetime.date.fromisoformat(today))
    assert [one["severity"] for one in found] == severities
    assert all("encryption_exit" in one["next_step"] and "2026-05-28" in one["text"] for one in found)


def test_audit_without_private_cloud_tells_no_dates() -> None:
    assert of_life_cycle(None, datetime.date(2027, 10, 31)) == []


def test_preflight_tells_the_dates_of_the_hosts_too() -> None:
    ends = [{"what": one.what, "phase": one.phase, "date": one.date} for one in ends_of(["SDDC2018"])]
    facts = {"cloud": {"private_clouds": [{"service_name": "pcc-1", "life_cycle": {"ends": ends}}]}}
    rows = list(life_cycle({**facts, "today": "2026-06-30"}))
    assert [(row.severity, row.found.partition(",")[0]) for row in rows] == [
        ("warning", "Managed VMware vSphere: maintenance mode on 2027-05-31"),
        ("warning", "hosts of the ranges SDDC: end of support on 2027-06-30"),
    ]
    assert list(life_cycle(facts)) == []


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
