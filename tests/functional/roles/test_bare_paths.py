# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dossier and state files whose path is a name without a directory."""

from __future__ import annotations

import json
import pathlib

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

VCENTER = "{vcenter: vcenter.example.com, vcenter_id: 0f7c2d5e}"
KEEPERS = {
    "recovery_dossier": """
- ansible.builtin.include_role: {name: ovhcloud.vmware_encryption.recovery_dossier}
  vars:
    recovery_dossier_path: kept.json
    recovery_dossier_vcenter: vcenter.example.com
    recovery_dossier_provider: nkp
    recovery_dossier_entry: {type: native, role: native_key_provider}
""",
    # the role key_rotation keeps its campaigns by the same tasks
    "vm_encryption": f"""
- ansible.builtin.include_role: {{name: ovhcloud.vmware_encryption.vm_encryption, tasks_from: remember.yml}}
  vars:
    __vm_encryption_limits: {{state_path: kept.json}}
    __vm_encryption_run: run-1
    __vm_encryption_noted: {{key_ids: [key-1]}}
    __vm_encryption_record: {{campaign: yearly}}
    __vm_encryption_state: {{power_on: [vm-1], settled: [], finished: false}}
    __vm_encryption_vcenter: {VCENTER}
""",
}


@pytest.mark.parametrize("role", KEEPERS)
def test_a_bare_file_name_is_kept_where_the_play_began(lab: Lab, tmp_path: pathlib.Path, role: str) -> None:
    book = tmp_path / "keep.yml"
    tasks = KEEPERS[role].strip().replace("\n", "\n    ")
    book.write_text(f"- hosts: localhost\n  gather_facts: false\n  connection: local\n  tasks:\n    {tasks}\n")
    tmp_path.chmod(0o755)
    result = harness.run_playbook(lab, str(book), tmp_path)
    assert result.code == 0, result.screen
    assert json.loads((tmp_path / "kept.json").read_text())
    assert (tmp_path / "kept.json").stat().st_mode & 0o777 == 0o600
    assert tmp_path.stat().st_mode & 0o777 == 0o755  # the folder of the user keeps its mode
