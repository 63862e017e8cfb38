# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of OVHcloud that back ends, filters and roles share. They come from the API and its guides, not from a call."""

from __future__ import annotations

import re
import typing as t

# the ways to encrypt, by the roles that set them up
OKMS, EXTERNAL, NATIVE = "okms", "external_kms", "native_key_provider"
OPTIONS = (OKMS, EXTERNAL, NATIVE)
# beginnings of the service packs of certified clouds: HDS, HIPAA, PCI DSS, SecNumCloud
_CERTIFIED = ("hds", "hipaa", "pcidss", "snc")


def kmip_action(name: str) -> str:
    """The IAM action for an operation of KMIP, in the spelling of OVHcloud: createKeyPair."""
    return f"okms:kmip:{name}"


# what vCenter does with its certificate; DiscoverVersions and Query need no right
KMIP_ACTIONS = tuple(
    map(
        kmip_action,
        (
            *("activate", "addAttribute", "create", "destroy", "get", "getAttributeList", "getAttributes"),
            *("modifyAttribute", "register", "revoke"),
        ),
    )
)
# finds keys by name, which vCenter does not need; OKMS may refuse it although it is allowed
KMIP_OPTIONAL = (kmip_action("locate"),)


def owner_of_entry(description: str) -> str:
    """The host that a KMS entry says it belongs to: the last word of its description, in lower case."""
    words = re.split(r"[\s,;:()]+", description.strip().lower().rstrip(".)"))
    return words[-1].rstrip(".")


def why_no_iam(cloud: t.Mapping[str, t.Any]) -> str:
    """Why a private cloud, of which the API says so, cannot have IAM."""
    pack = str(cloud.get("service_pack") or "unknown")
    if cloud.get("advanced_security") or pack.startswith(_CERTIFIED):
        return (
            f"certified or secured private clouds (HDS, PCI DSS, HIPAA, SecNumCloud) cannot use it, service pack {pack}"
        )
    if "nsx" in pack:
        return f"private clouds with NSX cannot use it, service pack {pack}"
    return "OVHcloud says that it cannot be enabled"
