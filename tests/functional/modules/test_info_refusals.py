# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that only read refuse on one line who is not let in, and options that they do not know."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

oldest = pytest.mark.oldest
DOMAIN: dict[str, t.Any] = {"okms_id": "11111111-2222-3333-4444-555555555555"}


def _case(module: str, wrong: str, chosen: pytest.MarkDecorator, **options: t.Any) -> t.Any:
    return pytest.param(module, wrong, options, id=module, marks=chosen)


@pytest.mark.parametrize(
    ("module", "wrong", "options"),
    [
        _case("encryption_storage_policy_info", "password", oldest("encryption_storage_policy_info", "refusal")),
        _case("host_encryption_info", "password", oldest("host_encryption_info", "refusal")),
        _case("iam_policy_info", "consumer_key", oldest("iam_policy_info", "refusal")),
        _case("key_provider_info", "password", oldest("key_provider_info", "refusal")),
        _case("okms_credential_info", "consumer_key", oldest("okms_credential_info", "refusal"), **DOMAIN),
        _case("okms_log_subscription_info", "consumer_key", oldest("okms_log_subscription_info", "refusal"), **DOMAIN),
        _case("okms_service_key_info", "consumer_key", oldest("okms_service_key_info", "refusal"), **DOMAIN),
        _case("vsan_encryption_info", "password", oldest("vsan_encryption_info", "refusal")),
    ],
)
def test_who_is_not_let_in_is_refused_on_one_line(
    lab: Lab, run_module: RunModule, module: str, wrong: str, options: dict[str, t.Any]
) -> None:
    refused = run_module(module, **{**options, wrong: "planted-and-wrong"})
    assert refused.failed and "\n" not in refused.msg
    assert "planted-and-wrong" not in refused.output
    unknown = run_module(module, **options, no_such_option=True)
    assert unknown.failed and "no_such_option" in unknown.msg
    assert lab.journal.writes() == []


@pytest.mark.parametrize("named", [True, False])
def test_refusal_leads_to_the_missing_action(lab: Lab, run_module: RunModule, named: bool) -> None:
    """A service account may be refused without a word about the action (guide on service accounts)."""
    lab.ovhcloud.settings.refusals_name_actions = named
    robot: dict[str, t.Any] = {"consumer_key": lab.ovhcloud.add_consumer_key(lab.ovhcloud.add_identity("robot", []))}
    refused = run_module("okms_credential_info", **robot, **DOMAIN)
    assert refused["failure"]["kind"] == "forbidden" and "\n" not in refused.msg
    assert ("okms:apiovh:credential/get" if named else "api_rights_info") in refused.msg
    rights = run_module("api_rights_info", **robot, option="okms", okms_id=DOMAIN["okms_id"])["rights"]
    assert "okms:apiovh:credential/get" in rights["missing_actions"]
