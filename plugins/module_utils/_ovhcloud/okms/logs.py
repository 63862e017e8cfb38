# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audit logs of an OKMS domain: their kinds, subscriptions that send them to a stream, and the calls."""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    InvalidInputError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line, shown
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    Fields,
    record,
    require_told,
)


@dataclasses.dataclass(frozen=True)
class LogKind:
    """A kind of a domain's logs."""

    okms_id: str
    name: str
    display_name: str | None
    fields: list[str]  # that its lines have beside those of all logs


@dataclasses.dataclass(frozen=True)
class LogSubscription:
    """One kind of a domain's logs that goes to one stream of Logs Data Platform."""

    okms_id: str
    id: str
    kind: str | None
    stream_id: str | None  # in lower case
    ldp_service: str | None
    created_at: str | None


LOG_SUBSCRIPTION_FIELDS = fields_of(LogSubscription)
_LONGEST_ID = 80  # characters of an id in a message


class Operation(t.NamedTuple):
    """What Logs Data Platform does for a call, and where; empty if it was not told."""

    id: str
    service: str

    def __str__(self) -> str:
        return " of ".join(part for part in (self.id, self.service) if part) or "without an id"


class Logs:
    """Calls of /v2/okms/resource/{okmsId}/log."""

    def __init__(self, client: Client, okms_id: str) -> None:
        self._client = client
        self._okms_id = okms_id
        self._path = api_path("/v2/okms/resource/{}/log", okms_id)

    def kinds(self) -> list[State]:
        """The kinds of logs, by name."""
        found = [kind_state(raw, self._okms_id) for raw in self._client.get_all(f"{self._path}/kind")]
        return sorted(found, key=lambda state: str(state["name"]))

    def subscriptions(self) -> list[State]:
        """All subscriptions, by kind and stream."""
        answers = self._client.get_all(f"{self._path}/subscription")
        found = [subscription_state(raw, self._okms_id) for raw in answers]
        return sorted(found, key=lambda state: tuple(str(state[name]) for name in ("kind", "stream_id", "id")))

    def subscribe(self, kind: str, stream_id: str) -> Operation:
        """Ask once that a kind goes to a stream. What is asked for is there a little later."""
        body = {"kind": kind, "streamId": stream_id}
        return _operation(self._client.post(f"{self._path}/subscription", body))

    def unsubscribe(self, subscription_id: str) -> Operation | None:
        """End a subscription, which is gone a little later; None when it was gone already."""
        try:
            return _operation(self._client.delete(self._path + api_path("/subscription/{}", subscription_id)))
        except NotFoundError:
            return None


def _operation(answer: t.Any) -> Operation:
    """From an answer that may hold anything: the list of subscriptions tells what was done."""
    read = answer if isinstance(answer, dict) else {}
    told = [read.get(name) for name in ("operationId", "serviceName")]
    return Operation(*(one_line(one, _LONGEST_ID) if isinstance(one, str) else "" for one in told))


def kind_state(raw: t.Any, okms_id: str) -> State:
    """The API's kind in our shape."""
    read = record(raw, "a kind of logs")
    return as_result(
        LogKind(
            okms_id=okms_id,
            name=read.known_text("name"),
            display_name=read.text("displayName"),
            fields=read.texts("additionalReturnedFields"),
        )
    )


def subscription_state(raw: t.Any, okms_id: str) -> State:
    """The API's subscription in our shape."""
    read: Fields = record(raw, "a log subscription")
    subscription_id = read.known_text("subscriptionId")
    read.what = f"log subscription {subscription_id}"
    stream_id = read.text("streamId")
    return as_result(
        LogSubscription(
            okms_id=okms_id,
            id=subscription_id,
            kind=read.text("kind"),
            stream_id=stream_id.lower() if stream_id else None,
            ldp_service=read.text("serviceName"),
            created_at=read.time("createdAt"),
        )
    )


def stream_of(text: str) -> str:
    """The id of a stream as the API writes it. Raises InvalidInputError for anything else than a UUID. Pure."""
    given = text.strip()
    try:
        found = str(uuid.UUID(given))
    except ValueError:
        found = ""
    if not found or found != given.lower():
        raise InvalidInputError(
            f"stream_id {shown(text)} is not the id of a stream, such as 8f0e7d6c-1a2b-4c3d-9e4f-5a6b7c8d9e0f: copy it "
            "from the stream's page in the Control Panel (Logs Data Platform, Data stream)"
        )
    return found


def going_to(states: t.Sequence[State], stream_id: str, kinds: t.Collection[str] | None) -> list[State]:
    """Of a domain's subscriptions, those of these kinds (None: of any) to a stream: pure."""
    require_told(states, "kind", "log subscription")
    require_told(states, "stream_id", "log subscription")
    return [state for state in states if state["stream_id"] == stream_id and (kinds is None or state["kind"] in kinds)]


def chosen_kinds(kinds: t.Sequence[str] | None) -> list[str] | None:
    """The kinds that were asked for, sorted; None for all. Raises InvalidInputError for an empty list. Pure."""
    if kinds is None:
        return None
    named = sorted({kind.strip() for kind in kinds} - {""})
    if not named:
        raise InvalidInputError("kinds is empty: name kinds of logs, or leave kinds out for all that the domain has")
    return named


def refuse_unknown_kinds(asked: t.Iterable[str], known: t.Sequence[State], okms_id: str) -> None:
    """Raise InvalidInputError that names the kinds which the domain has: pure."""
    unknown = sorted(set(asked) - {kind["name"] for kind in known})
    if unknown:
        raise InvalidInputError(
            f"OKMS {okms_id} has no logs of the kind {', '.join(unknown)}; it has {kinds_in_words(known)}"
        )


def kinds_in_words(known: t.Sequence[State]) -> str:
    """The kinds of a domain for a message: pure."""
    named = [f"{kind['name']} ({kind['display_name']})" if kind["display_name"] else kind["name"] for kind in known]
    return one_line(", ".join(named)) if named else "none"
