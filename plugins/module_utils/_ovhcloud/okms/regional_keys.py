# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service keys over the regional API of an OKMS domain, which knows what the central one does not."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import Settings
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import record
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.regional import (
    check_token,
    regional_client,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.service_keys import not_made

UNTOLD: State = {"protection_level": None, "extractable": None}


def check_credentials(settings: Settings) -> None:
    """Raise before any call when the credentials are of a kind that the regional API does not take."""
    check_token(settings, ", or omit regional_api and extractable")


class RegionalKeys:
    """Calls of /api/{okmsId}/v1/servicekey at the domain's own address."""

    def __init__(
        self, settings: Settings, domain: t.Mapping[str, t.Any], closing: t.Callable[[Client], Client]
    ) -> None:
        self._client = regional_client(settings, domain, closing)
        # guides also show /v1/servicekey, where the client's certificate names the domain; a token names none
        self._path = api_path("/api/{}/v1/servicekey", domain["id"])

    def create(self, body: t.Mapping[str, t.Any], secrets: t.Sequence[str] = ()) -> str:
        """Generate or import one, once: its id."""
        sent = {name: value for name, value in body.items() if value is not None}
        try:
            return record(self._client.post(self._path, sent), "a new service key").known_text("id")
        except CollectionError as error:
            raise not_made(error, secrets) from error

    def facts(self, key_id: str) -> State:
        """`protection_level` and `extractable` of a key; null for what is not told."""
        try:
            read = record(self._client.get(self._path + api_path("/{}", key_id)), f"service key {key_id}")
        except NotFoundError:
            return dict(UNTOLD)
        # attributes may be null or without it (assumption key-attributes)
        extractable = read.labels("attributes").get("extractable")
        told = extractable if isinstance(extractable, bool) else None
        return {"protection_level": read.text("protectionLevel"), "extractable": told}

    def set_extractable(self, key_id: str, extractable: bool) -> None:
        """Let it leave OKMS, or not any more."""
        self._client.patch(self._path + api_path("/{}", key_id), {"extractable": extractable})
