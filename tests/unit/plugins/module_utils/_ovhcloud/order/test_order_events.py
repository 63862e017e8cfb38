# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an order is an event."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.lines import is_line_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.orders import Order
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.watch import (
    OrderConditions,
    stuck_reason,
)

NOW = datetime.datetime(2026, 11, 2, 12, tzinfo=datetime.timezone.utc)


def order(status: str, number: int = 1, hours: int = 1, **more: t.Any) -> Order:
    date = (NOW - datetime.timedelta(hours=hours)).isoformat()
    return Order(number, status, 10.0, "EUR", date, **more)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (order("delivering", hours=23), None),
        (order("delivering", hours=25), "still delivering after 24 hours"),
        (order("notPaid", hours=25), "still not paid after 24 hours"),
        (order("notPaid", hours=23), None),
        (order("documentsRequested"), "waits for documents"),
        (order("cancelled"), "was cancelled"),
        (order("cancelling"), "was cancelled"),
        (order("delivered", hours=100), None),
        (Order(1, "checking"), None),  # its age is unknown
    ],
)
def test_order_is_stuck_when_it_does_not_go_on_by_itself(one: Order, words: str | None) -> None:
    found = stuck_reason(one, NOW, 24.0)
    assert (found is None) if words is None else (found is not None and words in found)


def test_order_is_told_once_when_stuck_and_once_when_delivered() -> None:
    conditions = OrderConditions()
    seen = [("notPaid", 1), ("notPaid", 30), ("notPaid", 31), ("documentsRequested", 32), ("delivered", 33)]
    found = [conditions.see([order(status, hours=hours)], [1], NOW) for status, hours in seen]
    assert [[event["type"] for event in events] for events in found] == [
        [],
        ["order_stuck"],
        [],
        ["order_stuck"],
        ["order_delivered"],
    ]
    assert found[1][0]["order"]["order_id"] == 1 and found[4][0]["initial"] is False
    assert conditions.see([order("delivered", hours=33)], [1], NOW) == []


@pytest.mark.parametrize(("tell", "expected"), [(False, []), (True, ["order_delivered", "order_stuck"])])
def test_first_state_is_told_only_on_request(tell: bool, expected: list[str]) -> None:
    conditions = OrderConditions(tell_initial=tell)
    events = conditions.see([order("delivered", domain="okms-1"), order("cancelled", 2)], [1, 2], NOW)
    assert [event["type"] for event in events] == expected
    later = conditions.see([order("delivered", 3, domain="okms-3")], [1, 2, 3], NOW)
    assert [(event["type"], event["okms_id"]) for event in later] == [("order_delivered", "okms-3")]


def test_event_never_holds_the_address_of_an_order() -> None:
    conditions = OrderConditions(tell_initial=True)
    events = conditions.see([order("delivered")], [1], NOW)
    assert set(events[0]["order"]) == {"order_id", "status", "price_with_tax", "currency", "date"}


def test_old_orders_are_forgotten() -> None:
    conditions = OrderConditions()
    for number in range(1000):
        conditions.see([order("delivered", number)], [number, number - 1], NOW)
    assert set(conditions.known) == {998, 999}


@pytest.mark.parametrize(("region", "expected"), [("eu-west-rbx", True), ("eu-west-sbg", False), (None, True)])
def test_line_can_be_asked_for_in_any_region(region: str | None, expected: bool) -> None:
    settings = [{"label": "region", "value": "EU_WEST_RBX"}]
    extension = {"order": {"plan": {"code": "okms"}, "configurations": settings}}
    assert is_line_of(extension, "okms", region) is expected
    assert is_line_of(extension, "other", region) is False
