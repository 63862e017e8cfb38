# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that comes from a secret: the newest version that can be read, or the one that was named."""

from __future__ import annotations

import os
import stat

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    GuardError,
    InvalidInputError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.files import read_bytes, write_private
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context, Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.targets import check_file, check_folder
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.content import content_of, digest_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.secrets import Secrets
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.spec import StoredSecret
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.versions import History, Version

MODE = 0o600


class FetchedFile(Resource):
    """The file at the path of the option."""

    result_key = "secret"
    fields = fields_of(StoredSecret)

    def __init__(self, secrets: Secrets, context: Context) -> None:
        self._secrets = secrets
        self._params = context.params
        self._warn = context.warn
        self._path = str(context.params["path"]).strip()
        self._label = secrets.label(self._path)
        given = context.params["file"]
        self._file = os.path.abspath(given) if given else None
        self._content = b""
        self._facts: State = {}

    def read(self) -> State | None:
        """The file as it is, with the facts of the secret, so that only the file can differ."""
        if self._file:
            self._check_target(self._file)
        history = self._secrets.history(self._path)
        if history is None:
            raise NotFoundError(f"there is no {self._label}")
        version, self._content = self._readable(history)
        self._facts = self._of(history, version)
        if self._file is None:
            return dict(self._facts)  # nothing can differ
        if not os.path.lexists(self._file):
            return None
        there = read_bytes(self._file, "file")
        mode = stat.S_IMODE(os.stat(self._file).st_mode)
        return {**self._facts, "sha256": digest_of(there), "size": len(there), "mode": f"{mode:04o}"}

    @staticmethod
    def _check_target(file: str) -> None:
        check_file("file", file)
        folder = os.path.dirname(file)
        if not os.path.isdir(folder):
            raise InvalidInputError(f"file: {file} must name a file in an existing folder")
        check_folder("file", folder)

    def _readable(self, history: History) -> tuple[Version, bytes]:
        named = self._params["version"]
        for version in history.versions:
            if version.destroyed or named not in (None, version.number):
                continue
            try:
                content = content_of(self._secrets.data(self._path, version.number), self._label)
            except NotFoundError:
                continue  # hidden
            if named is None and version.number != history.current:
                self._warn(
                    f"version {history.current} of {self._label} is deleted: version {version.number} of "
                    f"{version.created_at} is the newest that can be read"
                )
            return version, content
        raise NotFoundError(
            f"{self._label} has no version {named}" if named else f"{self._label} has no version that can be read",
            versions=history.kept,
        )

    def _of(self, history: History, version: Version) -> State:
        return as_result(
            StoredSecret(
                path=self._path,
                version=version.number,
                versions=history.kept,
                created_at=version.created_at,
                sha256=digest_of(self._content),
                size=len(self._content),
                max_versions=history.max_versions,
                expires_after=history.hides_after or None,
                file=self._file,
                mode=f"{MODE:04o}" if self._file else None,
            )
        )

    def wanted(self, before: State | None) -> State:
        """The content of the secret, for nobody else to read."""
        return self._facts

    def guard(self, plan: Plan) -> None:
        """Refuse to take the place of another file."""
        if "sha256" in plan.changes and plan.before and not self._params["force"]:
            raise GuardError(
                f"file: {self._file} is another file than version {self._facts['version']} of {self._label}; "
                "nothing was changed. Choose another file, or set force: true to replace it"
            )

    def apply(self, plan: Plan) -> State:
        """Write the file, or only take it from others."""
        file = str(self._file)
        if plan.before and "sha256" not in plan.changes:
            os.chmod(file, MODE)
        else:
            write_private(file, self._content)
        return self._facts
