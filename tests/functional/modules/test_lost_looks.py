# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A write whose answer is lost, and a look at its effect that fails too: the error is still that of the write."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.log_helpers import log_site
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.native_helpers import provider_runner
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

KMS = "/dedicatedCloud/{serviceName}/vmEncryption/kms"
LOG = "/v2/okms/resource/{okmsId}/log/subscription"
FAST: dict[str, t.Any] = {"wait_interval": 0.01, "wait_timeout": 60}
POLICY: dict[str, t.Any] = {
    "name": "kmip",
    "identities": ["user:alice"],
    "resources": ["okms:7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"],
    "allow": ["okms:kmip:get"],
}


def lose(lab: Lab, write: str, read: str) -> None:
    """The write takes effect, its answer is lost, and from then on nobody may read."""
    lab.faults.add("drop_after", operation=write, call=lambda: lab.faults.add("refuse", operation=read, times=1000))


def told(result: harness.ModuleResult, *words: str) -> None:
    """Both errors are in one line, that of the write first, and the result says that something may have been done."""
    assert result.failed and result["failure"]["maybe_done"] is True, result.output
    assert "Whether it took effect is unknown, because the look at it failed, too (" in result.msg, result.msg
    assert all(word in result.msg.partition("Whether")[0] for word in words) and "\n" not in result.msg, result.msg


def test_kms_entry_that_cannot_be_looked_for_is_told(lab: Lab, run_module: RunModule) -> None:
    options = {"service_name": lab.private_cloud, "host": "203.0.113.20", "thumbprint": ":".join(["0A"] * 20), **FAST}
    lose(lab, f"POST {KMS}", f"GET {KMS}")
    told(run_module("private_cloud_kms", **options), "POST ", "/vmEncryption/kms: no answer from ")
    lab.faults.clear()
    assert not run_module("private_cloud_kms", **options).changed
    assert lab.journal.count(operation=f"POST {KMS}") == 1


@pytest.mark.parametrize("write", ["POST", "PUT", "DELETE"])
def test_policy_that_cannot_be_looked_for_is_told(lab: Lab, run_module: RunModule, write: str) -> None:
    options: dict[str, t.Any] = {
        "POST": POLICY,
        "PUT": {**POLICY, "description": "new"},
        "DELETE": {"name": "kmip", "state": "absent"},
    }[write]
    if write != "POST":
        run_module("iam_policy", **POLICY)
    lose(lab, f"{write} /v2/iam/policy*", "GET /v2/iam/policy*")
    told(run_module("iam_policy", **options), f"{write} /v2/iam/policy", "no answer from ")
    lab.faults.clear()
    again = run_module("iam_policy", **options)
    assert not again.changed and not again.failed, again.msg


@pytest.mark.parametrize(("write", "state"), [("POST", "present"), ("DELETE", "absent")])
def test_subscription_that_cannot_be_looked_for_is_told(lab: Lab, write: str, state: str) -> None:
    site = log_site(lab)
    if state == "absent":
        site.run(kinds=["kmip"])
    lose(lab, f"{write} {LOG}*", f"GET {LOG}")
    told(site.run(kinds=["kmip"], state=state), f"{write} ", "no answer from ")
    lab.faults.clear()
    again = site.run(kinds=["kmip"], state=state)
    assert not again.failed and len(site.sent()) == (1 if state == "present" else 0), again.msg


def test_native_provider_that_cannot_be_looked_for_is_told(lab: Lab, run_module: RunModule) -> None:
    run = provider_runner(run_module)
    open_up(lab)
    lose(lab, "POST /api/vcenter/crypto-manager/kms/providers", "*")
    told(run(), "could not ")
    lab.faults.clear()
    again = run()
    assert not again.changed and not again.failed, again.msg
