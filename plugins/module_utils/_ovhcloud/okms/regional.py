# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The regional API of an OKMS domain: a client for it, which takes tokens only."""

from __future__ import annotations

import dataclasses
import typing as t
from urllib.parse import urlsplit

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ConflictError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import (
    ApplicationKey,
    Settings,
)


def check_token(settings: Settings, way_out: str = "") -> None:
    """Raise before any call when the credentials are of a kind that the regional API does not take."""
    # certificates, personal access tokens and service accounts only (guide okms-authentication-methods)
    if isinstance(settings.credentials, ApplicationKey):
        raise InvalidInputError(
            "the regional API of OKMS accepts only tokens, and an application key provides none: give client_id "
            f"and client_secret, or access_token{way_out}"
        )


def regional_client(settings: Settings, domain: t.Mapping[str, t.Any], closing: t.Callable[[Client], Client]) -> Client:
    """A client for the address that the API names for the domain."""
    endpoint = str(domain["rest_endpoint"] or "").rstrip("/")
    parts = urlsplit(endpoint)
    # the token goes there: only where the API names a plain https address
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.query:
        raise ConflictError(f"OVHcloud names no regional API for OKMS {domain['id']}: its restEndpoint is {endpoint!r}")
    return closing(Client(dataclasses.replace(settings, base_url=endpoint)))
