# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the pure parts of _core."""

from __future__ import annotations

import typing as t

import pytest
from ansible.module_utils.common.parameters import AnsibleFallbackNotFound

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import (
    argspec,
    deps,
    errors,
    plan,
    redact,
    retry,
    wait,
)


@pytest.mark.parametrize(
    ("before", "wanted", "state", "verb", "changes", "after"),
    [
        (None, {"a": 1}, "present", "create", {"a": 1}, {"a": 1}),
        ({"a": 1, "b": 2}, {"a": 1}, "present", None, {}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"a": 3}, "present", "update", {"a": 3}, {"a": 3, "b": 2}),
        ({"a": 1}, {}, "absent", "delete", {}, {}),
        (None, {}, "absent", None, {}, {}),
        ({"a": None}, {"a": None}, "present", None, {}, {"a": None}),
        ({}, {"a": False}, "present", "update", {"a": False}, {"a": False}),
    ],
)
def test_make_plan(
    before: t.Any,
    wanted: dict[str, t.Any],
    state: str,
    verb: str | None,
    changes: dict[str, t.Any],
    after: dict[str, t.Any],
) -> None:
    made = plan.make_plan(before, wanted, state)
    assert (made.verb, made.changes, made.after, made.changed) == (verb, changes, after, verb is not None)


def test_diff_shows_only_what_differs_and_no_volatile_field() -> None:
    before = {"name": "a", "size": 1, "age": 5, "note": None}
    after = {"name": "a", "size": 2, "age": 6, "note": None}
    assert plan.diff(before, after, {"age"}) == {"before": {"size": 1}, "after": {"size": 2}}
    assert plan.diff({}, {"name": "a", "note": None}) == {"before": {}, "after": {"name": "a"}}


def test_complete_keeps_absent_empty() -> None:
    assert plan.complete({}, ["a"]) == {}
    assert plan.complete({"b": 1}, ["a", "b"]) == {"a": None, "b": 1}


KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secrets", "expected"),
    [
        ("wrong password hunter22!", ["hunter22!"], f"wrong password {redact.HIDDEN}"),
        ("the word no stays", ["no"], "the word no stays"),
        (f"bad key {KEY} given", [], f"bad key {redact.HIDDEN} given"),
        ("cut -----BEGIN PRIVATE KEY-----\nMHc", [], f"cut {redact.HIDDEN}"),
        ("https://x/?orderId=1&orderPassword=abc&x=1", [], f"https://x/?orderId=1&orderPassword={redact.HIDDEN}&x=1"),
        ("Authorization: Bearer ey.J0.x", [], f"Authorization: Bearer {redact.HIDDEN}"),
        ('vmware_soap_session="abc"; Path=/', [], f"vmware_soap_session={redact.HIDDEN}; Path=/"),
    ],
)
def test_scrub(text: str, secrets: list[str], expected: str) -> None:
    assert redact.scrub(text, secrets) == expected


def test_scrub_data_goes_into_lists_and_dictionaries() -> None:
    assert redact.scrub_data({"a": ["secret1", 3, None]}, ["secret1"]) == {"a": [redact.HIDDEN, 3, None]}


