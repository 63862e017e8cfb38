# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what vCenter says when a key is unavailable, to the cause and the next step, in words."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes import catalogue
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import Cause, Known
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.states import STATES
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError

Error = t.TypeVar("Error", bound=CollectionError)
UNSAID = Cause(
    "vCenter did not say whether it can get the key",
    "rerun; if it stays so, check the key provider with key_provider_info, and ask OVHcloud's support",
)
UNKNOWN_CAUSE = Cause("vCenter gives no known reason", "check the object's task and events in vCenter")


def certain_cause(text: str) -> Cause | None:
    """The cause that a message of vCenter tells, whatever it is about; None when it is none of the known ones."""
    return _cause(catalogue.certain(text))


def cause_of(text: str) -> Cause | None:
    """The same for a message about a key, a host's encryption mode, or vSAN encryption."""
    return _cause(catalogue.probable(text))


def _cause(known: Known | None) -> Cause | None:
    return known.cause if known is not None else None


def cause_of_status(reason: str | None) -> Cause:
    """Words for the reason of a CryptoKeyStatus that is not available."""
    known = STATES.get(reason or "")
    if known is not None:
        return known.cause
    return Cause(f"the key is not available ({reason or 'no reason given'})", UNKNOWN_CAUSE.next_step)


def with_cause(error: Error) -> Error:
    """The same error, with cause and next step when they are known; to be raised in its place."""
    # what comes before is ours, and names objects
    cause = cause_of(error.message.partition(": ")[2] or error.message)
    if cause is None or "next_step" in error.details:
        return error
    message = f"{error.message}. Cause: {cause.reason}. Next step: {cause.next_step}"
    made = type(error)(message, **{**error.details, "cause": cause.reason, "next_step": cause.next_step})
    made.results = error.results
    return made
