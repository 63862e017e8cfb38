# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two OVHcloud accounts with a private cloud and a vCenter each, in one inventory and one run."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

ROOT = pathlib.Path(__file__).resolve().parents[3]
GROUPS = {"ovhcloud": "ovhcloud", "vsphere": "vcenter"}


def of(lab: Lab, folder: pathlib.Path, name: str, **credentials: str) -> dict[str, t.Any]:
    """The variables of one host of the inventory."""
    return {
        "ovhcloud_endpoint": lab.ovh_endpoint,
        "ovhcloud_ca_path": str(lab.ca_path),
        **{f"ovhcloud_{option}": value for option, value in credentials.items()},
        **{f"vcenter_{option}": value for option, value in harness.connection(lab, "vsphere").items()},
        "native_key_provider_name": name,
        "native_key_provider_private_cloud": lab.private_cloud,
        "native_key_provider_vsphere_user": lab.vsphere_user_name,
        "native_key_provider_backup_path": str(folder / f"{name}.p12"),
    }


def test_two_accounts_side_by_side(lab: Lab, tmp_path: pathlib.Path) -> None:
    with Lab() as other:
        key = {"application_key": lab.application_key, "application_secret": lab.application_secret}
        robot = {"client_id": other.client_id, "client_secret": other.client_secret, "token_url": other.token_url}
        hosts = {
            "first": of(lab, tmp_path, "nkp-first", **key, consumer_key=lab.consumer_key),
            "second": of(other, tmp_path, "nkp-second", **robot),
        }
        inventory = tmp_path / "clouds.yml"
        inventory.write_text(json.dumps({"clouds": {"hosts": hosts}}))
        names = [name for name in lab.environment() if name.startswith(("OVH_", "VMWARE_")) and "VOLUMES" not in name]

        def play() -> harness.PlayResult:
            return harness.run_playbook(
                lab,
                "native_key_provider",
                tmp_path,
                inventory=inventory,
                # nothing that both would share
                environment=dict.fromkeys(names, ""),
                native_key_provider_hosts="clouds",
                native_key_provider_tpm_required=False,
                native_key_provider_backup_password="Backup-password-of-both",
                native_key_provider_backup_allow_ephemeral=True,
                native_key_provider_wait_interval=0.01,
            )

        first = play()
        assert (first.code, first.failed, set(first.stats)) == (0, 0, {"first", "second"}), first.screen
        for name, one in (("nkp-first", lab), ("nkp-second", other)):
            assert (one.vcenter.crypto.default, list(one.vcenter.crypto.providers)) == (name, [name])
            user = one.ovhcloud.vsphere_user(one.vcenter_username)
            assert user is not None and user.rights["encryptionRight"] is True
        assert not [secret for one in (lab, other) for secret in one.secrets() if secret in first.screen]
        again = play()
        assert (again.code, again.changed) == (0, 0), again.screen
        assert other.ovhcloud.contract_errors == []


# that of the role awx talks to AWX only
PLAYBOOKS = sorted(path for path in (ROOT / "playbooks").glob("*.yml") if path.stem != "awx")


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_each_playbook_takes_every_connection_option(playbook: pathlib.Path) -> None:
    play = yaml.safe_load(playbook.read_text())[0]
    for group, values in play["module_defaults"].items():
        name = group.rpartition(".")[2]
        fragment = (ROOT / f"plugins/doc_fragments/_{name}.py").read_text()
        options = yaml.safe_load(fragment.split('DOCUMENTATION = r"""')[1].split('"""')[0])["options"]
        assert set(values) == set(options), group
        for option, value in values.items():
            assert f"{GROUPS[name]}_{option}" in value
