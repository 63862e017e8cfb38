# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables for the words that messages share."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import GuardError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import (
    confirmed,
    listing,
    plural,
    readable_size,
)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (5 << 30, "5.0 GiB"),
        (1 << 40, "1.0 TiB"),
        (3 << 60, "3072.0 PiB"),
    ],
)
def test_sizes(size: int, words: str) -> None:
    assert readable_size(size) == words


@pytest.mark.parametrize(
    ("items", "words"), [([], ""), (["a"], "a"), (["a", "b"], "a, b"), (["a", "b", "c", "d"], "a, b and 2 more")]
)
def test_listings(items: list[str], words: str) -> None:
    assert listing(items, 2) == words


@pytest.mark.parametrize(("count", "words"), [(0, "0 VMs"), (1, "1 VM"), (2, "2 VMs")])
def test_number_decides_between_one_and_many(count: int, words: str) -> None:
    assert plural(count, "VM") == words
    assert plural(count, "VM", "VMs") == words


@pytest.mark.parametrize(("typed", "expected"), [("kms", True), ("", False), (None, False)])
def test_right_name_confirms_and_no_name_does_not(typed: str | None, expected: bool) -> None:
    assert confirmed("kms", typed, "the key provider") is expected


@pytest.mark.parametrize("typed", ["KMS", " kms", "kms ", "km"])
def test_another_name_is_refused(typed: str) -> None:
    with pytest.raises(GuardError, match=f"confirm_name is {typed}, but the name of the key provider is kms; nothing"):
        confirmed("kms", typed, "the key provider")
