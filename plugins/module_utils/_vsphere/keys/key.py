# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encryption keys, named by provider and id; key material never gets here."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import vim


class Key(t.NamedTuple):
    """A key. `provider` is None when vCenter does not say whose it is."""

    provider: str | None
    id: str


def key_of(found: t.Any) -> Key | None:
    """A CryptoKeyId in our shape. One with an empty id is no key: vCenter leaves texts empty that are not set."""
    if found is None or not found.keyId:
        return None
    provider = found.providerId
    return Key(provider.id if provider is not None else None, found.keyId)


def native_key(key: Key) -> t.Any:
    """A key in vCenter's shape."""
    provider = vim.encryption.KeyProviderId(id=key.provider) if key.provider is not None else None
    return vim.encryption.CryptoKeyId(keyId=key.id, providerId=provider)
