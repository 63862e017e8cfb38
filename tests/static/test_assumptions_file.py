# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab decides nothing silently: assumptions.yml, the settings, the proofs and the guide belong together."""

from __future__ import annotations

import ast
import dataclasses
import pathlib
import re
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.lab import assumptions
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.assumptions import Assumption, AssumptionError
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.ovhcloud import contract_shapes

ENTRIES = assumptions.assumptions()
TESTS = assumptions.ROOT / "tests"
SETTINGS = {
    "lab": TESTS / "lab/lab.py",
    "ovhcloud": TESTS / "lab/ovhcloud/settings.py",
    "vcenter": TESTS / "lab/vcenter/settings.py",
}
# what a test plays or sets up differs between estates; it needs a comment, not an entry
FIELD = re.compile(r"    (?P<field>\w+): (?P<type>[^=\n]+) = (?P<default>[^\n]+?)(?P<comment>  #[^\n]+)?\n")


def fields(part: str) -> dict[str, re.Match[str]]:
    """The settings of a part of the lab as they stand in its source."""
    text = SETTINGS[part].read_text(encoding="utf-8")
    bodies = re.findall(r"^class \w+Settings:\n((?:(?:    [^\n]*)?\n)+)", text, re.MULTILINE)
    return {found["field"]: found for body in bodies for found in FIELD.finditer(body)}


def test_assumed_settings_and_entries_are_the_same() -> None:
    used = {
        f"{part}.{name}" for part in SETTINGS for name, field in fields(part).items() if "assumed(" in field["default"]
    }
    assert used == {entry.setting for entry in ENTRIES if entry.setting}


@pytest.mark.parametrize("part", SETTINGS)
def test_a_setting_is_assumed_or_says_what_it_plays(part: str) -> None:
    for name, field in fields(part).items():
        if "assumed(" in field["default"]:
            assert field["default"] == f'assumed("{part}.{name}")'
        elif not name.endswith("_reads"):  # how often the old state is still read
            assert field["comment"], f"{part}.{name}: say in a comment what it plays, or make it an entry"


def test_the_lab_mentions_no_unknown_that_is_no_entry() -> None:
    words = re.compile(r"\(unknown\)|\[U\]|is unknown\.\)|\b(?:is|are) not documented\b", re.IGNORECASE)
    guilty = [
        f"{path.relative_to(TESTS)}:{number}"
        for path in (TESTS / "lab").rglob("*.py")
        if path.name != "assumptions.py"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if words.search(line) and ("#" in line or '"""' in line)
    ]
    assert guilty == []


def decorated(path: pathlib.Path) -> set[str]:
    """The tests of a file that run with every value."""
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(one, ast.Name) and one.id == "every_value" for one in node.decorator_list)
    }


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_the_proof_runs_with_every_value(entry: Assumption) -> None:
    file, _colons, name = entry.proof.partition("::")
    paths = list(TESTS.rglob(file))
    assert len(paths) == 1, f"{entry.id}: {file} is there {len(paths)} times"
    assert name in decorated(paths[0]), f"{entry.id}: {entry.proof} is not decorated with every_value"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_what_depends_on_it_is_there(entry: Assumption) -> None:
    assert [path for path in entry.depends if not (assumptions.ROOT / path).exists()] == []


def test_the_guide_shows_the_table() -> None:
    text = assumptions.GUIDE.read_text(encoding="utf-8")
    hint = "run PYTHONPATH=tests python -m lab.assumptions"
    assert text.count(assumptions.TABLE) == 1 and assumptions.with_table(text) == text, hint


def test_the_role_ships_the_same_file() -> None:
    hint = "run PYTHONPATH=tests python -m lab.assumptions"
    assert assumptions.SHIPPED.read_bytes() == assumptions.FILE.read_bytes(), hint


def test_the_role_ships_the_contracts_of_what_it_reads() -> None:
    hint = "run PYTHONPATH=tests python -m lab.ovhcloud.contract_shapes"
    assert contract_shapes.FILE.read_text(encoding="utf-8") == contract_shapes.text(), hint


GOOD = Assumption("an-id", "It is so.", True, (False,), "unknown", ("README.md",), "test_a.py::test_b", "lab.x", "look")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "An_Id"}, "lower case"),
        ({"assumed": "so"}, "no sentence"),
        ({"alternatives": ()}, "no alternative"),
        ({"alternatives": (True,)}, "a value twice"),
        ({"alternatives": (1,)}, ""),
        ({"source": ""}, "no source"),
        ({"depends": ()}, "nothing depends"),
        ({"seen_by": ""}, "or both are there"),
        ({"not_seen_because": "it is hidden"}, "or both are there"),
        ({"seen_by": "", "not_seen_because": "it is hidden"}, ""),
        ({"proof": "tests"}, "the proof is not"),
        ({"setting": "mail.x"}, "the setting is not"),
        ({"setting": ""}, ""),
    ],
    ids=str,
)
def test_a_wrong_entry_is_named(change: dict[str, t.Any], words: str) -> None:
    found = assumptions.problems([dataclasses.replace(GOOD, **change)])
    assert (words in "".join(found)) if words else found == []


def test_entries_out_of_order_and_doubled_are_named() -> None:
    first = dataclasses.replace(GOOD, id="a", setting="lab.y")
    assert assumptions.problems([GOOD, first]) == ["a: sort the entries by id"]
    assert assumptions.problems([GOOD, GOOD]) == ["an-id: twice", "lab.x: twice"]


def test_unknown_and_missing_fields_are_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "assumptions.yml"
    path.write_text("- id: one\n  default: true\n  surprise: 1\n")
    with pytest.raises(AssumptionError, match=r"one: fields \['alternatives', .*'surprise'\]"):
        assumptions.assumptions(path)


def test_a_test_that_proves_nothing_is_refused() -> None:
    with pytest.raises(AssumptionError, match="no entry"):
        assumptions.every_value(lambda assumed: None)
