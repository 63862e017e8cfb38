# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS of the vCenter player: standard library only, with the server's certificate readable before any trust."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import select
import socket
import ssl
import struct
import typing as t

from cryptography import x509

from ..pki import load_pair

MAX_ANSWER = 1 << 20
RECORD_HANDSHAKE = 22
MESSAGE_CERTIFICATE = 11
SETTLE_SECONDS = 0.5


class ServerUntrustedError(Exception):
    """The server's certificate does not lead to a trusted one, or is out of date."""


class ClientRefusedError(Exception):
    """The server ended TLS because of the client certificate, or of its absence."""


def _context(maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = maximum
    return context


def _handshake_messages(data: bytes) -> bytes:
    """The handshake messages in the TLS records of `data`, as far as they are whole and unencrypted."""
    found, offset = b"", 0
    while len(data) - offset >= 5 and data[offset] == RECORD_HANDSHAKE:
        size = struct.unpack_from("!H", data, offset + 3)[0]
        found += data[offset + 5 : offset + 5 + size]
        offset += 5 + size
    return found


def _chain_in(data: bytes) -> list[bytes]:
    """The DER certificates of the Certificate message of TLS 1.2; empty until it has arrived as a whole."""
    flow, offset = _handshake_messages(data), 0
    while len(flow) - offset >= 4:
        size = int.from_bytes(flow[offset + 1 : offset + 4], "big")
        body = flow[offset + 4 : offset + 4 + size]
        if len(body) < size:
            break
        if flow[offset] == MESSAGE_CERTIFICATE:
            chain, at = [], 3
            while at < size:
                length = int.from_bytes(body[at : at + 3], "big")
                chain.append(body[at + 3 : at + 3 + length])
                at += 3 + length
            return chain
        offset += 4 + size
    return []


def _read_clear_chain(raw: socket.socket, host: str) -> list[bytes]:
    """Begin a TLS 1.2 handshake and leave after the server's Certificate message, which is unencrypted."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = _context(ssl.TLSVersion.TLSv1_2).wrap_bio(incoming, outgoing, server_hostname=host)
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    raw.sendall(outgoing.read())
    received = b""
    while not (chain := _chain_in(received)):
        piece = raw.recv(16384)
        if not piece or len(received) > MAX_ANSWER:
            return []
        received += piece
        if received[0] != RECORD_HANDSHAKE:
            return []
    return chain


def _reach(host: str, port: int, timeout: float) -> socket.socket:
    """A connection; OSError for what is no name of a host, too."""
    try:
        return socket.create_connection((host, port), timeout)
    except UnicodeError as exc:  # an empty label, or one that is too long
        raise OSError(f"{host} is no name of a host") from exc


def fetch_chain(host: str, port: int, timeout: float, address: str = "") -> list[bytes]:
    """The DER certificates that the server presents, without a client certificate and without trust.

    Empty when there is no TLS server. One with TLS 1.3 only gives its leaf. `address` is one of those of `host`.
    """
    place = address or host
    with contextlib.suppress(OSError), _reach(place, port, timeout) as raw:
        chain = _read_clear_chain(raw, host)
        if chain:
            return chain
    with (
        contextlib.suppress(OSError),
        _reach(place, port, timeout) as raw,
        _context().wrap_socket(raw, server_hostname=host) as tls,
    ):
        leaf = tls.getpeercert(binary_form=True)
        return [leaf] if leaf else []
    return []


@dataclasses.dataclass
class Identity:
    """Who connects, and whom it trusts. `now` gives the time by which the server's certificate is judged."""

    trusted_pems: t.Sequence[str]
    client_cert_pem: str | None
    client_key_pem: str | None
    now: t.Callable[[], datetime.datetime] | None = None

    def context(self) -> ssl.SSLContext:
        """A context that verifies the server; leaves may be anchors, names are not compared."""
        if not self.trusted_pems:
            raise ServerUntrustedError("no certificate of the server is trusted yet")
        context = _context()
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VerifyFlags(int(ssl.VERIFY_X509_PARTIAL_CHAIN))
        context.load_verify_locations(cadata="\n".join(self.trusted_pems))
        if self.client_cert_pem and self.client_key_pem:
            load_pair(context, self.client_cert_pem, self.client_key_pem)
        return context

    def check_dates(self, leaf: bytes) -> None:
        """Judge the server's certificate (DER) by `now`; OpenSSL has judged it by the system's time."""
        if self.now is not None and x509.load_der_x509_certificate(leaf).not_valid_after_utc < self.now():
            raise ServerUntrustedError("certificate has expired")


class Connection:
    """One TLS connection that carries KMIP messages. Raises ServerUntrustedError, ClientRefusedError or OSError."""

    def __init__(self, host: str, port: int, identity: Identity, timeout: float, address: str = "") -> None:
        self._timeout = timeout
        self._requests = 0
        context = identity.context()
        raw = _reach(address or host, port, timeout)
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._tls = self._shake_hands(context, raw, host)
            identity.check_dates(self._tls.getpeercert(binary_form=True) or b"")
            self._await_verdict()
        except BaseException:
            raw.close()
            if hasattr(self, "_tls"):
                self._tls.close()
            raise

    @staticmethod
    def _shake_hands(context: ssl.SSLContext, raw: socket.socket, host: str) -> ssl.SSLSocket:
        try:
            return context.wrap_socket(raw, server_hostname=host)
        except ssl.SSLCertVerificationError as exc:
            raise ServerUntrustedError(exc.verify_message) from exc
        except (ssl.SSLError, ConnectionError) as exc:
            raise ClientRefusedError(f"the handshake was ended: {exc}") from exc

    def _await_verdict(self) -> None:
        """Wait for the server's word on our certificate.

        With TLS 1.3 the client's handshake ends first; the next record is a session ticket (accepted) or an alert.
        """
        if self._tls.version() != "TLSv1.3" or not select.select([self._tls], [], [], SETTLE_SECONDS)[0]:
            return
        self._tls.setblocking(False)
        try:
            if not self._tls.recv(1):
                raise ClientRefusedError("closed after the handshake")
        except ssl.SSLWantReadError:
            pass
        except OSError as exc:
            raise ClientRefusedError(f"refused after the handshake: {exc}") from exc
        finally:
            self._tls.settimeout(self._timeout)

    def exchange(self, message: bytes) -> bytes:
        """Send one message and read one."""
        first, self._requests = self._requests == 0, self._requests + 1
        try:
            self._tls.sendall(message)
            header = self._read(8)
            size = struct.unpack("!I", header[4:])[0]
            if header[:4] != b"\x42\x00\x7b\x01" or size > MAX_ANSWER:
                raise OSError("the answer is not a KMIP response message")
            return header + self._read(size)
        except (ssl.SSLError, ConnectionError) as exc:
            # a hang-up in answer to the first request is how some servers refuse a certificate
            if first:
                raise ClientRefusedError(f"hung up on the first request: {exc}") from exc
            raise

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self._tls.recv(size - len(data))
            if not piece:
                raise ConnectionResetError("closed before the answer")
            data += piece
        return data

    def close(self) -> None:
        """End the connection."""
        self._tls.close()
