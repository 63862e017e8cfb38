# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One port of a KMIP server, on one or several addresses, with the certificate that it shows there."""

from __future__ import annotations

import contextlib
import socket
import typing as t

from ..pki import LOCAL_NAMES, Authority, kept_key, key_pem, new_key
from ..pki import certificate_pem as pem_of

HOST = "127.0.0.1"
BACKLOG = 128


def _hold(address: tuple[str, int]) -> socket.socket:
    """A socket that keeps the port without listening: connections are refused, and nobody else is given it."""
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(address)
    return held


class Door:
    """Listens with one certificate; the first start picks the port when none is given, later ones take the same."""

    def __init__(
        self,
        authority: Authority,
        common_name: str,
        sans: t.Iterable[str] = LOCAL_NAMES,
        kind: str = "ec",
        addresses: t.Iterable[str] = (HOST,),
        port: int = 0,
        name: str = "kmip",
        host: str = "",
    ) -> None:
        self.name, self.kind, self.port = name, kind, port
        self.host = host  # a name of (some of) the addresses
        self.addresses = tuple(addresses)
        self.authority = authority
        self._common_name, self._sans = common_name, tuple(sans)
        # the first key is shared by the labs of this process, a renewed certificate has a key of its own
        self.pair = self._issue(kept_key(f"KMIP server {name}", kind) if kind == "rsa" else new_key(kind))
        self.listeners: list[socket.socket] = []
        self._held: list[socket.socket] = []

    def _issue(self, key: t.Any, days: float = 365) -> tuple[str, str]:
        """Leaf with intermediates, and its key, as PEM."""
        leaf = self.authority.issue(self._common_name, key.public_key(), "server", self._sans, days)
        return pem_of(leaf) + self.authority.intermediates_pem, key_pem(key)

    def renew(self, days: float = 365) -> None:
        """A new certificate with a new key of the same authority."""
        self.pair = self._issue(new_key(self.kind), days)

    @property
    def certificate_pem(self) -> str:
        """The leaf that it shows."""
        end = "-----END CERTIFICATE-----\n"
        return self.pair[0][: self.pair[0].index(end) + len(end)]

    @property
    def chain_pem(self) -> str:
        """All that it sends: the leaf, and the intermediates if its authority is no root."""
        return self.pair[0]

    def open(self) -> list[socket.socket]:
        """Listen on every address."""
        if self._held:
            self.listeners, self._held = self._held, []
            for listener in self.listeners:
                listener.listen(BACKLOG)
        for address in self.addresses[len(self.listeners) :]:
            self.listeners.append(socket.create_server((address, self.port), backlog=BACKLOG))
            self.port = int(self.listeners[-1].getsockname()[1])
        return self.listeners

    def shut(self) -> None:
        """Stop listening, and keep the port for the next start."""
        opened, self.listeners = self.listeners, []
        for listener in opened:
            listener.close()
        if opened:
            self._held = [_hold((address, self.port)) for address in self.addresses]

    def close(self) -> None:
        """Give the port back."""
        for one in (*self.listeners, *self._held):
            with contextlib.suppress(OSError):
                one.close()
        self.listeners, self._held = [], []
