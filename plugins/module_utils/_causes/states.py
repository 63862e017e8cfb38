# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes by the reason that vCenter gives for a key that is not available (CryptoKeyStatus.reason). Pure."""

from __future__ import annotations

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import (
    API,
    CRITICAL,
    Cause,
    Known,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.texts import REFUSES_KEYS, UNREACHABLE


def _known(name: str, state: str, reason: str, next_step: str) -> Known:
    return Known(name, CRITICAL, Cause(reason, next_step), API, state)


# a provider's own reason is in texts.PROBABLE
STATES: dict[str, Known] = {
    "KeyStateMissingInCache": _known(
        "key_provider_unknown", "KeyStateMissingInCache",
        "vCenter does not have the key, and cannot get it",
        "restore the key provider that created it: a native one from its backup, with native_key_provider",
    ),
    "KeyStateClusterInvalid": _known(
        "key_provider_missing", "KeyStateClusterInvalid",
        "the key's provider does not exist in this vCenter",
        "create it again under the same name: standard_key_provider, or native_key_provider with restore_from",
    ),
    "KeyStateClusterUnreachable": UNREACHABLE,
    "KeyStateMissingInKMS": _known(
        "key_lost", "KeyStateMissingInKMS",
        "the key does not exist in the KMS",
        "restore the key in the KMS from its own backup; without it, the data is lost",
    ),
    "KeyStateNotActiveOrEnabled": _known(
        "key_deactivated", "KeyStateNotActiveOrEnabled",
        "the key is not active in the KMS (deactivated, expired or revoked)",
        "activate the key in the KMS again, then rekey the VM",
    ),
    "NoPermissionToAccessKeyProvider": REFUSES_KEYS,
    "WrappingKeyMissingInKMS": _known(
        "wrapping_key_missing", "WrappingKeyMissingInKMS",
        "the provider's wrapping key does not exist in the KMS",
        "restore the wrapping key in the KMS",
    ),
    "WrappingKeyNotActiveOrEnabled": _known(
        "wrapping_key_deactivated", "WrappingKeyNotActiveOrEnabled",
        "the provider's wrapping key is not active in the KMS",
        "activate the wrapping key in the KMS again",
    ),
}  # fmt: skip
