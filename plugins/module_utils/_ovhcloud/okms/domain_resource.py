# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An OKMS domain as the module okms brings it into a state: ordered, named, terminated."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    InvalidInputError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    Client,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.activation import (
    Activation,
    ActivationWish,
    order_warning,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.domains import (
    DOMAIN_FIELDS,
    DOMAIN_VOLATILE,
    new_domain,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.lookup import (
    Lookup,
    check_removal,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.termination import (
    PENDING,
    TERMINATED,
    Termination,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.orders import Order


class OkmsDomain(Resource):
    """One OKMS domain."""

    result_key = "okms"
    fields = DOMAIN_FIELDS
    volatile = DOMAIN_VOLATILE

    def __init__(self, context: Context, client: Client) -> None:
        self.params = context.params
        self.warn = context.warn
        patience = Patience.of(context.params)
        self.activation = Activation(client, patience)
        self.termination = Termination(client, patience)
        self.lookup = Lookup(context.params, context.warn, self.activation, self.termination)
        self.region: State = {}
        self.facts: dict[str, dict[str, t.Any]] = {"order": {}, "pricing": {}, "termination": {}}

    def read(self) -> State | None:
        if self.params["state"] == "present":
            return self.lookup.wanted_domain()
        found = self.lookup.unwanted_domain()
        self.facts["termination"] = self.lookup.ending
        return found

    def wanted(self, before: State | None) -> State:
        name = self.params["display_name"]
        if before is not None:
            return {"display_name": name} if name else {}
        if self.params["okms_id"]:
            raise NotFoundError(f"OKMS {self.params['okms_id']} does not exist, or this account may not see it")
        if not self.params["region"]:
            raise InvalidInputError(f"no OKMS is called {name!r}: region is needed to order one")
        self.region = self.activation.domains.region(self.params["region"])
        if self.lookup.trace.order is None:
            self.facts["pricing"] = self.activation.pricing(self._wish())
        else:
            self.facts["order"] = self.lookup.trace.order.result()
        return new_domain(self.region, name)

    def _wish(self) -> ActivationWish:
        names = ("display_name", "allow_order", "max_price", "replaces_order")
        allowed = {name: self.params[name] for name in names}
        return ActivationWish(region=self.region["id"], subsidiary=self.params["ovh_subsidiary"], **allowed)

    def guard(self, plan: Plan) -> None:
        if plan.verb == "delete":
            check_removal(plan.before, self.params["confirm_name"], self.params["in_use_by"])

    def predict(self, plan: Plan) -> State:
        if plan.verb == "create":
            prices, trace = self.facts["pricing"], self.lookup.trace
            self.warn(order_warning(self._wish(), trace, prices, self.activation.missing(prices, trace)))
        elif plan.verb == "delete":
            self._report_end(plan.before["id"])
        return plan.after

    def apply(self, plan: Plan) -> State:
        return self._create(plan) if plan.verb == "create" else self._update(plan)

    def _create(self, plan: Plan) -> State:
        wish, trace = self._wish(), self.lookup.trace
        order = trace.order or self.activation.order(wish, self.facts["pricing"], trace)
        self.warn(f"order {order.order_id} for {order.price} exists: if this run ends early, the next one resumes it")
        try:
            order, okms_id = self.activation.deliver(order, wish)
        except CollectionError as error:
            error.results["order"] = seen_last(order, error)
            raise
        self.facts["order"] = order.result()
        if okms_id is None:
            self.warn(f"order {order.order_id} is {order.status}: rerun to resume it")
            return plan.after
        if self.activation.visible(okms_id) is None:
            self.warn(f"OKMS {okms_id} is delivered but not visible yet: rerun to resume")
            return {**plan.after, "id": okms_id}
        return self.activation.name(okms_id, wish.display_name)

    def _update(self, plan: Plan) -> State:
        return self.activation.name(plan.before["id"], plan.changes["display_name"])

    def delete(self, plan: Plan) -> None:
        okms_id = plan.before["id"]
        if self.params["termination_token"]:
            self.termination.confirm(okms_id, self.params["termination_token"])
        elif self.params["terminate_directly"]:
            self.termination.directly(okms_id)
        else:
            self.termination.request(okms_id)
        self._report_end(okms_id)

    def _report_end(self, okms_id: str) -> None:
        at_once = self.params["termination_token"] or self.params["terminate_directly"]
        state = TERMINATED if at_once else PENDING
        self.facts["termination"] = {"state": state, "okms_id": okms_id, "requested_at": None}

    def extras(self) -> dict[str, t.Any]:
        return self.facts


def seen_last(order: Order, error: CollectionError) -> dict[str, t.Any]:
    """The order for the result of a failure, with the status that was seen last."""
    status = error.details.get("order_status") or error.details.get("last_state")
    return {**order.result(), **({"status": status} if status else {})}
