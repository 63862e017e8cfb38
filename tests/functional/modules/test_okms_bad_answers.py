# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad answers of the OVHcloud API: survived, or told in one line, and never the cause of a second order."""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.retry import Retry
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import load
from ansible_collections.ovhcloud.vmware_encryption.plugins.modules.okms_info import SPEC
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

LIST = "GET /v2/okms/resource"
ORDER: dict[str, t.Any] = {
    "display_name": "kms-prod",
    "region": "eu-west-rbx",
    "allow_order": True,
    "wait_interval": 0.01,
    "wait_timeout": 60,
}
WRITES = [
    "POST /order/cart",
    "POST /order/cart/{cartId}/assign",
    "POST /order/cart/{cartId}/okms",
    "POST /order/cart/{cartId}/item/{itemId}/configuration",
    "POST /order/cart/{cartId}/checkout",
    "POST /me/order/{orderId}/pay",
    "PUT /services/{serviceId}",
]


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that the client made."""
    return []


@pytest.fixture
def client(lab: Lab, pauses: list[float]) -> t.Iterator[Client]:
    """A client whose clock of pauses is this test's."""
    options = {**dict.fromkeys(SPEC.options), "validate_certs": True, "timeout": 60}
    made = Client(
        load({**options, **harness.connection(lab, "ovhcloud")}), Retry(sleep=pauses.append, jitter=lambda: 1.0)
    )
    yield made
    made.close()


def account(lab: Lab) -> dict[str, t.Any]:
    """The service account in place of the application key."""
    names = ("client_id", "client_secret", "token_url")
    no_key = dict.fromkeys(("application_key", "application_secret", "consumer_key"))
    return {**no_key, **{name: getattr(lab, name) for name in names}}


def in_seconds(seconds: int) -> str:
    """A moment as HTTP writes it."""
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return email.utils.format_datetime(moment, usegmt=True)


# --- pauses


def test_the_pause_that_the_server_asks_for_is_kept(lab: Lab, client: Client, pauses: list[float]) -> None:
    for status, asked in ((429, 7), (503, 60)):
        lab.faults.add("status", operation=LIST, status=status, retry_after=asked)
        assert client.get_all("/v2/okms/resource") == []
    assert pauses == [7, 60]


def test_server_that_asks_for_an_hour_is_told_and_not_waited_for(lab: Lab, client: Client, pauses: list[float]) -> None:
    lab.faults.add("status", operation=LIST, status=429, retry_after=3600)
    with pytest.raises(CollectionError, match=r"answered 429 .*it asks to wait 3600 s") as caught:
        client.get_all("/v2/okms/resource")
    assert pauses == [] and caught.value.details["retry_after"] == 3600


@pytest.mark.parametrize("asked", ["\u00b2", "9" * 400, "Thu, 01 Jan 99999 00:00:00 GMT", "-5"])
def test_pause_that_nobody_can_read_is_no_traceback(lab: Lab, client: Client, pauses: list[float], asked: str) -> None:
    lab.faults.add("status", operation=LIST, status=503, retry_after=asked)
    if asked.isascii() and asked.isdigit():
        with pytest.raises(CollectionError, match=r"answered 503 .*it asks to wait"):
            client.get_all("/v2/okms/resource")
        return
    assert client.get_all("/v2/okms/resource") == [] and pauses == [0.5]


@pytest.mark.parametrize("credentials", ["application key", "service account"])
def test_retries_around_a_login_do_not_multiply(lab: Lab, pauses: list[float], credentials: str) -> None:
    login = "GET /auth/time" if credentials == "application key" else "POST /auth/oauth2/token"
    options = {**dict.fromkeys(SPEC.options), "validate_certs": True, **harness.connection(lab, "ovhcloud")}
    options.update({} if credentials == "application key" else account(lab))
    lab.faults.add("status", operation=login, status=503, times=100)
    asking = Client(load(options), Retry(sleep=pauses.append))
    with contextlib.closing(asking), pytest.raises(CollectionError, match="503"):
        asking.get("/v2/okms/resource")
    assert lab.journal.count(operation=login) == 5 and len(pauses) == 4


