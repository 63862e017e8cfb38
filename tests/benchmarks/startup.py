# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Part 4: what it costs to start a module, against `ansible.builtin.ping`, as ansible-playbook sees it."""

from __future__ import annotations

import pathlib
import statistics
import typing as t

import yaml

from . import ansible_runs
from .figures import Figures, heading, table

COLLECTION = "ovhcloud.vmware_encryption"
PING = "ansible.builtin.ping"
WARM_UP = "ansible.builtin.stat"  # so that the first ping does not pay for the first task of a run
RUNS, ROUNDS = 5, 3
LIMIT, FIRST_LIMIT = 0.3, 1.2  # they run in forks of Ansible's workers
# modules without connection options: they import everything, read their options, and fail before the first request
MODULES: dict[str, dict[str, t.Any]] = {
    "vm_encryption_info": {},
    "vm_encryption": {"selection": {"all": True}},
    "key_provider_info": {},
    "okms_info": {},
}
EXPECTED = ("missing connection options", "no OVHcloud credentials")
HEAD = ("module", "seconds", "x ping", "first use, s", "x ping")


def run(figures: Figures, directory: pathlib.Path) -> None:
    """Measure and tell."""
    heading(
        "4. Start-up of modules, from the end of the task before to the result, by ansible-playbook on this machine",
        f"{RUNS} runs of {ROUNDS} rounds, ping before each module; medians. The modules get no connection options:",
        "they run in forks of Ansible's workers, check their options, and fail before any request.",
        "At its first use in a run Ansible imports what a module needs (pyVmomi too), and packs ping.",
    )
    runs = [_playbook(directory) for _number in range(RUNS)]
    later = _medians([row for rows in runs for row in rows if row["round"] > 0])
    first = _medians([row for rows in runs for row in _first_uses(rows)])
    table(
        HEAD,
        [
            [name, later[name], later[name] / later[PING], first[name], first[name] / first[PING]]
            for name in (PING, *(f"{COLLECTION}.{name}" for name in MODULES))
        ],
    )
    figures.keep("startup", seconds=later, seconds_first_use=first, runs=runs)
    for name in MODULES:
        full = f"{COLLECTION}.{name}"
        figures.expect(f"start-up of {name}, times that of ping", later[full] / later[PING], LIMIT)
        figures.expect(f"start-up of {name} at its first use, times ping's", first[full] / first[PING], FIRST_LIMIT)


def _first_uses(rows: t.Sequence[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """The first task of each module: the one for which it was packed."""
    found: dict[str, dict[str, t.Any]] = {}
    for row in rows:
        found.setdefault(row["action"], row)
    return list(found.values())


def _medians(rows: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, float]:
    names = dict.fromkeys(row["action"] for row in rows)
    return {name: statistics.median(row["seconds"] for row in rows if row["action"] == name) for name in names}


def _playbook(directory: pathlib.Path) -> list[dict[str, t.Any]]:
    """One run: seconds of each task, in order."""
    tasks: list[dict[str, t.Any]] = [{WARM_UP: {"path": "/"}}]
    for _number in range(ROUNDS):
        for name, options in MODULES.items():
            tasks += [{PING: {}}, {f"{COLLECTION}.{name}": options, "failed_when": False}]
    file = directory / "startup.yml"
    file.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    rows = ansible_runs.play(file, directory).tasks[1:]
    size = len(rows) // ROUNDS
    for number, row in enumerate(rows):
        row["round"] = number // size
        if row["action"] != PING and not str(row.pop("message")).startswith(EXPECTED):
            raise RuntimeError(f"{row['action']} did not get to its connection options")
    return rows
