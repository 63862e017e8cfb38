# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both HTTP clients share: paths, bodies, and what may be said of a request that failed."""

from __future__ import annotations

import ssl
import typing as t

import pytest
import requests
import urllib3

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.bounded import Connecting
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import (
    Answer,
    api_path,
    may_pass,
    never_sent,
)


def test_path_parts_are_encoded() -> None:
    urn = "urn:v1:eu:resource:okms:x/kmip"
    assert api_path("/v2/iam/resource/{}", urn) == "/v2/iam/resource/urn%3Av1%3Aeu%3Aresource%3Aokms%3Ax%2Fkmip"
    assert api_path("/a/{}/b/{}", 7, "10.0.0.0/8") == "/a/7/b/10.0.0.0%2F8"
    assert api_path("/api/{}/x/{}", "a b", "ü/?#") == "/api/a%20b/x/%C3%BC%2F%3F%23"


@pytest.mark.parametrize(
    ("content", "expected"), [(b'{"a": 1}', {"a": 1}), (b"", None), (b"<html>", None), (b"[" * 100_000, None)]
)
def test_body_that_is_no_json_is_none(content: bytes, expected: t.Any) -> None:
    assert Answer(200, {}, content).json() == expected


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"maybe_done": True}, True),
        ({"http_status": 429}, True),
        ({"http_status": 503}, True),
        ({"http_status": 404}, False),
        ({"http_status": 501}, False),
        ({"maybe_done": False}, False),
        ({}, False),
    ],
)
def test_lost_answers_and_busy_servers_are_worth_another_read(details: dict[str, t.Any], expected: bool) -> None:
    assert may_pass(CollectionError("no", **details)) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (requests.exceptions.ConnectTimeout(), True),
        (requests.exceptions.SSLError(), False),
        (requests.exceptions.SSLError(ssl.SSLError("bad record mac")), False),
        (requests.exceptions.ConnectionError("NewConnectionError: refused"), True),
        (requests.exceptions.ConnectionError("NameResolutionError: unknown"), True),
        (requests.exceptions.ReadTimeout(), False),
        (requests.exceptions.ConnectionError("connection reset by peer"), False),
    ],
)
def test_only_what_failed_before_the_request_left_was_never_sent(error: Exception, expected: bool) -> None:
    assert never_sent(error) is expected


class Server:
    """A connection whose handshake or answer fails."""

    def connect(self) -> None:
        """The handshake."""
        raise ssl.SSLError("unknown ca")

    def getresponse(self) -> None:
        """The answer."""
        raise ssl.SSLError("bad record mac")


class Connection(Connecting, Server):
    """The same, as the HTTP clients use it."""


@pytest.mark.parametrize(("step", "expected"), [("connect", True), ("getresponse", False)])
def test_tls_that_fails_in_the_handshake_sent_nothing(step: str, expected: bool) -> None:
    with pytest.raises(ssl.SSLError) as caught:
        getattr(Connection(), step)()
    inner = urllib3.exceptions.SSLError(caught.value)  # as urllib3 and requests wrap it
    for error in (inner, urllib3.exceptions.MaxRetryError(t.cast(t.Any, None), "/", inner)):
        assert never_sent(requests.exceptions.SSLError(error)) is expected


def test_handshake_of_another_request_proves_nothing() -> None:
    with pytest.raises(ssl.SSLError) as early:
        Connection().connect()
    late = requests.exceptions.SSLError(ssl.SSLError("bad record mac"))
    late.__context__ = early.value  # as for a look at what the first request has done
    assert never_sent(late) is False
