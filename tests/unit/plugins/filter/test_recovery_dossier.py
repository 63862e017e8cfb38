# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table for the filter recovery_dossier."""

from __future__ import annotations

import datetime
import json

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.recovery_dossier import FilterModule

recovery_dossier = FilterModule().filters()["recovery_dossier"]
DAY_1 = datetime.datetime(2026, 9, 1, 8, tzinfo=datetime.timezone.utc)
DAY_2 = DAY_1 + datetime.timedelta(days=1)


def test_first_entry_makes_a_dossier() -> None:
    made = json.loads(recovery_dossier("", "a", {"role": "okms"}, "vc.example", DAY_1))
    assert made == {
        "format": 1,
        "vcenter": "vc.example",
        "updated_at": "2026-09-01T08:00:00Z",
        "providers": {"a": {"role": "okms"}},
    }


def test_the_same_again_leaves_the_text_as_it_is() -> None:
    text = recovery_dossier("", "a", {"role": "okms"}, "vc.example", DAY_1)
    assert recovery_dossier(text, "a", {"role": "okms"}, "vc.example", DAY_2) == text


def test_another_provider_joins_and_a_changed_one_replaces() -> None:
    text = recovery_dossier("", "b", {"role": "okms"}, "vc.example", DAY_1)
    text = recovery_dossier(text, "a", {"role": "external_kms"}, "", DAY_2)
    text = recovery_dossier(text, "b", {"role": "okms", "default": True}, "", DAY_2)
    made = json.loads(text)
    assert made["providers"] == {
        "a": {"role": "external_kms", "default": False},
        "b": {"role": "okms", "default": True},
    }
    assert (made["vcenter"], made["updated_at"]) == ("vc.example", "2026-09-02T08:00:00Z")


def test_there_is_one_default() -> None:
    text = recovery_dossier("", "a", {"role": "okms", "default": True}, "vc.example", DAY_1)
    made = json.loads(recovery_dossier(text, "b", {"role": "native_key_provider", "default": True}, "", DAY_2))
    assert {name: entry["default"] for name, entry in made["providers"].items()} == {"a": False, "b": True}


def test_a_retired_entry_is_kept_apart_once_until_a_new_one_comes() -> None:
    text = recovery_dossier("", "a", {"role": "okms", "default": True}, "vc.example", DAY_1)
    retired = recovery_dossier(text, "a", {}, "", DAY_2, retire=True)
    made = json.loads(retired)
    assert made["providers"] == {}
    assert made["retired"] == {"a": {"role": "okms", "default": False, "retired_at": "2026-09-02T08:00:00Z"}}
    assert recovery_dossier(retired, "a", {}, "", retire=True) == retired
    assert recovery_dossier(text, "b", {}, "", retire=True) == text
    again = json.loads(recovery_dossier(retired, "a", {"role": "okms"}, "", DAY_2))
    assert (again["providers"], again["retired"]) == ({"a": {"role": "okms"}}, {})


def test_an_empty_entry_takes_the_provider_out() -> None:
    text = recovery_dossier("", "a", {"role": "okms"}, "vc.example", DAY_1)
    assert json.loads(recovery_dossier(text, "a", {}, "", DAY_2))["providers"] == {}


@pytest.mark.parametrize(
    ("text", "entry", "words"),
    [
        ("not json", {}, "not JSON"),
        ("[]", {}, "not a dossier"),
        ('{"providers": {}, "format": 7}', {}, "format 7 is unknown"),
        ("", {"key": "-----BEGIN PRIVATE KEY-----"}, "holds a private key"),
    ],
)
def test_what_it_refuses(text: str, entry: dict[str, str], words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        recovery_dossier(text, "a", entry)
