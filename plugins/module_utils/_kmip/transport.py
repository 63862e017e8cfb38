# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One TLS connection that carries KMIP messages: SNI, host name, pins, time-outs, and errors with a stable word."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.errors import (
    KmsUnreachableError,
    PinMismatchError,
    ProtocolError,
    classify,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.handshake import SETTLE
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.settings import (
    Anchors,
    Endpoint,
    Identity,
    load_identity,
    verifying_context,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.trust import matches_pin, pin_mismatch

_RESPONSE = b"\x42\x00\x7b\x01"  # tag Response Message, type structure
# bytes of an answer; one about a single key has some hundred
_LONGEST = 1 << 20


class Transport:
    """Opened once; after any failure the connection is not used again."""

    def __init__(self, endpoint: Endpoint, anchors: Anchors, identity: Identity) -> None:
        self.endpoint = endpoint
        self._anchors = anchors
        self._context = verifying_context(anchors)
        load_identity(self._context, identity)
        self._socket: ssl.SSLSocket | None = None
        self._asked = False

    @property
    def is_open(self) -> bool:
        """Whether a message can be sent; false after any failure."""
        return self._socket is not None

    def open(self) -> None:
        """Connect, verify the server, and learn whether it takes our certificate. Raises KmsError."""
        phase = "connect"
        raw: socket.socket | None = None
        try:
            raw = socket.create_connection((self.endpoint.host, self.endpoint.port), self.endpoint.connect_timeout)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            phase = "handshake"
            raw.settimeout(self.endpoint.timeout)
            self._socket = self._context.wrap_socket(raw, server_hostname=self.endpoint.server_name)
            # the server has seen our certificate by now, which is no secret; of KMIP, it sees nothing before this check
            self._check_pins(self._socket)
            if self._socket.version() == "TLSv1.3":
                phase = "first"
                self._await_verdict(self._socket)
        except (OSError, EOFError, UnicodeError, ProtocolError, PinMismatchError) as error:
            self.close()
            if raw is not None:
                raw.close()
            raise classify(error, phase, self.endpoint.peer) from error

    def exchange(self, message: bytes) -> bytes:
        """Send one message, return one whole answer. Raises KmsError."""
        if self._socket is None:
            raise KmsUnreachableError(f"KMIP server {self.endpoint.peer}: the connection is closed")
        phase, self._asked = ("later" if self._asked else "first"), True
        ends = time.monotonic() + self.endpoint.timeout
        try:
            self._socket.settimeout(self.endpoint.timeout)
            self._socket.sendall(message)
            header = _read(self._socket, 1, ends)
            phase = "later"  # who sends a byte has taken our certificate
            header += _read(self._socket, 7, ends)
            if header[:4] != _RESPONSE:
                raise ProtocolError(f"KMIP server {self.endpoint.peer}: the answer is not a KMIP message")
            size = int.from_bytes(header[4:], "big")
            if size > _LONGEST:
                raise ProtocolError(f"KMIP server {self.endpoint.peer}: an answer of {size} bytes is too long")
            return header + _read(self._socket, size, ends)
        except (OSError, EOFError, ProtocolError) as error:
            self.close()
            raise classify(error, phase, self.endpoint.peer) from error

    def close(self) -> None:
        """Close; may be called at any time."""
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def _await_verdict(self, connection: ssl.SSLSocket) -> None:
        """Wait for a TLS 1.3 server's next record: a session ticket (accepted) or an alert (refused).

        A request sent before it could turn the alert into a mere reset. A server that sends no tickets is waited
        for no longer than SETTLE.
        """
        if not select.select([connection], [], [], SETTLE)[0]:
            return
        connection.setblocking(False)
        try:
            if not connection.recv(1):
                raise EOFError
            raise ProtocolError(f"KMIP server {self.endpoint.peer}: the server spoke first, so it is not a KMIP server")
        except ssl.SSLWantReadError:
            pass
        finally:
            connection.settimeout(self.endpoint.timeout)

    def _check_pins(self, connection: ssl.SSLSocket) -> None:
        der = connection.getpeercert(binary_form=True) or b""
        if self._anchors.pins and not matches_pin(der, self._anchors):
            raise PinMismatchError(f"KMIP server {self.endpoint.peer}: {pin_mismatch(der, self._anchors)}")


def _read(connection: ssl.SSLSocket, size: int, ends: float) -> bytes:
    """So many bytes before that moment: the time-out of a socket alone counts from byte to byte."""
    data = bytearray()
    while len(data) < size:
        left = ends - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        connection.settimeout(left)
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return bytes(data)
