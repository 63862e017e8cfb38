# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an auditor asks: each check with its criterion, what was seen, the verdict, and the clauses that it serves."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.counts import Facts
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.exceptions import EXCLUDED
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.expiry import Thresholds
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.traces import untraced
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result

PASS, FAIL, OPEN = "pass", "fail", "not assessed"
RESULTS = (FAIL, OPEN, PASS)

ISO = "ISO/IEC 27001:2022 A.8.24"
# HDS (version 2, decree of 26 April 2024) builds on a management system certified after ISO/IEC 27001
HDS = "HDS (by ISO/IEC 27001 A.8.24)"
PCI = "PCI DSS 4.0.1 "
SNC = "SecNumCloud 3.2 "
# Only where the text of a clause asks for what the check looks at. PCI DSS: 3.5.1 card numbers unreadable where they
# are stored, 3.6.1 keys protected against disclosure, in the fewest places, 3.7.4 keys changed when their period ends.
# SecNumCloud: 10.1 encryption of stored data, 10.5 protected access to keys and other secrets of the encryption. 10.2
# rules how network traffic is encrypted, not that it is; neither 10.5 nor PCI DSS 3.7.3 speaks of the age of a backup.
CLAUSES = {
    "vms_encrypted": (ISO, HDS, f"{PCI}3.5.1", f"{SNC}10.1"),
    "keys_available": (ISO, HDS),
    "default_provider": (ISO, HDS),
    "backups": (ISO, HDS),
    "certificates": (ISO, HDS),
    "key_origin": (ISO, HDS, f"{PCI}3.6.1", f"{SNC}10.5"),
    "key_age": (ISO, HDS, f"{PCI}3.7.4"),
    "vmotion": (ISO, HDS),
    "trace": (),
    "complete": (),
}
NOTE = (
    "A check serves a clause, it does not prove compliance with it. PCI DSS 3.5.1.2 does not accept disk "
    "encryption alone for card numbers on media that stay in place. Clauses of SecNumCloud address the "
    "service's provider."
)


@dataclasses.dataclass(frozen=True)
class Seen:
    """What the checks look at."""

    totals: Facts
    exceptions: t.Sequence[Facts]
    findings: t.Sequence[Facts]
    certificates: t.Sequence[Facts]
    backups: t.Sequence[Facts]
    providers: t.Sequence[t.Mapping[str, t.Any]]
    machines: t.Sequence[t.Mapping[str, t.Any]]
    ages: t.Sequence[Facts]
    limits: Thresholds
    today: str
    first_audit: str
    traces: t.Optional[Facts] = None

    def has(self, *topics: str) -> list[str]:
        """Subjects of the findings on one of these topics."""
        return [str(one["subject"]) for one in self.findings if one["topic"] in topics]


@dataclasses.dataclass(frozen=True)
class Check:
    """A check with its criterion, what came of it, and the clauses that ask for it."""

    check: str
    title: str
    criterion: str
    result: str
    observed: str
    clauses: list[str]


Verdict = tuple[str, str]  # result, what was observed


def checks(seen: Seen) -> list[Facts]:
    """All checks; those that fail first."""
    found = []
    for name, title, criterion, judge in _rows(seen.limits):
        result, observed = judge(seen)
        found.append(as_result(Check(name, title, criterion, result, observed, list(CLAUSES[name]))))
    return sorted(found, key=lambda one: RESULTS.index(str(one["result"])))


def _rows(limits: Thresholds) -> list[tuple[str, str, str, t.Callable[[Seen], Verdict]]]:
    """Name, title, criterion and judge of each check."""
    return [
        ("vms_encrypted", "VMs are encrypted", "Home and all disks of every VM, except VMs excluded on purpose", _vms),
        (
            "keys_available",
            "Keys are available",
            "No VM is locked, each provider in use exists and works",
            _keys,
        ),
        ("default_provider", "New VMs get keys", "There is a default key provider", _default),
        (
            "backups",
            "Native key providers are backed up",
            f"Each has a backup that is at most {plural(limits.backup_max_age, 'day')} old",
            _backups,
        ),
        (
            "certificates",
            "Certificates are valid",
            f"Each certificate in use has more than {plural(limits.critical_days, 'day')} left",
            _certificates,
        ),
        (
            "key_origin",
            "Private keys stay where they are used",
            "OKMS credentials come from a certificate request",
            _origin,
        ),
        (
            "key_age",
            "Keys are rotated",
            f"No key in use was first seen more than {plural(limits.key_max_age, 'day')} ago",
            _age,
        ),
        ("vmotion", "Encrypted VMs move encrypted", "Encrypted vMotion is required for each encrypted VM", _vmotion),
        ("trace", "The use of keys leaves a trace", "Each kind of the OKMS domain's logs goes to a stream", _trace),
        ("complete", "The report is complete", "Everything in scope could be read", _complete),
    ]


