# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is assumed of Secret Manager of OKMS: run with every value."""

from __future__ import annotations

import os
import pathlib

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.secret_helpers import (
    PATH,
    RIGHTS,
    a_file,
    okms_place,
    stored,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.test_assumptions import lab_with
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.assumptions import Assumed, every_value

FIRST, SECOND = b"first backup", b"second backup"


@every_value
def test_life_of_a_secret(assumed: Assumed, tmp_path: pathlib.Path) -> None:
    """Written, found unchanged, freed of a time to live, fetched, removed."""
    with lab_with(assumed) as lab:
        place, file = okms_place(lab), a_file(tmp_path, FIRST)
        assert place.run(file=file).changed
        assert not place.run(file=file).changed
        place.secret.hide_after = "10h"
        a_file(tmp_path, SECOND)
        updated = place.run(file=file)
        assert (updated["secret"]["version"], place.secret.hide_after) == (2, "0s"), updated.msg
        assert not place.run(file=file).changed
        assert place.run(state="fetched", file=str(tmp_path / "back")).changed
        assert (tmp_path / "back").read_bytes() == SECOND
        assert place.run(state="absent", confirm_name=PATH).changed


@every_value
def test_refused_right_is_named(assumed: Assumed, tmp_path: pathlib.Path) -> None:
    with lab_with(assumed) as lab:
        allowed = [right for right in RIGHTS if not right.endswith("getData")]
        place = okms_place(lab, lab.ovhcloud.add_token(lab.ovhcloud.add_identity("backup", allowed)))
        place.put(FIRST)
        refused = place.run(file=a_file(tmp_path))
        assert refused.failed and "okms:apikms:secret/version/getData" in refused.msg, refused.msg
        assert refused["failure"]["kind"] in ("forbidden", "authentication")
        assert place.secret.current == 1


@every_value
def test_documented_rights_are_enough(assumed: Assumed, tmp_path: pathlib.Path) -> None:
    with lab_with(assumed) as lab:
        place = okms_place(lab, lab.ovhcloud.add_token(lab.ovhcloud.add_identity("backup", RIGHTS)))
        for content in (FIRST, SECOND):
            done = place.run(file=a_file(tmp_path, content))
            assert done.changed, done.msg
        assert place.run(state="fetched", file=str(tmp_path / "back")).changed


@every_value
def test_write_of_somebody_else_meanwhile(assumed: Assumed, tmp_path: pathlib.Path) -> None:
    with lab_with(assumed) as lab:
        place = okms_place(lab)
        place.put(FIRST)
        lab.faults.add("meanwhile", system="ovhcloud", operation="POST *data/{path}", call=lambda: place.put(SECOND))
        refused = place.run(file=a_file(tmp_path, b"third"))
        assert refused.failed and "somebody else" in refused.msg, refused.msg
        assert [version.data for version in place.secret.versions.values()] == [stored(FIRST), stored(SECOND)]


@every_value
def test_full_secret_loses_no_version(assumed: Assumed, tmp_path: pathlib.Path) -> None:
    """Also one with a gap, where a count and a number differ."""
    with lab_with(assumed) as lab:
        place = okms_place(lab)
        place.put(b"one", b"two", b"three", b"four")
        place.store.destroy(place.secret, [2])
        kept = [number for number, version in place.secret.versions.items() if not version.destroyed]
        assert place.run(file=a_file(tmp_path), max_versions=3).failed
        assert [number for number, version in place.secret.versions.items() if not version.destroyed] == kept
        assert place.run(file=a_file(tmp_path), max_versions=5)["secret"]["versions"] == [*kept, 5]


@every_value
def test_file_that_is_too_large(assumed: Assumed, tmp_path: pathlib.Path) -> None:
    """What the module lets through is not refused by the server, whatever its limit counts."""
    with lab_with(assumed) as lab:
        place = okms_place(lab)
        assert place.run(file=a_file(tmp_path, os.urandom(49_000))).changed
        refused = place.run(file=a_file(tmp_path, os.urandom(49_300)))
        assert refused.failed and "at most 64.0 KiB" in refused.msg, refused.msg
        assert place.secret.current == 1
