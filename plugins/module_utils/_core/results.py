# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of results: a dataclass names and types the keys that a module returns and documents."""

from __future__ import annotations

import dataclasses
import typing as t


def fields_of(shape: t.Any) -> tuple[str, ...]:
    """The keys of a dataclass (or of one of its records), in their order."""
    return tuple(field.name for field in dataclasses.fields(shape))


def as_result(record: t.Any) -> dict[str, t.Any]:
    """A record by its keys. Values are taken as they are; what they hold is not copied."""
    return {name: getattr(record, name) for name in fields_of(record)}
