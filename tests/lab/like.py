# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab that behaves as a field check has seen the real services: the file of the role field_check as settings."""

from __future__ import annotations

import json
import pathlib
import typing as t

from .assumptions import Assumed, Assumption, assumptions
from .lab import LabSettings
from .vcenter.settings import RELEASES, VCenterSettings

FORMAT, SCHEMA = "ovhcloud.vmware_encryption.field", 1


class NoFieldCheckError(ValueError):
    """The file is not one of the role field_check; the text says what it is."""


class Like(t.NamedTuple):
    """Settings for a lab, and in words what of the file the lab does not play."""

    settings: LabSettings
    left: list[str]


def like(path: str | pathlib.Path) -> Like:
    """From the file of a field check. Raises NoFieldCheckError, and OSError for a file that cannot be read."""
    try:
        found = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise NoFieldCheckError(f"{path} is not JSON: {error}") from None
    if not isinstance(found, dict) or (found.get("format"), found.get("schema")) != (FORMAT, SCHEMA):
        raise NoFieldCheckError(f"{path} is not a file of the role field_check that this lab can read")
    version, left = release(str((found.get("vcenter") or {}).get("version") or ""))
    settings = LabSettings(version, vcenter=VCenterSettings(version=version))
    known = {entry.id: entry for entry in assumptions()}
    for row in found.get("assumptions") or []:
        problem = _play(settings, known.get(str(row.get("id"))), row)
        left += [f"{row.get('id')}: {problem}"] if problem else []
    return Like(settings, left)


def _play(settings: LabSettings, entry: Assumption | None, row: dict[str, t.Any]) -> str:
    """Set what was found; else say why it is not played. What was not seen stays as assumed."""
    found = row.get("found")
    if row.get("state") == "not_seen" or found is None:
        return ""
    if entry is None:
        return "this lab does not know it"
    if len(found) != 1:
        return "what was found is none of the known values" if not found else "several values fit"
    value = tuple(found[0]) if isinstance(found[0], list) else found[0]
    # a limit may have any number, everything else a value that the collection is tested with; no truth is a number
    number = all(isinstance(one, int) and not isinstance(one, bool) for one in (value, entry.default))
    if not number and not any(
        isinstance(one, bool) == isinstance(value, bool) and value == one for one in entry.values
    ):
        return "what was found is none of the known values"
    if entry.setting:
        Assumed(entry.id, entry.setting, value).put(settings)
    elif value != entry.default:
        return "the lab has no setting for it"
    return ""


def release(version: str) -> tuple[str, list[str]]:
    """The lab's vCenter that comes next to this one: the same, else the newest of its major version, else the usual."""
    usual = LabSettings.vcenter_version
    numbers = {key: one.version for key, one in RELEASES.items()}
    exact = [key for key, number in numbers.items() if number == version]
    alike = [key for key, number in numbers.items() if number.partition(".")[0] == version.partition(".")[0]]
    chosen = (exact or sorted(alike, reverse=True) or [usual])[0]
    return chosen, [] if exact else [f"version: the lab plays vCenter {numbers[chosen]}"]
