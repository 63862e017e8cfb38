# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders of OKMS domains, read for events: delivered, or stuck until somebody does something."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import threading
import time
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import UnreachableError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    Client,
    connect,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import parse_time
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.catalog import PLAN
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.lines import lines_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.orders import (
    CANCELLED,
    FINISHED,
    Order,
    Orders,
)

Event = dict[str, t.Any]
DELIVERED = "delivered"


def stuck_reason(order: Order, now: datetime.datetime, stuck_hours: float) -> str | None:
    """Why an order does not go on by itself, None when it may."""
    if order.status in CANCELLED:
        return "it was cancelled: the control panel tells why"
    if order.status == "documentsRequested":
        return "OVHcloud waits for documents: send them in the control panel"
    age = (now - parse_time(order.date)).total_seconds() / 3600 if order.date else 0.0
    if not order.open or age < stuck_hours:
        return None
    if order.status == "notPaid":
        return f"it is still not paid after {stuck_hours:g} hours: pay it in the control panel or rerun the playbook"
    return f"its status is still {order.status} after {stuck_hours:g} hours: ask OVHcloud's support"


@dataclasses.dataclass
class OrderConditions:
    """What was told of orders: the status and the reason of each order that is watched."""

    stuck_hours: float = 24.0
    tell_initial: bool = False
    started: bool = False
    known: dict[int, tuple[str, str | None]] = dataclasses.field(default_factory=dict)

    def see(self, orders: t.Sequence[Order], recent: t.Collection[int], now: datetime.datetime) -> list[Event]:
        """The events of orders; `recent` are the ids of all that need to be remembered."""
        events = [event for order in orders for event in self._one(order, now)]
        initial, self.started = not self.started, True
        self.known = {number: state for number, state in self.known.items() if number in recent}
        return [{**event, "initial": initial} for event in events if self.tell_initial or not initial]

    def _one(self, order: Order, now: datetime.datetime) -> t.Iterator[Event]:
        before = self.known.get(order.order_id, ("", None))
        reason = stuck_reason(order, now, self.stuck_hours)
        self.known[order.order_id] = order.status, reason
        shown = {"order": order.result()}
        if order.status == DELIVERED and before[0] != DELIVERED:
            yield {"type": "order_delivered", **shown, "okms_id": order.domain}
        elif reason is not None and reason != before[1]:
            yield {"type": "order_stuck", **shown, "reason": reason}


class OrderReader:
    """The orders of an account, each of which is looked at until its end."""

    service = "ovhcloud"
    first_reads = 1

    def __init__(self, params: dict[str, t.Any], warn: t.Callable[[str], None]) -> None:
        self.where = ""
        self._params = params
        self._warn = warn
        self._stack = contextlib.ExitStack()
        self._client: Client | None = None
        self._next = 0.0
        self._others: set[int] = set()  # ids of orders of something else
        self._interrupted = threading.Event()
        self.conditions = OrderConditions(float(params["stuck_hours"]), bool(params["initial"]))

    def open(self) -> None:
        """Read the credentials; the first call of the API proves them."""
        context = Context(self._params, self._stack)
        client = connect(context)
        for message in context.warnings:
            self._warn(message)
        self._client, self.where = client, client.settings.base_url
        self._next = 0.0
        self._interrupted.clear()

    def read(self) -> list[Event]:
        """What is new; waits until it is time to look."""
        if self._client is None:
            raise UnreachableError("could not read the orders: there is no connection")
        if self._interrupted.wait(max(0.0, self._next - time.monotonic())):
            return []
        self._next = time.monotonic() + float(self._params["interval"])
        client, orders = self._client, Orders(self._client, Patience(wait=False))
        recent = set(orders.recent())
        self._others &= recent
        seen = [self._look(client, orders, number) for number in sorted(recent) if self._watched(number)]
        found = [order for order in seen if order is not None]
        return self.conditions.see(found, recent, client.now())

    def interrupt(self) -> None:
        """End a `read` that waits in another thread."""
        self._interrupted.set()

    def close(self) -> None:
        """Drop the connections."""
        self._client = None
        self._stack.close()

    def _watched(self, number: int) -> bool:
        known = self.conditions.known.get(number)
        return number not in self._others and (known is None or known[0] not in FINISHED)

    def _look(self, client: Client, orders: Orders, number: int) -> Order | None:
        """The order as it is now; None for one of something else."""
        status = orders.status(number)
        lines = []
        if number not in self.conditions.known or status == DELIVERED:
            lines = lines_of(client, number, PLAN, None)
            if not any(line.ours or line.like_kms for line in lines):
                self._others.add(number)
                return None
        domain = next((line.domain for line in lines if line.domain), None)
        return dataclasses.replace(orders.get(number, status), domain=domain)
