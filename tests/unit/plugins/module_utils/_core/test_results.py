# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dataclass as the keys of a result."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import (
    FORMER,
    as_result,
    fields_of,
    with_former_names,
    with_new_names,
)


@dataclasses.dataclass(frozen=True)
class Base:
    """Two keys."""

    name: str
    disks: list[str]


@dataclasses.dataclass(frozen=True)
class More(Base):
    """One more."""

    task: int | None = None


def test_fields_come_in_their_order_those_of_the_base_first() -> None:
    assert fields_of(Base) == ("name", "disks")
    assert fields_of(More) == fields_of(More("a", [])) == ("name", "disks", "task")


def test_record_becomes_its_keys_and_values_are_not_copied() -> None:
    disks = ["Hard disk 1"]
    result = as_result(More("a", disks))
    assert result == {"name": "a", "disks": disks, "task": None}
    assert result["disks"] is disks


@pytest.mark.parametrize(
    ("record", "former"),
    [
        ({"encryption_state": "unencrypted"}, {"state": "clear"}),
        ({"encryption_state": "encrypted"}, {"state": "encrypted"}),
        ({"encryption_state": None}, {"state": None}),
        ({"infrastructure_kind": "control_node", "name": "vm1"}, {"infrastructure": "controller"}),
        ({"unencrypted_parts": ["home"]}, {"clear_parts": ["home"]}),
        ({"allow_filters_before_encryption": False}, {"allow_cleartext_filters": False}),
        ({"name": "clear"}, {}),
    ],
)
def test_renamed_key_is_returned_under_both_names(record: dict[str, t.Any], former: dict[str, t.Any]) -> None:
    assert with_former_names(record) == {**record, **former}
    assert with_new_names({**record, **former}) == {**record, **former}


def test_kept_record_with_former_names_gets_the_new_ones() -> None:
    kept = {"kind": "left_out", "state": "clear", "infrastructure": None, "home": {"state": "clear"}}
    added = {"category": "excluded", "encryption_state": "unencrypted", "infrastructure_kind": None}
    assert with_new_names(kept) == {**kept, **added}


def test_former_names_never_hide_a_new_one() -> None:
    assert not {former.name for former in FORMER.values()} & FORMER.keys()
    assert len({former.name for former in FORMER.values()}) == len(FORMER)
