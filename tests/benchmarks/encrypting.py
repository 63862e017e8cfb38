# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Part 2: 500 VMs in one task, against one task for each; again; moved; and tasks that take their time."""

from __future__ import annotations

import typing as t

from .figures import Figures, heading, table
from .large_lab import NATIVE, PER_FOLDER, STANDARD
from .measure import MIB, Bench, Cost

PACE: dict[str, t.Any] = {"wait_interval": 0.1}
SAMPLE = 20  # VMs for the ways that take a task for each
OTHERS = 1.2  # other requests for each VM, GenerateKey included
POLLS = 4
HEAD = ("way", "seconds", "x", "requests", "x", "logins", "reconfigure", "others per VM", "peak MiB")
RECONFIGURE, WAIT, FILTER = "ReconfigVM_Task", "WaitForUpdatesEx", "CreateFilter"


class Encrypting:
    """The VMs of one folder for each way, so that all ways find VMs unencrypted."""

    def __init__(self, figures: Figures, bench: Bench) -> None:
        self._figures, self._bench = figures, bench
        self._rows: list[list[t.Any]] = []
        self._base: Cost | None = None

    def run(self) -> None:
        """Measure and tell."""
        heading(
            f"2. {PER_FOLDER} of {self._bench.vms:,} machines encrypted, in one task",
            f"One task for each machine was measured on {SAMPLE} machines, with this module and with a small pyVmomi",
            "script, and is extrapolated in proportion (marked ~).",
            "The lab's key servers make real keys over mutual TLS. Its tasks end at once, where nothing else is said.",
        )
        standard = self._one_task("vm_encryption, standard provider", "standard", 1, STANDARD)
        self._one_by_one_module()
        self._one_by_one_script()
        again = self._again(STANDARD)
        moved = self._one_task("moved to the native provider (shallow recrypt)", "move", 1, NATIVE)
        native = self._one_task("vm_encryption, native provider", "native", 2, NATIVE)
        slow = self._slow()
        table(HEAD, self._rows)
        followed = {name: slow.operations.get(name, 0) for name in (FILTER, WAIT)}
        print(
            f"  While tasks take {POLLS} looks: {followed[FILTER]} {FILTER} and {followed[WAIT]} {WAIT}, "
            f"{sum(followed.values()) / PER_FOLDER:.3f} for each machine.\n"
        )
        self._figures.keep("encrypting", following={"polls": POLLS, **followed})
        for title, cost in (("standard", standard), ("native", native), ("move", moved), ("slow tasks", slow)):
            self._figures.expect(
                f"{title}: {RECONFIGURE} for {PER_FOLDER} machines", cost.operations[RECONFIGURE], PER_FOLDER, True
            )
            self._figures.expect(f"{title}: other requests per machine", self._others(cost), OTHERS)
        info = self._bench.module("vm_encryption_info", selection=self._folder(1))
        self._figures.expect("second run: writes", again.kinds["write"], 0, exact=True)
        self._figures.expect("second run: requests, those of vm_encryption_info at most", again.requests, info.requests)

    @staticmethod
    def _folder(number: int) -> dict[str, t.Any]:
        return {"folders": [f"folder{number}"]}

    @staticmethod
    def _others(cost: Cost) -> float:
        return (cost.requests - cost.operations.get(RECONFIGURE, 0)) / PER_FOLDER

    def _one_task(self, title: str, key: str, folder: int, provider: str) -> Cost:
        cost = self._bench.module("vm_encryption", selection=self._folder(folder), provider=provider, **PACE)
        assert cost.output["summary"]["done"] == PER_FOLDER
        self._base = self._base or cost
        self._add(title, key, cost)
        return cost

    def _add(self, title: str, key: str, cost: Cost) -> None:
        base = self._base or cost
        row = [cost.seconds, cost.seconds / base.seconds, cost.requests, cost.requests / base.requests]
        reconfigured = cost.operations.get(RECONFIGURE, 0)
        self._rows.append(
            [title, *row, cost.kinds["login"], reconfigured, self._others(cost), cost.memory / MIB],
        )
        self._figures.keep("encrypting", **{key: {**cost.figures(), "others_per_machine": self._others(cost)}})

    def _again(self, provider: str) -> Cost:
        cost = self._bench.module("vm_encryption", selection=self._folder(1), provider=provider, **PACE)
        assert not cost.output["changed"]
        self._add("the same again: nothing to do", "second_run", cost)
        return cost

    def _slow(self) -> Cost:
        self._bench.lab.ask("/vcenter/settings", {"reconfigure_polls": POLLS})
        cost = self._one_task(f"standard provider, tasks of {POLLS} looks", "slow_tasks", 3, STANDARD)
        self._bench.lab.ask("/vcenter/settings", {"reconfigure_polls": 0})
        return cost

    # one task for each VM

    def _one_by_one_module(self) -> None:
        first = 3 * PER_FOLDER  # folder4
        ids = [f"vm-{first + number}" for number in range(1, SAMPLE + 1)]
        costs = [
            self._bench.module("vm_encryption", selection={"ids": [one]}, provider=STANDARD, **PACE) for one in ids
        ]
        assert all(cost.output["summary"]["done"] == 1 for cost in costs)
        self._one_by_one("~ this module, one task for each machine", "one_task_each", costs)

    def _one_by_one_script(self) -> None:
        first = 4 * PER_FOLDER  # folder5
        costs = [
            self._bench.other_way("encrypt_one", path=f"DC0/vm/folder5/vm{first + number}", provider=STANDARD)
            for number in range(1, SAMPLE + 1)
        ]
        assert all(cost.output["disks"] == 2 for cost in costs)
        self._one_by_one("~ a small script for each machine", "one_script_each", costs)

    def _one_by_one(self, title: str, key: str, costs: t.Sequence[Cost]) -> None:
        assert self._base is not None
        factor = PER_FOLDER / len(costs)
        seconds = factor * sum(cost.seconds for cost in costs)
        requests = round(factor * sum(cost.requests for cost in costs))
        logins = round(factor * sum(cost.kinds["login"] for cost in costs))
        writes = round(factor * sum(cost.operations.get(RECONFIGURE, 0) for cost in costs))
        ratios = seconds / self._base.seconds, requests / self._base.requests
        memory = max(cost.memory for cost in costs) / MIB
        others = (requests - writes) / PER_FOLDER
        self._rows.append([title, seconds, ratios[0], requests, ratios[1], logins, writes, others, memory])
        self._figures.keep(
            "encrypting",
            **{
                key: {
                    "sample": {"virtual_machines": len(costs), "runs": [cost.figures() for cost in costs]},
                    "extrapolated": {"seconds": round(seconds, 1), "requests": requests, "logins": logins},
                    "ratio_seconds": round(ratios[0], 2),
                    "ratio_requests": round(ratios[1], 2),
                }
            },
        )
