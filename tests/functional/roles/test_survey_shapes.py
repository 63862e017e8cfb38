# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options as AWX hands them over: answers of a survey marked unsafe, variables of a template that read such answers."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.unit.plugins.module_utils._answers import (
    test_answers_matrix as matrix,
)


class Unsafe(str):
    """An answer of a survey."""


class Dumper(yaml.SafeDumper):
    """Writes the mark of AWX."""


Dumper.add_representer(Unsafe, lambda dumper, value: dumper.represent_scalar("!unsafe", str(value), style='"'))


def answered(role: str, name: str) -> t.Any:
    """An answer as AWX has it: numbers and lists of choices have their types, all else is text."""
    spec = matrix.SPECS[role][name]
    value = matrix.sample(name, spec)
    kind = spec.get("type", "str")
    if kind in ("int", "float") or (kind == "list" and "choices" in spec):
        return value
    shapes = [shape for shape in matrix.shapes(name, value, spec) if isinstance(shape, str)]
    return Unsafe(shapes[len(shapes) // 2])


@pytest.mark.oldest("role okms", "survey")
@pytest.mark.parametrize("by_template", [False, True], ids=["survey", "template"])
def test_answers_of_a_survey_mean_what_a_playbook_says(lab: Lab, tmp_path: pathlib.Path, by_template: bool) -> None:
    plays = []
    for role, specs in matrix.SPECS.items():
        beside = {key: value for name in specs for key, value in matrix.BESIDE.get(name, {}).items()}
        # what excludes each other is left to the other tests
        without = {"awx_state", *beside, *matrix.NEEDED.get(role, {})}
        names = [name for name in specs if name not in without]
        marked = {name: Unsafe(value) if isinstance(value, str) else value for name, value in beside.items()}
        given = {**marked, **matrix.NEEDED.get(role, {}), **{name: answered(role, name) for name in names}}
        plain = {name: matrix.sample(name, specs[name]) for name in names}
        expected = matrix.found(role, **{**beside, **matrix.NEEDED.get(role, {}), **plain})
        variables = {f"answer_of_{name}": value for name, value in given.items()}
        texts = {name: "{{ answer_of_" + name + " }}" for name in given}
        file = tmp_path / f"{role}.yml"
        file.write_text(yaml.dump({**variables, **texts} if by_template else given, Dumper=Dumper))
        alike = [f"found.{name} == expected.{name}" for name in expected]
        task = {"name": role, "ovhcloud.vmware_encryption.role_options": {"role": role}, "register": "found"}
        plays.append(
            {
                "hosts": "localhost",
                "gather_facts": False,
                "connection": "local",
                "vars_files": [str(file)],
                "vars": {"expected": expected},
                "tasks": [task, {"ansible.builtin.assert": {"that": alike}}],
            }
        )
    (tmp_path / "play.yml").write_text(yaml.safe_dump(plays))
    result = harness.run_playbook(lab, str(tmp_path / "play.yml"), tmp_path)
    assert result.code == 0, result.screen
