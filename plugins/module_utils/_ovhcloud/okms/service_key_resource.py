# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service key as the module okms_service_key brings it into a state: made, imported, deactivated, deleted."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.jwk import GivenKey, read_key
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem_files import text_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    InvalidInputError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    Client,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    ServiceExpiredError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.domains import Domains
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.regional_keys import (
    RegionalKeys,
    check_credentials,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.service_keys import (
    SERVICE_KEY_FIELDS,
    ServiceKeys,
    check_deletion,
    check_key_request,
    generated,
    imported,
    new_key,
    refuse_other_key,
    select_key,
    target_state,
)


class OkmsServiceKey(Resource):
    """One service key of a domain."""

    result_key = "service_key"
    fields = SERVICE_KEY_FIELDS

    def __init__(self, context: Context, client: Client) -> None:
        self.params = context.params
        self.warn = context.warn
        self.keys = ServiceKeys(client, context.params["okms_id"])
        self.domains = Domains(client)
        self.client = client
        self.closing = context.closing
        self.there: RegionalKeys | None = None
        self.given: GivenKey | None = None
        self.body: dict[str, t.Any] = {}

    def read(self) -> State | None:
        # the file may have gone with the key
        gone = {"key_path": None} if self.params["state"] == "absent" else {}
        own = text_of({**self.params, **gone}, "key")
        key = self.params["key"] if own.text is None else own.text
        # not kept among the options: Ansible shows them
        check_key_request({**self.params, "key": key})
        if self._regional:
            check_credentials(self.client.settings)
        if key is not None:
            self.given = read_key(key, own.name)
        if not self.params["okms_id"]:
            return None
        try:
            return self._with_facts(self._found())
        except (NotFoundError, ServiceExpiredError):
            if self.params["state"] == "absent":
                return None  # the keys of a domain end with it
            raise

    @property
    def _regional(self) -> bool:
        return bool(self.params["regional_api"]) or self.params["extractable"] is not None

    def _domain(self) -> State:
        domain = self.domains.get(self.params["okms_id"])
        if domain is None:
            raise NotFoundError(f"OKMS {self.params['okms_id']} does not exist, or this account may not see it")
        return domain

    def _keys_there(self) -> RegionalKeys:
        if self.there is None:
            self.there = RegionalKeys(self.client.settings, self._domain(), self.closing)
        return self.there

    def _with_facts(self, state: State | None) -> State | None:
        """The key with what only the regional API tells."""
        if state is None or not self._regional:
            return state
        facts = self._keys_there().facts(state["id"])
        return {**state, **{name: value for name, value in facts.items() if value is not None}}

    def _found(self) -> State | None:
        if self.params["key_id"]:
            return self.keys.get(self.params["key_id"])
        kind = self.given.kind if self.given else self.params["type"]
        found = select_key(self.keys.every(), self.params, kind)
        # the list has no public part
        return self.keys.get(found["id"]) if found and found["type"] != "oct" else found

    def wanted(self, before: State | None) -> State:
        if before is not None:
            refuse_other_key(before, self.params, self.given)
            if self.params["protection_level"] and before["protection_level"] is None:
                self.warn(
                    f"OVHcloud does not return the protection level of service key {before['id']}: whether it is "
                    f"{self.params['protection_level']} is unknown"
                )
            name = {"name": self.params["name"]} if self.params["name"] else {}
            return {**name, **self._wanted_extractable(before), "state": target_state(before, self.params)}
        if self.params["key_id"]:
            raise NotFoundError(f"service key {self.params['key_id']} does not exist in OKMS {self.params['okms_id']}")
        if self.params["state"] == "deactivated":
            raise NotFoundError(
                f"no service key of OKMS {self.params['okms_id']} is called {self.params['name']!r}: there is nothing "
                "to deactivate"
            )
        return self._new()

    def _wanted_extractable(self, before: State) -> State:
        if self.params["extractable"] is None:
            return {}
        if before["extractable"] is None:
            self.warn(
                f"OKMS does not tell whether service key {before['id']} is extractable: it was neither compared nor "
                "changed"
            )
            return {}
        return {"extractable": self.params["extractable"]}

    def _new(self) -> State:
        state: State = {"state": "ACTIVE"} if self.params["state"] == "active" else {}
        if self.params["extractable"] is not None:
            state["extractable"] = self.params["extractable"]
        if self.given is not None:
            jwk = imported(self.params, self.given)
            self.body = {"keys": [jwk]}
            facts = {
                "type": self.given.kind,
                "size": self.given.size,
                "curve": self.given.curve,
                "operations": jwk["key_ops"],
                "protection_level": self.params["protection_level"],
            }
            return {**new_key(self.params["name"], facts, self.given.public_key_sha256), **state}
        if not self.params["okms_id"]:
            return {**new_key(self.params["name"], self.params), **state}
        facts = generated(self.params, self.keys.offers(self._domain()["region"]))
        level = self.params["protection_level"]
        self.body = {**facts, **({"protectionLevel": level} if level else {})}
        return {**new_key(self.params["name"], {**facts, "protection_level": level}), **state}

    def guard(self, plan: Plan) -> None:
        if plan.verb == "delete":
            check_deletion(plan.before, self.params["confirm_name"])

    def apply(self, plan: Plan) -> State:
        return self._create(plan) if plan.verb == "create" else self._update(plan)

    def _create(self, plan: Plan) -> State:
        if not self.params["okms_id"]:
            raise InvalidInputError(
                "okms_id is empty: a service key cannot be made without a domain; give its id, as okms_info returns it"
            )
        body = {"name": self.params["name"], "context": self.params["context"], **self.body}
        secrets = self.given.secrets() if self.given else ()
        if self._regional:
            key_id = self._keys_there().create({**body, "extractable": self.params["extractable"]}, secrets)
            made = self.keys.get(key_id) or {**plan.after, "id": key_id, "state": None}
        else:
            made = self.keys.create(body, secrets)
        # a new key may be pre-active (assumption service-key-state)
        if self.params["state"] == "active" and made["state"] != "ACTIVE":
            self.keys.update(made["id"], {"state": "ACTIVE"})
            made = self.keys.get(made["id"]) or made
        elif not self._regional:
            made = self.keys.get(made["id"]) or made
        told = {name: self.params[name] for name in ("protection_level", "extractable")}
        seen = self._with_facts(made) or made
        return {**seen, **{name: value if seen.get(name) is None else seen[name] for name, value in told.items()}}

    def _update(self, plan: Plan) -> State:
        body: dict[str, t.Any] = {name: plan.changes[name] for name in ("name", "state") if name in plan.changes}
        if body.get("state", "ACTIVE") != "ACTIVE":
            body["deactivationReason"] = (self.params["deactivation_reason"] or "unspecified").upper()
        if body:
            self.keys.update(plan.before["id"], body)
        if "extractable" in plan.changes:
            self._keys_there().set_extractable(plan.before["id"], plan.changes["extractable"])
        return self._with_facts(self.keys.get(plan.before["id"])) or plan.after

    def delete(self, plan: Plan) -> None:
        self.keys.delete(plan.before["id"])


class OkmsServiceKeyInfo:
    """Service keys of one or of all domains."""

    def __init__(self, context: Context, client: Client) -> None:
        self.params = context.params
        self.closing = context.closing
        self.client = client

    def find(self) -> dict[str, t.Any]:
        """The result keys."""
        if self.params["regional_api"]:
            check_credentials(self.client.settings)
        ids = [self.params["okms_id"]] if self.params["okms_id"] else self._domain_ids()
        return {"service_keys": [state for okms_id in ids for state in self._of_domain(okms_id)]}

    def _domain_ids(self) -> list[str]:
        return [state["id"] for state in Domains(self.client).every()]

    def _of_domain(self, okms_id: str) -> list[State]:
        keys = ServiceKeys(self.client, okms_id)
        try:
            found = [state for state in keys.every() if self._matches(state)]
            if self.params["public_keys"]:
                found = [(keys.get(state["id"]) or state) if state["type"] != "oct" else state for state in found]
        except (NotFoundError, ServiceExpiredError):
            return []  # a terminated domain is listed for some time, its keys are not
        domain = Domains(self.client).get(okms_id) if found and self.params["regional_api"] else None
        if domain is not None:
            there = RegionalKeys(self.client.settings, domain, self.closing)
            facts = [there.facts(state["id"]) for state in found]
            found = [
                {**state, **{name: value for name, value in told.items() if value is not None}}
                for state, told in zip(found, facts)
            ]
        return [{"okms_id": okms_id, **state} for state in found]

    def _matches(self, state: State) -> bool:
        wanted = ((self.params["name"], "name"), (self.params["key_id"], "id"), (self.params["type"], "type"))
        if any(value and value != state[field] for value, field in wanted):
            return False
        return not self.params["states"] or state["state"] in self.params["states"]
