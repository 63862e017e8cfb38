# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether keys are to be had now: vCenter asks their key providers, we put its answer into words."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.causes import (
    Cause,
    cause_of_status,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import (
    Key,
    key_of,
    native_key,
)

_AVAILABILITY = 1  # checkKeyBitMap
_BLOCK = 100  # keys in one question


def unavailable(session: Session, keys: t.Collection[Key]) -> dict[Key, Cause]:
    """Those of the keys that are not to be had, and why. Needs Cryptographer.ManageKeys; changes nothing."""
    ordered = sorted(keys, key=lambda key: (key.provider or "", key.id))
    found: dict[Key, Cause] = {}
    for start in range(0, len(ordered), _BLOCK):
        answer = session.call(
            "ask whether keys are available",
            session.crypto.QueryCryptoKeyStatus,
            keyIds=[native_key(key) for key in ordered[start : start + _BLOCK]],
            checkKeyBitMap=_AVAILABILITY,
        )
        for status in answer or []:
            key = key_of(status.keyId)
            if key is not None and status.keyAvailable is False:
                found[key] = cause_of_status(status.reason)
    return found
