# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option that names a file to write is judged before the first step: in a job's container it would vanish."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACTION = "ovhcloud.vmware_encryption.output_files"
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
# options of roles that name what is only read, by the part after the role's name
READ = re.compile(r"\w+_file|backup_tasks|restore_from|definitions|history|volumes|baseline")
# of these roles, an option by that name is only read
READ_BY = {"drift_check": {"dossier_path"}, "encryption_audit": {"dossier_path"}, "preflight": {"kms_ca_file"}}
# the older names of outputs; the role's first task reads them into the newer ones
OLDER = {"external_kms": {"csr_path", "certificate_path", "ca_certificate_path", "ca_private_key_path"}}


def written(role: str) -> set[str]:
    """Options of the role that name a file or folder to write."""
    text = (ROOT / "roles" / role / "meta/argument_specs.yml").read_text()
    specs = yaml.safe_load(text)["argument_specs"]["main"]["options"]
    paths = {
        name[len(role) + 1 :] for name, spec in specs.items() if "path" in (spec.get("type"), spec.get("elements"))
    }
    return {name for name in paths if not READ.fullmatch(name)} - READ_BY.get(role, set()) - OLDER.get(role, set())


def judged(role: str) -> set[str]:
    """Options that a task hands to output_files."""
    file = ROOT / "roles" / role / "tasks/paths.yml"
    tasks: list[dict[str, t.Any]] = yaml.safe_load(file.read_text()) if file.exists() else []
    # which of two files is written can depend on another option, so the text of the task counts
    return set(re.findall(r"\b\w+\b", " ".join(str(task[ACTION]["files"]) for task in tasks if ACTION in task)))


@pytest.mark.parametrize("role", ROLES)
def test_every_path_to_write_is_judged_first(role: str) -> None:
    assert written(role) - judged(role) == set()


def test_roles_that_write_are_known() -> None:
    assert len([role for role in ROLES if written(role)]) >= 10
