# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows as vm_encryption and vm_rekey return them, for the tables of the filters."""

from __future__ import annotations

import typing as t

GIB = 1 << 30


def row(name: str, outcome: str = "planned", **more: t.Any) -> dict[str, t.Any]:
    """One VM; its id is made of its name."""
    power = {"before": {"power_state": "powered_off"}, "after": {"power_state": "powered_off"}}
    values: dict[str, t.Any] = {
        "action": "encrypt",
        "shutdown": False,
        "rewritten_bytes": GIB,
        "obstacles": [],
        "error": None,
        **power,
    }
    return {"name": name, "moid": f"id-{name}", "outcome": outcome, **values, **more}


def on(before: str = "powered_on", after: str = "powered_on") -> dict[str, t.Any]:
    """Power states before and after."""
    return {"before": {"power_state": before}, "after": {"power_state": after}}


def result(*rows: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    """A module's result."""
    return {"changed": True, "virtual_machines": list(rows), **more}
