# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS handshakes that tell what the server showed, also when it then refuses us for want of a client certificate.

Up to TLS 1.2 the server's certificates travel unencrypted and are read from its records, because Python gives them only
after a handshake that succeeded. In TLS 1.3 our side of the handshake ends before the server has judged us.
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import ssl
import time
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.errors import (
    ClientRejectedError,
    KmsError,
    TlsFailureError,
    classify,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kmip.settings import Endpoint, bare_context

# measured: without the wait, 4 of 150 refusals lost their alert; with it none did, for about 1 ms each
SETTLE = 0.5  # seconds to wait for a TLS 1.3 server's verdict; an accepting server sends a session ticket at once
_HANDSHAKE_RECORD = 22
_SERVER_HELLO = 2
_CERTIFICATE = 11
# bytes that are kept of what a server sends, which is nobody that we trust yet
_LIMIT = 1 << 18


@dataclasses.dataclass(frozen=True)
class HandshakeResult:
    """What one handshake showed. `chain` holds DER, the server's own certificate first; `error` is how it ended."""

    address: str
    chain: tuple[bytes, ...] = ()
    complete: bool = False
    version: str | None = None
    cipher: str | None = None
    error: Exception | None = None


def addresses(endpoint: Endpoint) -> list[str]:
    """All addresses of the server's name. Raises KmsError."""
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise classify(error, "connect", endpoint.peer) from error
    return sorted({str(entry[4][0]) for entry in found})


def shake(endpoint: Endpoint, context: ssl.SSLContext) -> HandshakeResult:
    """Connect, shake hands, wait for the verdict, leave. Raises KmsError only when there is no connection."""
    try:
        raw = socket.create_connection((endpoint.address or endpoint.host, endpoint.port), endpoint.connect_timeout)
    except (OSError, UnicodeError) as error:
        raise classify(error, "connect", endpoint.peer) from error
    with raw:
        return _Exchange(raw, endpoint, context).run()


def look(endpoint: Endpoint) -> HandshakeResult:
    """The certificates that the server presents to anybody. Raises KmsError when it presents none."""
    seen = shake(endpoint, bare_context())
    if not seen.chain:
        raise no_certificate(endpoint, seen)
    if seen.complete:
        return seen
    # before Python 3.13 TLS 1.3 gives the server's own certificate only: ask for the rest with TLS 1.2, if it has that
    with contextlib.suppress(KmsError):
        more = shake(dataclasses.replace(endpoint, address=seen.address), bare_context(ssl.TLSVersion.TLSv1_2))
        if more.chain[:1] == seen.chain:
            return dataclasses.replace(seen, chain=more.chain, complete=True)
    return seen


def no_certificate(endpoint: Endpoint, seen: HandshakeResult) -> KmsError:
    """Why a handshake ended before the server's certificate came."""
    error = classify(seen.error or EOFError(), "handshake", endpoint.peer)
    if isinstance(error, ClientRejectedError):  # it could not know yet whether we have a certificate
        return TlsFailureError(f"KMIP server {endpoint.peer}: no TLS version (1.2, 1.3) or cipher in common")
    return error


class _Exchange:
    """One handshake over memory buffers, which keeps the server's records."""

    def __init__(self, raw: socket.socket, endpoint: Endpoint, context: ssl.SSLContext) -> None:
        self._raw = raw
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._context = context
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=endpoint.server_name)
        self._deadline = time.monotonic() + endpoint.timeout
        self._received = b""

    def run(self) -> HandshakeResult:
        address = ""
        seen: HandshakeResult | None = None
        error: Exception | None = None
        try:
            address = str(self._raw.getpeername()[0])
            self._shake_hands()
            seen = self._agreed(address)  # before the verdict: after an alert Python gives no certificate any more
            if seen.version == "TLSv1.3":
                self._await_verdict()
        except (OSError, EOFError) as problem:  # ssl.SSLError is an OSError
            error = problem
        with contextlib.suppress(OSError):
            self._flush()  # an alert of ours
        return dataclasses.replace(seen or self._broken_off(address), error=error)

    def _agreed(self, address: str) -> HandshakeResult:
        chain, complete = self._chain()
        cipher = self._tls.cipher()
        return HandshakeResult(address, chain, complete, self._tls.version(), cipher[0] if cipher else None)

    def _broken_off(self, address: str) -> HandshakeResult:
        messages = list(handshake_messages(self._received))
        chain = clear_chain(messages)
        version = "TLSv1.2" if chain else None  # the only one that is allowed and unencrypted
        return HandshakeResult(address, chain, bool(chain), version, self._clear_cipher(messages))

    def _shake_hands(self) -> None:
        while True:
            try:
                return self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._receive(self._deadline - time.monotonic())

    def _await_verdict(self) -> None:
        """Read what follows: a session ticket (accepted), an alert (raises), or nothing (take it as accepted)."""
        self._flush()
        # what came together with the end of the handshake, then one more record
        for attempt in range(2):
            try:
                self._tls.read(1)
                return
            except ssl.SSLWantReadError:
                if attempt:
                    return
            try:
                self._receive(SETTLE)
            except socket.timeout:
                return

    def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            self._raw.sendall(data)

    def _receive(self, seconds: float) -> None:
        if seconds <= 0:
            raise socket.timeout("timed out")
        self._raw.settimeout(seconds)
        data = self._raw.recv(16384)
        if not data:
            raise EOFError
        self._received += data[: max(0, _LIMIT - len(self._received))]
        self._incoming.write(data)

    def _chain(self) -> tuple[tuple[bytes, ...], bool]:
        """The chain of a completed handshake, and whether it is known as a whole."""
        chain = clear_chain(list(handshake_messages(self._received)))
        if chain:
            return chain, True
        whole = getattr(self._tls, "get_unverified_chain", None)  # from Python 3.13
        if whole is not None:
            return tuple(whole()), True
        leaf = self._tls.getpeercert(binary_form=True)
        return ((leaf,) if leaf else ()), False

    def _clear_cipher(self, messages: t.Sequence[tuple[int, bytes]]) -> str | None:
        for kind, body in messages:
            # version (2 bytes), random (32), length of the session id (1), the id, the cipher (RFC 5246, 7.4.1.3)
            if kind == _SERVER_HELLO and len(body) > 35:
                start = 35 + body[34]
                number = int.from_bytes(body[start : start + 2], "big")
                # an id of OpenSSL has 0x0300 before the two bytes of the standard
                names = [cipher["name"] for cipher in self._context.get_ciphers() if cipher["id"] & 0xFFFF == number]
                return names[0] if names else None
        return None


