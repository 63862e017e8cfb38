# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dataclass as the keys of a result."""

from __future__ import annotations

import dataclasses

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of


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
