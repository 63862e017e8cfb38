# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play that is killed between any two of its steps is finished by the next one, and nothing is left half done."""

from __future__ import annotations

import pathlib
import signal
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

MOST_STEPS = 20


def okms(lab: Lab, folder: pathlib.Path) -> dict[str, t.Any]:
    """Variables of option 2."""
    return {
        "okms_private_cloud": lab.private_cloud,
        "okms_vsphere_user": lab.vsphere_user_name,
        "okms_region": lab.region,
        "okms_allow_order": True,
    }


def external_kms(lab: Lab, folder: pathlib.Path) -> dict[str, t.Any]:
    """Variables of option 1."""
    authority, key = lab.external_ca_files(folder)
    servers = [server.address for server in (lab.external_kms[0], lab.external_kms[1])]
    return {
        "external_kms_private_cloud": lab.private_cloud,
        "external_kms_vsphere_user": lab.vsphere_user_name,
        "external_kms_servers": [
            {"name": f"kms{number}", "address": host, "port": port} for number, (host, port) in enumerate(servers)
        ],
        "external_kms_server_ca": lab.external_authority.certificate_pem,
        "external_kms_identity": "ca",
        "external_kms_ca_certificate_path": str(authority),
        "external_kms_ca_private_key_path": str(key),
        "external_kms_certificate_path": str(folder / "team-kms.pem"),
    }


def native_key_provider(lab: Lab, folder: pathlib.Path) -> dict[str, t.Any]:
    """Variables of option 3."""
    return {
        "native_key_provider_name": "nkp-prod",
        "native_key_provider_private_cloud": lab.private_cloud,
        "native_key_provider_vsphere_user": lab.vsphere_user_name,
        "native_key_provider_backup_path": str(folder / "nkp.p12"),
        "native_key_provider_backup_password": "planted backup password",
        "native_key_provider_backup_allow_ephemeral": True,
    }


def safe(lab: Lab) -> None:
    """What must hold after every interruption."""
    state = lab.snapshot()
    for kind in ("orders", "payments", "credentials", "providers"):
        assert len(state[kind]) <= 1, kind
    places = [entry["ip"] for entry in state["kms_entries"]]
    assert len(places) == len(set(places))
    for provider in state["providers"]:
        if provider["default"]:
            made = lab.vcenter.crypto.providers[provider["id"]]
            if provider["type"] == "nativeProvider":
                assert made.has_backup
            else:
                assert any(lab.vcenter.provider_is_green_at(server["address"]) for server in provider["servers"])


@pytest.mark.parametrize("option", [okms, external_kms, native_key_provider], ids=lambda option: option.__name__)
def test_killed_after_each_of_its_steps(lab: Lab, tmp_path: pathlib.Path, option: t.Any) -> None:
    role = option.__name__
    variables = {**option(lab, tmp_path), f"{role}_wait_interval": 0.01, f"{role}_wait_timeout": 120}
    killed = 0
    for steps in range(1, MOST_STEPS):
        result = harness.run_playbook(lab, role, tmp_path, kill_after=steps, **variables)
        safe(lab)
        if result.code != -signal.SIGKILL:
            break
        killed += 1
    assert result.code == 0, result.screen
    assert killed >= 4
    mark = lab.journal.mark()
    again = harness.run_playbook(lab, role, tmp_path, **variables)
    assert (again.code, again.changed, lab.journal.writes(mark)) == (0, 0, []), again.screen
    (provider,) = lab.snapshot()["providers"]
    assert provider["default"]
    safe(lab)
