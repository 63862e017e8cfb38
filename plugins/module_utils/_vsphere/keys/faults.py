# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vCenter's encryption faults mean, and what to do about them. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes import catalogue
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.faults import known_of_keys
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import (
    fault_text,
    from_fault,
)

POLICY_REFUSED = ("msg.hostd.deviceSpec.enc.badPolicy", "msg.disk.policyChangeFailure")
_NO_KEY = ("msg.vigor.enc.keyNotFound", "msg.keysafe.locator", "msg.vigor.enc.keyUnavailable")


def message_keys(fault: t.Any) -> list[str]:
    """Keys of the messages of a fault."""
    return [str(message.key) for message in getattr(fault, "faultMessage", None) or [] if message.key]


def error_of_fault(fault: t.Any, what: str) -> CollectionError:
    """Our error for the fault of a task, with the cause in words when it is known."""
    error = from_fault(fault, what)
    keys = message_keys(fault)
    known = catalogue.of_fault(fault_text(fault), keys)
    if known is None:
        return error
    cause = known.cause
    if known is known_of_keys(keys):
        error.message += f". {cause.reason[0].upper()}{cause.reason[1:]}: {cause.next_step}"
        error.details["message_key"] = keys[0]
        return error
    error.message += f". Cause: {cause.reason}. Next step: {cause.next_step}"
    error.details.update(cause=cause.reason, next_step=cause.next_step)
    return error


def lacks_key(fault: t.Any) -> bool:
    """Whether no host gets keys any more, so that the next VM would fail the same way."""
    return any(key.startswith(start) for key in message_keys(fault) for start in _NO_KEY)
