# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about KMIP servers, and the table of all rows. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import EXTERNAL
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._preflight import account, cloud, vcenter
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._preflight.rows import (
    BLOCKING,
    OK,
    SEVERITIES,
    WARNING,
    Facts,
    Row,
    Rows,
    name_of,
    setting,
)


def servers(facts: Facts) -> Rows:
    """Each KMIP server: does it answer, is it the expected one, how long is its certificate good."""
    found = [result for result in facts.get("servers") or [] if not result.get("skipped")]
    answering = [result for result in found if result.get("kmip_server")]
    if not found and facts.get("option") == EXTERNAL:
        yield Row("KMS", WARNING, "none was named, so none was checked", "name them in preflight_kms_servers")
    for result in found:
        if result.get("kmip_server"):
            yield _server(facts, name_of(result), result["kmip_server"])
        else:
            # one that is down does not stop a cluster of which others serve
            severity = WARNING if answering else BLOCKING
            said = str(result.get("msg") or "it was not checked")
            yield Row(
                f"KMS {name_of(result)}", severity, said, "check that it runs, and that the control node can reach it"
            )


def _server(facts: Facts, name: str, seen: Facts) -> Row:
    check, end = f"KMS {name}", f"its certificate expires on {seen['not_after']}"
    trusted = seen.get("trusted") or {}
    if seen["days_left"] < 0:
        return Row(check, BLOCKING, f"its certificate expired on {seen['not_after']}", "have it renewed")
    judged = setting(facts, "judged", True) or name in setting(facts, "pinned", [])
    if judged and not trusted.get("verdict"):
        reasons = "; ".join(trusted.get("reasons") or ["not trusted"])
        return Row(
            check,
            BLOCKING,
            f"it is not the expected server: {reasons}; SHA-256 {seen['sha256']}",
            "compare with the operator of the KMS, then correct CA or thumbprint",
        )
    if seen["days_left"] <= int(setting(facts, "warn_days", 30)):
        return Row(check, WARNING, f"{end}, in {plural(seen['days_left'], 'day')}", "renew it in time")
    return Row(check, OK, f"{seen['host']}:{seen['port']} answers, {end}, issued by {seen['issuer']}")


def endpoint(facts: Facts) -> Rows:
    """Which KMIP endpoint of the domain vCenter uses."""
    found = facts.get("endpoint") or {}
    if found and not found.get("host"):
        yield Row(
            "KMIP endpoint", BLOCKING, str(found["refused"]), "set okms_endpoint (preflight_okms_endpoint) to auto"
        )
    elif found.get("notice"):
        yield Row("KMIP endpoint", WARNING, str(found["notice"]), "move it with okms_move_endpoint: true when you can")


def entries(facts: Facts) -> Rows:
    """OVHcloud opens the flow to one address and one port for each entry: they have to be those of the server."""
    known = (cloud.cloud_of(facts).get("encryption") or {}).get("kms") or []
    for result in facts.get("servers") or []:
        seen = result.get("kmip_server") or {}
        # a KMS entry takes IPv4 only (OVHcloud API, vmEncryption/kms)
        addresses = [str(address) for address in seen.get("addresses") or [] if ":" not in str(address)]
        here = [entry for entry in known if entry["ip"] in addresses]
        yield from _ports(name_of(result), here, seen)
        missing = sorted(set(addresses) - {entry["ip"] for entry in here})
        if here and missing:
            yield Row(
                f"KMS entries for {name_of(result)}",
                WARNING,
                (
                    f"none for {', '.join(missing)}, which {seen['host']} has too: keys are available or not "
                    "depending on the DNS answer"
                ),
                "run the role okms or external_kms, which creates one for each address (private_cloud_kms)",
            )


def _ports(name: str, here: t.Sequence[Facts], seen: Facts) -> Rows:
    for entry in here:
        if entry["port"] and entry["port"] != seen["port"]:
            yield Row(
                f"Port of KMS entry {entry['id']}",
                WARNING,
                (
                    f"the flow to {entry['ip']} is open for port {entry['port']}, but {name} uses port "
                    f"{seen['port']}: vCenter may not reach it"
                ),
                (
                    f"let the server use port {entry['port']} (role okms: okms_endpoint, okms_move_endpoint), or "
                    "remove the entry and create it again (private_cloud_kms); OVHcloud sets the port"
                ),
            )


CHECKS: tuple[t.Callable[[Facts], Rows], ...] = (
    account.credential,
    account.granted,
    account.kmip_policy,
    account.logs,
    account.payment,
    account.domain,
    account.cost,
    cloud.state,
    cloud.life_cycle,
    cloud.iam,
    cloud.secure_interface,
    cloud.vsphere_user,
    cloud.sessions,
    cloud.replication,
    cloud.vsan,
    vcenter.reachable,
    vcenter.privileges,
    vcenter.hosts,
    vcenter.tpm,
    vcenter.clocks,
    endpoint,
    servers,
    entries,
)


def table(facts: Facts) -> dict[str, t.Any]:
    """All rows, worst first, as data, as lines for the screen, and the blocking ones as one message."""
    rows = [row for check in CHECKS for row in check(facts)]
    rows.sort(key=lambda row: SEVERITIES.index(row.severity))
    counts = {severity: sum(row.severity == severity for row in rows) for severity in SEVERITIES}
    return {
        "rows": [dataclasses.asdict(row) for row in rows],
        "lines": [row.line() for row in rows],
        **counts,
        "message": message(str(facts.get("option")), rows),
    }


def message(option: str, rows: t.Sequence[Row]) -> str:
    """What stops the option, in one text."""
    bad = [row for row in rows if row.severity == BLOCKING]
    if not bad:
        doubts = sum(row.severity == WARNING for row in rows)
        return f"nothing blocks option {option}: {plural(len(rows), 'check')}, {doubts} with a warning"
    texts = [f"({number}) {row.check}: {row.found}. Next: {row.next_step}" for number, row in enumerate(bad, 1)]
    return f"{plural(len(bad), 'finding blocks', 'findings block')} option {option}: " + "; ".join(texts)
