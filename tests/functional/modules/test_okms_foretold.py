# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module okms: check mode says of each order where a real run would stop, and of no other."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

WANTED: dict[str, t.Any] = {
    "display_name": "kms-prod",
    "region": "eu-west-rbx",
    "allow_order": True,
    "max_price": 12,
    "wait_interval": 0.01,
    "wait_timeout": 1,
}
STOPS = "A real run stops here; it needs "
PAY = "POST /me/order/{orderId}/pay"


def penniless(lab: Lab) -> None:
    """An account that can pay nothing but what is free."""
    lab.ovhcloud.state.payment_methods.clear()


def incomplete(lab: Lab) -> None:
    """An account that may not order."""
    lab.ovhcloud.settings.account_state = "incomplete"


def as_it_is(_lab: Lab) -> None:
    """Nothing is wrong with the account."""


def warned(lab: Lab, run_module: RunModule, **options: t.Any) -> str:
    """The warnings of check mode, which predicts the domain and writes nothing."""
    mark = lab.journal.mark()
    foreseen = run_module("okms", check=True, **{**WANTED, **options})
    assert (foreseen.failed, foreseen.changed, lab.journal.writes(mark)) == (False, True, []), foreseen.msg
    return " ".join(foreseen.warnings)


def stopped(lab: Lab, run_module: RunModule, **options: t.Any) -> None:
    """A real run, which fails and writes nothing."""
    mark = lab.journal.mark()
    assert run_module("okms", **{**WANTED, **options}).failed
    assert lab.journal.writes(mark) == []


@pytest.mark.parametrize(
    ("account", "options", "need"),
    [
        (penniless, {}, "a valid default payment method"),
        (incomplete, {}, "the missing details of the OVHcloud account"),
        (penniless, {"allow_order": False}, "allow_order=true and a valid default payment method"),
        (as_it_is, {"allow_order": False, "max_price": 11}, "allow_order=true and max_price=12"),
    ],
)
@pytest.mark.parametrize("unpaid", [False, True], ids=["new", "unpaid"])
def test_what_an_order_needs_is_told_before(
    lab: Lab,
    run_module: RunModule,
    unpaid: bool,
    account: t.Callable[[Lab], None],
    options: dict[str, t.Any],
    need: str,
) -> None:
    lab.ovhcloud.settings.order_price = 10.0
    if unpaid:
        lab.faults.add("refuse", operation=PAY)
        assert run_module("okms", **WANTED).failed
        if account is incomplete:
            account = penniless  # an order that is there was allowed
            need = "a valid default payment method"
    account(lab)
    assert warned(lab, run_module, **options).endswith(STOPS + need)
    stopped(lab, run_module, **options)


def test_an_order_in_delivery_needs_nothing_more(lab: Lab, run_module: RunModule) -> None:
    """Neither the permission nor the money that its payment has needed."""
    lab.ovhcloud.settings.order_price = 10.0
    lab.ovhcloud.settings.order_delivering_reads = 6
    assert run_module("okms", **{**WANTED, "wait": False}).changed
    penniless(lab)
    assert STOPS not in warned(lab, run_module, allow_order=False, max_price=0)
    assert run_module("okms", **{**WANTED, "allow_order": False, "max_price": 0}).changed


def test_documents_that_an_order_waits_for_are_told(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.order_outcome = "documentsRequested"
    lab.ovhcloud.settings.order_checking_reads = 0
    assert run_module("okms", **WANTED).failed
    assert warned(lab, run_module).endswith(STOPS + "the documents that OVHcloud has asked for")
    stopped(lab, run_module)


def test_a_free_order_without_payment_method_goes_on(lab: Lab, run_module: RunModule) -> None:
    lab.faults.add("refuse", operation=PAY)
    assert run_module("okms", **WANTED).failed
    penniless(lab)
    assert STOPS not in warned(lab, run_module, max_price=0)
    assert run_module("okms", **{**WANTED, "max_price": 0}).changed
