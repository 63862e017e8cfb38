# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what was read in vCenter and at OVHcloud to diagnoses. Pure."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes import catalogue, situations, texts
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._causes.model import (
    CRITICAL,
    NOTICE,
    WARNING,
    Known,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.lifetimes import end_in_words
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._doctor.diagnosis import (
    Diagnosis,
    Facts,
    of_known,
    records,
)

Diagnoses = t.Iterator[Diagnosis]
_VCENTER = "vCenter"
_SOON = 30  # days that a certificate still has when it is told
_MOST = 1_000_000  # characters of a text that was pasted, which is read in a few seconds


def history(facts: Facts) -> Diagnoses:
    """Events, alarms and failed tasks."""
    for event in records(facts.get("history"), "events") or []:
        severity = NOTICE if event["solved"] else None
        sign = f"event of {event['time']}{', solved since' * event['solved']}: {event['text']}"
        yield of_known(_known(event), event["object"] or _VCENTER, sign, severity)
    for alarm in records(facts.get("history"), "alarms") or []:
        sign = f"alarm {alarm['name']} has been {alarm['status']} since {alarm['time']}"
        known = _known(alarm)
        yield of_known(known, alarm["object"] or _VCENTER, sign, general=known in situations.SITUATIONS)
    for task in records(facts.get("history"), "failed_tasks") or []:
        sign = f"task {task['task']} failed at {task['time']}: {task['text']}"
        yield of_known(_known(task), task["object"] or _VCENTER, sign)


def _known(row: Facts) -> Known | None:
    return catalogue.BY_ID.get(str(row["cause"]))


def locked(facts: Facts) -> Diagnoses:
    """VMs that are locked, by the module vm_unlock in check mode."""
    by_reason = {known.cause.reason: known for known in catalogue.ALL}
    for machine in records(facts.get("machines"), "virtual_machines") or []:
        reasons = str(machine["reason"] or "").split("; ")
        known = [by_reason[reason] for reason in reasons if reason in by_reason]
        for one in known or [situations.VM_LOCKED]:
            # without a reason its keys may be available, or the user may not ask for their state
            sign = "the VM is locked" + (f": {machine['reason']}" if machine["reason"] else "")
            yield of_known(one, machine["name"], sign, CRITICAL, one is situations.VM_LOCKED)


def hosts(facts: Facts) -> Diagnoses:
    """Hosts out of encryption mode, where the mode is in use: forced, lost, or on elsewhere in the cluster."""
    found = records(facts.get("hosts"), "hosts") or []
    forced = {one["name"] for one in records(facts.get("hosts"), "clusters") or [] if one["mode"] == "force_enable"}
    used = forced | {host["cluster"] for host in found if host["state"] == "safe" and host["cluster"]}
    for host in found:
        expected = host["cluster"] in used or host["key_id"] or host["state"] == "pending_incapable"
        if host["state"] == "safe" or not expected:
            continue
        sign = f"encryption mode is {host['state']}" + (f": {host['reason']}" if host["reason"] else "")
        known = catalogue.probable(host["reason"] or "") or situations.HOST_MODE_OFF
        yield of_known(known, host["name"], sign, general=known is situations.HOST_MODE_OFF)


def providers(facts: Facts) -> Diagnoses:
    """Key providers that are not green or not backed up, and certificates that end."""
    for one in records(facts.get("key_providers"), "key_providers") or []:
        name, reasons = f"key provider {one['name']}", [str(reason) for reason in one.get("reasons") or []]
        yield from _certificates(name, one)
        if one.get("type") == "native" and one.get("has_backup") is False:
            yield of_known(texts.NOT_BACKED_UP, name, "; ".join(reasons) or "vCenter counts it as not backed up")
        elif one.get("status") in ("red", "yellow"):
            severity = WARNING if one["status"] == "yellow" else CRITICAL
            for known, sign in _broken(one) or [(situations.PROVIDER_NOT_GREEN, "; ".join(reasons))]:
                yield of_known(known, name, f"status {one['status']}: {sign}", severity)


def _broken(provider: Facts) -> list[tuple[Known, str]]:
    """Why its servers are not green."""
    refused = catalogue.certain("bad certificate")
    found: list[tuple[Known | None, str]] = []
    for server in provider.get("connections") or []:
        said = str(server.get("connection_status") or "")
        sign = f"{server['name']}{': ' if said else ''}{said}"
        if server.get("status") == "green":
            continue
        if catalogue.certain(said):
            found.append((catalogue.certain(said), sign))
        elif not server.get("certificate") and not server.get("vcenter_trusts_server"):
            found.append((texts.UNREACHABLE, sign))
        elif not server.get("vcenter_trusts_server"):
            found.append((texts.TRUST, sign))
        elif not server.get("server_trusts_vcenter"):
            found.append((refused, sign))
    return [(known, sign) for known, sign in found if known is not None]


def _certificates(name: str, provider: Facts) -> Diagnoses:
    ends = [("client_certificate_ends", "vCenter's certificate", provider.get("client_certificate"))]
    for server in provider.get("connections") or []:
        ends.append(("server_certificate_ends", f"the certificate of {server['name']}", server.get("certificate")))
    for cause, what, certificate in ends:
        left = (certificate or {}).get("days_left")
        if left is not None and left <= _SOON:
            sign = f"{what} {end_in_words(certificate or {})}"
            yield of_known(catalogue.BY_ID[cause], name, sign, CRITICAL if left < 0 else None)


def cloud(facts: Facts) -> Diagnoses:
    """Tasks of the private cloud that wait or failed."""
    for one in records(facts.get("cloud"), "private_clouds") or []:
        guarded = "tokenValidation" in ((one.get("security") or {}).get("enabled_options") or [])
        for task in one.get("tasks") or []:
            sign = f"task {task['id']} has been {task['state']} since {task['started_at'] or 'it was ordered'}"
            said = str(task.get("description") or "")
            yield of_known(_waiting(task, said, guarded), one["service_name"], f"{sign}{': ' if said else ''}{said}")


def _waiting(task: Facts, said: str, guarded: bool) -> Known:
    if task["state"] == "error":
        return situations.TASK_FAILED
    # by the text of OVHcloud's control panel: the names of these tasks are not documented
    if re.search("waiting for customer", said, re.IGNORECASE):
        return situations.TASK_WAITS_FOR_CUSTOMER
    if guarded and task.get("seconds_to_confirm") is not None:
        return situations.TASK_WAITS_FOR_CODE
    return situations.TASK_WAITS


def pasted(text: str) -> Diagnoses:
    """The causes of a text that somebody gives: each line by itself, then the whole."""
    text = text[-_MOST:]  # the end of a log is its newest part
    lines = list(dict.fromkeys(line for line in text.splitlines() if line.strip()))
    # reversed twice: of lines with one cause the first stays, and rows have the order of the text
    found = {known.id: (known, line) for line in reversed(lines) for known in [catalogue.of_text(line)] if known}
    if not found:
        yield of_known(catalogue.of_text(" ".join(text.split())), "the text", text)
    for known, line in reversed(list(found.values())):
        yield of_known(known, "the text", line)


PARTS: tuple[t.Callable[[Facts], Diagnoses], ...] = (history, locked, hosts, providers, cloud)
