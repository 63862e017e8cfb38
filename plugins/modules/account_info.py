#!/usr/bin/python
# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: account_info
short_description: Read whether the OVHcloud account can order
version_added: 0.1.0
author: OVHcloud VMware encryption authors (@ovhcloud)
description:
  - Reads the state of the account, its subsidiary and currency, and whether it has a valid default payment method.
  - On request, it lists the open orders of OKMS domains.
  - If this identity may not read something, the value is null, and a warning names the missing action.
extends_documentation_fragment:
  - ovhcloud.vmware_encryption._attributes
  - ovhcloud.vmware_encryption._attributes.info_module
  - ovhcloud.vmware_encryption._attributes.actiongroup_ovhcloud
  - ovhcloud.vmware_encryption._ovhcloud
options:
  open_orders:
    description:
      - Whether to list the orders of OKMS domains of the last 30 days that are neither delivered nor cancelled.
      - This takes a request for each order of the last 30 days, and some more for each open one.
    type: bool
    default: false
seealso:
  - module: ovhcloud.vmware_encryption.okms
"""

EXAMPLES = r"""
- name: Check whether this account can order
  ovhcloud.vmware_encryption.account_info:
  register: found

- name: Stop early
  ansible.builtin.assert:
    that: found.account.default_payment_method is not none
"""

RETURN = r"""
account:
  description: The account. If this identity may not read it, its name, state, subsidiary and currency are null.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the account.
      type: str
      sample: ab12345-ovh
    state:
      description: V(complete), or V(incomplete) for an account that cannot order yet.
      type: str
      sample: complete
    subsidiary:
      description: OVHcloud subsidiary, which decides prices and terms.
      type: str
      sample: FR
    currency:
      description: Currency of the account.
      type: str
      sample: EUR
    payment_methods_known:
      description: Whether the payment methods could be read.
      type: bool
      sample: true
    default_payment_method:
      description: Id of the valid default payment method, null if there is none or the identity may not read it.
      type: int
      sample: 1234
    open_orders:
      description: Open orders of OKMS domains, newest first. Null if they were not read.
      type: list
      elements: dict
      contains:
        order_id:
          description: Number of the order.
          type: int
          sample: 100001
        status:
          description: Its status in OVHcloud's words.
          type: str
          sample: notPaid
        price_with_tax:
          description: Its total, null if OVHcloud does not return it.
          type: float
          sample: 0.0
        currency:
          description: Currency of the total.
          type: str
          sample: EUR
        date:
          description: When it was placed.
          type: str
          sample: "2026-09-01T08:00:00Z"
"""

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec, boolean
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import ForbiddenError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, run_info
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    Client,
    connect,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    Fields,
    record,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.catalog import PLAN
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.orders import Orders

SPEC = ArgSpec(connection(), open_orders=boolean(default=False))


class AccountInfo:
    """Reader of the account."""

    def __init__(self, context: Context, client: Client) -> None:
        self._context = context
        self._client = client

    def find(self) -> dict[str, t.Any]:
        """The result keys."""
        known, method = self._payment()
        raw = self._owner()
        return {
            "account": {
                "name": raw.text("nichandle"),
                "state": raw.text("state"),
                "subsidiary": raw.text("ovhSubsidiary"),
                "currency": raw.part("currency").text("code"),
                "payment_methods_known": known,
                "default_payment_method": method,
                "open_orders": self._orders(),
            }
        }

    def _owner(self) -> Fields:
        try:
            return record(self._client.get("/me"), "the account")
        except ForbiddenError as error:
            self._context.warn(f"the account cannot be read and is null: {error.message}")
            return Fields({}, "the account")

    def _payment(self) -> tuple[bool, int | None]:
        try:
            return True, Orders(self._client, Patience(wait=False)).default_payment_method()
        except ForbiddenError as error:
            self._context.warn(f"payment methods cannot be read and are null: {error.message}")
            return False, None

    def _orders(self) -> list[dict[str, t.Any]] | None:
        if not self._context.params["open_orders"]:
            return None
        try:
            return [order.result() for order in Orders(self._client, Patience(wait=False)).open_of_plan(PLAN)]
        except ForbiddenError as error:
            self._context.warn(f"orders cannot be read and are null: {error.message}")
            return None


def build(context: Context) -> AccountInfo:
    """The reader for these options."""
    return AccountInfo(context, connect(context))


def main() -> None:
    """Entry point."""
    run_info(SPEC, build)


if __name__ == "__main__":
    main()
