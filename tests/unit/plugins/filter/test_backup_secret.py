# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table for the filter backup_secret."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.backup_secret import LONGEST, FilterModule

backup_secret = FilterModule().filters()["backup_secret"]
LABEL = "secret vmware/nkp of OKMS 1"
PLACE = {"kind": "okms_secret", "host": "1", "path": "vmware/nkp", "label": LABEL, "outside": True, "max_versions": 0}
SECRET = {
    "sha256": "ab12",
    "version": 2,
    "created_at": "2026-11-29T06:40:00Z",
    "max_versions": 100,
    "expires_after": None,
}


def done(**changes: t.Any) -> dict[str, t.Any]:
    """A result of the module."""
    return {"changed": True, "failed": False, "secret": {**SECRET, **changes}}


def failed(kind: str, **more: t.Any) -> dict[str, t.Any]:
    """A result of a module that failed."""
    return {"failed": True, "msg": "no such\n  thing", "failure": {"kind": kind, **more}}


@pytest.mark.parametrize(
    ("result", "sha256", "there", "problem"),
    [
        (done(), "", True, ""),
        (done(), "AB12", True, ""),
        (done(), "cd34", False, "what was read back has the SHA-256 ab12, not cd34"),
        (done(sha256=None), "cd34", False, "what was read back has the SHA-256 of nothing, not cd34"),
        # nothing is there yet, which is only a problem after the copy
        (failed("not_found"), "", False, ""),
        (failed("not_found"), "ab12", False, "no such thing"),
        (failed("not_found", versions=[1]), "", False, "no such thing"),
        (failed("forbidden"), "", False, "no such thing"),
        ({"failed": True}, "", False, "failed"),
        ({"failed": True, "msg": "x" * (LONGEST + 9)}, "", False, "x" * LONGEST + " ..."),
    ],
)
def test_state_of_a_copy(result: dict[str, t.Any], sha256: str, there: bool, problem: str) -> None:
    found = backup_secret(PLACE, result, sha256)
    assert (found["there"], found["problem"]) == (there, f"{LABEL}: {problem}" if problem else "")
    assert found["label"] == LABEL


def test_time_of_the_version_decides_which_is_newest() -> None:
    times = [backup_secret(PLACE, done(created_at=at))["mtime"] for at in (None, "soon", "2026-11-29T06:40:00Z")]
    assert times == [0.0, 0.0, 1795934400.0]


@pytest.mark.parametrize(
    ("wanted", "changes", "kept"),
    [
        (0, {}, True),
        (100, {}, True),
        (50, {}, False),
        (0, {"max_versions": 10}, False),
        (0, {"expires_after": "10h"}, False),
    ],
)
def test_rules_of_the_secret_are_compared(wanted: int, changes: dict[str, t.Any], kept: bool) -> None:
    assert backup_secret({**PLACE, "max_versions": wanted}, done(**changes))["private"] is kept


def test_what_is_no_place_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="not a place"):
        backup_secret({}, done())
