# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""REST on the same port as SOAP: sessions of both trees, native key providers, and the download of their backups."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import re
import typing as t
import urllib.parse

from ..faults import FaultRule
from ..web import Described, Request, Response
from . import rest_errors, sessions
from .native_providers import DOWNLOAD, NativeProviders
from .rest_errors import JSON, RestError
from .sessions import REST, Session, Sessions

if t.TYPE_CHECKING:
    from .core import Core

SYSTEM = "vcenter_rest"
SESSION_HEADER = "vmware-api-session-id"  # the cookie has the same name
HEADER_ONLY = "vmware-use-header-authn"  # a client that sends it wants no cookie
NEW, OLD = "/api/session", "/rest/com/vmware/cis/session"
PROVIDERS = "/api/vcenter/crypto-manager/kms/providers"
ON_HOST = "/api/vcenter/crypto-manager/hosts/{host}/kms/providers"
READ, WRITE, ANY = "Cryptographer.ReadKeyServersInfo", "Cryptographer.ManageKeyServers", "System.View"
TREES = ("/api", "/rest", DOWNLOAD)


@dataclasses.dataclass
class RestCall:
    """One request on its way to its function."""

    request: Request
    session: t.Any  # None only for routes without privilege
    names: dict[str, str]

    @property
    def body(self) -> t.Any:
        """The JSON body; an empty one is an empty structure."""
        try:
            return json.loads(self.request.body or b"{}")
        except ValueError as exc:
            raise RestError("invalid_request", "The body is not JSON.") from exc


@dataclasses.dataclass(frozen=True)
class Route:
    """One operation. Without `privilege` it needs no session; `action` is a part of the query."""

    method: str
    path: str
    kind: str
    privilege: str
    function: t.Callable[[RestCall], Response]
    action: str = ""

    @property
    def operation(self) -> str:
        """Its name in the journal."""
        return f"{self.method} {self.path}{self.action}"

    def match(self, method: str, path: str, action: str) -> dict[str, str] | None:
        """The names in the path, None when the route is for something else."""
        if (method, action) != (self.method, self.action):
            return None
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        found = re.fullmatch(pattern, path)
        return {name: urllib.parse.unquote(text) for name, text in found.groupdict().items()} if found else None


def _json(value: t.Any, status: int = 200) -> Response:
    return Response(status, json.dumps(value).encode(), dict(JSON))


def _basic(header: str) -> tuple[str, str]:
    scheme, _blank, text = header.partition(" ")
    try:
        user, _colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as exc:
        raise rest_errors.unauthenticated() from exc
    if scheme.lower() != "basic":
        raise rest_errors.unauthenticated()
    return user, password


