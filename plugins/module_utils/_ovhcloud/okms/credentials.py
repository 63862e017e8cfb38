# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access credentials of an OKMS domain: shapes, limits, and the calls."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import (
    certificate_facts,
    days_left,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import public_key_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import (
    confirmed,
    refuse_while_used,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.lifetimes import life_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.identities import is_identity
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    ShapeError,
    record,
    require_told,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.iam.rights import (
    Caller,
    lacks_kmip_policy,
)


@dataclasses.dataclass(frozen=True)
class Credential:
    """An access certificate of an OKMS domain."""

    id: str
    name: str | None
    description: str | None
    identity_urns: list[str]
    status: str | None
    from_csr: bool
    certificate_type: str | None
    created_at: str | None
    expires_at: str | None
    days_left: int | None
    certificate: str | None
    certificate_sha256: str | None
    public_key_sha256: str | None
    private_key_path: str | None = None  # known only to the run that wrote it
    certificate_path: str | None = None  # the same


CREDENTIAL_FIELDS = fields_of(Credential)
CREDENTIAL_VOLATILE = frozenset({"days_left"})
# limits of the API (schema v2/okms, okms.credential.Creation)
LONGEST_CREDENTIAL_NAME, LONGEST_DESCRIPTION, MOST_URNS, MOST_DAYS = 50, 200, 25, 365
_LEAST_DAYS = 2  # OKMS allows one, but its first day is its last, so each run would replace it
USABLE = ("CREATING", "READY")
KNOWN = (*USABLE, "DELETING", "ERROR", "EXPIRED")


class Credentials:
    """Calls of /v2/okms/resource/{okmsId}/credential. Days are counted on the API's clock."""

    def __init__(self, client: Client, okms_id: str) -> None:
        self._client = client
        self._okms_id = okms_id
        self._path = api_path("/v2/okms/resource/{}/credential", okms_id)

    def every(self) -> list[State]:
        """All credentials, by name and by creation."""
        now = self._client.now()
        states = [credential_state(raw, now) for raw in self._client.get_all(self._path)]
        # whether a list holds the certificates is not certain
        states = [
            self.get(state["id"]) or state if state["status"] == "READY" and not state["certificate"] else state
            for state in states
        ]
        return sorted(states, key=lambda state: (str(state["name"]), str(state["created_at"]), state["id"]))

    def get(self, credential_id: str) -> State | None:
        """One credential; None when it does not exist."""
        try:
            raw = self._client.get(self._path + api_path("/{}", credential_id))
        except NotFoundError:
            return None
        return credential_state(raw, self._client.now())

    def caller(self) -> tuple[list[str], bool | None]:
        """URNs of the caller, without the groups it is in, and whether it still needs an IAM policy for KMIP.

        Every caller may ask who it is, see GET /auth/details.
        """
        details = Caller.of(self._client.get("/auth/details"))
        identities = sorted(urn for urn in details.identities if ":identity:group:" not in urn)
        domain = f"urn:v1:{details.api}:resource:okms:{self._okms_id or '*'}"
        return identities, lacks_kmip_policy(self._client, identities, details.user, domain)

    def issue(self, body: t.Mapping[str, t.Any]) -> tuple[str, str | None]:
        """Ask for a new one, once: its id, and the private key if OKMS made it, which can never be read again."""
        answer = self._client.post(self._path, dict(body))
        try:
            read = record(answer, "a new credential")
            # its value must never get into a message
            private_key = read.raw.get("privateKeyPEM")
            return read.known_text("id"), private_key if isinstance(private_key, str) else None
        except ShapeError:
            # not chained: the first error quotes the answer, which may hold the private key
            raise ShapeError(
                f"OVHcloud answered the request for credential {body.get('name')} without its id", maybe_done=True
            ) from None

    def revoke(self, credential_id: str) -> None:
        """Revoke; it is removed a little later."""
        self._client.delete(self._path + api_path("/{}", credential_id))


def credential_state(raw: t.Any, now: datetime.datetime) -> State:
    """The API's credential in our shape. A certificate that cannot be read has no thumbprints."""
    read = record(raw, "an OKMS credential")
    credential_id = read.known_text("id")
    read.what = f"credential {credential_id}"
    pem = read.text("certificatePEM")
    facts, public_key = _certificate(pem) if pem else ({}, None)
    expires_at = read.time("expiredAt")
    return as_result(
        Credential(
            id=credential_id,
            name=read.text("name"),
            description=read.text("description"),
            identity_urns=sorted(read.texts("identityURNs")),
            status=read.text("status"),
            from_csr=bool(read.flag("fromCSR")),
            certificate_type=read.text("certificateType"),
            created_at=read.time("createdAt"),
            expires_at=expires_at,
            days_left=days_left(expires_at, now) if expires_at else None,
            certificate=pem,
            certificate_sha256=facts.get("sha256"),
            public_key_sha256=public_key,
        )
    )


def _certificate(pem: str) -> tuple[dict[str, t.Any], str | None]:
    try:
        return certificate_facts(pem), public_key_of(pem)
    except InvalidInputError:
        return {}, None


def check_credential_request(params: t.Mapping[str, t.Any]) -> None:
    """The API's limits and our own rules, before any call. Raises InvalidInputError."""
    name, description = params["name"] or "", params["description"] or ""
    urns, validity, renew_before = params["identity_urns"] or [], params["validity"], params["renew_before"]
    rules = (
        (not 1 <= len(name) <= LONGEST_CREDENTIAL_NAME, f"name must have 1 to {LONGEST_CREDENTIAL_NAME} characters"),
        (len(description) > LONGEST_DESCRIPTION, f"description must have at most {LONGEST_DESCRIPTION} characters"),
        (not 1 <= len(set(urns)) <= MOST_URNS, f"identity_urns must hold 1 to {MOST_URNS} URNs"),
        (not _LEAST_DAYS <= validity <= MOST_DAYS, f"validity must be {_LEAST_DAYS} to {MOST_DAYS} days"),
        (renew_before is not None and renew_before < 0, "renew_before must not be negative"),
        (
            # the first day has begun when it is issued
            renew_before is not None and validity < renew_before + _LEAST_DAYS,
            f"validity ({validity}) must be at least two days more than renew_before ({renew_before})",
        ),
        (params["csr"] is not None and params["certificate_type"] is not None, "certificate_type cannot go with csr"),
        (params["csr"] is not None and params["private_key_path"] is not None, "private_key_path cannot go with csr"),
    )
    wrong = [text for broken, text in rules if broken]
    wrong += [f"{urn!r} in identity_urns is not a URN of an identity" for urn in urns if not is_identity(urn)]
    if wrong:
        raise InvalidInputError("; ".join(wrong))


def creation_body(params: t.Mapping[str, t.Any], csr: str | None) -> dict[str, t.Any]:
    """The body of the request."""
    body = {
        "name": params["name"],
        "identityURNs": sorted(set(params["identity_urns"])),
        "validity": params["validity"],
        "description": params["description"],
        "csr": csr,
        "certificateType": params["certificate_type"],
    }
    return {name: value for name, value in body.items() if value is not None}


def select_credential(
    states: t.Sequence[State], params: t.Mapping[str, t.Any], public_key: str | None, from_csr: bool
) -> State | None:
    """The credential that already is what the user wants, the one that lives longest: pure.

    `public_key` is the key that the certificate must have; None when no key is at hand.
    """
    if public_key is None:
        return None
    urns = sorted(set(params["identity_urns"]))
    require_told(states, "name", "credential")
    named = [state for state in states if state["name"] == params["name"]]
    _refuse_what_is_not_told(named)
    fitting = [
        state
        for state in named
        if state["identity_urns"] == urns
        and state["from_csr"] == from_csr
        # without a CSR only: for one, OKMS answers ECDSA whatever its key is (guide okms-certificate-management)
        and params["certificate_type"] in (None, state["certificate_type"])
        and _lives(state, params["renew_before"])
        # a certificate that is not there yet is compared when it comes
        and (state["public_key_sha256"] == public_key or _no_certificate_yet(state))
    ]
    return max(fitting, key=lambda state: (state["status"] == "READY", str(state["expires_at"])), default=None)


def usable_others(states: t.Sequence[State], name: str, credential_id: str | None) -> list[str]:
    """Ids of the other credentials of that name that still work: pure."""
    return [
        state["id"]
        for state in states
        if state["name"] == name and state["status"] in USABLE and state["id"] != credential_id
    ]


def lost_key(states: t.Sequence[State], name: str) -> list[str]:
    """Ids of usable credentials of that name whose key OKMS made: without their key file they are of no use. Pure."""
    made_there = [state for state in states if not state["from_csr"]]
    return usable_others(made_there, name, None)


def to_revoke(states: t.Sequence[State], name: str) -> State | None:
    """The one credential of that name; raises AmbiguousError that lists them when there are more. Pure."""
    same = [state for state in states if state["name"] == name and state["status"] != "DELETING"]
    if len(same) > 1:
        seen = ", ".join(f"{state['id']} ({state['status']}, {state['days_left']} days left)" for state in same)
        raise AmbiguousError(
            f"{len(same)} credentials are called {name!r}: {seen}. Name one by credential_id",
            credential_ids=[state["id"] for state in same],
        )
    return same[0] if same else None


def refuse_revocation(state: State, params: t.Mapping[str, t.Any]) -> None:
    """Raise GuardError while somebody is said to need the credential and its name was not typed again. Pure."""
    name = state["name"]
    if not confirmed(name, params["confirm_name"], f"credential {state['id']}"):
        what = f"credential {name} ({state['id']}) of OKMS domain {params['okms_id']}"
        refuse_while_used(what, params["in_use_by"], f"revoke it anyway with confirm_name: {name}")


def new_credential(params: t.Mapping[str, t.Any], public_key: str | None) -> State:
    """What is known of a credential before it is issued: pure."""
    from_csr = params["csr"] is not None
    return {
        "name": params["name"],
        "description": params["description"],
        "identity_urns": sorted(set(params["identity_urns"])),
        "status": "READY",
        "from_csr": from_csr,
        "certificate_type": None if from_csr else params["certificate_type"] or "ECDSA",
        "public_key_sha256": public_key if from_csr else None,
        "private_key_path": params["private_key_path"],
        "certificate_path": params["certificate_path"],
    }


def _no_certificate_yet(state: State) -> bool:
    return state["public_key_sha256"] is None and not state["certificate"]


def _refuse_what_is_not_told(named: t.Sequence[State]) -> None:
    """Raise when it is not clear whether a credential of the wanted name is the wanted one, or can be used."""
    require_told(named, "status", "credential")
    for state in named:
        if state["status"] not in KNOWN:
            raise ConflictError(
                f"credential {state['name']} ({state['id']}) has the status {state['status']}, which this version does "
                "not know: nothing was issued. Revoke it (state=absent with credential_id), or wait for another status",
                credential_id=state["id"],
            )
        if not state["identity_urns"]:
            raise ShapeError(f"OVHcloud answered credential {state['id']} without identityURNs", field="identityURNs")


def _lives(state: State, renew_before: int | None) -> bool:
    dates = {"not_before": state["created_at"], "not_after": state["expires_at"], "days_left": state["days_left"]}
    return state["status"] in USABLE and life_of(dates, renew_before).lasts
