# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is ordered or paid twice: two runs at once, orders that stay unpaid, wait for documents, or end badly."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import threading
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

WANTED: dict[str, t.Any] = {
    "display_name": "kms-prod",
    "region": "eu-west-rbx",
    "allow_order": True,
    "wait_interval": 0.01,
    "wait_timeout": 60,
}
HOUR = 3600.0


def count(lab: Lab, operation: str) -> int:
    """How often an operation arrived."""
    return lab.journal.count(operation=operation)


def paid(lab: Lab) -> list[str]:
    """How each order was paid; empty while it is not."""
    return [order.paid_with for order in lab.ovhcloud.state.orders.values()]


def names(lab: Lab) -> list[str]:
    """Names of all domains."""
    return sorted(domain.display_name for domain in lab.ovhcloud.state.okms.values())


# --- two runs at once

# each request of a run, with the number of times it is let pass
STEPS = [
    ("GET /v2/okms/resource", 0),
    ("GET /me/order", 0),
    ("GET /me", 0),
    ("GET /order/catalog/public/okms", 0),
    ("GET /order/cart", 0),
    ("POST /order/cart", 0),
    ("POST /order/cart/{cartId}/assign", 0),
    ("POST /order/cart/{cartId}/okms", 0),
    ("POST /order/cart/{cartId}/item/{itemId}/configuration", 0),
    ("GET /order/cart/{cartId}/checkout", 0),
    ("GET /order/cart", 1),
    ("GET /me/order", 1),
    ("POST /order/cart/{cartId}/checkout", 0),
    ("POST /me/order/{orderId}/pay", 0),
    ("GET /me/order/{orderId}/status", 0),
    ("GET /v2/okms/resource/{okmsId}", 0),
    ("PUT /services/{serviceId}", 0),
]


@pytest.mark.parametrize("whole", [True, False], ids=["to the end", "until it is paid"])
@pytest.mark.parametrize(("operation", "skip"), STEPS)
def test_a_second_run_between_two_requests_of_the_first(
    lab: Lab, run_module: RunModule, operation: str, skip: int, whole: bool
) -> None:
    seen: list[harness.ModuleResult] = []
    second = {**WANTED, "wait": whole}
    lab.faults.add("meanwhile", operation=operation, skip=skip, call=lambda: seen.append(run_module("okms", **second)))
    first = run_module("okms", **WANTED)
    assert len(seen) == 1
    assert not first.failed, first.msg
    # without waiting, the second run may be too early for the next step
    assert not seen[0].failed or (not whole and "rerun" in seen[0].msg), seen[0].msg
    assert not run_module("okms", **WANTED).changed
    assert len(paid(lab)) == 1
    assert "" not in paid(lab)
    assert names(lab) == ["kms-prod"]
    assert count(lab, "POST */checkout") <= 2  # a checkout without its cart is refused


def in_another_process(lab: Lab, directory: pathlib.Path) -> subprocess.Popen[str]:
    """A run that shares nothing with this process but the lab."""
    code = (
        f"import json, sys; from {harness.__name__} import run_module\n"
        "print(json.dumps(run_module('okms', **json.load(sys.stdin)).data))"
    )
    options = {**harness.connection(lab, "ovhcloud"), **WANTED}
    environment = {**os.environ, "PYTHONPATH": harness.collections_path()}
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        cwd=directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    process.stdin.write(json.dumps(options))
    process.stdin.close()
    return process


class Meeting:
    """Two runs wait for each other at a request; `held` says whether both came."""

    def __init__(self, lab: Lab, operation: str, patience: float = 30.0) -> None:
        self._barrier = threading.Barrier(2)
        self._patience = patience
        self.held = False
        lab.faults.add("meanwhile", operation=operation, times=2, call=self._wait)

    def _wait(self) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            self._barrier.wait(self._patience)
            self.held = True


