# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules okms_secret and vault_secret against the lab: a file in a secret, its versions, and the way back."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.secret_helpers import (
    PATH,
    PLACES,
    RIGHTS,
    Place,
    a_file,
    okms_place,
    stored,
    vault_place,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

FIRST, SECOND = b"first backup", b"second backup"


@pytest.fixture(params=list(PLACES))
def place(request: pytest.FixtureRequest, lab: Lab) -> Place:
    """Each of the two."""
    return PLACES[request.param](lab)


def known(state: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The values that a prediction knows."""
    return {key: value for key, value in state.items() if value is not None}


def life(place: Place, folder: pathlib.Path) -> None:
    """Create, again, update, absent, absent again; check mode before each, which foresees the result."""
    file = a_file(folder, FIRST)

    def done(**options: t.Any) -> dict[str, t.Any]:
        mark = place.lab.journal.mark()
        foreseen = place.run(check=True, **options)
        assert not foreseen.failed, foreseen.msg
        assert place.writes(mark) == []
        result = place.run(**options)
        assert not result.failed, result.msg
        assert (foreseen.changed, known(foreseen["secret"]).items() <= result["secret"].items()) == (True, True)
        mark = place.lab.journal.mark()
        again = place.run(**options)
        assert (again.changed, again.failed, place.writes(mark)) == (False, False, []), again.msg
        assert again["secret"] == result["secret"]
        return dict(result["secret"])

    made = done(file=file)
    assert (made["version"], made["versions"], made["size"], made["max_versions"]) == (1, [1], len(FIRST), 100)
    assert (place.secret.cas_required, place.secret.max_versions) == (True, 100)
    a_file(folder, SECOND)
    updated = done(file=file, max_versions=50)
    assert (updated["version"], updated["versions"], updated["max_versions"]) == (2, [1, 2], 50)
    assert [place.secret.versions[number].data for number in (1, 2)] == [stored(FIRST), stored(SECOND)]
    back = str(folder / "back.p12")
    assert done(file=back, state="fetched")["sha256"] == updated["sha256"]
    assert (pathlib.Path(back).read_bytes(), os.stat(back).st_mode & 0o777) == (SECOND, 0o600)
    assert done(state="absent", confirm_name=PATH) == {}
    assert place.store.secrets == {}


@pytest.mark.oldest("okms_secret", "life")
def test_life_of_a_secret_in_okms(lab: Lab, tmp_path: pathlib.Path) -> None:
    life(okms_place(lab), tmp_path)


@pytest.mark.oldest("vault_secret", "life")
def test_life_of_a_secret_in_vault(lab: Lab, tmp_path: pathlib.Path) -> None:
    life(vault_place(lab), tmp_path)


def test_result_and_diff_hold_neither_file_nor_token(place: Place, tmp_path: pathlib.Path) -> None:
    made = place.run(file=a_file(tmp_path))
    assert made.changed, made.msg
    for planted in (*stored(FIRST).values(), FIRST.decode(), *place.lab.secrets()):
        if planted != made["secret"]["sha256"]:
            assert planted not in made.output


def test_old_version_is_fetched_by_its_number(place: Place, tmp_path: pathlib.Path) -> None:
    place.put(FIRST, SECOND)
    back = tmp_path / "back.p12"
    assert place.run(state="fetched", file=str(back), version=1)["secret"]["version"] == 1
    assert back.read_bytes() == FIRST
    missing = place.run(state="fetched", file=str(tmp_path / "other"), version=7)
    assert missing.failed and "has no version 7" in missing.msg


def test_deleted_newest_version_gives_way_to_an_older_one(place: Place, tmp_path: pathlib.Path) -> None:
    place.put(FIRST, SECOND)
    place.store.hide(place.secret, [2])
    back = tmp_path / "back.p12"
    found = place.run(state="fetched", file=str(back))
    assert (found.failed, back.read_bytes()) == (False, FIRST), found.msg
    assert "version 2 of" in found.output and "is deleted" in found.output
    # what is deleted is no good copy: the same file is written anew
    again = place.run(file=a_file(tmp_path, SECOND))
    assert (again.changed, again["secret"]["version"]) == (True, 3), again.msg


def test_destroyed_versions_leave_nothing_to_fetch(place: Place, tmp_path: pathlib.Path) -> None:
    place.put(FIRST)
    place.store.destroy(place.secret, [1])
    empty = place.run(state="fetched", file=str(tmp_path / "back.p12"))
    assert empty.failed and "no version that can be read" in empty.msg
    place.store.secrets.clear()
    missing = place.run(state="fetched", file=str(tmp_path / "back.p12"))
    assert (missing.failed, missing["failure"]["kind"]) == (True, "not_found")


def test_full_secret_is_not_written(place: Place, tmp_path: pathlib.Path) -> None:
    place.put(b"one", b"two", b"three")
    mark = place.lab.journal.mark()
    for check in (True, False):
        full = place.run(check, file=a_file(tmp_path), max_versions=3)
        assert full.failed and "is full" in full.msg and "version 1" in full.msg, full.msg
    assert place.writes(mark) == []
    grown = place.run(file=a_file(tmp_path), max_versions=4)
    assert grown["secret"]["versions"] == [1, 2, 3, 4]
    lost = place.run(file=a_file(tmp_path, SECOND), max_versions=4, allow_version_loss=True)
    assert lost["secret"]["versions"] == [2, 3, 4, 5]


def test_secret_of_ten_versions_gets_room_before_the_next(place: Place, tmp_path: pathlib.Path) -> None:
    """Where nothing says how many versions are kept, ten are: the eleventh write would cost the first."""
    place.put(*(f"backup {number}".encode() for number in range(10)))
    done = place.run(file=a_file(tmp_path))
    assert done["secret"]["versions"] == list(range(1, 12)), done.msg


def test_secret_that_holds_something_else_is_refused(place: Place, tmp_path: pathlib.Path) -> None:
    place.store.write(PATH, {**stored(FIRST), "password": "planted in the same secret"}, 0)
    mark = place.lab.journal.mark()
    wrong: list[dict[str, t.Any]] = [{"file": a_file(tmp_path)}, {"file": str(tmp_path / "back"), "state": "fetched"}]
    for options in wrong:
        refused = place.run(**options)
        assert refused.failed and "password" in refused.msg and "\n" not in refused.msg
        assert "planted in the same secret" not in refused.output
    assert place.writes(mark) == []


def test_file_that_was_changed_in_the_secret_is_refused(place: Place, tmp_path: pathlib.Path) -> None:
    place.store.write(PATH, {**stored(FIRST), "sha256": stored(SECOND)["sha256"]}, 0)
    refused = place.run(file=str(tmp_path / "back"), state="fetched")
    assert refused.failed and "cannot be trusted" in refused.msg
    assert not (tmp_path / "back").exists()


def test_version_that_the_server_would_hide_is_no_copy(place: Place, tmp_path: pathlib.Path) -> None:
    place.put(b"earlier")
    place.secret.hide_after = "10h"
    done = place.run(file=a_file(tmp_path))
    assert (done.changed, done["secret"]["expires_after"], place.secret.hide_after) == (True, None, "0s"), done.msg
    # what the domain or the engine says for all secrets cannot be undone here
    place.store.hide_after = "24h"
    hidden = place.run(file=a_file(tmp_path, SECOND))
    assert hidden.failed and "will hide its version 3 at" in hidden.msg, hidden.msg


def test_other_file_is_only_replaced_by_force(place: Place, tmp_path: pathlib.Path) -> None:
    place.put(FIRST)
    other = a_file(tmp_path, b"something else", "other")
    kept = place.run(state="fetched", file=other)
    assert kept.failed and pathlib.Path(other).read_bytes() == b"something else", kept.msg
    assert place.run(state="fetched", file=other, force=True).changed
    assert pathlib.Path(other).read_bytes() == FIRST


def test_new_version_makes_others_name_its_number(place: Place, tmp_path: pathlib.Path) -> None:
    place.put(FIRST)
    place.secret.max_versions = 100  # as the module sets it
    for content, posts in ((SECOND, 2), (FIRST, 1)):  # the second time, nothing is left to set
        mark = place.lab.journal.mark()
        assert place.run(file=a_file(tmp_path, content)).changed
        assert (place.secret.cas_required, len(place.writes(mark))) == (True, posts)


def test_lost_answer_of_a_write_is_looked_for(place: Place, tmp_path: pathlib.Path) -> None:
    file = a_file(tmp_path)
    place.lab.faults.add("drop_after", system=place.system, operation="POST *data/{path}")
    done = place.run(file=file)
    assert (done.failed, done["secret"]["versions"]) == (False, [1]), done.msg
    place.lab.faults.add("drop_before", system=place.system, operation="POST *data/{path}")
    a_file(tmp_path, SECOND)
    failed = place.run(file=file)
    assert failed.failed and place.secret.current == 1
    assert place.run(file=file)["secret"]["versions"] == [1, 2]


def test_write_of_somebody_else_meanwhile_is_not_overwritten(place: Place, tmp_path: pathlib.Path) -> None:
    place.put(b"earlier")
    place.lab.faults.add(
        "meanwhile", system=place.system, operation="POST *data/{path}", call=lambda: place.put(b"of somebody else")
    )
    refused = place.run(file=a_file(tmp_path))
    assert refused.failed and "somebody else" in refused.msg, refused.msg
    assert place.secret.versions[2].data == stored(b"of somebody else")


def test_changed_content_behind_our_back_is_told(place: Place, tmp_path: pathlib.Path) -> None:
    def spoil() -> None:
        place.secret.versions[1].data = stored(b"something else")

    place.lab.faults.add("meanwhile", system=place.system, operation="POST *metadata/{path}", call=spoil)
    spoiled = place.run(file=a_file(tmp_path))
    assert spoiled.failed and "what was read back has the SHA-256" in spoiled.msg, spoiled.msg


@pytest.mark.oldest("okms_secret", "refusal")
@pytest.mark.oldest("vault_secret", "refusal")
def test_bad_input_is_one_line_and_changes_nothing(place: Place, tmp_path: pathlib.Path) -> None:
    file = a_file(tmp_path)
    place.put(b"earlier")
    mark = place.lab.journal.mark()
    wrong: list[tuple[dict[str, t.Any], str]] = [
        ({"path": "/with space", "file": file}, "is not the path of a secret"),
        ({"path": "a/../b", "file": file}, "is not the path of a secret"),
        ({"path": "x" * 256, "file": file}, "is not the path of a secret"),
        ({"file": str(tmp_path / "missing")}, "cannot read"),
        ({"file": a_file(tmp_path, b"", "empty")}, "is empty"),
        ({"file": file, "max_versions": 0}, "max_versions"),
        ({"file": file, "version": 1}, "version"),
        ({"state": "absent", "confirm_name": "other"}, "confirm_name"),
        ({"state": "fetched", "file": str(tmp_path / "no/folder")}, "existing folder"),
    ]
    for options, words in wrong:
        refused = place.run(**options)
        assert refused.failed and words in refused.msg and "\n" not in refused.msg, refused.msg
    assert place.writes(mark) == []


def test_file_beyond_the_limit_of_okms_is_refused(lab: Lab, tmp_path: pathlib.Path) -> None:
    place = okms_place(lab)
    refused = place.run(file=a_file(tmp_path, os.urandom(60_000)))
    assert refused.failed and "at most 64.0 KiB" in refused.msg
    assert place.writes() == []
    assert place.run(file=a_file(tmp_path, os.urandom(48_000))).changed


def test_application_key_is_refused_before_any_call(lab: Lab, tmp_path: pathlib.Path) -> None:
    place = okms_place(lab)
    keys = {name: getattr(lab, name) for name in ("application_key", "application_secret", "consumer_key")}
    mark = lab.journal.mark()
    refused = place.run(file=a_file(tmp_path), access_token="", **keys)
    assert refused.failed and "accepts only tokens" in refused.msg
    assert lab.journal.entries(since=mark) == []


@pytest.mark.parametrize("missing", ["version/getData", "create", "updateMetadata"])
def test_missing_right_of_okms_is_named(lab: Lab, tmp_path: pathlib.Path, missing: str) -> None:
    allowed = [right for right in RIGHTS if right != f"okms:apikms:secret/{missing}"]
    place = okms_place(lab, lab.ovhcloud.add_token(lab.ovhcloud.add_identity("backup", allowed)))
    if missing == "version/getData":
        place.put(b"earlier")
    refused = place.run(file=a_file(tmp_path))
    assert refused.failed and f"okms:apikms:secret/{missing}" in refused.msg and "\n" not in refused.msg, refused.msg


@pytest.mark.parametrize(
    ("part", "can", "named"),
    [
        ("data", "read", "read on secret/data"),
        ("data", "create", "create on"),
        ("metadata", "read", "read on secret/meta"),
    ],
)
def test_missing_capability_of_vault_is_named(
    lab: Lab, tmp_path: pathlib.Path, part: str, can: str, named: str
) -> None:
    place = vault_place(lab)
    rules = [(f"secret/{one}/*", cap) for one in ("data", "metadata") for cap in ("read", "create", "update")]
    place.options["token"] = lab.vault.add_token(rule for rule in rules if rule != (f"secret/{part}/*", can))
    if can == "read":
        place.put(b"earlier")
    refused = place.run(file=a_file(tmp_path))
    assert refused.failed and named in refused.msg and "\n" not in refused.msg, refused.msg


def test_vault_says_what_is_wrong_with_it(lab: Lab, tmp_path: pathlib.Path) -> None:
    place, file = vault_place(lab), a_file(tmp_path)
    wrong: list[tuple[dict[str, t.Any], str]] = [
        ({"token": "hvs.unknown"}, "the token is wrong, has expired"),
        ({"mount": "kv"}, "check mount, namespace"),
        ({"namespace": "team"}, "check mount, namespace"),
        ({"url": "http://vault.example.com"}, "not a plain https:// URL"),
        ({"url": "https://localhost:1"}, "no answer from Vault"),
        ({"url": ""}, "VAULT_ADDR"),
        ({"token": ""}, "VAULT_TOKEN"),
        ({"ca_path": "/nowhere.pem"}, "does not exist"),
        ({"timeout": 0}, "timeout"),
    ]
    for options, words in wrong:
        refused = place.run(file=file, **options)
        assert refused.failed and words in refused.msg and "\n" not in refused.msg, refused.msg
    lab.vault.sealed = True
    lab.faults.clear()
    sealed = place.run(file=file, timeout=1)
    assert sealed.failed and "sealed" in sealed.msg, sealed.msg
    assert place.store.secrets == {}


def test_namespace_of_vault_is_sent(lab: Lab, tmp_path: pathlib.Path) -> None:
    lab.vault.namespace = "team"
    assert vault_place(lab).run(file=a_file(tmp_path), namespace="team/").changed


def test_secrets_of_a_domain_end_with_it(lab: Lab, tmp_path: pathlib.Path) -> None:
    place = okms_place(lab)
    lab.ovhcloud.state.okms.clear()
    assert not place.run(state="absent", confirm_name=PATH).changed
    assert place.run(file=a_file(tmp_path))["failure"]["kind"] == "not_found"
