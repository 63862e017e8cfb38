# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words and rules that all use checks share."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import GuardError

_NAMED = 10  # users that a message names
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def listing(items: t.Sequence[str], most: int = _NAMED) -> str:
    """The items on one line; beyond `most` they are only counted."""
    named = ", ".join(items[:most])
    return f"{named} and {len(items) - most} more" if len(items) > most else named


def readable_size(size: float) -> str:
    """A size for people: 1536 bytes are 1.5 KiB."""
    unit = 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 host`, `2 hosts`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def confirmed(name: str, typed: str | None, what: str) -> bool:
    """Whether the name was typed again in confirm_name. Another name allows nothing: it raises GuardError."""
    if typed and typed != name:
        raise GuardError(f"confirm_name is {typed}, but the name of {what} is {name}; nothing was changed")
    return bool(typed)


def refuse_while_used(what: str, users: t.Sequence[str], way_out: str) -> None:
    """Raise GuardError when there are users; `way_out` says how to override it. Blank entries are ignored."""
    named = [user.strip() for user in users if user.strip()]
    if named:
        raise GuardError(
            f"{what} is in use by {listing(named)}; nothing was changed. Encrypted VMs do not start without "
            f"their keys. Move or decrypt them first, or {way_out}",
            in_use_by=named,
        )
