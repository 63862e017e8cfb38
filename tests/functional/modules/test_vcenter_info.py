# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module vcenter_info."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab


@pytest.mark.oldest("vcenter_info", "life")
def test_vcenter_is_told_to_any_user_without_a_write(lab: Lab, run_module: RunModule) -> None:
    found = run_module("vcenter_info")
    assert not found.changed and found["vcenter"] == "localhost"
    assert (found["vcenter_id"], found["version"]) == (lab.vcenter.settings.instance_uuid, "8.0.3")
    lab.vcenter.settings.instance_uuid = ""  # optional in vSphere's API
    assert run_module("vcenter_info")["vcenter_id"] == ""
    assert lab.journal.writes() == []


@pytest.mark.oldest("vcenter_info", "refusal")
def test_vcenter_info_with_a_wrong_password_is_refused(run_module: RunModule) -> None:
    refused = run_module("vcenter_info", password="wrong")
    assert refused.failed and "\n" not in refused.msg
