# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""account_info against the lab."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab


@pytest.mark.oldest("account_info", "life")
def test_an_account_that_can_order(lab: Lab, run_module: RunModule) -> None:
    mark = lab.journal.mark()
    assert run_module("account_info")["account"] == {
        "name": "ab12345-ovh",
        "state": "complete",
        "subsidiary": "FR",
        "currency": "EUR",
        "payment_methods_known": True,
        "default_payment_method": 1234,
        "open_orders": None,
    }
    assert lab.journal.writes(mark) == []


def test_open_order_of_okms_is_listed_until_it_is_delivered(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.order_outcome = "documentsRequested"
    order: dict[str, t.Any] = {"region": lab.region, "display_name": "kms-prod", "allow_order": True}
    assert "waits for documents" in run_module("okms", **order, wait_interval=0.1).msg
    mark = lab.journal.mark()
    (found,) = run_module("account_info", open_orders=True)["account"]["open_orders"]
    assert (found["status"], found["currency"]) == ("documentsRequested", "EUR")
    assert found["order_id"] == next(iter(lab.ovhcloud.state.orders)) and lab.journal.writes(mark) == []
    next(iter(lab.ovhcloud.state.orders.values())).status = "delivered"
    assert run_module("account_info", open_orders=True)["account"]["open_orders"] == []


def test_no_payment_method_and_an_incomplete_account(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.state.payment_methods.clear()
    lab.ovhcloud.settings.account_state = "incomplete"
    account = run_module("account_info")["account"]
    assert (account["state"], account["default_payment_method"]) == ("incomplete", None)
    assert account["payment_methods_known"] is True


def test_what_may_not_be_read_is_null(lab: Lab, run_module: RunModule) -> None:
    key = lab.ovhcloud.add_consumer_key(lab.ovhcloud.add_identity("robot", ["account:apiovh:me/get"]))
    found = run_module("account_info", consumer_key=key)
    assert found["account"]["name"] == "ab12345-ovh" and found["account"]["payment_methods_known"] is False
    assert "account:apiovh:me/payment/method/get" in found.warnings[0] and len(found.warnings) == 1
    nobody = lab.ovhcloud.add_consumer_key(lab.ovhcloud.add_identity("nobody", []))
    assert len(run_module("account_info", consumer_key=nobody).warnings) == 2


@pytest.mark.oldest("account_info", "refusal")
def test_wrong_credentials(lab: Lab, run_module: RunModule) -> None:
    result = run_module("account_info", application_secret="wrong-secret")
    assert result.failed and "application_secret" in result.msg and "\n" not in result.msg
