# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dossier of several vCenters: whose entry a change touches, and what becomes of files of format 1."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.dossier import (
    DossierChange,
    changed_dossier,
    dumped_dossier,
    entries,
    loaded_dossier,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.shapes import ShapeError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.vcenters import VCenter

A, B = VCenter("uuid-a", "vc.example"), VCenter("uuid-b", "vc.example")  # two of one address, as through a tunnel
DAY_1, DAY_2 = "2026-09-01T08:00:00Z", "2026-09-02T08:00:00Z"


def after(text: str, vcenter: VCenter, name: str, entry: dict[str, t.Any], now: str = DAY_1, **more: t.Any) -> str:
    return dumped_dossier(changed_dossier(loaded_dossier(text), vcenter, DossierChange(name, entry, **more), now))


def old(vcenter: str = "", **providers: t.Any) -> str:
    return json.dumps({"format": 1, "vcenter": vcenter, "providers": providers, "updated_at": DAY_1})


def sections(text: str) -> list[tuple[str, str, dict[str, t.Any]]]:
    return [(one["id"], one["name"], one["providers"]) for one in json.loads(text)["vcenters"]]


def test_first_entry_makes_a_dossier() -> None:
    assert json.loads(after("", A, "nkp", {"role": "native_key_provider"})) == {
        "format": 2,
        "updated_at": DAY_1,
        "vcenters": [
            {"id": "uuid-a", "name": "vc.example", "providers": {"nkp": {"role": "native_key_provider"}}, "retired": {}}
        ],
    }


def test_another_vcenter_of_the_same_address_has_its_own_entry() -> None:
    text = after("", A, "nkp", {"key_id": "a", "default": True})
    both = after(text, B, "nkp", {"key_id": "b", "default": True}, DAY_2)
    assert entries(loaded_dossier(both), A)["providers"] == {"nkp": {"key_id": "a", "default": True}}
    assert entries(loaded_dossier(both), B)["providers"] == {"nkp": {"key_id": "b", "default": True}}
    gone = after(both, B, "nkp", {}, retire=True)
    assert entries(loaded_dossier(gone), A) == entries(loaded_dossier(both), A)
    assert entries(loaded_dossier(gone), B)["retired"]["nkp"]["key_id"] == "b"


def test_run_without_logs_or_policy_forgets_neither() -> None:
    made = {"id": "okms-1", "policy": "kmip", "log_stream_id": "s", "log_kinds": ["kmip"]}
    text = after("", A, "one", {"okms": made})
    silent = {"id": "okms-1", "policy": "", "log_stream_id": "", "log_kinds": []}

    def okms(entry: dict[str, t.Any]) -> dict[str, t.Any]:
        found = entries(loaded_dossier(after(text, A, "one", entry, DAY_2)), A)["providers"]["one"]
        return t.cast("dict[str, t.Any]", found["okms"])

    assert okms({"okms": silent}) == made
    assert okms({"okms": {**silent, "log_stream_id": "new"}}) == {**made, "log_stream_id": "new", "log_kinds": []}
    assert okms({"okms": {**silent, "id": "okms-2"}}) == {**silent, "id": "okms-2"}, "of another domain"
    assert json.loads(after(text, A, "one", {"okms": silent}))["updated_at"] == DAY_1


@pytest.mark.parametrize(
    ("okms", "now", "expected"),
    [("okms-1", [], ["urn:x"]), ("okms-1", ["urn:y"], ["urn:y"]), ("okms-2", [], [])],
)
def test_run_without_identities_forgets_none(okms: str, now: list[str], expected: list[str]) -> None:
    text = after("", A, "one", {"okms": {"id": "okms-1"}, "variables": {"okms_identity_urns": ["urn:x"]}})
    entry = {"okms": {"id": okms}, "variables": {"okms_identity_urns": now, "okms_server": "rbx"}}
    found = entries(loaded_dossier(after(text, A, "one", entry, DAY_2)), A)["providers"]["one"]
    assert found["variables"] == {"okms_identity_urns": expected, "okms_server": "rbx"}


def test_one_default_in_each_vcenter() -> None:
    text = after("", A, "one", {"default": True})
    text = after(text, A, "two", {"default": True})
    found = entries(loaded_dossier(text), A)["providers"]
    assert {name: entry["default"] for name, entry in found.items()} == {"one": False, "two": True}


def test_retired_entry_is_kept_until_a_new_one_comes() -> None:
    text = after("", A, "a", {"role": "okms", "default": True})
    retired = after(text, A, "a", {}, DAY_2, retire=True)
    kept = {"a": {"role": "okms", "default": False, "retired_at": DAY_2}}
    assert entries(loaded_dossier(retired), A) == {"providers": {}, "retired": kept}
    assert entries(loaded_dossier(after(text, A, "b", {}, retire=True)), A)["retired"] == {}
    again = entries(loaded_dossier(after(retired, A, "a", {"role": "okms"})), A)
    assert again == {"providers": {"a": {"role": "okms"}}, "retired": {}}
    assert json.loads(after(text, A, "a", {}))["vcenters"] == []


