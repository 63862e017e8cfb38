# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The short table at the end: what a task and a second run cost, beside their limits."""

from __future__ import annotations

import typing as t

import yaml

from .figures import Figures, heading, table
from .roles import BUDGETS
from .startup import COLLECTION, FIRST_LIMIT, LIMIT, PING

# what these words of the command stand for
GROUPS = {"targets": ("startup", "noops", "roles")}
VSPHERE = ("vm_encryption_info", "vm_encryption", "key_provider_info")
HEAD = ("figure", "found", "at most")


def tell(figures: Figures) -> None:
    """The rows that were measured in this run."""
    rows = [*_startup(figures.data.get("startup")), *_no_ops(figures.data.get("noops")), *_okms(figures.data)]
    if rows:
        heading("What a task and a second run cost")
        table(HEAD, rows)


def _startup(found: t.Any) -> t.Iterator[list[t.Any]]:
    if not found:
        return
    for title, key, limit in (
        ("start-up of a vSphere module, local, times ping", "seconds", LIMIT),
        ("the same, first task of that module in a play", "seconds_first_use", FIRST_LIMIT),
    ):
        seconds = found[key]
        yield [title, max(seconds[f"{COLLECTION}.{name}"] for name in VSPHERE) / seconds[PING], limit]


def _no_ops(found: t.Any) -> t.Iterator[list[t.Any]]:
    if found:
        yield ["no-op of a vSphere module with its requests, median, times ping", found["median_vsphere"], LIMIT]


def _okms(data: dict[str, t.Any]) -> t.Iterator[list[t.Any]]:
    found = data.get("roles", {}).get("okms")
    if not found:
        return
    budget = yaml.safe_load(BUDGETS.read_text(encoding="utf-8"))["okms"]
    requests = found["requests"]
    vcenter = requests.get("vcenter", 0) + requests.get("vcenter_rest", 0)
    yield ["second run of role okms, CPU times that with modules as programs", found["cpu_ratio"]["programs"], ""]
    yield ["second run of role okms, CPU times as many pings", found["cpu_ratio"]["pings"], ""]
    yield ["logins at vCenter in it", found["logins"], 1]
    yield ["requests to vCenter in it", vcenter, budget["vcenter"]]
    yield ["requests to OVHcloud in it", requests.get("ovhcloud", 0), budget["ovhcloud"]]
    yield ["tasks in it", found["tasks"], budget["tasks"]]
