# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: whole HTTP answers, for the clients of OVHcloud and of vCenter's REST interface, and its version file."""

from __future__ import annotations

import json
import ssl
import typing as t

from hypothesis import strategies as st

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import (
    AccessToken,
    ApplicationKey,
    ServiceAccount,
    Settings,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection import session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import Rest

from .engine import target
from .inputs import NESTED, bent, damaged, odd_text
from .network import answering, raw_answer

OVHCLOUD = (
    {"nichandle": "ab12345-ovh", "currency": {"code": "EUR"}},
    [{"id": 1}, {"id": 2}],
    {"class": "Client::BadRequest", "message": "no", "errorCode": "QUERY_TIME_OUT"},
    {"access_token": "token", "expires_in": 3600, "token_type": "Bearer"},
    {"status": "expired", "expiration": "2026-01-01T00:00:00Z"},
    1_790_000_000,
)
VCENTER = (
    "session-id",
    {"error_type": "NOT_FOUND", "messages": [{"id": "x", "default_message": "gone", "args": []}]},
    {"type": "com.vmware.vapi.std.errors.unauthenticated", "value": {"messages": [{"default_message": "no"}]}},
    [{"provider": "nkp", "health": "OK"}],
)
NUMBERS = ("1", "\u00b2", "1e5", "-1", "99999999999999999999", "Wed, 21 Oct 99999 07:28:00 GMT", "x", "0" * 5000)
DATES = ("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 0000 07:28:00 -2400", "Wed, 21 Oct 9999 23:59:59 -2359", "0")
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(("application/json", "text/html; charset=x", "\u00e4")),
        "Retry-After": st.one_of(st.sampled_from((*NUMBERS, *DATES)), odd_text),
        "Date": st.one_of(st.sampled_from(DATES), odd_text),
        "X-Ovh-QueryID": odd_text,
        "X-Pagination-Cursor-Next": st.sampled_from(("", "same", "\u00e9")),
        "Content-Encoding": st.sampled_from(("gzip", "deflate", "br", "x")),
        "Transfer-Encoding": st.sampled_from(("chunked", "x")),
        "Content-Length": st.sampled_from(("0", "5", "-1", "x", "9" * 30)),
        "Location": st.just("https://elsewhere.example/"),
    },
)
STATUSES = st.sampled_from((200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 429, 460, 500, 503, 999))


def answers(samples: t.Sequence[t.Any]) -> st.SearchStrategy[bytes]:
    """Bytes of answers: well-formed ones with a bent body, damaged ones, and nothing of the kind."""
    bodies = st.one_of(
        bent(samples).map(lambda body: json.dumps(body).encode()), st.sampled_from(NESTED).map(str.encode)
    )
    whole = st.builds(raw_answer, STATUSES, st.one_of(st.just({}), HEADERS), bodies)
    usual = [raw_answer(200, {"Content-Type": "application/json"}, json.dumps(one).encode()) for one in samples]
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n[1]\n\r\n0\r\n\r\n"
    return st.one_of(whole, whole, damaged([*usual, chunked]))


CREDENTIALS = (
    AccessToken("token"),
    ApplicationKey("key", "secret", "consumer"),
    ServiceAccount("id", "secret", "https://token.example/token"),
)


@target(
    "OVHcloud HTTP answers",
    st.tuples(st.sampled_from(CREDENTIALS), st.lists(answers(OVHCLOUD), min_size=1, max_size=3)),
)
def _ovhcloud(value: tuple[t.Any, list[bytes]]) -> None:
    credentials, told = value
    left = list(told)
    client = Client(Settings("https://eu.api.example/1.0", credentials, verify=False))
    with answering(lambda _request: left.pop(0) if len(left) > 1 else left[0]):
        try:
            client.get("/me")
            client.get_all("/v2/okms/resource")
            client.post("/order/cart", {"a": 1})
            client.put("/me", {"a": 1})
        finally:
            client.close()


TARGET = session.Target("vcenter.example", 443, None, 3128, ssl.create_default_context())
LOGIN = raw_answer(201, {"Content-Type": "application/json"}, b'"session-id"')


@target("vCenter REST HTTP answers", st.tuples(st.booleans(), answers(VCENTER)))
def _rest(value: tuple[bool, bytes]) -> None:
    logged_in, told = value
    rest = Rest(TARGET, "administrator", "secret")

    def respond(request: bytes) -> bytes:
        return LOGIN if logged_in and b"/api/session" in request.partition(b"\r\n")[0] else told

    with answering(respond):
        try:
            rest.get("read", "/api/vcenter/crypto-manager/kms/providers")
            rest.download("download", "https://elsewhere.example/file?x=1", "token")
            rest.post("write", "/api/x", {"a": 1})
        finally:
            rest.close()


VERSIONS = b"""<?xml version="1.0" encoding="UTF-8" ?>
<namespaces version="1.0"><namespace><name>urn:vim25</name><version>8.0.3.0</version>
<priorVersions><version>8.0.2.0</version><version>7.0.2.0</version></priorVersions></namespace></namespaces>"""
ENCODINGS = tuple(
    raw_answer(200, {}, VERSIONS.replace(b"UTF-8", encoding))
    for encoding in (b"hex", b"euc-jp", b"idna", b"utf-16", b"x")
)


@target("vCenter version files", damaged([raw_answer(200, {"Content-Type": "text/xml"}, VERSIONS)]), ENCODINGS)
def _versions(told: bytes) -> None:
    with answering(lambda _request: told):
        session.negotiate(session._offered_versions(TARGET, "connect"), "connect")
