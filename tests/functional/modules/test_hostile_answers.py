# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of live servers that nobody can read: one line, and never a traceback."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.retry import Retry
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import FAST, open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.wire_helpers import one_line
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

DEEP = {"lists": b"[" * 200000, "objects": b'{"a":' * 200000, "digits": b"9" * 5000, "no text": b"\xff\xfe"}
ODD = {"null": b"null", "text": b'"x"', "infinity": b"1e999", "not a number": b"NaN", "true": b"true"}
XML = b'<?xml version="1.0" encoding="%s"?><namespaces/>'
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">'
    + b"".join(b'<!ENTITY %c "%s">' % (99 + step, b"&%c;" % (98 + step) * 10) for step in range(9))
    + b"]><a>&k;</a>"
)
FILES = {
    **{code: XML % code.encode() for code in ("hex", "euc-jp", "idna", "utf-7", "nonsense")},
    "deep": b"<a>" * 100000,
    "bomb": BOMB,
    "empty": b"",
}
SOAP = {
    "empty": b"",
    "other xml": b"<a/>",
    "half": b"<a>",
    "deep": b"<a>" * 100000,
    "bomb": BOMB,
    "page": b"<html><body>Sign in</body></html>",
}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad answers to reads are asked for again, here at once."""
    monkeypatch.setattr(Retry, "pause", lambda _self, _attempt, _asked: 0.0)


def rewritten(lab: Lab, operation: str, body: bytes) -> None:
    """From now on that operation is answered so."""
    lab.faults.add("rewrite", operation=operation, times=50, rewrite=lambda _answer: body)


@pytest.mark.parametrize("operation", ["GET /auth/time", "GET /me", "GET /me/payment/method"])
@pytest.mark.parametrize("body", [*DEEP, *ODD])
def test_answer_of_ovhcloud_is_told(lab: Lab, run_module: RunModule, operation: str, body: str) -> None:
    rewritten(lab, operation, {**DEEP, **ODD}[body])
    result = run_module("account_info")
    if (operation, body) == ("GET /auth/time", "true"):  # a number for Python: the signature tells
        one_line(result, "authentication", "QUERY_TIME_OUT")
    else:
        one_line(result, "api", "OVHcloud answered ")


TOKENS: dict[str, tuple[t.Any, str, str]] = {
    "page": ("<html>", "api", "answered 200 without a token (application/json): check token_url"),
    "list": ([], "api", "answered 200 without a token"),
    "object": ({"access_token": {"a": 1}}, "api", "answered 200 without a token"),
    "empty": ({"access_token": ""}, "api", "answered 200 without a token"),
}


@pytest.mark.parametrize("body", TOKENS)
def test_answer_without_a_token_is_told(lab: Lab, body: str) -> None:
    made, kind, words = TOKENS[body]
    rewritten(lab, "POST /auth/oauth2/token", json.dumps(made).encode())
    one_line(service_account(lab), kind, words)


@pytest.mark.parametrize("life", ['"abc"', "[1]", "null", "1e999", "NaN", "9" * 400, "-" + "9" * 400, "true"])
def test_life_of_a_token_that_nobody_can_read_does_not_matter(lab: Lab, life: str) -> None:
    def odd(answer: bytes) -> bytes:
        return json.dumps({**json.loads(answer), "expires_in": "LIFE"}).replace('"LIFE"', life).encode()

    lab.faults.add("rewrite", operation="POST /auth/oauth2/token", times=50, rewrite=odd)
    result = service_account(lab)
    assert not result.failed, result.msg


def service_account(lab: Lab) -> harness.ModuleResult:
    """account_info with a token."""
    options: dict[str, t.Any] = {name: getattr(lab, name) for name in ("client_id", "client_secret", "token_url")}
    return harness.run_module("account_info", endpoint=lab.ovh_endpoint, ca_path=str(lab.ca_path), **options)


@pytest.mark.parametrize("body", [*DEEP, *ODD])
@pytest.mark.parametrize("operation", ["POST /api/session", "GET /api/vcenter/crypto-manager/kms/providers/{provider}"])
def test_answer_of_the_rest_interface_is_told(lab: Lab, run_module: RunModule, operation: str, body: str) -> None:
    open_up(lab)
    assert not run_module("native_key_provider", name="nkp", tpm_required=False, **FAST).failed
    rewritten(lab, operation, {**DEEP, **ODD}[body])
    result = run_module("native_key_provider", name="nkp")
    kind = "authentication" if (operation, body) == ("POST /api/session", "text") else "api"
    one_line(result, kind, "nkp" if operation.startswith("GET") or kind != "api" else "log in")


@pytest.mark.parametrize("body", FILES)
def test_version_file_is_told(lab: Lab, run_module: RunModule, body: str) -> None:
    rewritten(lab, "GET /sdk/vimServiceVersions.xml", FILES[body])
    result = run_module("key_provider_info")
    kind = "unsupported" if "no version" in result.msg else "unreachable"
    one_line(result, kind, "could not connect to vCenter localhost")


@pytest.mark.parametrize("operation", ["RetrieveServiceContent", "Login", "ListKmsClusters", "Logout"])
@pytest.mark.parametrize("body", SOAP)
def test_answer_of_soap_is_told(lab: Lab, run_module: RunModule, operation: str, body: str) -> None:
    open_up(lab)
    rewritten(lab, operation, SOAP[body])
    result = run_module("key_provider_info")
    if operation == "Logout":  # all is done by then
        assert not result.failed, result.msg
    elif not result.failed:  # pyVmomi takes XML of another kind for an empty answer
        assert operation in ("Login", "ListKmsClusters")
    else:
        assert "Traceback" not in result.output and "\n" not in result.msg and result.msg.startswith("could not ")
