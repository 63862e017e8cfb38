# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks for all three options and for VMs, with the oldest Python and packages that modules accept."""

from __future__ import annotations

import pathlib
import re
import subprocess
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.providers import BACKUP_PASSWORD
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.roles.test_role_external_kms import (
    pair_options,
    server_of,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.tools import pythons, venvs
from ansible_collections.ovhcloud.vmware_encryption.tests.tools.paths import LOWEST_REQUIREMENTS

EXACT = re.compile(r"^([a-z0-9-]+)==([0-9.]+)$", re.MULTILINE)


def run(lab: Lab, folder: pathlib.Path, python: pathlib.Path, roles: t.Sequence[str], **variables: t.Any) -> None:
    """The playbooks one after the other, with that Python for all modules."""
    for role in roles:
        own = {name: value for name, value in variables.items() if name.startswith(f"{role}_")}
        paced: dict[str, t.Any] = {
            f"{role}_wait_interval": 0.01,
            f"{role}_wait_timeout": 120,
            "ansible_python_interpreter": str(python),
        }
        # -vvv names the program that runs each module
        result = harness.run_playbook(lab, role, folder, verbosity=3, **paced, **own)
        assert result.code == 0, result.screen[-8000:]
        used = re.findall(r"([^\s'\"]+/bin/python[^\s'\"]*) \S+/AnsiballZ_[a-z_]+\.py", result.screen)
        assert set(used) == {str(python)}


def test_packages_are_the_oldest_accepted(lowest: pathlib.Path) -> None:
    shown = subprocess.run([lowest, "-m", "pip", "freeze"], capture_output=True, text=True, check=True).stdout
    found = {name.lower(): version for name, version in EXACT.findall(shown.lower())}
    wanted = dict(EXACT.findall(LOWEST_REQUIREMENTS.read_text(encoding="utf-8")))
    assert len(wanted) == 4
    for name, version in wanted.items():
        assert found[name] == version or found[name] == f"{version}.0", name
    assert venvs.LOWEST.interpreter()[0] == min(pythons.available())


def test_option_2_and_vms(lab: Lab, lowest: pathlib.Path, tmp_path: pathlib.Path) -> None:
    options = {
        "okms_private_cloud": lab.private_cloud,
        "okms_vsphere_user": lab.vsphere_user_name,
        "okms_region": lab.region,
        "okms_provider": "okms-prod",
        "okms_allow_order": True,
        "vm_encryption_selection": {"names": ["vm1"]},
        "encryption_audit_directory": str(tmp_path / "audit"),
        "encryption_audit_private_cloud": lab.private_cloud,
    }
    run(lab, tmp_path, lowest, ["okms", "vm_encryption", "encryption_audit"], **options)
    assert lab.vcenter.crypto.default == "okms-prod"
    key = lab.vcenter.inventory.vm("vm1").crypto_key
    assert key and key.provider == "okms-prod"


def test_options_1_and_3_and_the_way_between(lab: Lab, lowest: pathlib.Path, tmp_path: pathlib.Path) -> None:
    options = {
        "external_kms_provider": "team-kms",
        "external_kms_private_cloud": lab.private_cloud,
        "external_kms_vsphere_user": lab.vsphere_user_name,
        "external_kms_servers": [server_of(kms) for kms in lab.external_kms],
        "external_kms_server_ca": lab.external_authority.certificate_pem,
        "native_key_provider_name": "nkp-prod",
        "native_key_provider_backup_path": str(tmp_path / "nkp.p12"),
        "native_key_provider_backup_password": BACKUP_PASSWORD,
        "native_key_provider_backup_allow_ephemeral": True,
        **pair_options(lab),
    }
    run(lab, tmp_path, lowest, ["external_kms", "native_key_provider"], **options)
    assert set(lab.vcenter.crypto.providers) == {"team-kms", "nkp-prod"}
    assert (tmp_path / "nkp.p12").stat().st_mode & 0o777 == 0o600
    moved = {"key_provider_migration_source": "nkp-prod", "key_provider_migration_target": "team-kms"}
    run(lab, tmp_path, lowest, ["key_provider_migration"], **moved)
