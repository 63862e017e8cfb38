# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an empty cart to an order: everything up to the one call that cannot be taken back."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    CollectionError,
    ConflictError,
    GuardError,
    NotFoundError,
    WaitTimeoutError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    extended,
    outcome_unknown,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    Fields,
    ShapeError,
    names,
    record,
    records,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.catalog import PLAN
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.orders import (
    UNPAID,
    Order,
    Orders,
    marker_of,
)

_LOOKS_AFTER_LOSS = 5
_LONGEST_WAIT = 60.0  # seconds for another run's order to be seen
ROUNDING = 1e-9  # prices are sums of floats
INCOMPLETE = "incomplete"  # the state of an account that cannot order


@dataclasses.dataclass(frozen=True)
class Limit:
    """Whose prices, and how much at most (with tax)."""

    subsidiary: str
    max_price: float


class _Overtaken(Exception):  # noqa: N818 (a signal inside this file)
    """Another run orders the same at the same time, and it is ahead."""


def check_total(total: float, currency: str | None, max_price: float) -> None:
    """Raise GuardError when an order would cost more than the user allows (both with tax)."""
    if total > max_price + ROUNDING:
        raise GuardError(
            f"the order would cost {total:g} {currency} with tax, more than max_price ({max_price:g}): nothing was "
            "ordered; raise max_price to accept it",
            price_with_tax=total,
            currency=currency,
        )


