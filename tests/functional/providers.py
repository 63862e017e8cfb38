# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finished key providers of each option, made by the modules in this process: where a removal starts from."""

from __future__ import annotations

import functools
import json
import pathlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.dossier import (
    DossierChange,
    changed_dossier,
    dumped_dossier,
    loaded_dossier,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.vcenters import VCenter
from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.key_servers import DOMAIN
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import thumbprints
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.crypto_state import Identity, KmipServer, Provider

BACKUP_PASSWORD = "planted backup password"
FAST = {"wait_interval": 0.01, "wait_timeout": 60}


def run(lab: Lab, module: str, **options: t.Any) -> harness.ModuleResult:
    """A module that must not fail, connected to the lab."""
    defaults = harness.connection(lab, harness.group_of(module))
    result = harness.run_module(module, **{**defaults, **options})
    if result.failed:
        raise RuntimeError(f"{module}: {result.msg}")
    return result


def native(lab: Lab, folder: pathlib.Path, name: str = "nkp-prod") -> pathlib.Path:
    """A native provider with its backup, whose path is returned."""
    lab.give_encryption_right()
    path = folder / f"{name}.p12"
    run(lab, "native_key_provider", name=name, **FAST)
    backup = {"path": str(path), "backup_password": BACKUP_PASSWORD, "allow_ephemeral": True}
    run(lab, "native_key_provider_backup", name=name, **backup, **FAST)
    lab.vcenter.crypto.default = None
    return path


def external(lab: Lab, name: str = "team-kms") -> Provider:
    """A provider on the KMS of the team, trusted both ways."""
    lab.give_encryption_right()
    kms = lab.external_kms[0]
    host, port = kms.address
    provider = Provider(
        name,
        servers={kms.name: KmipServer(kms.name, host, port)},
        trusted=[lab.external_authority.certificate_pem],
        identity=Identity(*lab.external_client_pair()),
    )
    lab.vcenter.crypto.providers[name] = provider
    return provider


def okms(lab: Lab, name: str = "okms-prod", okms_id: str = "", region: str = Lab.region) -> str:
    """A provider on OKMS with its flow and its access certificate; the id of its domain, a new one without okms_id."""
    lab.give_encryption_right()
    okms_id = okms_id or lab.ovhcloud.new_okms(region, "kms-prod").okms_id
    host, port = f"{region}.{DOMAIN}", lab.okms_kmip.address[1]
    thumbprint = thumbprints(lab.okms_kmip.server_certificate_pem)["sha1"]
    flow = functools.partial(
        run, lab, "private_cloud_kms", service_name=lab.private_cloud, host=host, thumbprint=thumbprint, **FAST
    )
    flow()
    servers = [{"name": region, "address": host, "port": port}]
    run(lab, "standard_key_provider", name=name, servers=servers, server_ca=lab.okms_public_ca, **FAST)
    csr = run(lab, "key_provider_csr", provider=name)["csr"]["csr"]
    purpose = f"vCenter of {lab.private_cloud}, key provider {name}"  # as the role okms describes it
    credential = {
        "okms_id": okms_id,
        "name": f"vcenter-{lab.private_cloud}",
        "description": purpose,
        "csr": csr,
        **FAST,
    }
    certificate = run(lab, "okms_credential", **credential)["credential"]["certificate"]
    run(lab, "key_provider_client_certificate", provider=name, certificate=certificate, **FAST)
    flow(wait_for="delivered")
    lab.vcenter.crypto.default = None
    return okms_id


def dossier(lab: Lab, folder: pathlib.Path, name: str, okms_id: str, region: str = Lab.region) -> pathlib.Path:
    """The dossier that the role okms would have written."""
    entry = {
        "type": "standard",
        "role": "okms",
        "default": False,
        "servers": [{"name": region, "address": f"{region}.{DOMAIN}", "port": lab.okms_kmip.address[1]}],
        "okms": {"id": okms_id, "region": region, "display_name": "kms-prod"},
        "variables": {
            "okms_private_cloud": lab.private_cloud,
            "okms_id": okms_id,
            "okms_credential_name": f"vcenter-{lab.private_cloud}",
        },
    }
    path = folder / "dossier.json"
    made = changed_dossier(loaded_dossier(""), vcenter_of(lab), DossierChange(name, entry), "2026-09-01T08:00:00Z")
    path.write_text(dumped_dossier(made))
    return path


def vcenter_of(lab: Lab) -> VCenter:
    """How dossier and state files know the vCenter of a lab."""
    return VCenter(lab.vcenter.settings.instance_uuid, lab.vcenter_hostname)


def section(path: pathlib.Path, lab: Lab) -> dict[str, t.Any]:
    """The part of a dossier or state file that is of the vCenter of that lab."""
    (found,) = [one for one in json.loads(path.read_text())["vcenters"] if one["id"] == vcenter_of(lab).id]
    return t.cast("dict[str, t.Any]", found)


def retired(path: pathlib.Path, lab: Lab) -> list[str]:
    """Names of the retired providers of a dossier."""
    return sorted(section(path, lab)["retired"])
