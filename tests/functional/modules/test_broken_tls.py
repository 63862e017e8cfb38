# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS that fails: in the handshake nothing was sent; after a request it is a lost answer, so nothing is done twice."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import typing as t

import pytest
import requests

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import UnreachableError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import load
from ansible_collections.ovhcloud.vmware_encryption.plugins.modules.okms_info import SPEC
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.native_helpers import provider_runner
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.secret_helpers import (
    PATH,
    PLACES,
    a_file,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.test_okms_credential import make_csr
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.wire_helpers import https, listening
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.faults import BROKEN_TLS

FAST: dict[str, t.Any] = {"wait_interval": 0.01, "wait_timeout": 60}
REFUSAL = bytes.fromhex("15030300020228")  # alert handshake_failure, unencrypted (RFC 8446, 6.2)
CREDENTIAL = "POST /v2/okms/resource/{okmsId}/credential"

broken_tls = pytest.mark.parametrize("action", BROKEN_TLS)


def post_to(endpoint: str, **more: t.Any) -> UnreachableError:
    """The error of one write."""
    options = {**dict.fromkeys(SPEC.options), "validate_certs": True, "timeout": 60, "access_token": "a-token", **more}
    client = Client(load({**options, "endpoint": endpoint}))
    with contextlib.closing(client), pytest.raises(UnreachableError) as caught:
        client.post("/order/cart", {})
    return caught.value


# --- in the handshake


def refuse(connection: socket.socket) -> None:
    """Answer the first message of the handshake with an alert."""
    connection.recv(65536)
    connection.sendall(REFUSAL)


def test_write_to_a_server_that_refuses_tls_was_never_sent() -> None:
    with listening(refuse) as port:
        error = post_to(f"https://localhost:{port}/1.0")
    assert error.details["maybe_done"] is False and "no answer from localhost" in error.message


def test_write_to_an_untrusted_server_was_never_sent(tmp_path: pathlib.Path) -> None:
    arrived: list[bytes] = []
    with https(tmp_path, lambda tls: arrived.append(tls.recv(65536))) as (port, _ca):
        error = post_to(f"https://localhost:{port}/1.0")
    assert error.details["maybe_done"] is False and "is not trusted" in error.message
    assert arrived == []


def test_error_of_a_token_server_is_not_its_own_cause() -> None:
    with listening(refuse) as port:
        account = {"client_id": "an-id", "client_secret": "a-secret", "token_url": f"https://localhost:{port}/token"}
        error = post_to("https://localhost:1/1.0", access_token=None, **account)
    assert error.message.startswith("POST /token: no answer from localhost")
    assert isinstance(error.__cause__, requests.exceptions.SSLError)


# --- after the request


@broken_tls
def test_outcome_of_a_write_before_tls_broke_is_unknown(lab: Lab, action: str) -> None:
    lab.faults.add(action, operation="POST /order/cart")
    error = post_to(lab.ovh_endpoint, access_token=lab.ovhcloud.keys.access_token, ca_path=str(lab.ca_path))
    assert error.details["maybe_done"] is True
    assert lab.journal.count(operation="POST /order/cart") == 1


@broken_tls
def test_read_before_tls_broke_is_repeated(lab: Lab, run_module: RunModule, action: str) -> None:
    lab.faults.add(action, operation="GET /me")
    assert not run_module("account_info").failed


@broken_tls
@pytest.mark.parametrize("operation", ["POST /order/cart/{cartId}/checkout", "POST /me/order/{orderId}/pay"])
def test_order_before_tls_broke_stays_the_only_one(
    lab: Lab, run_module: RunModule, operation: str, action: str
) -> None:
    options = {"display_name": "kms-prod", "region": "eu-west-rbx", "allow_order": True, **FAST}
    lab.faults.add(action, operation=operation)
    first = run_module("okms", **options)
    done = run_module("okms", **options) if first.failed else first
    assert not done.failed, done.msg
    assert not run_module("okms", **options).changed
    assert lab.journal.count(operation=operation) == 1
    assert lab.journal.count(operation="DELETE /order/cart/{cartId}") == 0
    assert [bool(order.paid_with) for order in lab.ovhcloud.state.orders.values()] == [True]
    assert len(lab.ovhcloud.state.okms) == 1


@broken_tls
def test_credential_before_tls_broke_is_found(lab: Lab, run_module: RunModule, action: str) -> None:
    domain = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod")
    urn = "urn:v1:eu:identity:user:ab12345-ovh/vcenter-kmip"
    options = {"okms_id": domain.okms_id, "name": "vcenter", "identity_urns": [urn], "csr": make_csr(), **FAST}
    lab.faults.add(action, operation=CREDENTIAL)
    made = run_module("okms_credential", **options)
    assert made.changed, made.msg
    assert not run_module("okms_credential", **options).changed
    assert list(domain.credentials) == [made["credential"]["id"]]
    assert lab.journal.count(operation=CREDENTIAL) == 1


@broken_tls
def test_credential_whose_key_is_lost_with_tls_is_named(
    lab: Lab, run_module: RunModule, tmp_path: pathlib.Path, action: str
) -> None:
    domain = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod")
    options = {"okms_id": domain.okms_id, "name": "vcenter", "private_key_path": str(tmp_path / "key"), **FAST}
    lab.faults.add(action, operation=CREDENTIAL)
    lost = run_module("okms_credential", **options)
    (orphan,) = domain.credentials
    assert lost.failed and lost["failure"]["orphan_credential_ids"] == [orphan], lost.msg
    made = run_module("okms_credential", **options)
    assert made["replaced"] == [orphan], made.msg


@broken_tls
def test_kms_entry_before_tls_broke_is_found(lab: Lab, run_module: RunModule, action: str) -> None:
    kms = "/dedicatedCloud/{serviceName}/vmEncryption/kms"
    options = {"service_name": lab.private_cloud, "host": "203.0.113.20", "thumbprint": ":".join(["0A"] * 20), **FAST}
    lab.faults.add(action, operation=f"POST {kms}")
    made = run_module("private_cloud_kms", **options)
    assert made.changed and not made.failed, made.msg
    assert not run_module("private_cloud_kms", **options).changed
    assert len(lab.ovhcloud.state.pccs[lab.private_cloud].kms) == lab.journal.count(operation=f"POST {kms}") == 1


@broken_tls
@pytest.mark.parametrize("name", list(PLACES))
def test_secret_before_tls_broke_is_found(lab: Lab, tmp_path: pathlib.Path, name: str, action: str) -> None:
    place, file = PLACES[name](lab), a_file(tmp_path)
    lab.faults.add(action, system=place.system, operation="POST */data/{path}")
    done = place.run(file=file)
    assert (done.failed, place.store.secrets[PATH].current) == (False, 1), done.msg
    assert not place.run(file=file).changed
    assert lab.journal.count(place.system, operation="POST */data/{path}") == 1


@broken_tls
def test_native_provider_before_tls_broke_is_found(lab: Lab, run_module: RunModule, action: str) -> None:
    run = provider_runner(run_module)
    operation = "POST /api/vcenter/crypto-manager/kms/providers"
    lab.faults.add(action, system="vcenter_rest", operation=operation)
    open_up(lab)
    made = run()
    assert made.changed and not made.failed, made.msg
    assert not run().changed
    assert lab.journal.count("vcenter_rest", operation=operation) == 1


def test_all_actions_break_tls_of_a_running_lab(lab: Lab) -> None:
    """The faults are what they say: a record that the client cannot decrypt, and not just an end."""
    for action in BROKEN_TLS:
        lab.faults.add(action, operation="POST /order/cart")
        error = post_to(lab.ovh_endpoint, access_token=lab.ovhcloud.keys.access_token, ca_path=str(lab.ca_path))
        assert "BAD_RECORD_MAC" in error.message or "bad record mac" in error.message, error.message
