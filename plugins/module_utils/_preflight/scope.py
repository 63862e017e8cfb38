# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preflight looks at next, by what it has read so far, and what it hands on to the role that follows. Pure."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.ovhcloud import OKMS
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._preflight.account import ENDED
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._preflight.cloud import cloud_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._preflight.rows import Facts, name_of, part


def scope(facts: Facts, profile: str, may_order: bool | None) -> dict[str, t.Any]:
    """Everything that follows from what was read; `options` are those of the role preflight."""
    options = facts["options"]
    alive = _alive(facts)
    domain, provider = next(iter(alive), {}), _provider(facts)
    allow_order = bool(profile == "order" if may_order is None else may_order)
    usable = bool(part(facts, "rights", "rights").get("usable"))
    logged_in = bool(part(facts, "vcenter", "readiness").get("logged_in"))
    shows_all = options["show"] != "findings"
    return {
        "domain": domain,
        "place": _place(facts),
        "provider": provider,
        # nothing is ordered when the domain is there
        "profile": "operate" if profile == "order" and domain else profile,
        "features": _features(options),
        "allow_order": allow_order,
        "orders": options["option"] == OKMS and allow_order and not domain,
        "usable": usable,
        "counts_keys": shows_all and logged_in and (domain.get("kmip_object_count") or 0) > 0,
        "gather": _gather(facts, provider, shows_all),
        "secured": bool(cloud_of(facts).get("advanced_security")),
        "read": {**_read(facts, provider), "domain": domain if len(alive) == 1 else {}},
    }


def _alive(facts: Facts) -> list[Facts]:
    """One that has ended stays readable for some time."""
    found = part(facts, "domains", "okms_domains") or []
    return [one for one in found if one.get("state") not in ENDED]


def _provider(facts: Facts) -> Facts:
    return t.cast(Facts, next(iter(part(facts, "vcenter", "key_providers") or []), {}))


def _place(facts: Facts) -> Facts:
    """The region in which a domain would be ordered."""
    wanted = facts["options"]["okms_region"].lower().replace("_", "-")
    found = part(facts, "domains", "regions") or []
    return next((one for one in found if one["id"] == wanted), {})


def _features(options: Facts) -> list[str]:
    """The role okms keeps the policy for KMIP of the identities that are named, and sends logs where it is told to."""
    okms = options["option"] == OKMS
    wanted = {
        "iam": options["iam"],
        "kmip_policy": okms and options["kmip_policy"] and options["identity_urns"],
        "logs": okms and options["logs"],
    }
    return [name for name, asked in wanted.items() if asked]


def _gather(facts: Facts, provider: Facts, shows_all: bool) -> list[str]:
    """What of the private cloud may be read, and matters.

    The list of allowed networks may be long, and matters only when there is no way in. What only tells that all is
    well is read when all is shown.
    """
    rights = part(facts, "rights", "rights")
    refused = [*(rights.get("missing_calls") or []), *(rights.get("missing_actions") or [])]
    no_way_in = part(facts, "vcenter", "readiness").get("reachable") is False
    wanted = {
        "users": ("", True),
        "replication": ("datacenter", shows_all or provider.get("status") != "green"),
        "life_cycle": ("datacenter", shows_all),
        "iam": ("/iam$|:iam/get$", shows_all or facts["options"]["iam"]),
        "networks": ("allowedNetwork", no_way_in),
        "kms": ("vmEncryption", bool(provider.get("servers"))),
    }
    return [
        name
        for name, (right, matters) in wanted.items()
        if matters and not (right and any(re.search(right, one) for one in refused))
    ]


def _read(facts: Facts, provider: Facts) -> dict[str, t.Any]:
    """For the role that follows, which reads again what it does not find here, and whatever it has changed."""
    cloud, wanted = cloud_of(facts), facts["options"]["vsphere_user"]
    users = [one for one in cloud.get("users") or [] if wanted and wanted in (one["login"], one["name"])]
    return {
        "provider_known": (facts.get("vcenter") or {}).get("key_providers") is not None,
        "provider": provider,
        "user": users[0] if len(users) == 1 else {},
        "entries": (cloud.get("encryption") or {}).get("kms") or [],
        "servers": {name_of(one): one["kmip_server"] for one in facts.get("servers") or [] if "kmip_server" in one},
    }
