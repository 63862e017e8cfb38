# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that modules tell their user: one root, and one subclass for each thing that somebody catches."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.oldest_python import refuse_older

refuse_older()


class CollectionError(Exception):
    """Root of all expected failures.

    `message` says what was tried, on what, and what the other side answered, on one line. `details` are plain facts
    for the result (query_id, task_id, order_id, http_status ...), never a secret. `results` are result keys that are
    returned in spite of the failure.
    """

    kind = "error"
    answered = False  # an answer came and could not be used: what it answers may have been done
    given_up = False  # it was tried again, as often as makes sense

    def __init__(self, message: str, **details: t.Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.results: dict[str, t.Any] = {}


class InvalidInputError(CollectionError):
    """The user's options are wrong; nothing was changed."""

    kind = "invalid_input"


class NotFoundError(CollectionError):
    """The object does not exist, or this account may not see it."""

    kind = "not_found"


class AmbiguousError(CollectionError):
    """Several objects match where one was meant."""

    kind = "ambiguous"


class ConflictError(CollectionError):
    """The request contradicts the present state of the object."""

    kind = "conflict"


class GuardError(CollectionError):
    """A safety rule forbids the change; the message says how to allow it."""

    kind = "refused_by_guard"


class AuthenticationError(CollectionError):
    """The credentials are wrong, unknown, expired or not validated."""

    kind = "authentication"


class ForbiddenError(CollectionError):
    """The credentials are good, but a right is missing."""

    kind = "forbidden"


class UnreachableError(CollectionError):
    """No connection: name, route, refusal, TLS or time-out before an answer."""

    kind = "unreachable"


class ApiError(CollectionError):
    """The other side answered with an error that no other kind covers."""

    kind = "api"


class UnsupportedError(CollectionError):
    """The other side's version cannot do this."""

    kind = "unsupported"


class WaitTimeoutError(CollectionError):
    """A bounded wait ended; `last_state` in details is what was seen last."""

    kind = "timeout"


class MissingLibraryError(CollectionError):
    """A Python package is not installed for the interpreter that runs the module."""

    kind = "missing_library"
