# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A seeded share of `make fuzz`: what once crashed, and a few inputs for each target, the same ones each time."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import strategies as st

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.tests.fuzz import engine, every, filters

every.load()
INPUTS = 40
ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", list(engine.TARGETS))
def test_no_input_ends_in_a_traceback(name: str) -> None:
    outcome = engine.explore(engine.TARGETS[name], INPUTS)
    assert outcome.crashes == {}
    assert outcome.inputs >= INPUTS // 2


def test_every_filter_is_a_target_and_tells_what_it_takes() -> None:
    files = {path.stem for path in (ROOT / "plugins/filter").glob("*.py")}
    assert files == filters.LOADED
    assert all(hasattr(filters.filter_of(name), "__wrapped__") for name in files)


def _refuse(text: str) -> None:
    raise InvalidInputError(text)


def _refuse_as_filter(text: str) -> None:
    raise AnsibleFilterError(text)


def _fall(text: str) -> None:
    if "\n" in text:
        raise KeyError(text)


@pytest.mark.parametrize(
    ("run", "kind"),
    [
        (_fall, "KeyError"),
        (lambda text: _refuse_as_filter(f"odd: {text}"), "LooseMessageError"),
        (lambda text: _refuse_as_filter("long" * 1000), "LooseMessageError"),
    ],
    ids=["another exception", "two lines", "too long"],
)
def test_what_a_user_must_not_see_is_a_crash(run: t.Callable[[str], object], kind: str) -> None:
    found = engine.explore(engine.Target("x", st.text(alphabet="a\n", max_size=3), run), 50)
    assert [crash.split()[0] for crash in found.crashes] == [kind]


def test_own_error_of_one_line_is_no_crash() -> None:
    found = engine.explore(engine.Target("x", st.just("a"), _refuse, ("b",)), 5)
    assert (found.crashes, found.accepted) == ({}, 0)
    assert found.inputs >= 2
    assert engine.table([found]).splitlines()[-1].split() == ["all", str(found.inputs), "0", "0"]


def test_a_target_that_refuses_everything_is_told() -> None:
    number, errors = 1000, "OVHcloud error bodies"
    outcomes = [
        engine.Outcome(name, number, accepted) for name, accepted in (("state files", 0), ("URNs", 1), (errors, 0))
    ]
    assert engine.blind(outcomes) == ["state files"]
    assert engine.blind([engine.Outcome("state files", number - 1)]) == []
