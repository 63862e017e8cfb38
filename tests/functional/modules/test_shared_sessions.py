# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules of one run share the sessions of vCenter; here each runs in this process, as a fork of Ansible would."""

from __future__ import annotations

import fcntl
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import kept
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils import shared_sessions
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

NATIVE: dict[str, t.Any] = {"name": "nkp", "tpm_required": False, "wait_interval": 0.01}


@pytest.fixture
def folder(lab: Lab, tmp_path: pathlib.Path) -> t.Iterator[pathlib.Path]:
    """The folder of a run by a user who may encrypt."""
    lab.give_encryption_right()
    (tmp_path / "sessions").mkdir()
    kept.share_in(str(tmp_path / "sessions"))
    yield tmp_path / "sessions"
    kept.share_in("")


def test_one_login_serves_all_modules_and_is_ended_once(lab: Lab, run_module: RunModule, folder: pathlib.Path) -> None:
    assert run_module("native_key_provider", **NATIVE).changed
    mark = lab.journal.mark()
    for again in range(2):
        assert not run_module("native_key_provider", **NATIVE).changed
        found = run_module("vcenter_info")
        assert (found["vcenter_id"], found["version"]) == (lab.vcenter.settings.instance_uuid, "8.0.3"), again
        assert run_module("encryption_storage_policy", name="encrypted").changed == (not again)
    operations = lab.journal.count("vcenter", "login", since=mark), lab.journal.count("vcenter", "logout", since=mark)
    assert operations == (0, 0)
    assert lab.journal.count("vcenter", operation="RetrieveServiceContent", since=mark) == 0
    assert len(lab.vcenter.sessions.active()) == 2  # SOAP and REST
    shared_sessions.end(str(folder))
    assert lab.vcenter.sessions.active() == []


def test_a_session_that_has_ended_is_renewed(lab: Lab, run_module: RunModule, folder: pathlib.Path) -> None:
    run_module("native_key_provider", **NATIVE)
    lab.vcenter.sessions.end_all()
    mark = lab.journal.mark()
    assert not run_module("native_key_provider", **NATIVE).changed
    assert lab.journal.count("vcenter", "login", since=mark) == 1
    lab.vcenter.sessions.end_all()
    # its first call goes to another service, which takes the login from elsewhere
    assert run_module("encryption_storage_policy", name="encrypted").changed
    lab.vcenter.sessions.end_all()
    shared_sessions.end(str(folder))
    assert lab.vcenter.sessions.active() == []


def test_a_write_that_finds_its_session_ended_is_done_once(
    lab: Lab, run_module: RunModule, folder: pathlib.Path
) -> None:
    run_module("native_key_provider", **NATIVE)
    lab.vcenter.sessions.end_all()
    mark = lab.journal.mark()
    gone: dict[str, t.Any] = {**NATIVE, "state": "absent"}
    assert run_module("native_key_provider", **gone).changed
    assert not run_module("native_key_provider", **gone).changed
    assert [entry.status for entry in lab.journal.writes(mark)] == ["401", "204"]


def test_a_wrong_password_uses_no_session_of_the_right_one(
    lab: Lab, run_module: RunModule, folder: pathlib.Path
) -> None:
    run_module("vcenter_info")
    refused = run_module("vcenter_info", password="wrong")
    assert refused.failed and "user name or password" in refused.msg
    assert lab.vcenter_password not in "".join(path.name + path.read_text() for path in folder.iterdir())


def test_modules_side_by_side_have_a_session_each(lab: Lab, run_module: RunModule, folder: pathlib.Path) -> None:
    run_module("vcenter_info")
    (used,) = folder.iterdir()
    with open(used, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # another task at its work
        run_module("vcenter_info")
    assert len(lab.vcenter.sessions.active()) == 2
    shared_sessions.end(str(folder))
    assert lab.vcenter.sessions.active() == []


def test_without_a_folder_every_module_logs_out(lab: Lab, run_module: RunModule) -> None:
    run_module("vcenter_info")
    assert lab.vcenter.sessions.active() == []


def test_an_unreachable_vcenter_does_not_hold_the_end_of_a_run(
    lab: Lab, run_module: RunModule, folder: pathlib.Path
) -> None:
    run_module("native_key_provider", **NATIVE)
    lab.stop()
    shared_sessions.end(str(folder))
    assert not folder.exists()


def test_a_right_that_was_given_meanwhile_counts_at_once(lab: Lab, run_module: RunModule, folder: pathlib.Path) -> None:
    lab._vsphere_user().rights["encryptionRight"] = False
    before = run_module("vcenter_readiness_info")["readiness"]["missing_privileges"]
    user: dict[str, t.Any] = {"service_name": lab.private_cloud, "name": lab.vsphere_user_name, "wait_interval": 0.01}
    assert run_module("private_cloud_user", encryption_right=True, **user).changed
    assert before and run_module("vcenter_readiness_info")["readiness"]["missing_privileges"] == []
    shared_sessions.end(str(folder))
    assert lab.vcenter.sessions.active() == []


@pytest.mark.parametrize("way", ["application key", "service account"])
def test_one_token_and_one_look_at_the_clock_serve_all_modules(
    lab: Lab, run_module: RunModule, folder: pathlib.Path, way: str
) -> None:
    account = {"client_id": lab.client_id, "client_secret": lab.client_secret, "token_url": lab.token_url}
    key = {"application_key": lab.application_key, "application_secret": lab.application_secret}
    key["consumer_key"] = lab.consumer_key
    given = key if way == "application key" else {**dict.fromkeys(key), **account}
    asked = "GET /auth/time" if way == "application key" else "POST /auth/oauth2/token"
    for _again in range(3):
        assert not run_module("okms_info", **given).failed
    assert lab.journal.count(operation=asked) == 1
    lab.ovhcloud.state.tokens.clear()
    assert not run_module("okms_info", **given).failed
