# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secret Manager of OKMS through the central API and through version 2 of the regional one; KV v2: secrets_kv.py."""

from __future__ import annotations

import typing as t
import uuid

from ..kv import KvError, KvSecret, KvStore, KvVersion, check_versions, seconds_of
from .core import Area, Call, Core, serves, stamp
from .errors import ApiError, bad_request, conflict, error, forbidden_by_iam, not_found
from .okms import usable
from .rights import Rights
from .state import Okms

_V2, _CENTRAL = "/api/{okmsId}/v2/secret", "/v2/okms/resource/{okmsId}/secret"
LIMIT = 64 << 10  # guide secret-manager-ui: 64 KB in all
Data = dict[str, t.Any]


class SecretArea(Area):
    """What both doors to secrets share, and both of their versions 2."""

    def __init__(self, core: Core, rights: Rights) -> None:
        super().__init__(core)
        self.rights = rights

    # --- parts

    def store(self, domain: Okms) -> KvStore:
        """The secrets of a domain, as the settings of now play them."""
        store, settings = domain.secrets, self.core.settings
        store.limit, store.counts, store.prunes = LIMIT, settings.secret_size_counts, settings.secret_prunes
        return store

    def need(self, call: Call, right: str) -> None:
        """Refuse a caller without a right of the call's channel, such as `secret/version/getData`."""
        channel = "apiovh" if call.operation.version == 2 else "apikms"
        self.need_action(call, f"okms:{channel}:{right}")

    def need_action(self, call: Call, action: str) -> None:
        """Refuse a caller without this right."""
        if not self.rights.permitted(call.caller, action, self.core.urn("okms", call.params["okmsId"])):
            raise forbidden_by_iam([action])

    def refused(self, problem: KvError) -> ApiError:
        """An error of the store as the API tells it."""
        if problem.kind == "MISSING":
            return not_found(problem.words)
        if problem.kind == "CAS":
            status = self.core.settings.secret_cas_status
            return conflict(problem.words) if status == 409 else error(status, problem.words)
        return bad_request(problem.words, problem.kind)

    def _metadata(self, call: Call, domain: Okms, secret: KvSecret) -> Data:
        shown: Data = {
            "casRequired": secret.cas_required,
            "createdAt": stamp(secret.created),
            "currentVersion": secret.current,
            "customMetadata": dict(secret.custom),
            "deactivateVersionAfter": secret.hide_after or None,
            "maxVersions": secret.max_versions,
            "oldestVersion": secret.oldest,
            "updatedAt": stamp(secret.updated),
        }
        return shown if call.operation.version == 2 else {**shown, "urn": self._urn(domain, secret)}

    def _urn(self, domain: Okms, secret: KvSecret) -> str:
        return self.core.urn("okms", f"{domain.okms_id}/secret/{secret.path}")

    def _version(self, call: Call, version: KvVersion, with_data: bool) -> Data:
        state = self._state(version)
        if with_data:
            self.need(call, "secret/version/getData")
        shown = {
            "createdAt": stamp(version.created),
            "data": version.data if with_data and state == "ACTIVE" else None,
            "deactivatedAt": stamp(version.hidden),
            "id": version.number,
            "state": state if call.operation.version == 2 else state.lower(),
        }
        return shown if call.operation.version == 2 else {**shown, "warnings": None}

    def _state(self, version: KvVersion) -> str:
        if version.destroyed:
            return "DELETED"
        past = version.hidden is not None and version.hidden <= self.core.now()
        return "DEACTIVATED" if past else "ACTIVE"

    def _shown(self, call: Call, domain: Okms, secret: KvSecret, version: Data | None) -> Data:
        shown: Data = {"metadata": self._metadata(call, domain, secret), "path": secret.path, "version": version}
        if call.operation.version == 2:
            name = secret.path
            urn = self._urn(domain, secret)
            number = str(uuid.uuid5(uuid.NAMESPACE_URL, urn))
            shown["iam"] = {"displayName": name, "id": number, "state": "OK", "tags": None, "urn": urn}
        return shown

    def _written(self, call: Call, domain: Okms, secret: KvSecret) -> Data:
        shown: Data = {"metadata": self._metadata(call, domain, secret), "path": secret.path}
        return shown if call.operation.version == 2 else {**shown, "warnings": None}

    def _set(self, secret: KvSecret, metadata: Data | None) -> None:
        given = metadata or {}
        check_versions(given.get("maxVersions"))
        seconds_of(given.get("deactivateVersionAfter"))
        if given.get("casRequired") is not None:
            secret.cas_required = given["casRequired"]
        if given.get("maxVersions") is not None:
            secret.max_versions = given["maxVersions"]
        if given.get("deactivateVersionAfter") is not None:
            secret.hide_after = given["deactivateVersionAfter"]
        if given.get("customMetadata") is not None:
            secret.custom = dict(given["customMetadata"])
        secret.updated = self.core.now()

    # --- calls

    @serves(f"GET {_CENTRAL}", f"GET {_V2}")
    def every(self, call: Call) -> list[Data]:
        """All secrets, without versions."""
        domain = usable(self, call)
        return [self._shown(call, domain, secret, None) for secret in self.store(domain).secrets.values()]

    @serves(f"POST {_CENTRAL}", f"POST {_V2}")
    def create(self, call: Call) -> Data:
        """A new secret with its first version."""
        domain, body = usable(self, call), call.body
        store = self.store(domain)
        if body["path"] in store.secrets:
            raise conflict(f"The secret {body['path']} already exists")
        try:
            check_versions((body.get("metadata") or {}).get("maxVersions"))
            store.write(body["path"], body["version"]["data"], 0)
            self._set(store.find(body["path"]), body.get("metadata"))
        except KvError as problem:
            raise self.refused(problem) from None
        return self._written(call, domain, store.find(body["path"]))

    @serves(f"GET {_CENTRAL}/{{path}}", f"GET {_V2}/{{path}}")
    def get(self, call: Call) -> Data:
        """One secret; with `includeData` the version too."""
        domain = usable(self, call)
        try:
            secret = self.store(domain).find(call.params["path"])
            version = self.store(domain).version(secret, call.query.get("version"))
        except KvError as problem:
            raise self.refused(problem) from None
        return self._shown(call, domain, secret, self._version(call, version, bool(call.query.get("includeData"))))

    @serves(f"PUT {_CENTRAL}/{{path}}", f"PUT {_V2}/{{path}}")
    def put(self, call: Call) -> Data:
        """New metadata, a new version, or both."""
        domain, body = usable(self, call), call.body
        store = self.store(domain)
        try:
            secret = store.find(call.params["path"])
            if body.get("metadata"):
                self.need(call, "secret/updateMetadata")
                self._set(secret, body["metadata"])
            if body.get("version"):
                self.need(call, "secret/version/create")
                store.write(secret.path, body["version"]["data"], call.query.get("cas"))
        except KvError as problem:
            raise self.refused(problem) from None
        return self._written(call, domain, secret)

    @serves(f"DELETE {_CENTRAL}/{{path}}", f"DELETE {_V2}/{{path}}")
    def delete(self, call: Call) -> None:
        """The secret with all its versions."""
        store = self.store(usable(self, call))
        try:
            del store.secrets[store.find(call.params["path"]).path]
        except KvError as problem:
            raise self.refused(problem) from None

    @serves(f"GET {_CENTRAL}/{{path}}/version", f"GET {_V2}/{{path}}/version")
    def versions(self, call: Call) -> list[Data]:
        """All versions, without data."""
        try:
            secret = self.store(usable(self, call)).find(call.params["path"])
        except KvError as problem:
            raise self.refused(problem) from None
        return [self._version(call, version, False) for version in secret.versions.values()]

    @serves(f"POST {_CENTRAL}/{{path}}/version", f"POST {_V2}/{{path}}/version")
    def add_version(self, call: Call) -> Data:
        """A new version."""
        store = self.store(usable(self, call))
        try:
            secret = store.find(call.params["path"])
            made = store.write(secret.path, call.body["data"], call.query.get("cas"))
        except KvError as problem:
            raise self.refused(problem) from None
        return self._version(call, made, False)

    @serves(f"GET {_CENTRAL}/{{path}}/version/{{version}}", f"GET {_V2}/{{path}}/version/{{version}}")
    def get_version(self, call: Call) -> Data:
        """One version."""
        store = self.store(usable(self, call))
        try:
            version = store.version(store.find(call.params["path"]), int(call.params["version"]))
        except KvError as problem:
            raise self.refused(problem) from None
        return self._version(call, version, bool(call.query.get("includeData")))

    @serves(f"PUT {_CENTRAL}/{{path}}/version/{{version}}", f"PUT {_V2}/{{path}}/version/{{version}}")
    def set_state(self, call: Call) -> Data:
        """Hide, show or destroy a version; each has a right of its own."""
        store, number, state = self.store(usable(self, call)), int(call.params["version"]), call.body["state"].upper()
        rights = {"ACTIVE": "activate", "DEACTIVATED": "deactivate", "DELETED": "delete"}
        self.need(call, f"secret/version/{rights[state]}")
        try:
            secret = store.find(call.params["path"])
            version = store.version(secret, number)
        except KvError as problem:
            raise self.refused(problem) from None
        if state == "DELETED":
            store.destroy(secret, [number])
        else:
            store.hide(secret, [number], state == "DEACTIVATED")
        shown = self._version(call, version, False)
        if call.operation.version == 2:
            del shown["data"]
        return shown

    @serves(f"GET {_CENTRAL}Config", f"GET {_V2}Config")
    def config(self, call: Call) -> Data:
        """Defaults of the domain's secrets."""
        return self._config(call)

    @serves(f"PUT {_CENTRAL}Config", f"PUT {_V2}Config")
    def set_config(self, call: Call) -> Data:
        """Change them."""
        store, body = self.store(usable(self, call)), call.body
        try:
            check_versions(body.get("maxVersions"))
            seconds_of(body.get("deactivateVersionAfter"))
        except KvError as problem:
            raise self.refused(problem) from None
        store.cas_required = store.cas_required if body.get("casRequired") is None else body["casRequired"]
        store.max_versions = store.max_versions if body.get("maxVersions") is None else body["maxVersions"]
        store.hide_after = (
            store.hide_after if body.get("deactivateVersionAfter") is None else body["deactivateVersionAfter"]
        )
        shown = self._config(call)
        return shown if call.operation.version == 2 else {**shown, "warnings": None}

    def _config(self, call: Call) -> Data:
        store = self.store(usable(self, call))
        return {
            "casRequired": store.cas_required,
            "deactivateVersionAfter": store.hide_after,
            "maxVersions": store.max_versions or store.usual,
        }
