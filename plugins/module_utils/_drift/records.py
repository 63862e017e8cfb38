# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OKMS credentials, orders, the dossier itself, and what could not be read. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.finding import (
    CRITICAL,
    NOTICE,
    WARNING,
    Facts,
    Finding,
    Findings,
    succeeded,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.providers import pairs, there


def credentials(facts: Facts) -> Findings:
    """OKMS credentials that no key provider of this vCenter uses, and providers whose credential is gone."""
    answers = [one for one in facts.get("credentials") or [] if succeeded(one, "credentials")]
    known = there(facts)
    if known is None or not answers:
        return
    issued = [one for answer in answers for one in answer.get("credentials") or []]
    used = {_key(one.get("client_certificate")): name for name, one in known.items() if one.get("client_certificate")}
    for one in sorted(issued, key=lambda each: (str(each.get("name")), str(each.get("id")))):
        subject = f"{one.get('name')} ({one.get('id')})"
        if one.get("status") == "READY" and _key(one) not in used:
            yield Finding(
                NOTICE, "okms_credential", subject, "a key provider of this vCenter uses it",
                f"none does; valid until {one.get('expires_at')}",
                "if no other vCenter or KMIP client has this certificate, revoke it (okms_credential, state: absent)",
            )  # fmt: skip
        elif one.get("status") == "ERROR":
            step = "revoke it (okms_credential, state: absent)"
            yield Finding(NOTICE, "okms_credential", subject, "status READY", "status ERROR", step)
    if len(answers) == len(facts["credentials"]) and _all_found(facts):
        yield from _revoked(facts, {_key(one) for one in issued if one.get("status") == "READY"})


def _all_found(facts: Facts) -> bool:
    """Whether each lookup has found its domain; two lookups may find the same one, whose credentials are read once."""
    read = facts.get("domains") or []
    return bool(read) and all(succeeded(one, "okms_domains") and one["okms_domains"] for one in read)


def _revoked(facts: Facts, valid: t.Container[str]) -> Findings:
    for wanted, seen in pairs(facts):
        certificate = seen.get("client_certificate")
        if wanted["okms"] and certificate and _key(certificate) not in valid:
            yield Finding(
                CRITICAL, "okms_credential", wanted["name"], "a READY credential for vCenter's certificate",
                "the domain has none",
                "vCenter cannot get keys with it: run the role okms, which has a new one issued",
            )  # fmt: skip


def _key(certificate: t.Any) -> str:
    return str((certificate or {}).get("public_key_sha256"))


_WAITS = {
    "notPaid": "pay it in the control panel, or let the role okms resume it: okms_allow_order: true",
    "documentsRequested": "send the documents that OVHcloud asked for in the control panel",
}


def orders(facts: Facts) -> Findings:
    """Orders of OKMS that are neither delivered nor cancelled."""
    account = (facts.get("account") or {}).get("account") or {}
    for one in account.get("open_orders") or []:
        status = str(one.get("status"))
        price = one.get("price_with_tax")
        amount = "" if price is None else f", {price:g} {one.get('currency')}"
        yield Finding(
            WARNING if status in _WAITS else NOTICE, "order", f"order {one.get('order_id')} of {one.get('date')}",
            "no open order of OKMS", f"{status}{amount}",
            _WAITS.get(status, "wait for OVHcloud; the role okms resumes it and orders nothing else"),
        )  # fmt: skip


def dossier(facts: Facts) -> Findings:
    """Nothing to compare with, or a dossier that says something else than the variables."""
    expected, missing = facts["expected"], str(facts.get("missing_dossier") or "")
    if missing:
        yield Finding(
            CRITICAL, "dossier", missing, "the recovery dossier", "there is no such file",
            "restore it, or have it written anew: run the roles of the key providers with its path",
        )  # fmt: skip
    if not expected["providers"]:
        yield Finding(
            NOTICE, "dossier", str(facts.get("vcenter")), "key providers that should be there", "none known",
            "give the dossier as drift_check_dossier_path, or the variables of the roles that set them up",
        )  # fmt: skip
    for one in expected["providers"]:
        for other in one["contradictions"]:
            yield Finding(
                NOTICE, "dossier", f"{one['name']}: {other['name']}", f"{other['variable']} (variables)",
                f"{other['dossier']} (dossier)", "run the provider's role, which brings both into line",
            )  # fmt: skip


_READ = {
    "key_providers": ("key providers", "key_providers"),
    "cloud": ("private cloud", "private_clouds"),
    "policies": ("IAM policies", "policies"),
    "account": ("orders", "account"),
    "storage_policies": ("storage policies", "storage_policies"),
    "machines": ("VMs", "summary"),
}
_EACH = {"domains": ("OKMS domain", "okms_domains"), "credentials": ("OKMS credentials", "credentials")}


def unread(facts: Facts) -> Findings:
    """Parts that could not be read: nothing is known about them, which is no good news."""
    tried = [(*names, facts.get(part) or {}) for part, names in _READ.items()]
    tried += [(*names, one) for part, names in _EACH.items() for one in facts.get(part) or []]
    for name, key, result in tried:
        if result and not result.get("skipped"):
            said = _why(key, result)
            if said:
                # who looks for drift need not be allowed to read orders
                severity = CRITICAL if key == "key_providers" else NOTICE if key == "account" else WARNING
                yield Finding(
                    severity, "not_read", name, "readable", said,
                    "give this run the rights that are missing, or repair the connection; then run again",
                )  # fmt: skip


def _why(key: str, result: Facts) -> str:
    """Why the result of a task says nothing; empty when it does."""
    if not succeeded(result, key):
        return str(result.get("msg") or "it could not be read")
    found = result[key]
    if key == "private_clouds":
        lacks = [name for name in ("encryption", "users") if found and found[0].get(name) is None]
        none = "there is none of this name, or this account may not see it"
        return none if not found else f"{' and '.join(lacks)} may not be read" if lacks else ""
    if key == "okms_domains" and not found:
        return "there is no such domain, or this account may not see it"
    if key == "account" and found.get("open_orders") is None:
        return "this identity may not read orders"
    return ""
