# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module file is documentation, spec, what is built, and main; the work is in a back end."""

from __future__ import annotations

import ast
import pathlib
import statistics

import pytest

MODULES = sorted((pathlib.Path(__file__).resolve().parents[2] / "plugins/modules").glob("*.py"))
DOCUMENTATION = ("DOCUMENTATION", "EXAMPLES", "RETURN")
MOST, MEDIAN = 120, 60
TESTS = sorted((pathlib.Path(__file__).resolve().parents[2] / "tests").rglob("*.py"))
MOST_LINES = 400  # of a test file; whoever adds to one that is full splits it by subject


def code_lines(path: pathlib.Path) -> int:
    """Lines that are neither documentation nor comments nor blank."""
    text = path.read_text(encoding="utf-8")
    documented: set[int] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in DOCUMENTATION:
            documented.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(1 for number, line in lines if number not in documented and line.strip() and line.strip()[0] != "#")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_module_file_is_long(path: pathlib.Path) -> None:
    assert code_lines(path) <= MOST


def test_module_files_are_short() -> None:
    assert statistics.median(map(code_lines, MODULES)) <= MEDIAN


def test_no_test_file_is_long() -> None:
    lengths = {path.name: path.read_text(encoding="utf-8").count("\n") for path in TESTS}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}
