# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible packs each module with all that it imports: the other tests run modules from the checkout."""

from __future__ import annotations

import json
import pathlib

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

ACTIONS = {path.stem for path in (harness.ROOT / "plugins/action").glob("*.py")}  # these are not packed
MODULES = sorted({path.stem for path in (harness.ROOT / "plugins/modules").glob("*.py")} - ACTIONS)
OWN_PROCESS = {"ANSIBLE_RETRY_FILES_ENABLED": "false"}  # a setting of Ansible: the play is not a warm one


@pytest.mark.oldest("packing of modules", "each")
def test_each_module_runs_from_its_package(lab: Lab, tmp_path: pathlib.Path) -> None:
    """An option that no module knows is refused by the module itself, once it has imported what it needs."""
    answers, play = tmp_path / "answers.json", tmp_path / "packing.yml"
    tasks = [
        {"ovhcloud.vmware_encryption." + name: {"no_such_option": 1}, "register": name, "ignore_errors": True}
        for name in MODULES
    ]
    kept = "{{ names | zip(names | map('extract', vars) | map(attribute='msg')) | list | to_json }}"
    tasks.append({"ansible.builtin.copy": {"content": kept, "dest": str(answers), "mode": "0600"}})
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}", "names": MODULES}
    play.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}]))
    done = harness.run_playbook(lab, str(play), tmp_path, environment=OWN_PROCESS)
    assert done.code == 0, done.screen
    refused = dict(json.loads(answers.read_text()))
    assert list(refused) == MODULES
    # what is missing comes first with some of them
    refusals = ("Unsupported parameters", "missing required arguments", "one of the following is required")
    assert {name: said for name, said in refused.items() if not said.startswith(refusals)} == {}
