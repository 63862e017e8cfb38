# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts are ready for encryption, for `host_encryption_info`."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import ForbiddenError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.host_modes import (
    as_record,
    chosen_clusters,
    chosen_hosts,
    read_fleet,
    reason_of,
    summary_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.provider_choice import (
    Providers,
    read_providers,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.session import Session


class HostReport:
    """Hosts and clusters with their modes."""

    def __init__(self, session: Session, params: t.Mapping[str, t.Any], warn: t.Callable[[str], None]) -> None:
        self._session = session
        self._params = params
        self._warn = warn

    def find(self) -> dict[str, t.Any]:
        """The result."""
        names, groups = self._params["hosts"], self._params["clusters"]
        fleet, providers = read_fleet(self._session), self._providers()
        hosts = [as_record(host, reason_of(host, fleet, providers)) for host in chosen_hosts(fleet, names, groups)]
        chosen = chosen_clusters(fleet, None if names is None and groups is None else groups or [])
        return {
            "vcenter": self._session.hostname,
            "hosts": hosts,
            "clusters": [{"name": cluster.name, "mode": cluster.mode} for cluster in chosen],
            "summary": summary_of(hosts),
        }

    def _providers(self) -> Providers | None:
        try:
            return read_providers(self._session)
        except ForbiddenError as error:
            self._warn(f"whether hosts have a default key provider is not known: {error.message}")
            return None
