# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role external_kms where one server has left an address that another one has."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.test_role_external_kms import server_of
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

NAME = "kms2.kms.example.net"


@pytest.mark.parametrize("check", [True, False])
def test_address_of_another_server_stays_open(
    lab: Lab, run_module: RunModule, tmp_path: pathlib.Path, check: bool
) -> None:
    first, second = lab.external_kms
    lab.network.change(NAME, [second.address[0]])
    entry: dict[str, t.Any] = {"service_name": lab.private_cloud, "host": first.address[0], "thumbprint": "0A" * 20}
    made = run_module("private_cloud_kms", **entry, description=f"KMS: {NAME}", wait_interval=0.01)
    assert made.changed, made.msg
    mark = lab.journal.mark()
    refused = harness.run_playbook(
        lab,
        "external_kms",
        tmp_path,
        check=check,
        external_kms_private_cloud=lab.private_cloud,
        external_kms_vsphere_user=lab.vsphere_user_name,
        external_kms_provider="team-kms",
        external_kms_servers=[{**server_of(second), "address": NAME}, server_of(first)],
        external_kms_server_ca=lab.external_authority.certificate_pem,
        external_kms_remove_stale_entries=True,
        external_kms_preflight=False,
        external_kms_identity="csr",
        external_kms_wait_interval=0.01,
        external_kms_wait_timeout=20,
    )
    words = " ".join(refused.screen.split())
    assert refused.code == 2 and f"also lets vCenter reach {first.address[0]}" in words, refused.screen
    assert not [one for one in lab.journal.writes(mark, "ovhcloud") if one.operation.startswith("DELETE")]
