# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All private clouds of an account in few requests, for the inventory."""

from __future__ import annotations

import fnmatch
import typing as t
from urllib.parse import urlsplit

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    CollectionError,
    ForbiddenError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._facts.life_cycle import (
    end_of_support,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.errors import (
    ServiceExpiredError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    names,
    record,
    records,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.object_lists import Lists
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.okms.domains import Domains
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.facts import (
    service_state,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.kms_entries import (
    entry_state,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.users import (
    user_state,
)

ESTATE_SUBSETS = ("encryption", "users", "datacenters", "okms")
_HOST_FIELDS = (
    "service_name",
    "description",
    "state",
    "location",
    "version",
    "vcenter_host",
    "urn",
    "user_access_policy",
    "advanced_security",
    "service_pack",
    "generation",
    "commercial_range",
)
_OKMS_FIELDS = ("id", "display_name", "region", "state", "kmip_host", "kmip_object_count")
_UNREAD = (ForbiddenError, ServiceExpiredError, NotFoundError)
_MOST_BROKEN, _BUSY = 3, 429  # private clouds for which the API may fail: with more, it is the API that is broken


class Estate:
    """The private clouds of one account. What may not be read is null and told once for each private cloud.

    `broken` has the first failure of the API for each private cloud of which a part is null for that reason.
    """

    def __init__(self, client: Client, warn: t.Callable[[str], None]) -> None:
        self._client = client
        self._lists = Lists(client)
        self._warn = warn
        self.broken: dict[str, CollectionError] = {}

    def read(self, patterns: t.Sequence[str], subsets: t.Collection[str]) -> list[State]:
        """The private clouds whose names match one of the shell patterns (all without any), by name."""
        account = self._account()
        services = self._services(patterns)
        domains = self._domains() if "okms" in subsets and services else None
        found = []
        for service in services:
            name = service["service_name"]
            datacenters = self._optional(self._datacenters, name) if "datacenters" in subsets else None
            found.append(
                {
                    "account": account,
                    **service,
                    "encryption": self._optional(self._encryption, name) if "encryption" in subsets else None,
                    "encryption_users": self._optional(self._encrypting, name) if "users" in subsets else None,
                    "datacenters": datacenters,
                    "end_of_support": end_of_support(one["commercial_name"] for one in datacenters or []),
                    "okms_domains": domains,
                }
            )
        if self.broken and len(self.broken) == len(services):
            raise next(iter(self.broken.values()))
        return found

    def _account(self) -> str | None:
        """Name of the account; this call needs no right."""
        return record(self._client.get("/auth/details"), "the identity").text("account")

    def _services(self, patterns: t.Sequence[str]) -> list[State]:
        listed = names(self._client.get("/dedicatedCloud"), "the list of private clouds")
        wanted = sorted(name for name in set(listed) if _matches(name, patterns))
        if not wanted:
            return []
        objects = self._lists.in_pages("/dedicatedCloud", "the list of private clouds") if len(wanted) > 1 else None
        known = {one.text("serviceName"): one.raw for one in records(objects or [], "a private cloud")}
        read = (self._service(name, known.get(name)) for name in wanted)
        return [service for service in read if service is not None]

    def _service(self, name: str, known: t.Any) -> State | None:
        """One that no list of objects holds is asked for itself, which tells why; None when it is gone."""
        try:
            raw = self._client.get(api_path("/dedicatedCloud/{}", name)) if known is None else known
        except NotFoundError:
            return None
        except (ForbiddenError, ServiceExpiredError) as error:
            self._warn(f"{name} is missing from the inventory: {error.message}")
            return None
        state = service_state(raw)
        facts = {field: state[field] for field in _HOST_FIELDS}
        port = vcenter_port(record(raw, name).text("webInterfaceUrl"))
        return {**facts, "service_name": name, "vcenter_port": port}

    def _encryption(self, name: str) -> State:
        """State of VM encryption and the KMS entries."""
        answer = self._client.get(api_path("/dedicatedCloud/{}/vmEncryption", name))
        entries = self._lists.every(api_path("/dedicatedCloud/{}/vmEncryption/kms", name), "the list of KMS entries")
        kms = sorted((entry_state(raw) for raw in entries), key=lambda entry: int(entry["id"]))
        return {"state": record(answer, f"the encryption of {name}").text("state"), "kms": kms}

    def _encrypting(self, name: str) -> list[str]:
        """Logins of the vSphere users that may manage encryption."""
        users = self._lists.every(api_path("/dedicatedCloud/{}/user", name), "the list of vSphere users")
        return sorted(state["login"] for state in map(user_state, users) if state["encryption_right"])

    def _datacenters(self, name: str) -> list[State]:
        found = self._lists.every(api_path("/dedicatedCloud/{}/datacenter", name), "the list of virtual datacenters")
        reads = [record(raw, "a virtual datacenter") for raw in found]
        made = [
            {
                "id": read.known_whole("datacenterId"),
                "name": read.text("name"),
                "description": read.text("description"),
                "commercial_name": read.text("commercialName"),
                "commercial_range": read.text("commercialRangeName"),
            }
            for read in reads
        ]
        return sorted(made, key=lambda one: t.cast(int, one["id"]))

    def _domains(self) -> list[State] | None:
        try:
            found = Domains(self._client).every()
        except _UNREAD as error:
            self._warn(f"OKMS domains cannot be read and are null: {error.message}")
            return None
        shown = [{field: state[field] for field in _OKMS_FIELDS} for state in found]
        return sorted(shown, key=lambda state: str(state["id"]))

    def _optional(self, reader: t.Callable[[str], t.Any], name: str) -> t.Any:
        try:
            return reader(name)
        except _UNREAD as error:
            self._tell(name, error)
        except ApiError as error:
            self.broken.setdefault(name, error)
            if len(self.broken) > _MOST_BROKEN or error.details.get("http_status") == _BUSY:
                raise
            self._tell(name, error)
        return None

    def _tell(self, name: str, error: CollectionError) -> None:
        self._warn(f"{name}: a part cannot be read and is null: {error.message}")


def vcenter_port(web_interface_url: str | None) -> int:
    """Port of vCenter: 443, unless the address of the service names another."""
    address = web_interface_url or ""
    try:
        port = urlsplit(address if "//" in address else f"//{address}").port
    except ValueError:
        port = None
    return port or 443


def _matches(name: str, patterns: t.Sequence[str]) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
