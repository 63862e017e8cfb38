# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an OKMS domain costs a month, and how many of its KMIP objects this vCenter uses: pure."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.counts import Facts, Records
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._audit.findings import NOTICE, finding
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result

KMIP = "KMIP object"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# the API tells the number of KMIP objects and nothing else about them
PROOF = (
    "Only this vCenter was read: another vCenter, a backup, a replica or another KMIP client may still need "
    "them, and OVHcloud reports only the number of objects, not which ones they are."
)


@dataclasses.dataclass(frozen=True)
class DomainCost:
    """What an OKMS domain holds and costs a month, and how much of it this vCenter uses. What is unknown is null."""

    okms_id: t.Optional[str]
    display_name: t.Optional[str]
    region: t.Optional[str]
    kmip_objects: t.Optional[int]
    service_keys: t.Optional[int]
    secrets: t.Optional[int]
    currency: t.Optional[str]
    monthly_cost: t.Optional[float]
    in_use: t.Optional[int]
    in_use_is_complete: bool
    unused: t.Optional[int]
    unused_monthly_cost: t.Optional[float]


def okms_cost(domain: t.Mapping[str, t.Any], providers: t.Optional[Records]) -> Facts:
    """A domain of okms_info (costs: true) with its share of this vCenter.

    `providers` are those of key_provider_info (users: true), None when vCenter was not asked. What is unknown is null.
    """
    cost = domain.get("monthly_cost") or {}
    rows = {str(row.get("object")): row for row in cost.get("objects") or []}
    count, price = domain.get("kmip_object_count"), (rows.get(KMIP) or {}).get("price")
    used, certain = _used(domain, providers)
    if used is not None and count is not None and used > count:
        used = None  # keys of another domain behind the same address
    unused = None if used is None or count is None else count - used
    made = as_result(
        DomainCost(
            okms_id=domain.get("id"),
            display_name=domain.get("display_name"),
            region=domain.get("region"),
            kmip_objects=count,
            service_keys=domain.get("service_key_count"),
            secrets=domain.get("secret_count"),
            currency=cost.get("currency"),
            monthly_cost=cost.get("total") if cost.get("complete") else None,
            in_use=used,
            in_use_is_complete=certain,
            unused=unused,
            unused_monthly_cost=None if unused is None or price is None else round(unused * price, 8),
        )
    )
    return {**made, "text": _text(made)}


def of_okms(cost: t.Optional[t.Mapping[str, t.Any]]) -> list[Facts]:
    """Objects that are billed and that this vCenter does not use."""
    if not cost or not cost.get("unused"):
        return []
    text = f"this vCenter does not use {plural(cost['unused'], KMIP)} of {cost['kmip_objects']}"
    text += f"{_money(cost, 'unused_monthly_cost')}. {PROOF}"
    step = (
        "No action needed. Each new key of a VM leaves its old one behind; before you destroy one, make sure "
        "that nothing needs its id."
    )
    return [finding(NOTICE, "okms_unused_objects", f"OKMS {cost['display_name']}", text, step)]


def _used(domain: t.Mapping[str, t.Any], providers: t.Optional[Records]) -> tuple[t.Optional[int], bool]:
    """How many keys of the domain this vCenter uses, and whether everything could be seen."""
    if providers is None:
        return None, False
    mine = [provider for provider in providers if _at(provider, domain)]
    uses = [provider.get("users") for provider in mine]
    if any(use is None for use in uses):
        return None, False
    known = [use for use in uses if use is not None]
    keys = {str(key) for use in known for key in use.get("key_ids") or []}
    clusters = {str(name) for use in known for name in use.get("vsan_clusters") or []}  # each has one key of its own
    return len(keys) + len(clusters), not any(use.get("others") or use.get("not_read") for use in known)


def _at(provider: t.Mapping[str, t.Any], domain: t.Mapping[str, t.Any]) -> bool:
    """Whether a provider's keys are in the domain: all domains of a region share one address."""
    hosts = {_host(domain.get(name)) for name in ("kmip_endpoint", "kmip_rsa_endpoint")} - {""}
    if not any(_host(server.get("address")) in hosts for server in provider.get("servers") or []):
        return False
    # the certificate that OKMS issues names its domain
    named = _UUID.findall(str((provider.get("client_certificate") or {}).get("subject") or ""))
    return not named or str(domain.get("id")).lower() in [name.lower() for name in named]


def _host(address: t.Any) -> str:
    bare = str(address or "").partition("://")[2] or str(address or "")
    return bare.partition("/")[0].partition(":")[0].lower().rstrip(".")


def _text(cost: Facts) -> str:
    """One line for people."""
    held = [
        f"{'an unknown number of' if cost[key] is None else cost[key]} {many if cost[key] != 1 else one}"
        for key, one, many in (
            ("kmip_objects", "KMIP object", "KMIP objects"),
            ("service_keys", "service key", "service keys"),
            ("secrets", "secret", "secrets"),
        )
    ]
    month = _money(cost, "monthly_cost", "{} a month without tax") or "the monthly costs are unknown"
    first = f"OKMS {cost['display_name']} holds {held[0]}, {held[1]} and {held[2]}: {month}"
    if cost["in_use"] is None:
        return f"{first}. How many of the KMIP objects this vCenter uses is unknown"
    more, less = ("", "") if cost["in_use_is_complete"] else ("at least ", "at most ")
    if not cost["unused"]:
        return f"{first}. This vCenter uses all of the KMIP objects" if cost["kmip_objects"] else first
    return (
        f"{first}. This vCenter uses {more}{cost['in_use']} of the KMIP objects; {less}{cost['unused']} "
        f"{_are(cost['unused'])} not used by this vCenter{_money(cost, 'unused_monthly_cost')}, which does not prove "
        "that nobody else needs them"
    )


def _money(cost: t.Mapping[str, t.Any], key: str, words: str = " ({} a month)") -> str:
    amount = cost.get(key)
    return "" if amount is None else words.format(f"{amount:g} {cost.get('currency')}")


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
