# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers with bounds, read from a socket whose other end this test holds."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import socket
import typing as t
import zlib

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.bounded import (
    Bounds,
    TooLongError,
    UnpackingResponse,
    bounded,
    read_body,
)

BODY = b"<a>%s</a>" % (b"text " * 30000)
RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
PACKED = {
    "": BODY,
    "identity": BODY,
    "gzip": gzip.compress(BODY),
    "deflate": zlib.compress(BODY),
    "DEFLATE ": RAW.compress(BODY) + RAW.flush(),
}


def answer(
    body: bytes, encoding: str = "", seconds: float = 60, size: int = 1 << 20, headers: str = "", whole: bool = True
) -> contextlib.closing[UnpackingResponse]:
    """An answer that has arrived; whole=False: and may go on."""
    ours, theirs = socket.socketpair()
    head = f"HTTP/1.1 200 OK\r\n{headers}" + (f"Content-Encoding: {encoding}\r\n" if encoding else "")
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    theirs.sendall(head.encode() + b"\r\n" + body)
    if whole:
        theirs.close()
    made = bounded(UnpackingResponse, Bounds(seconds, size))(ours)
    made.keeps = [ours, theirs]  # type: ignore[attr-defined]
    made.begin()
    return contextlib.closing(made)


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("part", [None, 1000, 65536])
def test_body_is_unpacked_whatever_it_is_read_in(encoding: str, part: int | None) -> None:
    with answer(PACKED[encoding], encoding) as got:
        assert got.getheader("Content-Encoding", "identity") == "identity"
        parts = iter(lambda: got.read(part), b"")
        assert b"".join(parts) == BODY


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "x-unknown"])
def test_body_that_is_not_packed_as_it_says_is_an_error(encoding: str) -> None:
    with answer(b"\x00nothing packed at all", encoding) as got, pytest.raises(http.client.HTTPException):
        got.read()


def test_packed_body_is_read_to_the_end_of_its_message() -> None:
    packed = gzip.compress(BODY)
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)
    with answer(chunks, "gzip", headers="Transfer-Encoding: chunked\r\n", whole=False) as got:
        assert got.read(len(BODY)) == BODY and got.read() == b""
        assert got.isclosed()  # so the connection can be used again


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_too_long_body_is_not_kept(encoding: str) -> None:
    body = bytes(3 << 20) if encoding else bytes(300000)
    size = 1 << 20 if encoding else 100000
    with (
        answer(gzip.compress(body) if encoding else body, encoding, size=size) as got,
        pytest.raises(TooLongError, match="longer than"),
    ):
        while got.read(50000):
            pass


def test_body_that_announces_too_much_is_not_begun() -> None:
    with pytest.raises(TooLongError):
        answer(b"", headers=f"Content-Length: {1 << 40}\r\n", whole=False)


def test_answer_that_is_never_complete_ends_in_time() -> None:
    late = answer(b"12345", headers="Content-Length: 10\r\n", seconds=0.05, whole=False)
    with late as got, pytest.raises(socket.timeout):
        got.read()


def test_time_out_of_the_connection_is_what_it_was() -> None:
    with answer(b"12345", headers="Content-Length: 5\r\n", seconds=5, whole=False) as got:
        ours = t.cast("t.Any", got).keeps[0]
        assert got.read() == b"12345" and ours.gettimeout() is None


def test_parts_of_a_body_are_counted() -> None:
    assert read_body([b"ab", b"c"], Bounds(1, 3)) == b"abc"
    with pytest.raises(TooLongError):
        read_body(iter([b"ab", b"cd"]), Bounds(1, 3))
