# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error answers of the OVHcloud API, in the two shapes that exist side by side."""

from __future__ import annotations

import http
import typing as t

CLASSES = {
    400: "Client::BadRequest",
    401: "Client::Unauthorized",
    403: "Client::Forbidden",
    404: "Client::NotFound",
    405: "Client::MethodNotAllowed",
    409: "Client::Conflict",
    429: "Client::TooManyRequests",
    460: "Client::ServiceExpired",
    500: "Server::InternalServerError",
    502: "Server::BadGateway",
    503: "Server::ServiceUnavailable",
    504: "Server::GatewayTimeout",
}
MESSAGES = {
    401: "You must login first",
    403: "User not granted for this request",
    404: "The requested object does not exist",
    429: "Too many requests, please retry later",
    460: "This service is expired",
    500: "Internal server error",
    502: "Bad gateway",
    503: "Service temporarily unavailable",
    504: "Gateway timeout",
}
CONTRACT_BREACH = "Server::InternalServerError::LabContract"


class ApiError(Exception):
    """An error answer: HTTP status and JSON body."""

    def __init__(self, status: int, body: dict[str, t.Any]) -> None:
        super().__init__(f"{status} {body.get('message', '')}")
        self.status = status
        self.body = body


def error(status: int, message: str = "", class_name: str = "", details: dict[str, str] | None = None) -> ApiError:
    """The newer shape: class, message, details."""
    kind = class_name or CLASSES.get(status, "Client::BadRequest" if status < 500 else "Server::InternalServerError")
    body: dict[str, t.Any] = {"class": kind, "message": message or MESSAGES.get(status, "Request refused")}
    if details:
        body["details"] = details
    return ApiError(status, body)


def old_error(status: int, code: str, message: str) -> ApiError:
    """The older shape, used by the authentication layer."""
    phrase = http.HTTPStatus(status).phrase
    return ApiError(status, {"errorCode": code, "httpCode": f"{status} {phrase}", "message": message})


def bad_request(message: str, detail: str = "") -> ApiError:
    """400 with the class `Client::BadRequest` or `Client::BadRequest::<detail>`."""
    return error(400, message, f"Client::BadRequest::{detail}" if detail else "")


def not_found(what: str) -> ApiError:
    """404 for an object."""
    return error(404, f"The requested object ({what}) does not exist")


def conflict(message: str) -> ApiError:
    """409: the object's state does not allow this."""
    return error(409, message)


def forbidden_by_iam(actions: t.Sequence[str]) -> ApiError:
    """403 naming the actions that no policy grants; the plain form without any."""
    details = (
        None
        if not actions
        else {"unauthorizedActionsByAuthentication": "", "unauthorizedActionsByIAM": " ".join(actions)}
    )
    return error(403, "", details=details)
