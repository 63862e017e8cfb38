# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published API contracts as data: which operations exist, what they take and what they give."""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
import re
import typing as t
import urllib.parse

from .errors import bad_request, error, old_error
from .schema import Checker, Models, parse_query

_DIRECTORY = pathlib.Path(__file__).parent / "contract_data"
_VERSIONS = {"1.0": 1, "v1": 1, "v2": 2, "api": 3}  # 3: the regional API of OKMS


@dataclasses.dataclass(frozen=True)
class Operation:
    """One method on one path template; `name` is how the journal calls it (`GET /v2/okms/resource/{okmsId}`)."""

    name: str
    method: str
    version: int
    template: str
    pattern: re.Pattern[str]
    facts: dict[str, t.Any]
    models: Models

    @property
    def anonymous(self) -> bool:
        """No authentication is asked for."""
        return bool(self.facts["noAuthentication"])

    @property
    def actions(self) -> list[str]:
        """IAM actions without which the call is refused."""
        return [action["name"] for action in self.facts.get("iamActions") or [] if action["required"]]

    @property
    def answer_type(self) -> str:
        """Contract type of the answer."""
        return str(self.facts["responseType"])

    @property
    def paged(self) -> bool:
        """The list comes in pages, with a cursor."""
        cursor = any(item.get("name") == "X-Pagination-Cursor" for item in self.facts["parameters"])
        return cursor and self.answer_type.endswith("[]")

    @property
    def writes(self) -> bool:
        """It may change something."""
        return self.method != "GET" and not self.template.endswith("authorization/check")

    def error_class(self, ending: str) -> str:
        """The error class of this operation with that ending, or an empty string."""
        return next((name for name in self.facts.get("errors") or [] if name.endswith(ending)), "")

    def parameters(self, place: str) -> list[dict[str, t.Any]]:
        """Parameters found in `path`, `query` or `body`."""
        return [item for item in self.facts["parameters"] if item["paramType"] == place]


def _operation(version: int, path: str, facts: dict[str, t.Any], models: Models) -> Operation:
    parts = re.split(r"\{(\w+)\}", path)
    # clients of Vault write the slashes of a secret's path as they are
    one = {"path": ".+"} if version == 3 and "/v1/secret/" in path else {}
    pattern = "".join(
        f"(?P<{part}>{one.get(part, '[^/]+')})" if index % 2 else re.escape(part) for index, part in enumerate(parts)
    )
    prefix = {2: "/v2", 3: "/api"}.get(version, "")
    name = f"{facts['httpMethod']} {prefix}{path}"
    return Operation(name, facts["httpMethod"], version, path, re.compile(pattern), facts, models)


@functools.lru_cache(maxsize=1)
def operations() -> tuple[Operation, ...]:
    """All operations of all contracts; templates without placeholders come first, as they win."""
    found = []
    for file in sorted(_DIRECTORY.glob("*.json")):
        contract = json.loads(file.read_text(encoding="utf-8"))
        version = {"v2": 2, "api": 3}.get(contract["basePath"].rpartition("/")[2], 1)
        for api in contract["apis"]:
            for facts in api["operations"]:
                found.append(_operation(version, api["path"], facts, contract["models"]))
    return tuple(sorted(found, key=lambda operation: operation.template.count("{")))


def find(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    """The operation a raw path means and its undecoded path parameters; ApiError 404 or 405."""
    head, _separator, rest = path.lstrip("/").partition("/")
    other_method = False
    for operation in operations():
        if operation.version != _VERSIONS.get(head):
            continue
        match = operation.pattern.fullmatch("/" + rest)
        if match and operation.method == method:
            return operation, match.groupdict()
        other_method = other_method or bool(match)
    if other_method:
        raise error(405, f"{method} is not possible here")
    raise old_error(404, "INVALID_URL", "Got an invalid (or empty) URL")


def _checked(models: Models, kind: str, text: str, name: str) -> t.Any:
    try:
        value = parse_query(kind, text)
    except ValueError:
        raise bad_request(f"Invalid value for parameter {name}: not of type {kind}") from None
    for problem in Checker(models, answer=False).problems(kind, value, name):
        raise bad_request(f"Invalid parameter {problem}")
    return value


def path_values(operation: Operation, raw: dict[str, str]) -> dict[str, t.Any]:
    """Decoded and typed path parameters."""
    kinds = {item["name"]: item.get("fullType") or item["dataType"] for item in operation.parameters("path")}
    return {
        name: _checked(operation.models, kinds.get(name, "string"), urllib.parse.unquote(text), name)
        for name, text in raw.items()
    }


def query_values(operation: Operation, query: t.Any) -> dict[str, t.Any]:
    """Typed query parameters (a multidict came in); unknown, doubled and missing ones are refused."""
    known = {item["name"]: item for item in operation.parameters("query")}
    for name in query:
        if name not in known:
            raise bad_request(f"Unknown parameter {name}")
    values: dict[str, t.Any] = {}
    for name, item in known.items():
        kind = item.get("fullType") or item["dataType"]
        given = query.getall(name, [])
        if not given:
            if item["required"]:
                raise bad_request(f"Missing parameter {name}")
        elif kind.endswith("[]") and not kind.startswith("map["):
            values[name] = [_checked(operation.models, kind[:-2], text, name) for text in given]
        elif len(given) > 1:
            raise bad_request(f"Parameter {name} was given more than once")
        else:
            values[name] = _checked(operation.models, kind, given[0], name)
    return values


def body_value(operation: Operation, body: bytes) -> dict[str, t.Any]:
    """The checked JSON body, an empty object when there is none."""
    value: t.Any = {}
    if body.strip():
        try:
            value = json.loads(body)
        except ValueError:
            raise bad_request("The body is not valid JSON") from None
    value = {} if value is None else value
    if not isinstance(value, dict):
        raise bad_request("The body is not a JSON object")
    models, kind = dict(operation.models), "body"
    items = operation.parameters("body")
    if len(items) == 1 and not items[0].get("name"):
        kind = items[0].get("fullType") or items[0]["dataType"]
    else:
        # v1: several named parameters make one object
        fields = {item["name"]: {**item, "type": item["dataType"], "canBeNull": False} for item in items}
        models["body"] = {"properties": fields}
    for problem in Checker(models, answer=False).problems(kind, value, "body"):
        raise error(400, f"Invalid {problem}", _class_of(operation, problem))
    return value


def _class_of(operation: Operation, problem: str) -> str:
    """The operation's own error class for a wrong enum value (`CredentialCertificateTypeInvalidEnum`), else none."""
    field = problem.split(":", 1)[0].rsplit(".", 1)[-1]
    return operation.error_class(f"{field[:1].upper()}{field[1:]}InvalidEnum") if " is not one of " in problem else ""


def answer_problems(operation: Operation, value: t.Any) -> list[str]:
    """Breaches of the contract in an answer of the lab."""
    if operation.answer_type == "void":
        return [] if value is None else ["answer: a void operation gave a value"]
    return list(Checker(operation.models, answer=True).problems(operation.answer_type, value, "answer"))
