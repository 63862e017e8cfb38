# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue: all causes, and the one that a text, an event, a fault or a key's state tells. Pure.

Modules explain faults with it, the doctor explains what happened, and the guide on troubleshooting is made from it.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.events import ENDINGS, OF_EVENTS
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.faults import (
    FAULTS,
    HOST_LACKS_ITS_KEY,
    known_of_keys,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import Known, Patterns
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.situations import (
    PRIVILEGE_MISSING,
    SITUATIONS,
    TASK_WAITS_FOR_CUSTOMER,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.states import STATES
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.subject import (
    pasted_about_encryption,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.texts import (
    CERTAIN,
    HOST_LACKS_KEY,
    PROBABLE,
)

_LONGEST = 20_000  # characters of a text that are looked at
# of what a person pastes: other words for what modules see in another way
_PASTED: Patterns = (
    (r"\bCryptographer\.[A-Z]\w+", PRIVILEGE_MISSING),
    (r"waiting for customer to configure", TASK_WAITS_FOR_CUSTOMER),
)
# causes whose words mean the same in texts that are not about encryption
_ANYWHERE = (
    "client_certificate_refused", "encryption_policy_missing", "host_not_connected", "keys_missing_in_kms",
    "kmip_operation_refused", "native_keys_differ", "server_certificate_unreadable",
)  # fmt: skip
# events that say what failed and not why
_GENERAL = ("provider_error", "no_key_returned", "host_without_provider", "rekey_failed")
ALL: tuple[Known, ...] = tuple(
    dict.fromkeys(
        [known for _pattern, known in (*CERTAIN, *PROBABLE)]
        + [*STATES.values(), *OF_EVENTS, *(known for _key, known in FAULTS), *SITUATIONS]
    )
)
BY_ID: t.Mapping[str, Known] = {known.id: known for known in ALL}
BY_EVENT: t.Mapping[str, Known] = {event: known for known in ALL for event in known.events}
EVENT_IDS: tuple[str, ...] = (*BY_EVENT, *ENDINGS)


def certain(text: str) -> Known | None:
    """The cause that a message of vCenter tells, whatever it is about; None when it is none of the known ones."""
    return _first(CERTAIN, text)


def probable(text: str) -> Known | None:
    """The same for a message about a key, a host's encryption mode, or vSAN encryption."""
    return certain(text) or _first(PROBABLE, text)


def of_fault(text: str, keys: t.Sequence[str], privilege: str = "") -> Known | None:
    """The cause of a task's fault, by its message keys and its text; the text of a host may say why it has no key."""
    if privilege.startswith("Cryptographer."):
        return PRIVILEGE_MISSING
    by_key, by_text = known_of_keys(keys), certain(text) or certain(" ".join(keys))
    if by_key is HOST_LACKS_ITS_KEY and by_text not in (None, HOST_LACKS_KEY):
        return by_text
    return by_key or by_text


def of_event(event: str, text: str) -> Known | None:
    """The cause of an event of vCenter, which may say more in its text than its type does."""
    known = BY_EVENT.get(event)
    return certain(text) or known if known is not None and known.id in _GENERAL else known


def of_text(text: str) -> Known | None:
    """The cause of a text that a person pastes: ids of events and message keys count before words."""
    shown = text[:_LONGEST]
    # the longest first: some ids begin like others
    for event in sorted(BY_EVENT, key=len, reverse=True):
        if event in shown:
            return BY_EVENT[event]
    for state, known in STATES.items():
        if state in shown:
            return known
    keys = [key for key, _known in FAULTS if key in shown]
    told = _first(_PASTED, shown) or (of_fault(shown, sorted(keys, key=len, reverse=True)) if keys else None)
    if told is not None or pasted_about_encryption(shown):
        return told or probable(shown)
    return _first([row for row in (*CERTAIN, *PROBABLE) if row[1].id in _ANYWHERE], shown)


def _first(patterns: t.Sequence[tuple[str, Known]], text: str) -> Known | None:
    return next((known for pattern, known in patterns if re.search(pattern, text, re.IGNORECASE)), None)
