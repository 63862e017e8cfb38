# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: encryption rights of vSphere users, IAM policies for KMIP, storage policies. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._drift.finding import (
    CRITICAL,
    WARNING,
    Facts,
    Finding,
    Findings,
    succeeded,
    texts,
    words,
)


def users(facts: Facts) -> Findings:
    """The vSphere users that the roles gave the encryption right."""
    clouds = (facts.get("cloud") or {}).get("private_clouds") or []
    known = clouds[0].get("users") if clouds else None
    if known is None:
        return
    wanted: dict[str, list[str]] = {}
    for one in facts["expected"]["providers"]:
        user = str(one["answers"].get("vsphere_user") or "")
        if user:
            wanted.setdefault(user, []).append(one["name"])
    for user, providers in sorted(wanted.items()):
        found = [one for one in known if user in (one.get("name"), one.get("login"))]
        if found and found[0].get("encryption_right"):
            continue
        yield Finding(
            WARNING, "encryption_right", f"vSphere user {user}", f"the encryption right, for {words(providers)}",
            "the user does not have it" if found else "there is no such user",
            "grant it (private_cloud_user, encryption_right: true), or run the role of the provider",
        )  # fmt: skip


def policies(facts: Facts) -> Findings:
    """The IAM policy of each OKMS provider: without it, OKMS refuses vCenter's certificate."""
    answer = facts.get("policies") or {}
    if not succeeded(answer, "policies"):
        return
    by_name = {str(one.get("name")): one for one in answer.get("policies") or []}
    for one in facts["expected"]["providers"]:
        wanted = one["policy"]
        if wanted:
            yield from _policy(one["name"], wanted, by_name.get(wanted["name"]))


def _policy(provider: str, wanted: Facts, seen: Facts | None) -> Findings:
    subject, step = (
        f"{wanted['name']} of {provider}",
        "run the role okms, which puts the policy right, or repair it (iam_policy)",
    )
    if seen is None:
        yield Finding(CRITICAL, "iam_policy", subject, "an IAM policy", "there is none of this name", step)
        return
    lacking = {
        "identities": sorted(set(wanted["identities"]) - set(texts(seen.get("identities")))),
        "resources": [] if _covers(wanted["okms_id"], seen) else [f"okms {wanted['okms_id']}"],
        "actions": [one for one in wanted["allow"] if not _allowed(one, seen)],
    }
    found = "; ".join(f"lacks the {name} {words(missing)}" for name, missing in lacking.items() if missing)
    if found:
        yield Finding(CRITICAL, "iam_policy", subject, "what the role okms gives it", found, step)
    expires = seen.get("expires_at")
    if expires:
        yield Finding(WARNING, "iam_policy", subject, "a policy without an end", f"it ends at {expires}", step)


def _covers(okms_id: str, policy: Facts) -> bool:
    """Whether the domain is among the resources. A * stands at the end of a URN only."""
    resources = texts(policy.get("resources"))
    return not okms_id or any(_matches(one, f":resource:okms:{okms_id}") for one in resources)


def _matches(resource: str, ending: str) -> bool:
    # OVHcloud's guide iam-policies-api has it at the end only; the part before :resource: names the region of the API
    if resource.endswith("*"):
        start = resource[:-1]
        region = [*start.split(":"), "", ""][2]
        return f"urn:v1:{region}{ending}".startswith(start)
    return resource.endswith(ending)


def _allowed(action: str, policy: Facts) -> bool:
    # deny and except win over allow (OVHcloud's guide iam-policies-api)
    given, denied = texts(policy.get("allow")), [*texts(policy.get("deny")), *texts(policy.get("except"))]
    return _names(action, given) and not _names(action, denied)


def _names(action: str, patterns: t.Iterable[str]) -> bool:
    return any(one == action or (one.endswith("*") and action.startswith(one[:-1])) for one in patterns)


def storage_policies(facts: Facts) -> Findings:
    """The storage policies that the user named."""
    answer = facts.get("storage_policies") or {}
    if not succeeded(answer, "storage_policies"):
        return
    by_name = {str(one.get("name")): one for one in answer.get("storage_policies") or []}
    for name in facts["settings"].get("storage_policies") or []:
        seen = by_name.get(name)
        if seen is None or not seen.get("encryption"):
            yield Finding(
                WARNING, "storage_policy", name, "a storage policy that encrypts",
                "there is none of this name that encrypts",
                "make it with encryption_storage_policy, and apply it again with the playbook vm_encryption",
            )  # fmt: skip