@pytest.mark.parametrize(
    ("start", "operation", "both"),
    [
        ("GET /me/order", "GET /order/catalog/public/okms", True),
        ("GET /me/order", "GET /order/cart", True),
        ("GET /me/order", "POST /order/cart", True),
        ("POST /order/cart", "POST /order/cart/{cartId}/assign", True),
        ("POST /order/cart", "GET /order/cart/{cartId}/checkout", True),
        ("POST /order/cart", "POST /order/cart/{cartId}/checkout", False),
        ("POST /order/cart", "POST /me/order/{orderId}/pay", False),
    ],
)
def test_two_runs_that_meet_at_one_request(
    lab: Lab, tmp_path: pathlib.Path, start: str, operation: str, both: bool
) -> None:
    started = Meeting(lab, start)  # both know now that there is no order; later also, that there is no cart
    # whether both come to the end depends on who was faster
    meeting = Meeting(lab, operation, 30.0 if both else 0.3)
    runs = [in_another_process(lab, tmp_path) for _run in range(2)]
    results = [json.loads(t.cast("t.IO[str]", run.stdout).read()) for run in runs]
    for run in runs:
        t.cast("t.IO[str]", run.stdout).close()
        assert run.wait(30) == 0
    assert started.held
    assert meeting.held or not both
    stopped = [result["msg"] for result in results if result.get("failed")]
    assert len(stopped) < 2, stopped
    assert all("run has ordered nothing" in message for message in stopped)
    assert (len(paid(lab)), names(lab)) == (1, ["kms-prod"])
    assert "" not in paid(lab)


def test_a_run_steps_back_behind_a_cart_that_was_there_first(lab: Lab, run_module: RunModule) -> None:
    first_id = "00000000-0000-4000-8000-000000000000"

    def another_cart() -> None:
        lab.faults.add("meanwhile", operation="GET /order/cart/{cartId}/checkout", call=lambda: None)
        state = lab.ovhcloud.state
        own = next(iter(state.carts.values()))
        state.carts[first_id] = type(own)(first_id, own.description, own.expires, own.subsidiary, own.owner)

    lab.faults.add("meanwhile", operation="GET /order/cart/{cartId}/checkout", call=another_cart)
    stopped = run_module("okms", **{**WANTED, "wait_timeout": 0})
    assert stopped["failure"]["kind"] == "conflict"
    assert "another run" in stopped.msg
    assert list(lab.ovhcloud.state.carts) == [first_id]
    # that run has died: its cart is taken away by the next one
    assert run_module("okms", **WANTED).changed
    assert len(paid(lab)) == 1


def test_a_run_for_another_name_is_not_robbed_of_its_domain(lab: Lab, run_module: RunModule) -> None:
    other = {**WANTED, "display_name": "kms-other"}
    lab.faults.add("meanwhile", operation="POST /order/cart", call=lambda: run_module("okms", **other))
    assert run_module("okms", **WANTED).changed
    assert names(lab) == ["kms-other", "kms-prod"]
    assert len(paid(lab)) == 2


@pytest.mark.parametrize("action", ["drop_before", "drop_after", "truncate", "status"])
@pytest.mark.parametrize("operation", ["GET /order/cart", "GET /me/order"])
def test_bad_days_of_the_second_look(lab: Lab, run_module: RunModule, operation: str, action: str) -> None:
    lab.faults.add(action, operation=operation, skip=1)
    assert run_module("okms", **WANTED).changed
    assert len(paid(lab)) == 1


def test_a_cart_that_cannot_be_taken_away_stops_the_run(lab: Lab, run_module: RunModule) -> None:
    lab.faults.add("refuse", operation="POST /order/cart/{cartId}/assign")
    lab.faults.add("refuse", operation="DELETE /order/cart/{cartId}", times=100)
    assert run_module("okms", **WANTED).failed
    state = lab.ovhcloud.state
    number, cart = state.carts.popitem()
    cart.cart_id = number.replace(number[0], "f")  # behind every other
    cart.owner = state.account.nichandle
    state.carts[cart.cart_id] = cart
    stopped = run_module("okms", **WANTED)
    assert stopped["failure"]["kind"] == "forbidden"
    assert "order:apiovh:cart/delete" in stopped.msg
    assert paid(lab) == []


# --- payment