def test_the_pause_may_be_given_as_a_date(lab: Lab, client: Client, pauses: list[float]) -> None:
    for asked in (in_seconds(20), in_seconds(-20), "soon"):
        lab.faults.add("status", operation=LIST, status=503, retry_after=asked)
        assert client.get_all("/v2/okms/resource") == []
    assert 15 <= pauses[0] <= 25
    assert pauses[1:] == [0, 0.5]


def test_pauses_grow_when_nothing_is_asked(lab: Lab, client: Client, pauses: list[float]) -> None:
    lab.faults.add("status", operation=LIST, status=500, times=4)
    assert client.get_all("/v2/okms/resource") == []
    assert pauses == [0.5, 1, 2, 4]


@pytest.mark.parametrize(("method", "path"), [("PUT", "/services/1"), ("DELETE", "/services/1")])
def test_a_write_is_repeated_only_when_it_was_refused_for_now(
    lab: Lab, client: Client, pauses: list[float], method: str, path: str
) -> None:
    send = {"PUT": lambda: client.put(path, {"displayName": "x"}), "DELETE": lambda: client.delete(path)}[method]
    operation = f"{method} /services/{{serviceId}}"
    lab.faults.add("status", operation=operation, status=429, retry_after=9)
    with pytest.raises(CollectionError, match="404"):  # the second one arrives: there is no such service
        send()
    assert pauses == [9]
    for action in ("status", "drop_after", "html", "drop_before"):
        lab.faults.add(action, operation=operation)
        mark = lab.journal.mark()
        with pytest.raises(CollectionError):
            send()
        assert lab.journal.count(operation=operation, since=mark) == 1
    assert pauses == [9]


# --- answers that stay bad


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"action": "status", "status": 429, "retry_after": 1}, "429"),
        ({"action": "status", "status": 500}, "500"),
        ({"action": "status", "status": 503, "retry_after": 1}, "503"),
        ({"action": "html", "status": 502}, "answered 502, no JSON but text/html"),
        ({"action": "html", "status": 200}, "not complete JSON (text/html)"),
        ({"action": "truncate"}, "not complete JSON (application/json)"),
        ({"action": "drop_before"}, "no answer from"),
        ({"action": "drop_after"}, "no answer from"),
    ],
)
def test_what_does_not_get_better_is_told_in_one_line(
    lab: Lab, client: Client, pauses: list[float], fault: dict[str, t.Any], words: str
) -> None:
    lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod")
    lab.faults.add(operation=LIST, times=100, **fault)
    with pytest.raises(CollectionError) as caught:
        client.get_all("/v2/okms/resource")
    message = caught.value.message
    assert words in message
    assert "GET /v2/okms/resource" in message
    assert "\n" not in message
    assert "<html" not in message
    assert len(pauses) == 4  # five attempts
    assert lab.journal.count(operation=LIST) == 5


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize(
    "fault",
    [
        {"action": "status", "status": 429, "retry_after": 0},
        {"action": "status", "status": 503, "retry_after": 0},
        {"action": "html", "status": 502},
        {"action": "html", "status": 200},
        {"action": "truncate"},
    ],
    ids=["429", "503", "html 502", "html 200", "truncated"],
)
def test_a_bad_answer_to_a_write(lab: Lab, run_module: RunModule, operation: str, fault: dict[str, t.Any]) -> None:
    lab.faults.add(operation=operation, **fault)
    first = run_module("okms", **ORDER)
    if first.failed:
        assert "\n" not in first.msg
        assert operation.split("/", maxsplit=1)[0].strip() in first.msg
    done = run_module("okms", **ORDER) if first.failed else first
    assert not done.failed, done.msg
    assert not run_module("okms", **ORDER).changed
    orders = lab.ovhcloud.state.orders.values()
    assert [bool(order.paid_with) for order in orders] == [True]


# --- credentials in mid-run


