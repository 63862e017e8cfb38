# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors and paths of vCenter's REST interface."""

from __future__ import annotations

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import errors
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest_errors import (
    error_text,
    error_type,
    to_error,
)

MESSAGES = [{"id": "a.b", "default_message": "It is\n there.", "args": []}, {"id": "c.d"}]


def new(name):
    return {"error_type": name, "messages": MESSAGES}


def old(name):
    return {"type": f"com.vmware.vapi.std.errors.{name}", "value": {"messages": MESSAGES}}


@pytest.mark.parametrize("body", [new("ALREADY_EXISTS"), old("already_exists")])
def test_both_shapes(body):
    assert error_type(body) == "ALREADY_EXISTS"
    assert error_text(body) == "It is there.; c.d"
    error = to_error("create it on vc", 400, body)
    assert isinstance(error, errors.ConflictError)
    assert error.message == "could not create it on vc: It is there.; c.d (HTTP 400 ALREADY_EXISTS)"
    assert error.details == {"http_status": 400, "error_type": "ALREADY_EXISTS"}


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (400, "INVALID_ARGUMENT", errors.InvalidInputError),
        (400, "UNSUPPORTED", errors.UnsupportedError),
        (400, "UNEXPECTED_INPUT", errors.ApiError),
        (400, "RESOURCE_IN_USE", errors.ConflictError),
        (401, "UNAUTHENTICATED", errors.AuthenticationError),
        (403, "UNAUTHORIZED", errors.ForbiddenError),
        (404, "NOT_FOUND", errors.NotFoundError),
        (404, "OPERATION_NOT_FOUND", errors.UnsupportedError),
        (409, "CONCURRENT_CHANGE", errors.ConflictError),
        (500, "INTERNAL_SERVER_ERROR", errors.ApiError),
        (503, "SERVICE_UNAVAILABLE", errors.ApiError),
    ],
)
def test_kinds(status, name, kind):
    assert to_error("do it", status, new(name)).__class__ is kind
    assert to_error("do it", status, old(name.lower())).__class__ is kind


@pytest.mark.parametrize("body", [None, [], "text", {}, {"messages": "no list"}, {"value": 3}, {"messages": [7]}])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.ApiError),
        (401, errors.AuthenticationError),
        (403, errors.ForbiddenError),
        (404, errors.NotFoundError),
        (502, errors.ApiError),
    ],
)
def test_bodies_of_no_shape(body, status, kind):
    error = to_error("do it", status, body)
    assert error.__class__ is kind
    assert f"(HTTP {status})" in error.message
    assert error.details == {"http_status": status}


def test_rights_are_explained():
    assert "encryption_right" in to_error("do it", 403, new("UNAUTHORIZED")).message
