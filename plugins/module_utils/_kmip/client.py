# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PyKMIP's client over our own transport. Import it only where KMIP is spoken: PyKMIP costs half a second."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import progress
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import require
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.errors import KmsError, ProtocolError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.sdk import (
    PYKMIP,
    BytearrayStream,
    KMIPProxy,
    enums,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.settings import Identity
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.transport import Transport
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.ttlv import raise_for_result

# OKMS serves 1.0 to 1.4 (guide kms-kmip); 1.0 has no Discover Versions
VERSIONS = ("1.4", "1.3", "1.2", "1.1")
# what vCenter asks for, and with Revoke and Destroy what takes a key away again
NEEDED = ("ACTIVATE", "ADD_ATTRIBUTE", "CREATE", "DESTROY", "GET", "GET_ATTRIBUTES", "REVOKE")


class Offer(t.NamedTuple):
    """What a server says it can: operations by PyKMIP's names (upper case), vendor None when it does not tell."""

    operations: list[str]
    vendor: str | None


class _Wire:
    """What KMIPProxy expects in its `protocol`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._answer = b""

    def write(self, data: t.Any) -> None:
        self._answer = self._transport.exchange(bytes(data))

    def read(self) -> t.Any:
        raise_for_result(self._answer, self._transport.endpoint.peer)
        return BytearrayStream(self._answer)


class KmipClient:
    """The questions that change nothing. Raises KmsError."""

    def __init__(self, transport: Transport, identity: Identity) -> None:
        require(PYKMIP)
        self._transport = transport
        # os.devnull: keeps the configuration files of PyKMIP's own client out
        self._proxy = KMIPProxy(
            host=transport.endpoint.host,
            port=transport.endpoint.port,
            config_file=os.devnull,
            username=identity.username,
            password=identity.password,
        )
        self._proxy.protocol = _Wire(transport)

    @property
    def is_open(self) -> bool:
        """False after a failure of the connection; a refusal by the server leaves it open."""
        return self._transport.is_open

    def open(self) -> None:
        """Connect; see Transport.open."""
        self._transport.open()

    def close(self) -> None:
        """Close; may be called at any time."""
        self._transport.close()

    @property
    def version(self) -> str:
        """The protocol version in use."""
        return str(self._proxy.kmip_version.name).replace("KMIP_", "").replace("_", ".")

    def versions(self) -> list[str]:
        """The protocol versions that the server offers; the best common one is used from now on."""
        # sent as 1.1: 1.0 does not know this operation
        self._proxy.kmip_version = enums.KMIPVersion.KMIP_1_1
        offered: list[str] = self._asked("Discover Versions", self._discover)
        common = [version for version in VERSIONS if version in offered]
        if not common:
            peer, offers = self._transport.endpoint.peer, ", ".join(offered) or "none"
            raise ProtocolError(f"KMIP server {peer}: no KMIP version in common; it offers {offers}")
        self._proxy.kmip_version = enums.KMIPVersion[f"KMIP_{common[0].replace('.', '_')}"]
        return offered

    def query(self) -> Offer:
        """Operations and vendor, as far as the server tells."""
        functions = [
            enums.QueryFunction.QUERY_OPERATIONS,
            enums.QueryFunction.QUERY_OBJECTS,
            enums.QueryFunction.QUERY_SERVER_INFORMATION,
        ]
        return t.cast(Offer, self._asked("Query", self._query, functions))

    def _discover(self) -> list[str]:
        versions = self._proxy.discover_versions().protocol_versions
        return [f"{version.major}.{version.minor}" for version in versions]

    def _query(self, functions: t.Sequence[t.Any]) -> Offer:
        result = self._proxy.query(query_functions=functions)
        return Offer(sorted(operation.name for operation in result.operations or []), result.vendor_identification)

    def _asked(self, operation: str, method: t.Callable[..., t.Any], *arguments: t.Any, **named: t.Any) -> t.Any:
        try:
            with progress.step(f"KMIP {operation} on {self._transport.endpoint.peer}"):
                return method(*arguments, **named)
        except KmsError:
            raise
        except Exception as error:
            # an answer to something else, or one that the decoder cannot read: ValueError, TypeError, struct.error ...
            raise ProtocolError(
                f"KMIP server {self._transport.endpoint.peer}: the answer to {operation} cannot be read: "
                f"{type(error).__name__}",
                operation=operation,
            ) from error
