# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals of the storage policy service: whichever fault it has for them, the module says what is missing."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    runner_in,
    without,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.test_assumptions import lab_with
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.assumptions import Assumed, every_value


@every_value
def test_missing_privilege_of_the_policy_service(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        without(lab, "StorageProfile.Update")
        refused = runner_in(lab)("encryption_storage_policy", name="ours")
        # a client that speaks the version of 8.0.1 or before gets the fault of 8.0.2 without the privilege in it
        words = "lacks the privilege StorageProfile.Update", "lacks a privilege, or the session has ended"
        assert refused["failure"]["kind"] == "forbidden" and "\n" not in refused.msg, refused.output
        assert words[assumed.value == "PbmFaultNoPermission"] in refused.msg, refused.msg
        assert lab.vcenter.policies.named("ours") is None


@every_value
def test_session_that_ends_before_the_policy_service_answers(assumed: Assumed) -> None:
    with lab_with(assumed) as lab:
        lab.faults.add("meanwhile", operation="PbmQueryProfile", call=lab.vcenter.sessions.end_all)
        refused = runner_in(lab)("encryption_storage_policy", name="ours")
        assert refused.failed and "session" in refused.msg and "\n" not in refused.msg, refused.output
        assert lab.vcenter.policies.named("ours") is None
