# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A newer OVHcloud API: what it changes stops only runs that depend on it, and those say where."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

DOMAINS = "GET /v2/okms/resource"
REGIONS = "GET /v2/okms/reference/regions"
TASK = "GET /dedicatedCloud/{serviceName}/task/{taskId}"
FAST: dict[str, t.Any] = {"wait_interval": 0.01, "wait_timeout": 60}
ORDER: dict[str, t.Any] = {"display_name": "kms-prod", "region": "eu-west-rbx", "allow_order": True, **FAST}


def without(*names: str) -> t.Callable[[t.Any], t.Any]:
    """Take fields out of an object, or of each one of a list."""

    def change(value: t.Any) -> t.Any:
        if isinstance(value, list):
            return [change(item) for item in value]
        return {name: item for name, item in value.items() if name not in names}

    return change


def with_values(**fields: t.Any) -> t.Callable[[t.Any], t.Any]:
    """Set fields of an object, or of each one of a list."""
    return lambda value: [{**item, **fields} for item in value] if isinstance(value, list) else {**value, **fields}


def test_new_region_with_new_words(lab: Lab, run_module: RunModule) -> None:
    new = {"id": "af-south-cpt", "type": "REGION-9-AZ", "certifications": ["NEW"], "zones": [1]}
    lab.ovhcloud.newer[REGIONS] = lambda regions: [*regions, new]
    regions = {region["id"]: region for region in run_module("okms_info", include_regions=True)["regions"]}
    assert regions["af-south-cpt"]["kmip_endpoint"] is None
    assert run_module("okms", **ORDER).changed


def test_domain_whose_name_is_not_told_stops_an_order(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod")
    for operation in (DOMAINS, "GET /v2/okms/resource/{okmsId}"):
        lab.ovhcloud.newer[operation] = with_values(iam=None)
    refused = run_module("okms", **ORDER)
    assert refused.failed
    assert "without display_name" in refused.msg
    assert lab.ovhcloud.state.orders == {}
    # a domain of another region is none of its business
    assert not run_module("okms_info").failed
    assert "without" not in run_module("okms", check=True, **{**ORDER, "region": "eu-west-sbg"}).msg


def test_task_without_description_and_author(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.newer[TASK] = without("description", "createdBy", "userId", "progress", "executionDate")
    user: dict[str, t.Any] = {"service_name": lab.private_cloud, "name": "admin", **FAST}
    changed = run_module("private_cloud_user", **user, encryption_right=True)
    assert changed.changed, changed.msg
    assert not run_module("private_cloud_info", service_name=lab.private_cloud, gather=["tasks"]).failed


@pytest.mark.parametrize("state", ["canceled", "error", "postponedForever"])
def test_end_of_a_task_is_told_with_its_state(lab: Lab, run_module: RunModule, state: str) -> None:
    lab.ovhcloud.newer[TASK] = with_values(state=state, description=None)
    options: dict[str, t.Any] = {
        "service_name": lab.private_cloud,
        "name": "admin",
        "wait_interval": 0.01,
        "wait_timeout": 1,
    }
    failed = run_module("private_cloud_user", **options, encryption_right=True)
    assert failed.failed
    assert state in failed.msg
    assert "\n" not in failed.msg


def test_credential_of_unknown_status_is_not_doubled(lab: Lab, run_module: RunModule, tmp_path: t.Any) -> None:
    okms_id = lab.ovhcloud.new_okms("eu-west-rbx", "kms").okms_id
    wanted: dict[str, t.Any] = {
        "okms_id": okms_id,
        "name": "vcenter",
        "identity_urns": ["urn:v1:eu:identity:user:ab12345-ovh/vcenter"],
        "private_key_path": str(tmp_path / "key.pem"),
        **FAST,
    }
    made = run_module("okms_credential", **wanted)
    assert made.changed, made.msg
    for operation in ("credential", "credential/{credentialId}"):
        lab.ovhcloud.newer[f"GET /v2/okms/resource/{{okmsId}}/{operation}"] = with_values(status="RENEWING")
    assert run_module("okms_credential_info", okms_id=okms_id)["credentials"][0]["status"] == "RENEWING"
    mark = lab.journal.mark()
    refused = run_module("okms_credential", **wanted)
    assert refused.failed
    assert "has the status RENEWING, which this version does not know" in refused.msg
    assert list(lab.journal.writes(mark)) == []
    # a credential of another name is none of its business
    other: dict[str, t.Any] = {
        **wanted,
        "name": "other",
        "private_key_path": str(tmp_path / "other.pem"),
        "wait": False,
    }
    assert "does not know" not in run_module("okms_credential", **other).msg


def test_policy_that_is_not_told_whole_is_not_replaced(lab: Lab, run_module: RunModule) -> None:
    policy: dict[str, t.Any] = {
        "name": "keys",
        "identities": ["user:alice"],
        "resources": ["okms:*"],
        "allow": ["okms:kmip:get"],
    }
    assert run_module("iam_policy", **policy).changed
    lab.ovhcloud.newer["GET /v2/iam/policy"] = without("permissions")
    mark = lab.journal.mark()
    refused = run_module("iam_policy", **{**policy, "allow": ["okms:kmip:create"]})
    assert refused.failed
    assert "without permissions" in refused.msg
    assert list(lab.journal.writes(mark)) == []


def test_made_key_whose_answer_cannot_be_read(lab: Lab, run_module: RunModule) -> None:
    okms_id = lab.ovhcloud.new_okms("eu-west-rbx", "kms").okms_id
    lab.ovhcloud.newer["POST /v2/okms/resource/{okmsId}/serviceKey"] = without("id")
    options: dict[str, t.Any] = {"okms_id": okms_id, "name": "billing"}
    failed = run_module("okms_service_key", **options)
    assert failed.failed
    assert "Whether the key exists is unknown" in failed.msg
    lab.ovhcloud.newer.clear()
    assert not run_module("okms_service_key", **options).changed
    assert len(lab.ovhcloud.state.okms[okms_id].service_keys) == 1


@pytest.mark.parametrize("took_effect", [True, False])
def test_changed_is_true_to_a_change_whose_end_cannot_be_read(
    lab: Lab, run_module: RunModule, took_effect: bool
) -> None:
    user, ending = "GET /dedicatedCloud/{serviceName}/user/{userId}", {"left": 1}

    def odd(value: t.Any) -> t.Any:
        """The first look after the change cannot be read; the one at its end can."""
        if not lab.journal.writes() or not ending["left"]:
            return value if took_effect else {**value, "encryptionRight": False}
        ending["left"] -= 1
        return without("userId")(value)

    lab.ovhcloud.settings.task_reads = 0
    lab.ovhcloud.newer[user] = odd
    failed = run_module(
        "private_cloud_user", service_name=lab.private_cloud, name="admin", encryption_right=True, **FAST
    )
    assert failed.failed
    assert "without userId" in failed.msg
    assert failed.changed is took_effect
