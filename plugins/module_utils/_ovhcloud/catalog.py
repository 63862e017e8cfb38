# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices of the OKMS from the public catalogue: read only, no cart needed."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import NotFoundError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.client import Client

PLAN = "okms"
_UCENTS = 100_000_000  # the catalogue counts in millionths of a cent


def pricing(client: Client, subsidiary: str) -> dict[str, t.Any]:
    """What the order costs and what use will cost, for a subsidiary such as FR."""
    answer = client.get("/order/catalog/public/okms", {"ovhSubsidiary": subsidiary}, anonymous=True)
    return pricing_of(answer)


def pricing_of(catalog: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """`order`: what is paid now and at each renewal; `usage`: one entry for each usage-based price (without tax)."""
    locale = catalog.get("locale") or {}
    currency = locale.get("currencyCode")
    plan = next((plan for plan in catalog.get("plans") or [] if plan.get("planCode") == PLAN), None)
    if plan is None:
        raise NotFoundError(f"the OVHcloud catalogue of {locale.get('subsidiary')} does not offer the plan {PLAN}")
    families = plan.get("addonFamilies") or []
    addons = {code for family in families for code in family.get("addons") or []}
    offered = [plan, *(addon for addon in catalog.get("addons") or [] if addon.get("planCode") in addons)]
    usage = [_price(item, price, currency) for item in offered for price in _kind(item, "consumption")]
    return {
        "subsidiary": locale.get("subsidiary"),
        "order": _order_price(plan, currency),
        "usage": sorted(usage, key=lambda entry: (entry["plan_code"], entry["description"])),
    }


def describe(prices: t.Mapping[str, t.Any]) -> str:
    """The prices in one line for a message."""
    order = prices["order"]
    usage = "; ".join(
        f"{entry['description']}: {entry['price']:g} {entry['currency']} per {entry['unit']}"
        for entry in prices["usage"]
    )
    return (
        f"{order['price']:g} {order['currency']} now (without tax), then by use: {usage or 'no usage price published'}"
    )


def _kind(item: t.Mapping[str, t.Any], capacity: str) -> list[t.Mapping[str, t.Any]]:
    return [price for price in item.get("pricings") or [] if capacity in (price.get("capacities") or [])]


def _order_price(plan: t.Mapping[str, t.Any], currency: str | None) -> dict[str, t.Any]:
    monthly = [price for price in _kind(plan, "installation") if price.get("mode") == "default"]
    prices = monthly or _kind(plan, "installation") or _kind(plan, "renew")
    if not prices:
        raise NotFoundError(f"the OVHcloud catalogue has no order price for the plan {PLAN}")
    return {
        "plan_code": PLAN,
        "description": prices[0].get("description"),
        "price": sum(_amount(price.get("price")) for price in prices),
        "tax": sum(_amount(price.get("tax")) for price in prices),
        "currency": currency,
    }


def _price(item: t.Mapping[str, t.Any], price: t.Mapping[str, t.Any], currency: str | None) -> dict[str, t.Any]:
    interval = price.get("interval") or 1
    unit = str(price.get("intervalUnit") or "none")
    if unit == "none":
        unit = "use"
    return {
        "plan_code": item.get("planCode"),
        "description": item.get("invoiceName") or price.get("description"),
        "price": _amount(price.get("price")),
        "tax": _amount(price.get("tax")),
        "currency": currency,
        "unit": unit if interval == 1 else f"{interval} {unit}s",
    }


def _amount(ucents: int | None) -> float:
    return round((ucents or 0) / _UCENTS, 8)
