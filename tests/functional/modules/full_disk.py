# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module on a host whose disk is full: in a process that can write only small files."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.harness import ModuleResult

MOST = 100  # bytes of a file
_CHILD = """
import importlib, json, resource, sys
options = json.load(sys.stdin)
sys.path[:0] = options.pop("search")
harness = importlib.import_module("ansible_collections.ovhcloud.vmware_encryption.tests.functional.harness")
utils = "ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils."
for name in options.pop("without_room"):
    importlib.import_module(utils + name)._ROOM = 1
resource.setrlimit(resource.RLIMIT_FSIZE, (options.pop("most"), resource.RLIM_INFINITY))
print(json.dumps(harness.run_module(options.pop("module"), **options).data))
"""


def run_on_full_disk(module: str, without_room: t.Collection[str] = (), **options: t.Any) -> ModuleResult:
    """The result; `without_room` are modules that then take too little room, as if the disk became full later."""
    told = {"module": module, "most": MOST, "without_room": list(without_room), "search": sys.path, **options}
    child = subprocess.run(
        [sys.executable, "-B", "-c", _CHILD], input=json.dumps(told), capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr
    return ModuleResult(json.loads(child.stdout.splitlines()[-1]), child.stdout)
