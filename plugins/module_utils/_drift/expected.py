# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What should be there, by the dossier and by the variables of the roles that set it up. Pure.

Both speak the same language: the dossier keeps the variables of its role, and a role's answers have the same names.
Where both say something, the variables count: they are what the next run of the role will do.
"""

from __future__ import annotations

import re

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.finding import (
    Facts,
    Records,
    State,
    host_of,
    texts,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import (
    EXTERNAL,
    NATIVE,
    OKMS,
    OPTIONS,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ports import KMIP

# without one of these a role cannot know what to set up, so its variables are not those of this vCenter
_NEEDED = {OKMS: ("id", "region"), EXTERNAL: ("servers",), NATIVE: ("backup_path",)}
_NAME = {OKMS: "provider", EXTERNAL: "provider", NATIVE: "name"}
_KEPT = (
    "private_cloud", "vsphere_user", "entry_description", "flow_description", "server", "servers", "server_ca",
    "server_thumbprints", "endpoint", "identity_urns", "iam_policy", "kmip_policy", "iam_kmip_actions", "id", "region",
    "display_name", "backup_path", "backup_copies", "backup_places", "tpm_required",
)  # fmt: skip
# of a server in vCenter, beside its place and its user
_SETTINGS = ("proxy_address", "proxy_port", "protocol", "reconnect", "nbio", "timeout")
# of these, what both know; what is blank in the dossier was not known then
_COMPARED = ("private_cloud", "vsphere_user", "backup_path", "tpm_required", "iam_policy")


def expected(facts: Facts) -> State:
    """The key providers that should be there, and what is read for the comparison.

    `dossier` are the entries of this vCenter, `variables` the options of each role, `domains` the OKMS domains that
    were read, `private_cloud` the one that the user named.
    """
    domains = [one for one in facts.get("domains") or [] if one]
    dossier = facts.get("dossier") or {}
    given = {role: (facts.get("variables") or {}).get(role) or {} for role in OPTIONS}
    used = {role: answers for role, answers in given.items() if any(answers.get(name) for name in _NEEDED[role])}
    by_name = {str(answers.get(_NAME[role]) or role): (role, answers) for role, answers in used.items()}
    providers = [
        _provider(name, dossier.get(name) or {}, *by_name.get(name, ("", {})), domains)
        for name in sorted({*map(str, dossier), *by_name})
    ]
    clouds = [one["answers"].get("private_cloud") for one in providers]
    return {
        "providers": providers,
        "retired": sorted(map(str, facts.get("retired") or {})),
        "servers": [server for one in providers for server in one["servers"]],
        "domains": _lookups(providers),
        "policies": sorted({one["policy"]["name"] for one in providers if one["policy"]}),
        "native": [one["name"] for one in providers if one["backup"]],
        "private_cloud": str(facts.get("private_cloud") or next((one for one in clouds if one), "")),
        "known": bool(dossier or facts.get("retired")),
    }


def _provider(name: str, entry: Facts, role: str, answers: Facts, domains: Records) -> State:
    """One provider; `role` is empty when only the dossier names it."""
    kept_role = str(entry.get("role") or "")
    start = f"{kept_role}_"
    kept = {key[len(start) :]: value for key, value in (entry.get("variables") or {}).items() if key.startswith(start)}
    same = not role or role == kept_role
    told = {key: value for key, value in answers.items() if value not in (None, "", [])}
    # nothing secret goes on: options of a role hold passwords and keys
    merged = {key: value for key, value in {**(kept if same else {}), **told}.items() if key in _KEPT}
    kind = role or kept_role
    made: State = {
        "name": name,
        "role": kind,
        "type": "native" if kind == NATIVE else "standard",
        "sources": [*(["dossier"] if entry else []), *(["variables"] if role else [])],
        "answers": merged,
        "default": True if role and answers.get("default_provider") else entry.get("default"),
        "default_clusters": entry.get("default_clusters"),
        "key_id": entry.get("key_id") if kind == NATIVE else None,
        "client_sha256": (entry.get("client_certificate") or {}).get("sha256"),
        "okms": _okms(entry, merged) if kind == OKMS else {},
        "backup": _backup(entry, merged) if kind == NATIVE else {},
        "contradictions": _contradictions(entry, kept, role, answers),
    }
    domain = domain_of(made["okms"], domains)
    made["servers"] = _servers(made, entry, domain) if kind in (OKMS, EXTERNAL) else []
    made["policy"] = _policy(made, entry, domain) if kind == OKMS else {}
    return made


def _contradictions(entry: Facts, kept: Facts, role: str, answers: Facts) -> list[State]:
    """Where the dossier says something else than the variables: the role has not run since they were changed."""
    if not (entry and role):
        return []
    found = [
        {"name": f"{role}_{name}", "variable": str(answers[name]), "dossier": str(kept[name])}
        for name in _COMPARED
        if kept.get(name) not in (None, "") and answers.get(name) not in (None, "") and kept[name] != answers[name]
    ]
    if role != entry.get("role"):
        found.append({"name": "role", "variable": role, "dossier": str(entry.get("role"))})
    known = (entry.get("okms") or {}).get("id")
    if role == OKMS and answers.get("id") and known and answers["id"] != known:
        found.append({"name": "okms_id", "variable": str(answers["id"]), "dossier": str(known)})
    return found


def _okms(entry: Facts, answers: Facts) -> State:
    kept = entry.get("okms") or {}
    return {
        "id": str(answers.get("id") or kept.get("id") or ""),
        "region": str(answers.get("region") or kept.get("region") or "").lower().replace("_", "-"),
        "display_name": str(answers.get("display_name") or kept.get("display_name") or ""),
    }


def _lookups(providers: Records) -> list[State]:
    """How each OKMS domain is found, each once."""
    found: list[State] = []
    for one in providers:
        okms = one["okms"]
        wanted = (
            {"okms_id": okms["id"]}
            if okms.get("id")
            else {k: okms[k] for k in ("display_name", "region") if okms.get(k)}
        )
        if wanted and wanted not in found:
            found.append(wanted)
    return found


def domain_of(okms: Facts, domains: Records) -> Facts:
    """The domain of a provider, empty when it was not read, or when several have its name."""
    if okms.get("id"):
        return next((one for one in domains if one.get("id") == okms["id"]), {})
    alike = [
        one
        for one in domains
        if okms and (one.get("display_name"), one.get("region")) == (okms["display_name"], okms["region"])
    ]
    return alike[0] if len(alike) == 1 else {}


def _servers(made: Facts, entry: Facts, domain: Facts) -> list[State]:
    answers, kept = made["answers"], list(entry.get("servers") or [])
    if made["role"] == EXTERNAL:
        listed = list(answers.get("servers") or kept)
        remembered = [] if answers.get("server_ca") else texts(entry.get("server_certificates"))
        return [
            _server(made, one, texts(one.get("thumbprint")) or remembered, str(answers.get("server_ca") or ""), False)
            for one in listed
        ]
    endpoints = [one for one in (domain.get("kmip_endpoints") or {}).values() if one]
    if not kept and domain:
        kept = _by_choice(answers, domain)
    pins = texts(answers.get("server_thumbprints"))
    return [_server(made, one, pins, "" if pins else _ca_of(one, endpoints), bool(endpoints)) for one in kept]


def _by_choice(answers: Facts, domain: Facts) -> list[State]:
    """The server that the role okms would register."""
    chosen = (
        (domain.get("kmip_endpoints") or {}).get(str(answers.get("endpoint"))) or domain.get("kmip_for_vcenter") or {}
    )
    name = str(answers.get("server") or domain.get("region") or "")
    return [{"name": name, "address": chosen["host"], "port": chosen["port"]}] if chosen.get("host") else []


def _ca_of(server: Facts, endpoints: Records) -> str:
    """The authority of the endpoint that the server is; by its port when it is registered by an address."""
    place = (host_of(server.get("address")), server.get("port"))
    found = [one for one in endpoints if (host_of(one.get("host")), one.get("port")) == place]
    found = found or [one for one in endpoints if one.get("port") == place[1]]
    return str((found[0].get("ca") if found else "") or "")


def _server(made: Facts, server: Facts, pins: list[str], ca: str, of_domain: bool) -> State:
    """One server; `judged`: something vouches for its certificate, be it thumbprints, a CA or OVHcloud's endpoint."""
    address = str(server.get("address") or "")
    answers = made["answers"]
    # the former name, in older dossiers
    description = str(answers.get("entry_description") or answers.get("flow_description") or "")
    return {
        "provider": made["name"],
        "name": str(server.get("name") or address),
        "address": address,
        "port": int(server.get("port") or KMIP),
        "username": server.get("username"),
        # only what somebody gave: vCenter chooses the rest
        "settings": {part: server[part] for part in _SETTINGS if server.get(part) is not None},
        "server_name": server.get("server_name"),
        "thumbprints": pins,
        "ca": ca,
        "judged": bool(pins or ca or of_domain),
        "description": ": ".join(one for one in (description, host_of(address)) if one),
        "every_address": made["role"] == OKMS,
    }


