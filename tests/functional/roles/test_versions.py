# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles on the oldest and the newest vCenter, with the connection from the variables of the playbook alone."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles import test_interrupted
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab, LabSettings

OPTIONS = [test_interrupted.okms, test_interrupted.external_kms, test_interrupted.native_key_provider]


def _by_module_defaults(lab: Lab) -> dict[str, t.Any]:
    """The playbooks hand these over as module_defaults of the action groups."""
    return {
        "vcenter_hostname": lab.vcenter_hostname,
        "vcenter_port": lab.vcenter_port,
        "vcenter_username": lab.vcenter_username,
        "vcenter_password": lab.vcenter_password,
        "vcenter_ca_path": str(lab.ca_path),
    }


@pytest.mark.parametrize("version", ["7.0.2", "9.0"])
@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.__name__)
def test_option_in_another_version(version: str, option: t.Any, tmp_path: pathlib.Path) -> None:
    role = option.__name__
    with Lab(LabSettings(vcenter_version=version)) as lab:
        variables = {**option(lab, tmp_path), f"{role}_wait_interval": 0.01, f"{role}_wait_timeout": 120}
        connection = [name for name in lab.environment() if name.startswith("VMWARE_") and "VOLUMES" not in name]
        without = dict.fromkeys(connection, "")
        done = harness.run_playbook(lab, role, tmp_path, environment=without, **variables, **_by_module_defaults(lab))
        assert (done.code, done.failed) == (0, 0), done.screen
        (provider,) = lab.snapshot()["providers"]
        assert provider["default"]


def test_a_vcenter_too_old_for_native_providers(tmp_path: pathlib.Path) -> None:
    with Lab(LabSettings(vcenter_version="7.0.1")) as lab:
        variables = test_interrupted.native_key_provider(lab, tmp_path)
        result = harness.run_playbook(lab, "native_key_provider", tmp_path, **variables)
        assert result.code != 0
        assert "7.0.1" in result.screen and "7.0.2" in result.screen


def test_a_wrong_connection_is_told_by_its_variable(lab: Lab, tmp_path: pathlib.Path) -> None:
    variables = test_interrupted.native_key_provider(lab, tmp_path)
    missing = {**_by_module_defaults(lab), "vcenter_ca_path": str(tmp_path / "missing.pem")}
    said = f"vcenter_ca_path {missing['vcenter_ca_path']} cannot be used"
    environment = {"VMWARE_CA_PATH": ""}
    result = harness.run_playbook(lab, "native_key_provider", tmp_path, environment=environment, **variables, **missing)
    assert result.code != 0
    assert said in result.screen and "correct the connection's options or variables" in result.screen, result.screen
    assert lab.journal.writes() == []
