# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A standard key provider as the module `standard_key_provider` sees it: read, wanted state, and the steps of a "
"change."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem import CERTIFICATE
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.pem_files import pem_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import confirmed
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers import health, providers
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.defaults import Defaults
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    STANDARD,
    Provider,
    Server,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.removal import (
    Removal,
    check_names,
    leaving,
    why_no_keys,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.server_trust import (
    ServerTrust,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.servers import (
    as_registered,
    bare,
    changes_of,
    check_servers,
    judge_locations,
    locations,
    merge_servers,
    same_place,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.trust import (
    TrustRule,
    trust_rule_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage.users import guard_removal


@dataclasses.dataclass(frozen=True)
class StandardRecord:
    """A standard key provider, its servers, and the status of vCenter's connections to them."""

    name: str
    type: str
    servers: list[Server]
    default: bool
    default_clusters: list[str]
    passwords_set: list[str]
    status: str | None
    connections: list[State]


STANDARD_FIELDS = fields_of(StandardRecord)


def checked_rule(params: t.Mapping[str, t.Any]) -> TrustRule:
    """The trust rule of the options; InvalidInputError for options that contradict themselves. Needs no session."""
    if not params["name"].strip():
        raise InvalidInputError("name: the key provider needs a name that is not empty")
    check_servers(params["servers"] or [])
    check_names(params["remove_servers"] or [], params["servers"] or [])
    if params["state"] == "absent":  # nobody needs the files any more, and they may be gone
        params = {**params, "server_ca_path": None, "server_chain_path": None}
    chain = pem_of({**params, "server_chain": "\n".join(params["server_chain"] or [])}, "server_chain", CERTIFICATE)
    rule = trust_rule_of(
        pem_of(params, "server_ca", CERTIFICATE),
        params["server_thumbprints"],
        params["trust_on_first_use"],
        [chain] if chain else [],
    )
    if rule.first_use and rule.verifies:
        raise InvalidInputError(
            "trust_on_first_use contradicts server_ca and server_thumbprints: give one kind of trust"
        )
    return rule


class StandardProvider(Resource):
    """One provider by name: its servers, their trust, its place as default. Reads remember what later steps need."""

    result_key = "key_provider"
    fields = STANDARD_FIELDS
    volatile = ("status", "connections")

    def __init__(self, context: Context, session: Session, rule: TrustRule) -> None:
        self._session = session
        self._params = params = context.params
        self._warn = context.warn
        self._name: str = params["name"].strip()
        self._options: list[dict[str, t.Any]] = params["servers"] or []
        self._removed: list[str] = params["remove_servers"] or []
        self.trust = ServerTrust(session, self._name, rule)
        self._provider: Provider | None = None
        self._health = health.UNKNOWN_HEALTH
        self._changes: dict[str, list[str]] = {}
        self._defaults = Defaults(session, self._name, params)

    def read(self) -> State | None:
        """Present state, None when absent. Also looks at the servers' certificates and judges them."""
        provider = providers.find_provider(self._session, self._name)
        self._provider = provider
        if provider is not None:
            providers.check_standard(provider, self._session.hostname)
            self._options = as_registered(self._options, provider.servers)
        if self._params["state"] == "present":
            # without the option `servers` the present ones are meant
            present = provider.servers if provider else []
            self.trust.look(merge_servers(self._options, present, bool(self._options), self._removed))
        return self._state(provider) if provider is not None else None

    def _state(self, provider: Provider) -> State:
        self._health = found = health.health(self._session, provider)
        servers = []
        for server in provider.servers:
            connection = found.of(server["name"])
            trusted = bool(connection and connection.trusted) or self.trust.trusts(server)
            servers.append({**server, "trusted": trusted})
        return as_result(
            StandardRecord(
                name=provider.name,
                type=provider.type,
                servers=servers,
                **self._defaults.state(provider),
                passwords_set=[],
                status=found.overall,
                connections=found.as_results(),
            )
        )

    def wanted(self, before: State | None) -> State:
        """What the user asked for, over what is there."""
        present: list[Server] = before["servers"] if before else []
        if before is None and not self._options:
            raise InvalidInputError(
                f"servers: the key provider {self._name} does not exist; its first server creates it"
            )
        servers = merge_servers(self._options, present, self._params["purge_servers"], self._removed)
        if not servers:
            raise InvalidInputError(self._nothing_left())
        trusted = {server["name"]: self._trusted_before(server, present) for server in servers}
        if before is not None:
            trusted.update(self.trust.known_already([one for one in servers if not trusted[one["name"]]], present))
        wanted: State = {
            "name": self._name,
            "type": STANDARD,
            "servers": [
                {**server, "trusted": self.trust.will_trust(server, trusted[server["name"]])} for server in servers
            ],
            "passwords_set": self._passwords({server["name"] for server in present}),
        }
        wanted.update(self._defaults.wanted())
        if not self.trust.rule.active and not all(server["trusted"] for server in wanted["servers"]):
            self._warn(
                "no server_ca, server_thumbprints or trust_on_first_use given: vCenter does not trust all servers, "
                "so the provider cannot become green"
            )
        return wanted

    def _nothing_left(self) -> str:
        if self._params["purge_servers"]:
            return (
                "servers: an empty list with purge_servers would remove the provider with its last server; say "
                "state: absent"
            )
        return (
            f"remove_servers: the key provider {self._name} would be removed with its last server; say state: absent, "
            "or add another server first"
        )

    @staticmethod
    def _trusted_before(server: Server, present: t.Sequence[Server]) -> bool:
        """Trust is in what a place presents, whatever name the provider has for it."""
        return any(old["trusted"] and same_place(old, server) for old in present)

    def _passwords(self, present: t.Collection[str]) -> list[str]:
        # vCenter returns no password, so whether this is another one is unknown (vSphere API)
        always = self._params["update_password"] == "always"
        given = [server["name"] for server in self._options if server.get("password") is not None]
        return sorted(name for name in given if always or name not in present)

    def _password(self, name: str, plan: Plan) -> str | None:
        if name not in plan.after["passwords_set"]:
            return None
        return next(str(server["password"]) for server in self._options if server["name"] == name)

    def guard(self, plan: Plan) -> None:
        """Refuse to take the provider, or all of its servers at once, from somebody who uses it."""
        self._changes = changes_of(plan)
        self._guard_use(plan)
        # a provider that is made again, after the loss of vCenter, needs the servers that it had
        allowed = plan.verb == "create" or self._confirmed()
        for message in judge_locations(locations(self._session, plan, self._name), allowed):
            self._warn(message)

    def _guard_use(self, plan: Plan) -> None:
        if self._provider is None or not plan.changed:
            return
        left = {server["name"] for server in plan.after.get("servers", [])}
        present = {server["name"] for server in self._provider.servers}
        # a provider without servers may get some, whoever uses it
        if plan.verb == "delete" or (present and not left & present):
            guard_removal(self._session, self._provider, self._params["confirm_name"], self._warn)
        elif present - left and not self._confirmed():
            why = why_no_keys(plan, self._health)
            if why:
                guard_removal(
                    self._session, self._provider, None, self._warn, f", and no server that stays is green ({why})"
                )

    def _confirmed(self) -> bool:
        return confirmed(self._name, self._params["confirm_name"], "the key provider")

    def predict(self, plan: Plan) -> State:
        """The planned state; the health after a change is not known before."""
        for message in self.trust.warnings(to_come=True) if plan.verb != "delete" else []:
            self._warn(message)
        if not plan.changed or plan.verb == "delete":
            return plan.after
        known: State = {"default_clusters": []} if plan.verb == "create" else {}
        return {**known, **plan.after, "status": None, "connections": None}

    def apply(self, plan: Plan) -> State:
        """Verify the servers, write servers, trust and defaults, and read the new state."""
        patience = Patience.of(self._params)
        # new certificates are trusted before servers move, and servers are removed after the others are trusted: at no
        # moment is vCenter without a server that it trusts
        self.trust.wait(patience)
        for message in self.trust.warnings(to_come=False):
            self._warn(message)
        self.trust.prepare(_leaving(plan))
        self._write_servers(plan)
        self.trust.establish(patience)
        gone = leaving(plan)
        Removal(self._session, self._name, self._warn, self._provider).carry_out(gone, bool(gone) and self._confirmed())
        self._defaults.write(plan)
        after = self.read()
        return {**(after or {}), "passwords_set": plan.after["passwords_set"]}

    def _write_servers(self, plan: Plan) -> None:
        before = {server["name"]: bare(server) for server in plan.before.get("servers", [])}
        after = {server["name"]: bare(server) for server in plan.after["servers"]}
        for name, server in after.items():
            password = self._password(name, plan)
            if name not in before:
                providers.register_server(self._session, self._name, server, password, self._provider)
            elif server != before[name] or password is not None:
                providers.update_server(self._session, self._name, before[name], server, password)

    def delete(self, plan: Plan) -> None:
        """Remove the provider with all its servers."""
        if self._provider is not None:
            providers.remove_provider(self._session, self._provider)

    def extras(self) -> dict[str, t.Any]:
        """What became of which server; what each one showed, and how it was judged."""
        return {"server_changes": self._changes, "server_trust": self.trust.results()}


def _leaving(plan: Plan) -> list[Server]:
    """Servers that are registered and will be elsewhere, or no longer there."""
    after = {server["name"]: server for server in plan.after.get("servers", [])}
    present = [bare(server) for server in plan.before.get("servers", [])]
    return [old for old in present if old["name"] not in after or not same_place(old, after[old["name"]])]
