# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Part 8: side by side with vmware.vmware and community.vmware, on the same lab and the same Ansible, in one run."""

from __future__ import annotations

import dataclasses
import pathlib
import statistics
import subprocess
import typing as t

import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.demo.lab_process import LabProcess
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.tools import foreign, process, venvs

from . import ansible_runs
from .figures import Figures, heading, table
from .large_lab import NATIVE, STANDARD
from .measure import Bench
from .startup import PING, WARM_UP

VMS, RUNS, ROUNDS = 500, 2, 3
OURS, VENDOR, COMMUNITY = "ovhcloud.vmware_encryption", "vmware.vmware", "community.vmware"
NO_OP_HEAD = ("module", "seconds", "x ping", "requests", "logins")
STATE_HEAD = ("way", "seconds", "x", "requests", "x", "logins")
CLOSER = 1.0  # at most as long as the fastest of the others
FEWER = 0.05  # of the requests of the others


@dataclasses.dataclass(frozen=True)
class Way:
    """One module that has nothing to do, or reads; `once`: that its login and requests are of one task."""

    title: str
    module: str
    options: dict[str, t.Any]
    environment: dict[str, str] = dataclasses.field(default_factory=dict)


def run(figures: Figures, directory: pathlib.Path) -> None:
    """Measure and tell, or say why not."""
    heading(
        f"8. Beside {VENDOR} and {COMMUNITY} of the package {foreign.WITH_VMWARE}, by ansible-playbook on this machine",
        f"{RUNS} runs of {ROUNDS} rounds, ping before each module; medians. Requests: of one task, by the journal.",
        "Ours in forks of Ansible's workers and, as the others run, as programs; all verify vCenter's certificate.",
    )
    try:
        python, collections = venvs.PEERS.ensure().python, foreign.vmware()
    except (process.ProgramError, venvs.InterpreterError, subprocess.CalledProcessError, OSError) as reason:
        print(f"  NOT RUN: {reason}")
        return
    folder = directory / "peers"
    folder.mkdir()
    with Bench(directory, VMS, encrypted=True) as bench:
        site = Site(bench.lab, folder, python, collections, bench.connection)
        _no_ops(figures, site)
        _state(figures, site)


class Site:
    """The lab, and how to run a play with all collections against it."""

    def __init__(
        self,
        lab: LabProcess,
        folder: pathlib.Path,
        python: pathlib.Path,
        collections: pathlib.Path,
        connection: dict[str, t.Any],
    ) -> None:
        self.lab, self._folder, self._python, self._connection = lab, folder, python, connection
        self._path = f"{harness.collections_path()}:{collections}"

    def task(self, way: Way) -> dict[str, t.Any]:
        """The module with its connection."""
        connection, environment = dict(self._connection), way.environment
        if not way.module.startswith(OURS):  # without an option for the authority; OpenSSL and requests have variables
            authority = connection.pop("ca_path")
            environment = {"SSL_CERT_FILE": authority, "REQUESTS_CA_BUNDLE": authority, **environment}
        return {"name": way.title, way.module: {**connection, **way.options}, "environment": environment}

    def run(self, tasks: t.Sequence[dict[str, t.Any]], environment: t.Mapping[str, str]) -> ansible_runs.Run:
        """A play of these tasks on this computer."""
        python = {"ansible_python_interpreter": str(self._python)}
        play = {"hosts": "localhost", "gather_facts": False, "vars": python, "tasks": list(tasks)}
        file = self._folder / "peers.yml"
        file.write_text(yaml.safe_dump([play]), encoding="utf-8")
        settings = {"ANSIBLE_COLLECTIONS_PATH": self._path, "ANSIBLE_DEPRECATION_WARNINGS": "false", **environment}
        return ansible_runs.play(file, self._folder, lab=self.lab, python=self._python, environment=settings)


