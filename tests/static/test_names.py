# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One name stands for one thing: a reader who meets it anywhere in a package knows what it is."""

from __future__ import annotations

import ast
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.static.test_layers import PACKAGES, ROOT

PAGE = ROOT / "plugins/plugin_utils/_audit_page"
# words so common that they stand for one thing in the whole collection, or for none
COMMON = {
    "Client", "Fleet", "Health", "Identity", "Limits", "Orders", "Record", "Row", "Rule", "Seen", "Step", "Wish",
    "choose", "explained", "health_of", "look_around",
}  # fmt: skip


def _targets(node: ast.stmt) -> t.Iterator[str]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        yield node.name
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))
    elif isinstance(node, (ast.If, ast.Try)):
        for inner in [*node.body, *node.orelse]:
            yield from _targets(inner)


def names_of(source: str) -> set[str]:
    """Public names that a module gives to something of its own."""
    return {name for node in ast.parse(source).body for name in _targets(node) if not name.startswith("_")}


def places() -> dict[str, dict[str, list[str]]]:
    """Files by package and name."""
    found: dict[str, dict[str, list[str]]] = {}
    for folder in [ROOT / "plugins/module_utils" / package for package in PACKAGES] + [PAGE]:
        for path in sorted(folder.rglob("*.py")):
            for name in names_of(path.read_text(encoding="utf-8")):
                found.setdefault(folder.name, {}).setdefault(name, []).append(str(path.relative_to(ROOT / "plugins")))
    return found


PLACES = places()


@pytest.mark.parametrize("package", PLACES)
def test_no_name_means_two_things_within_a_package(package: str) -> None:
    assert {name: files for name, files in PLACES[package].items() if len(files) > 1} == {}


@pytest.mark.parametrize("name", sorted(COMMON))
def test_common_word_means_one_thing_everywhere(name: str) -> None:
    assert len([file for names in PLACES.values() for file in names.get(name, ())]) <= 1


def test_the_check_itself_finds_names() -> None:
    source = """
import os as one
A, (B, _C) = D = 1, (2, 3)
E: int = 4
try:
    def f(): g = 1
except ImportError:
    pass
class H:
    i = 2
"""
    assert names_of(source) == {"A", "B", "D", "E", "f", "H"}
