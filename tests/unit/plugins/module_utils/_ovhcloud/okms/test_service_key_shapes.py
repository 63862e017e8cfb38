# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service keys: pure parts."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    GuardError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.service_keys import (
    SERVICE_KEY_FIELDS,
    check_deletion,
    generated,
    key_state,
    target_state,
)

RAW = {
    "id": "9a4c1f6e-2b3d-4c5e-8f70-112233445566",
    "name": "app-data",
    "type": "oct",
    "size": 256,
    "curve": None,
    "operations": ["encrypt", "decrypt"],
    "state": "ACTIVE",
    "createdAt": "2026-09-01T08:10:00.123456+02:00",
    "keys": [{"kty": "oct", "k": "material-that-the-api-should-never-send"}],
    "keysPEM": None,
}
OFFERS = [
    {
        "type": "oct",
        "default": True,
        "sizes": [{"value": 256, "default": True}, {"value": 128, "default": False}],
        "curves": [],
        "operations": [
            {"value": ["encrypt", "decrypt"], "default": True},
            {"value": ["wrapKey", "unwrapKey"], "default": False},
        ],
    },
    {
        "type": "EC",
        "default": False,
        "sizes": [],
        "curves": [{"value": "P-256", "default": True}],
        "operations": [{"value": ["sign", "verify"], "default": True}],
    },
]
OPEN: dict[str, t.Any] = dict.fromkeys(("type", "size", "curve", "operations"))


def test_the_shape_holds_no_material() -> None:
    state = key_state(RAW)
    assert set(state) == set(SERVICE_KEY_FIELDS)
    assert state["created_at"] == "2026-09-01T06:10:00Z"
    assert state["operations"] == ["decrypt", "encrypt"]
    assert "material" not in str(state)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"type": "oct", "size": 256, "operations": ["decrypt", "encrypt"]}),
        ({"type": "EC"}, {"type": "EC", "curve": "P-256", "operations": ["sign", "verify"]}),
        (
            {"size": 128, "operations": ["wrapKey", "unwrapKey"]},
            {"type": "oct", "size": 128, "operations": ["unwrapKey", "wrapKey"]},
        ),
    ],
)
def test_what_the_region_offers_fills_the_gaps(options: dict[str, t.Any], expected: dict[str, t.Any]) -> None:
    assert generated({**OPEN, **options}, OFFERS) == expected


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"type": "RSA"}, "keys of type EC, oct, not RSA"),
        ({"size": 192}, "can be 256, 128, not 192"),
        ({"type": "EC", "size": 256}, "cannot be chosen"),
        ({"operations": ["sign", "verify"]}, "decrypt, encrypt, unwrapKey, wrapKey, not sign, verify"),
    ],
)
def test_what_the_region_does_not_offer(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        generated({**OPEN, **options}, OFFERS)


@pytest.mark.parametrize(
    ("current", "state", "reason", "expected"),
    [
        ("PRE_ACTIVE", "present", None, "PRE_ACTIVE"),
        ("COMPROMISED", "present", None, "COMPROMISED"),
        ("PRE_ACTIVE", "active", None, "ACTIVE"),
        ("DEACTIVATED", "active", None, "ACTIVE"),
        ("ACTIVE", "deactivated", None, "DEACTIVATED"),
        ("ACTIVE", "deactivated", "key_compromise", "COMPROMISED"),
        ("DEACTIVATED", "deactivated", "ca_compromise", "COMPROMISED"),
        ("COMPROMISED", "deactivated", "superseded", "COMPROMISED"),
    ],
)
def test_the_state_that_is_meant(current: str, state: str, reason: str | None, expected: str) -> None:
    assert target_state({"state": current}, {"state": state, "deactivation_reason": reason}) == expected


def test_only_what_is_out_of_use_may_go() -> None:
    for state in ("DEACTIVATED", "COMPROMISED"):
        check_deletion({"id": "1", "name": "a", "state": state}, "a")
    for state, name in (("ACTIVE", "a"), ("PRE_ACTIVE", "a"), ("DEACTIVATED", "b"), ("DEACTIVATED", "")):
        with pytest.raises(GuardError):
            check_deletion({"id": "1", "name": "a", "state": state}, name)
