# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and backups with the days that they have left."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.counts import Facts, Records
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result


@dataclasses.dataclass(frozen=True)
class Thresholds:
    """From how many days on something is told, and how old a backup and a key may be."""

    warn_days: int = 60
    critical_days: int = 30
    backup_max_age: int = 365
    key_max_age: int = 365

    def level(self, days: t.Optional[int]) -> str:
        """How urgent it is: expired, critical, warning, ok or unknown."""
        if days is None:
            return "unknown"
        if days < 0:
            return "expired"
        if days <= self.critical_days:
            return "critical"
        return "warning" if days <= self.warn_days else "ok"


@dataclasses.dataclass(frozen=True)
class Ending:
    """Something with an end: what it is for, when it ends, and how urgent that is. The last two are of credentials."""

    kind: str
    name: str
    used_by: list[str]
    subject: t.Optional[str]
    issuer: t.Optional[str]
    not_after: t.Optional[str]
    days_left: t.Optional[int]
    level: str
    from_csr: t.Optional[bool] = None
    status: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class BackupAge:
    """The backup of a native provider; days_left is until it is too old."""

    provider: str
    has_backup: t.Optional[bool]
    created_at: t.Optional[str]
    path: t.Optional[str]
    days_left: t.Optional[int]
    level: str


def certificates(
    providers: Records,
    credentials: t.Optional[Records],
    limits: Thresholds,
    rights: t.Optional[t.Mapping[str, t.Any]] = None,
) -> list[Facts]:
    """Certificates of vCenter and of the KMIP servers, and OKMS credentials; those in use and urgent first."""
    found = [_client(provider, limits) for provider in providers if provider.get("client_certificate")]
    for provider in providers:
        found += _servers(provider, limits)
    users = {
        str(provider["client_certificate"].get("public_key_sha256")): str(provider["name"])
        for provider in providers
        if provider.get("client_certificate")
    }
    found += [_credential(credential, users, limits) for credential in credentials or []]
    found += _api_credential((rights or {}).get("credential") or {}, limits)
    return sorted(found, key=_urgency)


def _urgency(entry: Facts) -> tuple[bool, bool, int, str, str]:
    days = entry["days_left"]
    return (not entry["used_by"], days is None, days or 0, entry["kind"], entry["name"])


def _client(provider: t.Mapping[str, t.Any], limits: Thresholds) -> Facts:
    certificate = provider["client_certificate"]
    name = f"vCenter at {provider['name']}"
    return _entry("vcenter_client", name, [str(provider["name"])], certificate, limits)


def _servers(provider: t.Mapping[str, t.Any], limits: Thresholds) -> list[Facts]:
    seen = [(one.get("name"), one.get("certificate")) for one in provider.get("connections") or []]
    return [
        _entry("kms_server", f"{name} of {provider['name']}", [str(provider["name"])], certificate, limits)
        for name, certificate in seen
        if certificate
    ]


def _credential(credential: t.Mapping[str, t.Any], users: t.Mapping[str, str], limits: Thresholds) -> Facts:
    user = users.get(str(credential.get("public_key_sha256")))
    certificate = {"not_after": credential.get("expires_at"), "days_left": credential.get("days_left")}
    entry = _entry("okms_credential", str(credential.get("name")), [user] if user else [], certificate, limits)
    entry.update(
        subject=f"OKMS domain {credential.get('okms_id')}",
        from_csr=credential.get("from_csr"),
        status=credential.get("status"),
    )
    return entry


def _api_credential(credential: t.Mapping[str, t.Any], limits: Thresholds) -> list[Facts]:
    """The consumer key of the audit itself; service accounts have no end, nor have some keys."""
    if not credential.get("expires"):
        return []
    ends = {"not_after": credential["expires"], "days_left": credential.get("days_left")}
    return [_entry("api_credential", "consumer key of the OVHcloud API", ["this automation"], ends, limits)]


def _entry(kind: str, name: str, users: list[str], certificate: t.Mapping[str, t.Any], limits: Thresholds) -> Facts:
    days = certificate.get("days_left")
    return as_result(
        Ending(
            kind=kind,
            name=name,
            used_by=users,
            subject=certificate.get("subject"),
            issuer=certificate.get("issuer"),
            not_after=certificate.get("not_after"),
            days_left=days,
            level=limits.level(days),
        )
    )


def backups(
    providers: Records, dossier: t.Optional[t.Mapping[str, t.Any]], now: datetime.datetime, limits: Thresholds
) -> list[Facts]:
    """The backup of each native provider; its age is known from the recovery dossier only."""
    kept = (dossier or {}).get("providers") or {}
    found = []
    for provider in providers:
        if provider.get("type") != "native":
            continue
        backup = (kept.get(provider["name"]) or {}).get("backup") or {}
        created = backup.get("created_at")
        days = limits.backup_max_age - _age(created, now) if created else None
        level = limits.level(days) if provider.get("has_backup") else "missing"
        found.append(
            as_result(
                BackupAge(
                    provider=provider["name"],
                    has_backup=provider.get("has_backup"),
                    created_at=created,
                    path=backup.get("path"),
                    days_left=days,
                    level=level,
                )
            )
        )
    return found


def _age(created: str, now: datetime.datetime) -> int:
    """Days between the dates. Raises ValueError when it is not a time."""
    return (now.date() - datetime.datetime.strptime(created, "%Y-%m-%dT%H:%M:%SZ").date()).days