def test_named_section_of_format_1_gets_the_instance_uuid() -> None:
    text = after(old("VC.example.", nkp={"key_id": "k"}, other={"role": "okms"}), A, "nkp", {"key_id": "new"}, DAY_2)
    assert sections(text) == [("uuid-a", "vc.example", {"nkp": {"key_id": "new"}, "other": {"role": "okms"}})]


def test_section_of_another_name_in_format_1_is_kept() -> None:
    text = after(old("vc-a.example", nkp={"key_id": "a"}), B, "nkp", {"key_id": "b"})
    assert sections(text) == [
        ("", "vc-a.example", {"nkp": {"key_id": "a"}}),
        ("uuid-b", "vc.example", {"nkp": {"key_id": "b"}}),
    ]


@pytest.mark.parametrize(
    "entry",
    [
        {"key_id": "k"},
        {"client_certificate": {"sha256": "AB"}},
        {"key_ids": ["x", "y"]},
    ],
)
def test_entry_without_a_vcenter_moves_with_the_same_keys(entry: dict[str, t.Any]) -> None:
    """Native providers stood in format 1 without their vCenter."""
    text = old(nkp=entry, other={"key_id": "o"})
    assert sections(after(text, A, "nkp", {**entry, "more": 1})) == [
        ("", "", {"other": {"key_id": "o"}}),
        ("uuid-a", "vc.example", {"nkp": {**entry, "more": 1}}),
    ]


def test_entry_without_a_vcenter_stays_beside_other_keys() -> None:
    text = after(old(nkp={"key_id": "k"}), B, "nkp", {"key_id": "b", "key_ids": ["z"]})
    assert sections(text)[0] == ("", "", {"nkp": {"key_id": "k"}})
    assert entries(loaded_dossier(text), B)["providers"]["nkp"]["key_id"] == "b"
    assert entries(loaded_dossier(text), A)["providers"]["nkp"]["key_id"] == "k"


def test_entry_without_a_vcenter_is_retired_by_its_key_only() -> None:
    text = old(nkp={"key_id": "k"})
    gone = entries(loaded_dossier(after(text, A, "nkp", {}, retire=True, key_id="k")), A)
    assert gone["providers"] == {} and gone["retired"]["nkp"]["key_id"] == "k"
    other = loaded_dossier(after(text, B, "nkp", {}, retire=True, key_id="b"))
    assert entries(other, A)["providers"] == {"nkp": {"key_id": "k"}}


def test_vcenter_without_an_instance_uuid_goes_by_its_name() -> None:
    unknown = VCenter("", "vc.example")
    text = after("", unknown, "nkp", {"key_id": "1"})
    assert sections(after(text, unknown, "nkp", {"key_id": "2"})) == [("", "vc.example", {"nkp": {"key_id": "2"}})]
    text = after(after("", A, "nkp", {"key_id": "a"}), unknown, "nkp", {"key_id": "2"})
    assert sections(text) == [("uuid-a", "vc.example", {"nkp": {"key_id": "2"}})]
    both = after(after("", A, "nkp", {"key_id": "a"}), B, "nkp", {"key_id": "b"})
    assert ("", "vc.example", {"nkp": {"key_id": "2"}}) in sections(after(both, unknown, "nkp", {"key_id": "2"}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json {", r"not JSON \(line 1\)"),
        ("[]", "not a JSON object"),
        ("[" * 200000, "nested too deeply|not JSON"),
        ("{}", "not a dossier of this collection"),
        ('{"format": 7, "providers": {}}', "format is unknown, expected 2"),
        ('{"format": 1, "providers": []}', "providers is not an object"),
        ('{"format": 1, "vcenter": 5, "providers": {}}', "name is not a text"),
        ('{"format": 2, "vcenters": {}}', "vcenters is not a list"),
        ('{"format": 2, "vcenters": [5]}', "vCenter 1 is not an object"),
        ('{"format": 2, "vcenters": [{"id": "a\\nb"}]}', "vCenter 1.id is not a text of one line"),
        ('{"format": 2, "vcenters": [{"name": "v", "retired": 1}]}', "vCenter v.retired is not an object"),
        ('{"format": 2, "vcenters": [], "updated_at": "today"}', "updated_at is not a time"),
    ],
)
def test_a_text_of_another_shape_is_refused_on_one_line(text: str, words: str) -> None:
    with pytest.raises(ShapeError, match=words) as caught:
        loaded_dossier(text)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


def test_a_private_key_is_refused() -> None:
    with pytest.raises(ShapeError, match="contains a private key"):
        after("", A, "x", {"a": ["-----BEGIN PRIVATE KEY-----"]})
