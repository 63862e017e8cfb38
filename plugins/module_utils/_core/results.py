# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of results: a dataclass names and types the keys that a module returns and documents.

Keys with a new name are returned under their former name too, until 2.0.0.
"""

from __future__ import annotations

import dataclasses
import typing as t


class Former(t.NamedTuple):
    """The former name of a key, and the former words for those of its values that have new ones."""

    name: str
    words: t.Mapping[str, str] = {}


# Playbooks compare values with words: a key whose words change gets a new name, and its former one keeps the words.
FORMER = {
    "encryption_state": Former("state", {"unencrypted": "clear"}),
    "infrastructure_kind": Former("infrastructure", {"kmip_server": "key_server", "control_node": "controller"}),
    "allow_filters_before_encryption": Former("allow_cleartext_filters"),
    "unencrypted_parts": Former("clear_parts"),
    "category": Former("kind", {"excluded": "left_out"}),
    "topic": Former("code", {"unencrypted": "clear", "excluded": "left_out", "kms_entry": "kms_flow"}),
}


def fields_of(shape: t.Any) -> tuple[str, ...]:
    """The keys of a dataclass (or of one of its records), in their order."""
    return tuple(field.name for field in dataclasses.fields(shape))


def as_result(record: t.Any) -> dict[str, t.Any]:
    """A record by its keys. Values are taken as they are; what they hold is not copied."""
    return {name: getattr(record, name) for name in fields_of(record)}


def with_former_names(record: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A record, and what of it has a new name also under its former one. Records within it are not looked at."""
    former = {}
    for name in FORMER.keys() & record.keys():
        old, value = FORMER[name], record[name]
        former[old.name] = old.words.get(value, value) if isinstance(value, str) else value
    return {**record, **former}


def with_new_names(record: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A record that an earlier version has kept, with the new names of its keys and of their values."""
    found = dict(record)
    for new, old in FORMER.items():
        if old.name in record and new not in record:
            words = {former: word for word, former in old.words.items()}
            value = record[old.name]
            found[new] = words.get(value, value) if isinstance(value, str) else value
    return found
