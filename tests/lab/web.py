# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP and HTTPS servers of the lab: aiohttp in one background thread, applications as plain synchronous functions.

Journal and faults are applied here, once for all applications.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import logging
import socket
import ssl
import threading
import typing as t

from aiohttp import web

from .faults import BROKEN_TLS, OPEN_ENDED, FaultRule, Faults
from .journal import Journal

LOG = logging.getLogger("lab.web")
MAX_BODY = 1 << 26
DROPS = ("drop_before", "drop_after")
TURNS = 3  # of the loop, until a transport that was cut has closed its socket
TAKES_EFFECT = ("drop_after", "truncate", "slow", "meanwhile", "rewrite", *OPEN_ENDED, *BROKEN_TLS)
PACE = 0.01  # seconds between two bytes of an answer that trickles
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"
BLOCK = b" " * (1 << 20)
BAD_RECORD = b"\x17\x03\x03\x00\x20" + bytes(32)  # application data of 32 bytes, without a valid tag


@dataclasses.dataclass
class Request:
    """What arrived. `url` is the absolute URL exactly as the client wrote it (signatures are computed over it)."""

    method: str
    url: str
    path: str  # raw, still percent-encoded, without the query
    query: t.Any  # multidict of decoded values
    headers: t.Any  # case-insensitive multidict
    body: bytes
    peer: str = ""
    memo: dict[str, t.Any] = dataclasses.field(default_factory=dict)  # what `describe` found out, for `handle`


@dataclasses.dataclass
class Response:
    """What is sent back."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Described:
    """How the journal names a request; an empty operation keeps it out of the journal and of the faults.

    `system` is for an application that plays several systems on one port; empty: the application's own.
    """

    operation: str
    kind: str
    target: str = ""
    actor: str = ""
    system: str = ""


class App(t.Protocol):
    """One application behind one port. Both methods run in worker threads, several at a time."""

    system: str

    def describe(self, request: Request) -> Described:
        """Name the request before it is handled."""

    def handle(self, request: Request) -> Response:
        """Answer it."""

    def refusal(self, request: Request) -> Response:
        """The system's own way to say 'no right to do this' (fault action `refuse`)."""

    def failure(self, request: Request, rule: FaultRule) -> Response:
        """The system's own way to say `rule.status` (fault action `status`)."""


