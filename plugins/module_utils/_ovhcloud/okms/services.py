# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The billing service behind an OKMS domain: its name and its termination."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    ServiceExpiredError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    numbers,
    record,
)

TERMINATING = frozenset({"terminate", "terminateAtExpirationDate", "terminateAtEngagementDate", "deleteAtExpiration"})


class Services:
    """Calls of /services for one resource at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def find(self, resource: str) -> int | None:
        """The service id of a resource; None when the list does not have it (just after delivery, or gone)."""
        # not by `routes`, whose value for OKMS no source gives; Terraform's provider asks by the name alone, too
        ids = numbers(self._client.get("/services", {"resourceName": resource}), "the list of services")
        if len(ids) > 1:
            ids = [number for number in ids if self._names(number, resource)]
        if len(ids) > 1:
            raise AmbiguousError(
                f"OVHcloud lists several services for {resource}: {sorted(ids)}", service_ids=sorted(ids)
            )
        return ids[0] if ids else None

    def require(self, resource: str, patience: Patience) -> int:
        """The service id, waited for: it appears some time after delivery."""
        found = wait_for(lambda: self.find(resource), lambda seen: seen is not None, f"service of {resource}", patience)
        if found is None:
            raise NotFoundError(f"OVHcloud lists no service for {resource} yet: rerun in a minute")
        return found

    def get(self, service_id: int) -> dict[str, t.Any]:
        """The raw service."""
        return dict(record(self._client.get(api_path("/services/{}", service_id)), f"service {service_id}").raw)

    def rename(self, service_id: int, display_name: str) -> None:
        """Give it another name; the resource shows it some seconds later."""
        # /v2/okms has no call that renames a domain (schema v2/okms)
        self._client.put(api_path("/services/{}", service_id), {"displayName": display_name})

    def request_termination(self, service_id: int) -> None:
        """First step: OVHcloud sends a mail with a token."""
        self._client.post(api_path("/services/{}/terminate", service_id))

    def confirm_termination(self, service_id: int, token: str) -> None:
        """Second step, with the token of the mail."""
        self._client.post(api_path("/services/{}/terminate/confirm", service_id), {"token": token})

    def terminate(self, service_id: int) -> None:
        """Both steps at once, without mail; OVHcloud may not allow it to every account."""
        # OVHcloud's control panel does it for accounts of the US only (ovh/manager; assumption direct-termination)
        self._client.delete(api_path("/services/{}", service_id))

    def _names(self, service_id: int, resource: str) -> bool:
        try:
            service = self.get(service_id)
        except (NotFoundError, ServiceExpiredError):
            return False
        return record(service, f"service {service_id}").part("resource").text("name") == resource


def terminating(service: t.Mapping[str, t.Any]) -> bool:
    """True when the service is terminated or its termination is confirmed."""
    read = record(service, "a service")
    current = read.part("billing").part("lifecycle").part("current")
    pending = TERMINATING.intersection(current.texts("pendingActions"))
    state = read.part("resource").text("state")
    return bool(pending or current.text("terminationDate") or current.text("state") == "terminated") or state in (
        "deleted",
        "toDelete",
    )
