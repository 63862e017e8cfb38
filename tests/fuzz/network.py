# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPS without a network: connections whose other end is a function from the bytes of a request to those of an answer.

The clients of the collection stand on http.client, directly, under pyVmomi, and under requests and urllib3.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import typing as t
from unittest import mock

import urllib3.connection

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core import retry

Respond = t.Callable[[bytes], bytes]
_NOT_KEPT = ("connection", "content-length", "transfer-encoding")


class FakeSocket:
    """What http.client needs of a socket."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._sent = b""

    def sendall(self, data: bytes) -> None:
        """Part of a request."""
        self._sent += bytes(data)

    def makefile(self, *_arguments: t.Any, **_named: t.Any) -> io.BytesIO:
        """The answer to what was sent since the last one."""
        sent, self._sent = self._sent, b""
        return io.BytesIO(self._respond(sent))

    def gettimeout(self) -> float:
        """Of no account here."""
        return 1.0

    def settimeout(self, seconds: float | None) -> None:
        """Of no account here."""

    def setsockopt(self, *_arguments: t.Any) -> None:
        """Of no account here."""

    def shutdown(self, how: int) -> None:
        """Of no account here."""

    def close(self) -> None:
        """Of no account here."""


def raw_answer(status: int, headers: t.Mapping[str, str], body: bytes) -> bytes:
    """The bytes of an HTTP answer; header values that HTTP has no way to send are cut to what it has."""
    kept = {name: value.encode("latin-1", "replace").replace(b"\n", b"\n ") for name, value in headers.items()}
    kept.setdefault("Content-Length", str(len(body)).encode())
    lines = [f"HTTP/1.1 {status} Reason".encode(), *(name.encode() + b": " + value for name, value in kept.items())]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def recorded(real: socket.socket, sent: bytes) -> bytes:
    """Send the request to a real server, return its answer as bytes that stand for themselves."""
    real.sendall(sent)
    answer = http.client.HTTPResponse(real)
    answer.begin()
    body = answer.read()
    headers = {name: value for name, value in answer.getheaders() if name.lower() not in _NOT_KEPT}
    return raw_answer(answer.status, headers, body)


@contextlib.contextmanager
def answering(respond: Respond) -> t.Iterator[None]:
    """All HTTPS connections of this process are answered by the function; nothing is tried twice."""

    def connect(connection: t.Any) -> None:
        connection.sock = FakeSocket(respond)
        connection.is_verified = True

    with contextlib.ExitStack() as stack:
        for kind in (http.client.HTTPSConnection, urllib3.connection.HTTPSConnection):
            stack.enter_context(mock.patch.object(kind, "connect", connect))
        stack.enter_context(mock.patch.object(urllib3.connection.HTTPSConnection, "is_connected", True))
        stack.enter_context(mock.patch.object(retry.Retry, "call", _once))
        yield


@contextlib.contextmanager
def recording(keep: t.Callable[[bytes, bytes], None]) -> t.Iterator[None]:
    """All HTTPS connections of this process are real, and each request and answer is given to the function."""

    def patched(kind: type) -> t.Any:
        original = kind.connect  # type: ignore[attr-defined]

        def connect(connection: t.Any) -> None:
            original(connection)
            real = connection.sock

            def respond(sent: bytes) -> bytes:
                answer = recorded(real, sent)
                keep(sent, answer)
                return answer

            connection.sock = FakeSocket(respond)

        return mock.patch.object(kind, "connect", connect)

    with contextlib.ExitStack() as stack:
        for kind in (http.client.HTTPSConnection, urllib3.connection.HTTPSConnection):
            stack.enter_context(patched(kind))
        stack.enter_context(mock.patch.object(urllib3.connection.HTTPSConnection, "is_connected", True))
        yield


def _once(_retry: retry.Retry, attempt: t.Callable[[], t.Any]) -> t.Any:
    try:
        return attempt()
    except retry.TryAgain as again:
        raise again.cause from None
