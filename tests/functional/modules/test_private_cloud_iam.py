# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""private_cloud_iam against the lab: on once, roles added once, off only when meant, never tried where it cannot be."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

CLOUD = "pcc-192-0-2-10"
IAM = "/dedicatedCloud/{serviceName}/iam"
ON: dict[str, t.Any] = {"service_name": CLOUD, "wait_interval": 0.01, "wait_timeout": 60}
OFF: dict[str, t.Any] = {**ON, "state": "disabled"}


def agree(predicted: dict[str, t.Any], real: dict[str, t.Any]) -> bool:
    return set(predicted) == set(real) and all(value in (None, real[key]) for key, value in predicted.items())


@pytest.mark.oldest("private_cloud_iam", "life")
def test_on_with_a_role_again_off_again(lab: Lab, run_module: RunModule) -> None:
    options = {**ON, "roles": ["encryption"]}
    mark = lab.journal.mark()
    predicted = run_module("private_cloud_iam", check=True, **options)
    assert predicted.changed and lab.journal.writes(mark) == []
    done = run_module("private_cloud_iam", **options)
    assert done.changed and agree(predicted["iam"], done["iam"]), done.data
    assert done["iam"]["roles"] == ["iam-admin", "iam-auditor", "iam-encryption"]
    assert done["iam"]["actions"][2] == "pccVMware:vSphere:assumeRole?iam-encryption"
    assert done.diff["before"]["state"] == "disabled" and done.diff["after"]["roles"] == done["iam"]["roles"]
    assert [entry.operation for entry in lab.journal.writes(mark)] == [f"POST {IAM}/enable", f"POST {IAM}/addRole"]

    mark = lab.journal.mark()
    for again in (options, ON, {**ON, "roles": ["iam-encryption"]}):
        same = run_module("private_cloud_iam", **again)
        assert not same.changed and same["iam"] == done["iam"]
    text = run_module("private_cloud_iam", **{**ON, "roles": "encryption, iam-encryption ,, "})
    assert not text.changed and text["iam"] == done["iam"]
    assert lab.journal.writes(mark) == []
    more = run_module("private_cloud_iam", **{**ON, "roles": ["iam-backup"]})
    assert more.changed and len(more["iam"]["roles"]) == 4

    refused = run_module("private_cloud_iam", check=True, **OFF)
    assert refused.failed and f"confirm_name: {CLOUD}" in refused.msg and "iam-encryption" in refused.msg
    predicted = run_module("private_cloud_iam", check=True, **OFF, confirm_name=CLOUD)
    off = run_module("private_cloud_iam", **OFF, confirm_name=CLOUD)
    assert off.changed and off["iam"]["state"] == "disabled" and off["iam"]["roles"] == []
    assert agree(predicted["iam"], off["iam"])
    assert not run_module("private_cloud_iam", **OFF).changed


def test_a_role_gets_its_right_like_a_user(lab: Lab, run_module: RunModule) -> None:
    run_module("private_cloud_iam", **ON, roles=["encryption"])
    user = {**ON, "name": "iam-encryption", "encryption_right": True}
    assert run_module("private_cloud_user", **user)["user"]["identity_provider_type"] == "iam"
    assert not run_module("private_cloud_user", **user).changed


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"service_pack": "pcidss-nsxt"}, "PCI DSS"),
        ({"service_pack": "snc-nsxt"}, "SecNumCloud"),
        ({"advanced_security": True}, "hds-nsxt"),
        ({"service_pack": "default-nsxt"}, "private clouds with NSX cannot use it, service pack default-nsxt"),
        ({"iam_option": "unavailable"}, "OVHcloud says"),
        ({"iam_option": "missing"}, "OVHcloud says"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_clouds_that_cannot(
    lab: Lab, run_module: RunModule, settings: dict[str, t.Any], words: str, check: bool
) -> None:
    for name, value in settings.items():
        setattr(lab.ovhcloud.settings, name, value)
    mark = lab.journal.mark()
    refused = run_module("private_cloud_iam", check=check, **ON)
    assert refused.failed and refused["failure"]["kind"] == "unsupported"
    assert words in refused.msg and "local vSphere user" in refused.msg and "\n" not in refused.msg
    off = run_module("private_cloud_iam", check=check, **OFF)
    assert not off.changed and not off.failed and off["iam"]["available"] is False
    assert lab.journal.writes(mark) == []


@pytest.mark.parametrize("conflict", [409, 400])  # assumption conflict-status
def test_without_waiting_the_next_run_goes_on(lab: Lab, run_module: RunModule, conflict: int) -> None:
    lab.ovhcloud.settings.conflict_status = conflict
    lab.ovhcloud.settings.task_reads = 5
    first = run_module("private_cloud_iam", **ON, wait=False)
    assert first.changed and first["iam"]["state"] == "enabling"
    second = run_module("private_cloud_iam", **ON)
    assert not second.changed and second["iam"]["state"] == "enabled"
    assert len(lab.journal.entries(operation=f"POST {IAM}/enable")) == 1
    third = run_module("private_cloud_iam", **ON, roles=["encryption"], wait=False)
    assert third.changed and "iam-encryption" not in third["iam"]["roles"]
    assert "iam-encryption" in third.diff["after"]["roles"]
    assert "iam-encryption" in run_module("private_cloud_iam", **ON, roles=["encryption"])["iam"]["roles"]
    assert lab.ovhcloud.state.pccs[CLOUD].roles.count("iam-encryption") == 1


def test_role_that_is_refused_for_itself_is_told_at_once(lab: Lab, run_module: RunModule) -> None:
    assert run_module("private_cloud_iam", **ON).changed
    lab.faults.add("status", operation=f"POST {IAM}/addRole", status=400)
    refused = run_module("private_cloud_iam", **ON, roles=["encryption"])
    assert refused["failure"]["kind"] == "api" and "addRole failed: OVHcloud answered 400" in refused.msg, refused.msg


@pytest.mark.parametrize("call", ["enable", "addRole"])
@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_a_lost_answer_never_leads_to_a_second_write(lab: Lab, run_module: RunModule, call: str, action: str) -> None:
    lab.faults.add(action, system="ovhcloud", operation=f"POST {IAM}/{call}")
    options = {**ON, "roles": ["encryption"]}
    run_module("private_cloud_iam", **options)
    assert not run_module("private_cloud_iam", **options).failed
    assert lab.ovhcloud.state.pccs[CLOUD].roles == ["iam-admin", "iam-auditor", "iam-encryption"]
    count = len(lab.journal.entries(operation=f"POST {IAM}/{call}"))
    assert count == (2 if action == "drop_before" else 1)


def test_a_failed_task_is_told(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.task_outcome = "error"
    result = run_module("private_cloud_iam", **ON)
    assert result.failed and "in state error" in result.msg and "\n" not in result.msg


@pytest.mark.oldest("private_cloud_iam", "refusal")
def test_no_such_cloud(lab: Lab, run_module: RunModule) -> None:
    result = run_module("private_cloud_iam", **{**ON, "service_name": "pcc-203-0-113-1"})
    assert result.failed and result["failure"]["kind"] == "not_found" and "\n" not in result.msg
