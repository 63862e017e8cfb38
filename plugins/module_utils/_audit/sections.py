# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rest of the page: certificates, backups, exceptions, policies, defaults, hosts, all machines."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit import svg, words
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.counts import VMOTION_MODES, state_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.exceptions import KINDS
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.findings import plural, ready
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.markup import (
    Child,
    Markup,
    name_of,
    tag,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.tables import (
    capped,
    item,
    names,
    section,
    table,
)

Report = t.Mapping[str, t.Any]


def expiry(report: Report) -> Markup:
    """Certificates on a line of days, and the backups of native providers."""
    limits = report["limits"]
    rows = [_certificate(one, limits) for one in report["certificates"]]
    lead = (
        f"Warning: {limits['warn_days']} days or fewer. Critical: {limits['critical_days']} days or fewer. "
        "The dashed lines mark both."
    )
    certificates: Child = tag("p", "There is no certificate in use.", class_="soft")
    if rows:
        axis = tag(
            "li",
            svg.expiry_axis(limits["warn_days"], limits["critical_days"]),
            tag("span", "days left", class_="soft small"),
        )
        certificates = tag("ul", rows, axis, class_="rows")
    backups = None
    if report["backups"]:
        columns = ("Native key provider", "Backup", "Taken on", "Renew within", "Location")
        listed = table("Backups of native key providers", columns, map(_backup, report["backups"]))
        backups = tag("div", listed, class_="apart")
    return section("expiry", "Certificates and backups", certificates, backups, lead=lead)


def _certificate(one: Report, limits: Report) -> Markup:
    left, level = one["days_left"], one["level"]
    words_of = words.CERTIFICATE[one["kind"]]
    users = f"used by {', '.join(one['used_by'])}" if one["used_by"] else "not used by this vCenter"
    about = f"{words_of}, {users}, ends on {words.day(one['not_after'])}"
    chart = (
        svg.expiry(left, level, limits["warn_days"], limits["critical_days"], words.days(left))
        if left is not None
        else None
    )
    name = [name_of(one["name"]), " ", _level(one)]
    return item(name, words.days(left), chart, tag("span", about, class_="soft small"))


def _level(one: Report) -> Markup:
    """How urgent it is, in the words of the findings: what nothing here uses is a notice."""
    level = one["level"]
    if one["used_by"] or level not in ("expired", "critical", "warning"):
        return words.badge(level, words.LEVEL[level])
    return words.badge("notice", "notice: expired" if level == "expired" else "notice")


# a backup that is missing loses data, one that is old is a warning
_BACKUP = {
    "missing": ("critical", "critical: missing"),
    "expired": ("warning", "warning: too old"),
    "critical": ("notice", "notice: renew soon"),
    "warning": ("notice", "notice: renew soon"),
    "ok": ("ok", "ok"),
    "unknown": ("ok", "ok, age not known"),
}


def _backup(one: Report) -> tuple[Child, ...]:
    kind, word = _BACKUP[one["level"]]
    when = words.day(one["created_at"]) if one["created_at"] else "not known"
    left = words.days(one["days_left"]) if one["days_left"] is not None else "not known"
    return name_of(one["provider"]), words.badge(kind, word), when, left, name_of(one["path"])


def exceptions(report: Report, most: int) -> Markup:
    """Every machine that is not encrypted as a whole."""
    rows = report["exceptions"]
    lead = "Every VM that is not encrypted as a whole, with the reason and what to do next."
    if not rows:
        none = "There are none: every VM is encrypted." if report["virtual_machines"] else "There are none."
        return section("exceptions", "Exceptions", tag("p", none, class_="calm"))
    counted = [(kind, sum(one["kind"] == kind for one in rows)) for kind in KINDS]
    chips = [
        tag("li", words.badge(kind, f"{words.number(count)} {words.KIND[kind]}")) for kind, count in counted if count
    ]
    columns = ("VM", "State", "Reason", "Next step")
    listed = table(
        f"{plural(len(rows), 'exception')}, those that are blocked first", columns, map(_exception, rows[:most])
    )
    summed = tag("ul", chips, class_="chips", aria_label="Exceptions by standing")
    return section("exceptions", "Exceptions", summed, listed, capped(rows, most, "exceptions"), lead=lead)


def _exception(one: Report) -> tuple[Child, ...]:
    where = one["cluster"] or "no cluster"
    name = [name_of(one["name"]), tag("div", name_of(where), class_="soft small")]
    state = words.badge(one["state"], words.STATE[one["state"]])
    standing = words.badge(one["kind"], words.KIND[one["kind"]]) if one["kind"] != one["state"] else None
    return name, tag("div", state, standing, class_="stack"), one["reason"], one["next_step"]


def providers(report: Report) -> Markup:
    """Key providers, and which is the default of what."""
    columns = ("Key provider", "Kind", "Status", "Default of", "Used by", "Problem")
    rows = [_provider(one, report) for one in report["key_providers"]]
    listed = table("Key providers of vCenter", columns, rows) if rows else tag("p", "There are none.", class_="soft")
    defaults = report["defaults"]
    system = tag(
        "p",
        "New encrypted VMs take their keys from ",
        tag("b", name_of(defaults["system"] or "no provider")),
        " unless their cluster has a default of its own.",
    )
    return section("providers", "Key providers and defaults", system, listed, _managers(report), _okms(report))


def _provider(one: Report, report: Report) -> tuple[Child, ...]:
    counted = {row["name"]: row["virtual_machines"] for row in report["by_provider"]}
    status = str(one["status"] or "not known")
    of = (["the system"] if one["default"] else []) + [f"cluster {name}" for name in one["default_clusters"] or []]
    reasons = "; ".join(one["reasons"] or []) or "none"
    kind = words.PROVIDER.get(one["type"], one["type"])
    return (
        name_of(one["name"]),
        kind,
        words.badge(status, status),
        names(of) if of else "\u2013",
        plural(counted.get(one["name"], 0), "VM").replace(" ", "\u00a0"),
        reasons,
    )


def _managers(report: Report) -> t.Optional[Markup]:
    cloud = report["private_cloud"] or {}
    if cloud.get("key_managers") is None:
        return None
    users = names(cloud["key_managers"], 50) if cloud["key_managers"] else "nobody"
    return tag("p", "vSphere users of the private cloud who may manage keys: ", users, ".", class_="soft")


def _okms(report: Report) -> t.Optional[Markup]:
    cost = report.get("okms")
    return tag("p", f"{cost['text']}.", class_="soft") if cost else None


def policies(report: Report) -> Markup:
    """Storage policies with encryption."""
    found = report["storage_policies"]
    if found is None:
        return section("policies", "Storage policies", tag("p", "They were not read.", class_="soft"))
    columns = ("Storage policy", "Description", "VMs", "Disks", "Kind")
    rows = [_policy(one) for one in found if one.get("encryption") is not False]
    listed = (
        table("Storage policies that encrypt", columns, rows) if rows else tag("p", "There are none.", class_="soft")
    )
    return section("policies", "Storage policies", listed)


def _policy(one: Report) -> tuple[Child, ...]:
    used = one.get("used_by") or {}
    own = f"made from {one['made_from']}" if one.get("made_from") else "of your own"
    kind = "built-in" if one.get("bundled") else own
    counts = (used.get("virtual_machines", "\u2013"), used.get("disks", "\u2013"))
    return (name_of(one.get("name")), name_of(one.get("description")), *counts, kind)


def hosts(report: Report) -> Markup:
    """Encryption mode of the hosts, vMotion modes of the machines, vSAN."""
    found = report["hosts"]
    listed = [tag("p", "The hosts were not read.", class_="soft")] if found is None else _hosts(found)
    return section(
        "hosts", "Hosts, vMotion and vSAN", listed, _vmotion(report["vmotion"]), _vsan(report["vsan_clusters"])
    )


def _hosts(found: t.Sequence[Report], most: int = 200) -> list[t.Optional[Markup]]:
    """Those that are not in encryption mode for all to see, the list of all of them folded."""
    columns = ("Host", "Cluster", "Encryption mode", "Key provider", "Why it is not on")
    off = [one for one in found if not ready(one)]
    good = len(found) - len(off)
    text = f"{good} of {plural(len(found), 'host')} {'is' if good == 1 else 'are'} in encryption mode."
    folded = tag(
        "details",
        tag("summary", f"Show {plural(len(found), 'host')}"),
        capped(found, most, "hosts", "json"),
        table("All hosts", columns, map(_host, found[:most])),
    )
    return [
        tag("p", text),
        table("Hosts that are not in encryption mode", columns, map(_host, off[:most])) if off else None,
        folded if found else None,
    ]


def _host(one: Report) -> tuple[Child, ...]:
    state = words.badge("ok" if ready(one) else "notice", str(one.get("state") or "not known").replace("_", " "))
    why = "\u2013" if ready(one) else one.get("reason") or "ready, not enabled"
    return name_of(one.get("name")), name_of(one.get("cluster")), state, name_of(one.get("provider")), why


def _vmotion(modes: Report) -> Markup:
    whole = sum(modes.values())
    rows = [
        item(
            mode,
            plural(modes.get(mode, 0), "VM"),
            svg.shares(
                [
                    (
                        "encrypted" if mode == "required" else "vtpm_only" if mode == "opportunistic" else "clear",
                        modes.get(mode, 0),
                    )
                ],
                whole,
                mode,
            ),
        )
        for mode in VMOTION_MODES
    ]
    note = "An encrypted VM always moves encrypted; for VMs in clear this setting decides."
    heading = tag("h3", "Encrypted vMotion")
    return tag("div", heading, tag("p", note, class_="soft small"), tag("ul", rows, class_="rows"), class_="apart")


def _vsan(clusters: t.Optional[t.Sequence[Report]]) -> t.Optional[Markup]:
    if not clusters:
        return None
    columns = ("Cluster", "Encryption of vSAN", "Key provider", "Key")
    listed = table("vSAN data-at-rest encryption", columns, map(_vsan_cluster, clusters))
    return tag("div", listed, class_="apart")


def _vsan_cluster(one: Report) -> tuple[Child, ...]:
    state = words.badge("ok", "on") if one.get("enabled") else words.badge("notice", "off")
    busy = [" ", words.badge("warning", "at work")] if one.get("changing") else None
    key = tag("span", name_of(one.get("key_id")), class_="key")
    return name_of(one.get("cluster")), [state, busy], name_of(one.get("provider")), key


def machines(report: Report, most: int) -> Markup:
    """All machines, folded."""
    rows = report["virtual_machines"]
    columns = ("VM", "Cluster", "State", "Disks", "Key provider", "Key")
    listed = table(f"{plural(len(rows), 'VM')}, by name", columns, map(_machine, rows[:most]), "machine-table")
    folded = tag("details", tag("summary", f"Show {plural(len(rows), 'VM')}"), capped(rows, most, "VMs"), listed)
    lead = "One row for each VM. Each disk with its key, policy and file is in encryption-audit.csv."
    return section("machines", "All VMs", folded if rows else None, lead=lead)


def _machine(one: Report) -> tuple[Child, ...]:
    state, disks = state_of(one), one.get("disks") or []
    done = sum(bool(disk.get("encrypted")) for disk in disks)
    locked = [" ", words.badge("critical", "locked")] if one.get("locked") else None
    keys = one.get("key_ids") or []
    return (
        name_of(one.get("name")),
        name_of(one.get("cluster")),
        [words.badge(state, words.STATE[state]), locked],
        f"{done}\u00a0of\u00a0{len(disks)}",
        names(one.get("providers") or []) if one.get("providers") else "\u2013",
        tag("span", names(keys, 1), class_="key") if keys else "\u2013",
    )


_MEANINGS = (
    ("encrypted", "The home of the VM (configuration, swap, vTPM) and all of its disks are encrypted."),
    ("partly encrypted", "Some of it is encrypted and some is not; the next run of vm_encryption finishes it."),
    ("home only (vTPM)", "The VM has a vTPM, so its home is encrypted, while all of its disks are in clear."),
    ("in clear", "Nothing of the VM is encrypted."),
    ("not readable", "vCenter could not tell, for example because the host of the VM is not connected."),
    ("locked", "An encrypted VM whose key vCenter cannot get. It cannot be started until the key provider is back."),
    ("exception", "Any VM that is not encrypted as a whole, for whatever reason."),
    ("critical", "Data or service is at risk now, or will be within days."),
    ("warning", "Has to be done, but not today."),
    ("notice", "Good to know; may be as wanted."),
)


def meanings() -> Markup:
    """The words of this page."""
    rows = [[tag("dt", word), tag("dd", text)] for word, text in _MEANINGS]
    return section("meanings", "Glossary", tag("dl", rows))