class Shop:
    """Orders one OKMS.

    The API has no key that would make a checkout idempotent. Two runs at once are kept from ordering twice by their
    carts: each run puts up its own, takes away those of the others, looks once more for an order that somebody else has
    placed, and only then checks out. A run whose cart was taken away cannot check out any more. So of two checkouts for
    one region the later run would have seen the order of the earlier one, as long as the lists of carts and of orders
    show at once what was written before.
    """

    def __init__(self, client: Client, orders: Orders, patience: Patience) -> None:
        self._client = client
        self._orders = orders
        self._patience = patience

    def check_account(self, account: t.Mapping[str, t.Any], total: float) -> None:
        """Raise before the first write when the account cannot order or cannot pay."""
        if account.get("state") == INCOMPLETE:
            raise ConflictError("the OVHcloud account is incomplete and cannot order: complete its details first")
        if total > 0 and self._orders.default_payment_method() is None:
            raise GuardError(
                "the OVHcloud account has no valid default payment method: register one first; nothing was ordered"
            )

    def order(self, region: str, limit: Limit, mine: t.Callable[[Order], bool]) -> Order:
        """Place the order, unpaid, or find the one that another run has placed meanwhile.

        `mine` says of such an order whether it may be resumed.
        """
        marker = marker_of(PLAN, region)
        for left_behind in self._open_carts(marker):
            self._discard(left_behind)
        cart = self._client.post("/order/cart", {"ovhSubsidiary": limit.subsidiary, "description": marker})
        cart_id = record(cart, "a new cart").known_text("cartId")
        try:
            self._fill(cart_id, region)
            self._check_price(cart_id, limit.max_price)
            self._step_forward(marker, cart_id)
            found = self._new_orders(region, mine)
        except _Overtaken:
            self._discard(cart_id)
            return self._order_of_another_run(region, mine)
        except CollectionError as error:
            if self._was_taken(cart_id, error):
                return self._order_of_another_run(region, mine)
            self._discard(cart_id)
            raise
        if found:
            self._discard(cart_id)
            return found[0]
        return self._checkout(cart_id, region, mine)

    def _fill(self, cart_id: str, region: str) -> None:
        # a new cart belongs to nobody, and only one of an account can be checked out (schema v1/order)
        self._client.post(api_path("/order/cart/{}/assign", cart_id))
        # as Terraform's provider of OVHcloud orders it
        body = {"planCode": PLAN, "duration": "P1M", "pricingMode": "default", "quantity": 1}
        item = record(self._client.post(api_path("/order/cart/{}/okms", cart_id), body), f"the item of cart {cart_id}")
        item_path = api_path("/order/cart/{}/item/{}", cart_id, item.known_whole("itemId"))
        needed = records(self._client.get(f"{item_path}/requiredConfiguration"), "the settings of an order")
        labels = [entry.text("label") for entry in needed if entry.flag("required")]
        unknown = sorted(str(label) for label in labels if label != "region")
        if unknown:
            raise ApiError(
                f"an order of the plan {PLAN} now needs settings that are not known here: {', '.join(unknown)}"
            )
        self._client.post(f"{item_path}/configuration", {"label": "region", "value": region})

    def _check_price(self, cart_id: str, max_price: float) -> None:
        # GET of a checkout only computes it, POST orders (schema v1/order)
        simulated = record(
            self._client.get(api_path("/order/cart/{}/checkout", cart_id)), f"the price of cart {cart_id}"
        )
        price = simulated.part("prices").part("withTax")
        check_total(price.known_amount("value"), price.text("currencyCode"), max_price)

    def _checkout(self, cart_id: str, region: str, mine: t.Callable[[Order], bool]) -> Order:
        """The one call that makes the order; it is never sent twice."""
        # paid afterwards, so that the order id is known before any money moves
        # the withdrawal period is waived, because delivery waits for its end otherwise (schema v1/order)
        body = {"autoPayWithPreferredPaymentMethod": False, "waiveRetractationPeriod": True}
        try:
            answer = self._client.post(api_path("/order/cart/{}/checkout", cart_id), body)
        except CollectionError as error:
            if outcome_unknown(error):
                return self._look_after_loss(error, region, mine)
            if self._was_taken(cart_id, error):
                return self._order_of_another_run(region, mine)
            self._discard(cart_id)
            raise
        order_id = answer.get("orderId") if isinstance(answer, dict) else None
        if not isinstance(order_id, int) or isinstance(order_id, bool):
            raise ApiError(
                f"checkout of cart {cart_id} was answered without an order id: rerun: the next run looks for the order"
            )
        return _priced(order_id, record(answer, f"order {order_id}"))

    # --- other runs at the same time

    def _step_forward(self, marker: str, cart_id: str) -> None:
        """Take the carts of all others away; raise _Overtaken when one of them comes first."""
        others = [other for other in self._open_carts(marker) if other != cart_id]
        # ids are random, but all runs compare the same ones: exactly one of them goes on
        if any(other < cart_id for other in others):
            raise _Overtaken
        for other in others:
            try:
                self._client.delete(api_path("/order/cart/{}", other))
            except CollectionError:
                # its run may have removed it or checked it out in this very moment
                if self._is_open(other, marker):
                    raise

    def _was_taken(self, cart_id: str, error: CollectionError) -> bool:
        """Whether the call failed because another run has taken our cart away."""
        if not isinstance(error, NotFoundError):
            return False
        try:
            self._client.get(api_path("/order/cart/{}", cart_id))
        except NotFoundError:
            return True
        except CollectionError:
            return False  # the first error says more
        return False

    def _new_orders(self, region: str, mine: t.Callable[[Order], bool]) -> list[Order]:
        return [order for order in self._orders.new_of_plan(PLAN, region) if mine(order)]

    def _order_of_another_run(self, region: str, mine: t.Callable[[Order], bool]) -> Order:
        limit = min(self._patience.timeout, _LONGEST_WAIT)
        patience = dataclasses.replace(self._patience, wait=True, timeout=limit)
        try:
            return wait_for(lambda: self._new_orders(region, mine), bool, f"order of {PLAN}", patience)[0]
        except WaitTimeoutError as error:
            raise ConflictError(
                f"another run orders an OKMS in {region} at the same time, and its order is not visible yet: "
                "this run has ordered nothing. Rerun to resume that order, if there is one"
            ) from error

    def _look_after_loss(self, error: CollectionError, region: str, mine: t.Callable[[Order], bool]) -> Order:
        patience = self._patience.briefly(_LOOKS_AFTER_LOSS)
        try:
            what = f"order of {PLAN} in {region}"
            return wait_for(lambda: self._new_orders(region, mine), bool, what, patience)[0]
        except CollectionError:
            note = "No order is visible; rerun: the next run looks for it before it orders anything"
            raise extended(error, f"{error.message}. {note}") from error

    # --- carts

    def _open_carts(self, marker: str) -> list[str]:
        ids = names(self._client.get("/order/cart", {"description": marker}), "the list of carts")
        return [cart_id for cart_id in ids if self._is_open(cart_id, marker)]

    def _is_open(self, cart_id: str, marker: str) -> bool:
        try:
            cart = record(self._client.get(api_path("/order/cart/{}", cart_id)), f"cart {cart_id}")
        except NotFoundError:
            return False  # expired or taken away meanwhile
        # a cart that was checked out is the record of an order
        return cart.text("description") == marker and not cart.flag("readOnly")

    def _discard(self, cart_id: str) -> None:
        try:
            self._client.delete(api_path("/order/cart/{}", cart_id))
        except CollectionError:
            return  # an unused cart costs nothing and expires by itself


def _priced(order_id: int, answer: Fields) -> Order:
    """The order of a checkout; a total that cannot be read is asked for again before anything is paid."""
    try:
        price = answer.part("prices").part("withTax")
        return Order(order_id, UNPAID, price.amount("value"), price.text("currencyCode"))
    except ShapeError:
        return Order(order_id, UNPAID)
