# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secret Manager of OKMS as clients of Vault see it: KV v2 below /api/{okmsId}/v1/secret of the regional API."""

from __future__ import annotations

import typing as t

from ..kv import KvError, KvSecret, KvStore, KvVersion, check_versions, seconds_of
from .core import Area, Call, Core, serves, stamp
from .errors import ApiError, bad_request, not_found
from .okms import usable
from .secrets import Data, SecretArea

_KV = "/api/{okmsId}/v1/secret"


class SecretKvArea(Area):
    """The third door to the same secrets."""

    def __init__(self, core: Core, secrets: SecretArea) -> None:
        super().__init__(core)
        self._secrets = secrets

    # --- parts

    def _store(self, call: Call) -> KvStore:
        return self._secrets.store(usable(self, call))

    def _found(self, call: Call) -> tuple[KvStore, KvSecret]:
        store = self._store(call)
        try:
            return store, store.find(call.params["path"])
        except KvError as problem:
            raise self._secrets.refused(problem) from None

    def _deletion_time(self, version: KvVersion) -> str | None:
        return stamp(version.hidden) if version.hidden else self.core.settings.secret_deletion_time

    def _about(self, secret: KvSecret, version: KvVersion) -> Data:
        return {
            "created_time": stamp(version.created),
            "custom_metadata": dict(secret.custom) or None,
            "deletion_time": self._deletion_time(version),
            "destroyed": version.destroyed,
            "version": version.number,
        }

    def _hiding(self, given: Data) -> str | None:
        """The duration after which versions are hidden, under the name that this API has for it."""
        field = self.core.settings.secret_hiding_field
        if unknown := [name for name in given if name.endswith("_version_after") and name != field]:
            raise bad_request(f"Invalid body.{unknown[0]}: unknown field")
        return t.cast("str | None", given.get(field))

    # --- calls

    @serves(f"GET {_KV}/config")
    def config(self, call: Call) -> Data:
        """Defaults of the domain's secrets."""
        store = self._store(call)
        hiding = {self.core.settings.secret_hiding_field: store.hide_after or "0s"}
        data = {"cas_required": store.cas_required, "max_versions": store.max_versions or store.usual, **hiding}
        return {"request_id": None, "data": data}

    @serves(f"POST {_KV}/config")
    def set_config(self, call: Call) -> None:
        """Change them."""
        store, body = self._store(call), call.body
        try:
            check_versions(body.get("max_versions"))
            seconds_of(self._hiding(body))
        except KvError as problem:
            raise self._secrets.refused(problem) from None
        store.cas_required = bool(body.get("cas_required", store.cas_required))
        store.max_versions = int(body.get("max_versions", store.max_versions))
        store.hide_after = self._hiding(body) or store.hide_after

    @serves(f"POST {_KV}/data/{{path}}")
    def write(self, call: Call) -> Data:
        """A new version, of a new secret too."""
        store, path = self._store(call), call.params["path"]
        self._secrets.need(call, "secret/version/create" if path in store.secrets else "secret/create")
        try:
            made = store.write(path, call.body.get("data"), (call.body.get("options") or {}).get("cas"))  # type: ignore[arg-type]
        except KvError as problem:
            raise self._secrets.refused(problem) from None
        return {"request_id": None, "warnings": None, "data": self._about(store.find(path), made)}

    @serves(f"GET {_KV}/data/{{path}}")
    def read(self, call: Call) -> Data:
        """The data of a version; one that is not shown is 404 with its metadata."""
        store, secret = self._found(call)
        try:
            version = store.version(secret, call.query.get("version"))
        except KvError as problem:
            raise self._secrets.refused(problem) from None
        about = self._about(secret, version)
        if not store.shown(version):
            problem_of = not_found(f"secret {secret.path}")
            raise ApiError(404, {**problem_of.body, "data": {"data": None, "metadata": about}})
        return {"request_id": None, "data": {"data": version.data, "metadata": about}}

    @serves(f"DELETE {_KV}/data/{{path}}")
    def hide_latest(self, call: Call) -> None:
        """Hide the latest version."""
        store, secret = self._found(call)
        store.hide(secret, [secret.current])

    @serves(f"POST {_KV}/delete/{{path}}")
    def hide(self, call: Call) -> None:
        """Hide versions."""
        store, secret = self._found(call)
        store.hide(secret, call.body["versions"])

    @serves(f"POST {_KV}/undelete/{{path}}")
    def show(self, call: Call) -> None:
        """Show them again."""
        store, secret = self._found(call)
        store.hide(secret, call.body["versions"], hidden=False)

    @serves(f"PUT {_KV}/destroy/{{path}}")
    def destroy(self, call: Call) -> None:
        """Delete versions for good."""
        store, secret = self._found(call)
        store.destroy(secret, call.body["versions"])

    @serves(f"GET {_KV}/metadata/{{path}}")
    def metadata(self, call: Call) -> Data:
        """All versions, without data. Guide external-secret-operator asks for the channel apiovh, others for apikms."""
        self._secrets.need_action(call, self.core.settings.secret_get_action)
        _store, secret = self._found(call)
        domain = usable(self, call)
        versions = {
            str(version.number): {
                "created_time": stamp(version.created),
                "deletion_time": self._deletion_time(version),
                "destroyed": version.destroyed,
            }
            for version in secret.versions.values()
        }
        data = {
            "keys": None,
            "cas_required": secret.cas_required,
            "created_time": stamp(secret.created),
            "current_version": secret.current,
            "custom_metadata": dict(secret.custom) or None,
            "urn": self.core.urn("okms", f"{domain.okms_id}/secret/{secret.path}"),
            self.core.settings.secret_hiding_field: secret.hide_after or "0s",
            "max_versions": secret.max_versions or 0,
            "oldest_version": secret.oldest,
            "updated_time": stamp(secret.updated),
            "versions": versions,
        }
        return {"request_id": None, "data": data}

    @serves(f"POST {_KV}/metadata/{{path}}")
    def set_metadata(self, call: Call) -> None:
        """Change what is kept, and how."""
        _store, secret = self._found(call)
        body = call.body
        try:
            check_versions(body.get("max_versions"))
            seconds_of(self._hiding(body))
        except KvError as problem:
            raise self._secrets.refused(problem) from None
        if body.get("cas_required") is not None:
            secret.cas_required = body["cas_required"]
        if body.get("max_versions") is not None:
            secret.max_versions = body["max_versions"]
        if body.get("custom_metadata") is not None:
            secret.custom = dict(body["custom_metadata"])
        if self._hiding(body) is not None:
            secret.hide_after = str(self._hiding(body))

    @serves(f"DELETE {_KV}/metadata/{{path}}")
    def delete(self, call: Call) -> None:
        """The secret with all its versions."""
        store, secret = self._found(call)
        del store.secrets[secret.path]
