# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table for the filter backup_copy."""

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.backup_copy import LONGEST, FilterModule

backup_copy = FilterModule().filters()["backup_copy"]
PLACE = {
    "host": "backup1",
    "path": "/srv/nkp.p12",
    "label": "backup1:/srv/nkp.p12",
    "outside": True,
    "own": {"user": "keeper"},
}
FILE = {"exists": True, "isreg": True, "size": 9, "mode": "0600", "checksum": "ab12", "mtime": 7.5}
FOLDER = {"stat": {"exists": True, "isdir": True, "writeable": True, "executable": True}}
NOTHING = {"stat": {"exists": False}}
DEAD = {"unreachable": True, "msg": "Failed to connect:\n  refused"}


def copy(**changes: t.Any) -> dict[str, t.Any]:
    """The result of stat for a good copy, with changes."""
    return {"stat": {**FILE, **changes}}


@pytest.mark.parametrize(
    ("file", "folder", "problem"),
    [
        (copy(), FOLDER, ""),
        (NOTHING, FOLDER, ""),
        (copy(isreg=False), FOLDER, "there is something that is not a regular file; name a file"),
        (NOTHING, NOTHING, "the folder /srv does not exist; create it, so that keeper can write to it"),
        (NOTHING, {"stat": {"exists": True, "isdir": False}}, "the folder /srv does not exist"),
        (NOTHING, {"stat": {**FOLDER["stat"], "writeable": False}}, "keeper cannot write in the folder /srv"),
        (DEAD, {"skipped": True}, "Failed to connect: refused"),
        ({"msg": "Permission denied", "failed": False}, FOLDER, "Permission denied"),
        (NOTHING, {"msg": "Permission denied"}, "Permission denied"),
    ],
)
def test_a_place_that_takes_no_copy_is_told(file: t.Any, folder: t.Any, problem: str) -> None:
    found = backup_copy(PLACE, file, folder)["problem"]
    assert found.startswith(f"backup1:/srv/nkp.p12: {problem}") if problem else found == ""


@pytest.mark.parametrize(
    ("file", "there", "private"),
    [
        (copy(), True, True),
        (copy(mode="0640"), True, False),
        (copy(size=0), False, True),
        (NOTHING, False, False),
        (DEAD, False, False),
    ],
)
def test_a_copy_that_is_there_is_known(file: t.Any, there: bool, private: bool) -> None:
    found = backup_copy(PLACE, file)
    assert (found["there"], found["private"]) == (there, private)
    assert found["sha256"] == ("ab12" if there else "")
    assert found["mtime"] == (7.5 if "mtime" in file.get("stat", {}) else 0)


@pytest.mark.parametrize(
    ("wanted", "private"),
    [({"owner": "keeper"}, True), ({"owner": "1000", "group": "staff"}, True), ({"group": "root"}, False)],
)
def test_a_copy_with_another_owner_is_made_anew(wanted: dict[str, str], private: bool) -> None:
    assert backup_copy({**PLACE, **wanted}, copy(pw_name="keeper", uid=1000, gr_name="staff"))["private"] is private


@pytest.mark.parametrize(
    ("file", "written", "problem"),
    [
        (copy(checksum="AB12"), [], ""),
        (copy(), [{"msg": "chown failed", "changed": True}], ""),
        (copy(mode="0644"), [{"msg": "chown failed"}], "chown failed"),
        (copy(mode="0644"), [], ""),
        (copy(checksum="cd"), [], "what was read back has the SHA-256 cd, not ab12"),
        (copy(checksum="cd"), [{"skipped": True}, {"msg": "no space left"}], "no space left"),
        (NOTHING, [], "the file does not exist after copying"),
        (DEAD, [{"changed": True}, DEAD], "Failed to connect: refused"),
    ],
)
def test_only_what_was_read_back_is_a_copy(file: t.Any, written: t.Any, problem: str) -> None:
    found = backup_copy(PLACE, file, written=written, sha256="ab12")
    assert found["problem"] == (f"backup1:/srv/nkp.p12: {problem}" if problem else "")
    assert found["changed"] is any(one.get("changed", False) for one in written)


@pytest.mark.parametrize(
    ("outside", "theirs", "ours", "same"),
    [
        (True, "1f2e\n", "1f2e", True),
        (True, "1f2e\n", "aaaa", False),
        (True, "", "", False),
        (False, "1f2e\n", "1f2e", False),
    ],
)
def test_a_machine_with_our_id_is_told(outside: bool, theirs: str, ours: str, same: bool) -> None:
    answer = {"content": base64.b64encode(theirs.encode()).decode()}
    assert backup_copy({**PLACE, "outside": outside}, copy(), FOLDER, answer, ours)["same_machine"] is same


@pytest.mark.parametrize("answer", [{}, {"content": "%"}, {"msg": "file not found"}, DEAD])
def test_a_host_without_machine_id_is_no_fault(answer: t.Any) -> None:
    found = backup_copy(PLACE, copy(), FOLDER, answer, "1f2e")
    assert (found["same_machine"], found["problem"]) == (False, "")


def test_what_a_host_says_is_cut_to_a_readable_length() -> None:
    problem = backup_copy(PLACE, {"msg": "word " * 900})["problem"]
    assert problem.endswith(" ...") and len(problem) < LONGEST + 40


def test_what_is_no_place_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="not a place"):
        backup_copy({}, copy())
