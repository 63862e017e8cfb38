# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which OKMS domain is meant, and whether its end is under way already."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ConflictError,
    ForbiddenError,
    GuardError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import (
    confirmed,
    refuse_while_used,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    Client,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    record,
    require_told,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.activation import (
    Activation,
    Trace,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.domains import (
    ENDED_DOMAIN_STATES,
    Domains,
    only_one,
    used_by,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.termination import (
    PENDING,
    TERMINATED,
    Termination,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.catalog import (
    monthly_cost,
    pricing,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.order.lines import normalise_region


class Lookup:
    """Reads only. After `wanted_domain`, `trace` holds what an earlier run left behind."""

    def __init__(
        self,
        params: t.Mapping[str, t.Any],
        warn: t.Callable[[str], None],
        activation: Activation,
        termination: Termination,
    ) -> None:
        self._okms_id, self._name = params["okms_id"], params["display_name"]
        self._region = normalise_region(params["region"]) if params["region"] else None
        self._finishes = bool(params["termination_token"] or params["terminate_directly"])
        self._warn = warn
        self._activation = activation
        self._termination = termination
        self.trace = Trace()
        self.ending: dict[str, t.Any] = {}

    def wanted_domain(self) -> State | None:
        """The domain that must exist; None if it has to be ordered."""
        self._require_one()
        if self._okms_id:
            return self._by_id()
        domains = self._activation.domains
        listed = domains.every()
        found = self._by_name(listed)
        if found is not None and not self._is_over(found):
            return domains.get(found["id"])
        if self._region is None:
            return None
        self.trace = self._activation.trace(self._region, listed)
        if self.trace.unnamed is None:
            return None
        self._warn(
            f"OKMS {self.trace.unnamed} of a recent order was never named: the run uses it and orders no other one"
        )
        return domains.get(self.trace.unnamed)

    def unwanted_domain(self) -> State | None:
        """The domain to remove; None if it is gone or its end needs nothing from this run (see `ending`)."""
        self._require_one()
        domains = self._activation.domains
        found = self._by_id() if self._okms_id else self._by_name(domains.every())
        if found is None:
            return None
        facts = {"okms_id": found["id"], "requested_at": None}
        if self._termination.ended(found):
            self.ending = {"state": TERMINATED, **facts}
            return None
        asked = None if self._finishes else self._termination.requested_at(found["id"])
        if asked is None:
            return domains.get(found["id"])
        self.ending = {"state": PENDING, **facts, "requested_at": asked}
        self._warn(
            f"the termination of OKMS {found['id']} was requested at {asked} and is not confirmed yet: rerun "
            "with termination_token, the token in OVHcloud's mail"
        )
        return None

    def _require_one(self) -> None:
        if not self._okms_id and not self._name:
            raise InvalidInputError("okms_id and display_name are both empty: one of them must name the domain")

    def _by_id(self) -> State | None:
        state = self._activation.domains.get(self._okms_id)
        if state and state["region"] and self._region not in (None, state["region"]):
            raise InvalidInputError(
                f"OKMS {state['id']} is in {state['region']}, not in {self._region}; it cannot be moved"
            )
        return state

    def _by_name(self, listed: t.Sequence[State]) -> State | None:
        called = [state for state in listed if (state["display_name"] or "").strip() == self._name]
        if self._region is not None:
            require_told(called, "region", "OKMS")
        same = [state for state in called if self._region in (None, state["region"])]
        alive = [state for state in same if state["state"] not in ENDED_DOMAIN_STATES]
        found = only_one(alive, self._name) or (same[0] if same else None)
        if found is None:
            # one whose name is not told may be the one that is meant: nothing is ordered beside it
            here = [state for state in listed if self._region in (None, state["region"]) or not state["region"]]
            require_told(here, "display_name", "OKMS")
        return found

    def _is_over(self, found: State) -> bool:
        """True for a terminated domain, which does not stand in the way of a new one of its name."""
        if found["state"] not in ENDED_DOMAIN_STATES:
            return False
        if not self._termination.confirmed(found["id"]):
            raise ConflictError(
                f"OKMS {found['id']} ({found['display_name']}) is {found['state']} but not terminated: settle this in "
                "the control panel, no other one is ordered",
                okms_id=found["id"],
            )
        return True


def check_removal(state: t.Mapping[str, t.Any], confirm_name: str, users: t.Sequence[str]) -> None:
    """Raise GuardError unless the name was typed again, the domain holds nothing, and nobody is said to use it."""
    name, okms_id = state["display_name"], state["id"]
    if confirm_name != okms_id and not confirmed(name, confirm_name, f"OKMS {okms_id}"):
        raise GuardError(f"to terminate OKMS {okms_id}, give its name {name} as confirm_name; nothing was changed")
    contents = used_by(state)
    if contents:
        raise GuardError(
            f"OKMS {okms_id} ({name}) still holds {contents}: what they encrypt would be lost; nothing was terminated"
        )
    refuse_while_used(f"OKMS {okms_id} ({name})", users, "remove these users, and read them again")


class OkmsInfo:
    """Domains and regions."""

    def __init__(self, context: Context, client: Client) -> None:
        self.params = context.params
        self.warn = context.warn
        self.client = client
        self.domains = Domains(client)

    def find(self) -> dict[str, t.Any]:
        """The result keys."""
        found = [state for state in self._candidates() if self._matches(state)]
        regions = self.domains.regions() if self._wants_regions(found) else []
        usage = self._usage_prices() if self.params["costs"] and found else None
        for state in found:
            state["monthly_cost"] = None if usage is None else monthly_cost(usage, state)
        return {"okms_domains": found, "regions": regions, "usage_prices": usage or []}

    def _wants_regions(self, found: list[State]) -> bool:
        alive = any(state["state"] not in ENDED_DOMAIN_STATES for state in found)
        return bool(self.params["include_regions"]) and not (alive and self.params["regions_without_domain"])

    def _usage_prices(self) -> list[dict[str, t.Any]] | None:
        try:
            found = pricing(self.client, self.params["ovh_subsidiary"] or self._subsidiary())["usage"]
        except CollectionError as error:
            hint = "; ovh_subsidiary names it instead" if isinstance(error, ForbiddenError) else ""
            self.warn(f"the domains' monthly costs are unknown: {error.message}{hint}")
            return None
        return t.cast("list[dict[str, t.Any]]", found)

    def _subsidiary(self) -> str:
        return record(self.client.get("/me"), "the account").known_text("ovhSubsidiary")

    def _candidates(self) -> list[State]:
        if self.params["okms_id"]:
            ids = [self.params["okms_id"]]
        else:
            ids = [state["id"] for state in self.domains.every() if self._matches(state)]
        # the list does not hold the certificates of the authority
        found = [self.domains.get(okms_id) for okms_id in ids]
        return [state for state in found if state is not None]

    def _matches(self, state: State) -> bool:
        if self.params["display_name"] and self.params["display_name"] != state["display_name"]:
            return False
        return not self.params["region"] or normalise_region(self.params["region"]) == state["region"]
