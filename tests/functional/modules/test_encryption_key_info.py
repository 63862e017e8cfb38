# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module encryption_key_info: whether a vCenter can get keys that none of its VMs has to use."""

from __future__ import annotations

import functools
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_native,
    add_standard,
    refused,
    without,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

STANDARD, NATIVE = "team-kms", "nkp"


@pytest.fixture
def ready(lab: Lab) -> Lab:
    """A standard and a native provider."""
    add_standard(open_up(lab), STANDARD)
    add_native(lab, NATIVE)
    return lab


def keys(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    """The option."""
    return [{"provider": provider, "key_id": key_id} for provider, key_id in pairs]


@pytest.mark.oldest("encryption_key_info", "life")
def test_each_key_is_told_once_with_its_reason(ready: Lab, run_module: RunModule) -> None:
    machine: dict[str, t.Any] = {"selection": {"names": ["vm1"]}, "provider": STANDARD, "wait_interval": 0.01}
    assert run_module("vm_encryption", **machine).changed
    made = next(ready.vcenter.inventory.vm("vm1").crypto_keys()).key_id
    wanted = keys((STANDARD, made), (STANDARD, "none-such"), (STANDARD, made), (NATIVE, "any"), ("gone", "x"))
    mark = ready.journal.mark()
    result = run_module("encryption_key_info", keys=wanted)
    found = {(one["provider"], one["key_id"]): one for one in result["encryption_keys"]}
    assert len(result["encryption_keys"]) == 4 and result["unavailable"] == 2
    assert found[STANDARD, made] == {**keys((STANDARD, made))[0], "available": True, "reason": None, "next_step": None}
    assert "does not exist in the KMS" in found[STANDARD, "none-such"]["reason"]
    assert "provider does not exist" in found["gone", "x"]["reason"] and found["gone", "x"]["next_step"]
    assert found[NATIVE, "any"]["available"] and not result.changed
    assert ready.journal.writes(mark) == []
    assert run_module("encryption_key_info", keys=wanted, check=True).data == result.data


def test_no_key_is_no_question(ready: Lab, run_module: RunModule) -> None:
    mark = ready.journal.mark()
    result = run_module("encryption_key_info", keys=[])
    assert (result["encryption_keys"], result["unavailable"]) == ([], 0)
    assert not ready.journal.count("vcenter", operation="QueryCryptoKeyStatus", since=mark)


@pytest.mark.oldest("encryption_key_info", "refusal")
def test_right_that_is_missing_is_named(ready: Lab, run_module: RunModule) -> None:
    without(ready, "Cryptographer.ManageKeys")
    run = functools.partial(run_module, "encryption_key_info")
    assert "Cryptographer.ManageKeys" in refused(ready, t.cast("t.Any", run), "forbidden", keys=keys((STANDARD, "x")))
