# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one reconfigure call of a machine: home and all disks, each named with its crypto spec and its policy. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.plan import Step, Work
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import native_key
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import HOME
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.obstacles import (
    DECRYPT,
    ENCRYPT,
    RECRYPT,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.policy_choice import (
    PolicyChoice,
)


def config_spec(work: Work, devices: t.Sequence[t.Any], new_keys: t.Mapping[str, t.Any]) -> t.Any:
    """The ConfigSpec of a work. `devices` are the machine's own, `new_keys` are CryptoKeyIds by provider.

    A disk that is not named stays as it is, whatever becomes of the home, so every disk of the work is named.
    """
    spec = vim.vm.ConfigSpec()
    if HOME in work.steps:
        step = work.steps[HOME]
        spec.crypto = _crypto(step, new_keys)
        spec.vmProfile = _profile(work.policies[HOME])
    spec.deviceChange = [
        vim.vm.device.VirtualDeviceSpec(
            operation="edit",
            device=device,
            profile=_profile(work.policies[device.key]),
            backing=vim.vm.device.VirtualDeviceSpec.BackingSpec(crypto=_crypto(work.steps[device.key], new_keys)),
        )
        for device in devices
        if device.key in work.steps
    ]
    if work.vmotion:
        spec.migrateEncryption = work.vmotion
    return spec


def _crypto(step: Step, new_keys: t.Mapping[str, t.Any]) -> t.Any:
    crypto = vim.encryption
    if step.operation == DECRYPT:
        return crypto.CryptoSpecDecrypt()
    key = native_key(step.key) if step.key else new_keys[str(step.provider)]
    if step.operation == ENCRYPT:
        return crypto.CryptoSpecEncrypt(cryptoKeyId=key)
    if step.operation == RECRYPT:
        return crypto.CryptoSpecShallowRecrypt(newKeyId=key)
    return crypto.CryptoSpecDeepRecrypt(newKeyId=key)


def _profile(choice: PolicyChoice) -> list[t.Any]:
    """A policy takes the place of the one that is there; without any in the call, that one stays."""
    if not choice.sent:
        return []
    if choice.id is None:
        return [vim.vm.EmptyProfileSpec()]
    return [vim.vm.DefinedProfileSpec(profileId=choice.id)]