def test_an_order_without_payment_method_waits_for_it(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.order_price = 10.0
    options = {**WANTED, "max_price": 12}
    methods = lab.ovhcloud.state.payment_methods
    kept = dict(methods)
    # the method is there when it is looked at before the cart, and gone when it is needed
    lab.faults.add("meanwhile", operation="POST /order/cart/{cartId}/checkout", call=methods.clear)
    stopped = run_module("okms", **options)
    number = next(iter(lab.ovhcloud.state.orders))
    for again in (stopped, run_module("okms", **options)):
        assert again.failed
        assert again["failure"]["order_id"] == again["order"]["order_id"] == number
        for part in (f"order {number}", "12 EUR", "payment method", "rerun"):
            assert part in again.msg
        assert (again["order"]["status"], again["order"]["price_with_tax"]) == ("notPaid", 12.0)
        assert "orderPassword" not in again.output
    methods.update(kept)
    assert paid(lab) == [""]
    done = run_module("okms", **options)
    assert done.changed, done.msg
    assert done["order"]["order_id"] == number
    assert paid(lab) == ["method 1234"]
    assert count(lab, "POST */checkout") == 1


def test_a_payment_that_is_refused(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.order_price = 10.0
    lab.faults.add("status", operation="POST /me/order/{orderId}/pay", status=403)
    stopped = run_module("okms", **WANTED, max_price=12)
    assert stopped.failed
    for part in (f"order {stopped['failure']['order_id']} exists", "12 EUR", "403", "rerun"):
        assert part in stopped.msg
    assert count(lab, "POST */pay") == 1
    assert run_module("okms", **WANTED, max_price=12).changed
    assert (len(paid(lab)), count(lab, "POST */checkout")) == (1, 1)


def test_the_limit_holds_for_an_order_that_is_gone_on_with(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.order_price = 10.0
    lab.faults.add("refuse", operation="POST /me/order/{orderId}/pay")
    assert run_module("okms", **WANTED, max_price=12).failed
    stopped = run_module("okms", **WANTED, max_price=11)
    assert stopped["failure"]["kind"] == "refused_by_guard"
    for part in (str(stopped["failure"]["order_id"]), "12 EUR", "max_price (11)", "nothing was paid"):
        assert part in stopped.msg
    assert paid(lab) == [""]


# --- orders that are not delivered


@pytest.mark.parametrize(("outcome", "words"), [("documentsRequested", "documents"), ("stuck", "delivering")])
def test_an_order_that_hangs_is_never_repeated(lab: Lab, run_module: RunModule, outcome: str, words: str) -> None:
    lab.ovhcloud.settings.order_outcome = outcome
    lab.ovhcloud.settings.order_checking_reads = 0
    for hours in (0, 24, 24 * 28):
        lab.clock.advance(hours * HOUR)
        stopped = run_module("okms", **{**WANTED, "wait_timeout": 0})
        number = next(iter(lab.ovhcloud.state.orders))
        assert stopped.failed
        assert stopped["order"]["order_id"] == number
        assert f"order {number}" in stopped.msg
        assert words in stopped.msg
    assert stopped["order"]["status"] == ("documentsRequested" if outcome == "documentsRequested" else "delivering")
    assert (len(paid(lab)), count(lab, "POST */checkout"), count(lab, "POST */pay")) == (1, 1, 1)
    # what was missing has come
    order = lab.ovhcloud.state.orders[number]
    order.outcome, order.status = "delivered", "checking"
    assert run_module("okms", **WANTED).changed
    assert len(paid(lab)) == 1


def test_a_cancelled_order_is_not_repeated_unseen(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.order_outcome = "cancelled"
    first = run_module("okms", **WANTED)
    number = first["order"]["order_id"]
    assert (first.failed, first["order"]["status"]) == (True, "cancelled")
    lab.ovhcloud.settings.order_outcome = "delivered"
    mark = lab.journal.mark()
    foreseen = run_module("okms", check=True, **WANTED)
    assert f"replaces_order={number}" in " ".join(foreseen.warnings)
    for wrong in (None, number + 1):
        refused = run_module("okms", **WANTED, replaces_order=wrong)
        assert refused["failure"]["kind"] == "refused_by_guard"
        assert refused["failure"]["order_id"] == number
        assert f"replaces_order={number}" in refused.msg
    assert lab.journal.writes(mark) == []
    done = run_module("okms", **WANTED, replaces_order=number)
    assert done.changed, done.msg
    assert done["order"]["order_id"] != number
    assert not run_module("okms", **WANTED, replaces_order=number).changed
    assert not run_module("okms", **WANTED).changed


def test_an_order_that_was_never_paid_lapses(lab: Lab, run_module: RunModule) -> None:
    lab.faults.add("refuse", operation="POST /me/order/{orderId}/pay")
    number = run_module("okms", **WANTED)["order"]["order_id"]
    lab.clock.advance(15 * 24 * HOUR)
    assert f"replaces_order={number}" in run_module("okms", **WANTED).msg
    assert run_module("okms", **WANTED, replaces_order=number).changed
    assert len(paid(lab)) == 2


# --- an API that does not tell what an order line is


@pytest.fixture
def silent(lab: Lab) -> Lab:
    """A lab without `/extension`."""
    lab.ovhcloud.settings.order_line_route = "nothing"
    return lab


@pytest.mark.parametrize("route", ["operations", "nothing"])
def test_an_order_is_delivered_without_extension(silent: Lab, run_module: RunModule, route: str) -> None:
    silent.ovhcloud.settings.order_line_route = route
    made = run_module("okms", **WANTED)
    assert made.changed, made.msg
    assert names(silent) == ["kms-prod"]
    assert not run_module("okms", **WANTED).changed
    assert len(paid(silent)) == 1


@pytest.mark.parametrize("operation", ["POST */checkout", "POST */pay", "GET /me/order/*/status", "PUT /services/*"])
def test_own_order_is_resumed_without_extension(silent: Lab, run_module: RunModule, operation: str) -> None:
    silent.faults.add("status", operation=operation, status=403, times=1)
    silent.faults.add("drop_after", operation=operation, times=1)
    for _run in range(3):
        last = run_module("okms", **WANTED)
    assert not last.failed, last.msg
    assert not last.changed
    assert len(paid(silent)) == 1
    assert names(silent) == ["kms-prod"]


def test_stopped_before_payment_without_extension(silent: Lab, run_module: RunModule) -> None:
    silent.ovhcloud.settings.order_price = 10.0
    silent.faults.add("status", operation="POST */pay", status=400)
    first = run_module("okms", **WANTED, max_price=12)
    assert first.failed
    assert paid(silent) == [""]
    assert run_module("okms", **WANTED, max_price=12).changed
    assert len(paid(silent)) == 1
    assert "" not in paid(silent)


def test_an_order_of_unknown_purpose_is_neither_paid_nor_doubled(silent: Lab, run_module: RunModule) -> None:
    silent.ovhcloud.settings.order_price = 10.0
    silent.faults.add("status", operation="POST */pay", status=400)
    run_module("okms", **WANTED, max_price=12)
    silent.ovhcloud.state.carts.clear()  # its cart is not kept any more
    order_id = next(iter(silent.ovhcloud.state.orders))
    mark = silent.journal.mark()
    predicted = run_module("okms", check=True, **WANTED, max_price=12)
    assert f"replaces_order={order_id}" in " ".join(predicted.warnings)
    refused = run_module("okms", **WANTED, max_price=12)
    assert refused.failed
    assert f"order {order_id} (notPaid) is in progress" in refused.msg
    assert "\n" not in refused.msg
    assert [entry.operation for entry in silent.journal.writes(mark)] == []
    allowed = run_module("okms", **WANTED, max_price=12, replaces_order=order_id)
    assert allowed.changed, allowed.msg
    assert len(paid(silent)) == 2


def test_orders_of_other_products_do_not_stand_in_the_way(silent: Lab, run_module: RunModule) -> None:
    silent.ovhcloud.settings.order_price = 10.0
    silent.faults.add("status", operation="POST */pay", status=400)
    run_module("okms", **WANTED, max_price=12)
    silent.ovhcloud.state.carts.clear()
    order = next(iter(silent.ovhcloud.state.orders.values()))
    order.description = "Renewal of example.com"
    assert run_module("okms", **WANTED, max_price=12).changed
    assert order.paid_with == ""


def test_a_status_that_is_new_is_an_open_order(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.order_outcome = "stuck"
    stuck = run_module("okms", **{**WANTED, "wait_timeout": 1})
    assert stuck.failed
    lab.ovhcloud.newer["GET /me/order/{orderId}/status"] = lambda status: "validating"
    again = run_module("okms", **{**WANTED, "wait": False})
    assert "validating" in " ".join([*again.warnings, again.msg])
    assert len(lab.ovhcloud.state.orders) == 1
