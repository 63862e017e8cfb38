# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether vCenter gets keys with its certificate, and which older access certificates can go: pure."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.lifetimes import lifetime
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._renewal.connected import Facts, Rows
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._renewal.issued import purpose_of, replaced_by


def proof(read: Facts, provider: str, credentials: Rows | None = None, revoke_after: int = 0) -> dict[str, t.Any]:
    """What vCenter's certificate can do, and what it makes superfluous."""
    providers: Rows = read.get("key_providers") or []
    found = next((one for one in providers if one["name"] == provider), None)
    problem = f"vCenter has no key provider {provider} any more" if found is None else _problem(found)
    keys = (found or {}).get("keys_in_use") or {}
    lost = list(keys.get("unavailable") or [])
    in_use = _in_use(found or {}, credentials or [])
    older = _older(in_use, credentials or [], {_shown(one) for one in providers}) if in_use else []
    waits = max(0, revoke_after - _age(in_use)) if older else 0
    revoke = older if not problem and not lost and not waits else []
    return {"problem": problem, "lost": lost, "in_use": in_use, "older": older, "revoke": revoke, "days_to_wait": waits}


def _problem(provider: Facts) -> str:
    connections: Rows = provider.get("connections") or []
    green = [one for one in connections if one["status"] == "green" and one["server_trusts_vcenter"]]
    refused = [one["name"] for one in connections if one["vcenter_trusts_server"] and not one["server_trusts_vcenter"]]
    said = "; ".join(provider.get("reasons") or []) or "vCenter gives no reason"
    name = provider["name"]
    if not green or refused:
        return f"vCenter's certificate does not work at the servers of the key provider {name}: {said}"
    keys = provider.get("keys_in_use") or {}
    lost = keys.get("unavailable") or []
    if lost and len(lost) >= int(keys.get("asked") or 0):
        return f"vCenter gets none of the {len(lost)} keys in use of the key provider {name}, such as {lost[0]}"
    return ""


def _shown(provider: Facts) -> str:
    return str((provider.get("client_certificate") or {}).get("sha256") or "")


def _in_use(provider: Facts, credentials: Rows) -> dict[str, t.Any]:
    sha256 = _shown(provider)
    ready = [one for one in credentials if one["status"] == "READY" and one["certificate_sha256"] == sha256]
    return dict(ready[0]) if sha256 and ready else {}


def _age(credential: Facts) -> int:
    """Days since it was issued, by the clock of the API, which counts the days left."""
    life, left = lifetime(credential["created_at"], credential["expires_at"]), credential["days_left"]
    # a day that has begun is not left any more
    return 0 if life is None or left is None else max(0, life - int(left) - 1)


def _older(in_use: Facts, credentials: Rows, presented: t.Collection[str]) -> list[Facts]:
    purpose, named = purpose_of(in_use), replaced_by(in_use)
    return [
        one
        for one in credentials
        if one["id"] != in_use["id"]
        and one["status"] == "READY"
        # the key of another may be anywhere; somebody else's request may be that of a key outside vCenter
        and one["from_csr"]
        and purpose_of(one)
        and one["certificate_sha256"]
        and one["certificate_sha256"] not in presented
        and str(one["created_at"]) <= str(in_use["created_at"])
        and (one["id"] in named or purpose_of(one) == purpose)
    ]
