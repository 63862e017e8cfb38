# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iam_policy and iam_policy_info against the lab: life cycle, and never more rights than asked for."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

ACCOUNT = "urn:v1:eu:resource:account:ab12345-ovh"
ALICE, BOB = (f"urn:v1:eu:identity:user:ab12345-ovh/{name}" for name in ("alice", "bob"))
OKMS = "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"
POLICY: dict[str, t.Any] = {
    "name": "kmip",
    "description": "keys of vCenter",
    "identities": ["user:alice"],
    "resources": [f"okms:{OKMS}", f"okms:{OKMS}/*"],
    "allow": ["okms:kmip:get", "okms:kmip:create"],
}


def agree(predicted: dict[str, t.Any], real: dict[str, t.Any]) -> bool:
    return set(predicted) == set(real) and all(value in (None, False, real[key]) for key, value in predicted.items())


@pytest.mark.oldest("iam_policy", "life")
def test_create_again_change_remove_again(lab: Lab, run_module: RunModule) -> None:
    mark = lab.journal.mark()
    predicted = run_module("iam_policy", check=True, **POLICY)
    assert predicted.changed and lab.journal.writes(mark) == []
    made = run_module("iam_policy", **POLICY)
    assert made.changed and agree(predicted["policy"], made["policy"])
    policy = made["policy"]
    assert policy["identities"] == [ALICE] and policy["allow"] == ["okms:kmip:create", "okms:kmip:get"]
    assert policy["resources"] == [f"urn:v1:eu:resource:okms:{OKMS}", f"urn:v1:eu:resource:okms:{OKMS}/*"]

    mark = lab.journal.mark()
    again = run_module("iam_policy", **POLICY)
    assert not again.changed and again["policy"] == policy and lab.journal.writes(mark) == []

    wider = {**POLICY, "allow": [*POLICY["allow"], "okms:kmip:locate"], "except": ["okms:kmip:destroy"]}
    changed = run_module("iam_policy", **wider, expires_at="2099-01-01T01:00:00+01:00")
    assert changed.diff["after"]["allow"] == ["okms:kmip:create", "okms:kmip:get", "okms:kmip:locate"]
    assert changed["policy"]["expires_at"] == "2099-01-01T00:00:00Z" and changed["policy"]["except"]
    assert not run_module("iam_policy", **wider).changed
    ending: dict[str, t.Any] = {"name": "kmip", "expires_at": "", "description": " "}
    predicted, ends = run_module("iam_policy", check=True, **ending), run_module("iam_policy", **ending)
    assert predicted["policy"] == {**ends["policy"], "updated_at": None}
    assert ends.changed and (ends["policy"]["expires_at"], ends["policy"]["description"]) == (None, None)
    assert ends["policy"]["allow"] == changed["policy"]["allow"]

    mark = lab.journal.mark()
    assert run_module("iam_policy", check=True, name="kmip", state="absent").changed
    assert lab.journal.writes(mark) == []
    gone = run_module("iam_policy", name="kmip", state="absent")
    assert gone.changed and gone["policy"] == {} and lab.ovhcloud.state.policies == {}
    assert not run_module("iam_policy", name="kmip", state="absent").changed


@pytest.mark.parametrize("check", [True, False])
def test_it_never_widens_unasked(lab: Lab, run_module: RunModule, check: bool) -> None:
    run_module("iam_policy", **{**POLICY, "identities": ["user:bob"], "allow": ["*"]})
    mark = lab.journal.mark()
    refused = run_module("iam_policy", check=check, **POLICY)
    assert refused.failed and refused["failure"]["kind"] == "refused_by_guard"
    assert f"the new identities {ALICE} with actions *" in refused.msg and "purge" in refused.msg
    assert refused["failure"]["unasked"] == {"identities": [BOB], "allow": ["*"]}
    assert lab.journal.writes(mark) == []

    allowed = run_module("iam_policy", check=check, **POLICY, allow_widening=True)
    assert allowed["policy"]["identities"] == [ALICE, BOB] and "*" in allowed["policy"]["allow"]
    assert allowed.diff["after"]["identities"] == [ALICE, BOB]
    exact = run_module("iam_policy", check=check, **POLICY, purge=True)
    assert exact["policy"]["identities"] == [ALICE] and exact["policy"]["allow"] == sorted(POLICY["allow"])
    assert "*" in exact.diff["before"]["allow"]


def test_others_entries_stay_and_are_told(lab: Lab, run_module: RunModule) -> None:
    run_module("iam_policy", **POLICY)
    part = run_module("iam_policy", **{**POLICY, "allow": ["okms:kmip:get"]})
    assert not part.changed and part["unasked"] == {"allow": ["okms:kmip:create"]}
    # a new action for the identities and resources that were asked for is just that
    more = run_module("iam_policy", **{**POLICY, "allow": ["okms:kmip:locate"]})
    assert more.changed and len(more["policy"]["allow"]) == 3


