# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths, queries and URLs exactly as they are signed."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    join_url,
    query,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    parse_time,
    utc,
)


@pytest.mark.parametrize(
    ("params", "text"),
    [
        (None, ""),
        ({}, ""),
        ({"publicCA": True, "x": None}, "?publicCA=true"),
        ({"date.from": "2026-01-01T00:00:00Z"}, "?date.from=2026-01-01T00%3A00%3A00Z"),
        ({"resourceType": ["a", "b"]}, "?resourceType=a&resourceType=b"),
        ({"description": "ansible:okms:x y"}, "?description=ansible%3Aokms%3Ax%20y"),
    ],
)
def test_query(params: dict[str, t.Any] | None, text: str) -> None:
    assert query(params) == text


@pytest.mark.parametrize(
    ("base", "call", "url"),
    [
        ("https://a.test/1.0", "/me", "https://a.test/1.0/me"),
        ("https://a.test/1.0", "/v2/okms/resource", "https://a.test/v2/okms/resource"),
        ("https://a.test/v1", "/v2/okms/resource", "https://a.test/v2/okms/resource"),
        ("https://a.test/1.0", "/v1/me", "https://a.test/v1/me"),
        ("https://a.test/proxy/1.0", "/v2/iam/policy", "https://a.test/proxy/v2/iam/policy"),
    ],
)
def test_urls(base: str, call: str, url: str) -> None:
    assert join_url(base, call) == url


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-09-01T10:00:00+02:00", "2026-09-01T08:00:00Z"),
        ("2026-09-01T08:00:00.123456+02:00", "2026-09-01T06:00:00Z"),
        ("2026-09-01T08:00:00.1Z", "2026-09-01T08:00:00Z"),
        ("2026-09-01T08:00:00", "2026-09-01T08:00:00Z"),
        (None, None),
    ],
)
def test_times(text: str | None, expected: str | None) -> None:
    assert utc(text) == expected


def test_a_wrong_time() -> None:
    with pytest.raises(ValueError, match="isoformat"):
        parse_time("soon")
