# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices of the OKMS from the public catalogue, and what a domain costs a month: read only, no cart needed."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import NotFoundError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    Fields,
    record,
)

PLAN = "okms"
_UCENTS = 100_000_000  # the catalogue counts in millionths of a cent
# beginning of a plan code -> what is billed by it, and where a domain tells how many it holds
_OBJECTS = {
    "okms-kmip": ("KMIP object", "kmip_object_count"),
    "okms-servicekey": ("service key", "service_key_count"),
    "okms-secret": ("secret", "secret_count"),
}


def pricing(client: Client, subsidiary: str) -> dict[str, t.Any]:
    """What the order costs and what use will cost, for a subsidiary such as FR."""
    answer = client.get("/order/catalog/public/okms", {"ovhSubsidiary": subsidiary}, anonymous=True)
    return pricing_of(answer)


def pricing_of(catalog: t.Any) -> dict[str, t.Any]:
    """`order`: what is paid now and at each renewal; `usage`: the price of each thing that is billed (without tax)."""
    read = record(catalog, "the catalogue of OKMS")
    locale = read.part("locale")
    currency = locale.text("currencyCode")
    plans = read.parts("plans")
    plan = next((plan for plan in plans if plan.text("planCode") == PLAN), None)
    if plan is None:
        raise NotFoundError(f"the OVHcloud catalogue of {locale.text('subsidiary')} does not offer the plan {PLAN}")
    # an addon need not stand in the families of the plan: all of this catalogue belong to OKMS
    usage = [
        _usage_price(item, price, currency)
        for item in [plan, *read.parts("addons")]
        for price in _kind(item, "consumption")
    ]
    return {
        "subsidiary": locale.text("subsidiary"),
        "order": _order_price(plan, currency),
        "usage": sorted(usage, key=lambda entry: (str(entry["plan_code"]), str(entry["description"]))),
    }


def describe(prices: t.Mapping[str, t.Any]) -> str:
    """The prices in one line for a message."""
    order = prices["order"]
    usage = "; ".join(
        f"{entry['price']:g} {entry['currency']} for each {entry['object']} per {entry['unit']}"
        for entry in prices["usage"]
    )
    later = f"then for its content: {usage}" if usage else "the catalogue has no price for its content"
    return f"{order['price']:g} {order['currency']} now (without tax), {later}"


def monthly_cost(usage: t.Sequence[t.Mapping[str, t.Any]], domain: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the objects of a domain cost a month, without tax. `complete` is false when a price or number is unknown.

    A KMIP object is billed until it is destroyed, whether anything still uses it or not.
    """
    objects: list[dict[str, t.Any]] = []
    for name, counted_by in _OBJECTS.values():
        prices = {entry["price"] for entry in usage if entry["object"] == name and entry["unit"] == "month"}
        # of several prices for one thing, it is not known which one the account pays
        price = prices.pop() if len(prices) == 1 else None
        count = domain.get(counted_by)
        cost = round(price * count, 8) if price is not None and count is not None else None
        objects.append({"object": name, "count": count, "price": price, "cost": 0.0 if count == 0 else cost})
    costs: list[float] = [item["cost"] for item in objects if item["cost"] is not None]
    return {
        "currency": next((entry["currency"] for entry in usage), None),
        "total": round(sum(costs), 8),
        "complete": len(costs) == len(objects),
        "objects": objects,
    }


def _kind(item: Fields, capacity: str) -> list[Fields]:
    """The prices for a capacity, those of the default mode when there are such."""
    found = [price for price in item.parts("pricings") if capacity in price.texts("capacities")]
    return [price for price in found if price.text("mode") == "default"] or found


def _order_price(plan: Fields, currency: str | None) -> dict[str, t.Any]:
    prices = _kind(plan, "installation") or _kind(plan, "renew")
    if not prices:
        raise NotFoundError(f"the OVHcloud catalogue has no order price for the plan {PLAN}")
    return {
        "plan_code": PLAN,
        "description": prices[0].text("description"),
        "price": sum(_known(price) for price in prices),
        "tax": sum(_amount(price.amount("tax")) for price in prices),
        "currency": currency,
    }


def _usage_price(item: Fields, price: Fields, currency: str | None) -> dict[str, t.Any]:
    code = item.text("planCode") or ""
    description = item.text("invoiceName") or price.text("description")
    known = next((name for start, (name, _count) in _OBJECTS.items() if code.startswith(start)), None)
    return {
        "plan_code": code,
        "description": description,
        "object": known or description or code,
        "price": _known(price),
        "tax": _amount(price.amount("tax")),
        "currency": currency,
        "unit": _unit(code, price),
    }


def _unit(code: str, price: Fields) -> str:
    """The month stands in the plan code, while the catalogue's `intervalUnit` may be `none`."""
    if "-monthly-" in code:
        return "month"
    interval, unit = price.whole("interval") or 1, price.text("intervalUnit") or "none"
    if unit == "none":
        return "use"
    return unit if interval == 1 else f"{interval} {unit}s"


def _known(price: Fields) -> float:
    return _amount(price.known_amount("price"))


def _amount(ucents: float | None) -> float:
    return round((ucents or 0) / _UCENTS, 8)
