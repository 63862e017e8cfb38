# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small builder of the elements of SVG: everything that is not made by it is escaped."""

from __future__ import annotations

import html
import typing as t

from markupsafe import Markup

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.texts import clean

Child = t.Union[Markup, str, int, float, None, t.Sequence["Child"]]


def escaped(value: t.Any) -> Markup:
    """Any value as harmless text."""
    return Markup(html.escape(clean(value), quote=True))


def join(*children: Child) -> Markup:
    """Children one after the other; None is nothing, lists are flattened."""
    parts: list[str] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, Markup):
            parts.append(child)
        elif isinstance(child, (list, tuple)):
            parts.append(join(*child))
        else:
            parts.append(escaped(child))
    return Markup("".join(parts))


def tag(name: str, *children: Child, **attributes: t.Any) -> Markup:
    """One element. `class_` is class, `data_label` is data-label; without attributes that are None."""
    head = [name]
    for key, value in attributes.items():
        if value is not None:
            head.append(f'{key.rstrip("_").replace("_", "-")}="{escaped(value)}"')
    return Markup(f"<{' '.join(head)}>{join(*children)}</{name}>")
