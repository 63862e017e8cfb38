# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts are ready for encryption, for `host_encryption_info`."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import ForbiddenError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.hosts.modes import (
    as_record,
    chosen_clusters,
    chosen_hosts,
    read_host_inventory,
    reason_of,
    summary_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.key_sources import (
    KeySources,
)


class HostReport:
    """Hosts and clusters with their modes."""

    def __init__(self, session: Session, params: t.Mapping[str, t.Any], warn: t.Callable[[str], None]) -> None:
        self._session = session
        self._params = params
        self._warn = warn

    def find(self) -> dict[str, t.Any]:
        """The result."""
        names, groups = self._params["hosts"], self._params["clusters"]
        fleet, default = read_host_inventory(self._session), self._default()
        hosts = [as_record(host, reason_of(host, fleet, default)) for host in chosen_hosts(fleet, names, groups)]
        chosen = chosen_clusters(fleet, None if names is None and groups is None else groups or [])
        return {
            "vcenter": self._session.hostname,
            "hosts": hosts,
            "clusters": [{"name": cluster.name, "mode": cluster.mode} for cluster in chosen],
            "summary": summary_of(hosts),
        }

    def _default(self) -> t.Callable[[t.Sequence[str]], str | None]:
        """The default key provider of places; when providers may not be read, every place counts as having one."""
        providers = KeySources(self._session)
        try:
            providers.default_of(())
        except ForbiddenError as error:
            self._warn(f"whether hosts have a default key provider is unknown: {error.message}")
            return lambda _places: ""
        return providers.default_of
