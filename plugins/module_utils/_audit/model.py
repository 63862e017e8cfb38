# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From facts to the report: pure, the same facts give the same report."""

from __future__ import annotations

import datetime
import json
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit import (
    checks,
    costs,
    counts,
    expiry,
    findings,
    key_ages,
    life_cycle,
    scope,
    traces,
    trend,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.counts import Facts
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.exceptions import exceptions
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.expiry import Thresholds
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import with_new_names
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.texts import one_line, shown

FORMAT = "ovhcloud.vmware_encryption.audit"
SCHEMA = 1
# what every report has, and what kind of value it is
_KINDS: dict[str, type] = {
    "vcenter": str, "generated_at": str, "limits": dict, "totals": dict, "defaults": dict, "findings": list,
    "by_provider": list, "by_cluster": list, "certificates": list, "backups": list, "key_providers": list,
    "exceptions": list, "virtual_machines": list, "trend": list,
}  # fmt: skip
_PROVIDER_KEYS = (
    "name", "type", "status", "reasons", "default", "default_clusters", "servers", "has_backup", "tpm_required",
    "key_id", "csr_pending", "in_use_by",
)  # fmt: skip
_LIMITS = ("warn_days", "critical_days", "backup_max_age", "key_max_age")
_CLOUD_KEYS = ("service_name", "description", "location", "version", "vcenter_host", "advanced_security")


class NotAReportError(ValueError):
    """The text or mapping is not a report of this collection, or of another vCenter."""


def report(
    facts: t.Mapping[str, t.Any],
    limits: Thresholds,
    now: datetime.datetime,
    previous: t.Optional[Facts] = None,
    history: t.Sequence[Facts] = (),
) -> Facts:
    """The report. When it says what `previous` said, it keeps that one's time."""
    earlier = [*history, *([previous] if previous else [])]
    for one in earlier:
        if one["vcenter"] != facts["vcenter"]:
            other = one_line(one["vcenter"])
            raise NotAReportError(f"an earlier report is of the vCenter {other}, not of {facts['vcenter']}")
    made = _content(facts, limits, now, earlier)
    run: Facts = {"generated_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "run_by": facts.get("run_by") or None}
    # through JSON, as the earlier report went: tuples become lists
    if previous and {key: previous.get(key) for key in made} == json.loads(json.dumps(made)):
        run = {key: previous.get(key) for key in run}
    full = {**run, **made}
    return {**full, "trend": trend.joined(earlier, trend.point(full))}


def _content(
    facts: t.Mapping[str, t.Any], limits: Thresholds, now: datetime.datetime, earlier: t.Sequence[Facts]
) -> Facts:
    machines = sorted(facts["virtual_machines"], key=lambda one: (str(one.get("name")), str(one.get("moid"))))
    providers, hosts, cloud = facts["key_providers"], facts.get("hosts"), facts.get("private_cloud")
    not_encrypted = exceptions(machines)
    certificates = expiry.certificates(providers, facts.get("okms_credentials"), limits, facts.get("api_rights"))
    backups = expiry.backups(providers, facts.get("dossier"), now, limits)
    by_provider = counts.by_provider(machines)
    traced = traces.traces(facts.get("okms_logs"), facts.get("okms_credentials"), providers)
    found = findings.sorted_findings(
        [
            *findings.of_machines(machines, not_encrypted, providers),
            *findings.of_providers(providers, {entry["name"] for entry in by_provider}),
            *findings.of_defaults(machines, providers),
            *findings.of_expiry(certificates, backups, limits.critical_days),
            *findings.of_hosts(hosts, findings.used_places(machines)),
            *findings.of_vsan(facts.get("vsan_clusters"), {str(one["name"]) for one in providers}),
            *findings.of_private_cloud(cloud),
            *findings.of_ports(cloud, providers),
            *life_cycle.of_life_cycle(cloud, now.date()),
            *costs.of_okms(facts.get("okms")),
            *traces.of_traces(traced),
            *findings.not_read({**(facts.get("not_read") or {}), scope.USERS: scope.users_not_read(facts)}),
        ]
    )
    totals = counts.totals(machines)
    totals.update(exceptions=len(not_encrypted), findings=findings.numbers(found))
    totals["providers"] = len(providers)
    today = now.strftime("%Y-%m-%d")
    ages = key_ages.key_ages(key_ages.in_use(machines, hosts, facts.get("vsan_clusters")), earlier, today)
    seen = checks.Seen(
        totals, not_encrypted, found, certificates, backups, providers, machines, ages, limits, today,
        key_ages.first_audit(earlier, today), traced,
    )  # fmt: skip
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "vcenter": facts["vcenter"],
        "vcenter_about": facts.get("vcenter_about") or None,
        "collection_version": facts.get("collection_version") or None,
        "scope": scope.scope(facts),
        "limits": {key: getattr(limits, key) for key in _LIMITS},
        "totals": totals,
        "findings": found,
        "checks": checks.checks(seen),
        "key_ages": ages,
        "by_provider": by_provider,
        "by_cluster": counts.by_cluster(machines),
        "vmotion": counts.vmotion(machines),
        "certificates": certificates,
        "backups": backups,
        "defaults": _defaults(providers),
        "key_providers": [{key: provider.get(key) for key in _PROVIDER_KEYS} for provider in providers],
        "storage_policies": facts.get("storage_policies"),
        "hosts": hosts,
        "vsan_clusters": facts.get("vsan_clusters"),
        "private_cloud": _cloud(cloud),
        "okms": facts.get("okms") or None,
        "okms_logs": traced,
        "exceptions": not_encrypted,
        "virtual_machines": machines,
    }


def _defaults(providers: t.Sequence[t.Mapping[str, t.Any]]) -> Facts:
    """The default of the system, and of clusters that have one of their own."""
    system = next((str(one["name"]) for one in providers if one.get("default")), None)
    clusters = [
        {"cluster": cluster, "provider": one["name"]}
        for one in providers
        for cluster in one.get("default_clusters") or []
    ]
    return {"system": system, "clusters": sorted(clusters, key=lambda one: (one["cluster"], one["provider"]))}


def _cloud(cloud: t.Optional[t.Mapping[str, t.Any]]) -> t.Optional[Facts]:
    """What of the private cloud belongs in the report: no mail address, no telephone number."""
    if not cloud:
        return None
    users = cloud.get("users")
    managers = sorted(str(user.get("name")) for user in users if user.get("encryption_right")) if users else None
    kept = {key: cloud.get(key) for key in _CLOUD_KEYS}
    return {**kept, "encryption": cloud.get("encryption"), "key_managers": managers}


def loaded(text: str) -> Facts:
    """The report in a text. Raises NotAReportError."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAReportError(f"not JSON: {one_line(str(error))}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise NotAReportError("not an audit report of this collection")
    if found.get("schema") != SCHEMA:
        raise NotAReportError(f"schema {shown(found.get('schema'))} is unknown, {SCHEMA} was expected")
    wrong = sorted(name for name, kind in _KINDS.items() if not isinstance(found.get(name), kind))
    if wrong:
        raise NotAReportError(f"a damaged audit report: {', '.join(wrong)} missing or of a wrong kind")
    for name in ("exceptions", "findings", "virtual_machines"):  # an earlier version wrote only their former names
        found[name] = [with_new_names(one) for one in found[name]]
    return t.cast("Facts", found)


def headlines(made: t.Mapping[str, t.Any]) -> list[str]:
    """The report in a few lines."""
    totals, found = made["totals"], made["totals"]["findings"]
    share = "" if totals["percent_encrypted"] is None else f" ({totals['percent_encrypted']:g} %)"
    lines = [
        f"{totals['encrypted']} of {totals['virtual_machines']} VMs are encrypted{share}",
        (
            f"{plural(totals['exceptions'], 'exception')}: {totals['partly_encrypted']} partly encrypted, "
            f"{totals['vtpm_only']} home only, {totals['unencrypted']} unencrypted, {totals['unreadable']} not "
            "readable"
        ),
        f"{plural(found['critical'], 'critical finding')}, {plural(found['warning'], 'warning')}, "
        f"{plural(found['notice'], 'notice')}",
    ]
    if made.get("okms"):
        lines.append(str(made["okms"]["text"]))
    urgent = [one for one in made["findings"] if one["severity"] == findings.CRITICAL]
    return lines + [f"critical: {one['subject']}: {one['text']} {one['next_step']}" for one in urgent[:5]]
