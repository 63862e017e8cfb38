# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows about the private cloud: state, IAM, secure interface, vSphere user, sessions. Pure."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.life_cycle import coming
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import OKMS, why_no_iam
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._preflight.rows import (
    BLOCKING,
    OK,
    WARNING,
    Facts,
    Row,
    Rows,
    failure,
    listed,
    part,
    setting,
)

_FEW_SESSIONS = 5


def cloud_of(facts: Facts) -> dict[str, t.Any]:
    """The private cloud, empty when it was not read."""
    return dict((part(facts, "cloud", "private_clouds") or [{}])[0])


def state(facts: Facts) -> Rows:
    """Whether it exists and is in order."""
    check, name = "Private cloud", setting(facts, "service_name")
    if name == "" and facts.get("option") == OKMS:
        yield Row(check, WARNING, "none was named, so none was checked", "name it in preflight_private_cloud")
    if not name or not facts.get("cloud"):
        return
    kind, text = failure(facts, "cloud")
    if kind:
        if kind != "forbidden":
            yield Row(check, BLOCKING, text, "see the message")
        return
    cloud = cloud_of(facts)
    if not cloud:
        yield Row(check, BLOCKING, f"{name} does not exist, or this account may not see it", "correct the name")
    elif cloud["state"] not in (None, "delivered"):
        yield Row(check, BLOCKING, f"{name} is {cloud['state']}", "wait for OVHcloud, or ask its support")
    elif cloud["state"]:
        yield Row(check, OK, f"{name} is delivered, {cloud.get('location')}")


def iam(facts: Facts) -> Rows:
    """Whether OVHcloud IAM can be used for vSphere."""
    cloud = cloud_of(facts)
    option = cloud.get("iam")
    if not option:
        return
    check, wanted = "IAM of the private cloud", bool(setting(facts, "iam"))
    if option["state"] == "enabled":
        yield Row(check, OK, "it is enabled")
    elif option["available"]:
        yield Row(
            check,
            OK,
            "it will be enabled" if wanted else "it is available and not enabled; local users are used",
        )
    else:
        yield Row(
            check,
            BLOCKING if wanted else OK,
            f"it is unavailable: {why_no_iam(cloud)}",
            "use a local vSphere user with the encryption right" if wanted else "",
        )


def life_cycle(facts: Facts) -> Rows:
    """End dates of the product and of its hosts that are near. `today` is the date of the run."""
    cloud, today = cloud_of(facts), str(facts.get("today") or "")
    if not cloud or not today:
        return
    for one in coming((cloud.get("life_cycle") or {}).get("ends"), datetime.date.fromisoformat(today)):
        yield Row("Life cycle", WARNING, one.words, "plan the move of the VMs (playbook encryption_exit)")


def secure_interface(facts: Facts) -> Rows:
    """Clouds on which sensitive operations wait for a code."""
    cloud = cloud_of(facts)
    if not cloud.get("advanced_security"):
        return
    check, address = "Secure interface", cloud.get("secure_interface") or "the secure interface"
    users = cloud.get("users")
    validators = None if users is None else [user["login"] for user in users if user["token_validator"]]
    if validators == []:
        yield Row(check, BLOCKING, "no user is a token validator, so no operation can be confirmed", "make a user one")
    else:
        who = "a token validator" if validators is None else listed(validators)
        yield Row(
            check,
            WARNING,
            # 15 minutes: OVHcloud's guide interface-secure; that these operations are meant: assumption kms-needs-code
            "rights and KMS entries change only after somebody entered a code sent by SMS, within 15 minutes",
            f"make sure that {who} is available at {address} during the run",
        )
    for task in part(facts, "tasks", "private_clouds") or [{}]:
        yield from _pending(task.get("tasks") or [], address)


def _pending(tasks: t.Sequence[Facts], address: str) -> Rows:
    for task in tasks:
        left = task.get("seconds_to_confirm")
        if left:
            yield Row(
                "Operation that waits for its code",
                WARNING,
                f"operation {task['id']} waits, {left // 60} min {left % 60} s left",
                f"confirm it at {address}; after that time, OVHcloud cancels it",
            )


def vsphere_user(facts: Facts) -> Rows:
    """The user that is to manage key providers, as OVHcloud knows it."""
    name, users = setting(facts, "vsphere_user"), cloud_of(facts).get("users")
    if not name or users is None:
        return
    check = "vSphere user"
    found = [user for user in users if name in (user["login"], user["name"])]
    if not found:
        known = listed((user["name"] for user in users), 10)
        yield Row(
            check, BLOCKING, f"there is no user {name}; there are {known}", "correct the name, or create the user"
        )
    elif found[0]["encryption_right"]:
        yield Row(check, OK, f"{found[0]['login']} has the encryption right")
    elif setting(facts, "grant"):
        yield Row(check, OK, f"{found[0]['login']} will get the encryption right")
    else:
        yield Row(
            check,
            BLOCKING,
            f"{found[0]['login']} has no encryption right",
            "grant it with private_cloud_user, encryption_right: true",
        )


def replication(facts: Facts) -> Rows:
    """Zerto, which cannot replicate encrypted VMs."""
    if (cloud_of(facts).get("replication") or {}).get("zerto"):
        yield Row(
            "Zerto",
            WARNING,
            "it replicates from this private cloud, and cannot replicate encrypted VMs: their replication ends",
            "exclude replicated VMs, or block them with vm_encryption_zerto: block",
        )


def vsan(facts: Facts) -> Rows:
    """vSAN, whose own encryption is a matter of arrangement."""
    clusters = (part(facts, "vcenter", "readiness") or {}).get("vsan_clusters")
    if clusters:
        yield Row(
            "vSAN",
            OK,
            f"on {listed(clusters)}: VMs can be encrypted; encryption of vSAN itself is not supported on OVHcloud's "
            "own clusters unless the Technical Account Manager agrees",
        )


def sessions(facts: Facts) -> Rows:
    """A limit that a few people and a run reach together."""
    cloud = cloud_of(facts)
    limit = cloud.get("user_limit_concurrent_session")
    if limit and limit < _FEW_SESSIONS:
        yield Row(
            "vCenter sessions",
            WARNING,
            f"only {limit} can be open at once, the {cloud.get('user_logout_policy')} one is logged out",
            "raise user_limit_concurrent_session, or close sessions before the run",
        )
