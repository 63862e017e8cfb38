# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups and keys on a full disk: told before anything is lost, and what is where afterwards."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms import issuing
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.credential_helpers import due_renewal
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.full_disk import run_on_full_disk
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.native_helpers import (
    NAME,
    PASSWORD,
    backup_runner,
    provider_runner,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

COUNTS = "vCenter now counts the provider as backed up: rerun until this succeeds"


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
    result = run_on_full_disk("native_key_provider_backup", ["_vsphere.native.backup"], **backup)
    assert result.failed and result.msg.endswith(f"File too large; there is no file. {COUNTS}"), result.msg
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


@pytest.fixture
def renewal(lab: Lab, run_module: RunModule, tmp_path: pathlib.Path) -> dict[str, t.Any]:
    return due_renewal(lab, run_module, tmp_path)


def test_a_key_without_room_is_never_asked_for(lab: Lab, renewal: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    old = (tmp_path / "okms.key").read_text()
    mark = lab.journal.mark()
    result = run_on_full_disk("okms_credential", **renewal)
    assert result.failed and result.msg.endswith("okms.key: File too large"), result.msg
    assert lab.journal.writes(mark) == []
    assert (tmp_path / "okms.key").read_text() == old
    assert os.listdir(tmp_path) == ["okms.key"]


def test_a_key_in_use_stays_when_the_new_one_is_lost(
    lab: Lab, renewal: dict[str, t.Any], run_module: RunModule, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "okms.key"
    old = path.read_text()
    result = run_on_full_disk("okms_credential", ["_ovhcloud.okms.issuing"], **renewal)
    assert result.failed and path.read_text() == old
    assert os.listdir(tmp_path) == ["okms.key"]
    (orphan,) = result["failure"]["orphan_credential_ids"]
    assert f"lost: cannot write {path}: File too large; the previous key still exists. Next: revoke" in result.msg
    assert orphan in result.msg and "PRIVATE KEY" not in result.output
    again = run_module("okms_credential", **renewal)
    assert again.changed and orphan in again["replaced"]
    assert (tmp_path / "okms.key.previous").read_text() == old != path.read_text()


def test_a_key_that_cannot_be_put_in_place_is_told(
    lab: Lab,
    renewal: dict[str, t.Any],
    run_module: RunModule,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "okms.key"
    old = path.read_text()
    (tmp_path / "okms.key.previous").mkdir()  # in the way of the key to keep
    early = run_module("okms_credential", **renewal)
    assert early.failed and "okms.key.previous is a folder" in early.msg
    assert len(lab.snapshot()["credentials"]) == 1
    # as if it had come after the check
    monkeypatch.setattr(issuing, "check_file", lambda name, path: None)
    result = run_module("okms_credential", **renewal)
    assert result.failed and path.read_text() == old
    (new,) = (found for found in tmp_path.iterdir() if found.name.startswith("."))
    assert f"is in {new}: move it to {path} and run again" in result.msg
    assert "the previous key still exists" in result.msg and "PRIVATE KEY" not in result.output
    assert new.stat().st_mode & 0o777 == 0o600
    new.replace(path)
    again = run_module("okms_credential", **renewal)
    assert [again["credential"]["id"]] == result["failure"]["orphan_credential_ids"], again.msg
    assert len(lab.snapshot()["credentials"]) == 2