@pytest.mark.parametrize("operation", [LIST, "GET /me/order/{orderId}/status", *WRITES])
def test_a_token_that_expires_in_mid_run_is_renewed_once(lab: Lab, run_module: RunModule, operation: str) -> None:
    def expire() -> None:
        for token in lab.ovhcloud.state.tokens.values():
            token.expires = lab.clock.time() - 1

    lab.faults.add("meanwhile", operation=operation, call=expire)
    done = run_module("okms", **{**ORDER, **account(lab)})
    assert done.changed, done.msg
    assert lab.journal.count(kind="login") == 2
    assert [bool(order.paid_with) for order in lab.ovhcloud.state.orders.values()] == [True]
    assert len(lab.ovhcloud.state.carts) == 1


def test_a_token_is_renewed_before_its_end(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.token_lifetime = 20  # less than what a call may need
    assert run_module("okms", **{**ORDER, **account(lab)}).changed
    assert lab.journal.count(kind="login") > 2


def test_a_token_endpoint_on_a_bad_day(lab: Lab, run_module: RunModule) -> None:
    faults: list[dict[str, t.Any]] = [
        {"action": "html", "status": 503},
        {"action": "status", "status": 429},
        {"action": "drop_after"},
    ]
    for fault in faults:
        lab.faults.add(operation="POST /auth/oauth2/token", **{**fault, "retry_after": 0})
        assert not run_module("okms_info", **account(lab)).failed
    lab.faults.add("html", operation="POST /auth/oauth2/token", status=200)
    told = run_module("okms_info", **account(lab))
    assert told["failure"]["kind"] == "api"  # nobody has judged the credentials
    assert "answered 200 without a token (text/html): check token_url" in told.msg
    assert "\n" not in told.msg


@pytest.mark.parametrize("kind", ["consumer key", "access token"])
def test_credentials_that_end_in_mid_run_are_told(lab: Lab, run_module: RunModule, kind: str) -> None:
    token = lab.ovhcloud.add_token()
    static = {**dict.fromkeys(account(lab)), "access_token": token}
    options: dict[str, t.Any] = static if kind == "access token" else {}
    state = lab.ovhcloud.state

    def expire() -> None:
        state.tokens[token].expires = lab.clock.time() - 1
        state.consumer_keys[lab.consumer_key].expires = lab.clock.now()

    lab.faults.add("meanwhile", operation="POST /order/cart/{cartId}/checkout", call=expire)
    told = run_module("okms", **{**ORDER, **options})
    assert told["failure"]["kind"] == "authentication"
    assert "expired" in told.msg
    assert "\n" not in told.msg
    assert state.orders == {}


# --- clocks


@pytest.mark.parametrize("seconds", [-600, 600])
def test_a_clock_that_is_ten_minutes_off_does_not_matter(lab: Lab, run_module: RunModule, seconds: float) -> None:
    lab.clock.advance(seconds)
    assert run_module("okms", **ORDER).changed
    assert lab.journal.count(operation="GET /auth/time") == 1
    assert not run_module("okms", **ORDER, **account(lab)).changed


@pytest.mark.parametrize("seconds", [-600, 600])
@pytest.mark.parametrize("operation", [LIST, *WRITES])
def test_a_clock_that_is_set_in_mid_run(lab: Lab, run_module: RunModule, operation: str, seconds: float) -> None:
    lab.faults.add("meanwhile", operation=operation, call=lambda: lab.clock.advance(seconds))
    done = run_module("okms", **ORDER)
    assert done.changed, done.msg
    assert lab.journal.count(operation="GET /auth/time") == 2
    assert [bool(order.paid_with) for order in lab.ovhcloud.state.orders.values()] == [True]


def test_a_time_that_is_not_that_of_the_signatures_is_told(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.signature_window = -1  # no timestamp is good enough
    told = run_module("okms_info")
    assert told["failure"]["kind"] == "authentication"
    assert "QUERY_TIME_OUT" in told.msg
    assert "\n" not in told.msg
    assert lab.journal.count(operation=LIST) == 2
