# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a module may run in a fork of Ansible's worker, and where not."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import sys
import types
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._in_process import decision
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._in_process.decision import Situation, why_not

GOOD = Situation(core=(2, 20), interpreter=sys.executable)


@pytest.fixture(autouse=True)
def _no_options_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may be run by a Python with any options."""
    monkeypatch.setattr(decision, "own_way", lambda: False)


def test_ordinary_task_on_this_machine_may() -> None:
    assert why_not(GOOD) is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"enabled": False}, "it is turned off"),
        ({"core": (2, 15)}, "ansible-core 2.15 is not known to it"),
        ({"core": (2, 22)}, "ansible-core 2.22 is not known to it"),
        ({"system": "darwin"}, "the system is darwin, not linux"),
        ({"start_method": "spawn"}, "the workers start by spawn, not by fork"),
        ({"connection": "ansible.plugins.connection.ssh"}, "the connection is ssh, not local"),
        ({"connection": "ansible_collections.a.b.plugins.connection.local"}, "the connection is local, not local"),
        ({"become": True}, "the task becomes another user"),
        ({"run_async": True}, "the task is asynchronous"),
        ({"keeps_files": True}, "ANSIBLE_KEEP_REMOTE_FILES keeps the files of modules"),
        ({"open_files": 512}, "python_module_rlimit_nofile limits the open files of modules"),
        ({"shell": "/usr/bin/enter"}, "commands run in /usr/bin/enter"),
        ({"environment": ["HTTPS_PROXY", "TZ", "HOME", "TMPDIR"]}, None),
        (
            {"environment": ["PYTHONPATH", "A", "LC_ALL"]},
            "the environment of the task has LC_ALL, PYTHONPATH, read only when a program starts",
        ),
        ({"interpreter": None}, "Ansible has yet to find the Python of this host"),
        ({"interpreter": "/x/python"}, f"the Python is /x/python, that of Ansible {sys.executable}"),
        ({"interpreter": "python3"}, f"the Python is python3, that of Ansible {sys.executable}"),
        ({"not_loaded": "OSError: broken"}, "it cannot be loaded here (OSError: broken)"),
    ],
)
def test_each_reason_against_it_is_told(changed: dict[str, t.Any], reason: str | None) -> None:
    assert why_not(dataclasses.replace(GOOD, **changed)) == reason


def test_options_of_ansibles_python_are_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision, "own_way", lambda: True)
    assert why_not(GOOD) == "Ansible's Python was started with options of its own"


@pytest.mark.parametrize(
    ("flags", "site", "hides"),
    [
        ({}, True, False),
        ({"ignore_environment": 1}, False, True),
        ({"no_site": 1}, False, True),
        ({"no_user_site": 1}, True, True),
        ({"no_user_site": 1}, False, False),
    ],
)
def test_options_that_hide_packages_are_seen(
    tmp_path: pathlib.Path, flags: dict[str, int], site: bool, hides: bool
) -> None:
    given = types.SimpleNamespace(**{"ignore_environment": 0, "no_site": 0, "no_user_site": 0, **flags})
    # the fixture replaces the name in the module only
    assert OWN_WAY(given, str(tmp_path if site else tmp_path / "none")) is hides


OWN_WAY = decision.own_way


@pytest.fixture
def pythons(tmp_path: pathlib.Path) -> pathlib.Path:
    """Two virtual environments of one Python, and a link to the folder of one of them."""
    base = tmp_path / "base/bin"
    base.mkdir(parents=True)
    (base / "python3.13").write_text("")
    for name in ("one", "two"):
        folder = tmp_path / name / "bin"
        folder.mkdir(parents=True)
        (folder / "python").symlink_to(base / "python3.13")
        (folder / "python3").symlink_to("python")
    (tmp_path / "link").symlink_to("one")
    (tmp_path / "one/bin/other").write_text("")
    (tmp_path / "aside").symlink_to("one/bin/python")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "same"),
    [
        ("one/bin/python", True),
        ("one/bin/python3", True),
        ("link/bin/python3", True),
        ("two/bin/python", False),
        ("base/bin/python3.13", False),
        ("one/bin/other", False),
        ("one/bin/none", False),
        ("aside", False),
    ],
)
def test_python_of_another_environment_is_another(pythons: pathlib.Path, path: str, same: bool) -> None:
    assert decision.same_python(str(pythons / path), str(pythons / "one/bin/python")) is same


def test_python_without_a_path_is_another(pythons: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pythons / "one/bin")
    assert not decision.same_python("python", os.path.join(os.getcwd(), "python"))
    assert not decision.same_python(str(pythons / "one/bin/python"), "")
