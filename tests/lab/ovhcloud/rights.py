# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluation of IAM: may this identity do this action on this resource."""

from __future__ import annotations

import datetime
import fnmatch
import typing as t

from .contracts import operations
from .core import Area, Call, Core
from .errors import forbidden_by_iam
from .state import Credential, Identity

# the five permissions groups that OVHcloud keeps, as patterns of allowed actions
MANAGED_GROUPS = {
    "globalAdmin": ["*"],
    "globalReadWrite": ["*"],
    "globalReadOnly": ["*/get", "*apiovh:get"],
    "globalTechnicalAccount": ["*:apiovh:*"],
    "controlPanelAccess": ["account:apiovh:me/get", "account:apiovh:iam/*/get"],
}
KMIP_ACTIONS = [
    "create",
    "get",
    "register",
    "activate",
    "revoke",
    "destroy",
    "createKeyPair",
    "addAttribute",
    "getAttributes",
    "getAttributeList",
    "modifyAttribute",
    "deleteAttribute",
    "locate",
    "archive",
    "recover",
    "rekey",
    "rekeyKeyPair",
    "obtainLease",
    "getUsageAllocation",
    "encrypt",
    "decrypt",
    "sign",
    "signatureVerify",
]


def _matches(pattern: str, text: str) -> bool:
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def _covers(pattern: str, text: str) -> bool:
    """Of a policy: guide iam-policies-api has * at the end of actions and URNs, nowhere else."""
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


