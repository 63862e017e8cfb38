# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups and keys on a full disk: told before anything is lost, and what is where afterwards."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.full_disk import run_on_full_disk
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.native_helpers import (
    NAME,
    PASSWORD,
    backup_runner,
    provider_runner,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

COUNTS = "vCenter now counts the provider as backed up: run again until this succeeds"


def exports(lab: Lab, since: int) -> list[str]:
    """Requests for a backup file: after one, vCenter counts the provider as backed up."""
    operations = [entry.operation for entry in lab.journal.writes(since, "vcenter_rest")]
    return [operation for operation in operations if "/kms/" in operation]


@pytest.fixture
def backup(lab: Lab, run_module: RunModule, tmp_path: pathlib.Path) -> dict[str, t.Any]:
    """Options of the backup of a provider that was never backed up."""
    open_up(lab)
    assert not provider_runner(run_module)().failed
    options = {"name": NAME, "path": str(tmp_path / "vnkp.p12"), "backup_password": PASSWORD, "allow_ephemeral": True}
    return {**harness.connection(lab, "vsphere"), **options, "wait_interval": 0.01, "wait_timeout": 60}


def test_a_backup_without_room_is_never_exported(lab: Lab, backup: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    mark = lab.journal.mark()
    result = run_on_full_disk("native_key_provider_backup", **backup)
    assert result.failed and "vnkp.p12: File too large" in result.msg and COUNTS not in result.msg
    assert exports(lab, mark) == []
    assert not lab.vcenter.crypto.providers[NAME].has_backup
    assert os.listdir(tmp_path) == []


def test_a_backup_that_fails_after_the_export_says_so(
    lab: Lab, backup: dict[str, t.Any], run_module: RunModule, tmp_path: pathlib.Path
) -> None:
    result = run_on_full_disk("native_key_provider_backup", ["_vsphere.backup"], **backup)
    assert result.failed and result.msg.endswith(f"File too large; no file is there. {COUNTS}"), result.msg
    assert lab.vcenter.crypto.providers[NAME].has_backup
    assert os.listdir(tmp_path) == []
    assert backup_runner(run_module, tmp_path)().changed


def test_a_backup_is_kept_when_its_successor_has_no_room(
    lab: Lab, backup: dict[str, t.Any], run_module: RunModule, tmp_path: pathlib.Path
) -> None:
    assert not backup_runner(run_module, tmp_path)().failed
    old = (tmp_path / "vnkp.p12").read_bytes()
    mark = lab.journal.mark()
    result = run_on_full_disk("native_key_provider_backup", force=True, **backup)
    assert result.failed and "File too large" in result.msg
    assert exports(lab, mark) == []
    assert (tmp_path / "vnkp.p12").read_bytes() == old
    assert os.listdir(tmp_path) == ["vnkp.p12"]