class WebServers:
    """All HTTP servers of one lab: one event loop in a daemon thread, one worker pool."""

    def __init__(self, journal: Journal, faults: Faults, workers: int = 16) -> None:
        self._journal = journal
        self._faults = faults
        self._loop = asyncio.new_event_loop()
        self._pool = concurrent.futures.ThreadPoolExecutor(workers, thread_name_prefix="lab-web")
        self._listening: list[tuple[web.Server, asyncio.AbstractServer]] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="lab-web", daemon=True)
        self._thread.start()

    def serve(
        self, app: App, context: ssl.SSLContext | None, port: int = 0, admits: t.Callable[[str], bool] = lambda _: True
    ) -> int:
        """Listen on 127.0.0.1 and return the port; connections of addresses that are not admitted are cut."""
        return self._call(self._serve(app, context, port, admits))

    def stop(self) -> None:
        """Close listeners and connections and end the thread."""
        self._call(self._cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._pool.shutdown(wait=False)
        self._loop.close()

    def _call(self, coroutine: t.Coroutine[t.Any, t.Any, t.Any]) -> t.Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _cleanup(self) -> None:
        for server, listening in self._listening:
            listening.close()
            # kept-alive client connections must not hold up the end of the lab
            await server.shutdown(0.2)
        # A transport that is left to the garbage collector complains, after its loop has gone: TLS ones wait for their
        # client's goodbye, and some have not even shaken hands. Servers know them from Python 3.13 on, loops always.
        for transport in list(t.cast("t.Any", self._loop)._transports.values()):
            transport.abort()
        for _turn in range(TURNS):
            await asyncio.sleep(0)

    async def _serve(self, app: App, context: ssl.SSLContext | None, port: int, admits: t.Callable[[str], bool]) -> int:
        scheme = "https" if context else "http"

        async def answer(raw: web.BaseRequest) -> web.StreamResponse:
            if not admits(str(raw.remote)):
                return self._finish(raw, None, None)
            return await self._answer(app, scheme, raw)

        server = web.Server(answer, access_log=None, request_factory=self._read_head)
        listener = socket.create_server(("127.0.0.1", port), backlog=256)
        listening = await self._loop.create_server(server, sock=listener, ssl=context, backlog=256)
        self._listening.append((server, listening))
        return int(listener.getsockname()[1])

    def _read_head(
        self, message: t.Any, payload: t.Any, protocol: t.Any, writer: t.Any, task: t.Any
    ) -> web.BaseRequest:
        """A request whose body may be larger than aiohttp's default of 1 MiB."""
        return web.BaseRequest(message, payload, protocol, writer, task, self._loop, client_max_size=MAX_BODY)

    @staticmethod
    def _lab_error(app: App, request: Request) -> Response:
        """A bug of the lab must be seen, and must not look like a bug of the client."""
        LOG.exception("%s: %s %s", app.system, request.method, request.path)
        return Response(500, b"lab error, see its log", {"Content-Type": "text/plain"})

    async def _answer(self, app: App, scheme: str, raw: web.BaseRequest) -> web.StreamResponse:
        request = Request(
            method=raw.method,
            url=f"{scheme}://{raw.host}{raw.raw_path}",
            path=raw.raw_path.split("?", 1)[0],
            query=raw.query,
            headers=raw.headers,
            body=await raw.read(),
            peer=str(raw.remote),
        )
        try:
            described = await self._loop.run_in_executor(self._pool, app.describe, request)
        except Exception:
            return self._finish(raw, self._lab_error(app, request), None)
        system = described.system or app.system
        rule = self._faults.pick(system, described.operation) if described.operation else None
        response = await self._respond(app, request, rule)
        if described.operation:
            status = str(response.status if response else rule.action if rule else "")
            actor = described.actor
            self._journal.record(system, described.operation, described.kind, described.target, status, actor)
        if rule and response and rule.action in OPEN_ENDED and raw.transport:
            await self._never_end(raw.transport, response, rule.action)
            response = None
        if rule and response and rule.action in BROKEN_TLS and raw.transport:
            self._break_tls(raw.transport, response, rule.action)
            response = None
        return self._finish(raw, response, rule)

    @staticmethod
    def _break_tls(transport: t.Any, response: Response, action: str) -> None:
        """Write a record past TLS, so that the client cannot decrypt it."""
        if action == "broken_tls_in_body":
            kind = response.headers.get("Content-Type", "application/json").encode()
            length = len(response.body) + 1  # so that the client also waits for the rest of an empty body
            head = HEAD % kind + b"Content-Length: %d\r\n\r\n" % length
            transport.write(head + response.body[: len(response.body) // 2])
        transport._ssl_protocol._transport.write(BAD_RECORD)  # asyncio has no other way to the socket below TLS

    async def _never_end(self, transport: t.Any, response: Response, action: str) -> None:
        """Answer without an end, as long as the client stays."""
        kind = response.headers.get("Content-Type", "application/json").encode()
        heads = {
            "trickle": HEAD % kind + b"Content-Length: 1000000\r\n\r\n",
            "trickle_head": HEAD % kind + b"X-Padding: ",
            "endless": HEAD % kind + b"Connection: close\r\n\r\n",
            "announced": HEAD % kind + b"Content-Length: %d\r\n\r\n" % (1 << 40),
        }
        parts = {"trickle": b" ", "trickle_head": b"x", "endless": BLOCK}
        transport.write(heads.get(action, b""))
        while not transport.is_closing():
            if transport.get_write_buffer_size() < len(BLOCK):
                transport.write(parts.get(action, b""))
            await asyncio.sleep(0 if action == "endless" else PACE)

    async def _respond(self, app: App, request: Request, rule: FaultRule | None) -> Response | None:
        """The application's answer, or what the rule puts in its place; None when the request is not to take effect."""
        if rule and rule.action == "slow":
            await asyncio.sleep(rule.seconds)
        if rule and rule.call:
            await self._loop.run_in_executor(self._pool, rule.call)
        if rule is None or rule.action in TAKES_EFFECT:
            try:
                return await self._loop.run_in_executor(self._pool, app.handle, request)
            except Exception:
                return self._lab_error(app, request)
        if rule.action == "refuse":
            return app.refusal(request)
        if rule.action == "status":
            return app.failure(request, rule)
        if rule.action == "html":
            page = b"<html><body><h1>Bad gateway</h1></body></html>"
            return Response(rule.status, page, {"Content-Type": "text/html"})
        return None

    def _finish(self, raw: web.BaseRequest, response: Response | None, rule: FaultRule | None) -> web.Response:
        if response is None or (rule and rule.action in DROPS):
            if raw.transport:
                raw.transport.abort()
            # goes nowhere; aiohttp takes it for a client that has left
            return web.Response()
        body = response.body
        if rule and rule.action == "truncate":
            body = body[: len(body) // 2]
        if rule and rule.rewrite:
            body = rule.rewrite(body)
        if rule and rule.retry_after is not None:
            response.headers["Retry-After"] = str(rule.retry_after)
        return web.Response(status=response.status, body=body, headers=response.headers)
