# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner: check mode, diff, changed, closing, failure, redaction; on a resource made for the test."""

from __future__ import annotations

import contextlib
import json
import typing as t

import pytest
from ansible.module_utils import basic

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import argspec, errors, runner
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State


@pytest.fixture(autouse=True)
def _as_on_a_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 2.19 on, ansible-core shows warnings instead of returning them beside controller code."""
    with contextlib.suppress(ImportError):
        monkeypatch.setattr("ansible.module_utils._internal.is_controller", False)


SPEC = argspec.ArgSpec(
    argspec.state_option(), name=argspec.text(required=True), size=argspec.integer(), password=argspec.text(secret=True)
)


# size that is asked for -> whether the change is made, and whether nothing can be read afterwards; its answer is lost
UNSEEN = 31  # of a change that is sent, and that nobody waits for
LOST = {21: (True, False), 22: (False, False), 23: (False, True)}


class Shelf:
    """What exists, and what was done to it."""

    def __init__(self, *things: State) -> None:
        self.things = {thing["name"]: dict(thing) for thing in things}
        self.writes: list[str] = []
        self.closed = 0
        self.broken = False  # nobody can read it any more

    def close(self) -> None:
        self.closed += 1


class Thing(runner.Resource):
    """The simplest resource."""

    result_key = "thing"
    fields = ("name", "size", "id")
    volatile = ("id",)

    def __init__(self, context: runner.Context, shelf: Shelf) -> None:
        self.params, self.context = context.params, context
        self.shelf = context.closing(shelf)

    def read(self) -> State | None:
        if self.shelf.broken:
            raise errors.ApiError("cannot be read")
        found = self.shelf.things.get(self.params["name"])
        return dict(found) if found else None

    def wanted(self, before: State | None) -> State:
        return argspec.pick(self.params, "name", "size")

    def guard(self, plan: Plan) -> None:
        if plan.verb == "delete" and plan.before["size"] == 99:
            raise errors.GuardError("thing is in use")

    def apply(self, plan: Plan) -> State:
        return self._create(plan) if plan.verb == "create" else self._update(plan)

    def _create(self, plan: Plan) -> State:
        self.shelf.writes.append("create")
        if plan.after.get("size") == 13:
            raise errors.ApiError(f"no: {self.params['password']}", query_id="Q1", echo=[self.params["password"]])
        self.context.warn("made")
        self.context.warn("made")
        self.shelf.things[plan.after["name"]] = {**plan.after, "id": 7}
        return {**plan.after, "id": 7}

    def _update(self, plan: Plan) -> State:
        self.shelf.writes.append("update")
        if plan.after["size"] in LOST:
            done, self.shelf.broken = LOST[plan.after["size"]]
            self.shelf.things["a"]["size"] = plan.after["size"] if done else plan.before["size"]
            raise errors.ApiError("the answer cannot be read", maybe_done=True)
        return plan.before if plan.after["size"] == UNSEEN else plan.after

    def delete(self, plan: Plan) -> None:
        self.shelf.writes.append("delete")


def _run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    shelf: Shelf,
    check: bool = False,
    **options: t.Any,
) -> dict[str, t.Any]:
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": True}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        runner.run(SPEC, lambda context: Thing(context, shelf))
    assert shelf.closed == 1
    return t.cast("dict[str, t.Any]", json.loads(capsys.readouterr().out))


def test_create(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shelf = Shelf()
    result = _run(monkeypatch, capsys, shelf, name="a", size=2)
    assert (result["changed"], result["thing"]) == (True, {"name": "a", "size": 2, "id": 7})
    assert result["diff"] == {"before": {}, "after": {"name": "a", "size": 2}}
    assert sum("made" in str(warning) for warning in result["warnings"]) == 1


def test_check_mode_predicts_the_same_keys_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf = Shelf()
    result = _run(monkeypatch, capsys, shelf, check=True, name="a", size=2)
    assert (result["changed"], result["thing"], shelf.writes) == (True, {"name": "a", "size": 2, "id": None}, [])


def test_the_diff_has_what_does_not_show_yet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The result is what is there; check mode and the real run have the same diff."""
    foretold, done = (
        _run(monkeypatch, capsys, Shelf({"name": "a", "size": 1}), check=check, name="a", size=UNSEEN)
        for check in (True, False)
    )
    assert (done["changed"], done["thing"]["size"]) == (True, 1)
    assert done["diff"] == foretold["diff"] == {"before": {"size": 1}, "after": {"size": UNSEEN}}


@pytest.mark.parametrize(
    ("options", "changed", "writes", "thing"),
    [
        ({"size": 1}, False, [], {"name": "a", "size": 1, "id": None}),
        ({}, False, [], {"name": "a", "size": 1, "id": None}),
        ({"size": 3}, True, ["update"], {"name": "a", "size": 3, "id": None}),
        ({"state": "absent"}, True, ["delete"], {}),
    ],
)
def test_later_runs(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: dict[str, t.Any],
    changed: bool,
    writes: list[str],
    thing: State,
) -> None:
    shelf = Shelf({"name": "a", "size": 1})
    result = _run(monkeypatch, capsys, shelf, name="a", **options)
    assert (result["changed"], shelf.writes, result["thing"], "diff" in result) == (changed, writes, thing, changed)


