# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service keys of an OKMS domain: shapes, rules, and the calls. vCenter does not use them, it makes KMIP objects."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.jwk import GivenKey
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.keys import (
    public_key_in,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    CollectionError,
    ConflictError,
    GuardError,
    InvalidInputError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import confirmed
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.redact import scrub
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    extended,
    one_line,
    outcome_unknown,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    Fields,
    ShapeError,
    record,
    records,
    require_told,
)


@dataclasses.dataclass(frozen=True)
class ServiceKey:
    """A service key; nothing of it is secret."""

    id: str
    name: str | None
    type: str | None
    size: int | None
    curve: str | None
    operations: list[str]
    protection_level: str | None
    extractable: bool | None  # only the regional API tells it
    state: str | None
    created_at: str | None
    urn: str | None
    tags: dict[str, str]
    public_key: str | None
    public_key_sha256: str | None


SERVICE_KEY_FIELDS = fields_of(ServiceKey)
SOFTWARE, HSM = "SOFTWARE", "HSM"
# limits of the regional API (swagger of OKMS); the central one publishes none
LONGEST_KEY_NAME, LONGEST_CONTEXT = 32, 64
ALIVE = ("PRE_ACTIVE", "ACTIVE")
ENDED_KEY_STATES = ("DEACTIVATED", "COMPROMISED")
GONE = ("DESTROYED", "DESTROYED_COMPROMISED")
REASONS = (
    "unspecified",
    "superseded",
    "cessation_of_operation",
    "affiliation_changed",
    "privilege_withdrawn",
    "key_compromise",
    "ca_compromise",
)
COMPROMISES = ("key_compromise", "ca_compromise")
# what a key of each type is for when neither the user nor the imported key says so
_USUAL = {"oct": ("decrypt", "encrypt"), "RSA": ("sign", "verify"), "EC": ("sign", "verify")}


def not_made(error: CollectionError, secrets: t.Sequence[str]) -> CollectionError:
    """The error of a call that makes a key, without the key, and with what to do when the answer was lost."""
    message = scrub(error.message, secrets)
    if isinstance(error, ShapeError):
        error.details["maybe_done"] = True
    if outcome_unknown(error):
        message += ". Whether the key exists is unknown; rerun: the next run looks for it before it creates one"
    return extended(error, message)


class ServiceKeys:
    """Calls of /v2/okms/resource/{okmsId}/serviceKey."""

    def __init__(self, client: Client, okms_id: str) -> None:
        self._client = client
        self._path = api_path("/v2/okms/resource/{}/serviceKey", okms_id)

    def every(self) -> list[State]:
        """All keys that are not destroyed, by name and creation; without their public part."""
        states = [key_state(raw) for raw in self._client.get_all(self._path)]
        # whether destroyed keys stay in the list is not known (assumption destroyed-keys-stay)
        alive = [state for state in states if state["state"] not in GONE]
        return sorted(alive, key=lambda state: (str(state["name"]), str(state["created_at"]), state["id"]))

    def get(self, key_id: str) -> State | None:
        """One key with its public part; None when it does not exist or is destroyed."""
        where = self._path + api_path("/{}", key_id)
        try:
            raw = self._client.get(where)
            read = record(raw, f"service key {key_id}")
            if read.text("type") != "oct":  # a symmetric key has no public part, and no PEM
                public = record(self._client.get(where, {"format": "PEM"}), f"service key {key_id}")
                raw = {**read.raw, "keysPEM": public.raw.get("keysPEM")}
        except NotFoundError:
            return None
        state = key_state(raw)
        return None if state["state"] in GONE else state

    def create(self, body: t.Mapping[str, t.Any], secrets: t.Sequence[str] = ()) -> State:
        """Generate or import one, once."""
        try:
            return key_state(self._client.post(self._path, dict(body)))
        except CollectionError as error:
            raise not_made(error, secrets) from error

    def update(self, key_id: str, body: t.Mapping[str, t.Any]) -> None:
        """Rename it, or change its state."""
        self._client.put(self._path + api_path("/{}", key_id), dict(body))

    def delete(self, key_id: str) -> None:
        """Destroy it; there is no way back."""
        self._client.delete(self._path + api_path("/{}", key_id))

    def offers(self, region: str) -> list[dict[str, t.Any]]:
        """The types of keys that a region offers, with sizes, curves, operations and defaults."""
        return self._client.get_all("/v2/okms/reference/serviceKey", {"region": region})


