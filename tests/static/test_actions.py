# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module has an action file of its own name, all of them alike: Ansible finds the way to run it by that name."""

from __future__ import annotations

import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OWN = {"role_options", "workflow_facts"}  # their actions do something else
MODULES = sorted({path.stem for path in (ROOT / "plugins/modules").glob("*.py")} - OWN)


def action_of(module: str) -> str:
    return (ROOT / f"plugins/action/{module}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", MODULES)
def test_module_has_the_action_that_all_have(module: str) -> None:
    assert action_of(module) == action_of(MODULES[0])
    assert "ActionModule = action(__name__)" in action_of(module)


def test_no_action_is_without_its_module() -> None:
    assert {path.stem for path in (ROOT / "plugins/action").glob("*.py")} == {*MODULES, *OWN}
