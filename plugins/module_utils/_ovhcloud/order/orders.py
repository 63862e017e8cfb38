# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders of the account: found again, paid once, followed until delivery."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ConflictError,
    GuardError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import shown
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import extended
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    ShapeError,
    names,
    numbers,
    parse_time,
    record,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.lines import lines_of

UNPAID, DOCUMENTS = "notPaid", "documentsRequested"
CANCELLED = ("cancelled", "cancelling")
FINISHED = ("delivered", *CANCELLED)
# carts expire after a day unless asked otherwise (OVHcloud's guides on orders)
_CART_IS_KEPT = datetime.timedelta(days=1)
# further back than an order can stay unpaid, so that one that was cancelled for it is still seen
LOOK_BACK = datetime.timedelta(days=30)  # an unpaid order lives 14 days


@dataclasses.dataclass(frozen=True)
class Order:
    """What may be told of an order; its URL and password stay out on purpose. `domain` is set once it is delivered.

    `unclear`: the API does not tell what it is for, and it may be an OKMS of this region.
    """

    order_id: int
    status: str
    price_with_tax: float | None = None
    currency: str | None = None
    date: str | None = None
    domain: str | None = None
    unclear: bool = False

    @property
    def open(self) -> bool:
        """Neither delivered nor cancelled; a status that is new is open too, so that nothing is ordered beside it."""
        return self.status not in FINISHED

    @property
    def price(self) -> str:
        """Its total in words."""
        known = self.price_with_tax is not None
        return f"{self.price_with_tax:g} {self.currency}" if known else "an unknown amount"

    def result(self) -> dict[str, t.Any]:
        """For the result of the module."""
        shown_not = ("domain", "unclear")
        return {name: value for name, value in dataclasses.asdict(self).items() if name not in shown_not}


