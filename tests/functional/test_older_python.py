# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules on a Python that is too old: one line, before any file is loaded that such a Python cannot load."""

from __future__ import annotations

import ast
import json
import os
import pathlib
import subprocess
import sys

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.in_process import both_ways

# pretends to be 3.8 and loads each module; what is left in sys.modules was loaded to its end
PROGRAM = """
import importlib, sys
prefix = "ansible_collections.ovhcloud.vmware_encryption.plugins."
real = sys.version_info
for name in sys.argv[1:]:
    sys.version_info = (3, 8, 18)
    try:
        importlib.import_module(prefix + "modules." + name)
        print("loaded")
    except SystemExit as end:
        print(end.code)
    sys.version_info = real
    whole = [found for found in sys.modules.values() if found.__name__.startswith(prefix) and found.__file__]
    print(*(found.__file__ for found in whole))
    for found in whole:
        del sys.modules[found.__name__]
"""
MODULES = sorted(name for names in harness.GROUPS.values() for name in names)
BUILT_IN = {"dict", "frozenset", "list", "set", "tuple", "type"}


def needs_newer(text: str) -> list[int]:
    """Lines that a Python before 3.9 cannot run when it loads the file: dict[str, int] outside of annotations."""
    values: list[ast.AST] = []
    for node in ast.parse(text).body:
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.Expr)) and node.value:
            values.append(node.value)
        if isinstance(node, ast.ClassDef):
            values += node.bases
    parts = [part for value in values for part in ast.walk(value) if isinstance(part, ast.Subscript)]
    return [part.lineno for part in parts if isinstance(part.value, ast.Name) and part.value.id in BUILT_IN]


def test_older_python_is_told_before_it_fails() -> None:
    environment = {**os.environ, "PYTHONPATH": harness.collections_path()}
    command = [sys.executable, "-c", PROGRAM, *MODULES]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 3 * len(MODULES), done.stdout
    for name, said, code, whole in zip(MODULES, lines[::3], lines[1::3], lines[2::3]):
        refusal = json.loads(said)
        assert refusal["failed"] is True and refusal["failure"]["kind"] == "unsupported", name
        assert refusal["msg"].startswith(f"ovhcloud.vmware_encryption needs Python 3.9 or newer: {sys.executable} is")
        assert "is Python 3.8.18. Set ansible_python_interpreter" in refusal["msg"] and code == "1"
        for path in whole.split():
            assert needs_newer(pathlib.Path(path).read_text(encoding="utf-8")) == [], path


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("A = dict[str, int]", [1]),
        ("import x\nclass B(list[int]): pass", [2]),
        ("A: list[int] = []\ndef f(a: dict[str, int]) -> set[int]: return set[int]()", []),
        ("A = b[0]", []),
    ],
)
def test_check_itself_finds_what_older_pythons_refuse(text: str, lines: list[int]) -> None:
    assert needs_newer(text) == lines


# stands for a Python before 3.7, which many computers no longer have; 2.7.18, 3.6.15 and 3.7.16 were tried
STAND_IN = """#!/bin/sh
[ "$1" = -c ] && exec echo VERSION
echo "SyntaxError: future feature annotations is not defined" >&2
exit 1
"""


@pytest.mark.oldest("both ways", "old Python")
@pytest.mark.parametrize(("version", "told"), [("3.6.8", True), ("3.9.2", False), ("no", False)])
def test_python_that_cannot_read_a_module_is_named(tmp_path: pathlib.Path, version: str, told: bool) -> None:
    python = tmp_path / "python3"
    python.write_text(STAND_IN.replace("VERSION", version))
    python.chmod(0o755)
    task = {"ovhcloud.vmware_encryption.okms_info": {"endpoint": "ovh-eu", "access_token": "x"}}
    seen = both_ways.run(
        both_ways.written(tmp_path, [{"name": "one", **task}], vars={"ansible_python_interpreter": str(python)})
    )
    result = seen.of("one")
    assert seen.code == 2
    assert (f"needs Python 3.9 or newer: {python} is Python {version}. Set" in result["msg"]) is told, result
    assert ("module_stderr" in result) is not told and "Traceback" not in seen.screen
