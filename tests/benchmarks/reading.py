# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Part 1: `vm_encryption_info` for a whole inventory, against reading it VM by VM."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import PATHS

from .figures import Figures, heading, table
from .measure import MIB, Bench, Cost
from .other_ways import ATTRIBUTES

SAMPLE = 200
LIMIT = 70  # requests for 5,000 VMs, login and logout included
HEAD = ("way", "seconds", "x", "requests", "x", "logins", "own CPU s", "lab CPU s", "peak MiB")


def scaled(cost: Cost, vms: int) -> tuple[float, float]:
    """Seconds and requests for all VMs: what the loop over the sample took in proportion, the rest once."""
    loop, factor = cost.output, vms / SAMPLE
    return (
        cost.seconds + loop["seconds"] * (factor - 1),
        cost.requests + loop["requests"] * (factor - 1),
    )


def run(figures: Figures, bench: Bench) -> Cost:
    """Measure and tell; returns the cost of the module."""
    heading(
        f"1. The state of {bench.vms:,} machines with two disks each",
        f"VM by VM was measured on {SAMPLE} machines and is extrapolated in proportion (marked ~).",
        "Seconds hold both sides: the module and the lab, which is Python too, share the processors of this machine.",
    )
    module = bench.module("vm_encryption_info")
    assert module.output["summary"]["virtual_machines"] == bench.vms
    common: dict[str, t.Any] = {"control_url": bench.lab.state["control_url"], "count": SAMPLE}
    attributes = bench.other_way("attributes", **common)
    one_read = bench.other_way("one_read_each", **common, paths=list(PATHS))
    rows: list[list[t.Any]] = [_row("vm_encryption_info", module, module.seconds, module.requests, module)]
    figures.keep("reading", virtual_machines=bench.vms, vm_encryption_info=module.figures())
    for name, title, cost in (
        ("attributes", f"VM by VM, {len(ATTRIBUTES)} attributes", attributes),
        ("one_read_each", "VM by VM, one RetrieveProperties", one_read),
    ):
        seconds, requests = scaled(cost, bench.vms)
        rows.append(_row(f"~ {title}", cost, seconds, requests, module))
        figures.keep(
            "reading",
            **{
                name: {
                    "sample": {"virtual_machines": SAMPLE, **cost.figures(), "loop": cost.output},
                    "extrapolated": {"seconds": round(seconds, 1), "requests": round(requests)},
                    "ratio_seconds": round(seconds / module.seconds, 1),
                    "ratio_requests": round(requests / module.requests, 1),
                }
            },
        )
    table(HEAD, rows)
    tell_requests(module)
    figures.expect(f"requests of vm_encryption_info for {bench.vms:,} machines", module.requests, LIMIT)
    figures.expect("logins", module.kinds["login"], 1, exact=True)
    figures.expect("writes", module.kinds["write"], 0, exact=True)
    return module


def _row(title: str, cost: Cost, seconds: float, requests: float, base: Cost) -> list[t.Any]:
    ratios = (seconds / base.seconds, requests / base.requests)
    whole = cost is base
    cpu: tuple[t.Any, t.Any, t.Any] = (cost.cpu, cost.lab_cpu, cost.memory / MIB) if whole else ("", "", "")
    return [title, seconds, ratios[0], round(requests), ratios[1], cost.kinds["login"], *cpu]


def tell_requests(cost: Cost) -> None:
    """Every kind of request with its number."""
    kinds = ", ".join(f"{number} {name}" for name, number in cost.kinds.items())
    print(f"  {cost.requests} requests: {kinds}")
    print("  " + ", ".join(f"{name} {number}" for name, number in cost.operations.items()))
    print(f"  memory: {cost.memory / MIB:.0f} MiB at most, {cost.ready / MIB:.0f} MiB of it before the first request\n")
