# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The top of the page: headline numbers, what needs attention, coverage."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit import svg, words
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.counts import by_state
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.findings import healthy, plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.markup import (
    Child,
    Markup,
    name_of,
    tag,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.tables import (
    item,
    names,
    section,
    table,
)

Report = t.Mapping[str, t.Any]


def headline(totals: Report) -> str:
    """The one sentence of the report."""
    machines, encrypted = totals["virtual_machines"], totals["encrypted"]
    if not machines:
        return "There are no VMs to encrypt"
    if encrypted == machines:
        return f"All {words.number(machines)} VMs are encrypted" if machines > 1 else "The only VM is encrypted"
    verb = "is" if encrypted == 1 else "are"
    return f"{words.number(encrypted)} of {words.number(machines)} VMs {verb} encrypted"


def top(report: Report) -> Markup:
    """The heading with the ring."""
    totals, cloud = report["totals"], report["private_cloud"] or {}
    facts: list[Child] = [tag("li", "vCenter ", tag("b", name_of(report["vcenter"])))]
    if cloud:
        facts.append(tag("li", "Private cloud ", tag("b", name_of(cloud.get("service_name")))))
    when = tag("time", words.moment(report["generated_at"]), datetime=report["generated_at"])
    facts.append(tag("li", "Data as of ", tag("b", when)))
    heading = tag(
        "div",
        tag("p", "Encryption audit", class_="eyebrow"),
        tag("h1", headline(totals)),
        tag("ul", facts, class_="facts"),
    )
    parts = by_state(totals)
    told = "; ".join(f"{words.STATE[state]}: {count}" for state, count in parts)
    middle = words.share(totals["percent_encrypted"])
    ring = svg.donut(parts, middle, "VMs by state of encryption", told)
    return tag("div", heading, tag("div", ring, legend(parts), class_="hero"), class_="top", role="banner")


def legend(parts: svg.Parts) -> Markup:
    """Names and numbers of the shares; those of nothing are left out, but the first."""
    rows = []
    for position, (state, count) in enumerate(parts):
        if count or not position:
            square = tag("rect", width="14", height="14", fill=f"url(#fill-{state})")
            swatch = tag("svg", square, class_="swatch", aria_hidden="true", focusable="false")
            rows.append(
                tag("li", swatch, tag("span", words.STATE[state]), tag("b", words.number(count), data_count=state))
            )
    return tag("ul", rows, class_="legend")


def tiles(report: Report) -> Markup:
    """The headline numbers."""
    totals, found = report["totals"], report["totals"]["findings"]
    urgent = found["critical"] + found["warning"]
    worst = "critical" if found["critical"] else "warning" if found["warning"] else "good"
    counted = f"{found['critical']} critical, {plural(found['warning'], 'warning')}"
    capacity = f"{words.size(totals['capacity_encrypted_bytes'])} of {words.size(totals['capacity_bytes'])}"
    encrypted = f"{words.number(totals['encrypted'])} of {words.number(totals['virtual_machines'])}"
    well = sum(map(healthy, report["key_providers"]))
    return tag(
        "ul",
        _tile("attention", "Need attention", str(urgent), counted, worst),
        _tile("encrypted", "VMs encrypted", words.share(totals["percent_encrypted"]), encrypted),
        _tile("capacity", "Space encrypted", words.share(totals["percent_capacity_encrypted"]), capacity),
        _tile("exceptions", "Exceptions", words.number(totals["exceptions"]), "VMs not encrypted as a whole"),
        _expiry_tile(report["certificates"]),
        _tile("providers", "Key providers", str(totals["providers"]), f"{well} healthy"),
        class_="tiles",
        aria_label="Headline numbers",
    )


def _tile(name: str, label: str, value: str, more: Child, kind: str = "") -> Markup:
    return tag(
        "li",
        tag("span", label, class_="label"),
        tag("span", value, class_="value", data_number=name),
        tag("span", more, class_="more"),
        class_=f"tile {kind}".strip(),
    )


def _expiry_tile(certificates: t.Sequence[Report]) -> Markup:
    used = [one for one in certificates if one["days_left"] is not None and (one["used_by"] or len(certificates) == 1)]
    if not used:
        return _tile("expiry", "Next expiry", "\u2013", "no certificate in use")
    first = min(used, key=lambda one: t.cast("int", one["days_left"]))
    kind = {"ok": "", "warning": "warning"}.get(first["level"], "critical")
    value = "expired" if first["days_left"] < 0 else plural(first["days_left"], "day")
    return _tile("expiry", "Next expiry", value, name_of(first["name"]), kind)


def attention(report: Report) -> Markup:
    """The findings with their next steps; notices apart, in short."""
    urgent = [_finding(one) for one in report["findings"] if one["severity"] != "notice"]
    known = [_notice(one) for one in report["findings"] if one["severity"] == "notice"]
    calm = tag("p", "Nothing needs attention.", class_="calm")
    listed = tag("ul", urgent, class_="findings") if urgent else calm
    notices = [tag("h3", "Good to know"), tag("ul", known, class_="known")] if known else None
    return section("attention", "What needs attention", listed, notices)


def _finding(one: Report) -> Markup:
    heading = tag("header", words.badge(one["severity"], one["severity"]), tag("h3", name_of(one["subject"])))
    return tag(
        "li", heading, tag("p", one["text"]), *_more(one), class_=f"finding {one['severity']}", data_code=one["code"]
    )


def _notice(one: Report) -> Markup:
    text = tag("p", tag("b", name_of(one["subject"])), ": ", one["text"])
    return tag("li", text, *_more(one), class_="finding-notice", data_code=one["code"])


def _more(one: Report) -> tuple[t.Optional[Markup], Markup]:
    affected = tag("p", names(one["affected"]), class_="names") if one["affected"] else None
    return affected, tag("p", tag("b", "Next step: "), one["next_step"], class_="next")


def coverage(report: Report) -> Markup:
    """By provider, by cluster, over time."""
    totals = report["totals"]
    providers = [_provider(row, totals["virtual_machines"]) for row in report["by_provider"]]
    listed = tag("ul", providers, class_="rows") if providers else tag("p", "Nothing is encrypted yet.", class_="soft")
    by_provider = tag("div", tag("h3", "By key provider"), listed)
    clusters = [_cluster(row) for row in report["by_cluster"]]
    listed = tag("ul", clusters, class_="rows") if clusters else tag("p", "There are no VMs.", class_="soft")
    by_cluster = tag("div", tag("h3", "By cluster"), listed)
    lead = (
        "A VM counts as encrypted when its home and all of its disks are. A VM that uses two providers counts for both."
    )
    return section(
        "coverage", "Coverage", tag("div", by_provider, by_cluster, class_="columns"), _trend(report), lead=lead
    )


def _provider(row: Report, machines: int) -> Markup:
    count = row["virtual_machines"]
    what = f"{plural(row['disks'], 'disk')}, {words.size(row['capacity_bytes'])}, {plural(row['key_count'], 'key')}"
    chart = svg.shares([("encrypted", count)], machines, f"{plural(count, 'VM')} of {machines}")
    name = row["name"] or "not told by vCenter"
    return item(name_of(name), plural(count, "VM"), chart, tag("span", what, class_="soft small"))


def _cluster(row: Report) -> Markup:
    parts = by_state(row)
    told = ", ".join(f"{words.number(count)} {words.STATE[state]}" for state, count in parts if count)
    chart = svg.shares(parts, row["virtual_machines"], told)
    name = row["name"] or "no cluster"
    return item(name_of(name), words.share(row["percent_encrypted"]), chart, tag("span", told, class_="soft small"))


def _trend(report: Report) -> Markup:
    points = report["trend"]
    heading = tag("h3", "Over time")
    if len(points) < 2:
        text = "This is the first report of this vCenter. The line starts with the next one."
        return tag("div", heading, tag("p", text, class_="soft"), class_="over-time")
    first, last = points[0], points[-1]
    told = (
        f"From {words.share(first['percent_encrypted'])} on {words.day(first['generated_at'])} "
        f"to {words.share(last['percent_encrypted'])} on {words.day(last['generated_at'])}."
    )
    scale = tag(
        "div",
        tag("span", "100\u00a0%"),
        tag("span", "50\u00a0%"),
        tag("span", "0\u00a0%"),
        class_="y",
        aria_hidden="true",
    )
    dates = tag(
        "div", *[tag("span", words.day(one["generated_at"])) for one in (first, last)], class_="x", aria_hidden="true"
    )
    return tag(
        "div", heading, tag("p", told, class_="soft"), tag("div", scale, svg.trend(points, told), dates, class_="plot"),
        tag("details", tag("summary", "The numbers behind the line"), _points(points)), class_="over-time",
    )  # fmt: skip


def _points(points: t.Sequence[Report]) -> Markup:
    columns = ("Report of", "Encrypted", "VMs", "Exceptions", "Critical findings")
    rows = [
        (
            words.moment(one["generated_at"]),
            words.share(one["percent_encrypted"]),
            one["virtual_machines"],
            one["exceptions"],
            one["critical"],
        )
        for one in reversed(points[-60:])
    ]
    return table("The newest reports first, at most 60.", columns, rows)