def key_state(raw: t.Any) -> State:
    """The API's key in our shape; nothing of it is secret."""
    read = record(raw, "a service key")
    key_id = read.known_text("id")
    read.what = f"service key {key_id}"
    iam = read.part("iam")
    pem = next((text for entry in read.parts("keysPEM") if (text := entry.text("pem"))), None)
    return as_result(
        ServiceKey(
            id=key_id,
            name=read.text("name"),
            type=read.text("type"),
            size=read.whole("size"),
            curve=read.text("curve"),
            operations=sorted(read.texts("operations")),
            protection_level=read.text("protectionLevel"),
            extractable=None,
            state=read.text("state"),
            created_at=read.time("createdAt"),
            urn=iam.text("urn"),
            tags=iam.labels("tags"),
            public_key=pem,
            public_key_sha256=_fingerprint(pem) if pem else None,
        )
    )


def _fingerprint(pem: str) -> str | None:
    try:
        return public_key_in(pem)
    except InvalidInputError:
        return None


def check_key_request(params: t.Mapping[str, t.Any]) -> None:
    """The API's limits and our own rules, before any call. Raises InvalidInputError. Pure."""
    name, context, state = params["name"], params["context"] or "", params["state"]
    plain = name is None or (name.isascii() and name.isprintable())
    rules = (
        (
            name is not None and not 1 <= len(name) <= LONGEST_KEY_NAME,
            f"name must have 1 to {LONGEST_KEY_NAME} characters",
        ),
        (not plain, "name may hold printable ASCII characters only"),
        (len(context) > LONGEST_CONTEXT, f"context must have at most {LONGEST_CONTEXT} characters"),
        (
            params["key"] is not None and (params["size"] is not None or params["curve"] is not None),
            "size and curve cannot go with key, which has its own",
        ),
        (
            params["key"] is not None and params["protection_level"] == HSM,
            "a key in an HSM cannot be imported: omit key to generate one there, or omit protection_level",
        ),
        (
            params["deactivation_reason"] is not None and state != "deactivated",
            "deactivation_reason is only for state=deactivated",
        ),
    )
    wrong = [text for broken, text in rules if broken]
    if wrong:
        raise InvalidInputError("; ".join(wrong))


def select_key(states: t.Sequence[State], params: t.Mapping[str, t.Any], kind: str | None) -> State | None:
    """The one key of that name (and type): pure.

    A key that can still be used comes before those that were deactivated, when one is wanted that will be used.
    """
    require_told(states, "name", "service key")
    named = [state for state in states if state["name"] == params["name"]]
    if kind is not None:
        require_told(named, "type", "service key")
    same = [state for state in named if kind in (None, state["type"])]
    alive = [state for state in same if state["state"] in ALIVE]
    if params["state"] in ("present", "active") and len(alive) == 1:
        return alive[0]
    if len(same) > 1:
        seen = ", ".join(f"{state['id']} ({state['type']}, {state['state']})" for state in same)
        raise AmbiguousError(
            f"{len(same)} service keys are called {params['name']!r}: {seen}. Name one by key_id",
            key_ids=[state["id"] for state in same],
        )
    return same[0] if same else None


def refuse_other_key(found: State, params: t.Mapping[str, t.Any], given: GivenKey | None) -> None:
    """Raise ConflictError when the key differs in something that can never be changed: pure."""
    wanted: dict[str, t.Any] = {name: params[name] for name in ("type", "size", "curve")}
    if params["operations"]:
        wanted["operations"] = sorted(set(params["operations"]))
    if given is not None:
        wanted.update(type=given.kind, size=given.size, curve=given.curve)
        if found["public_key_sha256"] is not None:
            wanted["public_key_sha256"] = given.public_key_sha256
    # the central API may never return it (assumption key-tells-protection)
    if found["protection_level"] is not None:  # not every answer tells it
        wanted["protection_level"] = params["protection_level"]
    differs = [
        f"{name} is {found[name]} and not {value}"
        for name, value in wanted.items()
        if value is not None and found[name] != value
    ]
    if differs:
        raise ConflictError(
            f"service key {found['id']} ({found['name']}) differs from the requested one: {'; '.join(differs)}. "
            "This cannot change: create one with another name, or deactivate and delete this one first",
            key_id=found["id"],
        )