def test_wide_policies_are_warned_about(lab: Lab, run_module: RunModule) -> None:
    made = run_module("iam_policy", name="all", identities=["*"], resources=["*"], allow=["*"])
    assert len(made.warnings) == 3 and "every identity" in made.warnings[0]


@pytest.mark.oldest("iam_policy", "refusal")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "ovh-mine"}, "reserved for OVHcloud"),
        ({"identities": ["alice"]}, "user:NAME"),
        ({"resources": ["okms"]}, "okms:NAME"),
        ({"identities": None}, "no identities"),
        ({"allow": None}, "no allow, deny or permissions_groups"),
        ({"expires_at": "soon"}, "not a time"),
        ({"application_secret": "wrong-secret"}, "application_secret"),
    ],
)
def test_bad_input_is_one_clear_line(lab: Lab, run_module: RunModule, options: dict[str, t.Any], words: str) -> None:
    mark = lab.journal.mark()
    result = run_module("iam_policy", **{**POLICY, **options})
    assert result.failed and words in result.msg and "\n" not in result.msg
    assert lab.journal.writes(mark) == []


@pytest.mark.parametrize("write", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_a_lost_answer(lab: Lab, run_module: RunModule, write: str, action: str) -> None:
    options: dict[str, t.Any] = {
        "POST": POLICY,
        "PUT": {**POLICY, "description": "new"},
        "DELETE": {"name": "kmip", "state": "absent"},
    }[write]
    if write != "POST":
        run_module("iam_policy", **POLICY)
    lab.faults.add(action, system="ovhcloud", operation=f"{write} /v2/iam/policy*")
    mark = lab.journal.mark()
    first = run_module("iam_policy", **options)
    assert first.failed == (action == "drop_before") and len(lab.journal.writes(mark)) == 1
    second = run_module("iam_policy", **options)
    assert not second.failed and second.changed == (action == "drop_before")
    assert len(lab.ovhcloud.state.policies) == (0 if write == "DELETE" else 1)


def test_a_policy_of_ovhcloud_is_left_alone(lab: Lab, run_module: RunModule) -> None:
    run_module("iam_policy", **POLICY)
    next(iter(lab.ovhcloud.state.policies.values()))["readOnly"] = True
    assert not run_module("iam_policy", **POLICY).changed
    refused = run_module("iam_policy", **POLICY, purge=True, deny=["x:y"])
    assert refused.failed and "read-only" in refused.msg


@pytest.mark.oldest("iam_policy_info", "life")
def test_policies_are_found_over_all_pages(lab: Lab, run_module: RunModule) -> None:
    for number in range(7):
        run_module("iam_policy", **{**POLICY, "name": f"kmip-{number}"})
    run_module("iam_policy", name="me", identities=["user:bob"], resources=["account"], allow=["account:apiovh:me/get"])
    assert len(run_module("iam_policy_info")["policies"]) == 8
    assert [row["name"] for row in run_module("iam_policy_info", name="kmip-6")["policies"]] == ["kmip-6"]
    assert [row["name"] for row in run_module("iam_policy_info", identity="user:bob")["policies"]] == ["me"]
    assert run_module("iam_policy_info", resource="account")["policies"][0]["resources"] == [ACCOUNT]
    assert len(run_module("iam_policy_info", action="okms:kmip:get")["policies"]) == 7


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"expires_at": "2020-01-01T00:00:00Z"}, "policy kmip expired at 2020-01-01T00:00:00Z and no longer grants"),
        ({"allow": ["okms:*:get"]}, "has a * that is not at the end (okms:*:get)"),
        ({"resources": [f"urn:v1:eu:resource:*:{OKMS}"]}, "documents * only there, so it may match nothing"),
        ({"allow": ["okms:kmip:*"], "expires_at": "2099-01-01T00:00:00Z"}, ""),
    ],
)
def test_policy_that_grants_nothing_is_told(
    lab: Lab, run_module: RunModule, more: dict[str, t.Any], words: str
) -> None:
    """Also by a run that changes nothing: the policy of the role okms may have been given an end by somebody else."""
    for _run in range(2):
        done = run_module("iam_policy", **{**POLICY, **more})
        assert (words in " ".join(done.warnings)) if words else done.warnings == []
    assert not done.changed
    assert lab.ovhcloud.rights.granted(ALICE, "okms:kmip:get", f"urn:v1:eu:resource:okms:{OKMS}") is (not words)
