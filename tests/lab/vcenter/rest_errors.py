# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of vCenter's REST interface, with one body for each of its two trees."""

from __future__ import annotations

import json
import typing as t

from ..web import Response

JSON = {"Content-Type": "application/json"}
REALM = {"WWW-Authenticate": 'Basic realm="VAPI endpoint"'}
OLD_TREE = "/rest"
STATUSES = {
    "already_exists": 400,
    "invalid_argument": 400,
    "invalid_request": 400,
    "unexpected_input": 400,
    "unsupported": 400,
    "unauthenticated": 401,
    "unauthorized": 403,
    "not_found": 404,
    "operation_not_found": 404,
    "concurrent_change": 409,
    "internal_server_error": 500,
    "service_unavailable": 503,
    "timed_out": 504,
}
# what a fault rule with that status says; any other is a plain HTTP error
NAMES = {
    400: "invalid_argument",
    401: "unauthenticated",
    403: "unauthorized",
    404: "not_found",
    409: "concurrent_change",
    500: "internal_server_error",
    503: "service_unavailable",
    504: "timed_out",
}


def message(message_id: str, text: str, arguments: t.Sequence[str] = (), **params: str) -> dict[str, t.Any]:
    """A localizable message."""
    made: dict[str, t.Any] = {"id": message_id, "default_message": text, "args": list(arguments)}
    if params:
        made["params"] = {name: {"s": value} for name, value in params.items()}
    return made


class RestError(Exception):
    """An error by its name in lower case, one of STATUSES."""

    def __init__(self, name: str, text: str, message_id: str = "") -> None:
        super().__init__(text)
        self.name = name
        self.message = message(message_id or f"com.vmware.vcenter.crypto_manager.kms.{name}", text)


def unauthenticated() -> RestError:
    """There is no session, or name and password are wrong."""
    return RestError(
        "unauthenticated", "Authentication required.", "com.vmware.vapi.endpoint.method.authentication.required"
    )


def unauthorized(privilege: str) -> RestError:
    """The session may not do this."""
    text = f"Forbidden. You are not authorized to perform the operation: {privilege}"
    return RestError("unauthorized", text, "com.vmware.vapi.endpoint.method.authorization.denied")


def operation_not_found(path: str) -> RestError:
    """Nothing answers there."""
    return RestError("operation_not_found", f"Not found: {path}", "com.vmware.vapi.rest.httpNotFound")


def answer(error: RestError, path: str) -> Response:
    """The response, in the form of the tree that `path` is in."""
    if path.startswith(OLD_TREE):
        value = {"messages": [error.message]}
        body: dict[str, t.Any] = {"type": f"com.vmware.vapi.std.errors.{error.name}", "value": value}
    else:
        body = {"error_type": error.name.upper(), "messages": [error.message]}
    status = STATUSES[error.name]
    headers = {**JSON, **REALM} if status == 401 else dict(JSON)
    return Response(status, json.dumps(body).encode(), headers)


def of_status(status: int, path: str) -> Response:
    """What the interface says with that status."""
    if status not in NAMES:
        return Response(status, b"Bad Gateway", {"Content-Type": "text/plain"})
    return answer(RestError(NAMES[status], "The service failed on request."), path)
