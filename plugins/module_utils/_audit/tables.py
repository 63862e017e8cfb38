# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables that turn into cards on a phone, and lists that stay short."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.markup import (
    Child,
    Markup,
    join,
    name_of,
    tag,
)

Row = t.Sequence[Child]
NAMES = 5


def table(caption: str, columns: t.Sequence[str], rows: t.Iterable[Row], name: t.Optional[str] = None) -> Markup:
    """A table whose first column heads its rows. Roles are spelt out: as cards it would lose them."""
    head = tag("tr", [tag("th", column, scope="col", role="columnheader") for column in columns], role="row")
    body = [
        tag(
            "tr",
            tag("th", row[0], scope="row", role="rowheader"),
            [
                tag("td", tag("div", child), role="cell", data_label=column)
                for column, child in zip(columns[1:], row[1:])
            ],
            role="row",
        )
        for row in rows
    ]
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", head, role="rowgroup"),
        tag("tbody", body, role="rowgroup"),
        role="table",
        id=name,
    )


def names(values: t.Sequence[t.Any], most: int = NAMES) -> Markup:
    """The first names, and how many more there are."""
    shown = [name_of(value) for value in values[:most]]
    parts: list[Child] = []
    for position, one in enumerate(shown):
        parts += [", ", one] if position else [one]
    if len(values) > most:
        parts.append(f" and {len(values) - most:,} more")
    return join(*parts)


def section(name: str, title: str, *children: Child, lead: t.Optional[str] = None, **attributes: t.Any) -> Markup:
    """A part of the page with its heading."""
    heading = tag("h2", title, id=f"{name}-title")
    told = tag("p", lead, class_="lead") if lead else None
    return tag("section", heading, told, *children, id=name, aria_labelledby=f"{name}-title", **attributes)


def item(left: Child, right: Child, *below: Child) -> Markup:
    """A line with a name on the left, a number on the right, and a chart below."""
    return tag("li", tag("div", tag("span", left), tag("b", right), class_="head"), *below)


def capped(rows: t.Sequence[t.Any], most: int, what: str, kind: str = "csv") -> t.Optional[Markup]:
    """A sentence when there are more rows than the page shows."""
    if len(rows) <= most:
        return None
    text = f"The first {most:,} of {len(rows):,} {what} are shown. All of them are in encryption-audit.{kind}."
    return tag("p", text, class_="soft small")
