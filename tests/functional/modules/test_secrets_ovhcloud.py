# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules of rights, accounts and keys print holds no secret: done, foreseen, and refused."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

CLOUD = "pcc-192-0-2-10"
KEY = "cGxhbnRlZCBrZXkgdGhhdCBub2JvZHkgbWF5IHNlZSE="
CALLS: list[tuple[str, dict[str, t.Any]]] = [
    ("account_info", {}),
    ("api_rights_info", {"profile": "order", "service_name": CLOUD}),
    ("iam_policy", {"name": "p", "identities": ["user:bob"], "resources": ["account"], "allow": ["a:b"]}),
    ("iam_policy_info", {}),
    ("okms_service_key", {"name": "k", "key": KEY}),
    ("okms_service_key_info", {"public_keys": True}),
    ("private_cloud_iam", {"service_name": CLOUD, "roles": ["encryption"], "wait_interval": 0.01}),
    ("vcenter_readiness_info", {}),
    ("ovhcloud_field_info", {"service_name": CLOUD}),
    ("vcenter_field_info", {}),
]


@pytest.mark.parametrize(("module", "options"), CALLS, ids=[module for module, _options in CALLS])
def test_no_secret_is_printed(lab: Lab, run_module: RunModule, module: str, options: dict[str, t.Any]) -> None:
    if module == "okms_service_key":
        options = {**options, "okms_id": lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod").okms_id}
    mark = lab.journal.mark()
    outputs = [run_module(module, check=True, **options).output]
    assert lab.journal.writes(mark) == []
    done = run_module(module, **options)
    assert not done.failed, done.msg
    lab.faults.add("refuse", times=1000)
    outputs += [done.output, run_module(module, check=True, **options).output]
    assert [secret for secret in (*lab.secrets(), KEY) if any(secret in output for output in outputs)] == []
