# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Part 6: every module with nothing to do, against `ansible.builtin.ping`, in a fork of a worker and as a program."""

from __future__ import annotations

import pathlib
import statistics
import typing as t

import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

from . import ansible_runs, no_op_site
from .figures import Figures, heading, table
from .startup import PING, WARM_UP

RUNS, ROUNDS = 2, 2
COLLECTION = "ovhcloud.vmware_encryption"
WAYS: dict[str, dict[str, str]] = {"fork": {}, "program": ansible_runs.PROGRAMS}
LIMIT = 0.3  # times ping, over the requests that a no-op sends: the lab is on this computer
HEAD = ("module", "fork, s", "x ping", "program, s", "x ping", "requests")


def run(figures: Figures, directory: pathlib.Path) -> None:
    """Measure and tell."""
    heading(
        "6. Modules that find nothing to do, from the end of the task before to the result, by ansible-playbook",
        f"{RUNS} runs of {ROUNDS} rounds each way, in turns, ping before each module; medians without first rounds.",
        "The requests to the lab, and the lab's work on them, are part of it.",
    )
    folder = directory / "noops"
    folder.mkdir()
    with Lab() as lab:
        options = no_op_site.prepare(lab, folder)
        file, requests = _written(lab, folder, options), _requests(lab, options)
        runs: dict[str, list[dict[str, t.Any]]] = {way: [] for way in WAYS}
        for _number in range(RUNS):
            for way, environment in WAYS.items():
                runs[way] += _later(ansible_runs.play(file, folder, lab=lab, environment=environment))
    seconds = {way: _medians(rows) for way, rows in runs.items()}
    _tell(figures, seconds, requests)


def _written(lab: Lab, folder: pathlib.Path, options: t.Mapping[str, no_op_site.Options]) -> pathlib.Path:
    """A play: ping before each module, so many rounds, after one task that pays for the start of the run."""
    tasks: list[dict[str, t.Any]] = [{WARM_UP: {"path": "/"}}]
    for _number in range(ROUNDS):
        for name, given in sorted(options.items()):
            check = {"check_mode": True} if name in no_op_site.ACTIONS else {}
            tasks += [{PING: {}}, {f"{COLLECTION}.{name}": given, **check}]
    defaults = {
        f"group/{COLLECTION}.{group}": no_op_site.connection(lab, group) for group in ("ovhcloud", "vault", "vsphere")
    }
    python = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    play = {"hosts": "localhost", "gather_facts": False, "module_defaults": defaults, "vars": python, "tasks": tasks}
    file = folder / "noops.yml"
    file.write_text(yaml.safe_dump([play]), encoding="utf-8")
    return file


def _requests(lab: Lab, options: t.Mapping[str, no_op_site.Options]) -> dict[str, int]:
    """Requests of each, with its own login and logout; nothing may be left to do."""
    found = {}
    for name, given in options.items():
        group = next((group for group, modules in harness.GROUPS.items() if name in modules), "")
        mark = lab.journal.mark()
        done = harness.run_module(name, name in no_op_site.ACTIONS, **{**no_op_site.connection(lab, group), **given})
        if done.failed or (done.changed and name not in no_op_site.ACTIONS):
            raise RuntimeError(f"{name} has something to do: {done.output[-500:]}")
        found[name] = len(lab.journal.entries(since=mark))
    return found


def _later(run_: ansible_runs.Run) -> list[dict[str, t.Any]]:
    """Its tasks after the first round, in which modules are imported, or packed."""
    rows = run_.tasks[1:]
    return rows[len(rows) // ROUNDS :]


def _medians(rows: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, float]:
    names = dict.fromkeys(row["action"] for row in rows)
    return {name: statistics.median(row["seconds"] for row in rows if row["action"] == name) for name in names}


def _tell(figures: Figures, seconds: dict[str, dict[str, float]], requests: dict[str, int]) -> None:
    rows: list[list[t.Any]] = [["ansible.builtin.ping", seconds["fork"][PING], 1, seconds["program"][PING], 1, ""]]
    ratios: dict[str, dict[str, float]] = {}
    for name in sorted(requests):
        full = f"{COLLECTION}.{name}"
        ratios[name] = {way: found[full] / found[PING] for way, found in seconds.items()}
        cells = [cell for way in WAYS for cell in (seconds[way][full], ratios[name][way])]
        rows.append([name, *cells, requests[name]])
    table(HEAD, rows)
    vsphere = {name: ratios[name]["fork"] for name in harness.GROUPS["vsphere"] if name in ratios}
    for group, found in (("vsphere", vsphere), ("all", {name: one["fork"] for name, one in ratios.items()})):
        dearest = max(found, key=lambda name: found[name])
        print(
            f"  {group}: median {statistics.median(found.values()):.2f} x ping, most {found[dearest]:.2f} ({dearest})"
        )
    median = statistics.median(vsphere.values())
    figures.keep("noops", seconds=seconds, ratios=ratios, requests=requests, median_vsphere=median)
    figures.expect("no-op of a vSphere module, median of all, times ping", median, LIMIT)
