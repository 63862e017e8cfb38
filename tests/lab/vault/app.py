# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KV v2 of HashiCorp Vault over HTTP, after the public pages of its API: developer.hashicorp.com/vault/api-docs.

Pages `secret/kv/kv-v2` (paths, bodies, answers), `index` (tokens, namespaces, error bodies, 503 when sealed), and
`concepts/policies` (capabilities of paths).
"""

from __future__ import annotations

import dataclasses
import datetime
import fnmatch
import json
import re
import secrets
import threading
import typing as t
import urllib.parse

from ..clock import LabClock
from ..faults import FaultRule
from ..kv import KvError, KvSecret, KvStore, KvVersion, seconds_of
from ..web import Described, Request, Response

MOUNT = "secret"
_PATH = re.compile(
    r"/v1/(?P<mount>[^/]+)/(?P<part>data|metadata|delete|undelete|destroy|config|subkeys)(?:/(?P<path>.+))?"
)
_CAPABILITIES = {"GET": "read", "LIST": "list", "DELETE": "delete", "PUT": "update", "POST": "update"}
Data = dict[str, t.Any]


@dataclasses.dataclass
class VaultToken:
    """A token; `rules` are (pattern of a path below /v1/, capability), `*` as capability for all."""

    value: str = dataclasses.field(repr=False)
    rules: list[tuple[str, str]]
    expires: float | None = None


class RefusedError(Exception):
    """An error answer."""

    def __init__(self, status: int, *words: str, data: Data | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body: Data = {"errors": list(words)} if data is None else data


class VaultServer:
    """One Vault; `sealed` and `namespace` may be changed."""

    system = "vault"

    def __init__(self, clock: LabClock) -> None:
        self.clock = clock
        self.store = KvStore(clock)
        self.sealed = False
        self.namespace = ""
        self.url = ""
        self._tokens: dict[str, VaultToken] = {}
        self._lock = threading.RLock()
        self.token = self.add_token([("*", "*")])

    def add_token(self, rules: t.Iterable[tuple[str, str]], lifetime: float | None = None) -> str:
        """A new token with a policy; `lifetime` in seconds."""
        value = f"hvs.{secrets.token_urlsafe(24)}"
        expires = None if lifetime is None else self.clock.time() + lifetime
        self._tokens[value] = VaultToken(value, list(rules), expires)
        return value

    def secrets(self) -> list[str]:
        """Every token, to be looked for where none may be."""
        return list(self._tokens)

    # --- the web application

    def describe(self, request: Request) -> Described:
        match = _PATH.fullmatch(request.path)
        kind = "read" if request.method in ("GET", "LIST", "HEAD") else "write"
        if match is None:
            return Described(f"{request.method} {request.path}", kind, request.path)
        tail = "/{path}" if match["path"] else ""
        return Described(f"{request.method} /v1/{{mount}}/{match['part']}{tail}", kind, request.path)

    def handle(self, request: Request) -> Response:
        with self._lock:
            try:
                status, body = self._answer(request)
            except RefusedError as refused:
                status, body = refused.status, refused.body
        return _response(status, body)

    def refusal(self, request: Request) -> Response:
        return _response(403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]})

    def failure(self, request: Request, rule: FaultRule) -> Response:
        return _response(rule.status, {"errors": ["internal error"]})

    # --- parts

    def _answer(self, request: Request) -> tuple[int, Data | None]:
        if self.sealed:
            raise RefusedError(503, "Vault is sealed")
        match = _PATH.fullmatch(request.path)
        namespace = request.headers.get("X-Vault-Namespace", "").strip("/")
        if match is None or match["mount"] != MOUNT or namespace != self.namespace:
            self._token(request)
            raise RefusedError(
                404, f'no handler for route "{request.path.removeprefix("/v1/")}". route entry not found.'
            )
        path = urllib.parse.unquote(match["path"] or "")
        token = self._token(request)
        if request.method not in _CAPABILITIES:
            raise RefusedError(405, "unsupported operation")
        self._allowed(token, request, match["part"], path)
        body = json.loads(request.body) if request.body.strip() else {}
        try:
            return self._call(request.method, match["part"], path, body, request)
        except KvError as problem:
            if problem.kind == "MISSING":
                raise RefusedError(404) from None  # {"errors": []}
            raise RefusedError(400, problem.words) from None

    def _token(self, request: Request) -> VaultToken:
        scheme, _space, bearer = request.headers.get("Authorization", "").partition(" ")
        value = request.headers.get("X-Vault-Token") or (bearer if scheme.lower() == "bearer" else "")
        found = self._tokens.get(value)
        if found is None or (found.expires is not None and found.expires <= self.clock.time()):
            raise RefusedError(403, "permission denied", "invalid token")
        return found

    def _allowed(self, token: VaultToken, request: Request, part: str, path: str) -> None:
        needed = _CAPABILITIES[request.method]
        # what is not there yet is created: a capability of its own
        if part in ("data", "metadata") and needed == "update" and path not in self.store.secrets:
            needed = "create"
        target = f"{MOUNT}/{part}" + (f"/{path}" if path else "")
        if not any(fnmatch.fnmatchcase(target, pattern) and can in ("*", needed) for pattern, can in token.rules):
            raise RefusedError(403, "1 error occurred:\n\t* permission denied\n\n")

    def _call(self, method: str, part: str, path: str, body: Data, request: Request) -> tuple[int, Data | None]:
        write = method in ("POST", "PUT")
        if part == "config" and not path:
            return self._config(body) if write else (200, _wrapped(self._defaults()))
        if part == "data" and write:
            return 200, _wrapped(self._write(path, body))
        if part == "data" and method == "GET":
            return 200, _wrapped(self._read(path, request))
        if part == "metadata" and write:
            return self._set(path, body)
        secret = self.store.find(path)
        if part == "metadata" and method == "GET":
            return 200, _wrapped(self._metadata(secret))
        if part == "metadata" and method == "DELETE":
            del self.store.secrets[path]
            return 204, None
        if part == "data" and method == "DELETE":
            self.store.hide(secret, [secret.current])
            return 204, None
        if part in ("delete", "undelete") and write:
            self.store.hide(secret, map(int, body["versions"]), part == "delete")
            return 204, None
        if part == "destroy" and write:
            self.store.destroy(secret, map(int, body["versions"]))
            return 204, None
        raise RefusedError(405, "unsupported operation")

    def _defaults(self) -> Data:
        store = self.store
        hide_after = store.hide_after or "0s"
        return {
            "cas_required": store.cas_required,
            "delete_version_after": hide_after,
            "max_versions": store.max_versions,
        }

    def _config(self, body: Data) -> tuple[int, None]:
        seconds_of(body.get("delete_version_after"))
        self.store.cas_required = bool(body.get("cas_required", self.store.cas_required))
        self.store.max_versions = int(body.get("max_versions", self.store.max_versions))
        self.store.hide_after = body.get("delete_version_after", self.store.hide_after)
        return 204, None

    def _write(self, path: str, body: Data) -> Data:
        made = self.store.write(path, t.cast("Data", body.get("data")), (body.get("options") or {}).get("cas"))
        return self._about(self.store.find(path), made)

    def _read(self, path: str, request: Request) -> Data:
        secret = self.store.find(path)
        version = self.store.version(secret, int(request.query.get("version", "0")))
        about = self._about(secret, version)
        if not self.store.shown(version):
            raise RefusedError(404, data=_wrapped({"data": None, "metadata": about}))
        return {"data": version.data, "metadata": about}

    def _set(self, path: str, body: Data) -> tuple[int, None]:
        seconds_of(body.get("delete_version_after"))
        now = self.clock.now()
        # unlike version 1 of the engine: a secret may have metadata before it has a version
        secret = self.store.secrets.setdefault(path, KvSecret(path, now, now))
        secret.max_versions = body.get("max_versions", secret.max_versions)
        secret.cas_required = body.get("cas_required", secret.cas_required)
        secret.hide_after = body.get("delete_version_after", secret.hide_after)
        secret.custom = dict(body.get("custom_metadata") or secret.custom)
        return 204, None

    def _metadata(self, secret: KvSecret) -> Data:
        versions = {
            str(version.number): {
                "created_time": _stamp(version.created),
                "deletion_time": _stamp(version.hidden),
                "destroyed": version.destroyed,
            }
            for version in secret.versions.values()
        }
        return {
            "cas_required": bool(secret.cas_required),
            "created_time": _stamp(secret.created),
            "current_version": secret.current,
            "custom_metadata": dict(secret.custom) or None,
            "delete_version_after": secret.hide_after or "0s",
            "max_versions": secret.max_versions or 0,
            "oldest_version": secret.oldest,
            "updated_time": _stamp(secret.updated),
            "versions": versions,
        }

    @staticmethod
    def _about(secret: KvSecret, version: KvVersion) -> Data:
        return {
            "created_time": _stamp(version.created),
            "custom_metadata": dict(secret.custom) or None,
            "deletion_time": _stamp(version.hidden),
            "destroyed": version.destroyed,
            "version": version.number,
        }


def _stamp(moment: datetime.datetime | None) -> str:
    """As Go writes it, with nanoseconds; empty for never."""
    return "" if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def _wrapped(data: Data) -> Data:
    return {
        "request_id": secrets.token_hex(16),
        "lease_id": "",
        "renewable": False,
        "lease_duration": 0,
        "data": data,
        "wrap_info": None,
        "warnings": None,
        "auth": None,
        "mount_type": "kv",
    }


def _response(status: int, body: Data | None) -> Response:
    text = b"" if body is None else json.dumps(body).encode() + b"\n"
    return Response(status, text, {"Content-Type": "application/json"})
