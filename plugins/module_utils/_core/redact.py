# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take secrets out of texts before anybody sees them."""

from __future__ import annotations

import re
import typing as t

HIDDEN = "********"
_PATTERNS = (
    re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    # access to an order without login, see the `url` of an order
    re.compile(r"(?<=orderPassword=)[^&\s\"']+", re.IGNORECASE),
    re.compile(r"(?<=Bearer )[A-Za-z0-9._~+/=-]+", re.IGNORECASE),
    re.compile(r"(?<=vmware_soap_session=)[^;\s]+", re.IGNORECASE),
    re.compile(r"(?<=vmware-api-session-id[:=])\s*[^;,\s]+", re.IGNORECASE),
    re.compile(r"(?<=[?&]token=)[^&\s\"']+", re.IGNORECASE),
)
_SHORTEST = 4  # shorter values would blank out ordinary words


def scrub(text: str, secrets: t.Iterable[str] = ()) -> str:
    """The text without the given secrets and without anything that looks like one."""
    for secret in sorted((value for value in secrets if len(value) >= _SHORTEST), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern in _PATTERNS:
        text = pattern.sub(HIDDEN, text)
    return text


def scrub_data(value: t.Any, secrets: t.Sequence[str] = ()) -> t.Any:
    """The same for nested lists and dictionaries."""
    if isinstance(value, str):
        return scrub(value, secrets)
    if isinstance(value, dict):
        return {key: scrub_data(item, secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [scrub_data(item, secrets) for item in value]
    return value
