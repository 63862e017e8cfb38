# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an empty cart to an order: everything up to the one call that cannot be taken back."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    CollectionError,
    ConflictError,
    GuardError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.catalog import PLAN
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.client import Client, path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.errors import (
    extended,
    outcome_unknown,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.orders import OPEN, Order, Orders

_LOOKS_AFTER_LOSS = 5


def check_total(total: float, currency: str | None, max_price: float) -> None:
    """Raise GuardError when an order would cost more than the user allows (both with tax)."""
    if total > max_price + 1e-9:
        raise GuardError(
            f"the order would cost {total:g} {currency} with tax, more than max_price ({max_price:g}): nothing was "
            "ordered; raise max_price to accept it",
            price_with_tax=total,
            currency=currency,
        )


class Shop:
    """Orders one OKMS."""

    def __init__(self, client: Client, orders: Orders, patience: Patience) -> None:
        self._client = client
        self._orders = orders
        self._patience = patience

    def check_account(self, account: t.Mapping[str, t.Any], total: float) -> None:
        """Raise before the first write when the account cannot order or cannot pay."""
        if account.get("state") == "incomplete":
            raise ConflictError("the OVHcloud account is incomplete and cannot order: complete its details first")
        if total > 0 and self._orders.default_payment_method() is None:
            raise GuardError(
                "the OVHcloud account has no valid default payment method: register one first; nothing was ordered"
            )

    def order(self, display_name: str, region: str, subsidiary: str, max_price: float) -> Order:
        """Place the order, unpaid. A cart left behind by an earlier run is removed first."""
        marker = f"ansible:{PLAN}:{region}:{display_name}"
        self._remove_left_behind(marker)
        cart = self._client.post("/order/cart", {"ovhSubsidiary": subsidiary, "description": marker})
        cart_id = cart["cartId"]
        try:
            self._fill(cart_id, region)
            simulated = self._client.get(path("/order/cart/{}/checkout", cart_id))
            price = simulated["prices"]["withTax"]
            check_total(float(price["value"]), price.get("currencyCode"), max_price)
        except CollectionError:
            self._discard(cart_id)
            raise
        return self._checkout(cart_id, region)

    def _fill(self, cart_id: str, region: str) -> None:
        self._client.post(path("/order/cart/{}/assign", cart_id))
        body = {"planCode": PLAN, "duration": "P1M", "pricingMode": "default", "quantity": 1}
        item = self._client.post(path("/order/cart/{}/okms", cart_id), body)
        item_path = path("/order/cart/{}/item/{}", cart_id, item["itemId"])
        needed = self._client.get(f"{item_path}/requiredConfiguration")
        unknown = sorted(entry["label"] for entry in needed if entry.get("required") and entry["label"] != "region")
        if unknown:
            raise ApiError(
                f"an order of the plan {PLAN} now needs settings that are not known here: {', '.join(unknown)}"
            )
        self._client.post(f"{item_path}/configuration", {"label": "region", "value": region})

    def _checkout(self, cart_id: str, region: str) -> Order:
        """The one call that makes the order; it is never sent twice."""
        # paid afterwards, so that the order id is known before any money moves
        body = {"autoPayWithPreferredPaymentMethod": False, "waiveRetractationPeriod": True}
        try:
            answer = self._client.post(path("/order/cart/{}/checkout", cart_id), body)
        except CollectionError as error:
            if not outcome_unknown(error):
                self._discard(cart_id)
                raise
            return self._look_after_loss(error, region)
        if not isinstance(answer, dict) or answer.get("orderId") is None:
            raise ApiError(
                f"checkout of cart {cart_id} was answered without an order id: run again, which looks for it"
            )
        price = (answer.get("prices") or {}).get("withTax") or {}
        return Order(int(answer["orderId"]), "notPaid", price.get("value"), price.get("currencyCode"))

    def _look_after_loss(self, error: CollectionError, region: str) -> Order:
        patience = self._patience.briefly(_LOOKS_AFTER_LOSS)
        day = datetime.timedelta(days=1)

        def look() -> list[Order]:
            return self._orders.of_plan(PLAN, region, OPEN, day)

        try:
            return wait_for(look, bool, f"order of {PLAN} in {region}", patience)[0]
        except CollectionError:
            note = "No order is to be seen; run again, which looks for it before it orders anything"
            raise extended(error, f"{error.message}. {note}") from error

    def _remove_left_behind(self, marker: str) -> None:
        for cart_id in self._client.get("/order/cart", {"description": marker}):
            try:
                cart = self._client.get(path("/order/cart/{}", cart_id))
            except NotFoundError:
                continue  # expired meanwhile
            # a cart that was checked out is the record of an order
            if cart.get("description") == marker and not cart.get("readOnly"):
                self._discard(cart_id)

    def _discard(self, cart_id: str) -> None:
        try:
            self._client.delete(path("/order/cart/{}", cart_id))
        except CollectionError:
            return  # an unused cart costs nothing and expires by itself
