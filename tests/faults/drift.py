# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenario of drift_check with repairs, and what it promises: nothing gets in that no CA has vouched for."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import thumbprints

PROVIDER = "team-kms"
OLD = "0A:" * 19 + "0A"  # thumbprint of a certificate that a server had once
Variables = dict[str, t.Any]


def repair(lab: Lab, folder: pathlib.Path) -> Variables:
    """A KMS entry is gone, another has an old thumbprint, a server is gone from vCenter, and so is its trust."""
    entries = lab.ovhcloud.state.pccs[lab.private_cloud].kms
    first, second = sorted(entries.values(), key=lambda entry: entry.ip)
    del entries[first.kms_id]
    second.thumbprint = OLD
    provider = lab.vcenter.crypto.providers[PROVIDER]
    provider.trusted.clear()
    del provider.servers[lab.external_kms[1].name]
    return {
        "drift_check_dossier_path": str(folder / "dossier.json"),
        "drift_check_fix": True,
        "drift_check_fail_at": "never",
    }


def verified_only(lab: Lab, _folder: pathlib.Path) -> list[str]:
    """No KMS entry and no trust for another certificate than those of the servers and of their CA."""
    authority = lab.external_authority.certificate_pem
    doors = [door.certificate_pem for server in lab.external_kms for door in server.doors]
    pins = {OLD, *(thumbprints(one)["sha1"] for one in doors)}
    entries = lab.ovhcloud.state.pccs[lab.private_cloud].kms.values()
    found = [f"the KMS entry of {one.ip} has an unknown thumbprint" for one in entries if one.thumbprint not in pins]
    known = {thumbprints(one)["sha256"] for one in (authority, *doors)}
    trusted = [thumbprints(one)["sha256"] for one in lab.vcenter.crypto.providers[PROVIDER].trusted]
    return [*found, *(f"vCenter trusts an unknown certificate {one}" for one in trusted if one not in known)]
