# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers of a provider are there: the status, completed by a look at the certificate that each one presents."""

from __future__ import annotations

import dataclasses

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import facts_in_part
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import UnreachableError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.health import (
    Connection,
    ProviderHealth,
    reasons,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    Provider,
    Server,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.standard.trust import fetch_presented

_FACTS = ("subject", "issuer", "serial_number", "not_before", "not_after", "sha1")


def with_certificates(session: Session, provider: Provider, found: ProviderHealth) -> ProviderHealth:
    """The same health with the SHA-256 of each certificate.

    It is not documented whether the status has the certificate of a server that vCenter does not trust, so the answer
    to a direct question counts.
    """
    servers = {server["name"]: server for server in provider.servers}
    connections = [
        _complete(session, provider.name, connection, servers.get(connection.name)) for connection in found.connections
    ]
    return dataclasses.replace(found, connections=connections)


def _complete(session: Session, provider: str, connection: Connection, server: Server | None) -> Connection:
    presented = fetch_presented(session, provider, server) if server else None
    if presented is None or not presented.pem:
        return connection
    facts, _unreadable = facts_in_part(presented.leaf)
    known = connection.certificate or {key: facts[key] for key in _FACTS}
    return dataclasses.replace(connection, certificate={**known, "sha256": facts["sha256"]})


def check_reachable(session: Session, provider: Provider, found: ProviderHealth, purpose: str) -> None:
    """Raise UnreachableError when no server answers, so that nothing can be said about trust."""
    if found.reachable or with_certificates(session, provider, found).reachable:
        return
    raise UnreachableError(
        f"no server of the key provider {provider.name} answers vCenter, so {purpose} cannot be determined; "
        f"nothing was changed. {'; '.join(reasons(found))}"
    )
