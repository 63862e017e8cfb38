# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as CSV: one row for each VM and one for each of its disks, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.texts import clean
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import with_former_names

# `state` and `exception` are the former names of the last two, until 2.0.0
COLUMNS = (
    "record", "vm", "moid", "instance_uuid", "cluster", "host", "folder", "power_state", "state", "vtpm", "locked",
    "vmotion_encryption", "snapshots", "part", "controller", "file", "datastore", "capacity_bytes", "encrypted",
    "provider", "key_id", "policy", "exception", "reason", "next_step", "encryption_state", "category",
)  # fmt: skip
# a spreadsheet takes what starts like this for a formula, also in the full-width forms (OWASP, CSV Injection)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_MACHINE = ("moid", "instance_uuid", "cluster", "host", "folder", "power_state", "state", "vtpm", "locked",
            "vmotion_encryption", "snapshots", "encryption_state")  # fmt: skip
_PART = ("controller", "file", "datastore", "capacity_bytes", "encrypted", "provider", "key_id", "policy")


def cell(value: t.Any) -> str:
    """A value as text; what a spreadsheet would run gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    text = clean(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def table(report: t.Mapping[str, t.Any]) -> str:
    """The whole table with its head."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    told = {one["moid"]: one for one in report["exceptions"]}
    for machine in report["virtual_machines"]:
        for row in _rows(machine, told.get(machine.get("moid"))):
            writer.writerow({key: cell(value) for key, value in row.items()})
    return out.getvalue()


def _rows(machine: t.Mapping[str, t.Any], exception: t.Optional[t.Mapping[str, t.Any]]) -> t.Iterator[dict[str, t.Any]]:
    known = with_former_names(machine)
    shared = {"vm": machine.get("name"), **{key: known.get(key) for key in _MACHINE}}
    told = (
        {"exception": exception["kind"], **{key: exception[key] for key in ("reason", "next_step", "category")}}
        if exception
        else {}
    )
    home = machine.get("home") or {}
    yield {**shared, "record": "vm", "part": "home", **{key: home.get(key) for key in _PART}, **told}
    for disk in machine.get("disks") or []:
        yield {**shared, "record": "disk", "part": disk.get("label"), **{key: disk.get(key) for key in _PART}}
