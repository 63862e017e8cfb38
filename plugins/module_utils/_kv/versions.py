# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions of a secret of KV v2, read from its metadata: pure."""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import ApiError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import shown

# the guide of Secret Manager and its swagger name the same field differently
# (assumption secret-hiding-field)
HIDING = ("delete_version_after", "deactivate_version_after")
_NOTHING = re.compile(r"(?:0+(?:\.0+)?(?:h|m|s|ms|us|ns)?)*")
_FRACTION = re.compile(r"\.\d+")


class ShapeError(ApiError):
    """An answer is not of the shape that KV v2 has."""

    answered = True


@dataclasses.dataclass(frozen=True)
class Version:
    """One version. Hidden ones can be restored, destroyed ones cannot. ends: when it will be, or was, hidden."""

    number: int
    created_at: str | None
    ends: str
    destroyed: bool


@dataclasses.dataclass(frozen=True)
class History:
    """A secret without its data. hiding_field: how the server calls the duration hides_after.

    cas_required: whether the secret itself refuses each write that names no number; False when this is not told.
    """

    current: int
    versions: tuple[Version, ...]  # the newest first
    max_versions: int
    hiding_field: str
    hides_after: str
    cas_required: bool = False

    @property
    def kept(self) -> list[int]:
        """Numbers of the versions that are not destroyed, the oldest first."""
        return sorted(version.number for version in self.versions if not version.destroyed)

    def find(self, number: int) -> Version | None:
        """The version with that number."""
        return next((version for version in self.versions if version.number == number), None)

    def lost(self, max_versions: int) -> list[int]:
        """Kept versions that one more write would destroy.

        Vault goes by numbers. A server that counts what is there loses no more than that.
        """
        # (assumption secret-prunes)
        return [number for number in self.kept if number <= self.current + 1 - max_versions]


def history_of(answer: t.Any, what: str) -> History:
    """From the answer to a read of the metadata."""
    data = _part(answer, "data", what)
    versions = _part(data, "versions", what)
    hiding_field = next((name for name in HIDING if data.get(name) is not None), HIDING[0])
    hides_after = str(data.get(hiding_field) or "")
    return History(
        current=_whole(data, "current_version", what),
        versions=tuple(sorted((_version(number, one, what) for number, one in versions.items()), key=_newest)),
        max_versions=_whole(data, "max_versions", what),
        hiding_field=hiding_field,
        hides_after="" if _NOTHING.fullmatch(hides_after) else hides_after,
        cas_required=data.get("cas_required") is True,
    )


def made_of(answer: t.Any, what: str) -> Version:
    """From the answer to a write of data."""
    data = _part(answer, "data", what)
    return _version(_whole(data, "version", what), data, what)


def data_in(answer: t.Any, what: str) -> t.Any:
    """The data in the answer to a read of it."""
    return _part(answer, "data", what).get("data")


def _newest(version: Version) -> int:
    return -version.number


def _version(number: t.Any, raw: t.Any, what: str) -> Version:
    if not isinstance(raw, dict) or not str(number).isdigit():
        raise ShapeError(f"{what} was answered with a version {shown(number)} that cannot be read")
    # an empty text or null for a version that is not hidden (assumption secret-deletion-time)
    created, ends = raw.get("created_time"), raw.get("deletion_time")
    return Version(int(number), _utc(created), str(ends or ""), bool(raw.get("destroyed")))


def _part(raw: t.Any, name: str, what: str) -> dict[str, t.Any]:
    value = raw.get(name) if isinstance(raw, dict) else None
    if value is None and isinstance(raw, dict) and name == "versions":
        return {}
    if not isinstance(value, dict):
        raise ShapeError(f"{what} was answered without {name}; is it a KV engine of version 2?")
    return value


def _whole(raw: t.Mapping[str, t.Any], name: str, what: str) -> int:
    value = raw.get(name) or 0
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ShapeError(f"{what} was answered with {name} {shown(value)}, which is not a whole number")
    return value


def _utc(text: t.Any) -> str | None:
    """A time in UTC without fractions, None when it cannot be read."""
    try:
        # Python before 3.11 knows neither Z nor nanoseconds
        moment = datetime.datetime.fromisoformat(_FRACTION.sub("", str(text)).replace("Z", "+00:00"))
        return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return None
