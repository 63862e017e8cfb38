# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""private_cloud_info against the lab: all subsets, and what happens to those that cannot be read."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.plugins.modules import private_cloud_info
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

CLOUD = "pcc-192-0-2-10"
ALL = ["encryption", "users", "iam", "networks", "tasks", "capabilities", "security", "replication", "life_cycle"]
SHA1 = ":".join(["0A"] * 20)
OPTIONAL = {"allowed_networks" if part == "networks" else part for part in ALL}


def only(result: t.Any) -> dict[str, t.Any]:
    assert not result.failed and not result.changed, result.msg
    (cloud,) = result["private_clouds"]
    return dict(cloud)


def limited(lab: Lab, *actions: str) -> dict[str, t.Any]:
    """Connection options of a service account that may only do these actions."""
    client_id, client_secret = lab.ovhcloud.add_service_account(
        "reader", [f"pccVMware:apiovh:{action}" for action in actions]
    )
    keys = dict.fromkeys(("application_key", "application_secret", "consumer_key"))
    return {**keys, "client_id": client_id, "client_secret": client_secret, "token_url": lab.token_url}


@pytest.mark.oldest("private_cloud_info", "life")
def test_everything_of_a_private_cloud(lab: Lab, run_module: RunModule) -> None:
    options: dict[str, t.Any] = {"service_name": CLOUD, "wait_interval": 0.01, "wait_timeout": 60}
    run_module("private_cloud_kms", **options, host="203.0.113.20", thumbprint=SHA1, description="okms")
    mark = lab.journal.mark()
    cloud = only(run_module("private_cloud_info", service_name=CLOUD, gather=ALL))
    assert lab.journal.writes(mark) == []
    assert (cloud["service_name"], cloud["state"], cloud["location"]) == (CLOUD, "delivered", "rbx2a")
    assert cloud["urn"] == f"urn:v1:eu:resource:pccVMware:{CLOUD}"
    assert cloud["vcenter_host"] and "/" not in cloud["vcenter_host"]
    assert set(cloud["version"]) == {"major", "minor", "build"}
    assert (cloud["user_limit_concurrent_session"], cloud["user_session_timeout"]) == (20, 0)
    assert (cloud["advanced_security"], cloud["user_access_policy"]) == (False, "filtered")

    (kms,) = cloud["encryption"]["kms"]
    assert cloud["encryption"]["state"] == "enabling"
    assert (kms["ip"], kms["thumbprint"], kms["state"]) == ("203.0.113.20", SHA1, "creating")
    assert [(user["name"], user["encryption_right"]) for user in cloud["users"]] == [
        ("admin", False),
        ("operator", False),
    ]
    assert cloud["iam"] == {"state": "disabled", "available": True, "identity_provider_id": None}
    assert cloud["allowed_networks"][0]["network"] == "198.51.100.0/24"
    assert cloud["tasks"][0]["description"].startswith("Waiting for customer")
    assert cloud["capabilities"]["can_add_user"] is True
    assert cloud["security"]["enabled_options"] == ["base"]
    assert cloud["security"]["password_policy"]["min_length"] == 8
    assert cloud["replication"] == {"zerto": False, "datacenters": {"1": "disabled"}}


