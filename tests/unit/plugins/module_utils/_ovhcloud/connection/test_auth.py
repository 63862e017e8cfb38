# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signature v1 on the published test vectors."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import (
    bearer_headers,
    signature,
    signed_headers,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import (
    ApplicationKey,
)

SECRET, CONSUMER, TIME = "test-application-secret", "test-consumer-key", 1767225600
BODY = '{"name":"vcenter","identityURNs":["urn:v1:eu:identity:account:ab12345-ovh"]}'
RESOURCE = "https://eu.api.ovh.com/v2/okms/resource"
VECTORS = [
    ("GET", f"{RESOURCE}?publicCA=true", "", "$1$837fc9ed2776b00093c14847d142ab07a3280e17"),
    (
        "POST",
        f"{RESOURCE}/7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31/credential",
        BODY,
        "$1$49acfac2a055f6a9969c6c15886d24e5d241606a",
    ),
]


@pytest.mark.parametrize(("method", "url", "body", "expected"), VECTORS)
def test_signature(method: str, url: str, body: str, expected: str) -> None:
    assert signature(SECRET, CONSUMER, method, url, body, TIME) == expected


def test_headers() -> None:
    method, url, body, expected = VECTORS[0]
    assert signed_headers(ApplicationKey("key", SECRET, CONSUMER), method, url, body, TIME) == {
        "X-Ovh-Application": "key",
        "X-Ovh-Consumer": CONSUMER,
        "X-Ovh-Timestamp": str(TIME),
        "X-Ovh-Signature": expected,
    }
    assert bearer_headers("token") == {"Authorization": "Bearer token"}
