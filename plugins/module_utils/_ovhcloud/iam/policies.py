# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM policies: shapes, what a change would grant beyond the request, and the calls."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    CollectionError,
    ConflictError,
    GuardError,
    InvalidInputError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    outcome_unknown,
    unseen,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    ShapeError,
    parse_time,
    record,
    require_told,
    utc,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.iam.rights import Caller
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.iam.urns import Urns

_T = t.TypeVar("_T")

EFFECTS = ("allow", "except", "deny")
LISTS = ("identities", "resources", *EFFECTS, "permissions_groups")
POLICY_FIELDS = (
    "id",
    "name",
    "description",
    *LISTS,
    "conditions",
    "expires_at",
    "owner",
    "read_only",
    "created_at",
    "updated_at",
)
# dimensions that multiply: each identity gets each action on each resource
_FACTORS = ("identities", "resources", "allow", "permissions_groups")


def policy_state(raw: t.Any) -> State:
    """From a `policy.Response`."""
    read = record(raw, "an IAM policy")
    policy_id = read.known_text("id")
    read.what = f"IAM policy {policy_id}"
    permissions = read.part("permissions")
    return {
        "id": policy_id,
        "name": read.text("name"),
        "description": read.text("description") or None,
        "identities": sorted(read.texts("identities")),
        "resources": sorted(item.known_text("urn") for item in read.parts("resources")),
        **{effect: sorted(item.known_text("action") for item in permissions.parts(effect)) for effect in EFFECTS},
        "permissions_groups": sorted(item.known_text("urn") for item in read.parts("permissionsGroups")),
        "conditions": read.labels("conditions") or None,
        "expires_at": read.time("expiredAt"),
        "owner": read.text("owner"),
        "read_only": bool(read.flag("readOnly")),
        "created_at": read.time("createdAt"),
        "updated_at": read.time("updatedAt"),
    }


def refuse_what_is_not_told(state: t.Mapping[str, t.Any]) -> None:
    """Raise for a policy that cannot be complete: a change replaces the whole of it, so what is not told would go."""
    lists = {"identities": state["identities"], "resources": state["resources"]}
    lists["permissions"] = [*state["permissions_groups"], *(action for effect in EFFECTS for action in state[effect])]
    absent = [name for name, items in lists.items() if not items]
    if absent:
        raise ShapeError(
            f"OVHcloud answered IAM policy {state['name']} ({state['id']}) without {' and '.join(absent)}: it "
            "cannot be changed without losing them",
            field=absent[0],
        )


