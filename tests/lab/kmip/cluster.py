# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMIP servers that serve the same keys: what an operator does to such a cluster reaches all of them."""

from __future__ import annotations

import collections.abc
import typing as t

from .engine import Allowed
from .server import KmipServer


class KmsCluster(collections.abc.Sequence[KmipServer]):
    """The servers by number. One alone can be stopped, started, and given its own `allowed` or `login`."""

    def __init__(self, servers: t.Iterable[KmipServer]) -> None:
        self._servers = tuple(servers)

    def __len__(self) -> int:
        return len(self._servers)

    @t.overload
    def __getitem__(self, index: int) -> KmipServer: ...

    @t.overload
    def __getitem__(self, index: slice) -> tuple[KmipServer, ...]: ...

    def __getitem__(self, index: int | slice) -> KmipServer | tuple[KmipServer, ...]:
        return self._servers[index]

    def start(self) -> None:
        """Start those that are stopped, each on its port."""
        for server in self._servers:
            server.start()

    def stop(self) -> None:
        """Stop all; the keys stay."""
        for server in self._servers:
            server.stop()

    def trust_client_certificate(self, pem: str) -> None:
        """Import a (self-signed) client certificate."""
        for server in self._servers:
            server.trust_client_certificate(pem)

    def untrust_client_certificate(self, pem: str) -> None:
        """Take an imported client certificate back, at once and for open sessions too."""
        for server in self._servers:
            server.untrust_client_certificate(pem)

    def refresh_revocations(self) -> None:
        """Let revocations count at once, for open sessions too."""
        for server in self._servers:
            server.refresh_revocations()

    @property
    def login(self) -> tuple[str, str] | None:
        """User name and password that requests must carry; None asks for neither."""
        return self._servers[0].login

    @login.setter
    def login(self, wanted: tuple[str, str] | None) -> None:
        for server in self._servers:
            server.login = wanted

    @property
    def allowed(self) -> Allowed:
        """Decides each operation by (subject CN, serial, operation); all are allowed unless set."""
        return self._servers[0].allowed

    @allowed.setter
    def allowed(self, decide: Allowed) -> None:
        for server in self._servers:
            server.allowed = decide

    @property
    def seen(self) -> list[tuple[str, str]]:
        """(subject CN, operation) of everything asked so far, server by server."""
        return [entry for server in self._servers for entry in server.seen]

    def keys(self) -> dict[str, dict[str, t.Any]]:
        """The keys they hold together, without their material: {id: {state, length, owner, attributes}}."""
        return self._servers[0].keys()

    def object_count(self, owner: str | None = None) -> int:
        """Number of objects they hold together, of one owner (subject CN) or of all."""
        return self._servers[0].object_count(owner)