class Time:
    """A clock that moves only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sleeps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def monotonic(self) -> float:
        return self.now

    def patience(self, timeout: float, interval: float, on: bool = True) -> wait.Patience:
        return wait.Patience(timeout, interval, on, lambda: self.now, self.sleep)


def test_wait_returns_what_was_ready() -> None:
    time, states = Time(), iter(["creating", "creating", "ready"])
    assert wait.wait_for(lambda: next(states), lambda s: s == "ready", "key", time.patience(60, 5)) == "ready"
    assert time.sleeps == [5, 5]


def test_wait_returns_last_state_and_looks_at_the_deadline() -> None:
    time = Time()
    with pytest.raises(errors.WaitTimeoutError, match=r"order 7: not there after 12 s, last seen: notPaid") as caught:
        wait.wait_for(lambda: "notPaid", lambda s: False, "order 7", time.patience(12, 5), order_id=7)
    assert caught.value.details == {"last_state": "notPaid", "order_id": 7}
    assert time.sleeps == [5, 5, 2]


def test_a_brief_wait_makes_its_looks_however_long_they_take() -> None:
    time, looks = Time(), []

    def slow() -> bool:
        looks.append(time.now)
        time.now += 100
        return False

    with pytest.raises(errors.WaitTimeoutError):
        wait.wait_for(slow, bool, "key", time.patience(600, 5, on=False).briefly(3))
    assert (len(looks), time.sleeps) == (3, [5, 5])


def test_wait_false_looks_once() -> None:
    time = Time()
    assert wait.wait_for(lambda: "creating", lambda s: False, "key", time.patience(60, 5, on=False)) == "creating"
    assert time.sleeps == []


def _failing(times: int, pause: float | None = None) -> t.Callable[[], str]:
    left = [times]

    def attempt() -> str:
        if left[0]:
            left[0] -= 1
            raise retry.TryAgain(errors.ApiError("busy"), pause)
        return "done"

    return attempt


def test_retry_grows_its_pauses_and_obeys_the_server() -> None:
    time = Time()
    policy = retry.Retry(attempts=5, base=1, cap=3, sleep=time.sleep, jitter=lambda: 1.0)
    assert policy.call(_failing(4)) == "done"
    assert time.sleeps == [1, 2, 3, 3]
    time.sleeps.clear()
    assert policy.call(_failing(1, pause=60)) == "done"
    assert time.sleeps == [60]


def test_retry_does_not_wait_for_a_server_that_asks_for_long() -> None:
    time = Time()
    with pytest.raises(errors.ApiError, match="busy"):
        retry.Retry(sleep=time.sleep).call(_failing(1, pause=86400))
    assert time.sleeps == []


def test_retry_begins_no_attempt_after_its_time() -> None:
    time = Time()
    policy = retry.Retry(within=10, base=4, sleep=time.sleep, jitter=lambda: 1.0, monotonic=time.monotonic)
    with pytest.raises(errors.ApiError, match="busy"):
        policy.call(_failing(9))
    assert time.sleeps == [4]


def test_retry_loops_do_not_multiply() -> None:
    time, asked = Time(), 0

    def inner() -> str:
        nonlocal asked
        asked += 1
        raise retry.TryAgain(errors.ApiError("busy"))

    def outer() -> str:
        try:
            return policy.call(inner)
        except errors.CollectionError as error:
            raise retry.TryAgain(error) from error

    policy = retry.Retry(attempts=5, sleep=time.sleep)
    with pytest.raises(errors.ApiError, match="busy"):
        policy.call(outer)
    assert asked == 5


def test_retry_gives_up_with_the_cause() -> None:
    time = Time()
    with pytest.raises(errors.ApiError, match="busy"):
        retry.Retry(attempts=2, sleep=time.sleep).call(_failing(9))
    assert len(time.sleeps) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9.1.1.0", (9, 1, 1, 0)),
        ("2.0rc1", (2, 0)),
        ("0.11.0", (0, 11, 0)),
        ("8.0.3-u1", (8, 0, 3)),
        ("", ()),
        ("x", ()),
    ],
)
def test_version_tuple(text: str, expected: tuple[int, ...]) -> None:
    assert deps.version_tuple(text) == expected


def test_require_names_everything_that_is_missing() -> None:
    gone = deps.Library("pykmip", "0.11.0", error="No module named 'kmip'")
    old = deps.Library("requests", "2.25", version="2.19.1")
    good = deps.Library("pyvmomi", "8.0.1", version="9.1.1.0")
    with pytest.raises(errors.MissingLibraryError) as caught:
        deps.require(gone, old, good)
    for word in ("pykmip >= 0.11.0", "requests >= 2.25 (found 2.19.1)", "python", "execution environment"):
        assert word in caught.value.message
    assert "pyvmomi" not in caught.value.message
    deps.require(good)


def test_specs_join_with_their_rules_and_refuse_doubles() -> None:
    one = argspec.ArgSpec(a=argspec.text(), rules={"required_if": [("a", "x", ["b"])]})
    both = argspec.ArgSpec(one, b=argspec.integer(), rules={"required_if": [("b", 1, ["a"])]})
    assert set(both.options) == {"a", "b"}
    assert both.module_arguments()["required_if"] == [("a", "x", ["b"]), ("b", 1, ["a"])]
    with pytest.raises(ValueError, match="defined twice"):
        argspec.ArgSpec(one, a=argspec.text())
    with pytest.raises(ValueError, match="unknown rule"):
        argspec.ArgSpec(rules={"requires": []})


def test_white_space_is_trimmed_in_joined_and_inner_options() -> None:
    inner = argspec.ArgSpec(name=argspec.text(), tags=argspec.texts())
    part = argspec.ArgSpec(ids=argspec.texts(), trimmed=("ids",))
    parts = argspec.suboptions(inner, many=True)
    spec = argspec.ArgSpec(part, servers=parts, note=argspec.text(), trimmed=("servers.name", "servers.tags"))
    servers = [{"name": " a ", "tags": ["x ", " y"]}, {"name": None, "tags": None}]
    params = {"ids": [" 1", "2 "], "servers": servers, "note": " stays "}
    spec.trim(params)
    trimmed = [{"name": "a", "tags": ["x", "y"]}, {"name": None, "tags": None}]
    assert params == {"ids": ["1", "2"], "servers": trimmed, "note": " stays "}
    nothing = {"ids": None, "servers": None, "note": None}
    spec.trim(nothing)
    assert nothing == {"ids": None, "servers": None, "note": None}


def test_an_empty_variable_counts_as_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMWARE_HOST", "")
    monkeypatch.setenv("VMWARE_SERVER", "vc.example")
    assert argspec.nonempty_env("VMWARE_HOST", "VMWARE_SERVER") == "vc.example"
    monkeypatch.delenv("VMWARE_SERVER")
    with pytest.raises(AnsibleFallbackNotFound):
        argspec.nonempty_env("VMWARE_HOST", "VMWARE_SERVER")


def test_pick_leaves_out_what_was_not_given() -> None:
    params: dict[str, t.Any] = {"name": "a", "size": None, "default": False, "urns": []}
    assert argspec.pick(params, "name", "size", "urns", is_default="default") == {
        "name": "a",
        "urns": [],
        "is_default": False,
    }
