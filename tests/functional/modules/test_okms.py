# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module okms against the lab: from an empty account to a named domain, and back."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

WANTED: dict[str, t.Any] = {
    "display_name": "kms-prod",
    "region": "eu-west-rbx",
    "allow_order": True,
    "wait_interval": 0.01,
    "wait_timeout": 60,
}
GONE: dict[str, t.Any] = {
    "display_name": "kms-prod",
    "state": "absent",
    "confirm_name": "kms-prod",
    "wait_interval": 0.01,
}
HOUR = 3600.0


def writes(lab: Lab, since: int = 0) -> list[str]:
    """Operations that may have changed something."""
    return [entry.operation for entry in lab.journal.writes(since)]


def count(lab: Lab, operation: str) -> int:
    """How often an operation arrived."""
    return lab.journal.count(operation=operation)


def agrees(predicted: t.Any, made: t.Any) -> bool:
    """Whether all values that a prediction knows came true."""
    if isinstance(predicted, dict):
        return all(agrees(value, made[key]) for key, value in predicted.items())
    return predicted is None or bool(predicted == made)


@pytest.mark.oldest("okms", "life")
def test_life_of_a_domain(lab: Lab, run_module: RunModule) -> None:
    predicted = run_module("okms", check=True, **WANTED)
    assert predicted.changed
    assert writes(lab) == []
    assert predicted["pricing"]["order"]["price"] == 0
    assert {entry["plan_code"] for entry in predicted["pricing"]["usage"]} >= {"okms-kmip-monthly-consumption"}

    made = run_module("okms", **WANTED)
    assert made.changed, made.msg
    okms = made["okms"]
    assert okms["display_name"] == "kms-prod"
    assert okms["kmip_port"] == lab.okms_ecdsa.port
    assert okms["public_ca"].startswith("-----BEGIN CERTIFICATE-----")
    assert made["order"]["status"] == "delivered"
    assert made["order"]["date"].endswith("Z")
    assert agrees(predicted["okms"], okms)
    assert predicted["okms"].keys() == okms.keys()
    assert not any(secret in made.output + predicted.output for secret in lab.secrets())
    assert writes(lab) == [
        "POST /order/cart",
        "POST /order/cart/{cartId}/assign",
        "POST /order/cart/{cartId}/okms",
        "POST /order/cart/{cartId}/item/{itemId}/configuration",
        "POST /order/cart/{cartId}/checkout",
        "POST /me/order/{orderId}/pay",
        "PUT /services/{serviceId}",
    ]

    mark = lab.journal.mark()
    again = run_module("okms", **{**WANTED, "region": "EU_WEST_RBX"})
    assert not again.changed
    assert again["okms"] == okms
    assert (again["order"], again["pricing"], again["termination"]) == ({}, {}, {})
    assert writes(lab, mark) == []
    assert lab.journal.count(system="ovhcloud", since=mark) <= 3

    renaming: dict[str, t.Any] = {"okms_id": okms["id"], "display_name": "kms-new", "wait_interval": 0.01}
    foreseen = run_module("okms", check=True, **renaming)
    assert writes(lab, mark) == []
    renamed = run_module("okms", **renaming)
    assert renamed.changed
    assert renamed["okms"] == foreseen["okms"]
    assert renamed["okms"]["display_name"] == "kms-new"
    assert renamed.diff == {"before": {"display_name": "kms-prod"}, "after": {"display_name": "kms-new"}}
    assert not run_module("okms", **renaming).changed


def test_the_end_takes_two_steps(lab: Lab, run_module: RunModule) -> None:
    domain = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod")

    foreseen = run_module("okms", check=True, **GONE)
    assert foreseen.changed
    assert writes(lab) == []
    asked = run_module("okms", **GONE)
    assert asked.changed
    assert asked["okms"] == {}
    assert asked["termination"] == foreseen["termination"]
    assert asked["termination"]["state"] == "confirmation_pending"

    mark = lab.journal.mark()
    again = run_module("okms", **GONE)
    assert not again.changed
    assert again["termination"]["state"] == "confirmation_pending"
    assert "termination_token" in " ".join(again.warnings)
    assert writes(lab, mark) == []

    wrong = run_module("okms", **GONE, termination_token="not-the-token")
    assert wrong.failed
    token = lab.ovhcloud.state.services[domain.service_id].token
    confirmed = run_module("okms", **GONE, termination_token=token)
    assert confirmed.changed, confirmed.msg
    assert confirmed["termination"]["state"] == "terminated"
    assert token not in json.dumps(confirmed.data)
    for _run in range(3):  # suspended at first, gone later
        gone = run_module("okms", **GONE)
        assert not gone.changed
        assert gone["okms"] == {}


