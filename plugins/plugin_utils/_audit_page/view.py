# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the templates show where it takes a decision: plain texts and numbers, no HTML."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit import checks
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit import key_ages as ages
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.counts import (
    VMOTION_MODES,
    by_state,
    state_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.exceptions import CATEGORIES
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.findings import healthy, ready
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._audit_page import words
from ansible_collections.ovhcloud.vmware_encryption.plugins.plugin_utils._audit_page.svg import Parts

__all__ = ["by_state", "state_of"]  # the templates know these by this module

Report = t.Mapping[str, t.Any]
NOT_KNOWN = "not known"
CHECK_KIND = {checks.PASS: "pass", checks.FAIL: "fail", checks.OPEN: "open"}
CHECKS_NOTE = checks.NOTE
# the colours of the modes of vMotion are those of the states that are as good
_VMOTION_STATE = {"required": "encrypted", "opportunistic": "vtpm_only", "disabled": "unencrypted"}


def headline(totals: Report) -> str:
    """The one sentence of the report."""
    machines, encrypted = totals["virtual_machines"], totals["encrypted"]
    if not machines:
        return "There are no VMs to encrypt"
    if encrypted == machines:
        return f"All {words.number(machines)} VMs are encrypted" if machines > 1 else "The only VM is encrypted"
    verb = "is" if encrypted == 1 else "are"
    return f"{words.number(encrypted)} of {words.number(machines)} VMs {verb} encrypted"


def states(parts: Parts) -> str:
    """Every state with its number."""
    return "; ".join(f"{words.STATE[state]}: {count}" for state, count in parts)


def counted(parts: Parts) -> str:
    """The states that there are with their numbers."""
    return ", ".join(f"{words.number(count)} {words.STATE[state]}" for state, count in parts if count)


def progress(first: Report, last: Report) -> str:
    """The line over time, in words."""
    return (
        f"From {words.share(first['percent_encrypted'])} on {words.day(first['generated_at'])} "
        f"to {words.share(last['percent_encrypted'])} on {words.day(last['generated_at'])}."
    )


@dataclasses.dataclass(frozen=True)
class Tile:
    """A headline number; below it stands a text, or the name from outside that it is about."""

    name: str
    label: str
    value: str
    more: str
    kind: str = ""
    about: str = ""


def tiles(report: Report) -> list[Tile]:
    """The headline numbers."""
    totals, found = report["totals"], report["totals"]["findings"]
    worst = "critical" if found["critical"] else "warning" if found["warning"] else "good"
    severe = f"{found['critical']} critical, {plural(found['warning'], 'warning')}"
    capacity = f"{words.size(totals['capacity_encrypted_bytes'])} of {words.size(totals['capacity_bytes'])}"
    encrypted = f"{words.number(totals['encrypted'])} of {words.number(totals['virtual_machines'])}"
    well = sum(map(healthy, report["key_providers"]))
    return [
        Tile("attention", "Need attention", str(found["critical"] + found["warning"]), severe, worst),
        Tile("encrypted", "VMs encrypted", words.share(totals["percent_encrypted"]), encrypted),
        Tile("capacity", "Space encrypted", words.share(totals["percent_capacity_encrypted"]), capacity),
        Tile("exceptions", "Exceptions", words.number(totals["exceptions"]), "VMs not encrypted as a whole"),
        _next_expiry(report["certificates"]),
        Tile("providers", "Key providers", str(totals["providers"]), f"{well} healthy"),
    ]


def _next_expiry(certificates: t.Sequence[Report]) -> Tile:
    used = [one for one in certificates if one["days_left"] is not None and (one["used_by"] or len(certificates) == 1)]
    if not used:
        return Tile("expiry", "Next expiry", "\u2013", "no certificate in use")
    first = min(used, key=lambda one: t.cast("int", one["days_left"]))
    kind = {"ok": "", "warning": "warning"}.get(first["level"], "critical")
    value = "expired" if first["days_left"] < 0 else plural(first["days_left"], "day")
    return Tile("expiry", "Next expiry", value, "", kind, first["name"])


def certificate(one: Report) -> str:
    """What a certificate is for, and until when."""
    users = f"used by {', '.join(one['used_by'])}" if one["used_by"] else "not used by this vCenter"
    ends = "expired" if (one["days_left"] or 0) < 0 else "expires"
    return f"{words.CERTIFICATE[one['kind']]}, {users}, {ends} on {words.day(one['not_after'])}"


def urgency(one: Report) -> tuple[str, str]:
    """Kind and text of a certificate's badge: what nothing here uses is a notice, as in the findings."""
    level = one["level"]
    if one["used_by"] or level not in ("expired", "critical", "warning"):
        return level, words.LEVEL[level]
    return "notice", "notice: expired" if level == "expired" else "notice"


def exception_categories(rows: t.Sequence[Report]) -> list[tuple[str, int]]:
    """How many exceptions of each category there are."""
    found = [(category, sum(one["category"] == category for one in rows)) for category in CATEGORIES]
    return [(category, count) for category, count in found if count]


def defaults_of(provider: Report) -> list[str]:
    """What a key provider is the default of."""
    clusters = [f"cluster {name}" for name in provider["default_clusters"] or []]
    return ["the system", *clusters] if provider["default"] else clusters


def users_of(provider: Report, by_provider: t.Sequence[Report]) -> str:
    """How many VMs use a key provider, in a text that does not break."""
    numbers = {row["name"]: row["virtual_machines"] for row in by_provider}
    return plural(numbers.get(provider["name"], 0), "VM").replace(" ", "\u00a0")


def streams_of(kind: Report) -> str:
    """Where a kind of audit logs goes."""
    found = [
        " of ".join(str(one[name]) for name in ("stream_id", "ldp_service") if one[name]) for one in kind["streams"]
    ]
    return ", ".join(found) or "none: nobody can read them"


def logged_since(kind: Report) -> str:
    """Since when a kind of audit logs goes anywhere."""
    return min((str(one["since"]) for one in kind["streams"] if one["since"]), default="\u2013")


def encrypting(policies: t.Sequence[Report]) -> list[Report]:
    """Storage policies that encrypt, or may: vCenter does not tell of every one."""
    return [one for one in policies if one.get("encryption") is not False]


def policy_kind(one: Report) -> str:
    """Where a storage policy comes from."""
    if one.get("bundled"):
        return "built-in"
    return f"made from {one['made_from']}" if one.get("made_from") else "of your own"


def not_ready(hosts: t.Sequence[Report]) -> list[Report]:
    """Hosts that are not in encryption mode."""
    return [one for one in hosts if not ready(one)]


def hosts_ready(hosts: t.Sequence[Report]) -> str:
    """How many hosts are in encryption mode, as a sentence."""
    good = sum(map(ready, hosts))
    return f"{good} of {plural(len(hosts), 'host')} {'is' if good == 1 else 'are'} in encryption mode."


@dataclasses.dataclass(frozen=True)
class Host:
    """The encryption mode of a host: kind of the badge, text, and why it is not on."""

    kind: str
    mode: str
    why: str


def host(one: Report) -> Host:
    """How a host stands."""
    mode = str(one.get("state") or NOT_KNOWN).replace("_", " ")
    if ready(one):
        return Host("ok", mode, "\u2013")
    return Host("notice", mode, one.get("reason") or "ready, not enabled")


def vmotion(modes: Report) -> list[tuple[str, str, int, int]]:
    """Each mode of encrypted vMotion with the state whose colour it has, its number of VMs, and that of all."""
    whole = sum(modes.values())
    return [(mode, _VMOTION_STATE[mode], modes.get(mode, 0), whole) for mode in VMOTION_MODES]


def disks_done(machine: Report) -> str:
    """How many disks are encrypted, in a text that does not break."""
    disks = machine.get("disks") or []
    return f"{sum(bool(disk.get('encrypted')) for disk in disks)}\u00a0of\u00a0{len(disks)}"


def check_results(rows: t.Sequence[Report]) -> list[tuple[str, str]]:
    """Kind and text of a badge for each result that there is."""
    found = [(result, sum(one["result"] == result for one in rows)) for result in checks.RESULTS]
    return [(CHECK_KIND[result], f"{count} {result}") for result, count in found if count]


def run_by(report: Report) -> str:
    """Who ran the audit, where, and in which job."""
    run = report.get("run_by") or {}
    node = f" on {run['control_node']}" if run.get("control_node") else ""
    job = f", job {run['job']}" if run.get("job") else ""
    return f"{run.get('user') or NOT_KNOWN}{node}{job}"


def version(about: Report) -> str:
    """Version and build of vCenter."""
    return " build ".join(str(about[key]) for key in ("version", "build") if about.get(key)) or NOT_KNOWN


def key_ages(report: Report) -> t.Sequence[Report]:
    """Ages of the keys in use by key provider."""
    return ages.ages_by_provider(report.get("key_ages") or [])
