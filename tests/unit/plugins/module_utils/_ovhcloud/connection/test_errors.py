# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error bodies of both shapes, and none, become errors with one clear line."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    AuthenticationError,
    CollectionError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    CredentialInvalidError,
    Failure,
    ServiceExpiredError,
    credential_hint,
    extended,
    outcome_unknown,
    to_error,
)


def old(code: str) -> dict[str, str]:
    return {"errorCode": code, "httpCode": "403 Forbidden", "message": "in words"}


def new(label: str, **details: str) -> dict[str, t.Any]:
    return {"class": label, "message": "in words", "details": details}


IAM = new("Client::Forbidden", unauthorizedActionsByAuthentication="", unauthorizedActionsByIAM="a:b/c, d:e/f")
AUTHENTICATION = new("Client::Forbidden", unauthorizedActionsByAuthentication="a:b/c", unauthorizedActionsByIAM="")


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (400, new("Client::BadRequest::CredentialCSRInvalidCharacter"), ApiError, "CredentialCSRInvalidCharacter"),
        (400, new("Client::BadRequest::OKMSExpired"), ServiceExpiredError, "terminated"),
        (400, old("INVALID_SIGNATURE"), AuthenticationError, "application_secret"),
        (401, new("Client::Unauthorized"), AuthenticationError, "access token"),
        (403, old("INVALID_KEY"), AuthenticationError, "application_key is unknown"),
        (403, old("NOT_CREDENTIAL"), CredentialInvalidError, "consumer_key"),
        (403, old("INVALID_CREDENTIAL"), CredentialInvalidError, "consumer_key"),
        (403, old("NOT_GRANTED_CALL"), ForbiddenError, "no access rule for GET /me"),
        (403, IAM, ForbiddenError, "missing IAM action"),
        (403, AUTHENTICATION, ForbiddenError, "credential itself"),
        (403, old("FORBIDDEN"), ForbiddenError, "FORBIDDEN"),
        (403, {"class": "Client::Forbidden", "message": "not granted"}, ForbiddenError, "api_rights_info"),
        (404, new("Client::NotFound"), NotFoundError, "may not see it"),
        (409, new("Client::Conflict"), ConflictError, "in words"),
        (429, {}, ApiError, "too many calls"),
        (460, {}, ServiceExpiredError, "expired"),
        (500, new("Server::InternalServerError"), ApiError, "Server::InternalServerError"),
        (502, None, ApiError, "no JSON but text/html"),
        (500, [1, 2], ApiError, "500"),
        (500, {"message": {"odd": 1}, "details": "odd"}, ApiError, "500"),
    ],
)
def test_table(status: int, body: t.Any, kind: type[CollectionError], text: str) -> None:
    error = to_error(Failure("GET", "/me", status, body, "EU.ext-1", "text/html"))
    assert error.__class__ is kind
    assert text in error.message
    assert error.message.endswith("(query id EU.ext-1)")
    assert "\n" not in error.message
    assert error.details["http_status"] == status
    assert error.details["query_id"] == "EU.ext-1"


def test_texts_of_any_length_and_shape_are_one_bounded_line() -> None:
    wild = "Client::Odd\n\x1b[31m" + "x" * 5000
    bodies = [{"class": wild}, {"errorCode": wild}, {"message": wild}, {"errors": [wild, wild]}]
    bodies += [
        new(wild, unauthorizedActionsByIAM="a:b " * 5000),
        new("", unauthorizedActionsByAuthentication="a " * 5000),
    ]
    for status in (400, 403, 500):
        for body in bodies:
            error = to_error(Failure("GET", "/me", status, body))
            assert "\n" not in error.message and len(error.message) < 1000
            assert len(str(error.details.get("api_class", ""))) <= 300


def test_missing_actions_are_listed() -> None:
    error = to_error(Failure("GET", "/me", 403, IAM))
    assert error.details["unauthorized_actions"] == ["a:b/c", "d:e/f"]
    assert "query_id" not in error.details


def test_reasons_of_a_refused_consumer_key_differ() -> None:
    texts = [credential_hint(status, "2026-09-01") for status in ("expired", "pendingValidation", "refused", "odd")]
    assert len(set(texts)) == 4
    assert "2026-09-01" in texts[0]


@pytest.mark.parametrize(
    ("error", "unknown"),
    [
        (UnreachableError("x", maybe_done=True), True),
        (UnreachableError("x", maybe_done=False), False),
        (ApiError("x", http_status=503), True),
        (ApiError("x", http_status=200, maybe_done=True), True),
        (ApiError("x", http_status=429), False),
        (ConflictError("x"), False),
    ],
)
def test_what_may_have_happened(error: CollectionError, unknown: bool) -> None:
    assert outcome_unknown(error) is unknown


def test_extended_keeps_the_kind() -> None:
    error = extended(ForbiddenError("x", query_id="q"), "y", order_id=1)
    assert (type(error), error.message, error.details) == (ForbiddenError, "y", {"query_id": "q", "order_id": 1})
