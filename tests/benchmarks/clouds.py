# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Part 10: the preflight over private clouds: in one play with forks, and as AWX slices them, each slice a job."""

from __future__ import annotations

import json
import pathlib
import typing as t

import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.inventory import inventory_helpers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import open_up
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

from . import ansible_runs
from .figures import Figures, heading, table

SIZES = (1, 2, 5, 10)
SLICES = 5  # jobs, one after the other, so that their requests can be told apart
PLAYBOOK = "ovhcloud.vmware_encryption.preflight"
HEAD = ("way", "clouds", "seconds", "CPU s", "requests", "per cloud", "vCenter", "OVHcloud", "logins")


def with_clouds(lab: Lab, count: int) -> list[str]:
    """So many private clouds, all with the one vCenter of the lab; their names."""
    place = f"https://{lab.vcenter_hostname}:{lab.vcenter_port}/"
    for number in range(1, count):
        lab.ovhcloud.add_private_cloud(f"pcc-198-51-100-{number}", place)
    return sorted(lab.ovhcloud.state.pccs)


def run(figures: Figures, directory: pathlib.Path) -> None:
    """Measure and tell."""
    heading(
        f"10. The preflight over up to {max(SIZES)} private clouds, by ansible-playbook on this machine",
        "One play with as many forks as clouds, over the inventory plugin private_clouds; and as AWX slices it: the",
        f"inventory is read once, and {SLICES} jobs have a part of its hosts each. All share the lab's one vCenter.",
    )
    folder = directory / "clouds"
    folder.mkdir()
    rows: list[list[t.Any]] = []
    costs: dict[int, ansible_runs.Run] = {}
    for size in SIZES:
        with Lab() as lab:
            with_clouds(open_up(lab), size)
            source = inventory_helpers.source(folder, inventory_helpers.CLOUDS)
            words = ("-i", str(source), "--forks", str(size))
            costs[size] = ansible_runs.play(PLAYBOOK, folder, *words, lab=lab, variables=_variables())
            rows.append(_row("one play", size, costs[size]))
            if size == max(SIZES):
                sliced = _sliced(lab, folder)
                rows.append(_row(f"{SLICES} slices", size, *sliced))
                figures.keep("clouds", slices=[one.figures() for one in sliced])
    table(HEAD, rows)
    figures.keep("clouds", one_play={str(size): one.figures() for size, one in costs.items()})
    _expect(figures, costs)


def _expect(figures: Figures, costs: dict[int, ansible_runs.Run]) -> None:
    """For each cloud, at many against one."""
    least, most = min(costs), max(costs)
    kinds: dict[str, t.Callable[[ansible_runs.Run], float]] = {
        "requests": lambda one: one.total,
        "seconds": lambda one: one.seconds,
        "CPU seconds": lambda one: one.cpu,
    }
    for name, of in kinds.items():
        ratio = (of(costs[most]) / most) / (of(costs[least]) / least)
        figures.expect(f"preflight: {name} for each cloud, {most} against {least} (1: linear)", ratio, 1)


def _variables() -> dict[str, t.Any]:
    return {"preflight_hosts": "all", "preflight_fail_on_blocking": False}


def _sliced(lab: Lab, folder: pathlib.Path) -> list[ansible_runs.Run]:
    """Jobs of AWX: it reads the inventory once and gives each job the hosts of its slice."""
    file = inventory_helpers.source(folder, inventory_helpers.CLOUDS)
    hosts = inventory_helpers.inventory(lab, file).hosts
    names = sorted(hosts)
    jobs = []
    for number in range(SLICES):
        job = folder / f"slice-{number}"
        job.mkdir()
        own = {name: hosts[name] for name in names[number::SLICES]}
        (job / "hosts.yml").write_text(
            yaml.safe_dump(json.loads(json.dumps({"all": {"hosts": own}}))), encoding="utf-8"
        )
        jobs.append(job)

    runs = [(job, ("-i", str(job / "hosts.yml"))) for job in jobs]
    return [ansible_runs.play(PLAYBOOK, job, *words, lab=lab, variables=_variables()) for job, words in runs]


def _row(way: str, clouds: int, *runs: ansible_runs.Run) -> list[t.Any]:
    seconds, cpu = sum(one.seconds for one in runs), sum(one.cpu for one in runs)
    total, vcenter = sum(one.total for one in runs), sum(one.vcenter for one in runs)
    ovhcloud = sum(one.requests.get("ovhcloud", 0) for one in runs)
    return [way, clouds, seconds, cpu, total, total / clouds, vcenter, ovhcloud, sum(one.logins for one in runs)]
