# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""api_rights_info against the lab: every gap at once, and what it prints is enough."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

CLOUD = "pcc-192-0-2-10"
Rules = list[tuple[str, str]]


def apply(run_module: RunModule, policy: dict[str, t.Any]) -> None:
    """Create the printed policy, as the account itself."""
    made = run_module(
        "iam_policy",
        name=policy["name"],
        identities=policy["identities"],
        resources=[item["urn"] for item in policy["resources"]],
        allow=[item["action"] for item in policy["permissions"]["allow"]],
    )
    assert made.changed, made.msg


@pytest.mark.oldest("api_rights_info", "life")
def test_the_account_itself_may_do_all(lab: Lab, run_module: RunModule) -> None:
    mark = lab.journal.mark()
    found = run_module("api_rights_info", profile="order", service_name=CLOUD)
    rights = found["rights"]
    assert rights["complete"] and rights["missing_calls"] == rights["missing_actions"] == []
    assert rights["credential"]["status"] == "validated" and rights["credential"]["expires"] is None
    assert "has all" in rights["message"] and abs(found["clock_offset"]) < 5
    assert lab.journal.writes(mark) == []
    assert not any(secret in found.output for secret in lab.secrets())


def test_a_service_account_has_no_consumer_key(lab: Lab, run_module: RunModule) -> None:
    nothing: dict[str, t.Any] = dict.fromkeys(("application_key", "application_secret", "consumer_key"), "")
    account: dict[str, t.Any] = {
        "client_id": lab.client_id,
        "client_secret": lab.client_secret,
        "token_url": lab.token_url,
    }
    rights = run_module("api_rights_info", **nothing, **account)["rights"]
    assert rights["credential"] is None and rights["method"] == "oauth2_client_credentials" and rights["complete"]


@pytest.mark.parametrize("option", ["okms", "external_kms", "native_key_provider"])
@pytest.mark.parametrize("profile", ["read_only", "operate", "order"])
def test_the_printed_policy_grants_all_that_it_names(
    lab: Lab, run_module: RunModule, option: str, profile: str
) -> None:
    key = lab.ovhcloud.add_consumer_key(lab.ovhcloud.add_identity("robot", []))
    wish: dict[str, t.Any] = {"option": option, "profile": profile, "consumer_key": key, "service_name": CLOUD}
    before = run_module("api_rights_info", **wish)
    rights = before["rights"]
    wanted = {call["action"] for call in rights["calls"] if call["action"]}
    assert not rights["complete"] and set(rights["missing_actions"]) == wanted
    assert all(action in rights["message"] for action in wanted) and "\n" not in rights["message"]
    policy = before["profiles"][profile]["iam_policy"]
    assert policy["identities"] == ["urn:v1:eu:identity:user:ab12345-ovh/robot"]
    apply(run_module, policy)
    assert run_module("api_rights_info", **wish)["rights"]["complete"]


def test_the_printed_rules_allow_all_that_they_name(lab: Lab, run_module: RunModule) -> None:
    printed = run_module("api_rights_info", profile="order", service_name=CLOUD)["profiles"]
    rules: Rules = [(rule["method"], rule["path"]) for rule in printed["operate"]["access_rules"]]
    key = lab.ovhcloud.add_consumer_key(rules=rules)
    wish: dict[str, t.Any] = {"consumer_key": key, "service_name": CLOUD}
    assert run_module("api_rights_info", **wish)["rights"]["complete"]
    rights = run_module("api_rights_info", profile="order", **wish)["rights"]
    assert "POST /order/cart/*/checkout" in rights["missing_calls"] and rights["missing_actions"] == []
    assert {call["refused_by"] for call in rights["calls"]} == {None, "consumer_key"}
    assert "POST /order/cart/*/checkout" in rights["message"]


