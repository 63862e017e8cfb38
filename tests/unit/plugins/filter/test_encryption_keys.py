# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Table for the filter encryption_keys."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ovhcloud.vmware_encryption.plugins.filter.encryption_keys import FilterModule

encryption_keys = FilterModule().filters()["encryption_keys"]
CLEAR = {"encrypted": False, "provider": None, "key_id": None}


def part(provider: str, key_id: str) -> dict[str, t.Any]:
    return {"encrypted": True, "provider": provider, "key_id": key_id}


MACHINES = [
    {"name": "a", "home": part("okms", "k2"), "disks": [part("okms", "k2"), part("nkp", "k1"), CLEAR]},
    {"name": "b", "home": CLEAR, "disks": []},
    {"name": "c", "home": None, "disks": []},
]
VSAN = [{"cluster": "C0", "provider": "okms", "key_id": "k3"}, {"cluster": "C1", "provider": None, "key_id": None}]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["k1", "k2"]),
        ({"provider": "okms"}, ["k2"]),
        ({"provider": "other"}, []),
        ({"vsan_clusters": VSAN}, ["k1", "k2", "k3"]),
        ({"vsan_clusters": VSAN, "provider": "nkp"}, ["k1"]),
    ],
)
def test_keys_in_use(options: dict[str, t.Any], expected: list[str]) -> None:
    assert encryption_keys(MACHINES, **options) == expected


@pytest.mark.parametrize("wrong", [[{"name": "a"}], ["text"], None])
def test_what_is_no_machine_is_refused(wrong: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="no virtual machines"):
        encryption_keys(wrong)
