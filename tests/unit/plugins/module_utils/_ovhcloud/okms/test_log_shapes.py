# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audit logs of OKMS: pure parts."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.logs import (
    Logs,
    chosen_kinds,
    going_to,
    kind_state,
    refuse_unknown_kinds,
    stream_of,
    subscription_state,
)

DOMAIN, STREAM = "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31", "8f0e7d6c-1a2b-4c3d-9e4f-5a6b7c8d9e0f"
RAW = {
    "createdAt": "2026-09-01T08:10:00.123456+02:00",
    "kind": "kmip",
    "resource": {"name": DOMAIN, "type": "okms"},
    "serviceName": "ldp-rb-12345",
    "streamId": STREAM.upper(),
    "subscriptionId": "3b9e2c51-7d4a-4f60-8a1b-9c8d7e6f5a4b",
    "updatedAt": None,
}


class FixedAnswer:
    """A client whose calls have this answer."""

    def __init__(self, answer: t.Any) -> None:
        self.answer = answer

    def post(self, _path: str, _body: t.Any) -> t.Any:
        """As Client.post."""
        return self.answer


def test_subscription_in_our_shape() -> None:
    assert subscription_state(RAW, DOMAIN) == {
        "okms_id": DOMAIN,
        "id": RAW["subscriptionId"],
        "kind": "kmip",
        "stream_id": STREAM,
        "ldp_service": "ldp-rb-12345",
        "created_at": "2026-09-01T06:10:00Z",
    }


def test_subscription_without_kind_decides_nothing() -> None:
    told = subscription_state(RAW, DOMAIN)
    assert going_to([told], STREAM, None) == [told] == going_to([told], STREAM, ["kmip", "rest"])
    assert going_to([told], STREAM, ["rest"]) == [] == going_to([told], DOMAIN, None)
    for name in ("kind", "streamId"):
        silent = subscription_state({**RAW, name: None}, DOMAIN)
        with pytest.raises(ApiError, match="cannot tell which one it is"):
            going_to([silent], STREAM, None)


@pytest.mark.parametrize("answer", [None, [], "text", 7, {}, {"operationId": None, "serviceName": ["x"]}])
def test_accepted_call_needs_no_operation(answer: t.Any) -> None:
    """Whether it took effect is seen in the list."""
    assert str(Logs(t.cast(t.Any, FixedAnswer(answer)), DOMAIN).subscribe("kmip", STREAM)) == "without an id"


def test_operation_is_told_on_one_short_line() -> None:
    answer = {"operationId": "op\n1", "serviceName": "ldp" * 100}
    told = str(Logs(t.cast(t.Any, FixedAnswer(answer)), DOMAIN).subscribe("kmip", STREAM))
    assert told.startswith("op 1 of ldp") and len(told) < 100


def test_stream_id_is_a_whole_uuid() -> None:
    assert stream_of(f" {STREAM.upper()}\n") == STREAM
    for wrong in ("", "x", STREAM[:-1], STREAM.replace("-", ""), "{" + STREAM + "}", f"urn:uuid:{STREAM}"):
        with pytest.raises(InvalidInputError, match="not the id of a stream"):
            stream_of(wrong)


def test_kinds_that_were_asked_for() -> None:
    assert chosen_kinds(None) is None
    assert chosen_kinds(["rest", " kmip", "rest", ""]) == ["kmip", "rest"]
    with pytest.raises(InvalidInputError, match="kinds is empty"):
        chosen_kinds([" ", ""])


def test_unknown_kind_is_refused_with_those_there_are() -> None:
    kinds = [kind_state({"name": "kmip", "displayName": "KMIP audit"}, DOMAIN), kind_state({"name": "rest"}, DOMAIN)]
    refuse_unknown_kinds(["rest"], kinds, DOMAIN)
    with pytest.raises(InvalidInputError, match=r"of the kind nfs; it has kmip \(KMIP audit\), rest$"):
        refuse_unknown_kinds(["rest", "nfs"], kinds, DOMAIN)
    with pytest.raises(InvalidInputError, match=r"it has none$"):
        refuse_unknown_kinds(["rest"], [], DOMAIN)
