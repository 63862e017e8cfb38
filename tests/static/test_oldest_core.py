# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of each module, inventory plugin and role, some tests run on the oldest ansible-core too: those marked `oldest`."""

from __future__ import annotations

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULE, ROLE = {"life", "refusal"}, {"check", "first", "second"}
ACTIONS = {"role_options", "workflow_facts"}  # the roles run it
WANTED = {path.stem: MODULE for path in (ROOT / "plugins/modules").glob("*.py") if path.stem not in ACTIONS}
WANTED.update({f"inventory {path.stem}": MODULE for path in (ROOT / "plugins/inventory").glob("*.py")})
WANTED.update({f"role {path.name}": ROLE for path in (ROOT / "roles").iterdir() if path.is_dir()})


def chosen(folder: pathlib.Path) -> dict[str, set[str]]:
    """What the marks `oldest` in that folder say: a module or a role, and what of it is tested."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("pytest.mark.oldest", "oldest"):
                subject, *what = [ast.literal_eval(argument) for argument in node.args]
                found.setdefault(subject, set()).update(what)
    return found


CHOSEN = chosen(ROOT / "tests/functional")


@pytest.mark.parametrize("subject", sorted(WANTED))
def test_a_module_or_role_runs_on_the_oldest_core(subject: str) -> None:
    assert CHOSEN.get(subject, set()) >= WANTED[subject]


def test_marks_name_what_exists() -> None:
    assert set(CHOSEN) == set(WANTED) | {"warm plays", "both ways", "guides", "sessions"}


def test_a_mark_that_is_missing_is_found(tmp_path: pathlib.Path) -> None:
    (tmp_path / "test_x.py").write_text(
        '@pytest.mark.oldest("okms", "life")\ndef test_life(): ...\n'
        'CASES = [pytest.param(1, marks=pytest.mark.oldest("role okms", "check", "first"))]\n'
    )
    assert chosen(tmp_path) == {"okms": {"life"}, "role okms": {"check", "first"}}
