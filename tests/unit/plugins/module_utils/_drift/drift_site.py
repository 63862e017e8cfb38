# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site in order: what a dossier says, and what the info modules return when nothing differs."""

from __future__ import annotations

import copy
import datetime
import json
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.expected import expected
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.report import report

NOW = datetime.datetime(2026, 10, 1, tzinfo=datetime.timezone.utc)
DOMAIN = "7c0f3f5e-6f0e-4a53-9f64-2c1d8f0a9b31"
HOST = "eu-west-rbx.okms.ovh.net"
IDENTITY = "urn:v1:eu:identity:user:ab12345-ovh/vcenter-kmip"
Facts = dict[str, t.Any]

DOSSIER: Facts = {
    "okms-prod": {
        "type": "standard",
        "role": "okms",
        "default": True,
        "default_clusters": [],
        "servers": [{"name": "rbx", "address": HOST, "port": 5697}],
        "client_certificate": {"sha256": "C1", "not_after": "2027-01-01T00:00:00Z"},
        "okms": {"id": DOMAIN, "region": "eu-west-rbx", "display_name": "kms", "policy": "okms-pcc-okms-prod-kmip"},
        "variables": {
            "okms_private_cloud": "pcc-1",
            "okms_vsphere_user": "admin",
            "okms_identity_urns": [IDENTITY],
            "okms_kmip_policy": True,
            "okms_iam_kmip_actions": ["okms:kmip:get", "okms:kmip:create"],
            "okms_entry_description": "OVHcloud KMS",
        },
    },
    "nkp-prod": {
        "type": "native",
        "role": "native_key_provider",
        "default": False,
        "key_id": "K1",
        "backup": {"path": "/safe/nkp.p12", "sha256": "ab" * 32, "created_at": "2026-09-01T08:00:00Z"},
        "variables": {"native_key_provider_backup_copies": [{"host": "vault", "path": "/b/nkp.p12"}]},
    },
}
DOMAINS = [
    {
        "id": DOMAIN,
        "display_name": "kms",
        "region": "eu-west-rbx",
        "kmip_endpoints": {"rsa": {"kind": "rsa", "host": HOST, "port": 5697, "ca": "CA"}, "ecdsa": None},
        "kmip_for_vcenter": {"kind": "rsa", "host": HOST, "port": 5697, "ca": "CA"},
    }
]
SEEN: Facts = {
    "host": HOST,
    "port": 5697,
    "addresses": ["192.0.2.50"],
    "sha1": "AA:01",
    "sha256": "S1",
    "days_left": 90,
    "not_after": "2026-12-30T00:00:00Z",
    "trusted": {"verdict": True, "reasons": []},
    "by_address": [{"address": "192.0.2.50", "sha1": "AA:01", "sha256": "S1", "verdict": True}],
    "for_vcenter": {"server_ca": "CA", "server_chain": [], "server_thumbprints": None},
}
CLIENT = {"sha256": "C1", "public_key_sha256": "P1", "days_left": 90, "not_after": "2026-12-30T00:00:00Z"}
PROVIDERS: list[Facts] = [
    {
        "name": "okms-prod",
        "type": "standard",
        "status": "green",
        "reasons": [],
        "default": True,
        "default_clusters": [],
        "servers": [{"name": "rbx", "address": HOST, "port": 5697, "username": None}],
        "connections": [
            {
                "name": "rbx",
                "vcenter_trusts_server": True,
                "server_trusts_vcenter": True,
                "certificate": {"sha256": "S1", "not_after": "2026-12-30T00:00:00Z", "days_left": 90},
            }
        ],
        "client_certificate": CLIENT,
    },
    {
        "name": "nkp-prod",
        "type": "native",
        "status": "green",
        "reasons": [],
        "default": False,
        "default_clusters": [],
        "key_id": "K1",
        "has_backup": True,
        "client_certificate": None,
    },
]
ENTRY = {"id": 7, "ip": "192.0.2.50", "port": 5697, "thumbprint": "AA:01", "state": "delivered"}
USER = {"name": "admin", "login": "admin@pcc-1.ovh.com", "encryption_right": True}
POLICY = {
    "name": "okms-pcc-okms-prod-kmip",
    "identities": [IDENTITY],
    "resources": [f"urn:v1:eu:resource:okms:{DOMAIN}"],
    "allow": ["okms:kmip:get", "okms:kmip:create"],
    "expires_at": None,
}
CREDENTIAL = {
    "id": "c-1",
    "name": "vcenter",
    "status": "READY",
    "public_key_sha256": "P1",
    "expires_at": "2026-12-30T00:00:00Z",
}


