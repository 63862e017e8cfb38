# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From nothing to a named OKMS domain: an order found again or placed, delivered, and given its name."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    GuardError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    parse_time,
    record,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.domains import (
    ENDED_DOMAIN_STATES,
    Domains,
    used_by,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.services import Services
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.cart import (
    INCOMPLETE,
    ROUNDING,
    Limit,
    Shop,
    check_total,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.catalog import (
    PLAN,
    describe,
    pricing,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.orders import (
    CANCELLED,
    DOCUMENTS,
    UNPAID,
    Order,
    Orders,
    in_the_way,
)

# an empty domain without a name is what an interrupted run leaves: only that of a recent order is ours to name
_ADOPT_WITHIN = datetime.timedelta(days=14)
# later, a delivered domain that is not listed counts as terminated, and no longer as one that has yet to appear
_DELIVERY_SHOWS_WITHIN = datetime.timedelta(hours=1)


@dataclasses.dataclass(frozen=True)
class Trace:
    """What an earlier run may have left: an order to resume, or a delivered domain that was never named.

    `cancelled` is the last order of this region, when it was cancelled. `unclear` is an open order of which the API
    does not tell what it is for.
    """

    order: Order | None = None
    unnamed: str | None = None
    cancelled: Order | None = None
    unclear: Order | None = None


@dataclasses.dataclass(frozen=True)
class ActivationWish:
    """What the user wants and allows."""

    display_name: str
    region: str
    allow_order: bool
    max_price: float
    subsidiary: str | None = None
    replaces_order: int | None = None


class Activation:
    """Knows the order of the steps; each step can be the first one of a later run."""

    def __init__(self, client: Client, patience: Patience) -> None:
        self._client = client
        self._patience = patience
        self._account: dict[str, t.Any] | None = None
        self.domains = Domains(client)
        self.services = Services(client)
        self.orders = Orders(client, patience, self._region_of)

    def trace(self, region: str, listed: t.Sequence[State]) -> Trace:
        """Look through the recent orders of this region; `listed` are all domains that can be read."""
        found = self.orders.of_plan(PLAN, region)
        return choose_order(found, listed, self._client.now()) if found else Trace()

    def _region_of(self, okms_id: str) -> str | None:
        state = self.domains.get(okms_id)
        return None if state is None else t.cast("str | None", state["region"])

    def account(self) -> dict[str, t.Any]:
        """The account, read once."""
        if self._account is None:
            self._account = dict(record(self._client.get("/me"), "the account").raw)
        return self._account

    def pricing(self, wish: ActivationWish) -> dict[str, t.Any]:
        """Prices for the account's subsidiary, or for the one the user named."""
        return pricing(
            self._client, wish.subsidiary or record(self.account(), "the account").known_text("ovhSubsidiary")
        )

    def order(self, wish: ActivationWish, prices: t.Mapping[str, t.Any], trace: Trace) -> Order:
        """Place an order after everything that can be checked before the first write.

        It is another run's order when that one was faster.
        """
        if not wish.allow_order:
            raise GuardError(f"{would_order(wish, prices)}. Nothing was ordered: set allow_order=true to allow it")
        cancelled = must_be_named(wish, trace)
        if cancelled is not None and cancelled.unclear:
            raise GuardError(
                f"{in_the_way(cancelled, wish.region)}; nothing was ordered",
                order_id=cancelled.order_id,
                order_status=cancelled.status,
            )
        if cancelled is not None:
            raise GuardError(
                f"order {cancelled.order_id} of an OKMS in {wish.region} ({cancelled.date}) was cancelled: refused, "
                "withdrawn, or not paid in time. See the reason in the control panel first; nothing was ordered. "
                f"replaces_order={cancelled.order_id} allows another order",
                order_id=cancelled.order_id,
                order_status=cancelled.status,
            )
        total = total_of(prices)
        check_total(total, prices["order"]["currency"], wish.max_price)
        shop = Shop(self._client, self.orders, self._patience)
        shop.check_account(self.account(), total)
        limit = Limit(prices["subsidiary"], wish.max_price)
        return shop.order(wish.region, limit, lambda found: self._mine(found, wish.display_name))

    def missing(self, prices: t.Mapping[str, t.Any], trace: Trace) -> list[str]:
        """For check mode: what an order, or the one that is resumed, still needs of the account. Never writes."""
        if trace.order is not None and trace.order.status != UNPAID:
            return ["the documents that OVHcloud has asked for"] if trace.order.status == DOCUMENTS else []
        found = []
        if trace.order is None and self.account().get("state") == INCOMPLETE:
            found.append("the missing details of the OVHcloud account")
        price = total_of(prices) if trace.order is None else trace.order.price_with_tax
        if price != 0 and self.orders.default_payment_method() is None:
            found.append("a valid default payment method")
        return found

    def _mine(self, order: Order, display_name: str) -> bool:
        """Whether an order that another run has placed meanwhile may be resumed."""
        domain = self.domains.get(order.domain) if order.domain else None
        return domain is None or domain["display_name"] in (None, domain["id"], display_name)

    def deliver(self, order: Order, wish: ActivationWish) -> tuple[Order, str | None]:
        """Pay and wait; the domain's id, None when the user does not want to wait for it."""

        def may_pay(unpaid: Order) -> None:
            if not wish.allow_order:
                raise GuardError(
                    f"order {unpaid.order_id} of an OKMS in {wish.region} waits for its payment ({unpaid.price}): set "
                    "allow_order=true to pay it",
                    order_id=unpaid.order_id,
                )
            if not _affordable(wish, unpaid):
                raise GuardError(
                    f"order {unpaid.order_id} of an OKMS in {wish.region} waits for its payment of {unpaid.price}, "
                    f"more than max_price ({wish.max_price:g}): nothing was paid; raise max_price to accept it",
                    order_id=unpaid.order_id,
                )

        settled = self.orders.settle(order, may_pay)
        if settled.status != "delivered":
            return settled, None
        return settled, self.orders.delivered_domain(settled, PLAN, wish.region)

    def visible(self, okms_id: str) -> State | None:
        """The delivered domain; it can be unknown for some time after delivery."""
        what = f"OKMS {okms_id}"
        return wait_for(lambda: self.domains.get(okms_id), bool, what, self._patience, _seen, okms_id=okms_id)

    def name(self, okms_id: str, display_name: str) -> State:
        """Give the domain its name and wait until it shows it."""
        self.services.rename(self.services.require(okms_id, self._patience), display_name)

        def named(state: State | None) -> bool:
            # without `iam` the API never tells the name
            return state is not None and state["display_name"] in (display_name, None)

        what = f"name {display_name!r} of OKMS {okms_id}"
        seen = wait_for(lambda: self.domains.get(okms_id), named, what, self._patience, _seen, okms_id=okms_id)
        if seen is None:
            raise NotFoundError(f"OKMS {okms_id} disappeared while it was renamed")
        return {**seen, "display_name": display_name}


def choose_order(orders: t.Sequence[Order], listed: t.Sequence[State], now: datetime.datetime) -> Trace:
    """Which of the orders (newest first) to resume, given the domains that can be read: pure."""
    by_id = {state["id"]: state for state in listed}
    unclear = next((order for order in orders if order.unclear), None)
    orders = [order for order in orders if not order.unclear]
    pending = [order for order in orders if order.open or _not_shown_yet(order, by_id, now)]
    if pending:
        # what is paid already comes before what is not
        return Trace(order=min(pending, key=lambda order: order.status == UNPAID))
    unnamed = [
        order.domain
        for order in orders
        if order.domain and _age(order, now) <= _ADOPT_WITHIN and _never_used(by_id.get(order.domain))
    ]
    if len(unnamed) > 1:
        names = ", ".join(sorted(unnamed))
        raise AmbiguousError(
            f"several OKMS domains of recent orders have no name yet ({names}): name one by okms_id",
            okms_ids=sorted(unnamed),
        )
    last = orders[0] if orders and orders[0].status in CANCELLED else None
    return Trace(unnamed=unnamed[0] if unnamed else None, cancelled=last, unclear=unclear)


def must_be_named(wish: ActivationWish, trace: Trace) -> Order | None:
    """The unclear or cancelled order that stands in the way of a new one until the user has seen it."""
    found = [order for order in (trace.unclear, trace.cancelled) if order is not None]
    return next((order for order in found if order.order_id != wish.replaces_order), None)


def total_of(prices: t.Mapping[str, t.Any]) -> float:
    """Price of the order with tax."""
    return float(prices["order"]["price"] + prices["order"]["tax"])


def order_warning(
    wish: ActivationWish, trace: Trace, prices: t.Mapping[str, t.Any], missing: t.Sequence[str] = ()
) -> str:
    """What a real run would do, and where it would stop; `missing`: what no option can give."""
    if trace.order is not None:
        said = f"order {trace.order.order_id} ({trace.order.status}) would be resumed, no other one would be placed"
        stops = _stops_of_payment(wish, trace.order) if trace.order.status == UNPAID else []
    else:
        said, stops = would_order(wish, prices), _stops_of_order(wish, trace, prices)
    stops = [*stops, *missing]
    return said + (f". A real run stops here; it needs {' and '.join(stops)}" if stops else "")


def _stops_of_order(wish: ActivationWish, trace: Trace, prices: t.Mapping[str, t.Any]) -> list[str]:
    stops = [] if wish.allow_order else ["allow_order=true"]
    if total_of(prices) > wish.max_price + ROUNDING:
        stops.append(f"max_price={total_of(prices):g}")
    cancelled = must_be_named(wish, trace)
    if cancelled is not None:
        why = (
            f"this order is {cancelled.status}, for an unknown product"
            if cancelled.unclear
            else "this last order was cancelled"
        )
        stops.append(f"replaces_order={cancelled.order_id} ({why})")
    return stops


def _stops_of_payment(wish: ActivationWish, order: Order) -> list[str]:
    stops = [] if wish.allow_order else ["allow_order=true"]
    if not _affordable(wish, order):
        price = order.price_with_tax
        stops.append("a price, which OVHcloud does not tell" if price is None else f"max_price={price:g}")
    return stops


def _affordable(wish: ActivationWish, order: Order) -> bool:
    return order.price_with_tax is not None and order.price_with_tax <= wish.max_price + ROUNDING


def would_order(wish: ActivationWish, prices: t.Mapping[str, t.Any]) -> str:
    """What would be ordered, and for how much."""
    return (
        f"no OKMS called {wish.display_name!r} exists in {wish.region}: one would be ordered (plan {PLAN}, monthly) "
        f"for {describe(prices)}"
    )


def _not_shown_yet(order: Order, by_id: t.Mapping[str, State], now: datetime.datetime) -> bool:
    if order.status != "delivered":
        return False
    return order.domain is None or (order.domain not in by_id and _age(order, now) <= _DELIVERY_SHOWS_WITHIN)


def _never_used(state: State | None) -> bool:
    if state is None or state["state"] in ENDED_DOMAIN_STATES:
        return False
    # a domain that nobody has named shows its id as its name (inferred from samples of the API)
    return bool(state["display_name"] == state["id"]) and not used_by(state)


def _age(order: Order, now: datetime.datetime) -> datetime.timedelta:
    if not order.date:
        return datetime.timedelta(0)
    return now - parse_time(order.date)


def _seen(state: State | None) -> str:
    return f"called {state['display_name']!r}" if state else "not visible"