def target_state(found: State, params: t.Mapping[str, t.Any]) -> str:
    """The state that the key must have: pure. As OVHcloud's own console does, a compromise is a state of its own."""
    current = str(found["state"])
    if params["state"] == "active":
        return "ACTIVE"
    if params["state"] != "deactivated":
        return current
    if params["deactivation_reason"] in COMPROMISES:
        return "COMPROMISED"
    return current if current in ENDED_KEY_STATES else "DEACTIVATED"


def check_deletion(state: t.Mapping[str, t.Any], confirm_name: str) -> None:
    """Raise GuardError unless the name was typed again and the key was deactivated before: pure."""
    name, key_id = state["name"], state["id"]
    if not confirmed(name, confirm_name, f"service key {key_id}"):
        raise GuardError(f"to delete service key {key_id}, give its name {name} as confirm_name; nothing was changed")
    # OVHcloud's own clients deactivate a key before they delete it, too (Terraform's provider)
    if state["state"] not in ENDED_KEY_STATES:
        raise GuardError(
            f"service key {key_id} ({name}) is {state['state']}: what it protects would be lost with it. Deactivate it "
            "first (state=deactivated), make sure that nothing needs it, then delete it; nothing was deleted"
        )


def generated(params: t.Mapping[str, t.Any], offers: t.Any) -> dict[str, t.Any]:
    """Type, size or curve, and operations of a new key; what the user leaves open is the region's default. Pure."""
    offer = _offer(params["type"], records(offers, "the keys that a region offers"))
    kind = offer.known_text("type")
    chosen: dict[str, t.Any] = {"type": kind}
    for name, many in (("size", "sizes"), ("curve", "curves")):
        value = _chosen(params[name], offer.parts(many), f"{name} of a key of type {kind}")
        if value is not None:
            chosen[name] = value
    usages = offer.parts("operations")
    allowed = sorted({word for usage in usages for word in usage.texts("value")})
    wanted = sorted(set(params["operations"] or []))
    if set(wanted) - set(allowed):
        raise InvalidInputError(
            f"operations of a key of type {kind} can be {', '.join(allowed)}, not {', '.join(wanted)}"
        )
    default = next((usage.texts("value") for usage in usages if usage.flag("default")), _USUAL.get(kind, ()))
    return {**chosen, "operations": wanted or sorted(default)}


def imported(params: t.Mapping[str, t.Any], given: GivenKey) -> dict[str, t.Any]:
    """The JWK to send: pure."""
    operations = sorted(set(params["operations"] or given.jwk.get("key_ops") or _USUAL[given.kind]))
    use = "sig" if set(operations) <= {"sign", "verify"} else "enc"
    kid = given.jwk.get("kid") or params["name"]
    return {"use": use, **given.jwk, "kid": kid, "key_ops": operations}


def new_key(name: str, facts: t.Mapping[str, t.Any], public_key_sha256: str | None = None) -> State:
    """What is known of a key before it exists: pure."""
    return {
        "name": name,
        **{part: facts.get(part) for part in ("type", "size", "curve", "operations", "protection_level")},
        "tags": {},
        "public_key_sha256": public_key_sha256,
    }


def _offer(kind: str | None, offers: t.Sequence[Fields]) -> Fields:
    for offer in offers:
        if offer.text("type") == kind if kind else offer.flag("default"):
            return offer
    known = one_line(", ".join(sorted(str(offer.text("type")) for offer in offers)))
    raise InvalidInputError(f"this region offers keys of type {known}, not {kind}")


def _chosen(value: t.Any, offered: t.Sequence[Fields], what: str) -> t.Any:
    if value is None:
        return next((entry.raw.get("value") for entry in offered if entry.flag("default")), None)
    if not offered:
        raise InvalidInputError(f"{what} cannot be chosen")
    values = [entry.raw.get("value") for entry in offered]
    if value not in values:
        raise InvalidInputError(f"{what} can be {', '.join(map(str, values))}, not {value}")
    return value
