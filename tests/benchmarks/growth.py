# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Part 3: how seconds, requests and memory grow with the inventory."""

from __future__ import annotations

import pathlib
import statistics
import typing as t

from .encrypting import PACE
from .figures import Figures, heading, table
from .large_lab import STANDARD
from .measure import MIB, Bench, Cost

SIZES = (500, 1000, 2500, 5000, 10000)
HEAD = ("machines", "seconds", "CPU s", "CPU ms per VM", "requests", "per 100 VMs", "peak MiB", "KiB per VM")


def run(figures: Figures, directory: pathlib.Path) -> None:
    """Measure and tell."""
    heading(
        "3. Growth with the inventory, all of it encrypted",
        "A fresh lab for each size. Second run: vm_encryption for all machines, with nothing to do. CPU time is that",
        "of the module and of the lab together: other than seconds, it does not depend on what else the machine does.",
    )
    info: dict[int, Cost] = {}
    second: dict[int, Cost] = {}
    for size in SIZES:
        with Bench(directory, size, encrypted=True) as bench:
            info[size] = bench.module("vm_encryption_info")
            assert info[size].output["summary"]["encrypted"] == size
            second[size] = bench.module("vm_encryption", selection={"all": True}, provider=STANDARD, **PACE)
            assert second[size].output["summary"]["already"] == size
    for title, key, costs in (
        ("vm_encryption_info", "info", info),
        ("vm_encryption, second run", "second_run", second),
    ):
        _tell(figures, title, key, costs)
    figures.expect(
        "second run: requests more than those of vm_encryption_info, at any size",
        max(second[size].requests - info[size].requests for size in SIZES),
        0,
    )


def _tell(figures: Figures, title: str, key: str, costs: t.Mapping[int, Cost]) -> None:
    print(f"\n  {title}")
    rows: list[list[t.Any]] = []
    for size, cost in costs.items():
        per_vm = (cost.memory - cost.ready) / 1024 / size
        work, requests = cost.cpu + cost.lab_cpu, 100 * cost.requests / size
        rows.append(
            [size, cost.seconds, work, 1000 * work / size, cost.requests, requests, cost.memory / MIB, per_vm],
        )
    table(HEAD, rows)
    least, most = min(costs), max(costs)
    total = {size: cost.cpu + cost.lab_cpu for size, cost in costs.items()}
    line = statistics.linear_regression(list(total), list(total.values()))
    fit = statistics.correlation(list(total), list(total.values())) ** 2
    ratios = {
        "CPU time": (total[most] / most) / (total[least] / least),
        "requests": (costs[most].requests / most) / (costs[least].requests / least),
        "memory": (costs[most].memory / most) / (costs[least].memory / least),
    }
    print(
        f"  CPU s = {line.intercept:.2f} + {1000 * line.slope:.2f} per 1,000 machines (R2 {fit:.4f}). For one machine, "
        f"at {most:,} against {least:,}: " + ", ".join(f"{name} x {ratio:.2f}" for name, ratio in ratios.items())
    )
    figures.keep(
        "growth",
        **{
            key: {
                "sizes": {str(size): cost.figures() for size, cost in costs.items()},
                "fit": {"intercept_s": line.intercept, "slope_s_per_vm": line.slope, "r2": fit},
                "per_vm_ratio_largest_to_smallest": {name: round(ratio, 3) for name, ratio in ratios.items()},
            }
        },
    )
    for name, ratio in ratios.items():
        figures.expect(f"{title}: {name} for one machine, {most:,} against {least:,} (1: linear)", ratio, 1)
