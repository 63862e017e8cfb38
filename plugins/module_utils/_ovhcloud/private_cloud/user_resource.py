# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vSphere user of a private cloud as private_cloud_user creates, changes and removes it."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    pick,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    GuardError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State, differences
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import one_line
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.users import (
    CREATION_NAMES,
    USER_FIELDS,
    Users,
    healthy_user,
    wanted_values,
)


class PrivateCloudUser(Resource):
    """One vSphere user."""

    result_key = "user"
    fields = USER_FIELDS
    volatile = ("state", "activation_state")

    def __init__(self, context: Context, users: Users) -> None:
        self.context = context
        self.params = context.params
        self.users = users
        self.others: list[str] = []
        self.leaving: State | None = None

    def read(self) -> State | None:
        """The user of that login or name; one that is being removed counts as absent."""
        user, self.others = self.users.find(self.params["name"])
        if user is not None and user["state"] == "deleting":
            self.leaving = user
            return None
        return user

    def wanted(self, before: State | None) -> State:
        """The named rights and texts; nothing when nobody waits and an earlier request may bring them."""
        values = wanted_values(self.params, before)
        if before is None:
            return {"name": self.params["name"], **values}
        missing = differences(before, values)
        earlier = self.users.changes_underway(before) if missing and not self.params["wait"] else []
        if not earlier:
            return values
        self.context.warn(
            f"{earlier[0]} of an earlier request about user {before['login']} is still underway: this run, which does "
            f"not wait, asks for nothing; rerun when the task has ended if {', '.join(sorted(missing))} still differs"
        )
        return {}

    def predict(self, plan: Plan) -> State:
        """A new user will be delivered; its id and login are made by OVHcloud."""
        return {**plan.after, "state": "delivered"} if plan.verb == "create" else plan.after

    def guard(self, plan: Plan) -> None:
        """Creating needs allow_create, removing needs the name typed again."""
        name, service = self.params["name"], self.params["service_name"]
        if plan.verb == "create":
            if not self.params["allow_create"]:
                known = one_line(", ".join(sorted(self.others))) or "none"
                raise GuardError(
                    f"{service} has no user {name} (its users: {known}); allow_create: true would create it"
                )
            if "@" in name:
                raise InvalidInputError(f"{service} has no user {name}: a new user needs a name without @, not a login")
        if plan.verb == "delete":
            if self.params["confirm_name"] not in (plan.before["name"], plan.before["login"]):
                raise GuardError(f"removing user {plan.before['login']} needs confirm_name: {plan.before['name']}")
        elif plan.before:
            healthy_user(plan.before)

    def apply(self, plan: Plan) -> State:
        return self._create(plan) if plan.verb == "create" else self._update(plan)

    def _create(self, plan: Plan) -> State:
        """Make the user."""
        values = wanted_values(self.params, None)
        only_now = pick(self.params, *CREATION_NAMES)
        return {**plan.after, **(self.users.create(self.params["name"], values, only_now, self.leaving) or {})}

    def _update(self, plan: Plan) -> State:
        """Change what differs."""
        changed = self.users.change(plan.before, plan.changes) or {}
        if "encryption_right" in plan.changes:
            self.context.warn(
                f"the encryption right of {plan.before['login']} takes effect at its next login: open sessions "
                "in vCenter keep the old right"
            )
        return {**plan.after, **changed}

    def delete(self, plan: Plan) -> None:
        """Remove the user."""
        self.users.remove(plan.before)

    def settle(self, plan: Plan) -> State:
        """Wait for what an earlier run has started."""
        if plan.before:
            return {**plan.before, **(self.users.settle(plan.before) or {})}
        if self.leaving is not None:
            self.users.settle_removal(self.leaving)
        return {}
