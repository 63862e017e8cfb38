# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of a file is of which vCenter: its instance UUID decides, its address only where there is none."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._records.shapes import Record, name_of


class VCenter(t.NamedTuple):
    """A vCenter as it was reached: its instance UUID, empty when it does not tell, and the address."""

    id: str
    name: str

    def __str__(self) -> str:
        return named({"id": self.id, "name": self.name})


def same_name(one: str, other: str) -> bool:
    """Whether two addresses are written alike but for case and the dot at the end."""
    return one.rstrip(".").casefold() == other.rstrip(".").casefold()


def nameless(section: Record) -> bool:
    """Whether nothing tells the vCenter: earlier versions did not write it for native key providers."""
    return not section["id"] and not section["name"]


def of_id(sections: t.Sequence[Record], vcenter: VCenter) -> Record | None:
    """The section of that instance UUID; of a vCenter that tells none, the only one of its name."""
    if vcenter.id:
        return next((one for one in sections if one["id"] == vcenter.id), None)
    alike = [one for one in sections if one["id"] and same_name(one["name"], vcenter.name)]
    return alike[0] if len(alike) == 1 else None


def of_name(sections: t.Sequence[Record], vcenter: VCenter) -> Record | None:
    """The section of that address which has no instance UUID, as earlier versions wrote it."""
    alike = (one for one in sections if not one["id"] and one["name"] and same_name(one["name"], vcenter.name))
    return next(alike, None)


def named(section: Record) -> str:
    """A section in words."""
    name = name_of(section["name"]) or "a vCenter whose address is unknown"
    return f"{name} (instance UUID {name_of(section['id'])})" if section["id"] else name


def ordered(sections: t.Sequence[Record]) -> list[Record]:
    """The sections in the order of the file."""
    return sorted(sections, key=lambda one: (one["name"], one["id"]))
