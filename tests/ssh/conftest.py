# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: the lab, hosts that are reached by ssh, and plays that copy backups to them."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import (
    _no_settings_from_outside,
    lab,
    pytest_configure,
    run_module,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.ssh_host import SshHost, missing
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

__all__ = ["_no_settings_from_outside", "lab", "pytest_configure", "run_module"]

PASSWORD = "planted backup password"
NAME = "nkp-prod"


@pytest.fixture
def backup1() -> t.Iterator[SshHost]:
    """A host of the inventory."""
    assert missing() == [], "install openssh-server and openssh-client"
    with SshHost() as running:
        yield running


class Site:
    """An inventory, and the variables of someone who keeps copies of the backup outside."""

    def __init__(self, lab: Lab, folder: pathlib.Path, backup1: SshHost) -> None:
        self.lab, self.folder, self.backup1 = lab, folder, backup1
        self.inventory = folder / "hosts.json"
        self.hosts: dict[str, dict[str, t.Any]] = {"backup1": backup1.variables()}
        self.backup, self.vault = folder / "job/backup.p12", folder / "vault/nkp.p12"
        for path in (self.backup, self.vault):
            path.parent.mkdir(mode=0o700)
        self.variables: dict[str, t.Any] = {
            "native_key_provider_name": NAME,
            "native_key_provider_backup_path": str(self.backup),
            "native_key_provider_backup_password": PASSWORD,
            "native_key_provider_backup_copies": [{"host": "backup1", "path": str(self.vault)}],
            "native_key_provider_private_cloud": lab.private_cloud,
            "native_key_provider_vsphere_user": lab.vsphere_user_name,
            "native_key_provider_wait_interval": 0.01,
            "native_key_provider_wait_timeout": 120,
        }

    def playbook(self, name: str, check: bool = False, **more: t.Any) -> harness.PlayResult:
        """Run one with the inventory as it is now."""
        self.inventory.write_text(json.dumps({"all": {"hosts": self.hosts}}))
        environment = more.pop("environment", None)
        verbosity = more.pop("verbosity", 0)
        return harness.run_playbook(
            self.lab, name, self.folder, check, verbosity, environment, inventory=self.inventory, **more
        )

    def play(self, playbook: str = "native_key_provider", check: bool = False, **options: t.Any) -> harness.PlayResult:
        """Option 3."""
        return self.playbook(playbook, check, **{**self.variables, **options})


@pytest.fixture
def site(lab: Lab, tmp_path: pathlib.Path, backup1: SshHost) -> Site:
    return Site(lab, tmp_path, backup1)
