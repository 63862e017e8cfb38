# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON-RPC at POST /api, as the vSphere Automation SDK for Python speaks it: sessions, key providers, tagging.

It is the same vCenter as over REST: the sessions are shared, and the operations are the same functions.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ..faults import FaultRule
from ..web import Described, Request, Response
from . import json_rpc_types as types
from . import rest_errors, sessions
from .native_providers import NativeProviders
from .rest import ANY, READ, SESSION_HEADER, SYSTEM, WRITE, session_info
from .rest_errors import JSON, RestError
from .rest_tagging import Tagging
from .sessions import REST, Session, Sessions

if t.TYPE_CHECKING:
    from .core import Core

PATH = "/api"
SESSIONS = "com.vmware.cis.session"
BY_PASSWORD = "com.vmware.vapi.std.security.user_pass"  # the name of a scheme
BY_SESSION = "com.vmware.vapi.std.security.session_id"
PARSE_ERROR, INVALID_REQUEST, INVALID_PARAMS, NO_METHOD = -32700, -32600, -32602, -32601
TEXTS = {
    PARSE_ERROR: "Parse error.",
    INVALID_REQUEST: "Invalid Request.",
    INVALID_PARAMS: "Invalid params.",
    NO_METHOD: "Method not found.",
}


class ProtocolError(Exception):
    """The request is no call; `number` is that of JSON-RPC 2.0."""

    def __init__(self, number: int) -> None:
        super().__init__(TEXTS[number])
        self.number = number


@dataclasses.dataclass(frozen=True)
class Asked:
    """One call as it came in."""

    number: t.Any
    service: str
    operation: str
    given: dict[str, t.Any]
    security: dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Operation:
    """One operation. Without `privilege` it needs no session."""

    function: t.Callable[[t.Any], t.Any]  # from the RpcCall to the value
    encode: types.Encoder = types.plain
    kind: str = "read"
    privilege: str = ANY


@dataclasses.dataclass(frozen=True)
class RpcCall:
    """One call on its way to its function."""

    asked: Asked
    request: Request
    session: t.Any  # None only for operations without privilege

    def of(self, name: str, kind: type = str) -> t.Any:
        """A field of the input."""
        if not isinstance(self.asked.given.get(name), kind):
            raise RestError("invalid_argument", f"{name} is missing", "vapi.data.structure.field.missing")
        return self.asked.given[name]

    def spec(self) -> dict[str, t.Any]:
        """The field `spec`."""
        return dict(self.of("spec", dict))


def read(body: bytes) -> Asked:
    """The call in a request; raises ProtocolError."""
    try:
        message = json.loads(body)
    except ValueError as exc:
        raise ProtocolError(PARSE_ERROR) from exc
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise ProtocolError(INVALID_REQUEST)
    if message.get("method") != "invoke":
        raise ProtocolError(NO_METHOD)
    try:
        params = message["params"]
        given = types.decode(params["input"])
        security = params.get("ctx", {}).get("securityCtx") or {}
        if not isinstance(given, dict) or not isinstance(security, dict):
            raise ProtocolError(INVALID_PARAMS)
        return Asked(message.get("id"), str(params["serviceId"]), str(params["operationId"]), given, security)
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise ProtocolError(INVALID_PARAMS) from exc


