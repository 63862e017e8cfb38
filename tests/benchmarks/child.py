# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One module, or one of the other ways, in a process of its own: `python -m ...child REQUEST.json FIGURES.json`.

Its output goes where it always goes; the peak memory of this process goes to the file of figures.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import pathlib
import resource
import sys
import typing as t

COLLECTION = "ansible_collections.ovhcloud.vmware_encryption"


def peak() -> int:
    """Bytes. ru_maxrss still knows the process that this one was forked from, VmHWM does not."""
    status = pathlib.Path("/proc/self/status")
    lines = status.read_text(encoding="ascii", errors="replace").splitlines() if status.exists() else []
    marks = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return (marks or [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss])[0] * 1024


def run_module(name: str, options: dict[str, t.Any]) -> int:
    """As Ansible does: options as JSON in, a result as JSON out. Returns the memory that it took to be there."""
    from ansible.module_utils import basic

    loaded = importlib.import_module(f"{COLLECTION}.plugins.modules.{name}")
    ready = peak()
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    with contextlib.suppress(SystemExit):
        loaded.main()
    return ready


def run_other_way(name: str, options: dict[str, t.Any]) -> int:
    """A function of other_ways; what it returns is printed."""
    loaded = importlib.import_module(f"{COLLECTION}.tests.benchmarks.other_ways")
    ready = peak()
    print(json.dumps(getattr(loaded, name)(**options)))
    return ready


def main(request_file: str, figures_file: str) -> None:
    """Run what the request names."""
    request = json.loads(pathlib.Path(request_file).read_text(encoding="utf-8"))
    run = run_module if request["kind"] == "module" else run_other_way
    ready = run(request["name"], request["options"])
    figures = {"peak": peak(), "ready": ready}
    pathlib.Path(figures_file).write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
