# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another private cloud of the same account in the lab, with a vCenter of its own; both reach the same KMS."""

from __future__ import annotations

import dataclasses
import hmac
import json
import os
import typing as t

from pyVmomi import vmodl

from .ovhcloud.state import VsphereUser
from .pki import write_private
from .privileges import ENCRYPTION, HOSTED
from .vcenter import Inventory, VCenter, VCenterSettings
from .vcenter.crypto_state import NATIVE
from .vcenter.entities import KeyRef, VirtualMachine

if t.TYPE_CHECKING:
    from .lab import Lab

# Broadcom KB 378053, and KB 386333 for VMs with a vTPM: at 100 % of the vMotion
FAILED = "Unable to decrypt the ciphertext. Failed to decrypt the key"


class MoveRefusedError(RuntimeError):
    """A VM could not arrive."""


class SecondCloud:
    """Its address, its user, and how a VM gets there."""

    def __init__(self, lab: Lab, name: str, inventory: Inventory | None) -> None:
        self._lab = lab
        self.private_cloud = name
        cloud = lab.ovhcloud.add_private_cloud(name)
        self._user: VsphereUser = lab.ovhcloud.users.add(cloud, lab.vsphere_user_name)
        self.vcenter = VCenter(lab.clock, lab.journal, VCenterSettings(), inventory or Inventory(vms=0))
        self.hostname = lab.vcenter_hostname
        self.port = lab.serve_vcenter(self.vcenter)
        lab.ovhcloud.set_vcenter(self.hostname, self.port, ("8.0", "3", "24022515"), name)
        self.vcenter.authenticate = self._authenticate
        self.vcenter.flow_open = lambda address, port: lab.ovhcloud.flow_open(address, port, name)
        self.vcenter.resolve = lab.network.addresses
        self.vcenter.is_ecdsa_endpoint = lab.vcenter.is_ecdsa_endpoint

    def _authenticate(self, login: str, password: str) -> frozenset[str] | None:
        if login != self._user.login or not hmac.compare_digest(self._user.password.encode(), password.encode()):
            return None
        return HOSTED | ENCRYPTION if self._user.encryption_right else HOSTED

    @property
    def username(self) -> str:
        """Login of its user `admin`, who has no right to encrypt at first."""
        return self._user.login

    @property
    def password(self) -> str:
        """Password of username."""
        return self._user.password

    def give_encryption_right(self) -> None:
        """The user may encrypt from the next login on."""
        self._user.rights["encryptionRight"] = True

    def connection(self) -> dict[str, t.Any]:
        """Options of a module for this vCenter."""
        return {
            "hostname": self.hostname,
            "port": self.port,
            "username": self.username,
            "password": self.password,
            "ca_path": str(self._lab.ca_path),
        }

    def connection_file(self) -> str:
        """The same in a file that only the user of the lab can read."""
        path = os.path.join(self._lab.directory, f"{self.private_cloud}.json")
        write_private(path, json.dumps(self.connection()))
        return path

    def take_over(self, machine: VirtualMachine) -> VirtualMachine:
        """A vMotion across vCenters: the target fetches each key, or it fails (vSphere Security, key states).

        A native provider must be the same one, imported: its name alone does not derive the key.
        """
        for key in dict.fromkeys(machine.crypto_keys()):
            self._check(key)
        source, target = self._lab.vcenter.inventory, self.vcenter.inventory
        disks = [dataclasses.replace(disk, parents=[], datastore=None, policy=None) for disk in machine.disks]
        made = target.add_vm(machine.name, disks=disks)
        for field in (
            "crypto_key",
            "tpm",
            "migrate_encryption",
            "ft_encryption",
            "power_state",
            "tools",
            "instance_uuid",
            "uuid",
        ):
            setattr(made, field, getattr(machine, field))
        source.remove_vm(machine)
        return made

    def _check(self, key: KeyRef) -> None:
        here, there = self.vcenter.crypto.providers, self._lab.vcenter.crypto.providers
        old, new = there.get(key.provider), here.get(key.provider)
        if old is not None and old.management_type == NATIVE:
            if new is None or new.derivation_key != old.derivation_key:
                raise MoveRefusedError(FAILED)
            return
        try:
            self.vcenter.machine_keys.push(key, self.vcenter.inventory.hosts[0])
        except vmodl.MethodFault as fault:
            raise MoveRefusedError(str(getattr(fault, "msg", ""))) from fault
