# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a play does for its modules: libraries are imported once for all of them, and each gets its own defaults."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.in_process.both_ways import WAYS, run, written

SHORT = "ovhcloud.vmware_encryption."
# stands before the real library, notes who imports it, and gives way to it
NOTING = """
import importlib, os, sys
with open(os.environ["PROBE_IMPORTS"], "a") as file:
    print(os.getpid(), file=file)
folder = os.path.dirname(os.path.dirname(__file__))
sys.path.remove(folder)
del sys.modules[__name__]
importlib.import_module(__name__)
sys.path.insert(0, folder)
"""


def task(module: str, **options: t.Any) -> dict[str, t.Any]:
    return {"name": module, SHORT + module: options, "ignore_errors": True}


def noting(folder: pathlib.Path, library: str) -> dict[str, str]:
    """The environment in which each import of the library leaves a line in the file `imports`."""
    (folder / "first" / library).mkdir(parents=True)
    (folder / "first" / library / "__init__.py").write_text(NOTING)
    path = os.pathsep.join([str(folder / "first"), os.environ.get("PYTHONPATH", "")])
    return {"PYTHONPATH": path, "PROBE_IMPORTS": str(folder / "imports")}


@pytest.mark.oldest("both ways", "imports")
@pytest.mark.parametrize(("way", "imports"), [("fork", 1), ("program", 3)])
def test_libraries_are_imported_once_in_a_play(tmp_path: pathlib.Path, way: str, imports: int) -> None:
    """In the process of the play, so that all of its workers have them."""
    noted = noting(tmp_path, "pyVmomi")
    tasks = [task("key_provider_info"), task("vcenter_info"), task("key_provider_info")]
    seen = run(written(tmp_path, tasks), environment={**noted, **WAYS[way]})
    assert [seen.of(name)["failure"]["kind"] for name in ("key_provider_info", "vcenter_info")] == ["invalid_input"] * 2
    assert len((tmp_path / "imports").read_text().splitlines()) == imports


@pytest.mark.oldest("both ways", "filters")
def test_filters_are_loaded_once_in_a_role(tmp_path: pathlib.Path) -> None:
    """Only they import this library."""
    used = {"ansible.builtin.debug": {"msg": "{{ '/a' | ovhcloud.vmware_encryption.absolute_path }}"}}
    first = {f"{SHORT}role_options": {"role": "preflight", "partial": True}}
    seen = run(written(tmp_path, [first, used, used]), environment=noting(tmp_path, "html"))
    assert seen.code == 0, seen.screen
    assert len(set((tmp_path / "imports").read_text().splitlines())) == 1


@pytest.mark.oldest("both ways", "defaults")
def test_defaults_reach_the_modules_they_are_for(tmp_path: pathlib.Path) -> None:
    """Those of a group its members only, those of a module no other: Ansible finds them by the name of the action."""
    defaults = {
        f"group/{SHORT}ovhcloud": {"endpoint": "ovh-ca", "timeout": 5},
        f"group/{SHORT}vsphere": {"port": 444},
        f"{SHORT}account_info": {"timeout": 7},
        f"{SHORT}vcenter_info": {"request_timeout": 8},
    }
    names = ("account_info", "okms_info", "vcenter_info", "key_provider_info")
    tasks = [*(task(name) for name in names), task("account_info", endpoint="ovh-us")]
    seen = run(written(tmp_path, tasks, module_defaults=defaults), "-vvv")
    assert len(seen.ways()) == len(tasks) and set(seen.ways()) == {"in a fork of Ansible's worker"}, seen.screen
    given = [seen.of(name)["invocation"]["module_args"] for name in names]
    assert [options.get("endpoint") for options in given] == ["ovh-us", "ovh-ca", None, None]
    assert [options.get("timeout") for options in given[:2]] == [7, 5]
    assert [options.get("port") for options in given[2:]] == [444, 444]
    assert given[2]["request_timeout"] == 8 != given[3]["request_timeout"]
