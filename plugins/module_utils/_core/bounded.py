# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP answers that end: the whole of one, from the status line to the last byte, has a deadline and a size limit.

The time-out of a socket counts from byte to byte, so a server that sends one now and then could hold a run for ever.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import time
import typing as t
import zlib

LONGEST = 64 << 20  # bytes of an answer; the largest known ones (pages of 100 VMs, a catalogue) stay far below
_PART = 1 << 16


class TooLongError(OSError):
    """An answer, or what it unpacks to, that is longer than anything the other side has to say."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the answer is longer than {size >> 20} MiB")


class Bounds:
    """Seconds for a whole answer and bytes in it; a client may shorten the time when it leaves."""

    def __init__(self, seconds: float, size: int | None = None) -> None:
        self.seconds = seconds
        self.size = size or LONGEST

    @property
    def longest_wait(self) -> float:
        """Seconds for which a server may hold an answer back: a wait without news must not look like a lost answer."""
        return self.seconds / 2


class _Stream(io.RawIOBase):
    """Reads a socket until the deadline."""

    def __init__(self, connection: t.Any, bounds: Bounds) -> None:
        self._connection = connection
        self._raw = connection.makefile("rb", buffering=0)
        self._ends = time.monotonic() + bounds.seconds
        self._left = self._size = bounds.size

    def readable(self) -> bool:
        """Nothing else is done with it."""
        return True

    def readinto(self, buffer: t.Any) -> int | None:
        """One read, which takes no longer than what is left of the time."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        usual = self._connection.gettimeout()
        self._connection.settimeout(left if usual is None else min(usual, left))
        try:
            size = self._raw.readinto(buffer)
        finally:
            with contextlib.suppress(OSError):
                self._connection.settimeout(usual)
        self._left -= size or 0
        if self._left < 0:
            raise TooLongError(self._size)
        return t.cast("int | None", size)

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


class _Source:
    """What http.client asks for a file to read from."""

    def __init__(self, connection: t.Any, bounds: Bounds) -> None:
        self._connection, self._bounds = connection, bounds

    def makefile(self, *_arguments: t.Any, **_named: t.Any) -> io.BufferedReader:
        """The answer."""
        return io.BufferedReader(_Stream(self._connection, self._bounds), _PART)


class Response(http.client.HTTPResponse):
    """An answer of http.client within the bounds of its class, which are replaced by `bounded`."""

    bounds = Bounds(60.0)

    def __init__(self, connection: t.Any, *arguments: t.Any, **named: t.Any) -> None:
        super().__init__(t.cast("socket.socket", _Source(connection, self.bounds)), *arguments, **named)

    def begin(self) -> None:
        """Read status and headers; an answer that announces too much is not read at all."""
        super().begin()
        if self.length is not None and self.length > self.bounds.size:
            raise TooLongError(self.bounds.size)


class UnpackingResponse(Response):
    """The same, which unpacks a body that the server has packed, within the same limit."""

    _packing = ""
    _unpack: t.Any = None
    _unpacked = 0

    def begin(self) -> None:
        """Read status and headers, which then tell of a plain body."""
        super().begin()
        packing = (self.getheader("Content-Encoding") or "").strip().lower()
        if packing not in ("", "identity"):
            del self.headers["Content-Encoding"]
            self._packing = packing

    def read(self, amt: int | None = None) -> bytes:
        """Up to that many bytes of the plain body."""
        if not self._packing:
            return super().read(amt)
        limit = self.bounds.size - self._unpacked + 1
        most = limit if amt is None or amt < 0 else min(amt, limit)
        data = bytearray()
        while len(data) < most:
            packed = (self._unpack and self._unpack.unconsumed_tail) or super().read(_PART)
            if not packed:
                break
            data += self._inflate(packed, most - len(data))
        self._unpacked += len(data)
        if self._unpacked > self.bounds.size:
            raise TooLongError(self.bounds.size)
        return bytes(data)

    def _inflate(self, packed: bytes, most: int) -> bytes:
        if self._unpack is None:
            # some servers send `deflate` without the header of zlib
            # a header of zlib is a multiple of 31 (RFC 1950, 2.2); | 32 takes that of zlib or gzip, whichever comes
            bare = self._packing == "deflate" and int.from_bytes(packed[:2], "big") % 31
            self._unpack = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS | 32)
        if self._unpack.eof:
            return b""  # what follows the packed body is only read off the connection
        try:
            return bytes(self._unpack.decompress(packed, most))
        except zlib.error as error:
            raise http.client.HTTPException(f"the packed answer cannot be unpacked ({error})") from error


R = t.TypeVar("R", bound=Response)


def bounded(kind: type[R], bounds: Bounds) -> type[R]:
    """That kind of answer with these bounds."""
    return type(kind.__name__, (kind,), {"bounds": bounds})


class Connecting:
    """Part of a connection of urllib3: what fails before it is ready for a request is marked so."""

    def connect(self) -> None:
        """Connect, through a proxy if there is one, and shake hands for TLS."""
        try:
            super().connect()  # type: ignore[misc]
        except Exception as error:
            error.before_request = True  # type: ignore[attr-defined]
            raise


def bound_pools(manager: t.Any, bounds: Bounds) -> None:
    """Have every connection of a pool manager of urllib3 give answers within the bounds, and mark what fails early."""
    pool = manager.pool_classes_by_scheme["https"]
    answers = bounded(Response, bounds)
    connection = type("_Connection", (Connecting, pool.ConnectionCls), {"response_class": answers})
    made = type("_Pool", (pool,), {"ConnectionCls": connection})
    manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, "https": made}


def read_body(parts: t.Iterable[bytes], bounds: Bounds) -> bytes:
    """The unpacked body, which comes in parts."""
    body = bytearray()
    for part in parts:
        body += part
        if len(body) > bounds.size:
            raise TooLongError(bounds.size)
    return bytes(body)
