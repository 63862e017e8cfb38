# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One difference: what was expected, what is there, how bad that is, and whether a run may repair it. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

CRITICAL, WARNING, NOTICE = "critical", "warning", "notice"
SEVERITIES = (CRITICAL, WARNING, NOTICE)
NEVER = "never"
KINDS = (
    "dns", "server_certificate", "kms_entry", "key_provider", "provider_server", "trust", "client_certificate",
    "default_provider", "encryption_right", "iam_policy", "storage_policy", "native_backup", "okms_credential", "order",
    "dossier", "not_read",
)  # fmt: skip
# whether a run with drift_check_fix repairs it: nothing vouches for it, it can, it did, it tried
NO, POSSIBLE, DONE, FAILED = "no", "possible", "done", "failed"

Facts = t.Mapping[str, t.Any]
Records = t.Sequence[Facts]
State = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Fix:
    """What repairs a difference: the arguments of a module, one call for everything that has the same `target`."""

    kind: str  # "entries" (private_cloud_kms) or "servers" (standard_key_provider)
    target: str
    arguments: Facts


@dataclasses.dataclass(frozen=True)
class Finding:
    """One row of the table."""

    severity: str
    kind: str
    subject: str
    expected: str
    found: str
    next_step: str
    fix: Fix | None = None

    def shown(self, state: str) -> dict[str, str]:
        """For the JSON file."""
        parts = ("severity", "kind", "subject", "expected", "found", "next_step")
        return {**{name: getattr(self, name) for name in parts}, "fix": state}


Findings = t.Iterator[Finding]


def succeeded(result: Facts | None, key: str) -> bool:
    """Whether a registered task ran and gave its result; one that may fail is registered without `failed`."""
    return bool(result and key in result and not result.get("failed") and not result.get("failure"))


def host_of(text: t.Any) -> str:
    """A host name as it is compared."""
    return str(text or "").strip().lower().rstrip(".")


def texts(value: t.Any) -> list[str]:
    """A list of texts, which people may give as one text."""
    if isinstance(value, (list, tuple)):
        return [str(one) for one in value if one]
    return [str(value)] if value else []


def words(items: t.Iterable[t.Any]) -> str:
    """Items on one line."""
    return ", ".join(sorted(str(one) for one in items)) or "none"