def test_printed_rules_and_policy_suffice_for_service_keys(lab: Lab, run_module: RunModule) -> None:
    okms_id = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod").okms_id
    robot = lab.ovhcloud.add_identity("robot", [])
    who = lab.ovhcloud.add_consumer_key(robot)
    wish: dict[str, t.Any] = {"features": ["service_keys"], "kmip": False}
    printed = run_module("api_rights_info", consumer_key=who, **wish)["profiles"]["operate"]
    apply(run_module, printed["iam_policy"])
    rules: Rules = [(rule["method"], rule["path"]) for rule in printed["access_rules"]]
    key = {"okms_id": okms_id, "name": "k", "consumer_key": lab.ovhcloud.add_consumer_key(robot, rules)}
    imported = {"name": "imported", "key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}
    steps: list[dict[str, t.Any]] = [
        {"state": "active"},
        {"state": "deactivated"},
        {"state": "absent", "confirm_name": "k"},
        imported,
    ]
    for step in steps:
        done = run_module("okms_service_key", **{**key, **step})
        assert done.changed, done.msg
    listed = run_module("okms_service_key_info", consumer_key=key["consumer_key"])
    assert [one["name"] for one in listed["service_keys"]] == ["imported"]


def test_both_layers_in_one_message(lab: Lab, run_module: RunModule) -> None:
    robot = lab.ovhcloud.add_identity("robot", ["okms:*"])
    everything_but = [("GET", "/*"), ("POST", "/v2/iam/authorization/check")]
    rights = run_module("api_rights_info", consumer_key=lab.ovhcloud.add_consumer_key(robot, everything_but))["rights"]
    assert "POST /v2/okms/resource/*/credential" in rights["missing_calls"]
    assert "pccVMware:apiovh:get" in rights["missing_actions"] and "okms:kmip:create" not in rights["missing_actions"]
    assert "access rules of the consumer key for" in rights["message"] and "IAM actions" in rights["message"]


def test_what_cannot_be_asked_is_unchecked_and_not_missing(lab: Lab, run_module: RunModule) -> None:
    key = lab.ovhcloud.add_consumer_key(rules=[("GET", "/*")])
    rights = run_module("api_rights_info", consumer_key=key, profile="read_only")["rights"]
    assert rights["missing_calls"] == ["POST /v2/iam/authorization/check"] and rights["missing_actions"] == []
    assert "okms:apiovh:resource/get" in rights["unchecked_actions"]
    lab.ovhcloud.settings.wildcard_checks = False
    rights = run_module("api_rights_info", service_name=CLOUD, kmip=False)["rights"]
    assert rights["missing_actions"] == [] and not rights["complete"]
    assert {action.partition(":")[0] for action in rights["unchecked_actions"]} == {"okms"}
    assert "did not tell" in rights["message"]


@pytest.mark.parametrize("readable", [True, False])
def test_expired_not_validated_and_unknown_are_three_texts(lab: Lab, run_module: RunModule, readable: bool) -> None:
    lab.ovhcloud.settings.credential_status_readable = readable
    keys = {
        "expired": lab.ovhcloud.add_consumer_key(lifetime=0.0),
        "pendingValidation": lab.ovhcloud.add_consumer_key(status="pendingValidation"),
        None: "unknown-key",
    }
    said = []
    for status, key in keys.items():
        found = run_module("api_rights_info", consumer_key=key)
        rights = found["rights"]
        assert not found.failed and not rights["usable"] and not rights["complete"]
        assert (rights["credential"] or {}).get("status") == (status if readable else None)
        assert found["profiles"]["order"]["access_rules"]
        said.append(rights["problem"])
    if readable:
        assert "has expired on" in said[0] and "not validated yet" in said[1] and "unknown" in said[2]
        assert len({text.partition("(query id")[2].partition("):")[2] for text in said}) == 3


def test_days_left_of_a_consumer_key(lab: Lab, run_module: RunModule) -> None:
    key = lab.ovhcloud.add_consumer_key(lifetime=10 * 86400.0 + 60)
    assert run_module("api_rights_info", consumer_key=key)["rights"]["credential"]["days_left"] == 10


def test_features_add_their_calls(lab: Lab, run_module: RunModule) -> None:
    plain = run_module("api_rights_info")["profiles"]["operate"]
    more = run_module("api_rights_info", features=["iam", "service_keys", "termination", "users"])["profiles"]
    rules = [f"{rule['method']} {rule['path']}" for rule in more["order"]["access_rules"]]
    for rule in ("POST /v2/iam/policy", "POST /dedicatedCloud/*/iam/enable", "DELETE /services/*"):
        assert rule in rules
    assert len(more["operate"]["access_rules"]) > len(plain["access_rules"])


@pytest.mark.oldest("api_rights_info", "refusal")
def test_wrong_secret_and_no_endpoint(lab: Lab, run_module: RunModule) -> None:
    rights = run_module("api_rights_info", application_secret="wrong-secret")["rights"]
    assert not rights["usable"] and "application_secret" in rights["problem"]
    gone = run_module("api_rights_info", endpoint="https://localhost:1")
    assert gone.failed and gone["failure"]["kind"] == "unreachable" and "\n" not in gone.msg


@pytest.mark.parametrize(
    ("group", "allowed", "lacks", "missing"),
    [
        ("DEFAULT", ["*:apiovh:*"], True, True),
        ("DEFAULT", ["*:apiovh:*", "okms:kmip:*"], False, False),
        ("ADMIN", ["*:apiovh:*"], False, False),  # OKMS asks no policy of administrators
        ("DEFAULT", ["okms:apiovh:*"], None, True),  # it may not look at its own groups
    ],
)
def test_who_still_needs_a_policy_for_kmip(
    lab: Lab, run_module: RunModule, group: str, allowed: list[str], lacks: bool | None, missing: bool
) -> None:
    robot = lab.ovhcloud.add_identity("robot", allowed)
    lab.ovhcloud.state.account.users["robot"].update(group=group, groups=[group])
    key = lab.ovhcloud.add_consumer_key(robot)
    rights = run_module("api_rights_info", consumer_key=key)["rights"]
    assert rights["lacks_kmip_policy"] is lacks
    assert ("okms:kmip:create" in rights["missing_actions"]) is missing
    assert run_module("api_rights_info", consumer_key=key, kmip=False)["rights"]["lacks_kmip_policy"] is None
    assert run_module("api_rights_info")["rights"]["lacks_kmip_policy"] is False


def test_policy_for_kmip_needs_no_iam_of_the_private_cloud(run_module: RunModule) -> None:
    calls = run_module("api_rights_info", features=["kmip_policy"], kmip=False)["rights"]["calls"]
    needed = [call["action"] for call in calls if call["action"] and not call["optional"]]
    assert "account:apiovh:iam/policy/create" in needed and "pccVMware:apiovh:iam/enable" not in needed
    both = run_module("api_rights_info", features=["kmip_policy", "iam"])["rights"]["calls"]
    pairs = [(call["method"], call["path"], call["action"]) for call in both]
    assert len(pairs) == len(set(pairs))


def test_right_on_an_unknown_stream_is_granted_or_not_known(lab: Lab, run_module: RunModule) -> None:
    """It is asked of all services of Logs Data Platform; a right on one of them is no less good."""
    forward = "ldp:apiovh:output/graylog/stream/forwardTo"
    wish: dict[str, t.Any] = {"features": ["logs"], "kmip": False}
    assert run_module("api_rights_info", **wish)["rights"]["complete"]
    robot = lab.ovhcloud.add_identity("robot", ["account:*", "pccVMware:*", "okms:*"])
    found = run_module("api_rights_info", **wish, consumer_key=lab.ovhcloud.add_consumer_key(robot))
    assert (found["rights"]["missing_actions"], found["rights"]["unchecked_actions"]) == ([], [forward])
    policy = found["profiles"]["operate"]["iam_policy"]
    assert {"urn": "urn:v1:eu:resource:ldp:*"} in policy["resources"]
    assert {"action": forward} in policy["permissions"]["allow"]