@pytest.mark.parametrize("action", ["drop_before", "drop_after", "status"])
def test_bad_days_of_the_end(lab: Lab, run_module: RunModule, action: str) -> None:
    domain = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod")
    for step in ("terminate", "terminate/confirm"):
        lab.faults.add(action, operation=f"POST /services/{{serviceId}}/{step}")
        token = lab.ovhcloud.state.services[domain.service_id].token if "confirm" in step else None
        assert run_module("okms", **GONE, termination_token=token).failed
        assert not run_module("okms", **GONE, termination_token=token).failed
    assert domain.state == "SUSPENDED"
    assert len(lab.ovhcloud.state.mails) == 1


def test_a_terminated_domain_does_not_stand_in_the_way(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.retention_reads = 1000
    first = run_module("okms", **WANTED)
    assert run_module("okms", **GONE, terminate_directly=True).changed
    assert not run_module("okms", **GONE, terminate_directly=True).changed
    second = run_module("okms", **WANTED)
    assert second.changed, second.msg
    assert second["okms"]["id"] != first["okms"]["id"]


def test_direct_termination_may_be_forbidden(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.direct_termination = False
    lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod")
    refused = run_module("okms", **GONE, terminate_directly=True)
    assert refused.failed
    assert "two steps" in refused.msg


@pytest.mark.parametrize("objects", [3, 0])
def test_removal_is_guarded(lab: Lab, run_module: RunModule, objects: int) -> None:
    lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod")
    lab.ovhcloud.kmip_object_count = lambda okms_id: objects
    options = GONE if objects else {**GONE, "confirm_name": "kms-other"}
    refused = run_module("okms", **options)
    assert refused.failed
    assert refused["failure"]["kind"] == "refused_by_guard"
    assert ("3 KMIP objects" if objects else "confirm_name") in refused.msg
    assert writes(lab) == []


def test_nothing_is_ordered_unless_allowed(lab: Lab, run_module: RunModule) -> None:
    options = {**WANTED, "allow_order": False}
    shown = run_module("okms", check=True, **options)
    assert not shown.failed
    assert "allow_order=true" in " ".join(shown.warnings)
    refused = run_module("okms", **options)
    assert refused.failed
    for part in ("kms-prod", "eu-west-rbx", "0 EUR", "0.06 EUR for each KMIP object per month", "allow_order=true"):
        assert part in refused.msg
    assert writes(lab) == []


def test_a_price_above_the_limit_stops_the_order(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.order_price = 10.0
    assert "max_price=12" in " ".join(run_module("okms", check=True, **WANTED).warnings)
    refused = run_module("okms", **WANTED)
    assert refused.failed
    assert "12 EUR" in refused.msg
    assert writes(lab) == []
    assert run_module("okms", **WANTED, max_price=12).changed


def test_payment_is_looked_at_before_the_cart(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.order_price = 10.0
    lab.ovhcloud.state.payment_methods.clear()
    refused = run_module("okms", **WANTED, max_price=12)
    assert refused.failed
    assert "payment method" in refused.msg
    assert writes(lab) == []


def test_a_free_order_needs_no_payment_method(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.state.payment_methods.clear()
    made = run_module("okms", **WANTED)
    assert made.changed, made.msg
    assert count(lab, "POST /me/order/{orderId}/payWithRegisteredPaymentMean") == 1


def test_an_incomplete_account_cannot_order(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.account_state = "incomplete"
    refused = run_module("okms", **WANTED)
    assert "incomplete" in refused.msg
    assert writes(lab) == []


def test_an_order_on_its_way_is_gone_on_with(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.order_delivering_reads = 6
    first = run_module("okms", **WANTED, wait=False)
    assert first.changed
    assert first["okms"]["id"] is None
    assert first["order"]["status"] in ("checking", "delivering")
    lab.clock.advance(20 * HOUR)
    mark = lab.journal.mark()
    foreseen = run_module("okms", check=True, **WANTED)
    assert str(first["order"]["order_id"]) in " ".join(foreseen.warnings)
    assert writes(lab, mark) == []
    second = run_module("okms", **{**WANTED, "allow_order": False})
    assert second.changed, second.msg
    assert second["order"]["order_id"] == first["order"]["order_id"]
    assert second["okms"]["id"]
    assert (count(lab, "POST */checkout"), count(lab, "POST */pay")) == (1, 1)


def test_an_unpaid_order_is_paid_not_repeated(lab: Lab, run_module: RunModule) -> None:
    lab.faults.add("refuse", operation="POST /me/order/{orderId}/pay")
    stopped = run_module("okms", **WANTED)
    assert stopped.failed
    number = stopped["failure"]["order_id"]
    assert f"order {number} exists" in stopped.msg
    refused = run_module("okms", **{**WANTED, "allow_order": False})
    assert refused.failed
    assert f"order {number}" in refused.msg
    done = run_module("okms", **WANTED)
    assert done.changed, done.msg
    assert done["order"]["order_id"] == number
    assert count(lab, "POST */checkout") == 1


@pytest.mark.parametrize("outcome", ["documentsRequested", "cancelled", "stuck"])
def test_an_order_that_is_not_delivered(lab: Lab, run_module: RunModule, outcome: str) -> None:
    lab.ovhcloud.settings.order_outcome = outcome
    stopped = run_module("okms", **{**WANTED, "wait_timeout": 0})
    assert stopped.failed
    number = next(iter(lab.ovhcloud.state.orders))
    assert stopped["failure"]["order_id"] == number
    assert str(number) in stopped.msg
    if outcome != "cancelled":
        assert run_module("okms", **{**WANTED, "wait_timeout": 0}).failed
        assert count(lab, "POST */checkout") == 1


# each request of a first run, as the journal names it, fails before and after it took effect
STEPS = [
    "GET /v2/okms/resource",
    "GET /me/order",
    "GET /me",
    "GET /order/catalog/public/okms",
    "POST /order/cart",
    "POST /order/cart/{cartId}/assign",
    "POST /order/cart/{cartId}/okms",
    "POST /order/cart/{cartId}/item/{itemId}/configuration",
    "GET /order/cart/{cartId}/checkout",
    "POST /order/cart/{cartId}/checkout",
    "POST /me/order/{orderId}/pay",
    "GET /me/order/{orderId}/status",
    "GET /v2/okms/resource/{okmsId}",
    "GET /services",
    "PUT /services/{serviceId}",
]


@pytest.mark.parametrize("action", ["drop_before", "drop_after", "truncate", "status"])
@pytest.mark.parametrize("operation", STEPS)
def test_bad_days_never_order_twice(lab: Lab, run_module: RunModule, operation: str, action: str) -> None:
    lab.faults.add(action, operation=operation)
    first = run_module("okms", **WANTED)
    done = run_module("okms", **WANTED) if first.failed else first
    assert not done.failed, done.msg
    assert done["okms"]["display_name"] == "kms-prod"
    assert not run_module("okms", **WANTED).changed
    assert len(lab.ovhcloud.state.orders) == 1
    assert [domain.display_name for domain in lab.ovhcloud.state.okms.values()] == ["kms-prod"]
    assert sum(bool(order.paid_with) for order in lab.ovhcloud.state.orders.values()) == 1
    assert "orderPassword" not in first.output


def test_a_crash_after_delivery_is_mended(lab: Lab, run_module: RunModule) -> None:
    lab.faults.add("refuse", operation="PUT /services/{serviceId}")
    assert run_module("okms", **WANTED).failed
    foreseen = run_module("okms", check=True, **WANTED)
    mended = run_module("okms", **WANTED)
    assert mended.changed
    assert mended["okms"] == foreseen["okms"]
    assert "never named" in " ".join(mended.warnings)
    assert len(lab.ovhcloud.state.orders) == 1


def test_somebody_elses_unnamed_domain_in_use_is_left_alone(lab: Lab, run_module: RunModule) -> None:
    lab.faults.add("refuse", operation="PUT /services/{serviceId}")
    assert run_module("okms", **WANTED).failed
    lab.ovhcloud.kmip_object_count = lambda okms_id: 1
    assert run_module("okms", **WANTED).changed
    assert len(lab.ovhcloud.state.orders) == 2


def test_a_cart_left_behind_is_removed(lab: Lab, run_module: RunModule) -> None:
    lab.faults.add("drop_after", operation="POST /order/cart/{cartId}/assign")
    lab.faults.add("refuse", operation="DELETE /order/cart/{cartId}")
    assert run_module("okms", **WANTED).failed
    assert len(lab.ovhcloud.state.carts) == 1
    assert run_module("okms", **WANTED).changed
    assert len(lab.ovhcloud.state.carts) == 1


@pytest.mark.oldest("okms", "refusal")
def test_bad_input(lab: Lab, run_module: RunModule) -> None:
    assert "eu-west-sbg" in run_module("okms", **{**WANTED, "region": "eu-west-nowhere"}).msg
    assert "region is needed" in run_module("okms", display_name="x").msg
    assert "both empty" in run_module("okms", display_name="", okms_id="").msg
    assert "does not exist" in run_module("okms", okms_id="7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31").msg
    assert "confirm_name" in run_module("okms", display_name="x", state="absent").msg
    domain = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod")
    moved = run_module("okms", okms_id=domain.okms_id, region="eu-west-sbg")
    assert "cannot be moved" in moved.msg
    assert writes(lab) == []


def test_two_domains_of_one_name(lab: Lab, run_module: RunModule) -> None:
    ids = [lab.ovhcloud.new_okms(region, "kms-prod").okms_id for region in ("eu-west-rbx", "eu-west-rbx")]
    stopped = run_module("okms", **WANTED)
    assert stopped["failure"]["kind"] == "ambiguous"
    assert all(okms_id in stopped.msg for okms_id in ids)
    assert writes(lab) == []
    assert not run_module("okms", okms_id=ids[1], display_name="kms-prod").changed


@pytest.mark.oldest("okms_info", "life")
def test_the_information_module(lab: Lab, run_module: RunModule) -> None:
    empty = run_module("okms_info")
    assert (empty["okms_domains"], empty["regions"]) == ([], [])
    names = [f"kms-{number}" for number in range(5)]  # more than two pages
    made = [lab.ovhcloud.new_okms("eu-west-rbx", name).okms_id for name in names]
    lab.ovhcloud.new_okms("eu-west-sbg", "kms-0")
    everything = run_module("okms_info", include_regions=True)
    assert [state["display_name"] for state in everything["okms_domains"]] == ["kms-0", *names]
    assert all(state["public_ca"] for state in everything["okms_domains"])
    assert {region["id"] for region in everything["regions"]} >= {"eu-west-rbx", "eu-west-sbg"}
    assert [state["id"] for state in run_module("okms_info", okms_id=made[2])["okms_domains"]] == [made[2]]
    sparing = {"include_regions": True, "regions_without_domain": True}
    assert run_module("okms_info", okms_id=made[2], **sparing)["regions"] == []
    assert run_module("okms_info", display_name="none", **sparing)["regions"] == everything["regions"]
    assert len(run_module("okms_info", display_name="kms-0")["okms_domains"]) == 2
    assert len(run_module("okms_info", display_name="kms-0", region="EU_WEST_SBG")["okms_domains"]) == 1
    assert run_module("okms_info", okms_id="7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31")["okms_domains"] == []
    assert writes(lab) == []


@pytest.mark.parametrize("in_families", [True, False])
def test_what_a_domain_costs_a_month(lab: Lab, run_module: RunModule, in_families: bool) -> None:
    lab.ovhcloud.settings.usage_in_addon_families = in_families
    domain = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod")
    lab.ovhcloud.kmip_object_count = lambda okms_id: 7
    assert run_module("okms_service_key", okms_id=domain.okms_id, name="billing").changed
    found = run_module("okms_info", costs=True)
    assert {entry["unit"] for entry in found["usage_prices"]} == {"month"}
    cost = found["okms_domains"][0]["monthly_cost"]
    assert (cost["total"], cost["currency"], cost["complete"]) == (0.48, "EUR", True)
    assert cost["objects"][0] == {"object": "KMIP object", "count": 7, "price": 0.06, "cost": 0.42}
    without = run_module("okms_info")
    assert (without["okms_domains"][0]["monthly_cost"], without["usage_prices"]) == (None, [])


def test_costs_without_the_right_to_the_account(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod")
    lab.faults.add("refuse", operation="GET /me", times=9)
    found = run_module("okms_info", costs=True)
    assert found["okms_domains"][0]["monthly_cost"] is None
    assert "ovh_subsidiary names it instead" in found.warnings[0]
    named = run_module("okms_info", costs=True, ovh_subsidiary="FR")
    assert named["okms_domains"][0]["monthly_cost"]["total"] == 0
