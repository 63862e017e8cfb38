# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the API's error bodies, in both shapes or none, to our errors: pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    AuthenticationError,
    CollectionError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line

__all__ = [
    "CredentialInvalidError",
    "Failure",
    "ServiceExpiredError",
    "credential_hint",
    "extended",
    "forbidden_by_state",
    "one_line",
    "outcome_unknown",
    "query_note",
    "to_error",
    "unseen",
]

_LONGEST_ID = 80  # characters of a query id or a content type


class ServiceExpiredError(CollectionError):
    """The service exists no more or not yet again: expired, suspended or terminated (460, OKMSExpired)."""

    kind = "service_expired"


class CredentialInvalidError(AuthenticationError):
    """The consumer key exists no more, not yet, or not at all: the status of the credential tells which."""


@dataclasses.dataclass(frozen=True)
class Failure:
    """What the API answered. `status` is the HTTP status, `body` the decoded JSON or None."""

    method: str
    path: str
    status: int
    body: t.Any = None
    query_id: str | None = None
    content_type: str = ""

    def field(self, name: str) -> str:
        """A text of the body; empty when the body is of another shape."""
        value = self.body.get(name) if isinstance(self.body, dict) else None
        return value if isinstance(value, str) else ""

    def texts(self) -> str:
        """What the regional API of OKMS says, which writes a list of texts."""
        errors = self.body.get("errors") if isinstance(self.body, dict) else None
        return "; ".join(text for text in errors if isinstance(text, str)) if isinstance(errors, list) else ""

    def actions(self) -> list[str]:
        """IAM actions that the identity lacks."""
        return self._actions("unauthorizedActionsByIAM")

    def actions_of_credential(self) -> list[str]:
        """Actions that the credential itself does not allow, whatever the policies say."""
        return self._actions("unauthorizedActionsByAuthentication")

    def _actions(self, name: str) -> list[str]:
        details = self.body.get("details") if isinstance(self.body, dict) else None
        value = details.get(name) if isinstance(details, dict) else None
        return str(value or "").replace(",", " ").split()


def query_note(query_id: str | None) -> str:
    """The query id for the end of a message; OVHcloud's support asks for it."""
    shown = one_line(query_id or "", _LONGEST_ID)
    return f" (query id {shown})" if shown else ""


def to_error(failure: Failure) -> CollectionError:
    """The error for an answer with status 400 or higher."""
    kind, hint = _judge(failure)
    answer = one_line(failure.field("message") or failure.texts()) or _no_message(failure)
    label = one_line(failure.field("class") or failure.field("errorCode"))
    parts = [f"{failure.method} {failure.path} failed: OVHcloud answered {failure.status}"]
    parts.append(f" {label}" if label else "")
    parts.append(f", {answer}" if answer else "")
    parts.append(f": {hint}" if hint else "")
    details: dict[str, t.Any] = {"http_status": failure.status}
    if failure.query_id:
        details["query_id"] = failure.query_id
    if label:
        details["api_class"] = label
    actions = failure.actions() or failure.actions_of_credential()
    if actions:
        details["unauthorized_actions"] = actions
    return kind("".join(parts) + query_note(failure.query_id), **details)


def forbidden_by_state(error: CollectionError) -> bool:
    """True when the state of the object may have forbidden the call: 409, or a 400 that may have another reason too."""
    # (assumption conflict-status)
    bad_request = isinstance(error, ApiError) and error.details.get("http_status") == 400
    return bad_request or isinstance(error, ConflictError)


def outcome_unknown(error: CollectionError) -> bool:
    """True when a write may have taken effect although it failed: look before anything else."""
    if isinstance(error, UnreachableError):
        return bool(error.details.get("maybe_done"))
    if error.details.get("maybe_done"):
        return True
    # a gateway that answers 502 or 504 does not know what the server behind it has done
    return int(error.details.get("http_status", 0)) >= 500


def unseen(error: CollectionError, look: CollectionError) -> CollectionError:
    """The error of a write whose answer was lost when the look at its effect, the second error, failed as well."""
    note = f"Whether it took effect is unknown, because the look at it failed, too ({look.message})"
    return extended(error, f"{error.message}. {note}. Rerun: the next run looks before it changes anything")


def extended(error: CollectionError, message: str, **details: t.Any) -> CollectionError:
    """The same kind of error with another message and more details."""
    return type(error)(message, **{**error.details, **details})


def _no_message(failure: Failure) -> str:
    kind = one_line(failure.content_type, _LONGEST_ID)
    if failure.body is None and kind:
        return f"no JSON but {kind}"
    return "" if failure.body is not None else "an empty body"


def _judge(failure: Failure) -> tuple[type[CollectionError], str]:
    label = failure.field("class")
    if failure.status == 460 or label.endswith("::OKMSExpired"):
        return ServiceExpiredError, "the service is expired, suspended or terminated"
    if failure.status == 401:
        return AuthenticationError, "the access token is missing, wrong or expired, or its account is blocked"
    if failure.status == 403:
        return _judge_forbidden(failure)
    if failure.status == 400:
        return _judge_bad_request(failure)
    if failure.status == 404:
        return NotFoundError, "it does not exist, or this account may not see it"
    if failure.status == 409:
        return ConflictError, ""
    if failure.status == 429:
        return ApiError, "too many calls, try later"
    return ApiError, ""


def _judge_bad_request(failure: Failure) -> tuple[type[CollectionError], str]:
    if failure.field("errorCode") == "INVALID_SIGNATURE":
        return AuthenticationError, "application_secret or consumer_key does not belong to this application_key"
    if failure.field("errorCode") == "QUERY_TIME_OUT":
        return AuthenticationError, "the time in the signature is not OVHcloud's, although it was read from there"
    return ApiError, ""


def _judge_forbidden(failure: Failure) -> tuple[type[CollectionError], str]:
    code = failure.field("errorCode")
    call = f"{failure.method} {failure.path}"
    if code == "INVALID_KEY":
        return AuthenticationError, "application_key is unknown at this endpoint"
    if code in ("INVALID_CREDENTIAL", "NOT_CREDENTIAL"):
        return CredentialInvalidError, "consumer_key is not valid here: unknown, expired or never validated"
    if failure.actions():
        missing = one_line(", ".join(failure.actions()))
        return ForbiddenError, f"missing IAM action(s) {missing}: add them to a policy that names this identity"
    if failure.actions_of_credential():
        missing = one_line(", ".join(failure.actions_of_credential()))
        return ForbiddenError, f"the credential itself does not allow {missing}, whatever the IAM policies say"
    if code == "NOT_GRANTED_CALL":
        return (
            ForbiddenError,
            f"the consumer key has no access rule for {call}: create one that has it",
        )
    if failure.field("class") == "Client::Forbidden":  # seen with service accounts: nothing says which action it is
        return (
            ForbiddenError,
            "the module api_rights_info and the playbook preflight say which rights this identity lacks",
        )
    return ForbiddenError, ""


def credential_hint(status: str, expiration: str | None) -> str:
    """Why a consumer key is refused, from the status of GET /auth/currentCredential."""
    if status == "expired":
        when = f" on {expiration}" if expiration else ""
        return f"the consumer key has expired{when}: create a new one, or use a service account, which does not expire"
    if status == "pendingValidation":
        return "the consumer key was not validated yet: open its validation URL and log in"
    if status == "refused":
        return "the consumer key was refused by its owner: create a new one"
    return "consumer_key is not valid here"
