# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TLS servers that a field check looks at, and what it tells of them: ports and chains, never names. Pure."""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.sightings import Sightings

Told = t.Mapping[str, t.Any]  # what a module returned, or one entry of it
HTTPS = 443
_KNOWN_PORTS = (HTTPS, 5696, 5697)  # others are those of one estate
_OKMS = ("okms_rsa", "okms_ecdsa")
KINDS = (*_OKMS, "okms_rest")
_TLS = {"TLSv1.3": "TLSv1_3", "TLSv1.2": "TLSv1_2"}
MOST = 15  # servers: five domains have at most three each


def servers_of(domains: t.Sequence[Told], regions: t.Sequence[Told] = ()) -> list[dict[str, t.Any]]:
    """Each server once: the endpoints of OKMS domains for KMIP and for REST; without a domain those of a region."""
    found = []
    for one in domains or regions[:1]:
        for kind, place in sorted((one.get("kmip_endpoints") or {}).items()):
            if place:
                found.append({"kind": f"okms_{kind}", "host": place["host"], "port": place["port"], "ca": place["ca"]})
        rest = urlsplit(str(one.get("rest_endpoint") or ""))
        if rest.hostname:
            found.append({"kind": "okms_rest", "host": rest.hostname, "port": rest.port or HTTPS, "ca": None})
    once = {(one["kind"], one["host"], one["port"]): one for one in found}
    return list(once.values())[:MOST]


def rows_of(servers: t.Sequence[Told], answers: t.Sequence[Told]) -> list[dict[str, t.Any]]:
    """What each server showed, by kind and in an order of their own; answers are results of kmip_server_info."""
    rows = []
    for server, answer in zip(servers, answers):
        seen = answer.get("kmip_server") or {}
        port = server["port"] if server["port"] in _KNOWN_PORTS else None
        rows.append(
            {
                "kind": server["kind"],
                "port": port,
                "reached": bool(seen),
                "tls": seen.get("tls_version"),
                "key": seen.get("key_type"),
                "certificates": len(seen["chain"]) if seen.get("chain_complete") else None,
                "self_signed": seen.get("self_signed"),
                "trusted": (seen.get("trusted") or {}).get("by_ca"),
            }
        )
    return sorted(rows, key=lambda row: (row["kind"], str(row)))


def see_tls(rows: t.Iterable[Told], seen: Sightings) -> None:
    """The newest version of TLS that each KMIP server of OKMS agrees on."""
    for row in rows:
        if row["kind"] in _OKMS and row["tls"]:
            seen.see("okms-maximum-tls", [_TLS.get(row["tls"], row["tls"])])
    seen.miss("okms-maximum-tls", "no KMIP server of OKMS was reached")
