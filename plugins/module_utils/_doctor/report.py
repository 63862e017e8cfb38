# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All diagnoses as one report, worst first: for the screen, for programs, and for the end of the run. Pure."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import (
    CRITICAL,
    SEVERITIES,
    WARNING,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.reports import dated_report, shown_line
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._doctor.diagnosis import (
    NOT_READ,
    UNKNOWN,
    Diagnosis,
    Facts,
    records,
    safe,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._doctor.signs import PARTS, pasted

FORMAT, SCHEMA, NEVER = "ovhcloud.vmware_encryption.doctor", 1, "never"
_MOST_SIGNS = 5  # of one finding
_READERS = {
    "history": ("events, alarms and failed tasks", "events"),
    "machines": ("locked VMs", "virtual_machines"),
    "hosts": ("encryption mode of the hosts", "hosts"),
    "key_providers": ("key providers", "key_providers"),
    "cloud": ("tasks of the private cloud", "private_clouds"),
}


def diagnose(facts: Facts, now: datetime.datetime, previous: str = "") -> dict[str, t.Any]:
    """Everything that the role shows and writes; `previous`: the last report, whose time stays if it says the same."""
    text = str(facts.get("error") or "")
    found = list(pasted(text)) if text.strip() else [one for part in PARTS for one in part(facts)]
    rows = [] if text.strip() else _not_read(facts)
    rows = sorted([*_merged(found), *rows], key=lambda one: (SEVERITIES.index(one.severity), one.subject, one.reason))
    counts = {severity: sum(one.severity == severity for one in rows) for severity in SEVERITIES}
    made: dict[str, t.Any] = {
        "format": FORMAT,
        "schema": SCHEMA,
        "vcenter": facts.get("vcenter") or None,
        "counts": counts,
        "findings": [one.shown() for one in rows],
        "cut": [name for name, more in sorted(_cut(facts).items()) if more],
    }
    return {
        "text": dated_report(made, now, previous),
        "lines": [shown_line(line) for line in _lines(rows, _cut(facts))],
        "counts": counts,
        "message": _said_of_text(rows) if text.strip() else _message(counts),
        "failing": _failing(rows, str((facts.get("settings") or {}).get("fail_at") or NEVER)),
    }


def _merged(found: t.Sequence[Diagnosis]) -> list[Diagnosis]:
    """One for each cause and object, with all signs and the worst severity; a general one yields to a specific one."""
    kept: dict[tuple[str | None, str, str], list[Diagnosis]] = {}
    specific = {one.subject for one in found if one.cause and not one.general and one.severity == CRITICAL}
    for one in found:
        if one.general and one.subject in specific:
            continue
        kept.setdefault((one.cause, one.subject, "" if one.cause else one.signs[0]), []).append(one)
    return [_one(same) for same in kept.values()]


def _one(same: t.Sequence[Diagnosis]) -> Diagnosis:
    signs = list(dict.fromkeys(sign for one in same for sign in one.signs))
    more = len(signs) - _MOST_SIGNS
    told = [*signs[:_MOST_SIGNS], *([f"and {more} more"] if more > 0 else [])]
    worst = min(same, key=lambda one: SEVERITIES.index(one.severity))
    return dataclasses.replace(worst, signs=tuple(told))


def _not_read(facts: Facts) -> list[Diagnosis]:
    """Sources of the history that were refused, and parts that failed; those with the same message are one."""
    failed: dict[str, list[str]] = {}
    sources = [_of_source(row) for row in records(facts.get("history"), "not_read") or []]
    for part, (words, key) in _READERS.items():
        result = facts.get(part) or {}
        if part == "history" and sources:
            continue
        # a result that is there although the task failed, such as that of locked VMs, was read
        if result.get("msg") and key not in result and not result.get("skipped"):
            failed.setdefault(safe(result["msg"]), []).append(words)
    parts = [Diagnosis("not_read", WARNING, ", ".join(of), (said,), *NOT_READ, None) for said, of in failed.items()]
    return [*sources, *parts]


def _of_source(row: Facts) -> Diagnosis:
    """One of events, failed tasks and alarms that vCenter refused, beside others that were read."""
    step = safe(row["next_step"]) or NOT_READ.next_step
    return Diagnosis("not_read", WARNING, safe(row["what"]), (safe(row["reason"]),), NOT_READ.reason, step, None)


def _cut(facts: Facts) -> dict[str, bool]:
    return {str(name): bool(more) for name, more in ((facts.get("history") or {}).get("cut") or {}).items()}


def _lines(rows: t.Sequence[Diagnosis], cut: t.Mapping[str, bool]) -> list[str]:
    lines = [
        f"{one.severity:<8}  {one.subject}: {one.reason} ({'; '.join(one.signs)}) -> {one.next_step}" for one in rows
    ]
    older = [name.replace("_", " ") for name, more in sorted(cut.items()) if more]
    if older:
        lines.append(f"not all {' and '.join(older)} were read: raise doctor_limit, or lower doctor_days")
    return lines


def _said_of_text(rows: t.Sequence[Diagnosis]) -> str:
    known = sum(one.cause is not None for one in rows)
    return plural(known, "cause") if known else UNKNOWN.reason


def _message(counts: t.Mapping[str, int]) -> str:
    if not any(counts.values()):
        return "nothing found"
    parts = [plural(counts["critical"], "critical finding"), plural(counts["warning"], "warning")]
    return ", ".join([*parts, plural(counts["notice"], "notice")])


def _failing(rows: t.Sequence[Diagnosis], threshold: str) -> int:
    """How many make the job fail: those of that severity, or of a worse one."""
    if threshold == NEVER:
        return 0
    return sum(SEVERITIES.index(one.severity) <= SEVERITIES.index(threshold) for one in rows)
