# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules recovery_dossier and recovery_dossier_info: the entries of several vCenters in one file."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.shared_files import change_record
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.harness import (
    COLLECTION,
    ModuleResult,
    run_module,
)

A = {"vcenter": "vc.example", "vcenter_id": "uuid-a"}
B = {"vcenter": "vc.example", "vcenter_id": "uuid-b"}
NATIVE: dict[str, t.Any] = {
    "type": "native",
    "role": "native_key_provider",
    "default": True,
    "key_id": "k",
    "backup": {"path": "/b.p12", "sha256": "AB", "created_at": "2026-09-01T08:00:00Z"},
    "variables": {"native_key_provider_backup_path": "/b.p12", "native_key_provider_tpm_required": "no"},
}


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "dossier.json"


def write(
    path: pathlib.Path, vcenter: dict[str, str] | None = None, check: bool = False, **options: t.Any
) -> ModuleResult:
    given = {"provider": "nkp", "entry": NATIVE, **(vcenter or A), **options}
    return run_module("recovery_dossier", check=check, path=str(path), **given)


def read(path: pathlib.Path, vcenter: dict[str, str] | None = None, **options: t.Any) -> ModuleResult:
    given: dict[str, t.Any] = {**(vcenter or A), **options}
    return run_module("recovery_dossier_info", path=str(path), **given)


def plain(result: ModuleResult) -> dict[str, t.Any]:
    return {**result["recovery_dossier"], "updated_at": None}


@pytest.mark.oldest("recovery_dossier", "life")
@pytest.mark.oldest("recovery_dossier_info", "life")
def test_entry_is_created_replaced_and_retired(path: pathlib.Path) -> None:
    for options in ({}, {"entry": {**NATIVE, "key_id": "new"}}, {"entry": {}, "retire": True}):
        before = path.read_text() if path.exists() else None
        planned = write(path, check=True, **options)
        assert planned.changed and (path.read_text() if path.exists() else None) == before
        done = write(path, **options)
        assert done.changed and plain(done) == plain(planned) and done.diff == planned.diff
        assert path.stat().st_mode & 0o777 == 0o600
        seen = path.read_bytes(), path.stat().st_mtime_ns
        again = write(path, **options)
        assert not again.changed and again["recovery_dossier"] == done["recovery_dossier"]
        assert (path.read_bytes(), path.stat().st_mtime_ns) == seen
    found = read(path)
    assert (found["source"], found["providers"]) == ("vc.example (instance UUID uuid-a)", {})
    assert found["retired"]["nkp"]["key_id"] == "new"


def test_entries_of_two_vcenters_stay_apart(path: pathlib.Path) -> None:
    write(path)
    write(path, B, entry={**NATIVE, "key_id": "of B"})
    assert read(path)["providers"]["nkp"]["key_id"] == "k"
    assert read(path, B)["providers"]["nkp"]["key_id"] == "of B"
    write(path, B, entry={}, retire=True)
    assert read(path)["providers"]["nkp"] == NATIVE
    nobody = read(path, {"vcenter": "elsewhere", "vcenter_id": "uuid-c"})
    assert (nobody["source"], nobody["providers"], nobody["retired"]) == ("", {}, {})


