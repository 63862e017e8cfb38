# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signature v1 and the headers of the three ways to authenticate: pure."""

from __future__ import annotations

import hashlib

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import (
    ApplicationKey,
)


def signature(secret: str, consumer_key: str, method: str, url: str, body: str, timestamp: int) -> str:
    """Signature v1 over the exact URL and body that are sent."""
    text = "+".join((secret, consumer_key, method.upper(), url, body, str(timestamp)))
    # the API's own scheme asks for SHA-1
    return "$1$" + hashlib.sha1(text.encode("utf-8")).hexdigest()  # nosec B324


def signed_headers(key: ApplicationKey, method: str, url: str, body: str, timestamp: int) -> dict[str, str]:
    """Headers of a call with an application key; `timestamp` in seconds of the API's clock."""
    return {
        "X-Ovh-Application": key.application_key,
        "X-Ovh-Consumer": key.consumer_key,
        "X-Ovh-Timestamp": str(timestamp),
        "X-Ovh-Signature": signature(key.application_secret, key.consumer_key, method, url, body, timestamp),
    }


def bearer_headers(token: str) -> dict[str, str]:
    """Headers of a call with an OAuth2 or static token."""
    return {"Authorization": f"Bearer {token}"}
