# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders of the account: found again, paid once, followed until delivery."""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ConflictError,
    GuardError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.client import Client, path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.errors import extended
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.times import utc

OPEN = ("notPaid", "checking", "delivering", "documentsRequested", "unknown")
CANCELLED = ("cancelled", "cancelling")
FINISHED = ("delivered", *CANCELLED)
LOOK_BACK = datetime.timedelta(days=30)  # an unpaid order lives 14 days
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Order:
    """What may be told of an order; its URL and password stay out on purpose. `domain` is set once it is delivered."""

    order_id: int
    status: str
    price_with_tax: float | None = None
    currency: str | None = None
    date: str | None = None
    domain: str | None = None

    @property
    def price(self) -> str:
        """Its total in words."""
        known = self.price_with_tax is not None
        return f"{self.price_with_tax:g} {self.currency}" if known else "an unknown amount"

    def result(self) -> dict[str, t.Any]:
        """For the result of the module."""
        return {name: value for name, value in dataclasses.asdict(self).items() if name != "domain"}


class Orders:
    """Calls of /me/order and /me/payment."""

    def __init__(self, client: Client, patience: Patience) -> None:
        self._client = client
        self._patience = patience
        self._finished: set[int] = set()

    def of_plan(self, plan: str, region: str) -> list[Order]:
        """All orders of this plan and region that LOOK_BACK reaches, newest first."""
        found = []
        for order_id in self._recent():
            status = self.status(order_id)
            if status in FINISHED:
                self._finished.add(order_id)
            found += self._of_region(order_id, status, plan, region)
        return found

    def new_of_plan(self, plan: str, region: str) -> list[Order]:
        """Those that `of_plan` did not see at their end already, without the cancelled ones: another run's, newest
        first."""
        found = []
        for order_id in self._recent():
            if order_id in self._finished:
                continue
            status = self.status(order_id)
            if status not in CANCELLED:
                found += self._of_region(order_id, status, plan, region)
        return found

    def _recent(self) -> list[int]:
        since = self._client.now() - LOOK_BACK
        ids = self._client.get("/me/order", {"date.from": since.strftime("%Y-%m-%dT%H:%M:%SZ")})
        return sorted(ids, reverse=True)

    def _of_region(self, order_id: int, status: str, plan: str, region: str) -> list[Order]:
        domains = self._domains(order_id, plan, region)
        return [dataclasses.replace(self.get(order_id, status), domain=domains[0])] if domains else []

    def status(self, order_id: int) -> str:
        """One of the API's words, such as notPaid or delivered."""
        return str(self._client.get(path("/me/order/{}/status", order_id)))

    def get(self, order_id: int, status: str) -> Order:
        """The order with its price."""
        raw = self._client.get(path("/me/order/{}", order_id))
        price = raw.get("priceWithTax") or {}
        return Order(order_id, status, price.get("value"), price.get("currencyCode"), utc(raw.get("date")))

    def default_payment_method(self) -> int | None:
        """Id of the valid default method."""
        ids = self._client.get("/me/payment/method", {"default": True, "status": "VALID"})
        return int(ids[0]) if ids else None

    def settle(self, order: Order, may_pay: t.Callable[[Order], None]) -> Order:
        """Pay the order if need be, at most once, and wait until it is delivered (patience.wait false: look once).

        `may_pay` raises when it must not be paid.
        """
        paid = False

        def look() -> str:
            nonlocal paid
            status = self.status(order.order_id)
            if status == "notPaid" and not paid:
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
            domains = self._domains(order.order_id, plan, region)
            return domains[0] if domains else None

        what = f"resource of order {order.order_id}"
        return wait_for(look, lambda seen: seen is not None, what, self._patience, order_id=order.order_id)

    def _domains(self, order_id: int, plan: str, region: str) -> list[str | None]:
        """For each line of the order that is this plan in this region: the resource, None before delivery."""
        found: list[str | None] = []
        for detail_id in self._client.get(path("/me/order/{}/details", order_id)):
            line = path("/me/order/{}/details/{}", order_id, detail_id)
            try:
                extension = self._client.get(f"{line}/extension")
            except NotFoundError:
                continue  # lines of other products may have none
            if is_line_of(extension, plan, region):
                name = str(self._client.get(line).get("domain") or "")
                found.append(name.lower() if _UUID.fullmatch(name) else None)
        return sorted(found, key=lambda name: name is None)

    def _pay(self, order: Order) -> None:
        number = order.order_id
        method = self.default_payment_method()
        if method is None and order.price_with_tax != 0:
            raise GuardError(
                f"order {number} waits for payment of {order.price}, and the account has no valid default payment "
                "method: register one or pay in the control panel, then run again, which goes on with this order",
                order_id=number,
            )
        base = path("/me/order/{}", number)
        try:
            if method is not None:
                self._client.post(f"{base}/pay", {"paymentMethod": {"id": method}})
            else:
                self._client.post(f"{base}/payWithRegisteredPaymentMean", {"paymentMean": "fidelityAccount"})
        except CollectionError as error:
            if self._paid_after_all(number):
                return
            raise extended(
                error,
                f"order {number} exists but its {order.price} could not be paid: {error.message}. Pay it in the "
                "control panel or run again, which goes on with this order",
                order_id=number,
            ) from error

    def _paid_after_all(self, number: int) -> bool:
        """By the call whose answer was lost, or by another run at the same time."""
        try:
            return self.status(number) != "notPaid"
        except CollectionError:
            return False  # the first error says more

    def _stop_if_hopeless(self, order_id: int, status: str) -> None:
        if status == "documentsRequested":
            raise ConflictError(
                f"order {order_id} waits for documents that OVHcloud has asked for: send them in the control panel, "
                "then run again, which goes on with this order",
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


def is_line_of(extension: t.Any, plan: str, region: str) -> bool:
    """Whether an order line installs this plan in this region."""
    order = extension.get("order") if isinstance(extension, dict) else None
    if not isinstance(order, dict) or (order.get("plan") or {}).get("code") != plan:
        return False
    settings = {entry.get("label"): entry.get("value") for entry in order.get("configurations") or []}
    return normalise_region(str(settings.get("region"))) == region


def normalise_region(region: str) -> str:
    """`EU_WEST_RBX`, the form before November 2024, and `eu-west-rbx` are the same region."""
    return region.strip().lower().replace("_", "-")