class JsonRpc:
    """Answers POST /api."""

    def __init__(self, core: Core, known: Sessions, native: NativeProviders, tagging: Tagging) -> None:
        self._core = core
        self._sessions = known
        self._native = native
        self._operations = {
            **self._of_sessions(),
            **(self._of_providers() if core.release.has_native_providers else {}),
            **self._of_tagging(tagging),
        }

    def _of_sessions(self) -> dict[tuple[str, str], Operation]:
        return {
            (SESSIONS, "create"): Operation(self._login, types.secret, "login", ""),
            (SESSIONS, "get"): Operation(lambda call: session_info(call.session), types.SESSION),
            (SESSIONS, "delete"): Operation(lambda call: self._sessions.end(call.session), kind="logout"),
        }

    def _of_providers(self) -> dict[tuple[str, str], Operation]:
        native, kms, on_host = self._native, types.KMS[:-1], types.HOST_KMS[:-1]
        return {
            (kms, "list"): Operation(self._list, types.many(types.SUMMARY), privilege=READ),
            (kms, "get"): Operation(lambda call: native.get(call.of("provider")), types.INFO, privilege=READ),
            (kms, "create"): Operation(lambda call: native.create(call.spec()), kind="write", privilege=WRITE),
            (kms, "update"): Operation(
                lambda call: native.update(call.of("provider"), call.spec()), kind="write", privilege=WRITE
            ),
            (kms, "delete"): Operation(lambda call: native.delete(call.of("provider")), kind="write", privilege=WRITE),
            (kms, "export"): Operation(self._export, types.EXPORT_RESULT, "write", WRITE),
            (kms, "import_provider"): Operation(
                lambda call: native.restore(call.spec()), types.IMPORT_RESULT, "write", WRITE
            ),
            (on_host, "list"): Operation(
                lambda call: native.list_on_host(call.of("host")), types.many(types.HOST_SUMMARY), privilege=READ
            ),
            (on_host, "get"): Operation(
                lambda call: native.get_on_host(call.of("host"), call.of("provider")), types.HOST_INFO, privilege=READ
            ),
        }

    @staticmethod
    def _of_tagging(tagging: Tagging) -> dict[tuple[str, str], Operation]:
        return {
            (types.TAGGING + service, name): Operation(
                lambda call, do=function: do(call.asked.given),  # type: ignore[misc]
                types.TAGGING_OUTPUT.get((service, name), types.plain),
            )
            for (service, name), function in tagging.operations().items()
        }

    # application

    @staticmethod
    def claims(request: Request) -> bool:
        """Whether a request is for this interface."""
        return request.method == "POST" and request.path.rstrip("/") == PATH

    def describe(self, request: Request) -> Described:
        """Name the call; it and its session are found once, for `handle` too."""
        try:
            asked = read(request.body)
        except ProtocolError as error:
            request.memo["error"] = error
            return Described("unreadable", "read", PATH, "", SYSTEM)
        known = self._operations.get((asked.service, asked.operation))
        session = self._sessions.find(self._session_id(request, asked), REST)
        request.memo.update(asked=asked, operation=known, session=session)
        kind = known.kind if known else "read"
        spec = asked.given.get("spec")
        if asked.operation == "import_provider" and isinstance(spec, dict) and spec.get("dry_run") is True:
            kind = "read"
        actor = session.user if session else ""
        if kind == "login":
            actor = str(asked.security.get("userName", ""))
        return Described(f"{asked.service}.{asked.operation}", kind, PATH, actor, SYSTEM)

    @staticmethod
    def _session_id(request: Request, asked: Asked) -> str | None:
        if asked.security.get("schemeId") == BY_SESSION:
            return str(asked.security.get("sessionId", ""))
        return request.headers.get(SESSION_HEADER)

    def handle(self, request: Request) -> Response:
        """Answer a request."""
        problem: ProtocolError | None = request.memo.get("error")
        if problem is not None:
            return _answer(None, error={"code": problem.number, "message": str(problem)})
        asked: Asked = request.memo["asked"]
        known: Operation | None = request.memo["operation"]
        session: Session | None = request.memo["session"]
        try:
            if known is None:
                raise _not_found(asked)
            if known.privilege and session is None:
                raise rest_errors.unauthenticated()
            if known.privilege and session is not None and not session.may(known.privilege):
                raise rest_errors.unauthorized(known.privilege)
            self._sessions.use(session)
            value = self._call(known, RpcCall(asked, request, session))
            return _answer(asked.number, result={"output": None if value is None else known.encode(value)})
        except RestError as error:
            return self._error(asked.number, error)
        except sessions.TooManySessionsError:
            return self._error(asked.number, RestError("service_unavailable", "Too many sessions."))
        finally:
            self._sessions.use(None)

    def _call(self, known: Operation, call: RpcCall) -> t.Any:
        if known.kind == "login":  # asks the lab, which must not be done with the lock held
            return known.function(call)
        with self._core.lock:
            return known.function(call)

    @staticmethod
    def _error(number: t.Any, error: RestError) -> Response:
        return _answer(number, result={"error": types.error(error.name, error.message)})

    def refusal(self, request: Request) -> Response:
        """UNAUTHORIZED with the privilege that the operation needs."""
        asked: Asked | None = request.memo.get("asked")
        known: Operation | None = request.memo.get("operation")
        privilege = (known.privilege if known else "") or ANY
        return self._error(asked.number if asked else None, rest_errors.unauthorized(privilege))

    @staticmethod
    def failure(request: Request, rule: FaultRule) -> Response:
        """An error of the endpoint itself, with that status."""
        return rest_errors.of_status(rule.status, request.path)

    # functions

    def _login(self, call: RpcCall) -> str:
        security = call.asked.security
        if security.get("schemeId") != BY_PASSWORD:
            raise rest_errors.unauthenticated()
        user, password = str(security.get("userName", "")), str(security.get("password", ""))
        agent = call.request.headers.get("User-Agent") or ""
        session = self._sessions.open(user, password, sessions.new_cookie(), call.request.peer, agent, REST)
        if session is None:
            raise rest_errors.unauthenticated()
        return session.cookie

    def _list(self, call: RpcCall) -> t.Any:
        wanted = call.of("filter_spec", dict) if call.asked.given.get("filter_spec") else {}
        return self._native.list_all(wanted.get("providers", []), wanted.get("health", []))

    def _export(self, call: RpcCall) -> t.Any:
        host = call.request.headers.get("Host") or self._core.settings.hostname
        return self._native.export(call.spec(), host, call.session.user)


def _not_found(asked: Asked) -> RestError:
    text = f"Cannot find operation {asked.operation} in service {asked.service}."
    return RestError("operation_not_found", text, "vapi.method.input.invalid.interface")


def _answer(number: t.Any, **outcome: t.Any) -> Response:
    return Response(200, json.dumps({"jsonrpc": "2.0", "id": number, **outcome}).encode(), dict(JSON))
