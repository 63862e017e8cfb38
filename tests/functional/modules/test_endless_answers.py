# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that hang, send byte by byte or never stop: each module ends within its time-out and says so in one line."""

from __future__ import annotations

import pathlib
import ssl
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import bounded
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection import session
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import FAST, open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.wire_helpers import (
    drip,
    https,
    listening,
    one_line,
    packed,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.clock import LabClock
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.faults import OPEN_ENDED
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import Authority

REST_READ = "GET /api/vcenter/crypto-manager/kms/providers/{provider}"
LATE = ("hang", "trickle_head", "trickle")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that a slow computer reaches soon, too."""
    monkeypatch.setattr(bounded, "LONGEST", 1 << 20)


def seconds(action: str) -> int:
    """A time-out: what is late ends with it, what is too long must not."""
    return 1 if action in LATE else 60


# --- OVHcloud


@pytest.mark.parametrize("operation", ["GET /auth/time", "GET /me"])
@pytest.mark.parametrize("action", OPEN_ENDED)
def test_ovhcloud_without_end_is_told(
    lab: Lab, run_module: RunModule, short: None, action: str, operation: str
) -> None:
    lab.faults.add(action, system="ovhcloud", operation=operation, times=50)
    result = run_module("account_info", timeout=seconds(action))
    path = operation.replace("GET ", "GET /1.0")
    if action in LATE:
        one_line(result, "unreachable", f"{path}: no answer from ", "none that is complete within 1 s (option timeout)")
    else:
        one_line(result, "api", f"{path}: cannot read what ", "sends: the answer is longer than 1 MiB")
    assert lab.journal.count(operation=operation) == 1


def test_token_server_that_hangs_is_told(lab: Lab) -> None:
    lab.faults.add("trickle", operation="POST /auth/oauth2/token", times=50)
    options: dict[str, t.Any] = {
        "client_id": lab.client_id,
        "client_secret": lab.client_secret,
        "token_url": lab.token_url,
    }
    result = harness.run_module(
        "account_info", endpoint=lab.ovh_endpoint, ca_path=str(lab.ca_path), timeout=1, **options
    )
    one_line(result, "unreachable", "complete within 1 s")
    assert lab.journal.count(operation="POST /auth/oauth2/token") == 1


def test_write_whose_answer_trickles_is_looked_up_not_repeated(lab: Lab, run_module: RunModule) -> None:
    policy = {"name": "p", "identities": ["user:alice"], "resources": ["okms:x"], "allow": ["account:apiovh:me/get"]}
    lab.faults.add("trickle", operation="POST /v2/iam/policy")
    result = run_module("iam_policy", check=False, diff=False, timeout=1, **policy)
    assert result.changed and not result.failed
    assert lab.journal.count(operation="POST /v2/iam/policy") == 1
    assert not run_module("iam_policy", check=False, diff=False, **policy).changed


def test_time_out_that_is_no_time_is_refused(run_module: RunModule) -> None:
    one_line(run_module("account_info", timeout=-1), "invalid_input", "timeout: -1 is not a positive number")
    one_line(run_module("key_provider_info", request_timeout=0), "invalid_input", "request_timeout: 0 is not a")


# --- vCenter


@pytest.mark.parametrize("operation", ["GET /sdk/vimServiceVersions.xml", "RetrieveServiceContent", "ListKmsClusters"])
@pytest.mark.parametrize("action", OPEN_ENDED)
def test_vcenter_without_end_is_told(lab: Lab, run_module: RunModule, short: None, action: str, operation: str) -> None:
    lab.faults.add(action, system="vcenter", operation=operation, times=50)
    result = run_module("key_provider_info", request_timeout=seconds(action))
    assert lab.journal.count(operation=operation) == 1
    if action in LATE:
        one_line(result, "unreachable", "could not ", "timed out", "option request_timeout")
    else:
        one_line(result, "api", "could not ", "the answer is longer than 1 MiB")


def test_vcenter_that_hangs_to_the_end_is_left(
    lab: Lab, run_module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "LEAVE_TIMEOUT", 0.1)
    lab.faults.add("hang", system="vcenter", operation="ListKmsClusters")
    lab.faults.add("trickle", system="vcenter", operation="Logout")
    result = run_module("key_provider_info", request_timeout=1)
    one_line(result, "unreachable", "could not list the key providers", "timed out")
    assert lab.journal.count(operation="Logout") == 1


@pytest.mark.parametrize("operation", ["POST /api/session", REST_READ])
@pytest.mark.parametrize("action", OPEN_ENDED)
def test_rest_without_end_is_told(lab: Lab, run_module: RunModule, short: None, action: str, operation: str) -> None:
    open_up(lab)
    assert not run_module("native_key_provider", name="nkp", tpm_required=False, **FAST).failed
    lab.faults.add(action, system="vcenter_rest", operation=operation, times=50)
    mark = lab.journal.mark()
    result = run_module("native_key_provider", name="nkp", request_timeout=seconds(action))
    assert lab.journal.count(operation=operation, since=mark) == 1
    if action in LATE:
        one_line(result, "unreachable", "could not ", "timed out", "option request_timeout")
    else:
        one_line(result, "api", "could not ", "the answer is longer than 1 MiB")


# --- packed answers, which grow a thousandfold


@pytest.mark.parametrize("limit", [1 << 20, 16 << 20])
def test_packed_answer_is_not_unpacked_beyond_the_limit(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(bounded, "LONGEST", limit)

    def answer(tls: ssl.SSLSocket) -> None:
        tls.recv(65536)
        tls.sendall(packed("application/json"))

    with https(tmp_path, answer) as (port, ca):
        endpoint = f"https://localhost:{port}/1.0"
        result = harness.run_module(
            "account_info", endpoint=endpoint, ca_path=ca, access_token="some-token", timeout=60
        )
    one_line(result, "api", "the answer is longer than 1 MiB" if limit < 8 << 20 else "null, which is not a list")


# --- a proxy, and a KMIP server


def test_proxy_that_trickles_is_told(run_module: RunModule) -> None:
    with listening(lambda raw: drip(raw, b"HTTP/1.1 200 OK\r\nX-Padding: ")) as port:
        result = run_module("key_provider_info", proxy_host="127.0.0.1", proxy_port=port, request_timeout=1)
    one_line(result, "unreachable", f"through the proxy 127.0.0.1:{port}", "timed out")


@pytest.mark.parametrize("beginning", [b"", bytes.fromhex("42007b01000f0000")])
def test_kmip_server_that_trickles_is_told(tmp_path: pathlib.Path, beginning: bytes) -> None:
    users = Authority("Users CA", LabClock())
    certificate, key = users.leaf("vcenter", "client")
    with https(tmp_path, lambda tls: drip(tls, beginning, b"\x42")) as (port, ca):
        result = harness.run_module(
            "kmip_server_info",
            host="localhost",
            port=port,
            ca_path=ca,
            wait=False,
            timeout=3 if beginning else 60,  # enough for the handshake on a busy control node
            client_certificate=certificate,
            client_private_key=key,
        )
    found = result["kmip_server"]
    assert not result.failed and found["trusted"]["verdict"] is True
    assert (found["error_kind"], found["accepted"]) == ("timeout" if beginning else "protocol_error", None)
    assert "\n" not in found["error"]
