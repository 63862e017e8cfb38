# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The OVHcloud API of the lab as one web application."""

from __future__ import annotations

import base64
import itertools
import json
import logging
import threading
import typing as t

from ..clock import LabClock
from ..faults import FaultRule
from ..pki import Authority
from ..web import Described, Request, Response
from . import contracts
from .account import AccountArea
from .auth import TOKEN_PATH, Auth
from .cart import CartArea
from .core import Area, Call, Core, Handler, Region
from .credentials import CredentialArea
from .errors import CONTRACT_BREACH, ApiError, bad_request, error, forbidden_by_iam
from .iam import IamArea
from .logs import LogArea
from .object_lists import ObjectLists
from .okms import OkmsArea
from .orders import OrderArea
from .pcc_datacenters import DatacenterArea
from .pcc_kms import KmsArea
from .pcc_tasks import TaskArea
from .pcc_users import UserArea
from .private_cloud import PrivateCloudArea
from .rights import Rights
from .secrets import SecretArea
from .secrets_kv import SecretKvArea
from .seed import Seed
from .service_keys import ServiceKeyArea
from .services import ServiceArea
from .settings import OvhSettings

LOG = logging.getLogger("lab.ovhcloud")


class OvhCloud(Seed):
    """API v1 (/1.0 and /v1), API v2 (/v2) and the OAuth2 token endpoint; seeding and callbacks come from Seed."""

    system = "ovhcloud"

    def __init__(
        self,
        clock: LabClock,
        settings: OvhSettings | None = None,
        okms_authority: Authority | None = None,
        regions: t.Sequence[Region] = (),
    ) -> None:
        authority = okms_authority or Authority("CCMUsersCA", clock)
        core = Core(clock, settings or OvhSettings(), authority, regions)
        self.auth, self.rights, self.account = Auth(core), Rights(core), AccountArea(core)
        self.okms, self.tasks = OkmsArea(core), TaskArea(core)
        self.credentials = CredentialArea(core, self.okms)
        self.users, self.logs = UserArea(core, self.tasks), LogArea(core)
        self.private_clouds = PrivateCloudArea(core, self.tasks, self.users)
        orders, secrets = OrderArea(core, self.okms.deliver), SecretArea(core, self.rights)
        areas: list[Area] = [
            *(self.auth, self.account, self.okms, self.credentials, self.tasks, self.users, self.private_clouds),
            *(orders, CartArea(core, self.account, orders), ServiceArea(core, self.account, self.okms)),
            *(KmsArea(core, self.tasks), DatacenterArea(core), IamArea(core, self.rights), ServiceKeyArea(core)),
            *(secrets, SecretKvArea(core, secrets), self.logs),
        ]
        self._handlers: dict[str, Handler] = {}
        for area in areas:
            self._handlers.update(area.handlers())
        self._objects = ObjectLists(core, self.rights, self._handlers)
        self._lock = threading.RLock()
        self._queries = itertools.count(1)
        self.contract_errors: list[str] = []
        # operation -> what a newer API would make of the answer: values and fields that no contract of today knows
        self.newer: dict[str, t.Callable[[t.Any], t.Any]] = {}
        super().__init__(core)

    @property
    def served(self) -> frozenset[str]:
        """Names of the operations that have a handler."""
        return frozenset(self._handlers)

    # --- the web application

    def describe(self, request: Request) -> Described:
        """Name the request as the contract does."""
        with self._lock:
            identity = self.auth.identify(request)
        actor = identity.urn if identity else ""
        if request.path == TOKEN_PATH:
            return Described(f"{request.method} {TOKEN_PATH}", "login", request.path, actor)
        try:
            operation = contracts.find(request.method, request.path)[0]
        except ApiError:
            kind = "read" if request.method in ("GET", "HEAD") else "write"
            return Described(f"{request.method} {request.path}", kind, request.path, actor)
        kind = "write" if operation.writes else "read"
        kind = "logout" if operation.name == "POST /auth/logout" else kind
        return Described(operation.name, kind, request.path, actor)

    def handle(self, request: Request) -> Response:
        """Answer one request; one at a time, so that every run is the same."""
        with self._lock:
            if request.path == TOKEN_PATH:
                response = self.auth.token_answer(request)
                response.headers["X-Ovh-QueryID"] = self._query_id()
                return response
            try:
                return self._handle(request)
            except ApiError as problem:
                return self._problem(problem, request.path.startswith("/api/"))

    def _problem(self, problem: ApiError, regional: bool) -> Response:
        """An error; what conflicts with the state of an object may be a bad request to the real service."""
        if problem.status == 409 and self.settings.conflict_status == 400:
            problem = bad_request(problem.body["message"])
        if regional and problem.status == 403:
            problem = ApiError(self.settings.regional_refusal, problem.body)
        return self._answer(problem.status, _regional(problem) if regional else problem.body)

    def refusal(self, request: Request) -> Response:
        """The answer of an identity without the right."""
        try:
            actions = contracts.find(request.method, request.path)[0].actions
        except ApiError:
            actions = []
        problem = forbidden_by_iam(actions)
        return self._answer(problem.status, problem.body)

    def failure(self, request: Request, rule: FaultRule) -> Response:
        """An answer with the status of the rule."""
        problem = error(rule.status)
        return self._answer(problem.status, problem.body)

    # --- parts

    def _handle(self, request: Request) -> Response:
        operation, raw = contracts.find(request.method, request.path)
        identity = self.auth.authenticate(request, operation)
        params = contracts.path_values(operation, raw)
        query = contracts.query_values(operation, request.query)
        call = Call(operation, request, identity, params, query, {})
        self.rights.check(call)
        call.body = contracts.body_value(operation, request.body)
        handler = self._handlers.get(operation.name)
        if handler is None:
            raise error(500, f"{operation.name} is in the contract but has no handler", CONTRACT_BREACH)
        value = self.rights.visible(call, handler(call))
        self._check(operation, value)
        if self._objects.asked(call):
            value = self._objects.of(call, value)
            for item in value:
                self._check(self._objects.single(operation), item)
            return self._answer(200, *self._objects.page(call, value))
        if operation.facts.get("created"):
            return self._answer(201, value)
        change = self.newer.get(operation.name)
        return self._success(call, value if change is None else change(value))

    def _check(self, operation: contracts.Operation, value: t.Any) -> None:
        problems = contracts.answer_problems(operation, value)
        if problems:
            self.contract_errors.extend(f"{operation.name}: {problem}" for problem in problems)
            LOG.error("%s breaks its contract: %s", operation.name, "; ".join(problems))
            raise error(500, "; ".join(problems), CONTRACT_BREACH)

    def _success(self, call: Call, value: t.Any) -> Response:
        regional = call.operation.version == 3
        if call.operation.answer_type == "void" and (regional or self.settings.void == "empty"):
            return Response(204, b"", {"X-Ovh-QueryID": self._query_id()})
        headers = {}
        if call.operation.paged:
            value, following = self._page(call, value)
            if following:
                headers["X-Pagination-Cursor-Next"] = following
        posted = call.request.method == "POST" and not regional
        return self._answer(self.settings.post_status if posted else 200, value, headers)

    def _page(self, call: Call, items: list[t.Any]) -> tuple[list[t.Any], str]:
        headers, settings = call.request.headers, self.settings
        asked = headers.get("X-Pagination-Size", str(settings.page_size))
        if not asked.isdigit() or int(asked) < 1:
            raise bad_request("Invalid header X-Pagination-Size")
        cursor = headers.get("X-Pagination-Cursor")
        try:
            start = int(base64.urlsafe_b64decode(cursor).decode().removeprefix("from:")) if cursor else 0
        except ValueError:
            class_name = call.operation.error_class("CursorInvalidValue")
            raise error(400, "Invalid header X-Pagination-Cursor", class_name) from None
        end = start + min(int(asked), settings.page_maximum)
        following = base64.urlsafe_b64encode(f"from:{end}".encode()).decode() if end < len(items) else ""
        return items[start:end], following

    def _query_id(self) -> str:
        return f"EU.ext-3.lab.{next(self._queries):08x}"

    def _answer(self, status: int, value: t.Any, headers: dict[str, str] | None = None) -> Response:
        body = json.dumps(value, ensure_ascii=False).encode()
        kept = {"Content-Type": "application/json; charset=utf-8", "X-Ovh-QueryID": self._query_id()}
        return Response(status, body, {**kept, **(headers or {})})


def _regional(problem: ApiError) -> dict[str, t.Any]:
    """The error body of the regional API; its number is made up of parts that the SDK names."""
    category = {401: 3, 403: 4, 404: 5, 429: 9}.get(problem.status, 2)
    code = 3 << 24 | 3 << 16 | category << 12 | 1
    request_id = "0a1b2c3d-0000-4000-8000-000000000002"
    more = {"data": problem.body["data"]} if "data" in problem.body else {}
    said = [problem.body["message"]]
    return {"error_id": request_id, "error_code": code, "errors": said, "request_id": request_id, **more}