def handshake_messages(data: bytes) -> t.Iterator[tuple[int, bytes]]:
    """(type, body) of the handshake messages at the start of a stream of TLS records, as far as unencrypted."""
    flow, offset = b"", 0
    # records: type, version (2), length (2) (RFC 5246, 6.2.1); a message may go over several of them
    while len(data) - offset >= 5 and data[offset] == _HANDSHAKE_RECORD:
        size = int.from_bytes(data[offset + 3 : offset + 5], "big")
        flow += data[offset + 5 : offset + 5 + size]
        offset += 5 + size
    offset = 0
    # messages: type, length (3) (RFC 5246, 7.4)
    while len(flow) - offset >= 4:
        size = int.from_bytes(flow[offset + 1 : offset + 4], "big")
        if len(flow) - offset - 4 < size:
            return
        yield flow[offset], flow[offset + 4 : offset + 4 + size]
        offset += 4 + size


def clear_chain(messages: t.Sequence[tuple[int, bytes]]) -> tuple[bytes, ...]:
    """The DER certificates of a TLS 1.2 Certificate message; empty when there is none."""
    for kind, body in messages:
        if kind != _CERTIFICATE:
            continue
        # the length of all, then each certificate after its own (RFC 5246, 7.4.2)
        chain, offset = [], 3
        while offset + 3 <= len(body):
            size = int.from_bytes(body[offset : offset + 3], "big")
            chain.append(body[offset + 3 : offset + 3 + size])
            offset += 3 + size
        return tuple(chain)
    return ()
