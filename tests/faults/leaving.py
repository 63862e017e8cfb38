# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of the role encryption_exit, and what it promises: no false proof, and nothing else at the target."""

from __future__ import annotations

import json
import pathlib
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness, providers
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.encryption_helpers import (
    add_standard,
    runner_in,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

Variables = dict[str, t.Any]
STANDARD, NATIVE = "team-kms", "nkp-prod"


def decrypt(lab: Lab, folder: pathlib.Path, provider: str) -> Variables:
    """Everything that the provider encrypts is decrypted, and the provider goes; hosts were restarted before."""
    for host in lab.vcenter.inventory.hosts:
        host.crypto_key, host.crypto_state = None, "incapable"
    return {
        "encryption_exit_mode": "decrypt",
        "encryption_exit_directory": str(folder / "exit"),
        "encryption_exit_state_path": str(folder / "state.json"),
        "encryption_exit_power_off": "force",
        "encryption_exit_wave_size": 4,
        "encryption_exit_remove_providers": [provider],
        "encryption_exit_confirm": [provider],
    }


def no_false_proof(lab: Lab, folder: pathlib.Path) -> list[str]:
    """A proof says that nothing is left only if nothing is."""
    proof = folder / "exit/encryption-exit.json"
    if not proof.exists() or not json.loads(proof.read_text())["nothing_left"]:
        return []
    inventory = lab.vcenter.inventory
    left = [one.name for one in inventory.vms if next(one.crypto_keys(), None)]
    left += [one.name for one in inventory.hosts if one.crypto_key]
    return [f"the proof says that nothing is left, and {name} has a key" for name in left]


def _to(lab: Lab, folder: pathlib.Path, name: str) -> Variables:
    """The play connects to another private cloud; a VM of this provider comes from the first one."""
    lab.give_encryption_right()
    lab.vcenter.flow_open = lambda _host, _port: True
    done = runner_in(lab)("vm_encryption", selection={"names": ["vm1"]}, provider=name, wait_interval=0.01)
    if done.failed:
        raise RuntimeError(done.msg)
    target = lab.second_cloud()
    return {
        **{f"vcenter_{option}": value for option, value in target.connection().items()},
        "encryption_exit_mode": "prepare_target",
        "encryption_exit_directory": str(folder / "exit"),
        "encryption_exit_source": harness.connection(lab, "vsphere"),
        "encryption_exit_private_cloud": target.private_cloud,
        "encryption_exit_provider": name,
    }


def target_external(lab: Lab, folder: pathlib.Path) -> Variables:
    """The target gets the source's key provider on a KMS of one's own, with a certificate and entries of its own."""
    certificate, key = lab.external_ca_files(folder)
    add_standard(lab, STANDARD)
    return {
        **_to(lab, folder, STANDARD),
        "encryption_exit_option": "external_kms",
        "external_kms_vsphere_user": lab.vsphere_user_name,
        "external_kms_server_ca": lab.external_authority.certificate_pem,
        "external_kms_identity": "ca",
        "external_kms_ca_certificate_path": certificate,
        "external_kms_ca_private_key_path": key,
        "external_kms_certificate_path": str(folder / "team-kms.pem"),
        # the KMS knows the client that has made the keys by this name
        "external_kms_common_name": "vcenter",
    }


def target_native(lab: Lab, folder: pathlib.Path) -> Variables:
    """The target gets the source's native key provider, imported from its backup."""
    backup = providers.native(lab, folder, NATIVE)
    return {
        **_to(lab, folder, NATIVE),
        "native_key_provider_vsphere_user": lab.vsphere_user_name,
        "native_key_provider_restore_from": str(backup),
        "native_key_provider_backup_password": providers.BACKUP_PASSWORD,
        "native_key_provider_backup_allow_ephemeral": True,
    }


def same_keys(lab: Lab, _folder: pathlib.Path) -> list[str]:
    """The target has no key provider but one of the source's, with the same servers or the same key id."""
    found = []
    for cloud in lab.clouds:
        for name, theirs in cloud.vcenter.crypto.providers.items():
            ours = lab.vcenter.crypto.providers.get(name)
            if ours is None or theirs.key_id != ours.key_id:
                found.append(f"the target has a key provider {name} that is not the source's")
            elif not {(one.address, one.port) for one in theirs.servers.values()} <= {
                (one.address, one.port) for one in ours.servers.values()
            }:
                found.append(f"the key provider {name} of the target has servers that the source's does not have")
    return found