def session_info(session: Session) -> dict[str, str]:
    """A session as it is shown."""
    times = {"created_time": session.login_time, "last_accessed_time": session.last_active}
    shown = {name: moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z" for name, moment in times.items()}
    return {"user": session.user, **shown}


class RestApi:
    """Answers what is below TREES."""

    def __init__(self, core: Core, known: Sessions, native: NativeProviders) -> None:
        self._core = core
        self._sessions = known
        self._native = native
        self._routes = self._make_routes()

    def add(self, routes: t.Iterable[Route]) -> None:
        """Further operations."""
        self._routes += routes

    def _make_routes(self) -> list[Route]:
        native, one = self._native, PROVIDERS + "/{provider}"
        return [
            Route("POST", NEW, "login", "", self._login),
            Route("GET", NEW, "read", ANY, self._session),
            Route("DELETE", NEW, "logout", ANY, self._logout),
            Route("POST", OLD, "login", "", self._login),
            Route("POST", OLD, "read", ANY, self._old_session, "?~action=get"),
            Route("DELETE", OLD, "logout", ANY, self._logout),
            Route("GET", PROVIDERS, "read", READ, self._list),
            Route("POST", PROVIDERS, "write", WRITE, self._create),
            Route("GET", one, "read", READ, lambda call: _json(native.get(call.names["provider"]))),
            Route("PATCH", one, "write", WRITE, self._update),
            Route("DELETE", one, "write", WRITE, self._delete),
            Route("POST", PROVIDERS, "write", WRITE, self._export, "?action=export"),
            Route("POST", PROVIDERS, "write", WRITE, lambda call: _json(native.restore(call.body)), "?action=import"),
            Route("GET", ON_HOST, "read", READ, lambda call: _json(native.list_on_host(call.names["host"]))),
            Route("GET", ON_HOST + "/{provider}", "read", READ, self._get_on_host),
            Route("GET", DOWNLOAD + "{provider}", "write", "", self._download),
            Route("POST", DOWNLOAD + "{provider}", "write", "", self._download),
        ]

    # application

    @staticmethod
    def claims(request: Request) -> bool:
        """Whether a request is for this interface."""
        return any(request.path == tree or request.path.startswith(tree.rstrip("/") + "/") for tree in TREES)

    def describe(self, request: Request) -> Described:
        """Name the request; its route and session are found once, for `handle` too."""
        route, names = self._find(request)
        session = self._sessions.find(self._session_id(request), REST)
        request.memo.update(route=route, names=names, session=session)
        actor = session.user if session else ""
        if route is None:
            kind = "read" if request.method == "GET" else "write"
            return Described(f"{request.method} {request.path}", kind, request.path, actor, SYSTEM)
        kind = route.kind
        if kind == "login":
            actor = self._who(request)
        elif route.path.startswith(DOWNLOAD):
            actor = self._native.owner(self._token(request))
        elif route.action == "?action=import" and self._is_dry_run(request):
            kind = "read"
        return Described(route.operation, kind, request.path, actor, SYSTEM)

    def _find(self, request: Request) -> tuple[Route | None, dict[str, str]]:
        # the tree of newer operations came with 7.0 U2
        if request.path.startswith(("/api", DOWNLOAD)) and not self._core.release.has_native_providers:
            return None, {}
        action = "".join(f"?{name}={request.query[name]}" for name in ("action", "~action") if name in request.query)
        for route in self._routes:
            names = route.match(request.method, request.path, action)
            if names is not None:
                return route, names
        return None, {}

    @staticmethod
    def _session_id(request: Request) -> str | None:
        header = request.headers.get(SESSION_HEADER)
        return header or sessions.cookie_in(request.headers.get("Cookie"), SESSION_HEADER)

    @staticmethod
    def _who(request: Request) -> str:
        try:
            return _basic(request.headers.get("Authorization") or "")[0]
        except RestError:
            return ""

    @staticmethod
    def _is_dry_run(request: Request) -> bool:
        try:
            body = json.loads(request.body)
        except ValueError:
            return False
        return isinstance(body, dict) and body.get("dry_run") is True

    @staticmethod
    def _token(request: Request) -> str:
        scheme, _blank, token = (request.headers.get("Authorization") or "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def handle(self, request: Request) -> Response:
        """Answer a request."""
        route, session = request.memo["route"], request.memo["session"]
        try:
            if route is None:
                return self._nowhere(request)
            if route.privilege and session is None:
                raise rest_errors.unauthenticated()
            if route.privilege and not session.may(route.privilege):
                raise rest_errors.unauthorized(route.privilege)
            self._sessions.use(session)
            return self._call(route, RestCall(request, session, request.memo["names"]))
        except RestError as error:
            return rest_errors.answer(error, request.path)
        except sessions.TooManySessionsError:
            return rest_errors.answer(RestError("service_unavailable", "Too many sessions."), request.path)
        finally:
            self._sessions.use(None)

    def _call(self, route: Route, call: RestCall) -> Response:
        if route.kind == "login":  # asks the lab, which must not be done with the lock held
            return route.function(call)
        with self._core.lock:
            return route.function(call)

    def _nowhere(self, request: Request) -> Response:
        if self._core.release.has_native_providers or request.path.startswith(rest_errors.OLD_TREE):
            raise rest_errors.operation_not_found(request.path)
        return Response(404, b"404 page not found", {"Content-Type": "text/plain"})

    def refusal(self, request: Request) -> Response:
        """UNAUTHORIZED with the privilege that the operation needs."""
        route: Route | None = request.memo.get("route")
        privilege = route.privilege if route else ""
        return rest_errors.answer(rest_errors.unauthorized(privilege or ANY), request.path)

    def failure(self, request: Request, rule: FaultRule) -> Response:
        """An error of that status."""
        return rest_errors.of_status(rule.status, request.path)

    # sessions

    def _login(self, call: RestCall) -> Response:
        request = call.request
        user, password = _basic(request.headers.get("Authorization") or "")
        agent = request.headers.get("User-Agent") or ""
        session = self._sessions.open(user, password, sessions.new_cookie(), request.peer, agent, REST)
        if session is None:
            raise rest_errors.unauthenticated()
        if request.path == NEW:
            return _json(session.cookie, 201)
        response = _json({"value": session.cookie})
        if HEADER_ONLY not in request.headers:
            response.headers["Set-Cookie"] = f"{SESSION_HEADER}={session.cookie};Path=/rest;Secure;HttpOnly"
        return response

    def _logout(self, call: RestCall) -> Response:
        self._sessions.end(call.session)
        return Response(204 if call.request.path == NEW else 200)

    def _session(self, call: RestCall) -> Response:
        return _json(session_info(call.session))

    def _old_session(self, call: RestCall) -> Response:
        return _json({"value": session_info(call.session)})

    # providers

    def _done(self) -> Response:
        return Response(self._core.settings.rest_write_status)

    def _create(self, call: RestCall) -> Response:
        self._native.create(call.body)
        return self._done()

    def _update(self, call: RestCall) -> Response:
        self._native.update(call.names["provider"], call.body)
        return self._done()

    def _delete(self, call: RestCall) -> Response:
        self._native.delete(call.names["provider"])
        return self._done()

    def _list(self, call: RestCall) -> Response:
        query = call.request.query
        return _json(self._native.list_all(query.getall("providers", []), query.getall("health", [])))

    def _export(self, call: RestCall) -> Response:
        host = call.request.headers.get("Host") or self._core.settings.hostname
        return _json(self._native.export(call.body, host, call.session.user))

    def _get_on_host(self, call: RestCall) -> Response:
        return _json(self._native.get_on_host(call.names["host"], call.names["provider"]))

    def _download(self, call: RestCall) -> Response:
        if call.request.method not in self._core.settings.download_methods:
            return Response(405, b"", {"Allow": ", ".join(self._core.settings.download_methods)})
        name = call.names["provider"]
        content = self._native.download(name, self._token(call.request))
        file_name = urllib.parse.quote(name, safe="")
        disposition = f'attachment; filename="{file_name}.p12"'
        return Response(200, content, {"Content-Type": "application/x-pkcs12", "Content-Disposition": disposition})
