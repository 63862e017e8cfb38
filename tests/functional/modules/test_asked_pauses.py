# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pause that Vault or vCenter's REST interface asks for is kept between reads; an hour is told, not waited for."""

from __future__ import annotations

import contextlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.retry import Retry
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vault import client, config
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection import rest, session
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

PROVIDERS = "/api/vcenter/crypto-manager/kms/providers"


def read_vault(lab: Lab, retry: Retry) -> None:
    """One read of a secret that is not there."""
    options = {"namespace": "", "mount": "secret", "timeout": 60, "validate_certs": True}
    vault = client.VaultClient(config.load({**options, **harness.connection(lab, "vault")}), retry)
    with contextlib.closing(vault), contextlib.suppress(NotFoundError):
        vault.get("/v1/secret/metadata/nothing")


def read_rest(lab: Lab, retry: Retry) -> None:
    """One read of the key providers."""
    options = {**harness.connection(lab, "vsphere"), "validate_certs": True, "request_timeout": 60}
    asking = rest.Rest(session.target_of(options), options["username"], options["password"], retry)
    with contextlib.closing(asking):
        asking.get("list the key providers", PROVIDERS)


READS = [
    pytest.param(read_vault, "GET /v1/{mount}/metadata/{path}", id="vault"),
    pytest.param(read_rest, f"GET {PROVIDERS}", id="rest"),
]
Read = t.Callable[[Lab, Retry], None]


@pytest.mark.parametrize(("read", "operation"), READS)
def test_asked_pause_is_kept_before_the_next_read(lab: Lab, read: Read, operation: str) -> None:
    open_up(lab)
    pauses: list[float] = []
    for status, asked in ((429, 7), (503, 60)):
        lab.faults.add("status", operation=operation, status=status, retry_after=asked)
        read(lab, Retry(sleep=pauses.append))
    assert pauses == [7, 60]


@pytest.mark.parametrize(("read", "operation"), READS)
def test_asked_hour_is_told_and_not_waited_for(lab: Lab, read: Read, operation: str) -> None:
    open_up(lab)
    pauses: list[float] = []
    lab.faults.add("status", operation=operation, status=429, retry_after=3600)
    with pytest.raises(CollectionError, match=r"429.*; it asks to wait 3600 s") as caught:
        read(lab, Retry(sleep=pauses.append))
    assert pauses == [] and caught.value.details["retry_after"] == 3600