def test_hosts_of_its_datacenters_have_end_dates(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.state.pccs[CLOUD].datacenter_range = "ESSENTIALS"
    found = only(run_module("private_cloud_info", service_name=CLOUD, gather=["life_cycle"]))["life_cycle"]
    assert found["commercial_names"] == ["ESSENTIALS"]
    hosts = {"what": "hosts of the range Essentials", "phase": "end of support", "date": "2027-06-30"}
    assert hosts in found["ends"] and len(found["ends"]) == 3


@pytest.mark.parametrize(("state", "on"), [("delivered", True), ("toProvision", True), ("disabled", False)])
def test_zerto_of_any_virtual_datacenter_counts(lab: Lab, run_module: RunModule, state: str, on: bool) -> None:
    lab.ovhcloud.state.pccs[CLOUD].zerto = {11: "disabled", 12: state}
    found = only(run_module("private_cloud_info", service_name=CLOUD, gather=["replication"]))["replication"]
    assert found == {"zerto": on, "datacenters": {"11": "disabled", "12": state}}


def test_one_user_and_the_entries_alone_cost_few_requests(lab: Lab, run_module: RunModule) -> None:
    options: dict[str, t.Any] = {"service_name": CLOUD, "wait_interval": 0.01, "wait_timeout": 60}
    run_module("private_cloud_kms", **options, host="203.0.113.20", thumbprint=SHA1, description="okms")
    wanted: dict[str, t.Any] = {"service_name": CLOUD, "gather": ["kms", "users"], "user": "operator"}
    mark = lab.journal.mark()
    cloud = only(run_module("private_cloud_info", **wanted))
    asked = [entry.operation.rpartition("}")[2] or "one" for entry in lab.journal.entries(since=mark)]
    assert asked == ["GET /auth/time", "one", "/vmEncryption/kms", "one", "/user", "one"], asked
    assert (cloud["encryption"]["state"], len(cloud["encryption"]["kms"])) == (None, 1)
    assert [user["name"] for user in cloud["users"]] == ["operator"]
    # nobody of that name, or a cloud on which others must confirm: all users
    everybody = ["admin", "operator"]
    assert [user["name"] for user in only(run_module("private_cloud_info", **{**wanted, "user": "oper"}))["users"]] == (
        everybody
    )
    lab.ovhcloud.settings.advanced_security = True
    assert [user["name"] for user in only(run_module("private_cloud_info", **wanted))["users"]] == everybody


def test_the_documentation_names_every_key(lab: Lab, run_module: RunModule) -> None:
    documented = yaml.safe_load(private_cloud_info.RETURN)["private_clouds"]["contains"]
    cloud = only(run_module("private_cloud_info", gather=ALL))
    assert set(cloud) == set(documented)
    for key in ("encryption", "iam", "security"):
        assert set(cloud[key]) == set(documented[key]["contains"]), key
    assert set(cloud["users"][0]) == set(documented["users"]["sample"][0])
    assert set(cloud["allowed_networks"][0]) == set(documented["allowed_networks"]["contains"])


def test_all_private_clouds_with_the_usual_subsets(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.add_private_cloud("pcc-192-0-2-20")
    result = run_module("private_cloud_info")
    assert [cloud["service_name"] for cloud in result["private_clouds"]] == [CLOUD, "pcc-192-0-2-20"]
    assert {key for key in OPTIONAL if result["private_clouds"][0][key] is None} == {
        "allowed_networks",
        "life_cycle",
        "replication",
        "tasks",
        "capabilities",
        "security",
    }


def test_a_private_cloud_that_does_not_exist_is_an_empty_list(lab: Lab, run_module: RunModule) -> None:
    result = run_module("private_cloud_info", service_name="pcc-203-0-113-1")
    assert not result.failed and result["private_clouds"] == []


def test_what_may_not_be_read_is_null_with_a_warning(lab: Lab, run_module: RunModule) -> None:
    rights = limited(lab, "get", "vmEncryption/get", "vmEncryption/kms/get", "iam/*")
    result = run_module("private_cloud_info", service_name=CLOUD, **rights)
    cloud = only(result)
    assert cloud["encryption"] == {"state": "disabled", "kms": []} and cloud["iam"]["available"]
    assert cloud["users"] is None
    (warning,) = result.warnings
    assert f"{CLOUD}: users cannot be read" in warning and "pccVMware:apiovh:user/get" in warning


def test_subsets_are_read_without_the_right_to_read_the_service(lab: Lab, run_module: RunModule) -> None:
    rights = limited(lab, "vmEncryption/get", "vmEncryption/kms/get")
    result = run_module("private_cloud_info", service_name=CLOUD, gather=["encryption"], **rights)
    cloud = only(result)
    assert cloud["encryption"]["kms"] == [] and cloud["vcenter_host"] is None
    assert "pccVMware:apiovh:get" in result.warnings[0]


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("available", {"state": "disabled", "available": True, "identity_provider_id": None}),
        ("unavailable", {"state": "disabled", "available": False, "identity_provider_id": None}),
        ("missing", {"state": None, "available": False, "identity_provider_id": None}),
    ],
)
def test_clouds_without_iam(lab: Lab, run_module: RunModule, option: str, expected: dict[str, t.Any]) -> None:
    lab.ovhcloud.settings.iam_option = option
    result = run_module("private_cloud_info", service_name=CLOUD, gather=["iam"])
    assert only(result)["iam"] == expected and result.warnings == []


def test_advanced_security_is_seen(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.settings.advanced_security = True
    cloud = only(run_module("private_cloud_info", service_name=CLOUD, gather=["security"]))
    assert cloud["advanced_security"] is True and "tokenValidation" in cloud["security"]["enabled_options"]


@pytest.mark.oldest("private_cloud_info", "refusal")
def test_wrong_credentials_fail_on_one_line(lab: Lab, run_module: RunModule) -> None:
    result = run_module("private_cloud_info", application_secret="wrong-secret")
    assert result.failed and "application_secret" in result.msg and "\n" not in result.msg


def test_an_expired_private_cloud_does_not_hide_the_others(lab: Lab, run_module: RunModule) -> None:
    lab.ovhcloud.add_private_cloud("pcc-192-0-2-20")
    lab.faults.add("status", system="ovhcloud", operation="GET /dedicatedCloud/{serviceName}", status=460)
    result = run_module("private_cloud_info", gather=["encryption"])
    assert [cloud["state"] for cloud in result["private_clouds"]] == [None, "delivered"]
    assert "460" in result.warnings[0]