class Orders:
    """Calls of /me/order and /me/payment."""

    def __init__(
        self, client: Client, patience: Patience, region_of: t.Callable[[str], str | None] = lambda domain: None
    ) -> None:
        self._client = client
        self._patience = patience
        self._region_of = region_of  # of a domain's id; None when it cannot be read
        self._finished: set[int] = set()
        self._unclear: set[int] = set()
        self._told: set[int] = set()

    def of_plan(self, plan: str, region: str) -> list[Order]:
        """All orders of this plan and region that LOOK_BACK reaches, newest first; those that are unclear too."""
        seen = [(number, self.status(number)) for number in self.recent()]
        found = self._of_region(seen, plan, region)
        self._finished.update(order_id for order_id, status in seen if status in FINISHED)
        self._unclear.update(order.order_id for order in found if order.unclear)
        return found

    def open_of_plan(self, plan: str) -> list[Order]:
        """Open orders of this plan in any region, newest first; one of which the API tells nothing, by its text."""
        seen = [(number, self.status(number)) for number in self.recent()]
        found = []
        for order_id, status in seen:
            lines = [] if status in FINISHED else lines_of(self._client, order_id, plan, None)
            if any(line.ours or line.like_kms for line in lines):
                found.append(self.get(order_id, status))
        return found

    def new_of_plan(self, plan: str, region: str) -> list[Order]:
        """Those that `of_plan` did not see at their end already, without the cancelled ones: another run's, newest
        first. Raises when one of them is unclear."""
        seen = [(number, self.status(number)) for number in self.recent() if number not in self._finished]
        found = self._of_region([one for one in seen if one[1] not in CANCELLED], plan, region)
        for order in found:
            if order.unclear and order.order_id not in self._unclear:
                raise GuardError(f"{in_the_way(order, region)}; this run has ordered nothing", order_id=order.order_id)
        return [order for order in found if not order.unclear]

    def recent(self) -> list[int]:
        """Ids of all orders that LOOK_BACK reaches, newest first."""
        since = self._client.now() - LOOK_BACK
        # an API that does not know the filter lists all orders (schema of the US, 2024)
        ids = self._client.get("/me/order", {"date.from": since.strftime("%Y-%m-%dT%H:%M:%SZ")})
        return sorted(numbers(ids, "the list of orders"), reverse=True)

    def _of_region(self, seen: t.Sequence[tuple[int, str]], plan: str, region: str) -> list[Order]:
        """The orders (id and status) that are of this plan and region, or may be."""
        found: list[Order] = []
        silent: list[tuple[Order, bool]] = []
        for order_id, status in seen:
            lines = lines_of(self._client, order_id, plan, region)
            if not lines:
                continue
            regions = {line.domain: self._region_of(line.domain) for line in lines if not line.ours and line.domain}
            told = [line for line in lines if line.ours or regions.get(line.domain or "") == region]
            domain = next((line.domain for line in told or lines if line.domain), None)
            if told:
                found.append(dataclasses.replace(self.get(order_id, status), domain=domain))
            elif not any(regions.values()):
                order = dataclasses.replace(self.get(order_id, status), domain=domain)
                silent.append((order, any(line.like_kms for line in lines)))
        self._told.update(order.order_id for order in found if self._young(order))
        recent = [(order, like_kms) for order, like_kms in silent if order.open or (like_kms and self._young(order))]
        if recent:
            found += self._by_cart(recent, marker_of(plan, region))
        return sorted(found, key=lambda order: order.order_id, reverse=True)

    def _by_cart(self, silent: t.Sequence[tuple[Order, bool]], marker: str) -> list[Order]:
        """Orders that the API tells nothing about: ours when their text fits and our checked-out cart is not accounted
        for.

        Where only one of both holds, or more orders fit than carts, an open order is unclear: it is neither paid nor
        doubled.
        """
        carts = self._checked_out(marker) - len(self._told)
        fitting = [order for order, like_kms in silent if like_kms]
        if 0 < len(fitting) <= carts:
            return fitting
        doubtful = fitting or ([order for order, _like_kms in silent] if carts > 0 else [])
        return [dataclasses.replace(order, unclear=True) for order in doubtful if order.open]

    def _young(self, order: Order) -> bool:
        """Made while its cart is still kept."""
        return order.date is None or self._client.now() - parse_time(order.date) <= _CART_IS_KEPT

    def _checked_out(self, marker: str) -> int:
        """How many carts of this marker became an order; a cart is kept for some time."""
        found = 0
        for cart_id in names(self._client.get("/order/cart", {"description": marker}), "the list of carts"):
            try:
                cart = record(self._client.get(api_path("/order/cart/{}", cart_id)), f"cart {cart_id}")
            except NotFoundError:
                continue
            found += cart.text("description") == marker and bool(cart.flag("readOnly"))
        return found

    def status(self, order_id: int) -> str:
        """One of the API's words, such as notPaid or delivered."""
        word = self._client.get(api_path("/me/order/{}/status", order_id))
        if not isinstance(word, str) or not word:
            raise ShapeError(
                f"OVHcloud answered the status of order {order_id} with {shown(word)}, which is not a text",
                order_id=order_id,
            )
        return word

    def get(self, order_id: int, status: str) -> Order:
        """The order with its price."""
        raw = record(self._client.get(api_path("/me/order/{}", order_id)), f"order {order_id}")
        price = raw.part("priceWithTax")
        return Order(order_id, status, price.amount("value"), price.text("currencyCode"), raw.time("date"))

    def default_payment_method(self) -> int | None:
        """Id of the valid default method."""
        ids = self._client.get("/me/payment/method", {"default": True, "status": "VALID"})
        return next(iter(numbers(ids, "the list of payment methods")), None)

    def settle(self, order: Order, may_pay: t.Callable[[Order], None]) -> Order:
        """Pay the order if need be, at most once, and wait until it is delivered (patience.wait false: look once).

        `may_pay` raises when it must not be paid.
        """
        paid = False

        def look() -> str:
            nonlocal paid
            status = self.status(order.order_id)
            if status == UNPAID and not paid:
                unpaid = order if order.price_with_tax is not None else self.get(order.order_id, status)
                may_pay(unpaid)
                self._pay(unpaid)
                paid = True
                status = self.status(order.order_id)
            return status

        def delivered(status: str) -> bool:
            self._stop_if_hopeless(order.order_id, status)
            return status == "delivered"

        what = f"delivery of order {order.order_id}"
        status = wait_for(look, delivered, what, self._patience, order_id=order.order_id)
        return self.get(order.order_id, status)

    def delivered_domain(self, order: Order, plan: str, region: str) -> str | None:
        """The name of the delivered resource; the order shows a placeholder until it knows it."""

        def look() -> str | None:
            lines = lines_of(self._client, order.order_id, plan, region)
            return next((line.domain for line in lines if line.domain), None)

        what = f"resource of order {order.order_id}"
        return wait_for(look, lambda seen: seen is not None, what, self._patience, order_id=order.order_id)

    def _pay(self, order: Order) -> None:
        number = order.order_id
        method = self.default_payment_method()
        if method is None and order.price_with_tax != 0:
            raise GuardError(
                f"order {number} waits for payment of {order.price}, and the account has no valid default "
                "payment method: register one or pay in the control panel, then rerun to resume this order",
                order_id=number,
            )
        base = api_path("/me/order/{}", number)
        try:
            if method is not None:
                self._client.post(f"{base}/pay", {"paymentMethod": {"id": method}})
            else:
                # an order of 0 has to be paid, too; the fidelity account does it without a card (Terraform's provider)
                self._client.post(f"{base}/payWithRegisteredPaymentMean", {"paymentMean": "fidelityAccount"})
        except CollectionError as error:
            if self._paid_after_all(number):
                return
            raise extended(
                error,
                (
                    f"order {number} exists but its {order.price} could not be paid: {error.message}. Pay it in the "
                    "control panel or rerun to resume this order"
                ),
                order_id=number,
            ) from error

    def _paid_after_all(self, number: int) -> bool:
        """By the call whose answer was lost, or by another run at the same time."""
        try:
            return self.status(number) != UNPAID
        except CollectionError:
            return False  # the first error says more

    def _stop_if_hopeless(self, order_id: int, status: str) -> None:
        if status == DOCUMENTS:
            raise ConflictError(
                f"order {order_id} waits for documents that OVHcloud has asked for: send them in the control "
                "panel, then rerun to resume this order",
                order_id=order_id,
                order_status=status,
            )
        if status in CANCELLED:
            raise ConflictError(
                f"order {order_id} was cancelled (status {status}): see the reason in the control panel. No other one "
                f"is ordered unless replaces_order={order_id} allows it",
                order_id=order_id,
                order_status=status,
            )


def marker_of(plan: str, region: str) -> str:
    """The description of our carts."""
    return f"ansible:{plan}:{region}"


def in_the_way(order: Order, region: str) -> str:
    """Why an unclear order stops another one."""
    return (
        f"order {order.order_id} ({order.status}) is in progress, and this API does not tell whether it is an "
        f"OKMS in {region}. Wait until it is delivered, or check it in the control panel: if it is something "
        f"else, replaces_order={order.order_id} allows another order"
    )