def policy_body(state: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The body of POST and PUT: a PUT replaces the whole policy, so everything is in it."""
    return {
        "name": state["name"],
        "description": state.get("description") or "",
        "identities": list(state["identities"]),
        "resources": [{"urn": urn} for urn in state["resources"]],
        "permissions": {effect: _actions(state.get(effect) or []) for effect in EFFECTS},
        "permissionsGroups": [{"urn": urn} for urn in state.get("permissions_groups") or []],
        "conditions": state.get("conditions"),
        "expiredAt": state.get("expires_at"),
    }


def _actions(names: t.Sequence[str]) -> list[dict[str, str]] | None:
    return [{"action": name} for name in names] or None


def merged(before: t.Mapping[str, t.Any], asked: State, purge: bool) -> State:
    """The wanted values: exactly what was asked (purge), or what is there and what was asked together."""
    if purge:
        return dict(asked)
    joined = {name: sorted({*before[name], *asked[name]}) for name in LISTS if name in asked}
    return {**asked, **joined}


def unasked(before: t.Mapping[str, t.Any], asked: State) -> State:
    """Entries of the policy that nobody asked for in this run, by list."""
    found = {name: [item for item in before[name] if item not in asked.get(name, [])] for name in LISTS}
    return {name: items for name, items in found.items() if items}


def widening(before: t.Mapping[str, t.Any], asked: State) -> list[str]:
    """What a join would grant or deny beyond the request, in words; empty when it does just that.

    A policy is a product: a new identity gets all its actions on all its resources, also those of others.
    """
    lines = []
    for name in (*_FACTORS, "except", "deny"):
        added = [item for item in asked.get(name, []) if item not in before[name]]
        if not added:
            continue
        for other in _FACTORS if name in _FACTORS else ("identities", "resources"):
            foreign = [item for item in before[other] if item not in asked.get(other, [])]
            if other != name and foreign:
                lines.append(f"the new {_words(name)} {', '.join(added)} with {_words(other)} {', '.join(foreign)}")
    return lines


def _words(name: str) -> str:
    return {"allow": "actions", "except": "exceptions", "deny": "denials"}.get(name, name.replace("_", " "))


def effective(state: t.Mapping[str, t.Any]) -> list[str]:
    """What is dangerous about a policy, in words."""
    notes = []
    if "*" in state["identities"]:
        notes.append("names every identity (*)")
    if "*" in state["resources"]:
        notes.append("names every resource (*)")
    if "*" in state["allow"]:
        notes.append("allows every action (*)")
    return notes


def inner_wildcards(state: t.Mapping[str, t.Any]) -> list[str]:
    """URNs and actions with * elsewhere than at their end, which OVHcloud's guide on policies does not know."""
    return sorted({item for name in ("resources", *EFFECTS) for item in state.get(name) or [] if "*" in item[:-1]})


def _after_loss(error: CollectionError, look: t.Callable[[], _T]) -> _T | None:
    """What is there after a write whose answer was lost; None when its outcome is known."""
    if not outcome_unknown(error):
        return None
    try:
        return look()
    except CollectionError as second:
        raise unseen(error, second) from error


class Policies:
    """Calls of /v2/iam/policy; each write is sent once."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def every(self, filters: t.Mapping[str, t.Any] | None = None) -> list[State]:
        """All policies by name, or those that the API's filters (identity, resourceURN, action) leave."""
        found = [policy_state(raw) for raw in self._client.get_all("/v2/iam/policy", filters)]
        return sorted(found, key=lambda state: (str(state["name"]), state["id"]))

    def find(self, name: str) -> State | None:
        """The policy of that name: the API has no filter for it."""
        every = self.every()
        require_told(every, "name", "IAM policy")
        same = [state for state in every if state["name"].strip() == name]
        if len(same) > 1:
            ids = ", ".join(state["id"] for state in same)
            raise AmbiguousError(f"{len(same)} IAM policies are called {name!r}: {ids}; rename all but one")
        return same[0] if same else None

    def create(self, wanted: State) -> State:
        """Make it; after a lost answer look for it."""
        try:
            return policy_state(self._client.post("/v2/iam/policy", policy_body(wanted)))
        except CollectionError as error:
            made = _after_loss(error, lambda: self.find(wanted["name"]))
            if made is None:
                raise
            return made

    def replace(self, policy_id: str, wanted: State) -> State:
        """Write all of it; after a lost answer look at it."""
        address = api_path("/v2/iam/policy/{}", policy_id)
        body = policy_body(wanted)
        try:
            return policy_state(self._client.put(address, body))
        except CollectionError as error:
            now = _after_loss(error, lambda: policy_state(self._client.get(address)))
            if now is None or policy_body(now) != body:
                raise
            return now

    def delete(self, policy_id: str) -> None:
        """Remove it; gone is gone."""
        address = api_path("/v2/iam/policy/{}", policy_id)
        try:
            self._client.delete(address)
        except NotFoundError:
            return
        except CollectionError as error:
            left = _after_loss(error, lambda: [state["id"] for state in self.every()])
            if left is None or policy_id in left:
                raise

    def ended(self, state: t.Mapping[str, t.Any]) -> bool:
        """Whether the policy has expired, by OVHcloud's clock."""
        return bool(state.get("expires_at")) and parse_time(state["expires_at"]) <= self._client.now()

    def who(self) -> tuple[str, str]:
        """Account and API part of its URNs."""
        caller = Caller.of(self._client.get("/auth/details"))
        return caller.account, caller.api


class IamPolicy(Resource):
    """One policy."""

    result_key = "policy"
    fields = POLICY_FIELDS
    volatile = ("created_at", "updated_at")

    def __init__(self, context: Context, policies: Policies) -> None:
        self.context = context
        self.params = context.params
        self.policies = policies
        self.asked: State = {}
        self.others: State = {}

    def read(self) -> State | None:
        """The policy of that name."""
        if not self.params["name"]:
            raise InvalidInputError("name: an IAM policy needs a name that is not empty")
        if self.params["name"].startswith("ovh-"):
            raise InvalidInputError(
                f"policy {self.params['name']}: names that start with ovh- are reserved for OVHcloud"
            )
        return self.policies.find(self.params["name"])

    def wanted(self, before: State | None) -> State:
        """What was asked, joined with what is there unless the rest must go."""
        self.asked = self._asked()
        if before is None:
            return {"name": self.params["name"], **{name: [] for name in LISTS}, **self.asked}
        if not self.params["purge"]:
            refuse_what_is_not_told(before)
        self.others = unasked(before, {**before, **self.asked})
        return merged(before, self.asked, self.params["purge"])

    def _asked(self) -> State:
        urns = Urns(self.policies.who)
        asked: State = {}
        for name in LISTS:
            given = self.params[name]
            if given is not None and (not given or "".join(given).strip()):  # a blank text is none
                complete = getattr(urns, name, None)
                asked[name] = sorted({item.strip() for item in given} - {""}) if complete is None else complete(given)
        for name in ("description", "conditions"):
            if self.params[name] is not None:
                given = self.params[name]
                asked[name] = (given.strip() if isinstance(given, str) else given) or None
        if self.params["expires_at"] is not None:
            asked["expires_at"] = self._end(self.params["expires_at"])
        return asked

    @staticmethod
    def _end(text_of_time: str) -> str | None:
        try:
            return utc(text_of_time) if text_of_time else None
        except ValueError:
            raise InvalidInputError(f"expires_at {text_of_time!r} is not a time such as 2027-01-01T00:00:00Z") from None

    def guard(self, plan: Plan) -> None:
        """Complete when new, not OVHcloud's own, and nothing granted that was not asked for."""
        name = self.params["name"]
        if plan.changed and plan.before.get("read_only"):
            raise ConflictError(f"policy {name} is read-only: OVHcloud maintains it")
        if plan.after:
            self._check_complete(plan.after)
        if plan.verb != "update" or self.params["purge"] or self.params["allow_widening"]:
            return
        beyond = widening(plan.before, {**plan.before, **self.asked})
        if beyond:
            raise GuardError(
                f"policy {name} has entries that this task does not ask for, and would join {'; '.join(beyond)}. "
                "Nothing was changed. Use a policy with another name, or set purge: true to have exactly what "
                "you ask for, or allow_widening: true",
                unasked=self.others,
            )

    def _check_complete(self, state: State) -> None:
        lacking = [name for name in ("identities", "resources") if not state.get(name)]
        if not any(state.get(name) for name in (*EFFECTS, "permissions_groups")):
            lacking.append("allow, deny or permissions_groups")
        if lacking:
            raise InvalidInputError(f"policy {state['name']} would have no {' and no '.join(lacking)}")
        notes, inner = effective(state), inner_wildcards(state)
        if inner:
            notes.append(
                f"has a * that is not at the end ({', '.join(inner)}): OVHcloud documents * only there, so it may "
                "match nothing"
            )
        if self.policies.ended(state):
            notes.append(
                f"expired at {state['expires_at']} and no longer grants anything: set expires_at to a later time, or "
                "to an empty text"
            )
        for note in notes:
            self.context.warn(f"policy {state['name']} {note}")

    def predict(self, plan: Plan) -> State:
        """The planned state; when it will have been written is not known before."""
        return {**plan.after, "updated_at": None} if plan.verb == "update" else plan.after

    def apply(self, plan: Plan) -> State:
        return self._create(plan) if plan.verb == "create" else self._update(plan)

    def _create(self, plan: Plan) -> State:
        """Make it."""
        return self.policies.create(plan.after)

    def _update(self, plan: Plan) -> State:
        """Write it anew, with what is not asked about as it was."""
        return self.policies.replace(plan.before["id"], plan.after)

    def delete(self, plan: Plan) -> None:
        """Remove it."""
        self.policies.delete(plan.before["id"])

    def extras(self) -> dict[str, t.Any]:
        """Entries of others."""
        return {"unasked": self.others}
