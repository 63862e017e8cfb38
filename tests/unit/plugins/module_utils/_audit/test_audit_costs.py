# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a domain costs, and how many of its objects this vCenter uses."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.costs import of_okms, okms_cost

OKMS_ID = "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"
OTHER = "11111111-2222-4333-8444-555555555555"
HOST = "eu-west-rbx.okms.ovh.net"


def domain(count: t.Optional[int] = 12, **more: t.Any) -> dict[str, t.Any]:
    cost = None if count is None else round(count * 0.06, 8)
    row = {"object": "KMIP object", "count": count, "price": 0.06, "cost": cost}
    known = {"currency": "EUR", "total": cost or 0.0, "complete": count is not None, "objects": [row]}
    found = {
        "id": OKMS_ID,
        "display_name": "kms-prod",
        "region": "eu-west-rbx",
        "kmip_endpoint": f"{HOST}:5696",
        "kmip_rsa_endpoint": f"{HOST}:5697",
        "kmip_object_count": count,
        "service_key_count": 0,
        "secret_count": 0,
        "monthly_cost": known,
    }
    return {**found, **more}


def provider(keys: t.Sequence[str], *, address: str = HOST, subject: str = f"CN={OKMS_ID}", **use: t.Any) -> t.Any:
    users = {"key_ids": list(keys), "vsan_clusters": [], "others": [], **use}
    return {
        "name": "okms",
        "servers": [{"address": address, "port": 5697}],
        "client_certificate": {"subject": subject},
        "users": users,
    }


def test_used_and_unused_objects_with_their_price() -> None:
    providers = [provider(["a", "b", "c"]), provider(["c", "d"], vsan_clusters=["cl-1"])]
    cost = okms_cost(domain(), providers)
    assert (cost["in_use"], cost["unused"], cost["in_use_is_complete"]) == (5, 7, True)
    assert (cost["monthly_cost"], cost["unused_monthly_cost"], cost["currency"]) == (0.72, 0.42, "EUR")
    assert "0.72 EUR a month without tax" in cost["text"]
    assert "7 are not used by this vCenter (0.42 EUR a month), which does not prove that nobody else" in cost["text"]
    found = of_okms(cost)
    assert [(one["topic"], one["severity"]) for one in found] == [("okms_unused_objects", "notice")]
    assert "Only this vCenter was read" in found[0]["text"]


@pytest.mark.parametrize(
    ("providers", "used"),
    [
        pytest.param(None, None, id="vcenter-was-not-asked"),
        pytest.param([], 0, id="no-provider"),
        pytest.param([provider(["a"], address="kms.example.com")], 0, id="another-kms"),
        pytest.param([provider(["a"], address=HOST.upper() + ".")], 1, id="the-name-written-otherwise"),
        pytest.param([provider(["a"], subject=f"CN={OTHER}")], 0, id="another-domain-of-the-region"),
        pytest.param([provider(["a"], subject="CN=vcenter")], 1, id="certificate-without-domain"),
        pytest.param([{**provider(["a"]), "users": None}], None, id="users-were-not-read"),
        pytest.param([provider([str(number) for number in range(13)])], None, id="more-keys-than-objects"),
    ],
)
def test_what_counts_as_used(providers: t.Any, used: t.Optional[int]) -> None:
    cost = okms_cost(domain(), providers)
    assert (cost["in_use"], cost["unused"]) == (used, None if used is None else 12 - used)
    if used is None:
        assert "how many of the kmip objects this vcenter uses is unknown" in cost["text"].lower()
        assert of_okms(cost) == []


@pytest.mark.parametrize("more", [{"others": ["third party backup"]}, {"not_read": "no right"}])
def test_users_beyond_the_inventory_make_it_a_lower_limit(more: dict[str, t.Any]) -> None:
    cost = okms_cost(domain(), [provider(["a"], **more)])
    assert cost["in_use_is_complete"] is False
    assert "at least 1 of the KMIP objects; at most 11 are not used" in cost["text"]


@pytest.mark.parametrize("count", [None, 0])
def test_unknown_and_empty_domains(count: t.Optional[int]) -> None:
    cost = okms_cost(domain(count), [])
    assert of_okms(cost) == []
    assert ("unknown" in cost["text"]) is (count is None)


def test_prices_that_are_not_known_leave_the_numbers() -> None:
    cost = okms_cost(domain(monthly_cost=None), [provider(["a"])])
    assert (cost["monthly_cost"], cost["unused_monthly_cost"], cost["unused"]) == (None, None, 11)
    assert "the monthly costs are unknown" in cost["text"]
