# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/iam: policies, resources and their tags, checks, reference data, groups."""

from __future__ import annotations

import re
import typing as t
import uuid

from .core import Area, Call, Core, new_uuid, serves, stamp
from .errors import bad_request, conflict, error, not_found
from .rights import MANAGED_GROUPS, Rights

_TAG_KEY = re.compile(r"[a-zA-Z0-9_.:/=+@-]{1,128}")
_TAG_VALUE = re.compile(r"[a-zA-Z0-9_.:/=+@-]{0,256}")
RESOURCE_TYPES = ["account", "okms", "okms/kmip", "okms/secret", "okms/serviceKey", "pccVMware"]


class IamArea(Area):
    """Calls under /v2/iam."""

    def __init__(self, core: Core, rights: Rights) -> None:
        super().__init__(core)
        self._rights = rights

    # --- policies

    @serves("GET /v2/iam/policy")
    def policies(self, call: Call) -> list[dict[str, t.Any]]:
        """All policies, filtered by exact values."""
        query = call.query
        return [
            self._policy_shown(policy, query.get("details", False))
            for policy in self.state.policies.values()
            if _any_of(query.get("identity"), policy["identities"])
            and _any_of(query.get("resourceURN"), [item["urn"] for item in policy["resources"]])
            and _any_of(query.get("action"), [item["action"] for item in policy["permissions"]["allow"] or []])
            and query.get("readOnly") in (None, policy["readOnly"])
        ]

    @serves("POST /v2/iam/policy")
    def create_policy(self, call: Call) -> dict[str, t.Any]:
        """A new policy."""
        self._check_policy(call.body, None)
        policy = {
            "id": new_uuid(),
            "owner": self.state.account.nichandle,
            "readOnly": False,
            "createdAt": stamp(self.core.now()),
            "updatedAt": None,
            **_policy_fields(call.body),
        }
        self.state.policies[policy["id"]] = policy
        return self._policy_shown(policy)

    def _policy(self, call: Call) -> dict[str, t.Any]:
        policy = self.state.policies.get(call.params["policyId"])
        if policy is None:
            raise not_found(f"policy {call.params['policyId']}")
        return policy

    @serves("GET /v2/iam/policy/{policyId}")
    def policy(self, call: Call) -> dict[str, t.Any]:
        """One policy."""
        return self._policy_shown(self._policy(call), call.query.get("details", False))

    @serves("PUT /v2/iam/policy/{policyId}")
    def replace_policy(self, call: Call) -> dict[str, t.Any]:
        """Replace the whole policy."""
        policy = self._policy(call)
        if policy["readOnly"]:
            raise error(403, "This policy is read only")
        self._check_policy(call.body, policy["id"])
        policy.update(_policy_fields(call.body), updatedAt=stamp(self.core.now()))
        return self._policy_shown(policy)

    @serves("DELETE /v2/iam/policy/{policyId}")
    def delete_policy(self, call: Call) -> None:
        """Remove a policy."""
        policy = self._policy(call)
        if policy["readOnly"]:
            raise error(403, "This policy is read only")
        del self.state.policies[policy["id"]]

    def _check_policy(self, body: dict[str, t.Any], own_id: str | None) -> None:
        if body["name"].startswith("ovh-"):
            raise bad_request("Names that start with ovh- are reserved")
        if not body["identities"] or not body["resources"]:
            raise bad_request("A policy needs identities and resources")
        for urn in (*body["identities"], *(item["urn"] for item in body["resources"])):
            if urn != "*" and not urn.startswith("urn:v1:"):
                raise bad_request(f"Invalid URN {urn}")
        if any(item["name"] == body["name"] and item["id"] != own_id for item in self.state.policies.values()):
            raise conflict("A policy with this name already exists")

    def _policy_shown(self, policy: dict[str, t.Any], details: bool = False) -> dict[str, t.Any]:
        resources = [{"urn": item["urn"]} for item in policy["resources"]]
        if details:
            known = {item["urn"]: item for item in self._all_resources()}
            fields = ("displayName", "id", "name", "owner", "tags", "type")
            for item in resources:
                if item["urn"] in known:
                    item["resource"] = {field: known[item["urn"]][field] for field in fields}
        return {**policy, "resources": resources}

    # --- resources

    def _all_resources(self) -> list[dict[str, t.Any]]:
        account = self.state.account.nichandle
        rows: list[tuple[str, str, str, str, dict[str, str]]]
        rows = [("account", account, account, str(uuid.uuid5(uuid.NAMESPACE_URL, account)), {})]
        for domain in self.state.okms.values():
            if not domain.gone and domain.window.left == 0:
                rows.append(("okms", domain.okms_id, domain.display_name, domain.iam_id, domain.tags))
        rows += [("pccVMware", cloud.name, cloud.name, cloud.iam_id, cloud.tags) for cloud in self.state.pccs.values()]
        return [
            {
                "displayName": display_name,
                "id": number,
                "name": name,
                "owner": account,
                "tags": dict(tags) or None,
                "type": kind,
                "urn": self.core.urn(kind, name),
            }
            for kind, name, display_name, number, tags in rows
        ]

    def _resource(self, call: Call) -> dict[str, t.Any]:
        urn = call.params["resourceURN"]
        found = next((item for item in self._all_resources() if item["urn"] == urn), None)
        if found is None:
            raise not_found(urn)
        return found

    @serves("GET /v2/iam/resource")
    def resources(self, call: Call) -> list[dict[str, t.Any]]:
        """What the account has."""
        query = call.query
        return [
            item
            for item in self._all_resources()
            if _any_of(query.get("resourceName"), [item["name"]])
            and _any_of(query.get("resourceType"), [item["type"]])
            and _any_of(query.get("resourceURN"), [item["urn"]])
        ]

    @serves("GET /v2/iam/resource/{resourceURN}")
    def resource(self, call: Call) -> dict[str, t.Any]:
        """One resource."""
        return self._resource(call)

    def _tags(self, call: Call) -> dict[str, str]:
        urn = self._resource(call)["urn"]
        for domain in self.state.okms.values():
            if self.core.urn("okms", domain.okms_id) == urn:
                return domain.tags
        for cloud in self.state.pccs.values():
            if self.core.urn("pccVMware", cloud.name) == urn:
                return cloud.tags
        raise bad_request("This resource cannot be tagged")

    @serves("POST /v2/iam/resource/{resourceURN}/tag")
    def tag(self, call: Call) -> None:
        """Set one tag."""
        tags, key, value = self._tags(call), call.body["key"], call.body["value"]
        if not _TAG_KEY.fullmatch(key) or not _TAG_VALUE.fullmatch(value) or key.startswith("ovh:"):
            raise bad_request("Invalid tag")
        tags[key] = value

    @serves("DELETE /v2/iam/resource/{resourceURN}/tag/{key}")
    def untag(self, call: Call) -> None:
        """Remove one tag."""
        if self._tags(call).pop(call.params["key"], None) is None:
            raise not_found(f"tag {call.params['key']}")

    # --- checks

    def _checked(self, call: Call, urn: str) -> dict[str, list[str]]:
        answer: dict[str, list[str]] = {"authorizedActions": [], "unauthorizedActions": []}
        for action in call.body["actions"]:
            permitted = self._rights.permitted(call.caller, action, urn)
            answer["authorizedActions" if permitted else "unauthorizedActions"].append(action)
        return answer

    @serves("POST /v2/iam/resource/{resourceURN}/authorization/check")
    def check(self, call: Call) -> dict[str, list[str]]:
        """Which actions the caller may do on one resource."""
        return self._checked(call, self._resource(call)["urn"])

    @serves("POST /v2/iam/authorization/check")
    def check_all(self, call: Call) -> list[dict[str, t.Any]]:
        """The same for several resources."""
        if not self.core.settings.wildcard_checks and any("*" in urn for urn in call.body["resourceURNs"]):
            raise bad_request("Invalid URN")
        return [{**self._checked(call, urn), "resourceURN": urn} for urn in call.body["resourceURNs"]]

    # --- reference

    @serves("GET /v2/iam/reference/action")
    def actions(self, call: Call) -> list[dict[str, t.Any]]:
        """Known actions, by resource type."""
        rows = [(action, _type_of(action)) for action in sorted(self._rights.known_actions())]
        return [
            {
                "action": action,
                "categories": ["READ" if action.endswith("get") else "OPERATE"],
                "description": action.rsplit(":", 1)[-1],
                "hasQueryParameters": "?" in action,
                "resourceType": kind,
            }
            for action, kind in rows
            if _any_of(call.query.get("resourceType"), [kind])
        ]

    @serves("GET /v2/iam/reference/resource/type")
    def types(self, call: Call) -> list[str]:
        """Known resource types."""
        return RESOURCE_TYPES

    # --- groups

    @serves("GET /v2/iam/permissionsGroup")
    def permissions_groups(self, call: Call) -> list[dict[str, t.Any]]:
        """The groups that OVHcloud keeps, and the account's own."""
        managed = [
            {
                "createdAt": "2023-01-01T00:00:00Z",
                "description": name,
                "id": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
                "name": name,
                "owner": "ovh",
                "permissions": {"allow": [{"action": item} for item in patterns], "deny": None, "except": None},
                "updatedAt": None,
                "urn": f"urn:v1:eu:permissionsGroup:ovh:{name}",
            }
            for name, patterns in MANAGED_GROUPS.items()
        ]
        return managed + list(self.state.permissions_groups.values())

    @serves("GET /v2/iam/resourceGroup")
    def resource_groups(self, call: Call) -> list[dict[str, t.Any]]:
        """Groups of resources."""
        return list(self.state.resource_groups.values())

    @serves("POST /v2/iam/resourceGroup")
    def create_resource_group(self, call: Call) -> dict[str, t.Any]:
        """A new group of resources."""
        number = new_uuid()
        known = self._all_resources()
        members = []
        for wanted in call.body.get("resources") or []:
            found = [item for item in known if wanted.get("id") == item["id"] or wanted.get("urn") == item["urn"]]
            if not found:
                raise not_found("resource")
            members += found
        group = {
            "createdAt": stamp(self.core.now()),
            "id": number,
            "name": call.body["name"],
            "owner": self.state.account.nichandle,
            "readOnly": False,
            "resources": members,
            "updatedAt": None,
            "urn": f"urn:v1:eu:resourceGroup:{number}",
        }
        self.state.resource_groups[number] = group
        return group

    @serves("GET /v2/iam/resourceGroup/{groupId}", "DELETE /v2/iam/resourceGroup/{groupId}")
    def resource_group(self, call: Call) -> dict[str, t.Any] | None:
        """Read or remove one group of resources."""
        group = self.state.resource_groups.get(call.params["groupId"])
        if group is None:
            raise not_found(f"group {call.params['groupId']}")
        if call.operation.method == "DELETE":
            del self.state.resource_groups[group["id"]]
            return None
        return group


def _any_of(wanted: list[str] | None, present: list[str]) -> bool:
    return not wanted or any(item in present for item in wanted)


def _type_of(action: str) -> str:
    service, _separator, rest = action.partition(":")
    if service == "okms":
        return "okms/kmip" if rest.startswith("kmip:") else "okms"
    return "pccVMware" if service == "pccVMware" else "account"


def _policy_fields(body: dict[str, t.Any]) -> dict[str, t.Any]:
    permissions = {part: body["permissions"].get(part) for part in ("allow", "deny", "except")}
    return {
        "conditions": body.get("conditions"),
        "description": body.get("description"),
        "expiredAt": body.get("expiredAt"),
        "identities": list(body["identities"]),
        "name": body["name"],
        "permissions": permissions,
        "permissionsGroups": [{"urn": item["urn"]} for item in body.get("permissionsGroups") or [] if "urn" in item],
        "resources": [{"urn": item["urn"]} for item in body["resources"]],
    }
