# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the error bodies of vCenter's REST interface, in the shapes of both trees, to our errors: pure."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    AuthenticationError,
    CollectionError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnsupportedError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import (
    ENCRYPTION_RIGHT_HINT,
    one_line,
)

# The type counts, not the HTTP status: "already exists" comes with 400.
_TYPES: dict[str, type[CollectionError]] = {
    "ALREADY_EXISTS": ConflictError,
    "ALREADY_IN_DESIRED_STATE": ConflictError,
    "CONCURRENT_CHANGE": ConflictError,
    "FEATURE_IN_USE": ConflictError,
    "INVALID_ARGUMENT": InvalidInputError,
    "NOT_ALLOWED_IN_CURRENT_STATE": ConflictError,
    "NOT_FOUND": NotFoundError,
    "OPERATION_NOT_FOUND": UnsupportedError,
    "RESOURCE_BUSY": ConflictError,
    "RESOURCE_IN_USE": ConflictError,
    "UNAUTHENTICATED": AuthenticationError,
    "UNAUTHORIZED": ForbiddenError,
    "UNSUPPORTED": UnsupportedError,
}
_STATUSES: dict[int, type[CollectionError]] = {
    401: AuthenticationError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
}


def error_type(body: t.Any) -> str | None:
    """Upper-case name of the error: `error_type` of /api, or the end of `type` of /rest."""
    if not isinstance(body, dict):
        return None
    name = body.get("error_type") or str(body.get("type") or "").rpartition(".")[2].upper()
    return one_line(str(name)) or None


def message_text(message: t.Any) -> str:
    """One localizable message in words."""
    if not isinstance(message, dict):
        return ""
    return one_line(str(message.get("localized") or message.get("default_message") or message.get("id") or ""))


def error_text(body: t.Any) -> str:
    """What vCenter said; empty when the body is of another shape."""
    holder = body.get("value", body) if isinstance(body, dict) else None
    messages = holder.get("messages") if isinstance(holder, dict) else None
    texts = [message_text(message) for message in messages or []] if isinstance(messages, list) else []
    return one_line("; ".join(text for text in texts if text))


def to_error(what: str, status: int, body: t.Any) -> CollectionError:
    """The error for an answer with status 400 or higher; `what` completes "could not ..."."""
    name, said = error_type(body), error_text(body)
    kind = _TYPES.get(name or "", _STATUSES.get(status, ApiError))
    if kind is AuthenticationError:
        said = "; ".join(part for part in ("vCenter refuses the user name, the password or the session", said) if part)
    label = f"HTTP {status}" + (f" {name}" if name else "")
    hint = ENCRYPTION_RIGHT_HINT if kind is ForbiddenError else ""
    details = {"http_status": status, **({"error_type": name} if name else {})}
    return kind(f"could not {what}: {said or 'no text'} ({label}){hint}", **details)
