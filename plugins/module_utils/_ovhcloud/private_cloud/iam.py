# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IAM option of a private cloud and its vSphere roles."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ConflictError,
    GuardError,
    NotFoundError,
    UnsupportedError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import why_no_iam
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    Client,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    forbidden_by_state,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    numbers,
    record,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.facts import (
    PrivateCloud,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.tasks import (
    Observation,
    Tasks,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.users import Users


@dataclasses.dataclass(frozen=True)
class IamOption:
    """The IAM option of a private cloud; `actions` are what policies allow for its roles."""

    service_name: str
    state: str
    available: bool
    reason: str | None
    identity_provider_id: int | None
    roles: list[str]
    actions: list[str]


IAM_FIELDS = fields_of(IamOption)
# guides vmware-iam-role (prefix) and vmware-iam-role-policy (the two roles, and the action of a policy)
PREFIX = "iam-"  # OVHcloud gives it to the names of roles
STANDARD_ROLES = ("iam-admin", "iam-auditor")
ACTION = "pccVMware:vSphere:assumeRole?"


def role_name(name: str, known: t.Collection[str]) -> str:
    """The role that is meant: an existing one of just that name, else with OVHcloud's prefix."""
    return name if name in known or name.startswith(PREFIX) else PREFIX + name


class CloudIam:
    """One private cloud; each write is sent once and followed to its end."""

    def __init__(self, client: Client, service_name: str, patience: Patience) -> None:
        self._client = client
        self._name = service_name
        self._patience = patience
        self._tasks = Tasks(client, service_name)
        self._users = Users(client, service_name, patience)

    def read(self) -> State:
        """State of the option and the roles, which are listed as users."""
        cloud = PrivateCloud(self._client, self._name)
        service, option = cloud.service(), cloud.iam()
        roles = self.roles() if option["state"] else []
        return as_result(
            IamOption(
                service_name=self._name,
                state=option["state"] or "disabled",
                available=option["available"],
                reason=None if option["available"] else why_no_iam(service),
                identity_provider_id=option["identity_provider_id"],
                roles=roles,
                actions=[ACTION + role for role in roles],
            )
        )

    def roles(self) -> list[str]:
        """Names of the roles."""
        return sorted(user["name"] for user in self._users.users() if user["identity_provider_type"] == "iam")

    def state(self) -> str:
        """enabled, disabled, or on the way."""
        try:
            answer = record(self._client.get(self._path("/iam")), f"the IAM option of {self._name}")
            return answer.known_text("state")
        except NotFoundError:
            return "missing"

    def require(self, before: t.Mapping[str, t.Any]) -> None:
        """Raise UnsupportedError when this private cloud cannot have IAM."""
        if before["reason"]:
            raise UnsupportedError(
                f"IAM is not available on {self._name}: {before['reason']}. Use a local vSphere user instead: "
                "private_cloud_user with encryption_right: true",
                service_name=self._name,
            )

    def switch(self, before: str, wanted: str) -> None:
        """Enable or disable it; what is on its way already is only followed."""
        verb, going = ("enable", "enabling") if wanted == "enabled" else ("disable", "disabling")
        task = None
        if before != going:
            task = self._tasks.start(
                lambda: self._client.post(self._path(f"/iam/{verb}")),
                lambda: self.state() in (wanted, going),
                self._patience,
            )

        def ready(seen: Observation[str]) -> bool:
            return seen.item == wanted and (seen.task is None or seen.task.done)

        what = f"IAM of {self._name} to be {wanted}"
        self._tasks.follow(task, self.state, ready, what, self._patience, lambda state: f"IAM is {state}")

    def add_role(self, name: str) -> None:
        """Add a role and wait until it is there."""
        before = self._task_ids()
        task = None
        try:
            task = self._tasks.start(
                lambda: self._client.post(self._path("/iam/addRole"), {"name": name}),
                # a role shows only at the end: until then its task is all there is to see
                lambda: bool(self._task_ids() - before) or name in self.roles(),
                self._patience,
            )
        except CollectionError as error:
            if not self._asked_before(error, name):
                raise

        def ready(seen: Observation[list[str]]) -> bool:
            return name in seen.item and (seen.task is None or seen.task.done)

        what = f"role {name} of {self._name}"
        self._tasks.follow(task, self.roles, ready, what, self._patience, lambda roles: f"roles {', '.join(roles)}")

    def _asked_before(self, error: CollectionError, name: str) -> bool:
        """Whether the role was refused because an earlier run has asked for it: then there is only to wait."""
        if isinstance(error, ConflictError):
            return True
        try:
            # tasks do not say what they are for, but without any, the name is refused for itself
            return forbidden_by_state(error) and (name in self.roles() or bool(self._tasks.underway()))
        except CollectionError:
            return False  # the refusal says more

    def _task_ids(self) -> set[int]:
        return set(numbers(self._client.get(self._path("/task")), "the list of tasks"))

    def _path(self, rest: str) -> str:
        return api_path("/dedicatedCloud/{}", self._name) + rest


_GOING = {"enabled": "enabling", "disabled": "disabling"}


class PrivateCloudIam(Resource):
    """The IAM option of one private cloud."""

    result_key = "iam"
    fields = IAM_FIELDS
    volatile = ("available", "reason", "identity_provider_id", "actions")

    def __init__(self, context: Context, iam: CloudIam) -> None:
        self.params = context.params
        self.iam = iam

    def read(self) -> State:
        """The option as it is; it always exists, off at worst."""
        return self.iam.read()

    def wanted(self, before: State | None) -> State:
        """On with these roles, or off; what is on its way there needs no second request."""
        state, present = self.params["state"], before or {}
        if state == "disabled":
            return {} if present["state"] == _GOING[state] else {"state": state, "roles": []}
        asked = [name for name in self.params["roles"] if name]  # a blank one is none
        roles = {*present["roles"], *(role_name(name, present["roles"]) for name in asked)}
        if present["state"] == "disabled":
            roles.update(STANDARD_ROLES)
        return {"state": "enabling" if present["state"] == "enabling" else "enabled", "roles": sorted(roles)}

    def predict(self, plan: Plan) -> State:
        """The state at the end; the id of the identity provider is OVHcloud's to choose."""
        state, known = self.params["state"], plan.before["state"] == self.params["state"] == "enabled"
        if not plan.changed:
            return plan.after
        roles = sorted({*plan.after["roles"], *STANDARD_ROLES}) if state == "enabled" else []
        return {
            **plan.after,
            "state": state,
            "roles": roles,
            "available": True,
            "reason": None,
            "identity_provider_id": plan.before["identity_provider_id"] if known else None,
            "actions": [ACTION + role for role in roles],
        }

    def guard(self, plan: Plan) -> None:
        """Certified clouds cannot have it; disabling locks people out."""
        name = self.params["service_name"]
        if self.params["state"] == "enabled":
            self.iam.require(plan.before)
        elif plan.changed and self.params["confirm_name"] != name:
            raise GuardError(
                f"disabling IAM on {name} locks out everybody who logs in to vSphere with it, roles "
                f"{', '.join(plan.before['roles']) or 'none'}: it needs confirm_name: {name}"
            )

    def apply(self, plan: Plan) -> State:
        """Switch, then add the roles that are missing."""
        state = self.params["state"]
        if plan.before["state"] != state:
            self.iam.switch(plan.before["state"], state)
        present = self.iam.roles() if state == "enabled" and self.iam.state() == "enabled" else None
        for role in plan.after["roles"] if present is not None else []:
            if role not in (present or []):
                self.iam.add_role(role)
        return self.iam.read()

    def settle(self, plan: Plan) -> State:
        """Wait for what an earlier run has started."""
        if plan.before["state"] == _GOING[self.params["state"]]:
            self.iam.switch(plan.before["state"], self.params["state"])
            return self.iam.read()
        return plan.after
