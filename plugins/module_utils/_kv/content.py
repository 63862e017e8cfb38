# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file as the data of a secret, and back: pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ConflictError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import (
    listing,
    readable_size,
)

CONTENT, DIGEST = "content_base64", "sha256"


def digest_of(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def data_of(content: bytes, limit: int, path: str) -> dict[str, str]:
    """The data of a secret with this file. limit: bytes that a secret may hold, 0 for any."""
    data = {CONTENT: base64.b64encode(content).decode("ascii"), DIGEST: digest_of(content)}
    size = len(json.dumps(data))
    if not content:
        raise InvalidInputError(f"file: {path} is empty")
    if limit and size > limit:
        raise InvalidInputError(
            f"file: {path} has {readable_size(len(content))}, which are {readable_size(size)} in a secret; a secret "
            f"holds at most {readable_size(limit)}. Nothing was changed"
        )
    return data


def content_of(data: t.Any, where: str) -> bytes:
    """The file in the data of a secret; ConflictError when the secret holds something else."""
    if not isinstance(data, dict) or set(data) != {CONTENT, DIGEST}:
        keys = sorted(map(str, data)) if isinstance(data, dict) else []
        raise ConflictError(
            f"{where} holds no file of this module, but the keys {listing(keys) or '(none)'}; nothing was changed. "
            "Choose another path: a backup shares its secret with nothing, least of all with its password"
        )
    try:
        content = base64.b64decode(str(data[CONTENT]), validate=True)
    except (binascii.Error, ValueError):
        raise ConflictError(f"{where}: {CONTENT} is not base64, so the file in it cannot be read") from None
    if digest_of(content) != str(data[DIGEST]).lower():
        raise ConflictError(f"{where}: the SHA-256 beside the file is not that of the file, so it cannot be trusted")
    return content
