# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module okms_credential_info against the lab."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.test_okms_credential import (
    DAY,
    URN,
    make_csr,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab


@pytest.fixture
def okms_id(lab: Lab) -> str:
    """A domain."""
    return lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod").okms_id


@pytest.fixture
def wanted(okms_id: str) -> dict[str, t.Any]:
    """Options of a credential that is still without request or key file."""
    return {"okms_id": okms_id, "name": "vcenter", "identity_urns": [URN], "wait_interval": 0.01, "wait_timeout": 60}


@pytest.mark.oldest("okms_credential_info", "life")
def test_the_information_module(lab: Lab, run_module: RunModule, okms_id: str, wanted: dict[str, t.Any]) -> None:
    assert run_module("okms_credential_info")["credentials"] == []
    made = [run_module("okms_credential", **{**wanted, "name": f"c{number}"}, csr=make_csr()) for number in range(4)]
    ids = [result["credential"]["id"] for result in made]
    listed = run_module("okms_credential_info", okms_id=okms_id)["credentials"]
    assert [state["id"] for state in listed] == ids
    assert all(state["certificate"] and state["okms_id"] == okms_id for state in listed)
    assert len(run_module("okms_credential_info")["credentials"]) == 4
    assert [state["id"] for state in run_module("okms_credential_info", name="c2")["credentials"]] == [ids[2]]
    assert [state["id"] for state in run_module("okms_credential_info", credential_id=ids[3])["credentials"]] == [
        ids[3]
    ]
    assert run_module("okms_credential_info", within_days=120)["credentials"] == []
    lab.clock.advance(300 * DAY)
    assert len(run_module("okms_credential_info", within_days=120)["credentials"]) == 4
    assert run_module("okms_credential_info", okms_id="7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31")["credentials"] == []
    assert "PRIVATE KEY" not in json.dumps(listed)
