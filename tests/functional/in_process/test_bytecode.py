# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the collection are imported from bytecode in the process that runs a play."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils.bytecode import Finder, use_bytecode
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.in_process.both_ways import run, written

PLUGINS = "ansible_collections.ovhcloud.vmware_encryption.plugins"
# imports with Ansible's finder for collections in place, as in each of its programs
PROGRAM = """
import importlib, json, sys
try:
    from ansible.plugins.loader import init_plugin_loader
    init_plugin_loader()
except ImportError:
    from ansible.plugins import loader
for name in sys.argv[2:]:
    importlib.import_module(sys.argv[1] + "." + name)
found = importlib.import_module(sys.argv[1] + ".module_utils._core.texts")
package = importlib.import_module(sys.argv[1] + ".module_utils._core")
print(json.dumps([type(one.__loader__).__name__ for one in (found, package)]))
"""


def loaders(folder: pathlib.Path, *first: str) -> list[str]:
    """The loaders of a file and of its package, after the import of these."""
    command = [sys.executable, "-c", PROGRAM, PLUGINS, *first]
    environment = {**harness.ansible_environment(folder), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    environment.pop("PYTHONPATH", None)  # else Python finds them without Ansible
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=True)
    return [str(name) for name in json.loads(done.stdout)]


@pytest.mark.oldest("both ways", "bytecode")
def test_files_are_found_before_ansible_packages_after(tmp_path: pathlib.Path) -> None:
    """Ansible's loader compiles a file in each run, so it must not be the one that imports it."""
    (of_ansible,) = set(loaders(tmp_path))
    assert loaders(tmp_path, "plugin_utils.bytecode") == ["SourceFileLoader", of_ansible]
    again = loaders(tmp_path, "plugin_utils.bytecode", "plugin_utils._in_process.action", "action.okms")
    assert again == ["SourceFileLoader", of_ansible]


@pytest.mark.oldest("both ways", "bytecode of a run")
def test_run_leaves_bytecode_for_the_next(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    task = {"ovhcloud.vmware_encryption.account_info": {}, "ignore_errors": True}
    environment = {"PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode")}
    seen = run(written(tmp_path, [task]), environment=environment)
    assert seen.code == 0, seen.screen
    found = {path.name.partition(".")[0] for path in (tmp_path / "bytecode").rglob("*.pyc") if "plugins" in path.parts}
    assert {"account_info", "runner", "client", "redact"} <= found


def test_module_of_others_is_left_to_others() -> None:
    folder = os.path.dirname(__file__)
    assert Finder.find_spec("ansible_collections.other.collection.plugins.test_bytecode", [folder]) is None
    assert Finder.find_spec(f"{PLUGINS}.test_bytecode", [folder]) is not None
    assert Finder.find_spec(f"{PLUGINS}.in_process", [os.path.dirname(folder)]) is None  # a folder is a package
    assert Finder.find_spec(f"{PLUGINS}.test_bytecode", None) is None


def test_finder_stands_just_before_that_of_ansible(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first place belongs to whoever has taken it: ansible-test refuses plugins that change it."""
    of_ansible = type("_AnsibleCollectionFinder", (), {})()
    first, last = object(), object()
    monkeypatch.setattr(sys, "meta_path", [first, of_ansible, last])
    use_bytecode()
    use_bytecode()
    assert sys.meta_path == [first, Finder, of_ansible, last]
    monkeypatch.setattr(sys, "meta_path", [first, last])
    use_bytecode()
    assert sys.meta_path == [first, last]
