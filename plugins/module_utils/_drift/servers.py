# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMIP servers as they are now: their addresses, their certificates, and the KMS entries of the private cloud. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.lifetimes import end_in_words
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.finding import (
    CRITICAL,
    NOTICE,
    WARNING,
    Facts,
    Finding,
    Findings,
    Fix,
    Records,
    host_of,
    words,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import owner_of_entry

_GOING = ("toDelete", "deleting")
_AT_REST = "delivered"
FIX = "run again with drift_check_fix: true, which changes only what a thumbprint or CA vouches for"


def seen_servers(facts: Facts) -> list[tuple[Facts, Facts]]:
    """Each expected server with what it presented; nothing where it did not answer."""
    results = list(facts.get("servers") or [])
    wanted = facts["expected"]["servers"]
    shown = [(one.get("kmip_server") or {}) for one in results] + [{}] * len(wanted)
    return list(zip(wanted, shown))


def vouched(server: Facts, seen: Facts) -> bool:
    """Whether a thumbprint or a CA says that it is the expected server, at each address that answered."""
    return bool(server["judged"] and seen and (seen.get("trusted") or {}).get("verdict"))


def label(server: Facts) -> str:
    """How a server is called in the table."""
    return f"{server['provider']}/{server['name']} ({server['address']}:{server['port']})"


def certificates(facts: Facts) -> Findings:
    """Whether each server answers, with the expected certificate, and for how long that is valid."""
    results = list(facts.get("servers") or [])
    for number, (server, seen) in enumerate(seen_servers(facts)):
        if not seen:
            said = str(results[number].get("msg") or "") if number < len(results) else ""
            yield Finding(
                WARNING, "server_certificate", label(server), "an answer", said or "it was not checked",
                "check that it runs, and that the control node can reach it",
            )  # fmt: skip
        elif server["judged"] and not vouched(server, seen):
            reasons = "; ".join((seen.get("trusted") or {}).get("reasons") or ["not trusted"])
            yield Finding(
                CRITICAL, "server_certificate", label(server), _rule(server),
                f"{reasons}; SHA-256 {seen.get('sha256')}",
                "compare the certificate with the operator of the KMS; if it is right, give its CA or thumbprint",
            )  # fmt: skip
        else:
            yield from _ending(facts, server, seen)


def _rule(server: Facts) -> str:
    if server["thumbprints"]:
        return f"SHA-256 {words(server['thumbprints'])}"
    return "a certificate of the given CA" if server["ca"] else "a certificate of a trusted authority"


def _ending(facts: Facts, server: Facts, seen: Facts) -> Findings:
    left = seen.get("days_left")
    if left is None or left > int(facts["settings"]["warn_days"]):
        return
    yield Finding(
        CRITICAL if left < 0 else WARNING,
        "server_certificate",
        label(server),
        f"a certificate that is valid for more than {plural(int(facts['settings']['warn_days']), 'day')}",
        f"it {end_in_words(seen)}",
        "have the operator of the KMS renew it, then run again",
    )


def entries(facts: Facts) -> Findings:
    """For each server one entry for each of its addresses, with the port and the certificate that are there."""
    known = entries_of(facts)
    if known is None:
        return
    done: set[tuple[str, int]] = set()
    for server, seen in seen_servers(facts):
        place = (host_of(server["address"]), server["port"])
        if seen and place not in done:
            done.add(place)
            yield from _of_server(facts, server, seen, known)
    yield from _unused(facts, known)


def _unused(facts: Facts, known: Records) -> Findings:
    """Entries of which nothing here knows what they are for: the firewall is open for them all the same."""
    pairs = seen_servers(facts)
    if not pairs or not all(seen for _server, seen in pairs):
        return
    hosts = {host_of(server["address"]) for server, _seen in pairs}
    addresses = {str(one) for _server, seen in pairs for one in seen.get("addresses") or []}
    for entry in known:
        description = str(entry.get("description") or "")
        if entry["ip"] not in addresses and owner_of_entry(description) not in hosts:
            yield Finding(
                NOTICE, "kms_entry", f"KMS entry {entry['id']} ({entry['ip']})", "an address of a known KMIP server",
                description or "no description",
                "find out who uses it; if nobody does, remove it (private_cloud_kms, state: absent)",
            )  # fmt: skip


def entries_of(facts: Facts) -> Records | None:
    """The KMS entries; None when they were not read."""
    clouds = (facts.get("cloud") or {}).get("private_clouds") or []
    found = ((clouds[0] if clouds else {}).get("encryption") or {}).get("kms")
    return None if found is None else [one for one in found if one.get("state") not in _GOING]


def _of_server(facts: Facts, server: Facts, seen: Facts, known: Records) -> Findings:
    # a KMS entry takes IPv4 only (OVHcloud API, vmEncryption/kms)
    addresses = sorted(str(one) for one in seen.get("addresses") or [] if ":" not in str(one))
    here = {str(one["ip"]): one for one in known if one["ip"] in addresses}
    prints = _thumbprints(seen, addresses)
    silent = sorted({*addresses} - {*prints})
    fix = _fix(facts, server, prints) if vouched(server, seen) and not silent else None
    for address in addresses:
        entry = here.get(address)
        if entry is None:
            yield Finding(
                WARNING if here else CRITICAL, "kms_entry", f"{address} of {label(server)}", "a KMS entry", "none",
                FIX if fix else _first(server, seen, silent), fix,
            )  # fmt: skip
        else:
            yield from _entry(server, entry, prints.get(address), fix, _first(server, seen, silent))
    yield from _stale(server, addresses, known)


def _first(server: Facts, seen: Facts, silent: t.Sequence[str]) -> str:
    """What a repair waits for: it gives no entry a thumbprint that was not seen and verified at the entry's address."""
    if silent and vouched(server, seen):
        return f"have the server answer at {words(silent)} first, or take that address out of DNS; then run again"
    return "have the server's certificate accepted first (see server_certificate)"


def _thumbprints(seen: Facts, addresses: t.Sequence[str]) -> dict[str, str]:
    """SHA-1 by address, of those that were seen and are the expected server."""
    if seen.get("by_address"):
        return {
            str(one["address"]): str(one["sha1"])
            for one in seen["by_address"]
            if one.get("sha1") and one.get("verdict")
        }
    # which of several addresses has shown it is not known
    return dict.fromkeys(addresses, str(seen["sha1"])) if seen.get("sha1") and len(addresses) == 1 else {}


def _fix(facts: Facts, server: Facts, prints: t.Mapping[str, str]) -> Fix | None:
    """One call makes all entries of a host right; it needs a thumbprint that was verified, for each address.

    There is no thumbprint for all: the module would write it for an address that DNS has named since.
    """
    cloud = str(facts["expected"]["private_cloud"])
    if not cloud or not prints:
        return None
    arguments = {
        "service_name": cloud,
        "host": server["address"],
        "port": server["port"],
        "address_thumbprints": dict(prints),
        "description": server["description"],
    }
    return Fix("entries", host_of(server["address"]), arguments)


def _entry(server: Facts, entry: Facts, sha1: str | None, fix: Fix | None, first: str) -> Findings:
    subject = f"KMS entry {entry['id']} ({entry['ip']}) of {label(server)}"
    if entry.get("state") != _AT_REST:
        failed = entry.get("state") == "error"
        yield Finding(
            CRITICAL if failed else WARNING, "kms_entry", subject, f"state {_AT_REST}", f"state {entry.get('state')}",
            "remove it and create it again (private_cloud_kms)" if failed
            else "wait for OVHcloud; if it stays so, look at the private cloud's tasks (private_cloud_info)",
        )  # fmt: skip
    if entry.get("port") and entry["port"] != server["port"]:
        yield Finding(
            WARNING, "kms_entry", subject, f"port {server['port']}", f"port {entry['port']}",
            "OVHcloud sets the port: remove the entry and create it again (private_cloud_kms), at once, because until "
            "then hosts have only the keys they hold",
        )  # fmt: skip
    if sha1 and str(entry.get("thumbprint")).upper() != sha1.upper():
        may = fix if entry.get("state") == _AT_REST else None
        yield Finding(
            WARNING, "kms_entry", subject, f"thumbprint {sha1}", f"thumbprint {entry.get('thumbprint')}",
            FIX if may else first if entry.get("state") == _AT_REST else "run again when the entry is delivered", may,
        )  # fmt: skip


def _stale(server: Facts, addresses: t.Sequence[str], known: Records) -> Findings:
    host = host_of(server["address"])
    for entry in known:
        if entry["ip"] in addresses or owner_of_entry(str(entry.get("description") or "")) != host:
            continue
        yield Finding(
            WARNING, "dns", f"KMS entry {entry['id']} of {label(server)}", f"an address of {host}: {words(addresses)}",
            str(entry["ip"]),
            f"if {host} has left that address for good, remove the entry with remove_stale: true (private_cloud_kms), "
            "or with the option remove_stale_entries of the provider's role",
        )  # fmt: skip
