# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kmip_server_test where a right is missing, a key is left behind, or an answer is lost."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.kmip_probe_helpers import (
    not_done,
    okms_options,
    steps,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings


@pytest.mark.parametrize(
    ("operation", "step", "also"),
    [
        ("DiscoverVersions", "discover_versions", []),
        ("Query", "query", []),
        ("Create", "create", []),
        ("GetAttributes", "state_after_create", ["state_after_activate"]),
        ("Activate", "activate", ["state_after_activate"]),
        ("Get", "get", []),
        ("Revoke", "revoke", ["destroy"]),
        ("Destroy", "destroy", []),
    ],
)
def test_a_refused_operation_names_the_step_and_the_right(bench, operation, step, also):
    bench.allow_all_but(operation)
    result = bench.test()
    assert result.failed
    row = steps(result)[step]
    assert (row["ok"], row["operation"], row["error_kind"]) == (False, operation, "permission_denied")
    found = result["kmip_server_test"]
    assert found["passed"] is False
    failed = [name for name, row in steps(result).items() if row["ok"] is False and row["required"]]
    assert failed == [step, *also]
    assert result.msg.startswith(
        f"KMIP server {bench.host}:{bench.port}: the test with client certificate CN=vcenter failed at step "
        f"{step} ({operation}): "
    )
    assert f"may not do {operation}. (reason 12) [permission_denied]" in result.msg
    assert (result["failure"]["step"], result["failure"]["kind"]) == (step, "permission_denied")
    if operation in ("DiscoverVersions", "Query"):
        assert (row["right"], "IAM action" in result.msg) == (None, False)
    else:
        action = operation[0].lower() + operation[1:]
        assert row["right"] == result["failure"]["right"] == f"okms:kmip:{action}"
        assert f"On OVHcloud OKMS the right is the IAM action okms:kmip:{action}; the same answer also" in result.msg
    for name in also:
        assert name in result.msg
    left = step in ("revoke", "destroy")
    assert result.changed is left
    assert bench.server.object_count() == len(found["left_behind"]) == int(left)


@pytest.mark.parametrize("operation", ["AddAttribute", "Locate"])
def test_what_vcenter_does_without_is_only_reported(bench, operation):
    bench.allow_all_but(operation)
    result = bench.test()
    assert not result.failed, result.msg
    (row,) = [row for row in steps(result).values() if not row["ok"]]
    assert (row["operation"], row["required"], row["error_kind"]) == (operation, False, "permission_denied")
    assert result["kmip_server_test"]["passed"] is True


def test_one_run_shows_all_missing_rights(bench):
    bench.allow_all_but("Activate", "Get", "AddAttribute")
    result = bench.test()
    assert not_done(result) == [
        "add_attribute",
        "activate",
        "state_after_activate",
        "get",
        "revoke",
        "get_after_destroy",
    ]
    assert steps(result)["revoke"]["error"] == "not tried: the key is not active"
    assert bench.server.object_count() == 0
    assert "Also failed: state_after_activate (GetAttributes), get (Get)" in result.msg


def test_rights_of_an_okms_identity():
    with Lab(LabSettings(kmip_needs_policy=True)) as lab:
        okms_id = lab.ovhcloud.new_okms(lab.region, "kms").okms_id
        options = okms_options(lab, okms_id, identity="urn:v1:eu:identity:user:ab1234-ovh/jane")
        unknown = harness.run_module("kmip_server_test", **options)
        assert unknown.failed and "bad certificate" in unknown.msg
        actions = ["create", "getAttributes", "activate", "get", "revoke", "destroy"]
        policy = lab.ovhcloud.state.policies["p"] = {
            "identities": ["urn:v1:eu:identity:user:ab1234-ovh/jane"],
            "resources": [{"urn": f"urn:v1:eu:resource:okms:{okms_id}"}],
            "permissions": {
                "allow": [{"action": f"okms:kmip:{action}"} for action in actions],
                "except": [],
                "deny": [],
            },
            "permissionsGroups": [],
            "conditions": None,
            "expiredAt": None,
        }
        missing = policy["permissions"]["allow"].pop(0)
        refused = harness.run_module("kmip_server_test", **options)
        assert (refused["failure"]["step"], refused["failure"]["right"]) == ("create", "okms:kmip:create")
        policy["permissions"]["allow"].append(missing)
        allowed = harness.run_module("kmip_server_test", **options)
        assert not allowed.failed, allowed.msg
        assert not_done(allowed) == ["add_attribute", "locate"]
        assert lab.okms_kmip.object_count() == 0


def test_a_key_left_behind_is_told(bench):
    bench.allow_all_but("Destroy")
    result = bench.test()
    found = result["kmip_server_test"]
    ((key_id, key),) = bench.server.keys().items()
    assert key["state"] == "Deactivated"
    assert (result.failed, result.changed, found["passed"]) == (True, True, False)
    assert found["left_behind"] == [found["key_id"]] == [key_id]
    assert (
        f"Left behind on the server: test key {key_id} (name {found['key_name']}); revoke and destroy it there"
        in result.msg
    )
    assert steps(result)["get_after_destroy"]["ok"] is None


def test_report_instead_of_failure(bench):
    bench.allow_all_but("Destroy")
    result = bench.test(on_failure="report")
    assert (result.failed, result.changed, result["kmip_server_test"]["passed"]) == (False, True, False)
    (warning,) = result.warnings
    assert f"test key {result['kmip_server_test']['left_behind'][0]}" in warning


@pytest.mark.parametrize("operation", ["Create", "AddAttribute", "Activate", "Get", "Revoke", "Destroy"])
@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_a_lost_answer_leaves_no_key(bench, operation, action):
    bench.lab.faults.add(action, system="external_kms", operation=operation)
    result = bench.test()
    found = result["kmip_server_test"]
    assert (found["left_behind"], found["perhaps_left_behind"], result.changed) == ([], False, False)
    assert bench.server.object_count() == 0
    row = next(row for row in steps(result).values() if row["operation"] == operation)
    assert (row["ok"], row["error_kind"]) == (False, "connection_lost")
    assert result.failed is row["required"]
    assert found["passed"] is not row["required"]


def test_create_without_an_answer_and_without_locate(bench):
    bench.lab.faults.add("drop_after", system="external_kms", operation="Create")
    bench.allow_all_but("Locate")
    result = bench.test()
    found = result["kmip_server_test"]
    assert (result.failed, result.changed, found["perhaps_left_behind"], found["left_behind"]) == (True, True, True, [])
    assert "A test key may be left behind on the server" in result.msg
    assert found["key_name"] in result.msg
    assert bench.server.object_count() == 1


@pytest.mark.parametrize(("operation", "skip"), [("*", 5), ("Destroy", 0)])
def test_the_server_goes_away_in_the_middle(bench, operation, skip):
    bench.lab.faults.add("drop_before", system="external_kms", operation=operation, skip=skip, times=99)
    result = bench.test()
    found = result["kmip_server_test"]
    assert (result.failed, result.changed, found["left_behind"]) == (True, True, [found["key_id"]])
    assert found["left_behind"] == list(bench.server.keys())
    assert f"test key {found['key_id']}" in result.msg
    if operation == "*":
        assert result["failure"]["step"] == "activate"
        assert steps(result)["get"]["error"] == "not tried: the conversation had ended before"
