# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of native key providers: there, the one of the dossier, readable, not too old; and their copies. Pure."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.finding import (
    CRITICAL,
    WARNING,
    Facts,
    Finding,
    Findings,
    Records,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.providers import pairs

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_AGAIN = "make it again with the role native_key_provider, which also writes the copies and the dossier"


def backups(facts: Facts) -> Findings:
    """What is wrong with the backup of each native provider."""
    seen = facts.get("backups") or {}
    for one in facts["expected"]["providers"]:
        if one["backup"]:
            yield from _backup(one["name"], one["backup"], seen.get(one["name"]) or {})
            yield from _age(facts, one)
    for wanted, now in pairs(facts):
        if wanted["type"] == "native" and now.get("has_backup") is False:
            yield Finding(
                CRITICAL, "native_backup", wanted["name"], "vCenter counts it as backed up", "it does not",
                "make a backup now with the role native_key_provider",
            )  # fmt: skip


class _Copy(t.NamedTuple):
    """One copy: its place by the dossier or the variables, its checksum, and what is there in words."""

    place: str
    sha256: str
    found: str


def _backup(name: str, backup: Facts, seen: Facts) -> Findings:
    file, wanted = seen.get("file"), f"SHA-256 {backup['sha256']}"
    if file is None:
        return
    copies = _copies([*backup["copies"], *backup["places"]], seen.get("copies")) if backup["sha256"] else []
    # one good file anywhere restores everything
    severity = WARNING if any(one.sha256 == backup["sha256"] for one in copies) else CRITICAL
    subject, opened = f"{name}: {backup['path']}", seen.get("opened") or {}
    if not file.get("exists"):
        yield Finding(severity, "native_backup", subject, "the backup's file", "there is none", _AGAIN)
    elif not file.get("checksum"):
        yield Finding(
            severity, "native_backup", subject, "a file that this job can read", "it cannot be read",
            "let the user of this job read the file and its folder, then run again",
        )  # fmt: skip
    elif backup["sha256"] and file.get("checksum") != backup["sha256"]:
        yield Finding(severity, "native_backup", subject, wanted, f"SHA-256 {file.get('checksum')}", _AGAIN)
    elif opened.get("failure") or (opened.get("backup") or {}).get("opened") is False:
        said = str(opened.get("msg") or "it does not open")
        yield Finding(severity, "native_backup", subject, "drift_check_backup_password opens it", said, _AGAIN)
    for copy in copies:
        if copy.sha256 != backup["sha256"]:
            yield Finding(
                WARNING, "native_backup", f"{name}: copy {copy.place}", wanted, copy.found,
                "run the role native_key_provider, which writes the copy again",
            )  # fmt: skip


def _copies(places: Records, seen: t.Any) -> list[_Copy]:
    """Each copy with what was seen at its place; nothing where that could not be looked at."""
    lists = [list((seen or {}).get(part) or []) + [None] * len(places) for part in ("sha256", "there", "problems")]
    found = []
    for place, sha256, there, problem in zip(places, *lists):
        words = "another file" if there else "no file"
        if problem or there is None:
            words = "its place cannot be read"
        where = str(place.get("host") or place.get("kind") or "place")
        found.append(_Copy(f"{where}:{place.get('path')}", str(sha256 or ""), words))
    return found


def _age(facts: Facts, wanted: Facts) -> Findings:
    most, created = int(facts["settings"]["backup_max_age"]), wanted["backup"].get("created_at")
    if created and (facts["now"] - _moment(str(created))).days > most:
        yield Finding(
            WARNING, "native_backup", f"{wanted['name']}: {wanted['backup']['path']}", f"not older than {most} days",
            f"made at {created}", "make a new one: native_key_provider_backup_force: true",
        )  # fmt: skip


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, _TIME).replace(tzinfo=datetime.timezone.utc)
