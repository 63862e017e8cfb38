# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each role starts from and what it is told; all wait in small steps."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.lab import LabSettings

Variables = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A role, the state of the lab before it, and its variables. `prepare` makes that state and returns those."""

    name: str
    role: str
    prepare: t.Callable[[Lab, pathlib.Path], Variables]
    settings: t.Callable[[], LabSettings] = LabSettings

    def start(self, lab: Lab, folder: pathlib.Path) -> Variables:
        """Make the state before; the variables with the pace of the lab."""
        pace = {f"{self.role}_wait_interval": 0.01, f"{self.role}_wait_timeout": 20}
        return {**self.prepare(lab, folder), **pace}


def okms(lab: Lab, folder: pathlib.Path) -> Variables:
    """Option 2, from an empty account."""
    return {
        "okms_private_cloud": lab.private_cloud,
        "okms_vsphere_user": lab.vsphere_user_name,
        "okms_region": lab.region,
        "okms_allow_order": True,
        "okms_dossier_path": str(folder / "dossier.json"),
    }


def external_kms(lab: Lab, folder: pathlib.Path) -> Variables:
    """Option 1, with vCenter's request signed by a CA at hand."""
    certificate, key = lab.external_ca_files(folder)
    return {
        "external_kms_private_cloud": lab.private_cloud,
        "external_kms_vsphere_user": lab.vsphere_user_name,
        "external_kms_provider": "team-kms",
        "external_kms_servers": [
            {"name": server.name, "address": server.address[0], "port": server.address[1]}
            for server in lab.external_kms
        ],
        "external_kms_server_ca": lab.external_authority.certificate_pem,
        "external_kms_identity": "ca",
        "external_kms_ca_certificate_path": certificate,
        "external_kms_ca_private_key_path": key,
        "external_kms_certificate_path": str(folder / "team-kms.pem"),
        "external_kms_dossier_path": str(folder / "dossier.json"),
    }


def native_key_provider(lab: Lab, folder: pathlib.Path) -> Variables:
    """Option 3."""
    return {
        "native_key_provider_name": "nkp-prod",
        "native_key_provider_private_cloud": lab.private_cloud,
        "native_key_provider_vsphere_user": lab.vsphere_user_name,
        "native_key_provider_backup_path": str(folder / "nkp.p12"),
        "native_key_provider_backup_password": "planted backup password",
        "native_key_provider_backup_allow_ephemeral": True,
        "native_key_provider_dossier_path": str(folder / "dossier.json"),
    }


ALL = {
    one.name: one
    for one in (
        Scenario("okms", "okms", okms),
        Scenario("external_kms", "external_kms", external_kms),
        Scenario("native_key_provider", "native_key_provider", native_key_provider),
    )
}
