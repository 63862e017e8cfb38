# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the current credential may and may not do, all at once instead of one refused call after the other."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    AuthenticationError,
    CollectionError,
    ForbiddenError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import (
    KMIP_ACTIONS,
    KMIP_OPTIONAL,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import (
    ApplicationKey,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    parse_time,
    record,
    records,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.iam.needs import (
    PROFILES,
    STREAMS,
    Need,
    Scope,
    access_rules,
    iam_policy,
    needs_of,
)

Rules = t.Optional[list[tuple[str, str]]]


@dataclasses.dataclass(frozen=True)
class RightsQuery:
    """What is asked about."""

    option: str
    profile: str
    features: tuple[str, ...]
    service_name: str
    okms_id: str

    def needs(self, profile: str = "") -> list[Need]:
        """The needs of the asked profile, or of another one."""
        return needs_of(self.option, profile or self.profile, self.features)


@dataclasses.dataclass(frozen=True)
class Caller:
    """Who calls. `rules` is None when the credential has no rules of its own (all calls are open to it)."""

    account: str
    method: str
    identities: tuple[str, ...]
    user: str | None
    description: str | None
    rules: Rules

    @classmethod
    def of(cls, raw: t.Any) -> Caller:
        """From an `auth.Details`."""
        read = record(raw, "the details of the credential")
        known = [(str(rule.text("method")), str(rule.text("path"))) for rule in read.parts("allowedRoutes")]
        rules = None if read.raw.get("allowedRoutes") is None else known
        identities = tuple(read.texts("identities"))
        method = read.text("method") or "an unknown method"
        return cls(read.known_text("account"), method, identities, read.text("user"), read.text("description"), rules)

    @property
    def api(self) -> str:
        """The part of URNs that names the API: `urn:v1:eu:identity:...` -> eu."""
        parts = self.identities[0].split(":") if self.identities else []
        return parts[2] if len(parts) > 2 else "eu"


def allowed_by(rules: Rules, method: str, call_path: str) -> bool:
    """Whether access rules let a call through; `*` in a rule stands for anything, slashes too."""
    if rules is None:
        return True
    # a path of which a part is not known yet is asked for with a sample
    sample = call_path.replace("*", "0")
    return any(
        method == wanted and fnmatch.fnmatchcase(sample, pattern.replace("[", "[[]")) for wanted, pattern in rules
    )


def judged(need: Need, scope: Scope, rules: Rules, permitted: t.Mapping[str, bool | None]) -> State:
    """One need with its verdict; `permitted` tells for each IAM action whether it is granted, None for unknown."""
    call_path = scope.path(need.path)
    by_rule = not need.method or allowed_by(rules, need.method, call_path)
    by_iam = permitted.get(need.action) if need.action else True
    if need.resource == STREAMS and not by_iam:
        by_iam = None  # it was asked of all services, and may be granted on the one that matters
    refused = None if by_rule else "consumer_key"
    if refused is None and by_iam is False:
        refused = "iam"
    return {
        "method": need.method or None,
        "path": call_path or None,
        "action": need.action or None,
        "resource": scope.urn(need.resource) if need.resource else None,
        "granted": False if refused else by_iam,
        "refused_by": refused,
        "optional": need.optional,
    }


def summed_up(who: str, wish: RightsQuery, calls: t.Sequence[State]) -> State:
    """All gaps in lists and in one sentence."""
    missing_calls = [f"{call['method']} {call['path']}" for call in calls if call["refused_by"] == "consumer_key"]
    missing = sorted({call["action"] for call in calls if call["refused_by"] == "iam"})
    unchecked = sorted({call["action"] for call in calls if call["granted"] is None})
    parts = []
    if missing_calls:
        parts.append(f"access rules of the consumer key for {', '.join(missing_calls)}")
    if missing:
        parts.append(f"IAM actions {', '.join(missing)}")
    about = f"option {wish.option}, profile {wish.profile}"
    if parts:
        message = f"{who} lacks for {about}: {'; '.join(parts)}"
    elif unchecked:
        message = f"{who}: OVHcloud did not tell for {about} whether it has the IAM actions {', '.join(unchecked)}"
    else:
        message = f"{who} has all that {about} needs"
    return {
        "missing_calls": missing_calls,
        "missing_actions": missing,
        "unchecked_actions": unchecked,
        "complete": not (missing_calls or missing or unchecked),
        "message": message,
    }


def granted_to_caller(client: Client, urn: str, actions: t.Sequence[str]) -> dict[str, bool | None]:
    """Whether the caller has each IAM action on a resource, None where OVHcloud does not tell. Reads only."""
    body = {"resourceURNs": [urn], "actions": list(actions)}
    known: dict[str, bool | None] = dict.fromkeys(actions)
    try:
        # a domain that does not exist yet is asked for as *, which may be refused (assumption wildcard-checks)
        answers = client.post("/v2/iam/authorization/check", body, read=True)
    except (ApiError, ForbiddenError, NotFoundError):
        return known
    for answer in records(answers, "the check of rights"):
        known.update(dict.fromkeys(answer.texts("authorizedActions"), True))
        known.update(dict.fromkeys(answer.texts("unauthorizedActions"), False))
    return known


def bypasses_policies(client: Client, identities: t.Sequence[str], user: str | None) -> bool | None:
    """Whether OKMS lets the caller do everything without an IAM policy, None when the caller may not look.

    It does so for the account itself and for users of a group with the role ADMIN. Reads only.
    """
    # guides okms-certificate-management (account) and external-secret-operator (role ADMIN)
    if any(":identity:account:" in urn for urn in identities):
        return True
    if not user:
        return False
    try:
        groups = record(client.get(api_path("/me/identity/user/{}", user)), f"user {user}").texts("groups")
        read = [record(client.get(api_path("/me/identity/group/{}", group)), f"group {group}") for group in groups]
        roles = [group.text("role") for group in read]
    except (ApiError, ForbiddenError, NotFoundError):
        return None
    return "ADMIN" in roles


def lacks_kmip_policy(client: Client, identities: t.Sequence[str], user: str | None, urn: str) -> bool | None:
    """Whether the caller needs an IAM policy for KMIP on a domain that is not there yet; None: not known."""
    granted = granted_to_caller(client, urn, KMIP_ACTIONS)
    if all(granted.values()):
        return False
    bypasses = bypasses_policies(client, identities, user)
    if bypasses is None or (not bypasses and False not in granted.values()):
        return None
    return not bypasses


class Rights:
    """Reads only."""

    def __init__(self, client: Client, wish: RightsQuery) -> None:
        self._client = client
        self._wish = wish

    def report(self) -> State:
        """The result keys `rights` and `profiles`."""
        try:
            caller = Caller.of(self._client.get("/auth/details"))
        except AuthenticationError as error:
            return {"rights": self._unusable(error), "profiles": self._profiles(Scope(), ())}
        scope = Scope(caller.account, caller.api, self._wish.service_name or "*", self._wish.okms_id or "*")
        needs = self._wish.needs()
        permitted = self._permitted(needs, scope)
        lacks = self._lacks_policy(caller, permitted)
        calls = [judged(need, scope, caller.rules, permitted) for need in needs]
        who = caller.identities[0] if caller.identities else caller.account
        rights = {
            "usable": True,
            "problem": None,
            "account": caller.account,
            "method": caller.method,
            "identities": list(caller.identities),
            "user": caller.user,
            "description": caller.description,
            "credential": self.credential(),
            "lacks_kmip_policy": lacks,
            "calls": calls,
            **summed_up(who, self._wish, calls),
        }
        return {"rights": rights, "profiles": self._profiles(scope, caller.identities)}

    def credential(self) -> State | None:
        """The consumer key; None for other credentials, and when the API does not tell."""
        if not isinstance(self._client.settings.credentials, ApplicationKey):
            return None
        try:
            raw = record(self._client.get("/auth/currentCredential"), "the consumer key")
        except (ApiError, AuthenticationError, ForbiddenError, NotFoundError):
            return None
        expires = raw.time("expiration")
        left = (parse_time(expires) - self._client.now()).days if expires else None
        return {
            "status": raw.text("status"),
            "created": raw.time("creation"),
            "expires": expires,
            "days_left": left,
            "last_used": raw.time("lastUse"),
            "allowed_ips": None if raw.raw.get("allowedIPs") is None else raw.texts("allowedIPs"),
            "rules": [{"method": rule.text("method"), "path": rule.text("path")} for rule in raw.parts("rules")],
        }

    def _unusable(self, error: CollectionError) -> State:
        wanted = self._wish.needs()
        calls = [judged(need, Scope(), [], {}) for need in wanted]
        nothing = {"missing_calls": [], "missing_actions": [], "unchecked_actions": [], "complete": False}
        return {
            "usable": False,
            "problem": error.message,
            **dict.fromkeys(("account", "method", "user", "description", "lacks_kmip_policy")),
            "identities": [],
            "credential": self.credential(),
            "calls": [{**call, "granted": None, "refused_by": None} for call in calls],
            **nothing,
            "message": error.message,
        }

    def _lacks_policy(self, caller: Caller, permitted: dict[str, bool | None]) -> bool | None:
        """Whether this identity still needs a policy to be the one in vCenter's certificate; None: unknown, not asked.

        OKMS asks no policy of some identities, so their KMIP actions count as granted in `permitted`.
        """
        asked = [action for action in (*KMIP_ACTIONS, *KMIP_OPTIONAL) if action in permitted]
        if not asked:
            return None
        refused = [action for action in KMIP_ACTIONS if permitted[action] is not True]
        bypasses = bypasses_policies(self._client, caller.identities, caller.user) if refused else False
        if bypasses:
            permitted.update(dict.fromkeys(asked, True))
        if not refused or bypasses:
            return False
        return True if any(permitted[action] is False for action in refused) and bypasses is False else None

    def _permitted(self, needs: t.Sequence[Need], scope: Scope) -> dict[str, bool | None]:
        """Ask once for each kind of resource: actions of other kinds would be refused."""
        found: dict[str, bool | None] = {}
        for kind in sorted({need.resource for need in needs if need.action}):
            actions = sorted({need.action for need in needs if need.resource == kind and need.action})
            found.update(granted_to_caller(self._client, scope.urn(kind), actions))
        return found

    def _profiles(self, scope: Scope, identities: t.Sequence[str]) -> State:
        made = {}
        for profile in PROFILES:
            needs = self._wish.needs(profile)
            name = f"ansible-{self._wish.option}-{profile}".replace("_", "-")
            policy = iam_policy(name, identities, needs, scope)
            made[profile] = {"access_rules": access_rules(needs, scope), "iam_policy": policy}
        return made
