# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outcomes of vm_encryption and vm_rekey, told to programs: a name and a reason, without ids of keys. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.redact import scrub

Outcome = t.Mapping[str, t.Any]


def blocked_vms(rows: t.Iterable[Outcome]) -> list[dict[str, str]]:
    """Those that are blocked, each with its obstacles."""
    return [_told(row, "; ".join(_obstacle(one) for one in row["obstacles"])) for row in _of(rows, "blocked")]


def failed_vms(rows: t.Iterable[Outcome]) -> list[dict[str, str]]:
    """Those that failed, each with its error."""
    return [_told(row, str(row["error"])) for row in _of(rows, "failed")]


def _of(rows: t.Iterable[Outcome], outcome: str) -> list[Outcome]:
    return [row for row in rows if row["outcome"] == outcome]


def _obstacle(one: Outcome) -> str:
    return f"{one['code']}: {one['reason']}. Next step: {one['next_step']}"


def _told(row: Outcome, text: str) -> dict[str, str]:
    states = [row.get("before") or {}, row.get("after") or {}]
    return {
        "name": str(row["name"]),
        "reason": scrub(text, [str(key) for one in states for key in one.get("key_ids") or []]),
    }
