# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains, prices, orders and terminations: pure parts."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    GuardError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.activation import (
    ActivationWish,
    Trace,
    choose_order,
    order_warning,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.domains import (
    DOMAIN_FIELDS,
    domain_state,
    only_one,
    split_endpoint,
    used_by,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.services import terminating
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.termination import (
    asks_confirmation,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.cart import check_total
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.catalog import (
    describe,
    monthly_cost,
    pricing_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.lines import (
    is_line_of,
    normalise_region,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.orders import (
    Order,
)

NOW = datetime.datetime(2026, 9, 10, tzinfo=datetime.timezone.utc)
OKMS_ID = "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"
RAW = {
    "id": OKMS_ID,
    "region": "EU_WEST_RBX",
    "kmipEndpoint": "eu-west-rbx.okms.ovh.net:5696",
    "kmipRsaEndpoint": None,
    "restEndpoint": "https://eu-west-rbx.okms.ovh.net",
    "swaggerEndpoint": "https://swagger-eu-west-rbx.okms.ovh.net",
    "publicCA": None,
    "publicRsaCA": None,
    "serviceKeyCount": 0,
    "kmipObjectCount": 3,
    "secretCount": 0,
    "secretVersionCount": 0,
    "iam": {"displayName": None, "id": OKMS_ID, "state": None, "tags": None, "urn": "urn:x"},
}


def test_domain_state() -> None:
    state = domain_state(RAW)
    assert set(state) == set(DOMAIN_FIELDS)
    assert (state["display_name"], state["region"], state["tags"]) == (OKMS_ID, "eu-west-rbx", {})
    assert (state["kmip_host"], state["kmip_port"]) == ("eu-west-rbx.okms.ovh.net", 5696)
    named = domain_state({**RAW, "iam": {"displayName": "kms", "state": "OK", "urn": "urn:x", "tags": {"env": "prod"}}})
    assert (named["display_name"], named["state"], named["tags"]) == ("kms", "OK", {"env": "prod"})
    assert used_by(named) == "3 KMIP objects"
    # without iam nobody knows whether the domain has a name
    assert domain_state({**RAW, "iam": None})["display_name"] is None


HOST = "eu-west-rbx.okms.ovh.net"


@pytest.mark.parametrize(
    ("fields", "rsa", "ecdsa"),
    [
        (
            {"kmipRsaEndpoint": f"{HOST}:5697", "publicRsaCA": "rsa", "publicCA": "ec"},
            (HOST, 5697, "rsa"),
            (HOST, 5696, "ec"),
        ),
        # without a port each field means its own
        ({"kmipRsaEndpoint": HOST, "kmipEndpoint": HOST}, (HOST, 5697, None), (HOST, 5696, None)),
        ({"kmipRsaEndpoint": "rsa.test:15697"}, ("rsa.test", 15697, None), (HOST, 5696, None)),
        ({"kmipRsaEndpoint": f"https://{HOST}/", "kmipEndpoint": None}, (HOST, 5697, None), None),
        ({"kmipRsaEndpoint": None, "publicRsaCA": "rsa"}, None, (HOST, 5696, None)),
        ({"kmipRsaEndpoint": "", "kmipEndpoint": ""}, None, None),
    ],
)
def test_both_endpoints_are_parsed_and_one_chosen(
    fields: dict[str, t.Any], rsa: tuple[t.Any, ...] | None, ecdsa: tuple[t.Any, ...] | None
) -> None:
    state = domain_state({**RAW, **fields})
    keys = ("kind", "host", "port", "ca")
    expected = {
        "rsa": dict(zip(keys, ("rsa", *rsa))) if rsa else None,
        "ecdsa": dict(zip(keys, ("ecdsa", *ecdsa))) if ecdsa else None,
    }
    assert state["kmip_endpoints"] == expected
    assert state["kmip_for_vcenter"] == (expected["rsa"] or expected["ecdsa"])


def test_a_domain_without_the_endpoint_fields_is_read() -> None:
    raw = {key: value for key, value in RAW.items() if "Endpoint" not in key and "CA" not in key}
    assert domain_state(raw)["kmip_for_vcenter"] is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("host.test:5697", ("host.test", 5697)),
        ("host.test", ("host.test", 5696)),
        ("kmip://host.test:5696/", ("host.test", 5696)),
        ("host.test:", ("host.test", 5696)),
        (":5696", (None, None)),
        ("", (None, None)),
    ],
)
def test_split_endpoint(text: str, expected: tuple[str | None, int | None]) -> None:
    assert split_endpoint(text) == expected


def test_only_one() -> None:
    state = domain_state(RAW)
    assert only_one([], "kms") is None
    assert only_one([state], "kms") is state
    with pytest.raises(AmbiguousError, match="okms_id") as caught:
        only_one([state, {**state, "id": "other"}], "kms")
    assert caught.value.details["okms_ids"] == [OKMS_ID, "other"]


def price(ucents: int, kind: str, **more: t.Any) -> dict[str, t.Any]:
    capacities = ["consumption"] if kind == "consumption" else ["installation", "renew"]
    base = {"capacities": capacities, "description": kind, "interval": 1, "intervalUnit": "month", "mode": "default"}
    return {**base, "price": ucents, "tax": ucents // 5, **more}


def catalog(order_ucents: int) -> dict[str, t.Any]:
    families = [{"name": "usage", "addons": ["okms-kmip-monthly-consumption"]}]
    none = {"interval": 0, "intervalUnit": "none"}
    plan = {
        "planCode": "okms",
        "invoiceName": "KMS",
        "addonFamilies": families,
        "pricings": [price(order_ucents, "rental")],
    }
    addons = [
        {
            "planCode": "okms-kmip-monthly-consumption",
            "invoiceName": "KMIP",
            "pricings": [price(6_000_000, "consumption", **none)],
        },
        {
            "planCode": "okms-secret-monthly-consumption",
            "invoiceName": "Secret",
            "pricings": [price(3_000_000, "consumption", interval=1, intervalUnit="hour")],
        },
        {"planCode": "other", "invoiceName": "Other", "pricings": [price(1_000_000, "consumption", **none)]},
    ]
    return {"plans": [plan], "addons": addons, "locale": {"currencyCode": "EUR", "subsidiary": "FR", "taxRate": 20.0}}


def test_prices() -> None:
    prices = pricing_of(catalog(1_000_000_000))
    assert prices["order"] == {
        "plan_code": "okms",
        "description": "rental",
        "price": 10.0,
        "tax": 2.0,
        "currency": "EUR",
    }
    # the month stands in the plan code, whatever intervalUnit says, and no addon has to be in a family of the plan
    assert [(entry["object"], entry["price"], entry["unit"]) for entry in prices["usage"]] == [
        ("KMIP object", 0.06, "month"),
        ("secret", 0.03, "month"),
        ("Other", 0.01, "use"),
    ]
    assert "10 EUR now (without tax), then for its content: 0.06 EUR for each KMIP object per month" in describe(prices)
    with pytest.raises(NotFoundError):
        pricing_of({"plans": [], "locale": {"subsidiary": "FR"}})


@pytest.mark.parametrize(
    ("domain", "total", "complete"),
    [
        ({"kmip_object_count": 4, "service_key_count": 0, "secret_count": 2}, 0.3, True),
        ({"kmip_object_count": 4, "service_key_count": 1, "secret_count": 0}, 0.24, False),  # no price of a service key
        ({"kmip_object_count": None, "service_key_count": 0, "secret_count": 2}, 0.06, False),
        ({}, 0, False),
    ],
)
def test_monthly_cost(domain: dict[str, t.Any], total: float, complete: bool) -> None:
    cost = monthly_cost(pricing_of(catalog(0))["usage"], domain)
    assert (cost["currency"], cost["total"], cost["complete"]) == ("EUR", total, complete)


def test_several_prices_of_an_object_are_not_guessed() -> None:
    usage = pricing_of(catalog(0))["usage"]
    tiers = [*usage, {**usage[0], "price": 0.02}]
    cost = monthly_cost(tiers, {"kmip_object_count": 4, "service_key_count": 0, "secret_count": 0})
    assert (cost["complete"], cost["objects"][0]) == (
        False,
        {"object": "KMIP object", "count": 4, "price": None, "cost": None},
    )


def test_total() -> None:
    check_total(12.0, "EUR", 12.0)
    with pytest.raises(GuardError, match="max_price"):
        check_total(12.01, "EUR", 12.0)


def test_what_stops_a_real_run_is_told() -> None:
    prices = pricing_of(catalog(1_000_000_000))
    wish = ActivationWish("kms", "eu-west-rbx", allow_order=False, max_price=0.0)
    assert "needs allow_order=true and max_price=12" in order_warning(wish, Trace(), prices)
    allowed = ActivationWish("kms", "eu-west-rbx", allow_order=True, max_price=12.0)
    assert "needs" not in order_warning(allowed, Trace(), prices)
    assert "order 5 (notPaid)" in order_warning(wish, Trace(order=Order(5, "notPaid")), {})
    cancelled = Trace(cancelled=Order(6, "cancelled"))
    assert "needs replaces_order=6" in order_warning(allowed, cancelled, prices)
    assert "needs" not in order_warning(dataclasses.replace(allowed, replaces_order=6), cancelled, prices)


def test_only_the_last_order_can_be_a_cancelled_one_in_the_way() -> None:
    gone, done = Order(8, "cancelled", date="2026-09-09T00:00:00Z"), Order(7, "delivered", domain=OKMS_ID)
    assert choose_order([gone], [], NOW).cancelled == gone
    assert choose_order([gone, Order(7, "notPaid")], [], NOW) == Trace(order=Order(7, "notPaid"))
    later = Order(9, "delivered", date="2026-08-20T00:00:00Z", domain=OKMS_ID)
    assert choose_order([later, gone], [], NOW) == Trace()
    assert choose_order([gone, done], [domain_state({**RAW, "iam": {"displayName": "named"}})], NOW).cancelled == gone


@pytest.mark.parametrize(
    ("order", "words"),
    [(Order(1, "notPaid", 12.5, "EUR"), "12.5 EUR"), (Order(1, "notPaid"), "an unknown amount")],
)
def test_the_price_of_an_order_in_words(order: Order, words: str) -> None:
    assert order.price == words


@pytest.mark.parametrize("region", ["EU_WEST_RBX", "eu-west-rbx", " EU-WEST-RBX "])
def test_both_forms_of_a_region(region: str) -> None:
    assert normalise_region(region) == "eu-west-rbx"


def line(code: str, region: str) -> dict[str, t.Any]:
    return {"order": {"plan": {"code": code}, "configurations": [{"label": "region", "value": region}]}}


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        (line("okms", "eu-west-rbx"), True),
        (line("okms", "EU_WEST_RBX"), True),
        (line("okms", "eu-west-sbg"), False),
        (line("vps", "eu-west-rbx"), False),
        ({"order": {"plan": {"code": "okms"}, "configurations": None}}, None),
        ({"order": {"plan": None, "configurations": None}}, None),
        ({"order": None}, None),
        (None, None),
    ],
)
def test_lines(extension: t.Any, expected: bool | None) -> None:
    assert is_line_of(extension, "okms", "eu-west-rbx") is expected


UNNAMED = {**domain_state({**RAW, "kmipObjectCount": 0}), "state": "OK"}


def delivered(number: int, days: float, domain: str | None = OKMS_ID) -> Order:
    date = (NOW - datetime.timedelta(days=days)).isoformat()
    return Order(number, "delivered", 0.0, "EUR", date, domain)


@pytest.mark.parametrize(
    ("orders", "listed", "expected"),
    [
        ([], [], Trace()),
        ([Order(1, "notPaid")], [], Trace(order=Order(1, "notPaid"))),
        # what is paid comes first
        ([Order(2, "notPaid"), Order(1, "delivering")], [], Trace(order=Order(1, "delivering"))),
        # delivered, but the domain is not to be seen yet
        ([delivered(1, 0)], [], Trace(order=delivered(1, 0))),
        ([delivered(1, 0, None)], [], Trace(order=delivered(1, 0, None))),
        # delivered long ago and gone since
        ([delivered(1, 1)], [], Trace()),
        ([delivered(1, 1)], [UNNAMED], Trace(unnamed=OKMS_ID)),
        ([delivered(1, 15)], [UNNAMED], Trace()),
        ([delivered(1, 1)], [{**UNNAMED, "display_name": "kms"}], Trace()),
        ([delivered(1, 1)], [{**UNNAMED, "kmip_object_count": 1}], Trace()),
        ([delivered(1, 1)], [{**UNNAMED, "state": "SUSPENDED"}], Trace()),
    ],
)
def test_choose(orders: list[Order], listed: list[dict[str, t.Any]], expected: Trace) -> None:
    assert choose_order(orders, listed, NOW) == expected


def test_choose_does_not_guess() -> None:
    with pytest.raises(AmbiguousError, match="other"):
        choose_order(
            [delivered(1, 1), delivered(2, 1, "other")],
            [UNNAMED, {**UNNAMED, "id": "other", "display_name": "other"}],
            NOW,
        )


def test_an_order_result_holds_no_way_in() -> None:
    assert set(Order(1, "delivered").result()) == {"order_id", "status", "price_with_tax", "currency", "date"}


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({}, False),
        ({"billing": {"lifecycle": {"current": {"pendingActions": [], "state": "active"}}}}, False),
        ({"billing": {"lifecycle": {"current": {"pendingActions": ["terminate"]}}}}, True),
        ({"billing": {"lifecycle": {"current": {"terminationDate": "2026-09-01T00:00:00Z"}}}}, True),
        ({"billing": {"lifecycle": {"current": {"state": "terminated"}}}}, True),
        ({"resource": {"state": "toDelete"}}, True),
        ({"resource": {"state": "suspended"}}, False),
    ],
)
def test_terminating(service: dict[str, t.Any], expected: bool) -> None:
    assert terminating(service) is expected


LINK = "https://www.ovh.com/manager/#/billing/confirmTerminate?id=1&token=abc"


@pytest.mark.parametrize(
    ("mail", "expected"),
    [
        ({"date": "2026-09-09T12:00:00+02:00", "body": f"{OKMS_ID} {LINK}"}, True),
        ({"date": "2026-09-01T12:00:00+02:00", "body": f"{OKMS_ID} {LINK}"}, False),
        ({"date": "2026-09-09T12:00:00+02:00", "body": f"other {LINK}"}, False),
        ({"date": "2026-09-09T12:00:00+02:00", "body": OKMS_ID}, False),
        ({"date": None, "body": f"{OKMS_ID} {LINK}"}, False),
        ({}, False),
    ],
)
def test_confirmation_mails(mail: dict[str, t.Any], expected: bool) -> None:
    assert asks_confirmation(mail, OKMS_ID, NOW - datetime.timedelta(days=1)) is expected
