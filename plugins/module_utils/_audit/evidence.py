# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the page for auditors: checks with criteria and clauses, origin and scope of the data, keys, hashes."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit import checks, key_ages, words
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.findings import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.markup import (
    Child,
    Markup,
    name_of,
    tag,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.tables import section, table

Report = t.Mapping[str, t.Any]
NOT_KNOWN = "not known"
_KIND = {checks.PASS: "pass", checks.FAIL: "fail", checks.OPEN: "open"}
# vSphere Security: a key of the provider wraps the keys of the data; vCenter tells no algorithm key by key
ALGORITHMS = (
    "By VMware's documentation, keys of a key provider are AES-256 and wrap the data keys of each VM and disk, which "
    "are XTS-AES-256. vCenter does not tell the algorithm or the date of a key: first seen is the day of the first "
    "report that has it."
)


def checked(report: Report) -> t.Optional[Markup]:
    """The list of checks."""
    rows = report.get("checks")
    if not rows:
        return None
    counted = {result: sum(one["result"] == result for one in rows) for result in checks.RESULTS}
    chips = [tag("li", words.badge(_KIND[result], f"{count} {result}")) for result, count in counted.items() if count]
    columns = ("Check", "Result", "Criterion", "Observed", "Serves")
    listed = table(f"{plural(len(rows), 'check')}, those that fail first", columns, map(_check, rows))
    summed = tag("ul", chips, class_="chips", aria_label="Checks by result")
    return section("checks", "Checks for auditors", summed, listed, tag("p", checks.NOTE, class_="soft small"))


def _check(one: Report) -> tuple[Child, ...]:
    badge = words.badge(_KIND[one["result"]], one["result"])
    title = tag("span", one["title"], data_check=one["check"])
    clauses = "; ".join(one["clauses"]) or "\u2013"
    return title, badge, one["criterion"], name_of(one["observed"]), clauses


def evidence(report: Report, hashes: t.Mapping[str, str]) -> Markup:
    """Who read what, with which version, and how to tell that the files are these."""
    origin = tag("dl", [[tag("dt", word), tag("dd", value)] for word, value in _origin(report)], class_="evidence")
    signed = tag("p", "Reviewed by ", tag("span", class_="blank"), " on ", tag("span", class_="blank"), class_="sign")
    return section("evidence", "Evidence", origin, _scope(report), _keys(report), _files(hashes), signed)


def _origin(report: Report) -> list[tuple[str, Child]]:
    run, about = report.get("run_by") or {}, report.get("vcenter_about") or {}
    version = " build ".join(str(about[key]) for key in ("version", "build") if about.get(key))
    node = f" on {run['control_node']}" if run.get("control_node") else ""
    job = f", job {run['job']}" if run.get("job") else ""
    release = report.get("collection_version") or NOT_KNOWN
    return [
        ("Run by", name_of(f"{run.get('user') or NOT_KNOWN}{node}{job}")),
        ("Read as", name_of(about.get("user") or NOT_KNOWN)),
        ("Collection", f"ovhcloud.vmware_encryption {release}"),
        ("vCenter", name_of(report["vcenter"])),
        ("Version of vCenter", name_of(version or NOT_KNOWN)),
        ("Instance UUID", tag("span", name_of(about.get("id") or NOT_KNOWN), class_="key")),
    ]


def _scope(report: Report) -> t.Optional[Markup]:
    rows = report.get("scope")
    if not rows:
        return None
    columns = ("Part", "Standing", "Number", "Why it was not read")
    return tag("div", table("Scope of this report", columns, map(_part, rows)), class_="apart")


def _part(one: Report) -> tuple[Child, ...]:
    kind = {"read": "ok", "not read": "warning"}.get(one["standing"], "open")
    number = "\u2013" if one["number"] is None else words.number(one["number"])
    badge = words.badge(kind, one["standing"])
    return one["part"], badge, number, name_of(one["reason"]) if one["reason"] else "\u2013"


def _keys(report: Report) -> t.Optional[Markup]:
    rows = key_ages.by_provider(report.get("key_ages") or [])
    if not rows:
        return None
    columns = ("Key provider", "Keys in use", "Oldest first seen", "Newest first seen")
    listed = table("Age of the keys in use", columns, map(_provider, rows))
    return tag("div", listed, tag("p", ALGORITHMS, class_="soft small"), class_="apart")


def _provider(one: Report) -> tuple[Child, ...]:
    return name_of(one["provider"]), words.number(one["key_count"]), one["oldest"], one["newest"]


def _files(hashes: t.Mapping[str, str]) -> t.Optional[Markup]:
    if not hashes:
        return None
    rows = [(name, tag("span", digest, class_="key", data_sha256=name)) for name, digest in hashes.items()]
    return tag("div", table("Files of this report", ("File", "SHA-256"), rows), class_="apart")
