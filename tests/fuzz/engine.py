# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets and how they are explored: one function for each parser or reader, and the inputs that it gets.

A crash is whatever is not an error of this collection, and an error whose message is not one line of readable length.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import io
import logging
import re
import traceback
import typing as t
import warnings

import hypothesis
from ansible.errors import AnsibleFilterError
from hypothesis.strategies import SearchStrategy

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.redact import shortened

LONGEST = 3000  # characters of a message; the runner of modules cuts there
SEED = 20261128
_COLLECTION = "vmware_encryption"
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class LooseMessageError(AssertionError):
    """An error of ours whose message has more than one line, or is too long."""


@dataclasses.dataclass(frozen=True)
class Target:
    """`run` takes one input of the strategy; `examples` are inputs that once crashed. `share`: 1 is an equal part.

    `refuses_all`: each input ends in an error, as it is a reader of errors or needs an answer that nobody can make up.
    """

    name: str
    strategy: SearchStrategy[t.Any]
    run: t.Callable[[t.Any], object]
    examples: tuple[t.Any, ...] = ()
    share: float = 1.0
    refuses_all: bool = False


TARGETS: dict[str, Target] = {}


def target(
    name: str,
    strategy: SearchStrategy[t.Any],
    examples: t.Sequence[t.Any] = (),
    share: float = 1.0,
    refuses_all: bool = False,
) -> t.Callable[[t.Callable[[t.Any], object]], t.Callable[[t.Any], object]]:
    """Register a function as a target."""

    def register(run: t.Callable[[t.Any], object]) -> t.Callable[[t.Any], object]:
        assert name not in TARGETS, name
        TARGETS[name] = Target(name, strategy, run, tuple(examples), share, refuses_all)
        return run

    return register


def attempt(run: t.Callable[[t.Any], object], value: t.Any) -> bool:
    """Whether the input was accepted. Raises what is a crash."""
    try:
        run(value)
    except CollectionError as error:
        check_message(shortened(error.message))  # as the runner of modules tells it
        return False
    except AnsibleFilterError as error:
        check_message(str(error))
        return False
    return True


def check_message(text: str) -> None:
    """Raise LooseMessageError unless the message is one line of readable length."""
    if _BREAKS.search(text) or not text.strip():
        raise LooseMessageError(f"not one line: {text[:300]!r}")
    if len(text) > LONGEST:
        raise LooseMessageError(f"{len(text)} characters: {text[:300]!r}")


@dataclasses.dataclass
class Outcome:
    """What became of one target. `crashes`: place and kind -> the smallest input that leads there."""

    name: str
    inputs: int = 0
    accepted: int = 0
    crashes: dict[str, str] = dataclasses.field(default_factory=dict)


def explore(one: Target, inputs: int, seed: int = SEED, survey: bool = False) -> Outcome:
    """Try the examples and so many generated inputs; the same seed gives the same inputs.

    A crash ends it, after the search for the smallest input. With `survey` it goes on, and one input of each is kept.
    """
    outcome = Outcome(one.name)
    _quiet()

    def judged(value: t.Any) -> None:
        outcome.inputs += 1
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                outcome.accepted += attempt(one.run, value)
        except BaseException as error:
            if not survey or isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            outcome.crashes.setdefault(_named(error), repr(value)[:2000])

    tried = hypothesis.given(one.strategy)(judged)
    for value in one.examples:
        tried = hypothesis.example(value)(tried)
    settings = hypothesis.settings(
        max_examples=inputs,
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=True,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate, hypothesis.Phase.shrink),
    )
    try:
        settings(hypothesis.seed(seed)(tried))()
    except BaseException as error:  # a panic of a Rust library is no Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        _collect(error, outcome.crashes)
    return outcome


def blind(outcomes: t.Sequence[Outcome], least: int = 1000) -> list[str]:
    """Names of targets that refused every one of `least` or more inputs: what lies behind the refusal was not tried."""
    return [
        one.name for one in outcomes if one.inputs >= least and not one.accepted and not TARGETS[one.name].refuses_all
    ]


def _quiet() -> None:
    warnings.simplefilter("ignore")  # of libraries about odd certificates
    logging.disable(logging.CRITICAL)


def _collect(error: BaseException, found: dict[str, str]) -> None:
    for one in getattr(error, "exceptions", None) or [error]:
        if one is not error and getattr(one, "exceptions", None):
            _collect(one, found)
            continue
        notes = " ".join(getattr(one, "__notes__", []))
        found[_named(one)] = " ".join(notes.split())[:2000]


def _named(error: BaseException) -> str:
    return f"{type(error).__name__} at {_place(error)}: {str(error)[:160]}"


def _place(error: BaseException) -> str:
    """The deepest line of the collection's plugins on the way to the error."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if f"{_COLLECTION}/plugins" in frame.filename
    ]
    if not frames:
        return "the target"
    return f"{frames[-1].filename.rpartition('plugins/')[2]}:{frames[-1].lineno}"


def table(outcomes: t.Sequence[Outcome]) -> str:
    """All targets with their numbers, and the sums."""
    width = max(len(one.name) for one in outcomes)
    rows = [f"{'target':<{width}}  {'inputs':>8}  {'accepted':>8}  {'crashes':>7}"]
    for one in outcomes:
        rows.append(f"{one.name:<{width}}  {one.inputs:>8}  {one.accepted:>8}  {len(one.crashes):>7}")
    sums: collections.Counter[str] = collections.Counter()
    for one in outcomes:
        sums.update(inputs=one.inputs, accepted=one.accepted, crashes=len(one.crashes))
    rows.append(f"{'all':<{width}}  {sums['inputs']:>8}  {sums['accepted']:>8}  {sums['crashes']:>7}")
    return "\n".join(rows)
