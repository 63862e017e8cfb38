# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates between vCenter and its KMS are due for renewal, and who can renew them: pure."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.lifetimes import (
    Life,
    end_in_words,
    life_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._renewal.connected import (
    Facts,
    Rows,
    all_lost,
    broken,
    refused,
    some_lost,
    untrusted,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._renewal.issued import purpose_of, replaced_by
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._renewal.meant import Meant

# the subject of an access certificate names its domain (guide on access certificates)
_DOMAIN = re.compile(r"(?:^|,\s*)CN=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:$|,)", re.IGNORECASE)
_UNTOLD = (
    "nobody says how it gets its certificate: give certificate_renewal_dossier_path, or the variables of the role okms "
    "or external_kms"
)
_UNKNOWN_CLOUD = "give certificate_renewal_private_cloud, the private cloud of this vCenter"
_WAYS = {
    "csr": "have the request of the role external_kms signed, then run with external_kms_certificate_file",
    "key_pair": "run with the next certificate and key, as external_kms_certificate_file and "
    "external_kms_private_key_file",
    "self_signed": "import the successor that the role external_kms has written into the KMS, then run with "
    "external_kms_imported_thumbprint",
}


def plan(read: Facts, options: Facts) -> dict[str, t.Any]:
    """Which certificates are due, from what the role certificate_renewal has read and its options."""
    return _Plan(read, options).facts()


def _limit(value: t.Any) -> int | None:
    return None if value in (None, "") else int(value)


class _Plan:
    """All standard key providers of a vCenter."""

    def __init__(self, read: Facts, options: Facts) -> None:
        self._read = read
        self._options = options
        self._limits = (_limit(options.get("renew_before")), _limit(options.get("fail_below")))
        found: Rows = (read["info"] or {}).get("key_providers") or []
        standard = [one for one in found if one["type"] == "standard"]
        wanted = list(options.get("providers") or [])
        self._providers = [one for one in standard if not wanted or one["name"] in wanted]
        self._ways = {one["name"]: self._way(one) for one in self._providers}
        self._meant = Meant(read, self._ways)
        self._missing = [name for name in wanted if name not in [one["name"] for one in standard]]

    def facts(self) -> dict[str, t.Any]:
        """The plan."""
        rows = [self._row(one) for one in self._providers]
        places = {(str(one["address"]), one["port"]) for row in self._providers for one in row.get("servers") or []}
        return {
            "providers": rows,
            "domains": _unique(row["okms_id"] for row in rows if row["role"] != "external_kms"),
            "clouds": _unique(row["private_cloud"] for row in rows),
            "servers": [{"host": host, "port": port} for host, port in sorted(places, key=str)],
            "table": [_line(row) for row in rows],
            "alarms": [f"{row['name']}: {alarm}" for row in rows for alarm in row["alarms"]],
            "steps": [step for row in rows for step in _steps(row, self._result(row))],
            "remaining": [said for row in rows for said in _remaining(row)] + self._doubtful(),
            "failures": [*self._unread(), *(f"{row['name']}: {said}" for row in rows if (said := self._failure(row)))],
            "missing": self._missing,
        }

    def _result(self, row: Facts) -> Facts:
        return t.cast(Facts, (self._read.get("results") or {}).get(row["name"]) or {})

    def _failure(self, row: Facts) -> str:
        return str(self._result(row).get("failure") or "")

    def _silent(self) -> list[str]:
        """KMIP servers that did not answer; vCenter may still reach them."""
        return [f"not compared with its KMS entries: {said}" for said in _failed(self._read, "servers")]

    def _doubtful(self) -> list[str]:
        """What somebody has to look at, of several key providers."""
        return [*self._meant.unassigned(set(map(_sha256, self._providers))), *self._silent(), *self._some_lost()]

    def _some_lost(self) -> list[str]:
        return [f"{one['name']}: {said}" for one in self._providers for said in some_lost(one)]

    def _unread(self) -> list[str]:
        results: Rows = (self._read.get("clouds") or {}).get("results") or []
        hidden = [one.get("item") for one in results if one.get("private_clouds") == []]
        asked = "its KMS entries were not compared; check certificate_renewal_private_cloud"
        return [
            *_failed(self._read, "credentials"),
            *_failed(self._read, "clouds"),
            *(f"OVHcloud shows no private cloud {name} to this account: {asked}" for name in hidden),
        ]

    def _row(self, provider: Facts) -> dict[str, t.Any]:
        """What is known of one, and what is due."""
        own = {"name": provider["name"], **self._ways[provider["name"]]}
        certificate, servers = provider.get("client_certificate") or {}, provider.get("servers") or []
        listed: Rows = _of(self._read, "credentials", own["okms_id"]).get("credentials") or []
        sha256 = _sha256(provider)
        used = [one for one in listed if sha256 and one["certificate_sha256"] == sha256]
        # the successor that this run has issued is not in the list yet
        if own["source"] == "certificate" and not used and not self._result(own):
            own = {**own, "role": "", "source": ""}
        life = life_of(certificate, *self._limits)
        row = {
            **own,
            "server": str(servers[0]["name"]) if servers else "",
            "days_left": life.days_left,
            "renew_before": life.renew_before,
            "due": [*self._identity(provider, life, own), *untrusted(provider), *self._entries(provider, own)],
            "credential": dict(used[0]) if used else {},
            "credentials": list(listed),
        }
        lacks = _lacks(row)
        waits = (lacks or ("" if life.lasts else _WAYS.get(row["identity"], ""))) if row["due"] else ""
        repaired = self._options.get("check") and not lacks and not waits
        found = {"mixed": self._meant.mixed(own), "alarms": self._alarms(provider, life, repaired)}
        return {**row, "renewable": not lacks, "waits": waits, **found}

    def _way(self, provider: Facts) -> dict[str, str]:
        """Who knows how it is renewed."""
        name, domain = provider["name"], _domain_of(provider)
        known = ((self._read.get("dossier") or {}).get("providers") or {}).get(name) or {}
        cloud = str(self._options.get("private_cloud") or "")
        for role in ("external_kms", "okms"):
            told = self._read.get(role) or {}
            # a private cloud alone, such as one of an inventory, says less than the dossier
            explicit = told.get("named") or role == "external_kms" or not known.get("role")
            if told.get("told") and told.get("provider") == name and explicit:
                own = str(told.get("private_cloud") or "")
                okms_id = str(told.get("id") or domain) if role == "okms" else ""
                return _known(role, "variables", cloud or own, okms_id, told.get("identity"))
        if known.get("role") in ("okms", "external_kms"):
            role, held = known["role"], known.get("variables") or {}
            own = str(held.get(f"{role}_private_cloud") or "")
            okms_id = str((known.get("okms") or {}).get("id") or "")
            return _known(role, "dossier", cloud or own, okms_id, held.get("external_kms_identity"))
        return _known("okms" if domain else "", "certificate" if domain else "", cloud, domain, None)

    def _identity(self, provider: Facts, life: Life, own: Facts) -> t.Iterator[str]:
        if not provider.get("client_certificate"):
            yield "vCenter has no certificate for the KMS"
        elif not life.lasts:
            yield f"vCenter's certificate {end_in_words(provider['client_certificate'])}"
        given = self._meant.given(own["name"])
        if given and given != _sha256(provider):
            yield "the certificate that was given is not in use"
        yield from refused(provider)

    def _entries(self, provider: Facts, own: Facts) -> t.Iterator[str]:
        """KMS entries whose thumbprint is not that of the certificate at their address."""
        clouds: Rows = _of(self._read, "clouds", own["private_cloud"]).get("private_clouds") or []
        entries = [entry for cloud in clouds for entry in (cloud.get("encryption") or {}).get("kms") or []]
        wanted = {(str(one["address"]), one["port"]) for one in provider.get("servers") or []}
        for result in (self._read.get("servers") or {}).get("results") or []:
            seen = result.get("kmip_server") or {}
            if (str(seen.get("host")), seen.get("port")) not in wanted:
                continue
            shown = {str(one["address"]): one["sha1"] for one in seen.get("by_address") or [] if one["sha1"]}
            for entry in entries:
                if entry["ip"] in shown and entry["thumbprint"] != shown[entry["ip"]]:
                    yield f"the KMS entry of {entry['ip']} has the thumbprint of another certificate"

    def _alarms(self, provider: Facts, life: Life, repaired: t.Any) -> list[str]:
        certificate = provider.get("client_certificate") or {}
        found = []
        if certificate and life.alarming:
            found.append(f"vCenter's certificate {end_in_words(certificate)}")
        connections: Rows = provider.get("connections") or []
        # check mode: what the run would repair is to do
        found.extend(all_lost(provider) if repaired else [*broken(provider), *all_lost(provider)])
        for one in connections:
            shown = one.get("certificate")
            # the limits of the role are for vCenter's certificate
            if shown and shown.get("days_left") is not None and life_of(shown, None).alarming:
                ends = end_in_words(shown)
                found.append(f"the KMIP server {one['name']} has a certificate that {ends}: have it renewed there")
        return found


def _known(role: str, source: str, private_cloud: str, okms_id: str, identity: t.Any) -> dict[str, str]:
    return {
        "role": role,
        "source": source,
        "private_cloud": private_cloud,
        "okms_id": okms_id,
        "identity": str(identity or ("okms" if role == "okms" else "")),
    }


def _sha256(provider: Facts) -> str:
    return str((provider.get("client_certificate") or {}).get("sha256") or "")


def _domain_of(provider: Facts) -> str:
    """Id of the OKMS domain that the subject of vCenter's certificate names; empty when it names none."""
    found = _DOMAIN.search(str((provider.get("client_certificate") or {}).get("subject") or ""))
    return found.group(1) if found else ""


def _lacks(row: Facts) -> str:
    """What somebody has to tell before it can be renewed."""
    if not row["role"]:
        return _UNTOLD
    if row["role"] == "okms" and not row["private_cloud"]:
        return _UNKNOWN_CLOUD
    if row["role"] == "okms" and not row["okms_id"]:
        return "its certificate names no OKMS domain: run the role okms"
    return ""


def _line(row: Facts) -> str:
    kind = f"{row['role']}, by its {row['source']}" if row["role"] else "not known"
    days = row["days_left"]
    left = "no certificate" if days is None else f"{plural(days, 'day')} left" if days >= 0 else "expired"
    due = "; ".join(row["due"]) or "nothing"
    return f"{row['name']} ({kind}): {left}, renewed at {plural(row['renew_before'], 'day')} or fewer; due: {due}"


def _remaining(row: Facts) -> t.Iterator[str]:
    """What somebody has to do for one key provider."""
    if row["waits"]:
        yield f"{row['name']}: {row['waits']}"
    replaced = replaced_by(row["credential"])
    for one in row["credentials"]:
        if one["id"] in replaced and one["status"] == "READY" and not (one["from_csr"] and purpose_of(one)):
            yield (
                f"{row['name']}: the access certificate {one['id']} was replaced and stays, because its private key "
                "may be in use elsewhere: revoke it (module okms_credential) once nothing needs it"
            )


def _of(read: Facts, kind: str, item: str) -> Facts:
    results: Rows = (read.get(kind) or {}).get("results") or []
    return next((one for one in results if item and one.get("item") == item), {})


def _failed(read: Facts, kind: str) -> list[str]:
    """What modules said that failed. A domain that does not exist is none of OKMS."""
    results: Rows = (read.get(kind) or {}).get("results") or []
    # also what ended without any answer
    told = {"credentials": "credentials", "clouds": "private_clouds", "servers": "kmip_server"}[kind]
    failed = [one for one in results if told not in one]
    if kind == "credentials":
        failed = [one for one in failed if (one.get("failure") or {}).get("kind") != "not_found"]
    return [str(one.get("msg") or "failed") for one in failed]


def _steps(row: Facts, result: Facts) -> list[dict[str, t.Any]]:
    """What was to do for one key provider, and what was done."""
    name, lasting = row["name"], f"{plural(row['days_left'] or 0, 'day')} left"
    renewed = result.get("renewed") or {}
    # what waits for somebody is not done
    waiting = row["waits"] and not (renewed.get("changed") or renewed.get("failed"))
    steps = [
        {
            "step": f"Certificate of vCenter for the key provider {name}",
            "result": {} if waiting else renewed,
            "there": "" if row["due"] else lasting,
            "idle": row["waits"],
        },
        {
            "step": f"Trust in the servers of {name}, and thumbprints of its KMS entries",
            "result": result.get("corrected") or {},
            "there": "" if row["due"] else "they match",
            "idle": row["waits"],
        },
    ]
    if row["role"] == "okms":
        revoked = {
            "step": f"Replaced access certificates of {name} revoked",
            "result": result.get("revoked") or {},
            "idle": "there is none that is due",
        }
        steps.append(revoked)
    return steps


def _unique(texts: t.Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))
