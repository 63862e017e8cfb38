# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storage policies in a reconfiguration: which are refused. What they do is in vm_reconfigure."""

from __future__ import annotations

import typing as t

from pyVmomi import vim

from . import errors, vm_faults
from .vm_faults import DEVICE, keyed
from .vm_spec import DECRYPT, DEEP, ENCRYPT, Change, Target

if t.TYPE_CHECKING:
    from .core import Core
    from .settings import VCenterSettings

Fault = t.Any


def needs_apply(change: Change, settings: VCenterSettings) -> bool:
    """StorageProfile.Apply came with 8.0; that a reconfiguration asks for it is inferred."""
    given = any(target.profile is not None for target in change.targets)
    return given and settings.policy_needs_apply and int(settings.version.partition(".")[0]) >= 8


def refusal(change: Change, core: Core) -> Fault:
    """Policies that do not exist, and those that need more than their id."""
    for target in change.targets:
        if not target.profile:
            continue
        if core.settings.unknown_policy_refused and not core.is_policy(target.profile):
            return errors.invalid_argument("configSpec.vmProfile" if target.disk is None else "deviceChange.profile")
        if core.settings.replication_needs_group and core.policy_replicates(target.profile):
            return errors.invalid_argument("profile.replicationSpec")
    return None


def _bad_policy(target: Target) -> Fault:
    if target.disk is not None:
        return keyed(f"{DEVICE}.badPolicy", target.index)
    text = vm_faults.KEYED[f"{DEVICE}.badPolicy"][1]
    messages = vm_faults.message(f"{DEVICE}.badPolicy", text)
    return vim.fault.InvalidVmConfig(property="configSpec.vmProfile", msg=text, faultMessage=messages)


def missing(change: Change, target: Target, settings: VCenterSettings) -> Fault:
    """The profile in the same spec: encryption for encrypt and deep recrypt, any other or none for decrypt."""
    if target.action in (ENCRYPT, DEEP):
        free = target.disk is None and target.action == ENCRYPT and change.has_tpm
        return None if target.encrypting_profile or free else _bad_policy(target)
    if target.disk is None and change.tpm_decrypts:
        return None
    if target.action == DECRYPT:
        wrong = target.encrypting_profile or (target.profile and not settings.decrypt_takes_policy)
        return _bad_policy(target) if wrong or (target.profile is None and settings.decrypt_needs_profile) else None
    return None
