# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vCenter's key providers: there or not, their servers, trust on both sides, the default. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.lifetimes import end_in_words
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.finding import (
    CRITICAL,
    NOTICE,
    WARNING,
    Facts,
    Finding,
    Findings,
    Fix,
    host_of,
    succeeded,
    words,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.servers import (
    FIX,
    label,
    seen_servers,
    vouched,
)

Pairs = t.Iterator[tuple[Facts, Facts]]


def there(facts: Facts) -> dict[str, Facts] | None:
    """vCenter's key providers by name; None when they were not read."""
    result = facts.get("key_providers") or {}
    return (
        {str(one["name"]): one for one in result.get("key_providers") or []}
        if succeeded(result, "key_providers")
        else None
    )


def pairs(facts: Facts) -> Pairs:
    """Each expected provider that vCenter has, with what it is there."""
    known = there(facts) or {}
    for wanted in facts["expected"]["providers"]:
        if wanted["name"] in known:
            yield wanted, known[wanted["name"]]


def presence(facts: Facts) -> Findings:
    """Providers that are missing, of another kind, made anew, or that nothing says anything about."""
    known = there(facts)
    if known is None:
        return
    wanted = {one["name"]: one for one in facts["expected"]["providers"]}
    for name in sorted(set(wanted) - set(known)):
        yield Finding(
            CRITICAL, "key_provider", name, f"a {wanted[name]['type']} key provider", "vCenter has none of this name",
            "rebuild it under the same name with the playbook recovery, before an encrypted VM is powered off",
        )  # fmt: skip
    for name in sorted(set(known) - set(wanted)):
        gone = name in facts["expected"]["retired"]
        if gone or facts["expected"]["known"]:
            yield Finding(
                NOTICE if gone else WARNING, "key_provider", name, "retired" if gone else "not in the dossier",
                "vCenter has it",
                "remove it with the playbook decommission" if gone
                else "run its role with the dossier's path, or remove the provider with the playbook decommission",
            )  # fmt: skip
    for one, seen in pairs(facts):
        yield from _kind(one, seen)


def _kind(wanted: Facts, seen: Facts) -> Findings:
    name = wanted["name"]
    if wanted["type"] != seen.get("type"):
        yield Finding(
            CRITICAL, "key_provider", name, f"type {wanted['type']}", f"type {seen.get('type')}",
            "find out who replaced it; keys of the old one are not in the new one (playbook recovery)",
        )  # fmt: skip
    if wanted["key_id"] and seen.get("key_id") and wanted["key_id"] != seen["key_id"]:
        yield Finding(
            CRITICAL, "key_provider", name, f"key id {wanted['key_id']}", f"key id {seen['key_id']}",
            "it was made anew or got a new key: make a backup now (role native_key_provider), and keep the old backups",
        )  # fmt: skip
    status, reasons = seen.get("status"), seen.get("reasons") or []
    # gray says that vCenter does not know; over SOAP, a good native provider may stay gray (assumption native-status)
    if status and status != "green" and (reasons or status != "gray"):
        yield Finding(
            CRITICAL if status == "red" else WARNING, "key_provider", name, "status green",
            "; ".join([f"status {status}", *reasons]),
            "see the other rows about this provider; guide Troubleshooting has the causes",
        )  # fmt: skip


_PLACE = ("address", "port", "username")


def servers(facts: Facts) -> Findings:
    """The servers of each provider. One that is missing comes back only if its certificate is vouched for."""
    probed = {(one["provider"], one["name"]): (one, seen) for one, seen in seen_servers(facts)}
    for wanted, seen in pairs(facts):
        have = {str(one["name"]): one for one in seen.get("servers") or []}
        expected = {one["name"]: one for one in wanted["servers"]}
        for name, server in sorted(expected.items()):
            if name not in have:
                fix = _fix(*probed[wanted["name"], name], server.get("settings", {}))
                yield Finding(
                    WARNING, "provider_server", label(server), "a server of the provider", "vCenter does not have it",
                    FIX if fix else "run the provider's role, once the server's certificate is accepted", fix,
                )  # fmt: skip
                continue
            settings = {**{part: server.get(part) for part in _PLACE}, **server.get("settings", {})}
            for part, value in settings.items():
                if not _same(part, value, have[name].get(part)):
                    yield Finding(
                        WARNING, "provider_server", f"{wanted['name']}/{name}", f"{part} {value}",
                        f"{part} {have[name].get(part)}",
                        "find out who changed it; then run the provider's role, or correct variables and dossier",
                    )  # fmt: skip
        for name in sorted(set(have) - set(expected)) if expected else []:
            yield Finding(
                WARNING, "provider_server", f"{wanted['name']}/{name}", "no such server",
                f"{have[name].get('address')}:{have[name].get('port')}",
                "add it to the variables of the role, or remove it (standard_key_provider, remove_servers)",
            )  # fmt: skip


def _same(part: str, one: t.Any, other: t.Any) -> bool:
    if part == "address":
        return host_of(one) == host_of(other)
    return (None if one in ("", -1) else one) == (None if other in ("", -1) else other)


def _fix(server: Facts, seen: Facts, settings: Facts | None = None) -> Fix | None:
    """Register the server, and let vCenter trust what was verified from here; no server moves by it.

    `settings` are those of a server that is missing; one that is there keeps its own.
    """
    trust = seen.get("for_vcenter") or {}
    if not vouched(server, seen) or not trust:
        return None
    # a user name needs its password, which nothing keeps
    if server.get("username"):
        return None
    place = {"name": server["name"], "address": server["address"], "port": server["port"], **(settings or {})}
    return Fix(
        "servers", f"{server['provider']}/{server['name']}", {"name": server["provider"], "servers": [place], **trust}
    )


def trust(facts: Facts) -> Findings:
    """What vCenter says about each connection, and whether it sees the certificate that is seen from here."""
    probed = {(one["provider"], one["name"]): (one, seen) for one, seen in seen_servers(facts)}
    for wanted, there_now in pairs(facts):
        have = {str(one["name"]): one for one in there_now.get("servers") or []}
        for connection in there_now.get("connections") or []:
            name = str(connection["name"])
            if (wanted["name"], name) not in probed:
                continue
            server, seen = probed[wanted["name"], name]
            still = all(_same(part, server.get(part), have.get(name, {}).get(part)) for part in ("address", "port"))
            yield from _connection(server, seen, connection, _fix(server, seen) if still else None)


def _connection(server: Facts, seen: Facts, connection: Facts, fix: Fix | None) -> Findings:
    if connection.get("vcenter_trusts_server") is False and connection.get("certificate"):
        yield Finding(
            CRITICAL, "trust", label(server), "vCenter trusts the server's certificate", "it does not",
            FIX if fix else "compare the certificate with the operator of the KMS, then run the provider's role", fix,
        )  # fmt: skip
    if connection.get("server_trusts_vcenter") is False and connection.get("vcenter_trusts_server"):
        yield Finding(
            CRITICAL, "trust", label(server), "the server accepts vCenter's certificate", "it does not",
            "renew vCenter's certificate with the provider's role; on OKMS, check the IAM policy for KMIP first",
        )  # fmt: skip
    theirs = (connection.get("certificate") or {}).get("sha256")
    ours = {one.get("sha256") for one in seen.get("by_address") or [seen]} - {None}
    if theirs and ours and theirs not in ours:
        yield Finding(
            WARNING, "trust", label(server), f"the certificate seen from the control node: {words(ours)}",
            f"vCenter sees {theirs}",
            "find out what answers vCenter at this address: another server, a proxy, or one that was just renewed",
        )  # fmt: skip


def identities(facts: Facts) -> Findings:
    """vCenter's client certificate: the one that the dossier knows, and valid."""
    for wanted, seen in pairs(facts):
        certificate = seen.get("client_certificate") or {}
        if not certificate or wanted["type"] != "standard":
            continue
        left, limit = certificate.get("days_left"), int(facts["settings"]["warn_days"])
        if left is not None and left <= limit:
            yield Finding(
                CRITICAL if left < 0 else WARNING, "client_certificate", wanted["name"],
                f"a certificate that is valid for more than {limit} days",
                f"it {end_in_words(certificate)}",
                "renew it: run the playbook certificate_renewal",
            )  # fmt: skip
        if wanted["client_sha256"] and certificate.get("sha256") != wanted["client_sha256"]:
            yield Finding(
                WARNING, "client_certificate", wanted["name"], f"SHA-256 {wanted['client_sha256']}",
                f"SHA-256 {certificate.get('sha256')}",
                "if it was renewed on purpose, run the provider's role with the dossier's path, which records it",
            )  # fmt: skip


def defaults(facts: Facts) -> Findings:
    """The default of the system and of clusters."""
    known = there(facts)
    if known is None:
        return
    wanted = sorted(one["name"] for one in facts["expected"]["providers"] if one["default"])
    now = sorted(name for name, one in known.items() if one.get("default"))
    # the last run of several roles that make their provider the default decides
    if wanted and not set(now) & set(wanted):
        yield Finding(
            WARNING, "default_provider", "vCenter", words(wanted), words(now),
            "new keys come from the other provider: run the role of the expected one, which makes it the default again",
        )  # fmt: skip
    for one, seen in pairs(facts):
        if one["default_clusters"] is None:
            continue
        if sorted(one["default_clusters"]) != sorted(seen.get("default_clusters") or []):
            yield Finding(
                WARNING, "default_provider", f"clusters of {one['name']}", words(one["default_clusters"]),
                words(seen.get("default_clusters") or []),
                "set the cluster's default in vCenter, or run the provider's role with the dossier's path",
            )  # fmt: skip
