# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which credential is the wanted one, and what the API would refuse: pure parts."""

from __future__ import annotations

import datetime
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.files import Reserved
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.credentials import (
    CREDENTIAL_FIELDS,
    check_credential_request,
    creation_body,
    credential_state,
    lost_key,
    new_credential,
    select_credential,
    to_revoke,
    usable_others,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.issuing import (
    check_key_path,
    key_in,
    put_key,
)

NOW = datetime.datetime(2026, 9, 1, tzinfo=datetime.timezone.utc)
URN = "urn:v1:eu:identity:user:ab12345-ovh/vcenter"
PARAMS: dict[str, t.Any] = {
    "name": "vcenter",
    "description": None,
    "identity_urns": [URN],
    "csr": "a request",
    "certificate_type": None,
    "validity": 365,
    "renew_before": 30,
    "private_key_path": None,
    "certificate_path": None,
}
STATE = {
    **dict.fromkeys(CREDENTIAL_FIELDS),
    "id": "a",
    "name": "vcenter",
    "identity_urns": [URN],
    "status": "READY",
    "from_csr": True,
    "certificate_type": "ECDSA",
    "expires_at": "2027-09-01T00:00:00Z",
    "days_left": 365,
    "public_key_sha256": "key",
}


def test_state_without_certificate() -> None:
    raw = {
        "id": "a",
        "name": "vcenter",
        "description": None,
        "identityURNs": ["urn:b", "urn:a"],
        "status": "CREATING",
        "fromCSR": True,
        "certificateType": "ECDSA",
        "createdAt": "2026-09-01T08:00:00.123456+02:00",
        "expiredAt": "2026-09-11T01:00:00+02:00",
        "certificatePEM": None,
    }
    state = credential_state(raw, NOW)
    assert set(state) == set(CREDENTIAL_FIELDS)
    assert state["identity_urns"] == ["urn:a", "urn:b"]
    assert (state["created_at"], state["expires_at"]) == ("2026-09-01T06:00:00Z", "2026-09-10T23:00:00Z")
    assert state["days_left"] == 9


@pytest.mark.parametrize(
    ("change", "chosen"),
    [
        ({}, True),
        ({"status": "CREATING", "public_key_sha256": None}, True),
        ({"status": "ERROR"}, False),
        ({"status": "EXPIRED"}, False),
        ({"status": "DELETING"}, False),
        ({"name": "other"}, False),
        ({"identity_urns": [URN, "urn:other"]}, False),
        ({"public_key_sha256": "other"}, False),
        ({"from_csr": False}, False),
        ({"days_left": 31}, True),
        ({"days_left": 30}, False),  # as roles count it
    ],
)
def test_select(change: dict[str, t.Any], chosen: bool) -> None:
    state = {**STATE, **change}
    assert select_credential([state], PARAMS, "key", True) == (state if chosen else None)


def test_select_prefers_ready_and_long() -> None:
    creating = {
        **STATE,
        "id": "b",
        "status": "CREATING",
        "public_key_sha256": None,
        "expires_at": "2028-01-01T00:00:00Z",
    }
    longer = {**STATE, "id": "c", "expires_at": "2027-10-01T00:00:00Z"}
    assert select_credential([creating, STATE, longer], PARAMS, "key", True) is longer
    assert select_credential([STATE], PARAMS, None, True) is None
    assert select_credential([STATE], {**PARAMS, "certificate_type": "RSA"}, "key", True) is None


def test_others() -> None:
    made_there = {**STATE, "id": "b", "from_csr": False}
    states = [STATE, made_there, {**STATE, "id": "c", "status": "EXPIRED"}, {**STATE, "id": "d", "name": "x"}]
    assert usable_others(states, "vcenter", "a") == ["b"]
    assert usable_others(states, "vcenter", None) == ["a", "b"]
    assert lost_key(states, "vcenter") == ["b"]


def test_to_revoke() -> None:
    leaving = {**STATE, "id": "b", "status": "DELETING"}
    assert to_revoke([], "vcenter") is None
    assert to_revoke([STATE, leaving], "vcenter") is STATE
    with pytest.raises(AmbiguousError, match="365 days left"):
        to_revoke([STATE, {**STATE, "id": "c"}], "vcenter")


def test_request_is_checked() -> None:
    check_credential_request(PARAMS)
    with pytest.raises(InvalidInputError) as caught:
        check_credential_request({**PARAMS, "name": "", "validity": 0, "identity_urns": ["x"], "renew_before": -1})
    check_credential_request({**PARAMS, "validity": 32})
    with pytest.raises(InvalidInputError, match=r"validity \(31\) must be at least two days more than renew_before"):
        check_credential_request({**PARAMS, "validity": 31})
    for text in ("name", "validity", "'x' in identity_urns", "renew_before"):
        assert text in caught.value.message


def test_body() -> None:
    assert creation_body(PARAMS, "PEM") == {"name": "vcenter", "identityURNs": [URN], "validity": 365, "csr": "PEM"}
    made_there = {**PARAMS, "csr": None, "certificate_type": "RSA", "identity_urns": [URN, URN]}
    assert creation_body(made_there, None)["certificateType"] == "RSA"
    assert creation_body(made_there, None)["identityURNs"] == [URN]


def test_prediction() -> None:
    assert new_credential(PARAMS, "key")["certificate_type"] is None
    made_there = new_credential({**PARAMS, "csr": None, "private_key_path": "/k"}, "old key")
    assert (made_there["certificate_type"], made_there["public_key_sha256"]) == ("ECDSA", None)
    assert set(made_there) <= set(CREDENTIAL_FIELDS)


def test_key_files(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "key"
    assert key_in(str(path)) is None
    check_key_path(str(path))
    path.write_text("not a key, but very secret")
    with pytest.raises(InvalidInputError) as caught:
        key_in(str(path))
    assert "very secret" not in caught.value.message
    new = Reserved(str(path))
    new.fill("another")
    put_key(new)
    assert (path.read_text(), (tmp_path / "key.previous").read_text()) == ("another", "not a key, but very secret")
    with pytest.raises(InvalidInputError, match="in an existing folder"):
        check_key_path(str(tmp_path / "nowhere" / "key"))