def _no_op_ways() -> list[Way]:
    tpm = {"tpm_required": False}  # as it was created
    return [
        Way("info, ours", f"{OURS}.key_provider_info", {"check_status": False}),
        Way(f"info, {VENDOR}", f"{VENDOR}.key_provider_info", {}),
        Way("standard provider, ours", f"{OURS}.standard_key_provider", {"name": STANDARD, "wait": False}),
        Way(f"standard provider, {VENDOR}", f"{VENDOR}.key_provider_standard", {"name": STANDARD, "kms_servers": []}),
        Way(f"standard provider, {COMMUNITY}", f"{COMMUNITY}.vcenter_standard_key_provider", {"name": STANDARD}),
        Way("native provider, ours", f"{OURS}.native_key_provider", {"name": NATIVE, "check_hosts": False, **tpm}),
        Way(f"native provider, {VENDOR}", f"{VENDOR}.key_provider_native", {"name": NATIVE, **tpm}),
    ]


def _no_ops(figures: Figures, site: Site) -> None:
    ways = _no_op_ways()
    tasks: list[dict[str, t.Any]] = [{WARM_UP: {"path": "/"}}]
    for _number in range(ROUNDS):
        for way in ways:
            tasks += [{"name": "ping", PING: {}}, site.task(way)]
    settings: dict[str, dict[str, str]] = {"fork": {}, "program": ansible_runs.PROGRAMS}
    rows: dict[str, list[dict[str, t.Any]]] = {way: [] for way in settings}
    for _number in range(RUNS):
        for name, environment in settings.items():
            found = site.run(tasks, environment).tasks[1:]
            rows[name] += found[len(found) // ROUNDS :]
    seconds = {name: _medians(found) for name, found in rows.items()}
    changed = {row["name"] for found in rows.values() for row in found if row["changed"]}
    shown: list[list[t.Any]] = []
    for way in ways:
        ours = way.module.startswith(OURS)
        alone = site.run([site.task(way)], {})
        for name in settings if ours else ("program",):
            title = f"{way.title} ({name})" if ours else way.title
            title += " - says changed" if way.title in changed else ""
            cells = [seconds[name][way.title], seconds[name][way.title] / seconds[name]["ping"]]
            shown.append([title, *cells, sum(alone.requests.values()), alone.logins])
    table(NO_OP_HEAD, shown)
    figures.keep("peers", no_ops={row[0]: dict(zip(NO_OP_HEAD[1:], row[1:])) for row in shown})
    for kind in ("info", "standard provider", "native provider"):
        others = min(row[2] for row in shown if row[0].startswith(kind) and ", ours" not in row[0])
        own = next(row[2] for row in shown if row[0] == f"{kind}, ours (fork)")
        figures.expect(f"no-op, {kind}: seconds, times those of the fastest other", own / others, CLOSER)


def _medians(rows: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, float]:
    names = dict.fromkeys(row["name"] for row in rows)
    return {name: statistics.median(row["seconds"] for row in rows if row["name"] == name) for name in names}


def _state(figures: Figures, site: Site) -> None:
    print(f"\n  The state of {VMS} VMs: ours with keys, providers and policies; the others' general facts of VMs")
    ways = [
        Way("vm_encryption_info (fork)", f"{OURS}.vm_encryption_info", {}),
        Way("vm_encryption_info (program)", f"{OURS}.vm_encryption_info", {}, ansible_runs.PROGRAMS),
        Way(f"{COMMUNITY}.vmware_vm_info", f"{COMMUNITY}.vmware_vm_info", {"vm_type": "vm"}),
        Way(f"{VENDOR}.vm_info", f"{VENDOR}.vm_info", {}),
    ]
    found = {}
    for way in ways:
        done = site.run(
            [{WARM_UP: {"path": "/"}}, site.task(dataclasses.replace(way, environment={}))], way.environment
        )
        found[way.title] = (done.tasks[-1]["seconds"], sum(done.requests.values()), done.logins)
    seconds, requests, _logins = found[ways[0].title]
    rows = [[name, one[0], one[0] / seconds, one[1], one[1] / requests, one[2]] for name, one in found.items()]
    table(STATE_HEAD, rows)
    figures.keep(
        "peers", state={name: dict(zip(("seconds", "requests", "logins"), one)) for name, one in found.items()}
    )
    others = min(one[1] for name, one in found.items() if not name.startswith("vm_encryption_info"))
    figures.expect(f"state of {VMS} VMs: requests, of those of the others", requests / others, FEWER)
