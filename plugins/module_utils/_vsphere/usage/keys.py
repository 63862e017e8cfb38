# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of keys as vCenter knows them, also those that the user's view of the inventory does not show."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ForbiddenError,
    UnsupportedError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import (
    of_objects,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import moid_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import (
    Key,
    key_of,
    native_key,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage.inventory import Inventory

_MACHINES, _HOSTS, _THIRD_PARTIES = 2, 4, 8  # checkKeyBitMap; 1 would have vCenter connect to the KMS
_BLOCK = 100  # keys in one question

Warn = t.Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Status:
    """Who uses a key: managed objects, and names of third parties."""

    key: Key
    machines: tuple[t.Any, ...]
    hosts: tuple[t.Any, ...]
    third_parties: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Strangers:
    """Lines by provider on users that the inventory does not show, or why they could not be read."""

    lines: t.Mapping[str, list[str]] = dataclasses.field(default_factory=dict)
    not_read: str | None = None


def key_users(session: Session, seen: Inventory, providers: t.Sequence[str], warn: Warn | None) -> Strangers:
    """Users that `seen` does not have.

    A missing right is a warning and a doubt at every provider; without a way to warn it is an error, because the answer
    would not be complete.
    """
    try:
        listed = session.call("list the keys in use", session.crypto.ListKeys)
        known = {key for key in (key_of(item) for item in listed or []) if key is not None}
        keys = sorted(key for key in known | seen.used_keys() if key.provider in providers)
        found = [
            status for start in range(0, len(keys), _BLOCK) for status in _ask(session, keys[start : start + _BLOCK])
        ]
    except (ForbiddenError, UnsupportedError) as error:
        if warn is None:
            raise
        warn(f"users of the key providers outside the visible inventory are unknown: {error.message}")
        return Strangers(not_read=error.message)
    return Strangers(unseen(found, seen, lambda objects: _names(session, objects)))


def _ask(session: Session, keys: t.Sequence[Key]) -> list[Status]:
    answer = session.call(
        "ask for the users of keys",
        session.crypto.QueryCryptoKeyStatus,
        keyIds=[native_key(key) for key in keys],
        checkKeyBitMap=_MACHINES | _HOSTS | _THIRD_PARTIES,
    )
    return [status_of(item) for item in answer or [] if key_of(item.keyId) is not None]


def status_of(answer: t.Any) -> Status:
    """A CryptoKeyStatus in our shape."""
    return Status(
        t.cast(Key, key_of(answer.keyId)),
        tuple(answer.encryptedVMs or ()),
        tuple(answer.affectedHosts or ()),
        tuple(answer.referencedByTags or ()),
    )


def _names(session: Session, objects: t.Sequence[t.Any]) -> dict[str, str]:
    """Names of objects by id, as far as they may be read."""
    with contextlib.suppress(CollectionError):
        return {moid_of(found.object): found.name for found in of_objects(session, objects, ["name"])}
    return {}


def unseen(
    found: t.Iterable[Status], seen: Inventory, names_of: t.Callable[[t.Sequence[t.Any]], t.Mapping[str, str]]
) -> dict[str, list[str]]:
    """Lines by provider on VMs and hosts that `seen` does not show as users, and on third parties."""
    used = {(machine.moid, key.provider) for machine in seen.machines for key in machine.needed_keys}
    used |= {(host.moid, host.key.provider) for host in seen.hosts if host.key}
    strangers: dict[tuple[str, str], tuple[str, t.Any]] = {}
    lines: dict[str, set[str]] = {}
    for status in found:
        provider = str(status.key.provider)
        lines.setdefault(provider, set()).update(f"third party {name}" for name in status.third_parties)
        for kind, objects in (("VM", status.machines), ("host", status.hosts)):
            for item in objects:
                if (moid_of(item), provider) not in used:
                    strangers[provider, moid_of(item)] = (kind, item)
    names = names_of([item for _kind, item in strangers.values()]) if strangers else {}
    for (provider, moid), (kind, _item) in strangers.items():
        lines[provider].add(f"{kind} {names.get(moid, moid)} (known from its key's status)")
    return {provider: sorted(some) for provider, some in lines.items()}
