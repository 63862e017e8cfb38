# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs and what will be done about it: pure, and the one source of `changed`, diff and prediction."""

from __future__ import annotations

import dataclasses
import typing as t

State = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Plan:
    """One decision. `before` and `after` are complete states, empty when the object is (or will be) absent.

    `verb` is create, update, delete or None (nothing to do). `changes` holds the wanted values that differ from
    `before`; for a create these are all wanted values.
    """

    verb: str | None
    before: State
    after: State
    changes: State

    @property
    def changed(self) -> bool:
        """True when there is something to do."""
        return self.verb is not None


def differences(before: t.Mapping[str, t.Any], wanted: t.Mapping[str, t.Any]) -> State:
    """Wanted values that differ from the present ones. Both sides must be normalised (sorted, same types)."""
    return {key: value for key, value in wanted.items() if before.get(key) != value}


def make_plan(before: State | None, wanted: State, state: str = "present") -> Plan:
    """Compare the present state (None: absent) with the wanted values."""
    present = dict(before) if before is not None else {}
    if state == "absent":
        return Plan("delete" if before is not None else None, present, {}, {})
    if before is None:
        return Plan("create", {}, dict(wanted), dict(wanted))
    changes = differences(present, wanted)
    return Plan("update" if changes else None, present, {**present, **changes}, changes)


def complete(state: State, fields: t.Sequence[str]) -> State:
    """The state with every documented field, null where unknown; {} stays {} (absent)."""
    if not state:
        return {}
    return {**dict.fromkeys(fields), **state}


def diff(before: State, after: State, hidden: t.Collection[str] = ()) -> dict[str, State]:
    """Before and after, cut down to what differs, without the hidden (volatile) fields."""
    keys = [key for key in {**before, **after} if key not in hidden and before.get(key) != after.get(key)]
    return {
        "before": {key: before[key] for key in keys if before.get(key) is not None},
        "after": {key: after[key] for key in keys if after.get(key) is not None},
    }
