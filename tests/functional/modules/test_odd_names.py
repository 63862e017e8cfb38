# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and ids with white space around them, as surveys, files and command lines leave it, mean what they say."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.test_iam_policy import POLICY
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

PACE: dict[str, t.Any] = {"wait_timeout": 60, "wait_interval": 0.01}


def test_no_second_domain_is_ordered(lab: Lab, run_module: RunModule) -> None:
    domain = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod")
    wanted: dict[str, t.Any] = {"region": "eu-west-rbx", "allow_order": True, **PACE}
    mark = lab.journal.mark()
    for given in ({"display_name": " kms-prod\n"}, {"okms_id": f" {domain.okms_id} ", "display_name": "kms-prod "}):
        found = run_module("okms", **{**wanted, **given})
        assert not found.changed and found["okms"]["id"] == domain.okms_id, found.msg
    assert "both empty" in run_module("okms", **wanted, display_name=" ", okms_id=" ").msg
    (told,) = run_module("okms_info", display_name="kms-prod ")["okms_domains"]
    assert told["id"] == domain.okms_id and lab.journal.writes(mark) == []
    ending = {"state": "absent", "display_name": "kms-prod ", "confirm_name": "kms-prod", **PACE}
    assert run_module("okms", check=True, **ending).changed


def test_credential_is_issued_once_and_revoked(lab: Lab, run_module: RunModule, tmp_path: pathlib.Path) -> None:
    okms_id = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod").okms_id
    urns = [f"urn:v1:eu:identity:user:ab12345-ovh/{name}" for name in ("alice", "bob")]
    wanted = {"name": "backup ", "private_key_path": str(tmp_path / "okms.key"), **PACE}
    made = run_module("okms_credential", okms_id=okms_id, identity_urns=" ,".join(urns), **wanted)
    assert made.changed and (made["credential"]["name"], made["credential"]["identity_urns"]) == ("backup", urns)
    again = run_module("okms_credential", okms_id=f"{okms_id} ", identity_urns=urns, **{**wanted, "name": "backup"})
    assert not again.changed, again.msg
    assert len(run_module("okms_credential_info", okms_id=" ", name=" backup")["credentials"]) == 1
    gone = run_module("okms_credential", okms_id=okms_id, state="absent", name=" backup", **PACE)
    assert gone.changed and run_module("okms_credential_info")["credentials"] == []


def test_service_key_is_made_once(lab: Lab, run_module: RunModule) -> None:
    okms_id = lab.ovhcloud.new_okms("eu-west-rbx", "kms-prod").okms_id
    made = run_module("okms_service_key", okms_id=okms_id, name="billing ")
    assert made.changed and made["service_key"]["name"] == "billing"
    names: list[dict[str, t.Any]] = [{"name": "billing"}, {"key_id": f" {made['service_key']['id']}"}]
    for given in names:
        assert not run_module("okms_service_key", okms_id=okms_id, **given).changed
    assert len(run_module("okms_service_key_info", okms_id=" ", name="billing\t")["service_keys"]) == 1


def test_policy_is_made_once_and_removed(lab: Lab, run_module: RunModule) -> None:
    assert run_module("iam_policy", **POLICY).changed
    again = run_module("iam_policy", **{**POLICY, "name": " kmip ", "except": "", "deny": " "})
    assert not again.changed, again.msg
    assert len(run_module("iam_policy_info", name=" kmip")["policies"]) == 1
    assert "name that is not empty" in run_module("iam_policy", **{**POLICY, "name": " "}).msg
    assert run_module("iam_policy", name=" kmip", state="absent").changed and lab.ovhcloud.state.policies == {}
