# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of the lab's AWX over HTTP: tokens, lists in pages, look-ups by name, associations, surveys, approvals."""

from __future__ import annotations

import json
import re
import secrets
import threading
import typing as t
import urllib.parse
from base64 import b64encode

from ..faults import FaultRule
from ..web import Described, Request, Response
from . import refusals
from .jobs import Jobs
from .store import ASSOCIATIONS, TARGETS, TYPES, Data, RefusedError, Store

PAGE, LONGEST_PAGE = 25, 200
HIDDEN = "$encrypted$"
_READS = ("GET", "HEAD", "OPTIONS")
_ALL_TEMPLATES = ("job_templates", "workflow_job_templates", "projects")
# what the lists of AWX are filtered by here: field, and field of the object that a field names
_SPECIAL = ("page", "page_size", "or__id", "or__name")


class AwxServer:
    """One AWX 24.6.1 with a user; its projects have the playbooks that a test gives them."""

    system = "awx"

    def __init__(self, playbooks: t.Collection[str], token: str = "") -> None:
        self.store, self.playbooks = Store(), playbooks
        self.token = token or secrets.token_hex(15)
        self.user, self.password = "admin", secrets.token_hex(8)
        self._tokens: dict[int, str] = {}
        self._lock = threading.RLock()
        self._jobs = Jobs(self.store)
        self.launches = self._jobs.launches

    def describe(self, request: Request) -> Described:
        path = re.sub(r"/\d+/", "/{id}/", request.path.removeprefix("/api/v2"))
        kind = "read" if request.method in _READS else "login" if path.startswith("/tokens/") else "write"
        return Described(f"{request.method} {path}", kind)

    def handle(self, request: Request) -> Response:
        with self._lock:
            try:
                status, data = self._answer(request)
            except RefusedError as refused:
                status, data = refused.status, refused.words
        return _response(status, data)

    def refusal(self, request: Request) -> Response:
        return _response(403, {"detail": "You do not have permission to perform this action."})

    def failure(self, request: Request, rule: FaultRule) -> Response:
        return _response(rule.status, {"detail": "A server error has occurred."})

    def _answer(self, request: Request) -> tuple[int, t.Any]:
        parts = [urllib.parse.unquote(part) for part in request.path.strip("/").split("/")]
        if parts[:2] != ["api", "v2"]:
            raise RefusedError({"detail": "The requested resource could not be found."}, 404)
        body = json.loads(request.body) if request.body else {}
        if parts[2] == "tokens":
            return self._token(request, parts)
        sent = request.headers.get("Authorization", "")
        if sent not in {f"Bearer {token}" for token in (self.token, *self._tokens.values())}:
            raise RefusedError({"detail": "Authentication credentials were not provided."}, 401)
        if parts[2] == "project_updates":
            return 200, {
                "id": int(parts[3]),
                "status": "successful",
                "finished": "2026-01-01T00:00:00Z",
                "failed": False,
            }
        if parts[2] == "config":
            return 200, {"version": "24.6.1"}
        if parts[2] == "jobs":
            return self._jobs.listed(dict(request.query))
        if len(parts) == 3:
            return self._list(parts[2], request) if request.method == "GET" else self._create(parts[2], body)
        return self._one(parts[2], int(parts[3]), parts[4:], request.method, body)

    def _token(self, request: Request, parts: list[str]) -> tuple[int, t.Any]:
        wanted = "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()
        if request.headers.get("Authorization") != wanted:
            raise RefusedError({"detail": "Invalid username/password."}, 401)
        if request.method == "DELETE":
            self._tokens.pop(int(parts[3]), None)
            return 204, None
        number = len(self._tokens) + 1
        self._tokens[number] = secrets.token_hex(15)
        return 201, {"id": number, "token": self._tokens[number]}

    def _objects(self, endpoint: str) -> list[Data]:
        if endpoint == "unified_job_templates":
            return [one for kind in _ALL_TEMPLATES for one in self.store.objects[kind].values()]
        if endpoint not in TYPES:
            raise RefusedError({"detail": "The requested resource could not be found."}, 404)
        return list(self.store.objects[endpoint].values())

    def _list(self, endpoint: str, request: Request) -> tuple[int, t.Any]:
        query = dict(request.query)
        number, size = int(query.get("page", 1)), min(int(query.get("page_size", PAGE)), LONGEST_PAGE)
        found = [one for one in self._objects(endpoint) if self._matches(one, query)]
        shown = found[(number - 1) * size : number * size]
        more = None
        if number * size < len(found):
            more = f"/api/v2/{endpoint}/?{urllib.parse.urlencode({**query, 'page': number + 1})}"
        return 200, {
            "count": len(found),
            "next": more,
            "previous": None,
            "results": [self._shown(one) for one in shown],
        }

    def _matches(self, one: Data, query: t.Mapping[str, str]) -> bool:
        either = (
            [one["id"] == int(query["or__id"]), one.get("name") == query["or__name"]] if "or__id" in query else [True]
        )
        return any(either) and all(self._has(one, name, value) for name, value in query.items() if name not in _SPECIAL)

    def _has(self, one: Data, name: str, value: str) -> bool:
        field, _and, rest = name.partition("__")
        if not rest:
            if field not in one and field != "organization":
                raise RefusedError({"detail": f"{one['type']} has no field named '{field}'"})
            return str(self._organization(one) if field == "organization" else one[field]) == value
        other = self.store.find(field, self._organization(one) if field == "organization" else one.get(field))
        return other is not None and self._has(other, rest, value)

    def _organization(self, one: Data) -> t.Any:
        """That of a template is its project's."""
        if one["type"] == "job_template":
            return (self.store.find("project", one.get("project")) or {}).get("organization")
        return one.get("organization")

    def _shown(self, one: Data) -> Data:
        """As everybody may see it."""
        shown = {**one, "related": {"survey_spec": f"{one['url']}survey_spec/"}, "summary_fields": {}}
        for field in TARGETS:
            other = self.store.find(field, one.get(field))
            if other is not None:
                shown["summary_fields"][field] = {"id": other["id"], "name": other.get("name", "")}
                shown["related"][field] = other["url"]
        if one["type"] == "job_template":
            shown["organization"] = self._organization(one)
            shown["related"]["launch"] = f"{one['url']}launch/"
        if one["type"] == "project":
            shown["scm_revision"] = "0123456789abcdef0123456789abcdef01234567" if one["scm_type"] else ""
        if one["type"] == "workflow_job_template_node":
            for link in ("success_nodes", "failure_nodes", "always_nodes"):
                shown[link] = list(self.store.links.get(("workflow_job_template_nodes", one["id"], link), []))
        if one["type"] == "credential":
            kind = self.store.find("credential_type", one["credential_type"]) or {}
            secret = {field["id"] for field in kind.get("inputs", {}).get("fields", []) if field.get("secret")}
            secret |= {"password", "oauth_token"} if kind.get("managed") else set()
            shown["inputs"] = {
                name: HIDDEN if name in secret and value else value for name, value in one["inputs"].items()
            }
        return shown

    def _create(self, endpoint: str, body: Data) -> tuple[int, t.Any]:
        if endpoint not in TYPES or endpoint == "workflow_approval_templates":
            raise RefusedError({"detail": "Method not allowed."}, 405)
        self._judge(endpoint, {**{"inputs": {}, "injectors": {}}, **body})
        made = self._shown(self.store.create(endpoint, body))
        if made["type"] == "project" and made["scm_type"]:
            # AWX begins to fetch it at once
            made["summary_fields"]["current_update"] = {"id": made["id"], "status": "pending"}
        return 201, made

    def _judge(self, endpoint: str, data: Data) -> None:
        known = self.playbooks if self.store.find("project", data.get("project")) else ()
        refusals.judge(self.store, endpoint, data, known)

    def _one(self, endpoint: str, number: int, more: list[str], method: str, body: Data) -> tuple[int, t.Any]:
        one = next((one for one in self._objects(endpoint) if one["id"] == number), None)
        if one is None:
            raise RefusedError({"detail": "Not found."}, 404)
        if more == ["launch"] and endpoint == "job_templates" and method == "POST":
            return 201, self._jobs.launch(one, body)
        if more:
            return self._below(endpoint, one, more[0], method, body)
        if method == "DELETE":
            self.store.remove(endpoint, number)
            return 204, None
        if method == "PATCH":
            changes = body if endpoint == "workflow_approval_templates" else self.store.checked(endpoint, body)
            self._judge(endpoint, {**one, **changes})
            one.update(changes)
        return 200, self._shown(one)

    def _below(self, endpoint: str, one: Data, name: str, method: str, body: Data) -> tuple[int, t.Any]:
        if name == "survey_spec" and endpoint in ("job_templates", "workflow_job_templates"):
            if method == "POST":
                refusals.survey(body)
                self.store.surveys[one["id"]] = body
            elif method == "DELETE":
                self.store.surveys.pop(one["id"], None)
            return 200, self.store.surveys.get(one["id"], {}) if method == "GET" else {}
        if name == "create_approval_template" and endpoint == "workflow_job_template_nodes" and method == "POST":
            approval = self.store.keep_approval({"description": "", "timeout": 0, **body})
            one["unified_job_template"] = approval["id"]
            return 201, self._shown(approval)
        if name not in ASSOCIATIONS or endpoint == "workflow_approval_templates":
            raise RefusedError({"detail": "Not found."}, 404)
        linked = self.store.links.setdefault((endpoint, one["id"], name), [])
        there = self.store.objects[ASSOCIATIONS[name]]
        if method == "GET":
            return 200, {
                "count": len(linked),
                "next": None,
                "previous": None,
                "results": [self._shown(there[n]) for n in linked],
            }
        if body["id"] not in there:
            raise RefusedError({"detail": "Not found."}, 404)
        if body.get("disassociate"):
            linked.remove(body["id"])
        elif body["id"] not in linked:
            linked.append(body["id"])
        return 204, None


def _response(status: int, data: t.Any) -> Response:
    headers = {"Content-Type": "application/json", "X-API-Product-Name": "AWX", "X-API-Product-Version": "24.6.1"}
    return Response(status, b"" if data is None else json.dumps(data).encode(), headers)
