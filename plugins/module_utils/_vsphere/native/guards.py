# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not happen to a native key provider: becoming a default without a backup, losing the key id in use."""

from __future__ import annotations

import dataclasses

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    GuardError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import confirmed
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    Provider,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage.users import users_of


def becomes_default(plan: Plan) -> bool:
    """Whether the plan makes it the default of the system or of a cluster."""
    added = set(plan.after.get("default_clusters") or []) - set(plan.before.get("default_clusters") or [])
    return bool(added) or bool(plan.changes.get("default"))


def check_backed_up(name: str, plan: Plan) -> None:
    """Raise GuardError for a default without a backup: machines would be encrypted with keys that exist once."""
    if plan.verb != "delete" and becomes_default(plan) and not plan.after.get("has_backup"):
        raise GuardError(
            f"the key provider {name} cannot become a default before it is backed up; nothing was changed. Run this "
            "without default and default_clusters, then native_key_provider_backup, then this again"
        )


def check_restored_default(provider: Provider | None, name: str, plan: Plan) -> None:
    """The same after a restore: only then it shows whether vCenter counts the backup."""
    if becomes_default(plan) and not (provider and provider.has_backup):
        raise GuardError(
            f"the key provider {name} is restored, but vCenter wants a new backup of it before it should become a "
            "default. Run native_key_provider_backup, then this again"
        )


def check_key_id_change(session: Session, provider: Provider, confirm_name: str | None) -> None:
    """Raise GuardError when something is encrypted with the present key id and the name was not typed again."""
    if confirmed(provider.name, confirm_name, "the key provider"):
        return
    used = users_of(session, [provider])[provider.name]
    usage = dataclasses.replace(used, system_default=False, clusters_default=[])  # defaults do not mind
    if usage:
        raise GuardError(
            f"the key id of the key provider {provider.name} on {session.hostname} is {usage.summary()}; nothing was "
            "changed. Back the provider up first; then give confirm_name with its name to change the key id all the "
            "same",
            users=usage.as_result(),
            in_use_by=usage.lines(),
        )
