# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether keys are available now: vCenter asks their key providers, we put its answer into words."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import Cause
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.causes import (
    UNSAID,
    cause_of_status,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import (
    Key,
    key_of,
    native_key,
)

_AVAILABILITY = 1  # checkKeyBitMap
_BLOCK = 100  # keys in one question


@dataclasses.dataclass(frozen=True)
class Fetched:
    """How many keys vCenter was asked for, and in words those that it did not get."""

    asked: int
    unavailable: list[str]


def keys_in_use(session: Session, providers: t.Collection[str]) -> dict[str, list[Key]]:
    """By provider, the keys in use as vCenter knows them."""
    # vCenter's own list, not that of the KMS; keys that nothing uses may be in it (assumption list-generated-keys)
    listed = session.call("list the keys in use", session.crypto.ListKeys)
    keys = sorted(key for key in map(key_of, listed or []) if key is not None and key.provider in providers)
    return {name: [key for key in keys if key.provider == name] for name in providers}


def unavailable_keys(session: Session, provider: str) -> set[Key]:
    """The keys in use of a provider that vCenter does not get now, or does not tell of: all of them are asked for.

    Needs Cryptographer.ManageKeys; changes nothing.
    """
    said = availability(session, keys_in_use(session, [provider])[provider])
    return {key for key, cause in said.items() if cause is not None}


def fetched(session: Session, providers: t.Collection[str]) -> dict[str, Fetched]:
    """By provider, whether vCenter gets the keys in use now; of many keys, the first hundred of each provider."""
    asked = {name: keys[:_BLOCK] for name, keys in keys_in_use(session, providers).items()}
    missing = unavailable(session, [key for some in asked.values() for key in some])
    return {
        name: Fetched(
            len(some), [f"{key.id}: {missing[key].reason}: {missing[key].next_step}" for key in some if key in missing]
        )
        for name, some in asked.items()
    }


def unavailable(session: Session, keys: t.Collection[Key]) -> dict[Key, Cause]:
    """Those of the keys that are unavailable, and why. Needs Cryptographer.ManageKeys; changes nothing.

    A key of which vCenter says nothing is not among them, because its VM may run all the same.
    """
    return {
        key: cause_of_status(reason) for key, (available, reason) in _states(session, keys).items() if not available
    }


def availability(session: Session, keys: t.Collection[Key]) -> dict[Key, Cause | None]:
    """Each key with why it is unavailable, or None. What vCenter does not say counts as unavailable: it is a proof."""
    # of keys that nothing in it uses, vCenter may say nothing (assumption unknown-key-status)
    said = _states(session, keys)
    return {key: _cause(*said[key]) if key in said else UNSAID for key in keys}


def _cause(available: bool, reason: str | None) -> Cause | None:
    return None if available else cause_of_status(reason)


def _states(session: Session, keys: t.Collection[Key]) -> dict[Key, tuple[bool, str | None]]:
    """What vCenter says of keys, with its reason; its answer may lack a key, or whether that is available."""
    ordered = sorted(keys, key=lambda key: (key.provider or "", key.id))
    found: dict[Key, tuple[bool, str | None]] = {}
    for start in range(0, len(ordered), _BLOCK):
        answer = session.call(
            "ask whether keys are available",
            session.crypto.QueryCryptoKeyStatus,
            keyIds=[native_key(key) for key in ordered[start : start + _BLOCK]],
            checkKeyBitMap=_AVAILABILITY,
        )
        for status in answer or []:
            key = key_of(status.keyId)
            if key is not None and status.keyAvailable is not None:
                found[key] = (bool(status.keyAvailable), status.reason)
    return found