class Rights(Area):
    """Policies, account root and the lab's own per-identity lists, put together."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._handshakes: dict[str, int] = {}  # refused while a policy was new, by its id

    def permitted(self, identity: Identity, action: str, urn: str) -> bool:
        """True when something grants the action and nothing denies it; no list on the identity means all rights."""
        if identity.allowed is None:
            return True
        if self._named(identity.urn, action, urn, "deny"):
            return False
        return any(_matches(pattern, action) for pattern in identity.allowed) or self.granted(identity.urn, action, urn)

    def granted(self, identity_urn: str, action: str, urn: str, too_new: t.Container[str] = ()) -> bool:
        """True when policies allow it and none denies it; those that are too new count for nothing."""
        if self._named(identity_urn, action, urn, "deny", too_new):
            return False
        return self._named(identity_urn, action, urn, "allow", too_new)

    def check(self, call: Call) -> None:
        """Refuse a call whose identity lacks a right."""
        if call.identity is None or call.operation.anonymous:
            return
        urns, identity = self._resources_of(call), call.identity
        # guide service-logs: the right to forward to a stream is one on Logs Data Platform, not on the product
        streams = [self.core.urn("ldp", service) for service in [*self.state.streams.values(), "*"]]
        missing = [
            action
            for action in call.operation.actions
            if not any(
                self.permitted(identity, action, urn) for urn in (streams if action.startswith("ldp:") else urns)
            )
        ]
        if missing:
            raise forbidden_by_iam(missing if self.core.settings.refusals_name_actions else ())

    def visible(self, call: Call, value: t.Any) -> t.Any:
        """Of a list of domains or private clouds, what the caller may read."""
        if call.identity is None or call.operation.template not in ("/okms/resource", "/dedicatedCloud"):
            return value

        def readable(item: t.Any) -> bool:
            urn = item["iam"]["urn"] if isinstance(item, dict) else self.core.urn("pccVMware", item)
            return all(self.permitted(call.caller, action, urn) for action in call.operation.actions)

        return [item for item in value if readable(item)]

    def kmip(self, okms_id: str, credential: Credential, operation: str) -> bool:
        """May a certificate do a KMIP operation (`Create`, `GetAttributes`...); the account itself may do all."""
        action = operation[:1].lower() + operation[1:]
        if action not in KMIP_ACTIONS:
            return True
        if self.state.root.urn in credential.identity_urns:
            return True
        return any(map(self._administrator, credential.identity_urns)) or self._kmip_granted(
            okms_id, credential, action
        )

    def kmip_admitted(self, okms_id: str, credential: Credential) -> bool:
        """Does a certificate pass the TLS handshake: the account, an administrator, or one with a policy for KMIP.

        Each handshake that waits for a policy brings its effect nearer.
        """
        identities = credential.identity_urns
        if self.state.root.urn in identities or any(map(self._administrator, identities)):
            return True
        new = {
            number
            for number, policy in list(self.state.policies.items())
            if set(self._acting(credential)) & set(policy["identities"]) and not self._in_effect(number, policy)
        }
        return any(self._kmip_granted(okms_id, credential, action, new) for action in KMIP_ACTIONS)

    def _acting(self, credential: Credential) -> list[str]:
        """The identities of a certificate, and the groups of its users."""
        return [one for identity in credential.identity_urns for one in (identity, *self._groups_of(identity))]

    def _kmip_granted(self, okms_id: str, credential: Credential, action: str, too_new: t.Container[str] = ()) -> bool:
        urn, name = self.core.urn("okms", okms_id), f"okms:kmip:{action}"
        return any(
            self.granted(identity, name, place, too_new)
            for identity in self._acting(credential)
            for place in (urn, f"{urn}/x")
        )

    def _in_effect(self, number: str, policy: dict[str, t.Any]) -> bool:
        """Users saw that a new policy takes 30 to 60 seconds: by the lab's clock, or so many handshakes if earlier."""
        made, settings = policy.get("createdAt"), self.core.settings
        if made is None:
            return True
        age = (self.core.now() - datetime.datetime.fromisoformat(made.replace("Z", "+00:00"))).total_seconds()
        if age >= settings.policy_seconds or self._handshakes.get(number, 0) >= settings.policy_handshakes:
            return True
        self._handshakes[number] = self._handshakes.get(number, 0) + 1
        return False

    def may_assume(self, identity_urn: str, cloud: str, role: str) -> bool:
        """May a person log in to vSphere with a role: policies allow it on private cloud and service pack."""
        action, place = f"pccVMware:vSphere:assumeRole?{role}", self.core.urn("pccVMware", cloud)
        places = [place, f"{place}/servicepack"] if self.core.settings.role_needs_service_pack else [place]
        persons = [identity_urn, *self._groups_of(identity_urn)]
        return role in self.state.pccs[cloud].roles and all(
            any(self.granted(person, action, urn) for person in persons) for urn in places
        )

    def known_actions(self) -> set[str]:
        """All action names that the contracts and the KMIP guide tell."""
        found = {action["name"] for operation in operations() for action in operation.facts.get("iamActions") or []}
        found.update(f"okms:kmip:{action}" for action in KMIP_ACTIONS)
        return found | {
            f"pccVMware:vSphere:assumeRole?{role}" for cloud in self.state.pccs.values() for role in cloud.roles
        }

    # --- parts

    def _groups_of(self, identity_urn: str) -> list[str]:
        """URNs of the groups of a user."""
        account = self.state.account
        names = {name for user in account.users.values() if user["urn"] == identity_urn for name in user["groups"]}
        return [group["urn"] for name, group in account.groups.items() if name in names and "urn" in group]

    def _administrator(self, identity_urn: str) -> bool:
        """A user in a group with role ADMIN, or such a group."""
        groups, of_user = self.state.account.groups.values(), self._groups_of(identity_urn)
        return any(group["role"] == "ADMIN" and group.get("urn") in (identity_urn, *of_user) for group in groups)

    def _resources_of(self, call: Call) -> list[str]:
        """Resources on one of which the right is needed; a list needs it on any (`*` when there is none yet)."""
        if "okmsId" in call.params:
            return [self.core.urn("okms", call.params["okmsId"])]
        if call.operation.template.startswith("/dedicatedCloud/"):
            return [self.core.urn("pccVMware", call.params["serviceName"])]
        if call.operation.template == "/dedicatedCloud":
            return [self.core.urn("pccVMware", name) for name in [*self.state.pccs, "*"]]
        if call.operation.template == "/okms/resource":
            return [self.core.urn("okms", name) for name in [*self.state.okms, "*"]]
        return [self.core.urn("account", self.state.account.nichandle)]

    def _named(self, identity_urn: str, action: str, urn: str, effect: str, too_new: t.Container[str] = ()) -> bool:
        now = self.core.now()
        for number, policy in list(self.state.policies.items()):
            if number in too_new:
                continue
            expiry = policy["expiredAt"]
            if expiry and datetime.datetime.fromisoformat(expiry.replace("Z", "+00:00")) <= now:
                continue
            if identity_urn not in policy["identities"] and "*" not in policy["identities"]:
                continue
            if not any(_covers(pattern, urn) for pattern in self._resources(policy)):
                continue
            if any(self._effect(permissions, action, effect) for permissions in self._permissions(policy, action)):
                return True
        return False

    def _resources(self, policy: dict[str, t.Any]) -> t.Iterator[str]:
        for item in policy["resources"]:
            group = next((entry for entry in self.state.resource_groups.values() if entry["urn"] == item["urn"]), None)
            if group is None:
                yield item["urn"]
            else:
                yield from (member["urn"] for member in group["resources"] if member.get("urn"))

    def _permissions(self, policy: dict[str, t.Any], action: str) -> t.Iterator[dict[str, t.Any]]:
        yield policy["permissions"]
        for item in policy["permissionsGroups"]:
            name = item["urn"].rsplit(":", 1)[-1]
            # guide "IAM for VMware on OVHcloud - Presentation and FAQ": they give no vSphere role
            if "?" not in action and any(_matches(pattern, action) for pattern in MANAGED_GROUPS.get(name, ())):
                yield {"allow": [{"action": action}]}
            for group in self.state.permissions_groups.values():
                if group["urn"] == item["urn"]:
                    yield group["permissions"]

    @staticmethod
    def _effect(permissions: dict[str, t.Any], action: str, effect: str) -> bool:
        def named(part: str) -> bool:
            return any(_covers(item["action"], action) for item in permissions.get(part) or [])

        return named("deny") if effect == "deny" else named("allow") and not named("except")
