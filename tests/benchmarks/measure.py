# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one thing against a lab in another process and says what it cost: seconds, requests by kind, memory."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.demo.lab_process import LabProcess

PACKAGE = "ansible_collections.ovhcloud.vmware_encryption.tests.benchmarks"
MIB = 1024 * 1024
KINDS = ("read", "write", "login", "logout")


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one run cost. `cpu` is of its own process, `lab_cpu` of the lab's meanwhile.

    `memory` is the peak of its own process, `ready` what it had when everything was imported.
    """

    seconds: float
    cpu: float
    lab_cpu: float
    memory: int
    ready: int
    kinds: dict[str, int]
    operations: dict[str, int]
    output: t.Any = dataclasses.field(repr=False, default=None)

    @property
    def requests(self) -> int:
        """All requests to vCenter, login and logout included."""
        return sum(self.kinds.values())

    def figures(self) -> dict[str, t.Any]:
        """For the file of results."""
        return {
            "seconds": round(self.seconds, 2),
            "cpu_seconds": round(self.cpu, 2),
            "lab_cpu_seconds": round(self.lab_cpu, 2),
            "peak_memory_mib": round(self.memory / MIB, 1),
            "memory_at_start_mib": round(self.ready / MIB, 1),
            "requests": self.requests,
            "by_kind": self.kinds,
            "by_operation": self.operations,
        }


class RunError(Exception):
    """A run did not do what is measured."""


class Bench:
    """A lab with VMs, and a way to run things against it."""

    def __init__(self, directory: pathlib.Path, vms: int, encrypted: bool = False) -> None:
        self.vms = vms
        # parts of one run may have labs of one size
        self._directory = pathlib.Path(tempfile.mkdtemp(prefix=f"lab-{vms}-", dir=directory))
        words = ["--vms", str(vms), *(["--encrypted"] if encrypted else [])]
        self.lab = LabProcess(self._directory, f"{PACKAGE}.large_lab", words)

    def __enter__(self) -> Bench:
        self.lab.__enter__()
        return self

    def __exit__(self, *problem: object) -> None:
        self.lab.__exit__(*problem)

    @property
    def connection(self) -> dict[str, t.Any]:
        """Options of every module of the group vsphere."""
        vcenter = self.lab.state["vcenter"]
        names = ("hostname", "port", "username", "password")
        return {**{name: vcenter[name] for name in names}, "ca_path": self.lab.state["ca_path"]}

    def module(self, name: str, **options: t.Any) -> Cost:
        """Run a module, which must not fail."""
        cost = self._run("module", name, {**self.connection, **options})
        if cost.output.get("failed"):
            raise RunError(f"{name} failed: {cost.output.get('msg')}")
        return cost

    def other_way(self, name: str, **options: t.Any) -> Cost:
        """Run one of the other ways."""
        return self._run("other", name, {"where": self.connection, **options})

    def _run(self, kind: str, name: str, options: dict[str, t.Any]) -> Cost:
        request, figures, output = (self._directory / one for one in ("request.json", "figures.json", "output.json"))
        request.write_text(json.dumps({"kind": kind, "name": name, "options": options}), encoding="utf-8")
        figures.unlink(missing_ok=True)
        mark, lab_before = self.lab.ask("/mark")["mark"], self._lab_cpu()
        before, began = os.times(), time.monotonic()
        with output.open("wb") as stream:
            command = [sys.executable, "-m", f"{PACKAGE}.child", str(request), str(figures)]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.PIPE, check=False)
        seconds, after = time.monotonic() - began, os.times()
        lab_cpu = self._lab_cpu() - lab_before
        text = output.read_text(encoding="utf-8")
        if done.returncode or not figures.exists():
            raise RunError(f"{name} broke: {text[-500:]}{done.stderr.decode()[-2000:]}")
        seen = [one for one in self.lab.ask(f"/journal?since={mark}")["entries"] if one["system"] == "vcenter"]
        kinds = collections.Counter(one["kind"] for one in seen)
        memory = json.loads(figures.read_text(encoding="utf-8"))
        return Cost(
            seconds=seconds,
            cpu=after.children_user + after.children_system - before.children_user - before.children_system,
            lab_cpu=lab_cpu,
            memory=memory["peak"],
            ready=memory["ready"],
            kinds={kind: kinds[kind] for kind in KINDS},
            operations=dict(collections.Counter(one["operation"] for one in seen).most_common()),
            output=json.loads(text.strip().splitlines()[-1]),
        )

    def _lab_cpu(self) -> float:
        """CPU seconds of the lab up to now, where the system tells."""
        file = pathlib.Path(f"/proc/{self.lab.state['pid']}/stat")
        if not file.exists():
            return 0.0
        fields = file.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
