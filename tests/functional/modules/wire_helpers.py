# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that do one odd thing, for tests of what the clients make of it."""

from __future__ import annotations

import contextlib
import gzip
import pathlib
import socket
import ssl
import threading
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.tests.functional import harness
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.clock import LabClock
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import LOCAL_NAMES, Authority, server_context


def one_line(result: harness.ModuleResult, kind: str, *words: str) -> None:
    """A failure that is told in one short line."""
    assert result.failed and "Traceback" not in result.output, result.output
    assert "\n" not in result.msg and len(result.msg) < 500
    assert result["failure"]["kind"] == kind, result.msg
    assert all(word in result.msg for word in words), result.msg


def packed(kind: str) -> bytes:
    """An answer with 8 MiB of blanks, packed into a few kilobytes."""
    body = gzip.compress(b" " * (8 << 20))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    return head % (kind.encode(), len(body)) + body


@contextlib.contextmanager
def https(
    tmp_path: pathlib.Path,
    answer: t.Callable[[ssl.SSLSocket], None],
    authority: Authority | None = None,
    pair: tuple[str, str] | None = None,
) -> t.Iterator[tuple[int, str]]:
    """A TLS server of one thread; gives its port and the file of its CA."""
    authority = authority or Authority("Servers CA", LabClock())
    ca_path = tmp_path / "servers-ca.pem"
    ca_path.write_text(authority.certificate_pem, encoding="ascii")
    context = server_context(*(pair or authority.leaf("localhost", "server", LOCAL_NAMES)))

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            answer(tls)

    with listening(serve) as port:
        yield port, str(ca_path)


@contextlib.contextmanager
def listening(serve: t.Callable[[socket.socket], None]) -> t.Iterator[int]:
    """A TCP server of one thread for one connection after the other."""
    server = socket.create_server(("127.0.0.1", 0))

    def loop() -> None:
        while True:
            try:
                connection, _peer = server.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                serve(connection)

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield int(server.getsockname()[1])
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(30)


def drip(connection: socket.socket, beginning: bytes, byte: bytes = b"x") -> None:
    """Read something, then send byte by byte until the client leaves."""
    connection.recv(65536)
    connection.sendall(beginning)
    while True:
        connection.sendall(byte)
        connection.settimeout(0.01)  # the pace
        with contextlib.suppress(socket.timeout):
            if not connection.recv(65536):
                return
