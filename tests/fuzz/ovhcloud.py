# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: what the API of OVHcloud answers."""

from __future__ import annotations

import typing as t

from hypothesis import strategies as st

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import days_left
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection import errors
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import record
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms import logs

from .engine import target
from .inputs import ODD_TEXTS, bent, damaged_text, odd_text, odd_value
from .samples import NOW

ERRORS = (
    {"class": "Client::NotFound", "message": "gone", "errorCode": "NOT_FOUND", "httpCode": "404 Not Found"},
    {"class": "Client::Forbidden", "message": "no", "details": {"unauthorizedActionsByIAM": "okms:apiovh:get,x"}},
    {"class": "Client::Forbidden", "details": {"unauthorizedActionsByAuthentication": "okms:get"}},
    {"errors": ["one", "two"], "error_id": "x"},
    {"errorCode": "NOT_GRANTED_CALL", "message": "This call has not been granted"},
)
SUBSCRIPTIONS = (
    {"subscriptionId": "3b9e2c51", "kind": "kmip", "streamId": "8F0E", "createdAt": "2026-09-01T10:00:00Z"},
    {"name": "kmip", "displayName": "KMIP audit", "additionalReturnedFields": ["tls_cert_id"]},
)
STREAM = "8f0e7d6c-1a2b-4c3d-9e4f-5a6b7c8d9e0f"
STATUSES = st.sampled_from((400, 401, 403, 404, 409, 429, 460, 500, 503))


@target(
    "OVHcloud error bodies",
    st.tuples(st.one_of(bent(ERRORS), odd_value), STATUSES, st.one_of(st.none(), odd_text), odd_text),
    [({"class": "a\nb" * 2000}, 404, "\n", "text/html\n"), ({"message": "\x1b[31m"}, 400, "x" * 9000, "")],
    refuses_all=True,
)
def _errors(value: tuple[t.Any, int, str | None, str]) -> None:
    body, status, query_id, content_type = value
    failure = errors.Failure("GET", "/me", status, body, query_id, content_type)
    error = errors.to_error(failure)
    errors.outcome_unknown(error)
    raise error


@target("OVHcloud times", st.one_of(damaged_text(["2026-09-01T10:00:00.123+02:00", "2026-09-01"]), odd_text), ODD_TEXTS)
def _times(text: str) -> None:
    read = record({"at": text}, "a thing")
    read.maybe_time("at")
    made = read.time("at")
    assert made is None or days_left(made, NOW) is not None


@target("log subscriptions", st.one_of(bent(SUBSCRIPTIONS), odd_value), [{}, {"name": "a\nb" * 900}])
def _log_subscriptions(value: t.Any) -> None:
    try:
        logs.refuse_unknown_kinds(["no such kind"], [logs.kind_state(value, "okms")], "okms")
    except InvalidInputError as error:
        assert "no such kind" in error.message and "\n" not in error.message
    logs.going_to([logs.subscription_state(value, "okms")], STREAM, None)


@target("ids of log streams", st.one_of(damaged_text([STREAM, STREAM.upper()]), odd_text), ODD_TEXTS)
def _streams(text: str) -> None:
    assert logs.stream_of(text) == text.strip().lower()
