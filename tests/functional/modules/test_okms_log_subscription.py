# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules okms_log_subscription and okms_log_subscription_info against the lab."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.log_helpers import (
    RIGHTS,
    LogSite,
    log_site,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud.state import Countdown

NOBODY = "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"
PATH = "/v2/okms/resource/{okmsId}/log/subscription"
LOST = 5  # seconds; a request that did nothing is waited for to the end


@pytest.fixture
def site(lab: Lab) -> LogSite:
    """A domain and a stream."""
    return log_site(lab)


def by_kind(result: harness.ModuleResult) -> dict[str, dict[str, t.Any]]:
    """The subscriptions of a result."""
    return {one["kind"]: one for one in result["log_subscriptions"]}


def known(found: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The values that a prediction knows."""
    return {name: value for name, value in found.items() if value is not None}


def assert_as_foreseen(foreseen: harness.ModuleResult, done: harness.ModuleResult) -> None:
    """The prediction and the result name the same subscriptions with the same values, where it knew them."""
    assert (foreseen.changed, foreseen.diff) == (done.changed, done.diff), (foreseen.msg, done.msg)
    told, real = by_kind(foreseen), by_kind(done)
    assert told.keys() == real.keys()
    assert all(known(told[kind]).items() <= real[kind].items() for kind in told)


@pytest.mark.oldest("okms_log_subscription", "life")
def test_life_of_subscriptions(lab: Lab, site: LogSite) -> None:
    foreseen = site.run(check=True)
    assert foreseen.changed and site.writes() == [], foreseen.msg
    made = site.run()
    assert_as_foreseen(foreseen, made)
    assert made.diff == {"before": {}, "after": {"kmip": site.stream, "rest": site.stream}}
    assert site.sent() == [("kmip", site.stream), ("rest", site.stream)]
    one = by_kind(made)["kmip"]
    assert (one["okms_id"], one["ldp_service"]) == (site.domain.okms_id, "ldp-rb-12345")
    assert one["id"] in site.domain.log_subscriptions and one["created_at"]

    mark = lab.journal.mark()
    for options in ({}, {"kinds": ["rest", "kmip"]}, {"kinds": [" kmip"]}, {"stream_id": site.stream.upper()}):
        again = site.run(**options)
        assert not again.changed and again.diff == {}, again.msg
        assert by_kind(again)["kmip"] == one
    assert site.writes(mark) == []

    mark = lab.journal.mark()
    foreseen = site.run(check=True, kinds=["rest"], state="absent")
    assert site.writes(mark) == []
    ended = site.run(kinds=["rest"], state="absent")
    assert_as_foreseen(foreseen, ended)
    assert ended["log_subscriptions"] == [] and site.sent() == [("kmip", site.stream)]
    assert not site.run(kinds=["rest"], state="absent").changed
    assert site.run(state="absent").changed and site.sent() == []
    assert not site.run(state="absent").changed
    assert site.writes(mark) == ["DELETE", "DELETE"]


def test_other_streams_and_kinds_stay(lab: Lab, site: LogSite) -> None:
    other = lab.ovhcloud.add_stream("ldp-gr-77777")
    lab.ovhcloud.logs.add(site.domain, "rest", other)
    assert site.run(kinds=["rest"]).changed
    assert site.sent() == sorted([("rest", other), ("rest", site.stream)])
    foreseen = site.run(check=True)
    added = site.run()
    assert_as_foreseen(foreseen, added)
    assert added.diff == {"before": {}, "after": {"kmip": site.stream}}
    assert by_kind(added).keys() == {"kmip", "rest"}
    assert site.run(state="absent").changed
    assert site.sent() == [("rest", other)]


def test_a_kind_that_the_domain_does_not_have(site: LogSite) -> None:
    for check in (True, False):
        refused = site.run(check, kinds=["kmip", "everything"])
        assert refused["failure"]["kind"] == "invalid_input"
        assert "everything; it has kmip (OKMS kmip audit), rest (OKMS rest audit)" in refused.msg, refused.msg
    assert site.writes() == []


def test_subscriptions_that_exist_twice_are_told_and_ended(lab: Lab, site: LogSite) -> None:
    ids = [lab.ovhcloud.logs.add(site.domain, "kmip", site.stream).subscription_id for _number in range(2)]
    found = site.run(kinds=["kmip"])
    assert not found.changed
    assert any(all(one in warning for one in ids) for warning in found.warnings), found.warnings
    assert site.run(state="absent").changed and site.sent() == []


@pytest.mark.parametrize("action", ["drop_before", "drop_after", "truncate", "status"])
@pytest.mark.parametrize("operation", [f"GET {PATH}", f"POST {PATH}"])
def test_bad_days_never_make_two_of_one_kind(lab: Lab, site: LogSite, operation: str, action: str) -> None:
    lab.ovhcloud.settings.log_subscription_once = False  # the API would not prevent it
    lab.ovhcloud.settings.log_subscription_reads = 3
    lab.faults.add(action, operation=operation)
    first = site.run(wait_timeout=LOST)
    done = site.run() if first.failed else first
    assert not done.failed, done.msg
    assert not site.run().changed
    assert site.sent() == [("kmip", site.stream), ("rest", site.stream)]


@pytest.mark.parametrize("action", ["drop_before", "drop_after", "status"])
def test_bad_days_of_the_end(lab: Lab, site: LogSite, action: str) -> None:
    site.run()
    lab.faults.add(action, operation=f"DELETE {PATH}/{{subscriptionId}}")
    first = site.run(state="absent", wait_timeout=LOST)
    assert first.failed is (action != "drop_after"), first.msg
    assert not site.run(state="absent").failed
    assert site.sent() == []


def test_what_was_done_before_a_failure_is_told(lab: Lab, site: LogSite) -> None:
    lab.faults.add("refuse", operation=f"POST {PATH}", skip=1)
    failed = site.run()
    assert failed.failed and failed.changed
    assert failed.diff == {"before": {}, "after": {"kmip": site.stream}}
    assert "the logs rest of OKMS" in failed.msg and "ldp:apiovh:output/graylog/stream/forwardTo" in failed.msg
    assert site.run().diff == {"before": {}, "after": {"rest": site.stream}}


def test_what_was_ended_before_a_failure_is_told(lab: Lab, site: LogSite) -> None:
    """The API still lists what it will end: that is no reason to call it unchanged."""
    site.run()
    lab.faults.add("refuse", operation=f"DELETE {PATH}/{{subscriptionId}}", skip=1)
    failed = site.run(state="absent")
    assert failed.failed and failed.changed
    assert failed.diff == {"before": {"kmip": site.stream}, "after": {}}
    assert "the logs rest of OKMS" in failed.msg and "still go to stream" in failed.msg and "\n" not in failed.msg
    assert failed["failure"]["unauthorized_actions"] == ["okms:apiovh:log/subscription/delete"]
    lab.ovhcloud.settings.log_subscription_reads = 10_000
    waiting = site.run(state="absent", wait_timeout=0)
    assert waiting["failure"]["kind"] == "timeout" and waiting.changed, waiting.msg


@pytest.mark.parametrize("conflict", [409, 400])  # assumption conflict-status
def test_end_that_is_on_its_way_already(lab: Lab, site: LogSite, conflict: int) -> None:
    """A second call may be refused with a conflict until the first one has its effect."""
    site.run(kinds=["kmip"])
    next(iter(site.domain.log_subscriptions.values())).leaving = Countdown(3)
    lab.faults.add("status", operation=f"DELETE {PATH}/{{subscriptionId}}", status=conflict)
    ended = site.run(state="absent")
    assert not ended.failed and ended.changed and site.sent() == [], ended.msg


@pytest.mark.parametrize("conflict", [409, 400])  # assumption conflict-status
def test_subscription_of_somebody_else_meanwhile_will_do(lab: Lab, site: LogSite, conflict: int) -> None:
    def somebody_else() -> None:
        lab.ovhcloud.logs.add(site.domain, "kmip", site.stream).window = Countdown(3)

    lab.ovhcloud.settings.conflict_status = conflict
    lab.faults.add("meanwhile", operation=f"POST {PATH}", call=somebody_else)
    made = site.run(kinds=["kmip"])
    assert not made.failed and site.sent() == [("kmip", site.stream)], made.msg


def test_operation_that_does_not_end_is_named(lab: Lab, site: LogSite) -> None:
    lab.ovhcloud.settings.log_subscription_reads = 10_000
    failed = site.run(kinds=["kmip"], wait_timeout=0)
    assert failed["failure"]["kind"] == "timeout" and failed.changed
    assert "ldp-rb-12345" in failed.msg and "a rerun asks again" in failed.msg and "\n" not in failed.msg
    lab.ovhcloud.settings.log_subscription_reads = 0
    for one in site.domain.log_subscriptions.values():
        one.window = Countdown(0)
    assert not site.run(kinds=["kmip"]).changed


@pytest.mark.oldest("okms_log_subscription", "refusal")
def test_bad_input(lab: Lab, site: LogSite) -> None:
    cases: list[tuple[dict[str, t.Any], str]] = [
        ({"stream_id": "my stream"}, "is not the id of a stream"),
        ({"stream_id": ""}, "is not the id of a stream"),
        ({"stream_id": site.stream.replace("-", "")}, "is not the id of a stream"),
        ({"kinds": []}, "kinds is empty"),
        ({"kinds": [" "]}, "kinds is empty"),
        ({"okms_id": NOBODY}, "does not exist"),
        ({"okms_id": ""}, "without a domain; give its id, as okms_info returns it"),
    ]
    for more, text in cases:
        refused = site.run(**more)
        assert refused.failed and text in refused.msg, (more, refused.msg)
        assert "\n" not in refused.msg
    assert site.writes() == []
    unknown = site.run(stream_id=NOBODY)
    assert f"cannot go to stream {NOBODY}" in unknown.msg and "kmip (OKMS kmip audit)" in unknown.msg
    assert not unknown.changed and site.sent() == []


def test_domain_that_is_to_come_or_gone(site: LogSite) -> None:
    foreseen = site.run(check=True, okms_id="", kinds=["kmip"])
    assert foreseen.changed and by_kind(foreseen)["kmip"]["okms_id"] is None
    every = site.run(check=True, okms_id="")
    assert every.diff == {"before": {}, "after": {"all kinds": site.stream}}
    assert [one["kind"] for one in every["log_subscriptions"]] == [None]
    for okms_id in ("", NOBODY):
        assert not site.run(okms_id=okms_id, state="absent").changed
    assert site.writes() == []


def test_each_right_is_needed_and_named(lab: Lab, site: LogSite) -> None:
    for right in RIGHTS:
        login = right.rpartition(":")[2].replace("/", "-")
        some = lab.ovhcloud.add_identity(login, [one for one in RIGHTS if one != right])
        key = lab.ovhcloud.add_consumer_key(some)
        tried = [site.run(consumer_key=key), site.run(consumer_key=key, state="absent")]
        refused = [one for one in tried if one.failed]
        assert refused and all(one["failure"]["unauthorized_actions"] == [right] for one in refused), right
        site.domain.log_subscriptions.clear()
    enough = lab.ovhcloud.add_consumer_key(lab.ovhcloud.add_identity("enough", RIGHTS))
    assert not site.run(consumer_key=enough).failed
    assert site.run(consumer_key=enough, state="absent").changed


@pytest.mark.oldest("okms_log_subscription_info", "life")
def test_the_information_module(lab: Lab, run_module: RunModule, site: LogSite) -> None:
    def info(**options: t.Any) -> harness.ModuleResult:
        return run_module("okms_log_subscription_info", **options)

    assert info()["log_subscriptions"] == info()["log_kinds"] == []
    second, other = lab.ovhcloud.new_okms("eu-west-sbg", "kms-two"), lab.ovhcloud.add_stream()
    site.run()
    lab.ovhcloud.logs.add(second, "kmip", other)
    lab.ovhcloud.logs.add(second, "rest", other)
    lab.ovhcloud.logs.add(second, "kmip", site.stream)  # more than one page
    mark = lab.journal.mark()
    for blank in ({}, {"kind": "", "stream_id": "", "okms_id": ""}, {"kind": " ", "stream_id": " ", "okms_id": " "}):
        assert len(info(**blank)["log_subscriptions"]) == 5
    assert len(info(kind=" rest")["log_subscriptions"]) == 2
    assert len(info(okms_id=second.okms_id)["log_subscriptions"]) == 3
    assert {one["okms_id"] for one in info(stream_id=site.stream, kind="kmip")["log_subscriptions"]} == {
        site.domain.okms_id,
        second.okms_id,
    }
    told = info(okms_id=second.okms_id, include_kinds=True)
    assert [(one["name"], one["display_name"]) for one in told["log_kinds"]] == [
        ("kmip", "OKMS kmip audit"),
        ("rest", "OKMS rest audit"),
    ]
    assert "tls_cert_id" in told["log_kinds"][0]["fields"]
    assert info(okms_id=NOBODY)["log_subscriptions"] == []
    assert "is not the id of a stream" in info(stream_id="x").msg
    assert site.writes(mark) == []
