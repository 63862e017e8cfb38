# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a vCenter shows of the assumptions about it, and which of our names it does not know. Reads only."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import CollectionError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.sightings import Sightings
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import counting
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import Rest
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.field.machines import see_machines
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.field.policies import see_policies
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.field.providers import see_providers
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.hosts.readiness import (
    ALL_PRIVILEGES,
)


def look(session: Session, rest: Rest) -> dict[str, t.Any]:
    """What the module vcenter_field_info returns: without names, addresses and ids."""
    seen = Sightings()
    with counting() as unknown:
        providers = see_providers(session, rest, seen)
        machines = see_machines(session, rest, providers, seen)
        see_policies(session, machines, seen)
    about = session.content.about
    return {
        "version": str(about.version),
        "build": str(about.build),
        "api_version": session.version,
        "sightings": seen.results(),
        "unknown_privileges": unknown_privileges(session),
        "unknown_names": sorted(unknown),
    }


def unknown_privileges(session: Session) -> list[str] | None:
    """Names of privileges that this collection uses and vCenter does not have; None when it does not list its own."""
    try:
        known = session.fetch("list the privileges", session.content.authorizationManager, "privilegeList")
    except CollectionError:
        return None
    names = {one.privId for one in known or []}
    return [one for one in ALL_PRIVILEGES if one not in names] if names else None