def site() -> Facts:
    """All facts of a site in which nothing differs."""
    return copy.deepcopy(
        {
            "vcenter": "vc.example.com",
            "dossier": DOSSIER,
            "variables": {},
            "retired": {},
            "domains": [{"okms_domains": DOMAINS}],
            "settings": {"warn_days": 30, "backup_max_age": 365, "fail_at": "critical", "storage_policies": []},
            "key_providers": {"key_providers": PROVIDERS},
            "servers": [{"kmip_server": SEEN}],
            "cloud": {
                "private_clouds": [
                    {"encryption": {"kms": [{**ENTRY, "description": f"OVHcloud KMS: {HOST}"}]}, "users": [USER]}
                ]
            },
            "policies": {"policies": [POLICY]},
            "credentials": [{"credentials": [CREDENTIAL]}],
            "account": {"account": {"open_orders": []}},
            "backups": {
                "nkp-prod": {
                    "file": {"exists": True, "checksum": "ab" * 32},
                    "opened": {"backup": {"opened": True}},
                    "copies": {"sha256": ["ab" * 32], "there": [True], "problems": [0]},
                }
            },
        }
    )


def with_expected(facts: Facts) -> Facts:
    """The facts with what should be there."""
    domains = [one for answer in facts["domains"] for one in answer.get("okms_domains") or []]
    wanted = {key: facts[key] for key in ("dossier", "variables", "retired")}
    return {**facts, "expected": expected({**wanted, "domains": domains})}


Change = t.Callable[[Facts], t.Any]


def made(change: Change | None = None, **more: t.Any) -> dict[str, t.Any]:
    """The report of a site after a change."""
    facts = site()
    if change:
        change(facts)
    return report(with_expected(facts), NOW, **more)


def found(change: Change) -> list[dict[str, str]]:
    return t.cast("list[dict[str, str]]", json.loads(made(change)["text"])["findings"])


def kms(facts: Facts) -> list[Facts]:
    return t.cast("list[Facts]", facts["cloud"]["private_clouds"][0]["encryption"]["kms"])


def provider(facts: Facts, number: int = 0) -> Facts:
    return t.cast("Facts", facts["key_providers"]["key_providers"][number])


def seen(facts: Facts) -> Facts:
    return t.cast("Facts", facts["servers"][0]["kmip_server"])


def backup(facts: Facts) -> Facts:
    return t.cast("Facts", facts["backups"]["nkp-prod"])


def each(*changes: Change) -> Change:
    """Several changes as one."""

    def change(facts: Facts) -> None:
        for one in changes:
            one(facts)

    return change


def untrusted(facts: Facts) -> None:
    seen(facts)["trusted"] = {"verdict": False, "reasons": ["it is self-signed"]}
    seen(facts)["by_address"][0]["verdict"] = False


def lost_trust(facts: Facts) -> None:
    provider(facts)["connections"][0]["vcenter_trusts_server"] = False


def second_address(facts: Facts, sha1: str | None) -> None:
    """DNS names another address of the server; without a thumbprint, nothing answers there, and the verdict stays."""
    seen(facts)["addresses"].append("192.0.2.51")
    verdict = True if sha1 else None
    seen(facts)["by_address"].append({"address": "192.0.2.51", "sha1": sha1, "sha256": None, "verdict": verdict})


def named_twice(facts: Facts) -> None:
    """Another provider of the same domain, which the variables find by its name: two lookups, one domain."""
    facts["dossier"]["okms-second"] = {
        **{key: facts["dossier"]["okms-prod"][key] for key in ("type", "role", "servers", "client_certificate")},
        "okms": {"region": "eu-west-rbx", "display_name": "kms"},
    }
    facts["domains"].append(copy.deepcopy(facts["domains"][0]))
    other = copy.deepcopy(provider(facts))
    facts["key_providers"]["key_providers"].append({**other, "name": "okms-second", "default": False})
    provider(facts, 2).update(client_certificate=None)
    facts["servers"].append(copy.deepcopy(facts["servers"][0]))
