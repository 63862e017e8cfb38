# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One encryption policy as a module brings it about, and all of them as a module reads them."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    GuardError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import (
    as_result,
    fields_of,
    with_former_names,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import (
    of_objects,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import moid_of, vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.policy import (
    LONGEST_NAME,
    Policy,
    original_in,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.policies.store import (
    StoragePolicies,
    Use,
)


@dataclasses.dataclass(frozen=True)
class PolicyRecord:
    """A storage policy, and how much uses it."""

    name: str
    id: str
    description: str
    encryption: bool | None
    allow_filters_before_encryption: bool | None
    component: str | None
    rules: t.Any
    made_from: str | None
    bundled: bool
    used_by: dict[str, int]


POLICY_FIELDS = fields_of(PolicyRecord)
POLICY_VOLATILE = ("used_by",)
_NAMED = 100  # VMs whose names are looked up for a message: one page


def counts(uses: t.Sequence[Use]) -> dict[str, int]:
    """How many VMs, disks and other things have the policy."""
    machines = {use.machine for use in uses if use.machine is not None}
    disks = sum(1 for use in uses if use.is_disk)
    others = sum(1 for use in uses if use.machine is None)
    return {"virtual_machines": len(machines), "disks": disks, "others": others}


def policy_state(policy: Policy, uses: t.Sequence[Use], names: t.Mapping[str, str]) -> State:
    """A policy as modules return it; `names` are those of all policies by id."""
    return as_result(
        PolicyRecord(
            name=policy.name,
            id=policy.id,
            description=policy.description,
            encryption=policy.encryption,
            allow_filters_before_encryption=policy.allow_filters_before_encryption,
            component=policy.component,
            rules=policy.rules,
            made_from=names.get(policy.original, policy.original) if policy.original else None,
            bundled=policy.bundled,
            used_by=counts(uses),
        )
    )


def policy_report(policies: StoragePolicies, name: str | None, everything: bool) -> list[State]:
    """Policies by name, those that do not encrypt only with `everything`; their users are read in one request."""
    chosen = [
        policy
        for policy in policies.all()
        if (policy.encryption or everything) and name in (None, policy.name, policy.name.strip())
    ]
    users: dict[str, list[Use]] = {}
    for use in policies.uses(chosen):
        for identifier in use.policies:
            users.setdefault(identifier, []).append(use)
    return [with_former_names(policy_state(policy, users.get(policy.id, []), policies.names())) for policy in chosen]


def machine_names(session: Session, moids: t.Sequence[str]) -> list[str]:
    """Names of VMs, sorted; the id where a VM may not be read."""
    found = of_objects(session, [vim.VirtualMachine(moid) for moid in moids], ["name"])
    names = {moid_of(item.object): item.name for item in found}
    return sorted(names.get(moid, moid) for moid in moids)


def _check_name(name: str) -> None:
    """Refuse a name that vCenter would refuse too, which check mode could not tell."""
    if not name.strip():
        raise InvalidInputError("name: must not be empty")
    if len(name) > LONGEST_NAME:
        raise InvalidInputError(f"name: at most {LONGEST_NAME} characters, got {len(name)}: {name}")


class EncryptionPolicy(Resource):
    """The policy of one name."""

    result_key = "storage_policy"
    fields = POLICY_FIELDS
    volatile = POLICY_VOLATILE

    def __init__(self, session: Session, params: t.Mapping[str, t.Any], warn: t.Callable[[str], None]) -> None:
        self._session = session
        self._params = params
        self._warn = warn
        self._name: str = params["name"]
        self._policies = StoragePolicies(session)
        self._policy: Policy | None = None
        self._uses: list[Use] = []

    def read(self) -> State | None:
        """The present state."""
        self._policy = self._policies.meant(self._name)
        if self._policy is None:
            return None
        self._uses = self._policies.uses([self._policy])
        return policy_state(self._policy, self._uses, self._policies.names())

    def wanted(self, before: State | None) -> State:
        """What the options say; a new policy refers to the default component unless the filter order is given."""
        allowed, description = self._params["allow_filters_before_encryption"], self._params["description"]
        values: State = {"name": self._policy.name if self._policy else self._name, "encryption": True}
        if before is None:
            _check_name(self._name)
            values.update(id=None, description=description or "", bundled=False, used_by=counts([]))
            values.update(allow_filters_before_encryption=allowed, component=None)
            values.update(rules=[], made_from=self._made_from(description or ""))
            if allowed is None:
                values["component"] = self._policies.default_component()
            return values
        if description is not None:
            values.update(description=description, made_from=self._made_from(description))
        if allowed is not None:
            values.update(allow_filters_before_encryption=allowed, component=None)
        return values

    def _made_from(self, description: str) -> str | None:
        """What a description tells of the policy that this one was made from."""
        original = original_in(description)
        return self._policies.names().get(original, original) if original else None

    def guard(self, plan: Plan) -> None:
        """What is not ours, or is used, stays."""
        policy = self._policy
        if policy is None or not plan.changed:
            return
        what = f"the storage policy {policy.name} on {self._session.hostname}"
        if not policy.encryption:
            raise GuardError(
                f"{what} does not encrypt, so the module does not touch it; nothing was changed. Choose another "
                "name for the encryption policy"
            )
        if policy.bundled:
            raise GuardError(
                f"{what} is built into vCenter, so the module does not touch it; nothing was changed. Create an "
                "encryption policy with another name"
            )
        if plan.verb == "delete" and self._uses:
            self._refuse_deletion(what)
        if plan.verb == "update" and policy.original and not plan.after.get("made_from"):
            self._warn(
                f"the new description of {what} no longer says that it was made from {plan.before['made_from']}: "
                "decryption then gives VMs the only policy with the same rules, or none"
            )
        if "allow_filters_before_encryption" in plan.changes and self._uses:
            self._warn(
                f"{what} is in use by {self._users()}. They follow the new filter order when the policy is "
                "applied to them again"
            )

    def _users(self) -> str:
        numbers = counts(self._uses)
        texts = {"virtual_machines": "virtual machines", "disks": "disks", "others": "other objects"}
        return ", ".join(f"{numbers[key]} {text}" for key, text in texts.items() if numbers[key])

    def _refuse_deletion(self, what: str) -> None:
        """vCenter would refuse too, without saying who the users are."""
        machines = list(dict.fromkeys(use.machine for use in self._uses if use.machine is not None))
        users = [f"VM {name}" for name in machine_names(self._session, machines[:_NAMED])]
        users += machines[_NAMED:]
        users += [f"{use.kind} {use.key}" for use in self._uses if use.machine is None]
        raise GuardError(
            f"{what} is in use by {listing(users)}; nothing was changed. Give them another policy first: vCenter keeps "
            "a policy that is in use",
            in_use_by=users,
        )

    def apply(self, plan: Plan) -> State:
        """Make it, or send what differs."""
        params, changes = self._params, plan.changes
        if plan.verb == "create":
            self._policies.create(self._name, params["description"] or "", params["allow_filters_before_encryption"])
            return self.read() or {}
        rules = {"allow_filters_before_encryption", "component"} & set(changes)
        allowed = params["allow_filters_before_encryption"] if rules else None
        self._policies.update(self._policies.find(self._name), changes.get("description"), allowed)
        return self.read() or {}

    def delete(self, plan: Plan) -> None:
        """Remove it."""
        self._policies.delete(self._policies.find(self._name))
