# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret as the newest place of a file: written by check-and-set, read back, and never at the cost of older ones."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    CollectionError,
    GuardError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.files import read_bytes
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import confirmed, listing
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.content import (
    content_of,
    data_of,
    digest_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.errors import outcome_unknown
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.secrets import Secrets
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.spec import ABSENT, StoredSecret
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.versions import History, Version

_KEPT = ("max_versions", "expires_after")  # what the metadata says


class StoredFile(Resource):
    """One secret, which holds the file or is absent."""

    result_key = "secret"
    fields = fields_of(StoredSecret)
    volatile = ("created_at",)

    def __init__(self, secrets: Secrets, params: t.Mapping[str, t.Any]) -> None:
        self._secrets = secrets
        self._params = params
        self._path = str(params["path"]).strip()
        self._label = secrets.label(self._path)
        self._history: History | None = None
        self._data: dict[str, str] = {}

    def read(self) -> State | None:
        """The secret with what its newest version holds; a value is only read to be compared."""
        if self._params["state"] != ABSENT and not self._data:
            ours = read_bytes(self._params["file"], "file")
            self._data = data_of(ours, self._secrets.limit, self._params["file"])
        self._history = self._secrets.history(self._path)
        if self._history is None:
            return None
        newest = self._history.find(self._history.current)
        content = None
        if self._params["state"] != ABSENT and newest is not None and not newest.destroyed and not newest.ends:
            content = self._content(newest)
        return self._state(self._history, newest, content)

    def _content(self, version: Version) -> bytes | None:
        try:
            return content_of(self._secrets.data(self._path, version.number), self._label)
        except NotFoundError:
            return None  # hidden in this moment

    def _state(self, history: History, version: Version | None, content: bytes | None) -> State:
        return as_result(
            StoredSecret(
                path=self._path,
                version=version.number if version else None,
                versions=history.kept,
                created_at=version.created_at if version else None,
                sha256=None if content is None else digest_of(content),
                size=None if content is None else len(content),
                max_versions=history.max_versions,
                expires_after=history.hides_after or None,
                file=None if self._params["state"] == ABSENT else self._params["file"],
                mode=None,
            )
        )

    def wanted(self, before: State | None) -> State:
        """The file in the newest version, room for older ones, and no version that hides by itself."""
        content = read_bytes(self._params["file"], "file")
        wanted: State = {
            "path": self._path,
            "sha256": digest_of(content),
            "size": len(content),
            "max_versions": self._params["max_versions"],
            "expires_after": None,
            "file": self._params["file"],
        }
        if before is None or before["sha256"] != wanted["sha256"]:
            history = self._history
            number = (history.current if history else 0) + 1
            lost = self._lost(history)
            kept = [one for one in (history.kept if history else []) if one not in lost]
            wanted.update(version=number, versions=[*kept, number], created_at=None)
        return wanted

    def _lost(self, history: History | None) -> list[int]:
        return history.lost(self._params["max_versions"]) if history else []

    def guard(self, plan: Plan) -> None:
        """Refuse to remove what was not named, and to write what would cost an older version."""
        if plan.verb == "delete":
            if not confirmed(self._path, self._params["confirm_name"], self._label):
                raise GuardError(f"confirm_name: type the path again, {self._path}, to remove {self._label} for good")
            return
        lost = self._lost(self._history)
        if "version" in plan.changes and lost and not self._params["allow_version_loss"]:
            kept = self._history.kept if self._history else []
            raise GuardError(
                f"{self._label} is full: it keeps {len(kept)} versions, and with max_versions "
                f"{self._params['max_versions']} a new one would destroy version {listing([str(n) for n in lost])}, "
                "perhaps the only backup of an older key; nothing was changed. Raise max_versions, or set "
                "allow_version_loss: true",
                versions=kept,
            )

    def apply(self, plan: Plan) -> State:
        """Keep, write, read back. A secret that has a version gets its rules first."""
        if plan.verb == "update":
            self._keep(plan)
        if "version" in plan.changes:
            self._write(int(plan.after["version"]))
        if plan.verb == "create":
            self._keep(plan)
        return self._proven(plan)

    def _keep(self, plan: Plan) -> None:
        history = self._history
        changes: dict[str, t.Any] = {"cas_required": True}
        if "max_versions" in plan.changes:
            changes["max_versions"] = self._params["max_versions"]
        if history and history.hides_after:
            # by the name that this server uses (assumption secret-hiding-field); 0s: never
            changes[history.hiding_field] = "0s"
        # with each new version, also that nobody else writes without looking: somebody else may have made the secret
        if len(changes) > 1 or not (history and history.cas_required):
            self._secrets.keep(self._path, changes)

    def _write(self, number: int) -> None:
        try:
            self._secrets.write(self._path, self._data, number - 1)
        except CollectionError as error:
            if not outcome_unknown(error) or not self._arrived(number):
                raise

    def _arrived(self, number: int) -> bool:
        """Whether a write whose answer was lost took effect; the read back proves it."""
        try:
            found = self._secrets.history(self._path)
        except CollectionError:
            return False
        return found is not None and found.current == number

    def _proven(self, plan: Plan) -> State:
        history = self._secrets.history(self._path)
        newest = history.find(history.current) if history else None
        if history is None or newest is None:
            raise ApiError(f"{self._label} has no version although one was written: rerun", maybe_done=True)
        if newest.ends:
            raise ApiError(
                f"{self._label} will hide its version {newest.number} at {newest.ends}, because its engine or domain "
                f"sets {history.hiding_field} for all secrets: set that to 0s there, or choose another, and rerun",
                maybe_done=True,
            )
        state = self._state(history, newest, self._content(newest))
        wanted = plan.after["sha256"]
        if state["sha256"] != wanted:
            raise ApiError(
                f"{self._label}: what was read back has the SHA-256 {state['sha256']}, not {wanted}: rerun",
                maybe_done=True,
            )
        if state["max_versions"] != self._params["max_versions"]:
            raise ApiError(
                f"{self._label} keeps {state['max_versions']} versions although max_versions was set to "
                f"{self._params['max_versions']}: older backups can be lost",
                maybe_done=True,
            )
        return state

    def delete(self, plan: Plan) -> None:
        self._secrets.remove(self._path)
