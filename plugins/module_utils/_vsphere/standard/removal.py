# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that leave a standard key provider which stays: what must hold before, and a look at the keys after.

vCenter removes any server, whatever uses the provider. All servers should serve the same keys, but nothing ensures it:
the status says whether a server lets vCenter in, and only a key that vCenter gets proves that it is there.
"""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing, plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import maybe_done
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers import providers
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.health import (
    ProviderHealth,
    reasons,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import Server
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import Key
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.status import unavailable_keys
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.servers import (
    bare,
    same_place,
)


def check_names(removed: t.Sequence[str], servers: t.Sequence[t.Mapping[str, t.Any]]) -> None:
    """Raise InvalidInputError for an empty name, and for a server that is wanted and unwanted."""
    if not all(name.strip() for name in removed):
        raise InvalidInputError("remove_servers: every entry is the name of a server, and none can be empty")
    both = sorted({server["name"] for server in servers}.intersection([*removed, *map(str.strip, removed)]))
    if both:
        raise InvalidInputError(f"remove_servers: {listing(both)} is also in servers; keep it in one of the two")


def leaving(plan: Plan) -> list[Server]:
    """The servers that the plan takes out of a provider that stays, by name."""
    left = {server["name"] for server in plan.after.get("servers", [])}
    return [bare(server) for server in plan.before.get("servers", []) if left and server["name"] not in left]


def why_no_keys(plan: Plan, found: ProviderHealth) -> str | None:
    """Why no server that stays at its place is known to give keys; None if one is green. Pure."""
    before = {server["name"]: server for server in plan.before.get("servers", [])}
    stay = [one for one in plan.after["servers"] if one["name"] in before and same_place(one, before[one["name"]])]
    seen = [found.of(server["name"]) for server in stay]
    connections = [connection for connection in seen if connection is not None]
    if any(connection.green for connection in connections):
        return None
    said = reasons(ProviderHealth(found.overall, connections, None))
    return "; ".join(said) or "vCenter does not tell the status of the servers that stay"


class Removal:
    """Takes servers out one by one; puts back the one without which vCenter no longer gets keys in use."""

    def __init__(
        self, session: Session, provider: str, warn: t.Callable[[str], None], present: providers.Provider | None = None
    ) -> None:
        """`present`: the provider as it was before, like which a server is put back."""
        self._session = session
        self._provider = provider
        self._warn = warn
        self._present = present

    def carry_out(self, servers: t.Sequence[Server], confirmed: bool) -> None:
        """Remove them. `confirmed`: whoever asked for it accepts that keys may become unavailable."""
        missing = None if confirmed or not servers else self._missing()
        for server in servers:
            self._remove(server)
            if missing is not None:
                self._check_keys(server, missing)

    def _remove(self, server: Server) -> None:
        """An answer that is lost is no reason not to look at the keys: a rerun would find nothing to remove."""
        try:
            providers.remove_server(self._session, self._provider, server["name"])
        except CollectionError as error:
            if not maybe_done(error) or self._is_there(server, error):
                raise

    def _is_there(self, server: Server, error: CollectionError) -> bool:
        try:
            found = providers.find_provider(self._session, self._provider)
        except CollectionError as second:
            raise ConflictError(
                f"{error.message}. Whether it was removed is unknown, and so is whether vCenter still gets the keys in "
                f"use (key_provider_info with check_keys tells it). {_by_hand(server)} if it is gone and keys are "
                "missing",
                maybe_done=True,
            ) from second
        return found is not None and any(one["name"] == server["name"] for one in found.servers)

    def _missing(self) -> set[Key] | None:
        """Keys in use that vCenter does not get now; None if this user cannot ask."""
        try:
            return unavailable_keys(self._session, self._provider)
        except ForbiddenError as error:
            self._warn(
                "cannot check whether the servers that stay serve the keys in use (key_provider_info with check_keys "
                f"shows it to a user with Cryptographer.ManageKeys): {error.message}"
            )
            return None

    def _check_keys(self, server: Server, missing: t.Collection[Key]) -> None:
        """Put a server back if keys that were not missing before are missing now, or if that cannot be seen."""
        try:
            lost = sorted(unavailable_keys(self._session, self._provider).difference(missing))
        except CollectionError as error:
            self._put_back(
                server,
                f"whether vCenter still gets the keys in use without the KMS {server['name']} is unknown "
                f"({error.message})",
                "Rerun to try again",
            )
        if lost:
            self._put_back(
                server,
                f"without the KMS {server['name']}, vCenter no longer gets {plural(len(lost), 'key')} in use of the "
                f"key provider {self._provider} ({listing([key.id for key in lost])})",
                "All servers of a provider must serve the same keys: copy the keys to the servers that stay, then "
                "rerun. With confirm_name, the module standard_key_provider removes it anyway",
            )

    def _put_back(self, server: Server, said: str, next_step: str) -> t.NoReturn:
        try:
            providers.register_server(self._session, self._provider, server, None, self._present)
        except CollectionError as error:
            raise ConflictError(
                f"{said}, and it could not be added again: {error.message}. {_by_hand(server)} at once",
                maybe_done=True,
            ) from error
        password = " Set its password again (update_password: always)." if server["username"] else ""
        raise ConflictError(f"{said}; it was added again.{password} {next_step}", maybe_done=True)


def _by_hand(server: Server) -> str:
    return f"Add it with the option servers (address {server['address']}, port {server['port']})"
