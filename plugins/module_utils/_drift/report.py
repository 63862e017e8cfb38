# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All differences as one report: for the screen, for programs, for monitoring, and for the steps that repair. Pure."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit import expiry
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.reports import (
    dated_report,
    earlier_report,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift import (
    backups,
    providers,
    records,
    rights,
    servers,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.finding import (
    DONE,
    FAILED,
    KINDS,
    NEVER,
    NO,
    POSSIBLE,
    SEVERITIES,
    Facts,
    Finding,
    Findings,
    State,
    succeeded,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._metrics.encryption import metrics

FORMAT, SCHEMA = "ovhcloud.vmware_encryption.drift", 1
# first the way to the server, then trust in it; and what the module returns
_RESULT = {"entries": "kms_entries", "servers": "key_provider"}
FIXES = tuple(_RESULT)
CHECKS: tuple[t.Callable[[Facts], Findings], ...] = (
    servers.certificates,
    servers.entries,
    providers.presence,
    providers.servers,
    providers.trust,
    providers.identities,
    providers.defaults,
    rights.users,
    rights.policies,
    rights.storage_policies,
    backups.backups,
    records.credentials,
    records.orders,
    records.dossier,
    records.unread,
)


def report(facts: Facts, now: datetime.datetime, previous: str = "", before: str = "") -> State:
    """Everything that the role does with what was read.

    After repairs, the facts are those that were read again, `before` is the text of the report from before, and
    `fixes` in the facts are the results of the repairs: what is no longer found counts as repaired.
    """
    found = [one for check in CHECKS for one in check({**facts, "now": now})]
    tried = {_place(row): row for row in earlier_report(before, FORMAT).get("findings") or [] if row["fix"] == POSSIBLE}
    rows = [one.shown(_state(one, tried)) for one in found]
    rows.sort(key=lambda row: (SEVERITIES.index(row["severity"]), KINDS.index(row["kind"]), row["subject"]))
    fixed = [row for place, row in tried.items() if place not in map(_place, rows)]
    counts = {severity: sum(row["severity"] == severity for row in rows) for severity in SEVERITIES}
    made = {"format": FORMAT, "schema": SCHEMA, "vcenter": facts["vcenter"], "counts": counts, "findings": rows}
    made.update(_numbers(facts, now))
    said = [f"not fixed: {text}" for text in _failures(facts.get("fixes") or {})]
    return {
        "text": dated_report(made, now, previous),
        "lines": [*map(_line, rows), *(_line({**row, "fix": DONE}) for row in fixed), *said],
        "counts": {**counts, "fixed": len(fixed)},
        "message": _message(counts, len(fixed)),
        "failing": _failing(rows, str(facts["settings"]["fail_at"])),
        "fixes": {kind: _calls(found, kind) for kind in FIXES},
        "metrics": metrics({"source": "drift_check", **made, "drift_findings": _by_kind(rows)}, now),
    }


def _calls(found: t.Iterable[Finding], kind: str) -> list[Facts]:
    """The calls that repair, each once, in the order of the table."""
    return list({one.fix.target: one.fix.arguments for one in found if one.fix and one.fix.kind == kind}.values())


def _place(row: Facts) -> tuple[str, str, str]:
    """What a row is about: the same difference has it before and after a repair."""
    return row["kind"], row["subject"], row["expected"]


def _state(one: Finding, tried: t.Container[tuple[str, str, str]]) -> str:
    if one.fix is None:
        return NO
    return FAILED if (one.kind, one.subject, one.expected) in tried else POSSIBLE


def _failures(results: Facts) -> list[str]:
    """What the repairs said that did not work."""
    done = [(kind, one) for kind in FIXES for one in results.get(kind) or [] if not one.get("skipped")]
    return [str(one.get("msg") or "failed") for kind, one in done if not succeeded(one, _RESULT[kind])]


def _numbers(facts: Facts, now: datetime.datetime) -> State:
    """What monitoring wants to know beside the differences."""
    limits = expiry.Thresholds(backup_max_age=int(facts["settings"]["backup_max_age"]))
    known = list((providers.there(facts) or {}).values())
    issued = [one for answer in facts.get("credentials") or [] for one in answer.get("credentials") or []]
    dossier = {"providers": {one["name"]: one for one in facts["expected"]["providers"]}}
    ends = expiry.certificates(known, issued, limits)
    return {
        "totals": (facts.get("machines") or {}).get("summary") or None,
        "key_providers": [{key: one.get(key) for key in ("name", "type", "status", "default")} for one in known],
        # without what changes each day
        "certificates": [{key: one[key] for key in ("kind", "name", "used_by", "not_after")} for one in ends],
        "backups": [
            {key: one[key] for key in ("provider", "has_backup", "created_at")}
            for one in expiry.backups(known, dossier, now, limits)
        ],
    }


def _by_kind(left: t.Sequence[Facts]) -> list[State]:
    return [
        {
            "kind": kind,
            "severity": severity,
            "count": sum((row["kind"], row["severity"]) == (kind, severity) for row in left),
        }
        for kind in KINDS
        for severity in SEVERITIES
    ]


def _line(row: Facts) -> str:
    state = {DONE: "fixed", FAILED: f"{row['severity']}, not fixed"}.get(row["fix"], row["severity"])
    text = f"{state:<8}  {row['kind']}: {row['subject']}: expected {row['expected']}, found {row['found']}"
    return text if row["fix"] == DONE else f"{text} -> {row['next_step']}"


def _message(counts: t.Mapping[str, int], fixed: int) -> str:
    named = [plural(counts["critical"], "critical difference"), plural(counts["warning"], "warning")]
    named.append(plural(counts["notice"], "notice"))
    left = ", ".join(named) if any(counts.values()) else "no differences"
    return f"{left}, {fixed} fixed" if fixed else left


def _failing(left: t.Sequence[Facts], threshold: str) -> list[State]:
    """The rows that make the job fail: of that severity, or of a worse one."""
    if threshold == NEVER:
        return []
    return [dict(row) for row in left if SEVERITIES.index(row["severity"]) <= SEVERITIES.index(threshold)]