@pytest.mark.parametrize(("size", "changed"), [(21, True), (22, False), (23, True)])
def test_lost_answer_to_a_change_is_looked_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], size: int, changed: bool
) -> None:
    shelf = Shelf({"name": "a", "size": 1, "id": 5})
    result = _run(monkeypatch, capsys, shelf, name="a", size=size)
    assert (result["failed"], result["changed"], shelf.writes) == (True, changed, ["update"])
    assert result["failure"] == {"kind": "api", "maybe_done": True}


def test_absent_twice(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(monkeypatch, capsys, Shelf(), name="a", state="absent")["changed"] is False


def test_a_guard_holds_in_check_mode_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    result = _run(monkeypatch, capsys, Shelf({"name": "a", "size": 99}), check=True, name="a", state="absent")
    assert (result["failed"], result["msg"], result["failure"]) == (
        True,
        "thing is in use",
        {"kind": "refused_by_guard"},
    )


def test_a_failure_is_one_clean_line_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = _run(monkeypatch, capsys, Shelf(), name="a", size=13, password="Tr0ub4dor")
    assert (result["failed"], result["msg"]) == (True, "no: ********")
    assert result["failure"] == {"kind": "api", "query_id": "Q1", "echo": ["********"]}
    assert "Tr0ub4dor" not in json.dumps(result)


class Deed:
    """An action that fails on demand; `password` must not show."""

    def __init__(self, context: runner.Context) -> None:
        self.params = context.params
        self.context = context

    def perform(self, check_mode: bool) -> dict[str, t.Any]:
        self.context.warn(f"with {self.params['password']}")
        result = {"changed": not check_mode, "deed": {"name": self.params["name"]}}
        if self.params["size"] == 13:
            error = errors.ApiError(f"no: {self.params['password']}", query_id="Q1")
            error.results = {**result, "echo": self.params["password"]}
            raise error
        return result


def _act(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], check: bool = False, **options: t.Any
) -> dict[str, t.Any]:
    arguments = {"name": "a", "password": "Tr0ub4dor", **options, "_ansible_check_mode": check}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        runner.run_action(SPEC, Deed)
    printed = capsys.readouterr().out
    assert "Tr0ub4dor" not in printed
    return t.cast("dict[str, t.Any]", json.loads(printed))


@pytest.mark.parametrize("check", [False, True])
def test_an_action_returns_what_it_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], check: bool
) -> None:
    result = _act(monkeypatch, capsys, check)
    assert (result["changed"], result["deed"], "diff" in result) == (not check, {"name": "a"}, False)
    assert "with ********" in str(result["warnings"])


def test_a_failed_action_may_return_results(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = _act(monkeypatch, capsys, size=13)
    assert (result["failed"], result["msg"], result["failure"]) == (
        True,
        "no: ********",
        {"kind": "api", "query_id": "Q1"},
    )
    assert (result["changed"], result["deed"], result["echo"]) == (True, {"name": "a"}, "********")


def test_a_bug_is_one_line_and_its_traceback_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(context: runner.Context) -> runner.Resource:
        raise KeyError(f"bug\n{context.params['password']}")

    arguments = {"name": "a", "password": "Tr0ub4dor"}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        runner.run(SPEC, broken)
    result = json.loads(capsys.readouterr().out)
    assert result["failure"] == {"kind": "unexpected"}
    assert "KeyError" in result["msg"] and "check before you rerun" in result["msg"]
    assert "\n" not in result["msg"] and "Tr0ub4dor" not in json.dumps(result)
    # from 2.19 on, ansible-core keeps a traceback only where it is asked for
    assert "Traceback" in result.get("exception", "Traceback")


def test_a_message_without_end_keeps_its_beginning_and_its_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(context: runner.Context) -> runner.Resource:
        raise errors.ApiError(f"could not read {'x' * 9000}. Next step: call support")

    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": {"name": "a"}}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        runner.run(SPEC, broken)
    said = json.loads(capsys.readouterr().out)["msg"]
    assert said.startswith("could not read x") and said.endswith("Next step: call support") and len(said) <= 3000


def test_messages_with_raw_line_breaks_are_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(context: runner.Context) -> runner.Resource:
        context.warn("look\n\tat a\x1b")
        raise errors.ApiError("could not log in as admin\n on\u2028localhost\x00\r\n", user="a")

    arguments = {"name": "a", "password": "Tr0ub4dor\n"}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        runner.run(SPEC, broken)
    result = json.loads(capsys.readouterr().out)
    assert result["msg"] == "could not log in as admin on localhost"
    assert "look at a" in str(result["warnings"]) and "\\n" not in json.dumps(result)


def test_secret_is_hidden_as_it_is_used_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(context: runner.Context) -> runner.Resource:
        raise errors.ApiError(f"no: {context.params['password'].strip()}")

    arguments = {"name": "a", "password": " Tr0ub4dor\n"}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        runner.run(SPEC, broken)
    assert "Tr0ub4dor" not in capsys.readouterr().out
