# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A served vCenter with a standard provider `kp` over a real KMIP server and a native one `nkp`, and ConfigSpecs."""

from __future__ import annotations

from pyVmomi import vim

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter.crypto_state import Identity, KmipServer, Provider
from ansible_collections.ovhcloud.vmware_encryption.tests.lab_tests.vcenter_site import (
    KmsSite,
    VCenterSite,
    provider_id,
)

POLICY = "4d5f673c-536f-11e6-beb8-9e71128cae77"
ENCRYPT, DECRYPT = vim.encryption.CryptoSpecEncrypt, vim.encryption.CryptoSpecDecrypt
SHALLOW, DEEP = vim.encryption.CryptoSpecShallowRecrypt, vim.encryption.CryptoSpecDeepRecrypt
STANDARD, NATIVE = "kp", "nkp"


class MachineSite(VCenterSite):
    """`kms` is the KMIP server behind `kp`."""

    def __init__(self, directory, inventory=None, **settings):
        super().__init__(inventory, **settings)
        self.kms = KmsSite(self, directory)
        host, port = self.kms.server.address
        self.vcenter.crypto.providers[STANDARD] = Provider(
            STANDARD,
            servers={"kms1": KmipServer("kms1", host, port)},
            trusted=[self.kms.authority.certificate_pem],
            identity=Identity(*self.kms.clients.leaf("vcenter", "client")),
        )
        self.vcenter.crypto.add_native(NATIVE, has_backup=True)
        self.vcenter.crypto.default = STANDARD
        self.content = self.connect().content

    @property
    def inventory(self):
        return self.vcenter.inventory

    def machine(self, name):
        """A VM of the lab and pyVmomi's view of it."""
        found = self.inventory.vm(name)
        return found, self.content.searchIndex.FindByUuid(None, found.uuid, True)

    def new_key(self):
        made = self.content.cryptoManager.GenerateKey(provider_id(STANDARD))
        assert made.success
        return made.keyId

    def made_keys(self):
        """Ids of the keys in the KMIP server."""
        return set(self.kms.server.keys())

    def close(self):
        super().close()
        self.kms.server.close()


def native_key(key_id=""):
    return vim.encryption.CryptoKeyId(keyId=key_id, providerId=provider_id(NATIVE))


def profile(identifier=POLICY):
    return [vim.vm.DefinedProfileSpec(profileId=identifier) if identifier else vim.vm.EmptyProfileSpec()]


def disks_of(reference):
    return [one for one in reference.config.hardware.device if isinstance(one, vim.vm.device.VirtualDisk)]


def edit(device, crypto=None, policy=None):
    """A DeviceSpec; `policy` is an id, "" for none, None to leave the profile out."""
    made = vim.vm.device.VirtualDeviceSpec(operation="edit", device=device)
    if policy is not None:
        made.profile = profile(policy)
    if crypto is not None:
        made.backing = vim.vm.device.VirtualDeviceSpec.BackingSpec(crypto=crypto)
    return made


def spec(reference, crypto, policy=POLICY, disks=True):
    """Home and all disks in one spec."""
    made = vim.vm.ConfigSpec(crypto=crypto)
    if policy is not None:
        made.vmProfile = profile(policy)
    made.deviceChange = [edit(disk, crypto, policy) for disk in disks_of(reference)] if disks else []
    return made


def encrypt(reference, key, **options):
    return spec(reference, ENCRYPT(cryptoKeyId=key), **options)


def decrypt(reference, **options):
    return spec(reference, DECRYPT(), **{"policy": "", **options})


def shallow(reference, key, **options):
    return spec(reference, SHALLOW(newKeyId=key), **{"policy": None, **options})


def deep(reference, key, **options):
    return spec(reference, DEEP(newKeyId=key), **options)


def outcome(task):
    """(state, name of the error's type, message keys) of a task that is over."""
    info = task.info
    error = info.error
    keys = [one.key for one in error.faultMessage] if error else []
    return info.state, type(error).__name__.rpartition(".")[2] if error else "", keys
