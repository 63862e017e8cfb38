# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module okms_service_key against the lab: protection level, extractable keys, and the regional API."""

from __future__ import annotations

import base64
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

SYMMETRIC = bytes(range(32))


@pytest.fixture
def okms_id(lab: Lab) -> str:
    """A domain."""
    return lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod").okms_id


@pytest.fixture
def wanted(okms_id: str) -> dict[str, t.Any]:
    """Options of a key."""
    return {"okms_id": okms_id, "name": "billing"}


def writes(lab: Lab, since: int = 0) -> list[str]:
    """Operations that may have changed something."""
    return [entry.operation for entry in lab.journal.writes(since)]


def known(state: dict[str, t.Any]) -> dict[str, t.Any]:
    """The values that a prediction knows."""
    return {key: value for key, value in state.items() if value is not None}


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("level", ["SOFTWARE", "HSM"])
def test_protection_level(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any], level: str, told: bool) -> None:
    lab.ovhcloud.settings.key_tells_protection = told
    options = {**wanted, "protection_level": level}
    foreseen = run_module("okms_service_key", check=True, **options)
    made = run_module("okms_service_key", **options)
    assert made.changed, made.msg
    assert known(foreseen["service_key"]).items() <= made["service_key"].items()
    assert made["service_key"]["protection_level"] == level
    (key,) = lab.ovhcloud.state.okms[wanted["okms_id"]].service_keys.values()
    assert key.protection_level == level
    again = run_module("okms_service_key", **options)
    assert not again.changed
    assert bool(again.warnings) is not told  # what is not told is not compared, and the warning says so
    (listed,) = run_module("okms_service_key_info", okms_id=wanted["okms_id"])["service_keys"]
    assert listed["protection_level"] == (level if told else None)


def test_another_protection_level_is_another_key(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    lab.ovhcloud.settings.key_tells_protection = True
    run_module("okms_service_key", **wanted)
    refused = run_module("okms_service_key", **wanted, protection_level="HSM")
    assert refused.failed
    assert "protection_level is SOFTWARE and not HSM" in refused.msg


def test_a_key_on_hsm_is_not_imported(lab: Lab, run_module: RunModule, wanted: dict[str, t.Any]) -> None:
    material = base64.b64encode(SYMMETRIC).decode()
    refused = run_module("okms_service_key", **wanted, key=material, protection_level="HSM")
    assert refused.failed
    assert "a key in an HSM cannot be imported" in refused.msg
    assert lab.journal.count(system="ovhcloud") == 0
    assert run_module("okms_service_key", **wanted, key=material, protection_level="SOFTWARE").changed


@pytest.fixture
def by_token(lab: Lab, wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    """Options of a key, with a token instead of the application key."""
    keys = ("application_key", "application_secret", "consumer_key")
    return {**wanted, **dict.fromkeys(keys), "access_token": lab.ovhcloud.keys.access_token}


@pytest.mark.parametrize("told", [True, False])
def test_extractable_over_the_regional_api(
    lab: Lab, run_module: RunModule, by_token: dict[str, t.Any], told: bool
) -> None:
    lab.ovhcloud.settings.key_attributes = told
    options = {**by_token, "extractable": True, "protection_level": "HSM"}
    foreseen = run_module("okms_service_key", check=True, **options)
    assert writes(lab) == []
    made = run_module("okms_service_key", **options)
    assert made.changed, made.msg
    assert writes(lab) == ["POST /api/{okmsId}/v1/servicekey"]
    assert known(foreseen["service_key"]).items() <= made["service_key"].items()
    assert (made["service_key"]["extractable"], made["service_key"]["protection_level"]) == (True, "HSM")
    again = run_module("okms_service_key", **options)
    assert not again.changed, again.msg
    assert ("does not tell" in " ".join(again.warnings)) is not told

    mark = lab.journal.mark()
    closed = run_module("okms_service_key", **{**options, "extractable": False})
    assert closed.changed is told
    assert writes(lab, mark) == (["PATCH /api/{okmsId}/v1/servicekey/{keyId}"] if told else [])
    (key,) = lab.ovhcloud.state.okms[by_token["okms_id"]].service_keys.values()
    assert (key.extractable, key.never_extractable) == (not told, False)
    info = {name: value for name, value in by_token.items() if name != "name"}
    (listed,) = run_module("okms_service_key_info", **info, regional_api=True)["service_keys"]
    assert (listed["extractable"], listed["protection_level"]) == (False if told else None, "HSM")


def test_imported_and_activated_over_the_regional_api(
    lab: Lab, run_module: RunModule, by_token: dict[str, t.Any]
) -> None:
    lab.ovhcloud.settings.service_key_state = "PRE_ACTIVE"
    options = {**by_token, "key": base64.b64encode(SYMMETRIC).decode(), "regional_api": True, "state": "active"}
    made = run_module("okms_service_key", **options)
    assert made.changed, made.msg
    assert (made["service_key"]["state"], made["service_key"]["protection_level"]) == ("ACTIVE", "SOFTWARE")
    assert not run_module("okms_service_key", **options).changed


@pytest.mark.parametrize("option", [{"extractable": True}, {"regional_api": True}])
def test_regional_api_takes_no_application_key(
    lab: Lab, run_module: RunModule, wanted: dict[str, t.Any], option: dict[str, t.Any]
) -> None:
    refused = run_module("okms_service_key", **wanted, **option)
    assert refused.failed
    assert "the regional API of OKMS accepts only tokens" in refused.msg
    assert run_module("okms_service_key_info", regional_api=True).failed
    assert lab.journal.count(system="ovhcloud") == 0


def test_refusal_of_the_regional_api_is_told(lab: Lab, run_module: RunModule, by_token: dict[str, t.Any]) -> None:
    lab.faults.add("status", operation="POST /api/*", status=403, times=1)
    refused = run_module("okms_service_key", **by_token, regional_api=True)
    assert refused.failed
    assert "403" in refused.msg
    lab.faults.add("drop_after", operation="POST /api/*", times=1)
    lost = run_module("okms_service_key", **by_token, regional_api=True)
    assert "the next run looks for it before it creates one" in lost.msg
    assert not run_module("okms_service_key", **by_token, regional_api=True).changed
