# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals of a KV engine, with the right that is missing."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AuthenticationError,
    CollectionError,
    ForbiddenError,
)

# (assumption regional-refusal)
_REFUSALS = (401, 403)  # some answer 401 to an identity that lacks a right


def refused(error: CollectionError) -> bool:
    """Whether the server knows the caller too little for this call."""
    return isinstance(error, (ForbiddenError, AuthenticationError)) or error.details.get("http_status") in _REFUSALS


def explained(error: CollectionError, right: str) -> CollectionError:
    """The same error, which names the right that the call needs if it was refused."""
    if not refused(error) or right in error.message:
        return error
    details: dict[str, t.Any] = {**error.details, "needed": right}
    return type(error)(f"{error.message}. This call needs {right}", **details)


def outcome_unknown(error: CollectionError) -> bool:
    """Whether a write may have taken effect although it failed: look before anything else."""
    return bool(error.answered or error.details.get("maybe_done")) or int(error.details.get("http_status") or 0) >= 500
