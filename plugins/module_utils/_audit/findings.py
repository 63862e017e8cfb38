# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What needs attention: each finding with how bad it is and the next step."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.counts import (
    Facts,
    Machines,
    Records,
    state_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.exceptions import EXCLUDED
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import (
    as_result,
    with_former_names,
)

CRITICAL, WARNING, NOTICE = "critical", "warning", "notice"
SEVERITIES = (CRITICAL, WARNING, NOTICE)


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that needs attention; `affected` names what it is about when that is more than the subject."""

    severity: str
    topic: str
    subject: str
    text: str
    next_step: str
    affected: list[str]
    count: int


def finding(
    severity: str, topic: str, subject: str, text: str, next_step: str, affected: t.Sequence[t.Any] = ()
) -> Facts:
    """One finding; `affected` names what it is about when that is more than the subject."""
    names = [str(name) for name in affected]
    record = Finding(
        severity=severity,
        topic=topic,
        subject=subject,
        text=text,
        next_step=next_step,
        affected=names,
        count=len(names) or 1,
    )
    return with_former_names(as_result(record))


def sorted_findings(found: t.Iterable[Facts]) -> list[Facts]:
    """The worst first."""
    return sorted(found, key=lambda one: (SEVERITIES.index(one["severity"]), one["topic"], one["subject"]))


def numbers(found: t.Sequence[Facts]) -> dict[str, int]:
    """How many findings of each severity."""
    return {severity: sum(one["severity"] == severity for one in found) for severity in SEVERITIES}


def of_machines(machines: Machines, excluded: t.Sequence[Facts], providers: Records) -> list[Facts]:
    """Locked, unreadable and partly encrypted VMs, unencrypted ones, and keys that nobody can hand out."""
    found = _locked(machines) + _unknown_providers(machines, {str(one["name"]) for one in providers})
    found += _not_encrypted(excluded)
    mixed = [machine["name"] for machine in machines if machine.get("mixed_keys")]
    if mixed:
        text = f"{plural(len(mixed), 'VM uses', 'VMs use')} more than one key."
        step = "Nothing breaks; the playbook key_rotation gives home and disks of a VM one key again."
        found.append(finding(NOTICE, "mixed_keys", "VMs with several keys", text, step, mixed))
    return found


def _locked(machines: Machines) -> list[Facts]:
    locked = [machine["name"] for machine in machines if machine.get("locked")]
    if not locked:
        return []
    text = f"{plural(len(locked), 'VM is', 'VMs are')} locked: vCenter cannot provide the keys, so nobody can use them."
    step = "Make the key provider green again, then run the module vm_unlock."
    return [finding(CRITICAL, "locked", "Locked VMs", text, step, locked)]


def _unknown_providers(machines: Machines, known: t.Container[str]) -> list[Facts]:
    users: dict[str, list[str]] = {}
    for machine in machines:
        for name in machine.get("providers") or []:
            if name not in known:
                users.setdefault(str(name), []).append(str(machine["name"]))
    return [
        finding(
            CRITICAL,
            "provider_missing",
            name,
            f"{plural(len(names), 'VM needs', 'VMs need')} keys of the provider {name}, which vCenter does not have.",
            "Restore the provider under the same name (playbook recovery) before one of these VMs is powered off.",
            names,
        )
        for name, names in sorted(users.items())
    ]


_GROUPS = {
    "unreadable": (
        "VMs that could not be read",
        "could not be read, so nothing is known about this part of the fleet",
        "Make them readable (connected hosts, rights of the vSphere user), then rerun the audit.",
    ),
    "partly_encrypted": (
        "VMs half done",
        "encrypted only in part",
        "Rerun the playbook vm_encryption: it completes half-encrypted VMs.",
    ),
    "vtpm_only": (
        "VMs with a vTPM",
        "encrypted at home only, for a vTPM; their disks are not",
        "Encrypt their disks with the playbook vm_encryption.",
    ),
    "unencrypted": ("Unencrypted VMs", "not encrypted", "Encrypt them with the playbook vm_encryption."),
}
_SEE = " Each one has its reason and next step under Exceptions."


def _not_encrypted(excluded: t.Sequence[Facts]) -> list[Facts]:
    groups: dict[str, list[str]] = {code: [] for code in [*_GROUPS, EXCLUDED]}
    for one in excluded:
        code = one["category"] if one["category"] in (EXCLUDED, "unreadable") else one["encryption_state"]
        groups[code].append(str(one["name"]))
    found = []
    for code, (subject, words, step) in _GROUPS.items():
        names = groups[code]
        if names and code == "unreadable":
            found.append(finding(WARNING, code, subject, f"{plural(len(names), 'VM')} {words}.", step, names))
        elif names:
            text = f"{plural(len(names), 'VM is', 'VMs are')} {words}."
            found.append(finding(WARNING, code, subject, text, step + _SEE, names))
    kept = groups[EXCLUDED]
    if kept:
        text = (
            f"{plural(len(kept), 'VM is', 'VMs are')} excluded on purpose and unencrypted: other VMs need them to "
            "start, or they belong to vSphere or Zerto."
        )
        step = "Confirm that this is intended; nothing else is needed."
        found.append(finding(NOTICE, EXCLUDED, "VMs excluded on purpose", text, step, kept))
    return found


def of_providers(providers: Records, used: t.Container[str]) -> list[Facts]:
    """Providers that are not well, and the lack of a default."""
    found = []
    for provider in providers:
        name = str(provider["name"])
        found += _health(provider, name in used or bool(provider.get("in_use_by")))
        if provider.get("csr_pending"):
            text = f"vCenter has created a certificate request for {name} that is not answered yet."
            step = "Complete it with the playbook that set up the provider, so that no request's key is lost."
            found.append(finding(NOTICE, "csr_pending", name, text, step))
    if providers and not any(one.get("default") or one.get("default_clusters") for one in providers):
        text = "No key provider is the default, so new encrypted VMs and vTPMs must name one."
        step = "Make one the default with the playbook that set it up."
        found.append(finding(WARNING, "no_default", "Default key provider", text, step))
    if not providers:
        text = "vCenter has no key provider, so nothing can be encrypted."
        step = "Set one up with the playbook okms, external_kms or native_key_provider."
        found.append(finding(CRITICAL, "no_provider", "Key providers", text, step))
    return found


def of_defaults(machines: Machines, providers: Records) -> list[Facts]:
    """Encrypted VMs of which not one has keys of the provider that is the default for it."""
    system = next((str(one["name"]) for one in providers if one.get("default")), "")
    clusters = {str(name): str(one["name"]) for one in providers for name in one.get("default_clusters") or []}
    known = {str(one["name"]) for one in providers}
    encrypted = [one for one in machines if one.get("providers")]
    wanted = {clusters.get(str(one.get("cluster")), system) for one in encrypted}
    used = {str(name) for one in encrypted for name in one["providers"]}
    if (
        not used
        or not wanted - {""}
        or not used <= known
        or any(_on_default(one, clusters, system) for one in encrypted)
    ):
        return []
    text = (
        f"All {plural(len(encrypted), 'encrypted VM')} have keys of {_listed(used)}, while the default is "
        f"{_listed(wanted - {''})}: the next VM will get its key from there."
    )
    step = (
        f"Make {_listed(used)} the default with the playbook that set it up, or move the VMs with the playbook "
        "key_provider_migration."
    )
    return [finding(NOTICE, "not_default", "Default key provider", text, step)]


def _on_default(machine: t.Mapping[str, t.Any], clusters: t.Mapping[str, str], system: str) -> bool:
    return clusters.get(str(machine.get("cluster")), system) in [str(name) for name in machine["providers"]]


def _listed(names: t.Collection[str]) -> str:
    return " and ".join(sorted(names))


def healthy(provider: t.Mapping[str, t.Any]) -> bool:
    """Green, or a native one that is backed up: vCenter gives these no colour, or gray."""
    if provider.get("status") == "green":
        return True
    # over SOAP, a good one may be gray (assumption native-status)
    native = provider.get("type") == "native" and provider.get("has_backup")
    return bool(native and provider.get("status") not in ("red", "yellow") and not provider.get("reasons"))


def _health(provider: t.Mapping[str, t.Any], used: bool) -> list[Facts]:
    status, name = provider.get("status"), str(provider["name"])
    if status in ("green", None):
        return []
    unsaved = "the native key provider was never backed up"
    reasons = [str(reason) for reason in provider.get("reasons") or [] if str(reason) != unsaved]
    if not reasons and (status != "red" or provider.get("has_backup") is False):
        return []  # an unknown colour without any reason, or a missing backup, which is a finding of its own
    needed = used or provider.get("default") or provider.get("default_clusters")
    text = f"Its status is {status}: {'; '.join(reasons) or 'vCenter gives no reason'}."
    step = "Rerun the playbook that set it up: it repairs what it can and reports the rest."
    return [finding(CRITICAL if status == "red" and needed else WARNING, "provider_status", name, text, step)]


def of_expiry(certificates: t.Sequence[Facts], backups: t.Sequence[Facts], critical_days: int) -> list[Facts]:
    """Certificates and backups that are near their end, or past it."""
    found = [one for entry in certificates for one in _certificate(entry)]
    for backup in backups:
        found += _backup(backup)
    foreign = [entry["name"] for entry in certificates if entry["from_csr"] is False]
    if foreign:
        text = (
            f"OKMS created the private key of {plural(len(foreign), 'OKMS credential')}, so it was not made where it "
            "is used."
        )
        step = "Issue them from a certificate request (CSR): only those are within the PCI DSS scope of OKMS."
        found.append(finding(NOTICE, "not_from_csr", "OKMS credentials", text, step, foreign))
    return found


_CERTIFICATE_WORDS = {
    "vcenter_client": ("vCenter's client certificate", "Renew it with the playbook that set up the provider"),
    "kms_server": (
        "The certificate of the KMIP server",
        "Ask the KMIP server's operator to renew it, and trust the new one",
    ),
    "okms_credential": ("The OKMS credential", "Renew it with the playbook okms"),
    "api_credential": (
        "The key with which this collection calls OVHcloud",
        "Create a new one, or use a service account",
    ),
}


def _certificate(entry: Facts) -> list[Facts]:
    if entry["level"] not in ("expired", "critical", "warning"):
        return []
    if entry["kind"] == "okms_credential" and entry["used_by"]:
        return []  # it is the client certificate of vCenter, which has a finding of its own
    words, step = _CERTIFICATE_WORDS[entry["kind"]]
    days, level, ends = entry["days_left"], entry["level"], str(entry["not_after"])[:10]
    when = f"expired on {ends}" if days < 0 else f"has {plural(days, 'day')} left ({ends})"
    severity = WARNING if level == "warning" else CRITICAL
    if entry["kind"] == "okms_credential":
        severity, step = NOTICE, "No provider of this vCenter uses it: revoke it if nobody else does, or renew it"
    text = f"{words} {when}."
    if entry["used_by"] and entry["kind"] != "api_credential":
        text += " When it has expired, vCenter gets no keys any more: VMs that start then stay locked."
    return [finding(severity, f"{entry['kind']}_{level}", entry["name"], text, f"{step}.")]


def _backup(backup: Facts) -> list[Facts]:
    name, level = backup["provider"], backup["level"]
    step = "Make a new one with the playbook native_key_provider (native_key_provider_backup_force=true)."
    if level == "missing":
        text = "This native key provider has no backup: if vCenter is lost, every VM that it encrypts is lost."
        return [finding(CRITICAL, "backup_missing", name, text, "Make one with the playbook native_key_provider.")]
    if level == "expired":
        return [finding(WARNING, "backup_old", name, f"Its backup of {backup['created_at'][:10]} is too old.", step)]
    if level in ("critical", "warning"):
        text = f"Its backup of {backup['created_at'][:10]} will be too old in {plural(backup['days_left'], 'day')}."
        return [finding(NOTICE, "backup_old", name, text, step)]
    return []


def of_hosts(hosts: t.Optional[Records], places: t.Container[str]) -> list[Facts]:
    """Hosts that cannot take part in encryption where there are encrypted VMs, see `used_places`."""
    bad = [one["name"] for one in hosts or [] if not ready(one) and _place(one, "name") in places]
    if not bad:
        return []
    text = (
        "In clusters and on single hosts with encrypted VMs, "
        f"{plural(len(bad), 'host is', 'hosts are')} not in encryption mode."
    )
    step = "Enable it with the module host_encryption, or power on an encrypted VM there."
    return [finding(NOTICE, "host_mode", "Hosts without encryption mode", text, step, bad)]


def ready(host: t.Mapping[str, t.Any]) -> bool:
    """Whether the host is in encryption mode."""
    return host.get("state") == "safe"


def of_vsan(clusters: t.Optional[Records], known: t.Container[str]) -> list[Facts]:
    """vSAN clusters whose keys nobody can hand out."""
    lost = [one for one in clusters or [] if one.get("enabled") and one.get("provider") not in known]
    return [
        finding(
            CRITICAL,
            "vsan_provider_missing",
            f"vSAN of {one.get('cluster')}",
            f"It needs keys of the provider {one.get('provider') or '(not told)'}, which vCenter does not have.",
            "Restore the provider under the same name (playbook recovery) before a host is restarted.",
        )
        for one in lost
    ]


def of_private_cloud(cloud: t.Optional[t.Mapping[str, t.Any]]) -> list[Facts]:
    """Ways to a KMS that are not open."""
    entries = ((cloud or {}).get("encryption") or {}).get("kms") or []
    return [
        finding(
            WARNING,
            "kms_entry",
            f"{entry.get('ip')}:{entry.get('port')}",
            f"OVHcloud has not opened the KMS entry for this KMS: its state is {entry.get('state')}.",
            "Rerun the playbook okms or external_kms: it completes pending entries.",
        )
        for entry in entries
        if entry.get("state") != "delivered"
    ]


def of_ports(cloud: t.Optional[t.Mapping[str, t.Any]], providers: Records) -> list[Facts]:
    """Ways that are open for a port on which no server of vCenter is: the entry and the server do not fit."""
    entries = ((cloud or {}).get("encryption") or {}).get("kms") or []
    servers = [server for provider in providers for server in provider.get("servers") or []]
    ports = sorted({int(server["port"]) for server in servers if server.get("port")})
    if not ports:
        return []
    used = ", ".join(str(port) for port in ports)
    return [
        finding(
            WARNING,
            "kms_port",
            f"{entry['ip']}:{entry['port']}",
            f"The KMS entry is open for port {entry['port']}, but the KMIP servers in vCenter use port {used}.",
            (
                "Let the server use the entry's port (playbook okms, okms_endpoint and okms_move_endpoint), or "
                "remove the entry and create it again (private_cloud_kms)."
            ),
        )
        for entry in entries
        if entry.get("port") and entry["port"] not in ports
    ]


def used_places(machines: Machines) -> set[str]:
    """Names of the clusters, and of the hosts outside of clusters, with a VM of which something is encrypted."""
    return {_place(one, "host") for one in machines if state_of(one) not in ("unencrypted", "unreadable")}


def _place(one: t.Mapping[str, t.Any], host: str) -> str:
    """Where an encrypted VM can run without being moved by hand: a cluster, or a host alone, named by that key."""
    return str(one.get("cluster") or one.get(host) or "")


def not_read(parts: t.Mapping[str, t.Any]) -> list[Facts]:
    """Parts of the report that are missing, with what was answered."""
    step = "Give the user that reads it the missing rights, then rerun the audit."
    return [
        finding(
            WARNING, "not_read", f"Not read: {part}", f"The report lacks the {part}: {str(said).rstrip('.')}.", step
        )
        for part, said in sorted(parts.items())
        if said
    ]
