# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders: status, payment, details, and what happens on delivery."""

from __future__ import annotations

import datetime
import typing as t

from .core import Area, Call, Core, serves, stamp
from .errors import bad_request, conflict, not_found
from .state import CartItem, Countdown, Order

UNPAID_LIFE = datetime.timedelta(days=14)
Deliver = t.Callable[[str], str]  # region -> name of the delivered resource


class OrderArea(Area):
    """Calls under /me/order."""

    def __init__(self, core: Core, deliver: Deliver) -> None:
        super().__init__(core)
        self._deliver = deliver

    def create(self, item: CartItem, price: float) -> Order:
        """A new, unpaid order."""
        numbers = self.core.number("order", 214000123), self.core.number("detail", 640001234)
        now, outcome = self.core.now(), self.core.settings.order_outcome
        order = Order(numbers[0], self.core.secret(8), now, item, price, numbers[1], outcome)
        self.state.orders[order.order_id] = order
        return order

    def paid(self, order: Order, means: str) -> None:
        """The money is there: checking begins."""
        order.paid_with = means
        self._enter(order, "checking", self.core.settings.order_checking_reads)
        self._follow(order)

    def url(self, order: Order) -> str:
        """Page of the order; it needs no login, so it is a secret."""
        return f"https://www.ovh.test/order/display-order.cgi?orderId={order.order_id}&orderPassword={order.password}"

    # --- progress

    @staticmethod
    def _enter(order: Order, status: str, reads: int) -> None:
        order.status, order.countdown = status, Countdown(reads)

    def _advance(self, order: Order) -> None:
        """One read of the order's status."""
        if order.status == "notPaid" and self.core.now() >= order.created + UNPAID_LIFE:
            order.status = "cancelled"
        if order.status in ("checking", "delivering") and order.countdown.tick():
            self._next(order)
        self._follow(order)

    def _follow(self, order: Order) -> None:
        # counts of 0 pass through several states at once
        while order.status in ("checking", "delivering") and order.countdown.left == 0:
            before = order.status
            if before == "delivering" and order.outcome == "stuck":
                return
            if self._reads(before) > 0:
                return
            self._next(order)

    def _reads(self, status: str) -> int:
        settings = self.core.settings
        return settings.order_checking_reads if status == "checking" else settings.order_delivering_reads

    def _next(self, order: Order) -> None:
        if order.status == "checking":
            if order.outcome in ("cancelled", "documentsRequested"):
                order.status = order.outcome
            else:
                self._enter(order, "delivering", self.core.settings.order_delivering_reads)
        elif order.outcome != "stuck":
            order.status = "delivered"
            order.domain = self._deliver(str(order.item.configured("region")))

    # --- calls

    def _order(self, call: Call) -> Order:
        order = self.state.orders.get(call.params["orderId"])
        if order is None:
            raise not_found(f"order {call.params['orderId']}")
        return order

    def _detail(self, call: Call) -> Order:
        order = self._order(call)
        if call.params["orderDetailId"] != order.detail_id:
            raise not_found("order detail")
        return order

    @serves("GET /me/order")
    def ids(self, call: Call) -> list[int]:
        """Ids of orders."""
        first, last = _moment(call.query.get("date.from")), _moment(call.query.get("date.to"))
        return [
            order.order_id
            for order in self.state.orders.values()
            if (first is None or order.created >= first) and (last is None or order.created <= last)
        ]

    @serves("GET /me/order/{orderId}")
    def get(self, call: Call) -> dict[str, t.Any]:
        """One order."""
        order, price = self._order(call), self.core.price
        tax = round(order.price * 0.2, 2)
        return {
            "date": stamp(order.created),
            "expirationDate": stamp(order.created + UNPAID_LIFE),
            "metadatas": None,
            "orderId": order.order_id,
            "password": order.password,
            "pdfUrl": self.url(order) + "&contentType=pdf",
            "priceWithTax": price(order.price + tax),
            "priceWithoutTax": price(order.price),
            "retractionDate": None if order.waived else stamp(order.created + UNPAID_LIFE),
            "tax": price(tax),
            "url": self.url(order),
        }

    @serves("GET /me/order/{orderId}/status")
    def status(self, call: Call) -> str:
        """A bare word."""
        order = self._order(call)
        self._advance(order)
        return order.status

    @serves("GET /me/order/{orderId}/details")
    def details(self, call: Call) -> list[int]:
        """Ids of the order's lines."""
        return [self._order(call).detail_id]

    @serves("GET /me/order/{orderId}/details/{orderDetailId}")
    def detail(self, call: Call) -> dict[str, t.Any]:
        """One line; the domain is a placeholder until delivery."""
        order = self._detail(call)
        return {
            "cancelled": order.status == "cancelled",
            "description": order.description,
            "detailType": "INSTALLATION",
            "domain": order.domain,
            "orderDetailId": order.detail_id,
            "quantity": str(order.item.quantity),
            "totalPrice": self.core.price(order.price),
            "unitPrice": self.core.price(order.price),
        }

    @serves("GET /me/order/{orderId}/details/{orderDetailId}/extension")
    def extension(self, call: Call) -> dict[str, t.Any]:
        """Plan and configuration of one line."""
        item = self._detail(call).item
        if self.core.settings.order_line_route != "extension":
            raise not_found("extension")
        plan = {
            "code": item.plan_code,
            "duration": item.duration,
            "pricingMode": item.pricing_mode,
            "product": {"name": "okms"},
            "quantity": item.quantity,
        }
        configurations = [{"label": label, "value": value} for label, value in item.configurations.values()]
        return {"order": {"action": "installation", "configurations": configurations, "plan": plan, "type": "plan"}}

    @serves("GET /me/order/{orderId}/details/{orderDetailId}/operations")
    def operations(self, call: Call) -> list[int]:
        """Ids of what is done for one line; the schema of the US of July 2024 has it."""
        order = self._detail(call)
        if self.core.settings.order_line_route != "operations":
            raise not_found("operations")
        return [order.detail_id + 1]

    @serves("GET /me/order/{orderId}/details/{orderDetailId}/operations/{operationId}")
    def operation(self, call: Call) -> dict[str, t.Any]:
        """One operation: names the resource when it is delivered."""
        order = self._detail(call)
        if self.core.settings.order_line_route != "operations" or call.params["operationId"] != order.detail_id + 1:
            raise not_found("operation")
        done = order.status == "delivered"
        return {
            "id": order.detail_id + 1,
            "quantity": order.item.quantity,
            "resource": {
                "displayName": order.domain,
                "name": order.domain if done else "*001",
                "state": "active" if done else "toActivate",
            },
            "status": "done" if done else "todo",
            "type": "installation",
        }

    @serves("GET /me/order/{orderId}/followUp")
    def follow_up(self, call: Call) -> list[dict[str, t.Any]]:
        """Steps of the order."""
        order = self._order(call)
        self._advance(order)
        words = {
            "notPaid": ("DOING", "TODO", "TODO", "TODO"),
            "checking": ("DOING", "TODO", "TODO", "TODO"),
            "documentsRequested": ("DOING", "TODO", "TODO", "TODO"),
            "cancelled": ("ERROR", "TODO", "TODO", "TODO"),
            "delivering": ("DONE", "DONE", "DOING", "TODO"),
            "delivered": ("DONE", "DONE", "DONE", "DONE"),
        }[order.status]
        history = [{"date": stamp(order.created), "description": "", "label": "ORDER_ACCEPTED"}]
        if order.status == "documentsRequested":
            history.append({"date": stamp(order.created), "description": "", "label": "FRAUD_DOCS_REQUESTED"})
        steps = zip(("VALIDATING", "VALIDATED", "DELIVERING", "AVAILABLE"), words)
        return [
            {"history": history if step == "VALIDATING" else [], "status": word, "step": step} for step, word in steps
        ]

    # --- payment

    def _payable(self, call: Call) -> Order:
        order = self._order(call)
        if order.status != "notPaid":
            raise conflict("This order is already paid")
        return order

    @serves("POST /me/order/{orderId}/pay")
    def pay(self, call: Call) -> None:
        """Pay with a registered payment method."""
        order = self._payable(call)
        number = call.body["paymentMethod"].get("id")
        method = self.state.payment_methods.get(number)
        if method is None or method.status != "VALID":
            raise bad_request("This payment method cannot be used")
        self.paid(order, f"method {number}")

    @serves("POST /me/order/{orderId}/payWithRegisteredPaymentMean")
    def pay_with_mean(self, call: Call) -> None:
        """Pay with a payment mean of the older kind; the fidelity account pays nothing but zero."""
        order, mean = self._payable(call), call.body["paymentMean"]
        if mean != "fidelityAccount":
            raise bad_request(f"No payment mean of type {mean} is registered")
        if order.price > 0:
            raise bad_request("The balance of the fidelity account is too low")
        self.paid(order, mean)

    @serves("GET /me/order/{orderId}/availableRegisteredPaymentMean")
    def means(self, call: Call) -> list[dict[str, str]]:
        """Payment means of the older kind that can pay this order."""
        return [] if self._order(call).price > 0 else [{"paymentMean": "fidelityAccount"}]

    @serves("POST /me/order/{orderId}/waiveRetraction")
    def waive(self, call: Call) -> None:
        """Renounce the withdrawal period."""
        self._order(call).waived = True


def _moment(text: str | None) -> datetime.datetime | None:
    if text is None:
        return None
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)
