# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets with versions, as Secret Manager of OKMS and version 2 of Vault's KV engine keep them.

Behind both: versions are numbered from 1, a write may be bound to the current number (check-and-set), and what is
beyond `max_versions` is destroyed by the next write (guide "rest-api" of Secret Manager; Vault's API page of KV v2).
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
import typing as t

from .clock import LabClock

PATH = re.compile(r"[a-zA-Z0-9_.:/=@-]{1,255}")  # swagger 2.14.0 of OKMS
HIGHEST = 24000  # number of a version and of versions, the same
DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
CAS_WRONG = "check-and-set parameter did not match the current version"  # words of Vault
CAS_MISSING = "check-and-set parameter required for this call"


class KvError(Exception):
    """A refusal: `kind` is the end of an error class of the contract, or one of CAS, MISSING."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words


@dataclasses.dataclass
class KvVersion:
    """One version. `hidden` since when it is not shown, until it is shown again; `destroyed` for good."""

    number: int
    created: datetime.datetime
    data: dict[str, t.Any] | None = dataclasses.field(repr=False)
    hidden: datetime.datetime | None = None
    destroyed: bool = False


@dataclasses.dataclass
class KvSecret:
    """One secret; what is None or 0 in it is as the engine (or domain) says."""

    path: str
    created: datetime.datetime
    updated: datetime.datetime
    current: int = 0
    versions: dict[int, KvVersion] = dataclasses.field(default_factory=dict)
    cas_required: bool | None = None
    max_versions: int | None = None
    hide_after: str = ""
    custom: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def oldest(self) -> int:
        """Number of the oldest version that is kept."""
        return min(self.versions, default=0)


@dataclasses.dataclass
class KvStore:
    """All secrets of one engine or domain, with its defaults."""

    clock: LabClock
    usual: int = 10  # kept versions where nothing is set: Vault's page, and the sample of secretConfig
    limit: int = 0  # bytes of a secret's data; 0: none
    counts: str = "json"  # what the limit counts: the JSON text, or the values alone
    prunes: str = "number"  # what a write destroys: numbers below current - max_versions, or the oldest of too many
    cas_required: bool = False
    max_versions: int = 0
    hide_after: str = ""
    secrets: dict[str, KvSecret] = dataclasses.field(default_factory=dict)

    def find(self, path: str) -> KvSecret:
        """The secret, or KvError MISSING."""
        found = self.secrets.get(path)
        if found is None:
            raise KvError("MISSING", f"secret {path}")
        return found

    def kept(self, secret: KvSecret) -> int:
        """How many versions it keeps; of the engine's number and its own the larger counts."""
        return max(secret.max_versions or 0, self.max_versions) or self.usual

    def write(self, path: str, data: dict[str, t.Any], cas: int | None) -> KvVersion:
        """A new version, of a new secret too."""
        check_path(path)
        self._check_data(data)
        found = self.secrets.get(path)
        current = found.current if found else 0
        required = self.cas_required if found is None or found.cas_required is None else found.cas_required
        if cas is None and (required or self.cas_required):
            raise KvError("CAS", CAS_MISSING)
        if cas is not None and cas != current:
            raise KvError("CAS", CAS_WRONG)
        now = self.clock.now()
        if found is None:
            found = self.secrets[path] = KvSecret(path, now, now)
        found.current = current + 1
        seconds = seconds_of(found.hide_after) or seconds_of(self.hide_after)
        hidden = now + datetime.timedelta(seconds=seconds) if seconds else None
        made = found.versions[found.current] = KvVersion(found.current, now, json.loads(json.dumps(data)), hidden)
        found.updated = now
        self._prune(found)
        return made

    def _prune(self, secret: KvSecret) -> None:
        most = self.kept(secret)
        if self.prunes == "number":
            lost = [number for number in secret.versions if number <= secret.current - most]
        else:
            lost = sorted(secret.versions)[: max(0, len(secret.versions) - most)]
        for number in lost:
            del secret.versions[number]

    def _check_data(self, data: t.Any) -> None:
        if not isinstance(data, dict):
            raise KvError("SecretDataInvalidKeyValueJson", "no data provided")
        texts = [json.dumps(data)] if self.counts == "json" else [str(value) for value in data.values()]
        if self.limit and sum(len(text) for text in texts) > self.limit:
            raise KvError("SecretDataMaxExceeded", f"the data is larger than {self.limit} bytes")

    def shown(self, version: KvVersion) -> bool:
        """Whether its data is given out."""
        gone = version.hidden is not None and version.hidden <= self.clock.now()
        return not version.destroyed and not gone

    def version(self, secret: KvSecret, number: int | None) -> KvVersion:
        """One version, the current one without a number; KvError MISSING."""
        found = secret.versions.get(number or secret.current)
        if found is None:
            raise KvError("MISSING", f"version {number or secret.current} of secret {secret.path}")
        return found

    def hide(self, secret: KvSecret, numbers: t.Iterable[int], hidden: bool = True) -> None:
        """Delete versions so that they can be had back, or have them back."""
        for number in numbers:
            if number in secret.versions and not secret.versions[number].destroyed:
                secret.versions[number].hidden = self.clock.now() if hidden else None

    def destroy(self, secret: KvSecret, numbers: t.Iterable[int]) -> None:
        """Delete versions for good; their numbers stay."""
        for number in numbers:
            if number in secret.versions:
                secret.versions[number].destroyed, secret.versions[number].data = True, None


def check_path(path: str) -> None:
    """Raise KvError for a path that the contract does not know."""
    if not PATH.fullmatch(path):
        wrong = "SecretPathMaxExceeded" if len(path) > 255 else "SecretPathInvalidCharacter"
        raise KvError(wrong, f"the path {path[:300]} is not valid")


def check_versions(count: int | None) -> None:
    """Raise KvError for a number of versions that the contract does not know."""
    if count is not None and not 0 <= count <= HIGHEST:
        wrong = "SecretMaxVersionsMaxExceeded" if count > 0 else "SecretMaxVersionsMinRequired"
        raise KvError(wrong, f"{count} versions are not possible")


def seconds_of(duration: str | None) -> int:
    """A duration such as 10h30m10s in seconds; KvError for anything else."""
    if not duration:
        return 0
    match = DURATION.fullmatch(duration)
    if not match:
        raise KvError("SecretDeactivateVersionAfterInvalidDuration", f"{duration} is not a duration")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds
