# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ansible-playbook of its own, and what it cost: seconds, CPU, tasks, memory, and requests by the lab's journal."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.demo.lab_process import LabProcess
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

HERE = pathlib.Path(__file__).resolve().parent
SETTING = "OVHCLOUD_VMWARE_ENCRYPTION_IN_PROCESS"
PROGRAMS = {SETTING: "false"}  # modules start as programs, as those of everybody else
VCENTER = ("vcenter", "vcenter_rest")


@dataclasses.dataclass(frozen=True)
class Run:
    """What one run cost; `requests` by system of the lab, `logins` those at vCenter's SOAP service."""

    seconds: float
    cpu: float
    tasks: list[dict[str, t.Any]]
    started: int
    peak: int
    largest_child: int
    requests: dict[str, int]
    logins: int
    screen: str = dataclasses.field(repr=False)

    @property
    def vcenter(self) -> int:
        """Requests to vCenter, SOAP and REST."""
        return sum(self.requests.get(name, 0) for name in VCENTER)

    @property
    def total(self) -> int:
        """All requests."""
        return sum(self.requests.values())

    def figures(self) -> dict[str, t.Any]:
        """For the file of results."""
        kept = {"seconds": round(self.seconds, 2), "cpu_seconds": round(self.cpu, 2), "tasks": self.started}
        return {**kept, "requests": self.requests, "logins": self.logins}


class Journal:
    """The journal of a lab in this process, or of one that is a process of its own."""

    def __init__(self, lab: Lab | LabProcess) -> None:
        self._lab = lab

    @property
    def environment(self) -> dict[str, str]:
        """The connection."""
        return self._lab.environment() if isinstance(self._lab, Lab) else self._lab.environment

    def mark(self) -> int:
        """Where it is now."""
        return self._lab.journal.mark() if isinstance(self._lab, Lab) else int(self._lab.ask("/mark")["mark"])

    def since(self, mark: int) -> list[tuple[str, str]]:
        """System and operation of each request."""
        if isinstance(self._lab, Lab):
            return [(entry.system, entry.operation) for entry in self._lab.journal.entries(since=mark)]
        return [(one["system"], one["operation"]) for one in self._lab.ask(f"/journal?since={mark}")["entries"]]


def _cpu() -> float:
    """CPU seconds of the processes that were waited for, and of those that they have waited for."""
    times = os.times()
    return times.children_user + times.children_system


def play(
    playbook: pathlib.Path | str,
    folder: pathlib.Path,
    *words: str,
    lab: Lab | LabProcess | None = None,
    environment: t.Mapping[str, str] | None = None,
    python: pathlib.Path | str = sys.executable,
    variables: t.Mapping[str, t.Any] | None = None,
) -> Run:
    """Run it to a good end; `python` is that of the environment whose Ansible is used."""
    figures, journal = folder / "figures.json", Journal(lab) if lab else None
    figures.unlink(missing_ok=True)
    command = [str(pathlib.Path(python).parent / "ansible-playbook"), str(playbook), *words]
    if variables:
        (folder / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
        command += ["-e", f"@{folder / 'variables.json'}"]
    settings = {
        **harness.ansible_environment(folder),
        **(journal.environment if journal else {}),
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "task_seconds",
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
        "BENCH_TASK_SECONDS": str(figures),
        **(environment or {}),
    }
    mark = journal.mark() if journal else 0
    before, began = _cpu(), time.monotonic()
    done = subprocess.run(
        command,
        env=settings,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds, cpu = time.monotonic() - began, _cpu() - before
    if done.returncode or not figures.exists():
        raise RuntimeError(f"{playbook} failed:\n{done.stdout[-3000:]}")
    found = json.loads(figures.read_text(encoding="utf-8"))
    seen = journal.since(mark) if journal else []
    return Run(
        seconds=seconds,
        cpu=cpu,
        tasks=found["tasks"],
        started=len(re.findall(r"^TASK \[", done.stdout, re.MULTILINE)),
        peak=found["peak"],
        largest_child=found["largest_child"],
        requests=dict(collections.Counter(system for system, _operation in seen)),
        logins=seen.count(("vcenter", "Login")),
        screen=done.stdout,
    )