def test_change_of_another_run_meanwhile_is_kept(path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other run writes after this one has read the file, and before it takes the lock."""
    place = f"{COLLECTION}.plugins.modules.recovery_dossier.change_record"

    def late(*arguments: t.Any) -> None:
        monkeypatch.setattr(place, change_record)
        assert write(path, B, entry={**NATIVE, "key_id": "of B"}).changed
        change_record(*arguments)

    monkeypatch.setattr(place, late)
    assert write(path).changed
    assert read(path)["providers"]["nkp"]["key_id"] == "k"
    assert read(path, B)["providers"]["nkp"]["key_id"] == "of B"


@pytest.mark.oldest("recovery_dossier", "refusal")
@pytest.mark.oldest("recovery_dossier_info", "refusal")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "it is not JSON (line 1)"),
        ('{"format": 9, "providers": {}}', "its format is unknown, expected 2"),
        ('{"format": 1, "vcenter": ["{{ 1 }}"], "providers": {}}', "name is not a text of one line"),
    ],
)
def test_a_file_of_another_shape_is_refused_and_kept(path: pathlib.Path, text: str, words: str) -> None:
    path.write_text(text)
    for result in (write(path), read(path)):
        assert result.failed and f"cannot use the recovery dossier {path}: " in result.msg and words in result.msg
        assert "\n" not in result.msg
    assert path.read_text() == text


def test_bad_options_are_refused_and_nothing_is_made(path: pathlib.Path) -> None:
    secret = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"
    for options, words in (
        ({"entry": {"x": secret}}, "the entry of nkp contains a private key"),
        ({"vcenter": {"vcenter": " "}}, "vcenter and provider must not be empty"),
        ({"provider": ""}, "vcenter and provider must not be empty"),
    ):
        result = write(path, **options)
        assert result.failed and words in result.msg and "MIIB" not in result.output, words
    assert not path.exists()
    missing = read(path)
    assert missing.failed and "cannot read" in missing.msg


def test_rebuild_takes_this_or_the_named_vcenters_entries(path: pathlib.Path) -> None:
    write(path)
    write(path, B, provider="other", entry={**NATIVE, "key_id": "of B"})
    assert list(read(path, rebuild=True)["providers"]) == ["nkp"]
    anew = {"vcenter": "vc.example", "vcenter_id": "uuid-c"}
    refused = read(path, anew, rebuild=True)
    assert (
        "it names nothing for vc.example (instance UUID uuid-c), but for vc.example (instance UUID uuid-a), "
        in refused.msg
    )
    assert refused.msg.endswith("give its instance UUID or address (source=UUID)"), refused.msg
    assert list(read(path, anew, rebuild=True, source="UUID-B")["providers"]) == ["other"]
    for source, words in (("vc.example", "it names 2 vCenters vc.example"), ("nobody", "it names no vCenter nobody")):
        assert words in read(path, anew, rebuild=True, source=source).msg
    assert "it names no key provider x, other of" in read(path, rebuild=True, providers=["x", "other"]).msg


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"backup": None}, "backup is missing"),
        ({"backup": {"path": "/b.p12"}}, "backup.sha256 is missing"),
        ({"backup": {"path": ["/b.p12"], "sha256": ""}}, "backup.path is not a text of one line"),
        ({"variables": {}}, "variables.native_key_provider_backup_path is missing"),
        ({"variables": {"native_key_provider_backup_path": "a\nb"}}, "native_key_provider_backup_path is not a text"),
        ({"variables": {**NATIVE["variables"], "native_key_provider_backup_copies": [1]}}, "copies 1 is not an object"),
        ({"default": "x"}, "default is not true or false"),
        ({"type": "../x"}, "of a kind that the role recovery does not know: nkp; nothing was changed"),
        ({"role": ["okms"]}, "of a kind that the role recovery does not know: nkp; nothing was changed"),
        ({"type": "standard", "role": "okms", "servers": []}, "okms is missing"),
        ({"type": "standard", "role": "okms", "servers": [], "okms": {"id": "i"}}, "variables.okms_private_cloud is"),
    ],
)
def test_an_entry_of_another_shape_is_not_rebuilt(path: pathlib.Path, entry: dict[str, t.Any], words: str) -> None:
    made = {"id": "uuid-a", "name": "vc.example", "providers": {"nkp": {**NATIVE, **entry}}, "retired": {}}
    path.write_text(json.dumps({"format": 2, "vcenters": [made]}))
    result = read(path, rebuild=True)
    assert result.failed and words in result.msg and "\n" not in result.msg


def test_provider_without_a_server_is_not_rebuilt(path: pathlib.Path) -> None:
    variables = {"okms_private_cloud": "p", "okms_id": "i"}
    entry = {"type": "standard", "role": "okms", "servers": [], "okms": {"id": "i"}, "variables": variables}
    write(path, entry=entry)
    assert "servers is not a list with something in it" in read(path, rebuild=True).msg