def _policy(made: Facts, entry: Facts, domain: Facts) -> State:
    """The IAM policy that lets the certificate's identity use the keys, if the role keeps one."""
    answers, cloud = made["answers"], str(made["answers"].get("private_cloud") or "")
    identities = texts(answers.get("identity_urns"))
    if not identities or str(answers.get("kmip_policy")).lower() in ("false", "no", "0", "off", "none"):
        return {}
    start = str(answers.get("iam_policy") or f"okms-{cloud}")
    # as the role okms names it (roles/okms/tasks/main.yml)
    name = (entry.get("okms") or {}).get("policy") or f"{start}-{re.sub('[^A-Za-z0-9_-]+', '-', made['name'])}-kmip"
    return {
        "name": str(name),
        "identities": identities,
        "okms_id": str(made["okms"].get("id") or domain.get("id") or ""),
        "allow": texts(answers.get("iam_kmip_actions")),
    }


def _backup(entry: Facts, answers: Facts) -> State:
    kept = entry.get("backup") or {}
    path = str(answers.get("backup_path") or kept.get("path") or "")
    if not path:
        return {}
    same = not kept.get("path") or kept["path"] == path
    return {
        "path": path,
        "sha256": str(kept.get("sha256") or "").lower() if same else "",
        "created_at": kept.get("created_at") if same else None,
        # in the order in which the role native_key_provider looks at them
        "copies": list(answers.get("backup_copies") or []),
        "places": list(answers.get("backup_places") or []),
    }
