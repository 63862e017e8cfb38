# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Since when audits have seen each key: vCenter does not tell when a key was made, earlier reports do."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.counts import Facts, Machines, Records
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result

Key = tuple[str, str]  # provider, key id


@dataclasses.dataclass(frozen=True)
class KeyAge:
    """A key in use, and the day of the first report that has it."""

    provider: str
    key_id: str
    first_seen: str


@dataclasses.dataclass(frozen=True)
class ProviderAges:
    """The keys in use of a provider: how many, and since when the oldest and the newest."""

    provider: str
    key_count: int
    oldest: str
    newest: str


def in_use(machines: Machines, hosts: t.Optional[Records], vsan: t.Optional[Records]) -> set[Key]:
    """Keys of homes, disks, hosts and vSAN clusters."""
    parts: list[t.Any] = [part for one in machines for part in (one.get("home"), *(one.get("disks") or []))]
    parts += [*(hosts or []), *(vsan or [])]
    return {
        (str(part["provider"]), str(part["key_id"]))
        for part in parts
        if isinstance(part, dict) and part.get("provider") and part.get("key_id")
    }


def key_ages(keys: t.Collection[Key], earlier: t.Sequence[Facts], today: str) -> list[Facts]:
    """Each key with the day of the first report that has it; today for those that are new."""
    seen: dict[Key, str] = {}
    for report in earlier:
        for key, day in _seen_by(report).items():
            seen[key] = min(day, seen.get(key, day))
    return [
        as_result(KeyAge(provider, key_id, first_seen=min(seen.get((provider, key_id), today), today)))
        for provider, key_id in sorted(keys)
    ]


def first_audit(earlier: t.Sequence[Facts], today: str) -> str:
    """The day of the first report that keys were looked for in."""
    days = [str(one["generated_at"])[:10] for one in earlier]
    days += [str(row["first_seen"]) for one in earlier for row in one.get("key_ages") or []]
    return min([*days, today])


def _seen_by(report: Facts) -> dict[Key, str]:
    """What one report knows: its own list, or, as in those of an older release, the keys of that day."""
    day = str(report["generated_at"])[:10]
    found = dict.fromkeys(
        in_use(report.get("virtual_machines") or [], report.get("hosts"), report.get("vsan_clusters")), day
    )
    for row in report.get("key_ages") or []:
        found[(str(row["provider"]), str(row["key_id"]))] = str(row["first_seen"])
    return found


def ages_by_provider(ages: t.Sequence[Facts]) -> list[Facts]:
    """For each provider: how many keys, and the days on which the oldest and the newest were first seen."""
    found: dict[str, list[str]] = {}
    for row in ages:
        found.setdefault(row["provider"], []).append(row["first_seen"])
    return [
        as_result(ProviderAges(provider, key_count=len(days), oldest=min(days), newest=max(days)))
        for provider, days in sorted(found.items())
    ]
