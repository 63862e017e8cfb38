# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report covers: each part with how much of it was read, or why it was not."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.counts import Facts
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result

READ, NOT_READ, NOT_ASKED = "read", "not read", "not asked for"
# the name of each part, and the key of its facts
PARTS = (
    ("virtual machines", "virtual_machines"),
    ("key providers", "key_providers"),
    ("hosts", "hosts"),
    ("storage policies", "storage_policies"),
    ("encryption of vSAN", "vsan_clusters"),
    ("private cloud", "private_cloud"),
    ("OKMS credentials", "okms_credentials"),
    ("OKMS domain", "okms"),
    ("OKMS audit logs", "okms_logs"),
    ("credential of the OVHcloud API", "api_rights"),
    ("recovery dossier", "dossier"),
)
USERS = "users of keys that this vSphere user cannot see"


def users_not_read(facts: t.Mapping[str, t.Any]) -> t.Optional[str]:
    """Why nobody knows who else uses the keys of some provider, None if vCenter told it."""
    providers = [*facts["key_providers"], *(facts.get("missing_key_providers") or [])]
    reasons = [(one.get("users") or {}).get("not_read") for one in providers]
    return next((str(reason) for reason in reasons if reason), None)


@dataclasses.dataclass(frozen=True)
class PartOfScope:
    """A part of the facts, how many of it were read, and why it was not."""

    part: str
    standing: str
    number: t.Optional[int]
    reason: t.Optional[str] = None


def scope(facts: t.Mapping[str, t.Any]) -> list[Facts]:
    """One row for each part."""
    reasons = facts.get("not_read") or {}
    return [_row(part, facts.get(key), str(reasons.get(part) or "")) for part, key in PARTS]


def _row(part: str, found: t.Any, reason: str) -> Facts:
    count = len(found) if isinstance(found, list) else None
    if reason:
        return as_result(PartOfScope(part, NOT_READ, count, reason))
    return as_result(PartOfScope(part, NOT_ASKED if found is None or found == {} else READ, count))
