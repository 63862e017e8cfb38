# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One finding of the doctor: what is wrong, with what, who says so, why, and what to do. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import WARNING, Cause, Known
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.redact import scrub
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line

UNKNOWN = Cause(
    "no known cause",
    "look at the object's tasks and events in vCenter; if that does not help, ask OVHcloud's support with this text",
)
NOT_READ = Cause("this part could not be read, so nothing is known about it", "fix what the message names, then rerun")
_LONGEST = 300  # characters of a text of somebody else

Facts = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """A cause found at one object. `signs` say how it was seen; a `general` one yields to a specific one there."""

    cause: t.Optional[str]
    severity: str
    subject: str
    signs: tuple[str, ...]
    reason: str
    next_step: str
    source: t.Optional[str]
    general: bool = False
    example: t.Optional[str] = None  # a text, event or state that has this cause

    def shown(self) -> dict[str, t.Any]:
        """For the JSON file."""
        names = ("severity", "cause", "subject", "reason", "next_step", "source", "example")
        return {**{name: getattr(self, name) for name in names}, "signs": list(self.signs)}


def safe(text: t.Any) -> str:
    """A text of somebody else: one line, bounded, without what looks like a secret."""
    return one_line(scrub(str(text or "")), _LONGEST)


def of_known(
    known: Known | None, subject: t.Any, sign: t.Any, severity: str | None = None, general: bool = False
) -> Diagnosis:
    """A diagnosis from the catalogue, or that there is no known cause."""
    name, signs = safe(subject), (safe(sign),)
    if known is None:
        return Diagnosis(None, severity or WARNING, name, signs, *UNKNOWN, None)
    worst = severity or known.severity
    return Diagnosis(known.id, worst, name, signs, *known.cause, known.source, general, known.says)


def records(result: Facts | None, key: str) -> list[t.Any] | None:
    """What a registered task has read; None when it did not run or gave nothing."""
    found = (result or {}).get(key)
    return list(found) if isinstance(found, (list, tuple)) else None