def _vms(seen: Seen) -> Verdict:
    totals = seen.totals
    whole, excluded = totals["virtual_machines"], sum(one["category"] == EXCLUDED for one in seen.exceptions)
    open_ = [one for one in seen.exceptions if one["category"] != EXCLUDED]
    told = f"{totals['encrypted']} of {plural(whole, 'VM')} encrypted, {excluded} excluded on purpose"
    if not whole:
        return OPEN, "there are no VMs"
    if any(one["category"] != "unreadable" for one in open_):
        return FAIL, told
    return (OPEN, f"{told}, {len(open_)} not readable") if open_ else (PASS, told)


def _keys(seen: Seen) -> Verdict:
    wrong = seen.has("locked", "provider_missing", "vsan_provider_missing")
    wrong += [one for one in seen.has("provider_status") if one not in wrong]
    if wrong:
        return FAIL, f"see the findings on {', '.join(wrong)}"
    return (PASS, "no VM is locked") if seen.providers else (OPEN, "there is no key provider")


def _default(seen: Seen) -> Verdict:
    wrong = seen.has("no_default", "no_provider")
    return (FAIL, "there is none") if wrong else (PASS, "there is one")


def _backups(seen: Seen) -> Verdict:
    if not seen.backups:
        return OPEN, "there is no native key provider"
    bad = [one["provider"] for one in seen.backups if one["level"] in ("missing", "expired")]
    if bad:
        return FAIL, f"missing or too old: {', '.join(bad)}"
    unknown = [one["provider"] for one in seen.backups if one["level"] == "unknown"]
    if unknown:
        return OPEN, f"there is one, its age is unknown without the recovery dossier: {', '.join(unknown)}"
    return PASS, f"{plural(len(seen.backups), 'provider')} with a backup"


def _certificates(seen: Seen) -> Verdict:
    used = [one for one in seen.certificates if one["used_by"]]
    bad = [one["name"] for one in used if one["level"] in ("critical", "expired")]
    if bad:
        return FAIL, f"expired or critical: {', '.join(bad)}"
    if not used:
        return OPEN, "no certificate is in use"
    unknown = [one["name"] for one in used if one["level"] == "unknown"]
    return (OPEN, f"end unknown: {', '.join(unknown)}") if unknown else (PASS, f"{len(used)} in use")


def _origin(seen: Seen) -> Verdict:
    known = [one for one in seen.certificates if one["from_csr"] is not None]
    foreign = [one["name"] for one in known if not one["from_csr"]]
    if foreign:
        return FAIL, f"key made by OKMS: {', '.join(foreign)}"
    return (
        (PASS, f"{plural(len(known), 'credential')} from a request") if known else (OPEN, "no OKMS credential was read")
    )


def _age(seen: Seen) -> Verdict:
    if not seen.ages:
        return OPEN, "no key is in use"
    limit = _before(seen.today, seen.limits.key_max_age)
    old = [one for one in seen.ages if one["first_seen"] < limit]
    if old:
        return (
            FAIL,
            f"{plural(len(old), 'key')} of {len(seen.ages)}, the oldest seen since {_oldest(old)}",
        )
    # a key that the first audit saw may be older than that audit
    unsure = sum(one["first_seen"] == seen.first_audit for one in seen.ages)
    if unsure:
        return OPEN, f"{plural(unsure, 'key')} may be older than the first report, of {seen.first_audit}"
    return PASS, f"{plural(len(seen.ages), 'key')}, the oldest seen since {_oldest(seen.ages)}"


def _oldest(ages: t.Sequence[Facts]) -> str:
    return min(str(one["first_seen"]) for one in ages)


def _before(day: str, count: int) -> str:
    return (datetime.date.fromisoformat(day) - datetime.timedelta(days=count)).isoformat()


def _vmotion(seen: Seen) -> Verdict:
    encrypted = [one for one in seen.machines if one.get("encryption_state") == "encrypted"]
    bad = [str(one.get("name")) for one in encrypted if one.get("vmotion_encryption") != "required"]
    if bad:
        return FAIL, f"not required for {plural(len(bad), 'VM')}"
    return (PASS, f"{plural(len(encrypted), 'VM')}") if encrypted else (OPEN, "no VM is encrypted")


def _trace(seen: Seen) -> Verdict:
    if not seen.traces:
        return OPEN, "no audit logs of an OKMS domain were read"
    silent = untraced(seen.traces)
    known = ", ".join(str(one["kind"]) for one in seen.traces["kinds"] if one["streams"])
    if silent:
        return FAIL, f"no stream gets {', '.join(silent)}"
    return PASS, f"a stream gets {known}"


def _complete(seen: Seen) -> Verdict:
    missing = seen.has("not_read", "unreadable")
    return (FAIL, "; ".join(missing)) if missing else (PASS, "everything was read")
