# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file as the data of a secret, and back."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ConflictError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.content import content_of, data_of

FILE = b"\x00\xff backup"


def test_file_comes_back_as_it_was() -> None:
    assert content_of(data_of(FILE, 65536, "nkp.p12"), "the secret") == FILE


@pytest.mark.parametrize(("size", "fits"), [(49000, True), (49200, False)])
def test_limit_counts_what_the_secret_holds(size: int, fits: bool) -> None:
    if fits:
        assert data_of(b"x" * size, 65536, "nkp.p12")
        return
    with pytest.raises(InvalidInputError, match="Nothing was changed"):
        data_of(b"x" * size, 65536, "nkp.p12")


def test_empty_file_is_no_backup() -> None:
    with pytest.raises(InvalidInputError, match=r"nkp\.p12 is empty"):
        data_of(b"", 0, "nkp.p12")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "planted"}, "holds no file of this module"),
        ({"content_base64": "not base64!"}, "is not base64"),
        ({"content_base64": "AAAA"}, "cannot be trusted"),
        ({"sha256": "0" * 64}, "cannot be trusted"),
    ],
)
def test_other_data_is_refused_and_not_shown(change: dict[str, t.Any], said: str) -> None:
    with pytest.raises(ConflictError, match=said) as caught:
        content_of({**data_of(FILE, 0, "nkp.p12"), **change}, "vmware/nkp")
    assert "planted" not in caught.value.message


@pytest.mark.parametrize("data", [None, [], {}, "text"])
def test_secret_without_a_file_is_told(data: t.Any) -> None:
    with pytest.raises(ConflictError, match="holds no file of this module"):
        content_of(data, "vmware/nkp")
