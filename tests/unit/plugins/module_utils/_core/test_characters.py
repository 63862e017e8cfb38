# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters that options may and may not hold."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.characters import check_characters
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError

BAD = ["\x00", "\x01", "\x08", "\x0b", "\x0c", "\x0e", "\x1b", "\x1f", "\ud800", "\udfff", "\ufffe", "\uffff"]


@pytest.mark.parametrize("value", ["", "a\tb\r\nc", "Schlüssel €", "\x7f", "\u2028", "\U0001f511", None, 1, True, 1.5])
def test_what_texts_hold_passes(value: t.Any) -> None:
    check_characters({"a": value, "b": [value], "c": [{"d": value}], "e": {"f": {"g": value}}})


@pytest.mark.parametrize("mark", BAD)
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda value: {"a": value}, "a"),
        (lambda value: {"a": ["x", value]}, "a"),
        (lambda value: {"servers": [{"address": value}]}, "servers.address"),
        (lambda value: {"a": {value: 1}}, "a"),
    ],
)
def test_other_character_is_named_with_its_option(make: t.Callable[[str], t.Any], name: str, mark: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_characters(make(f"Secret{mark}value"))
    number = f"U+{ord(mark):04X}"
    assert caught.value.message == f"{name} contains an invalid character ({number}): give {name} again without it"
