# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that several parts of the vCenter raise."""

from __future__ import annotations

import typing as t

from pyVmomi import vim, vmodl


def no_permission(reference: t.Any, privilege: str) -> Exception:
    """The session may not do this."""
    return vim.fault.NoPermission(
        object=reference, privilegeId=privilege, msg="Permission to perform this operation was denied."
    )


def not_authenticated(reference: t.Any) -> Exception:
    """There is no session."""
    return vim.fault.NotAuthenticated(
        object=reference, privilegeId="System.View", msg="The session is not authenticated."
    )


def not_found(reference: t.Any) -> Exception:
    """The object is gone or never was."""
    return vmodl.fault.ManagedObjectNotFound(
        obj=reference, msg="The object has already been deleted or has not been completely created"
    )


def invalid_argument(name: str, text: str = "A specified parameter was not correct") -> Exception:
    """A parameter is wrong; `name` is its path."""
    return vmodl.fault.InvalidArgument(invalidProperty=name, msg=f"{text}: {name}")


def method_not_found(reference: t.Any, method: str) -> Exception:
    """No such method in this version."""
    return vmodl.fault.MethodNotFound(
        receiver=reference, method=method, msg=f"The method is not supported by the server: {method}"
    )


def system_error(text: str) -> Exception:
    """Something broke inside."""
    return vmodl.fault.SystemError(reason=text, msg=f"A general system error occurred: {text}")
