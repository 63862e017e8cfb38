# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backup file of a native key provider: what is there, when a new one is needed, and how it is made and proven."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
import os
import stat
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.backup_files import (
    is_encrypted,
    opens,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    GuardError,
    InvalidInputError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.files import (
    Reserved,
    read_bytes,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.targets import (
    check_file,
    check_folder,
    check_lasting,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import Rest
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import (
    Session,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.health import iso
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    Provider,
    list_providers,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.native import api


@dataclasses.dataclass(frozen=True)
class BackupRecord:
    """A backup file, and the provider that it is of."""

    name: str
    path: str
    sha256: str
    size: int
    created_at: str | None
    mode: str
    key_id: str | None
    has_backup: bool
    encrypted: bool
    opened: bool
    previous_path: str | None


BACKUP_FIELDS = fields_of(BackupRecord)
_NEW_CONTENT = ("sha256", "size", "created_at")  # not known before the download
_PROOFS = ("has_backup", "opened", "encrypted")
_MODE = "0600"
_ROOM = 65536  # taken before the export; backups have a few kilobytes
_COUNTS = "vCenter now counts the provider as backed up: rerun until this succeeds"


def check_backup_options(params: t.Mapping[str, t.Any]) -> None:
    """Raise for options that cannot be right, and for targets that would not last. Needs no session."""
    api.checked_name(params["name"])
    if not params["backup_password"] and not params["allow_unencrypted"]:
        raise GuardError(
            "backup_password: without one, the backup holds the keys of all VMs unencrypted; nothing was "
            "changed. Give one, or set allow_unencrypted: true"
        )
    if "\0" in (params["backup_password"] or ""):
        raise InvalidInputError(
            "backup_password: contains a NUL character, which no PKCS#12 password can contain; choose another one"
        )
    path = os.path.abspath(params["path"])
    check_file("path", path)
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise InvalidInputError(f"path: {path} must name a file in an existing folder, on the host that runs this")
    check_folder("path", folder)
    if not params["allow_ephemeral"]:
        check_lasting(
            "path",
            path,
            params["volumes"] or [],
            (
                "name the volume in volumes, delegate the task to another host, or set allow_ephemeral: true and "
                "copy the file elsewhere in the same job"
            ),
        )


class BackupFile(Resource):
    """The file at the path of the option, for one provider."""

    result_key = "backup"
    fields = BACKUP_FIELDS

    def __init__(self, session: Session, rest: Rest, params: t.Mapping[str, t.Any]) -> None:
        self._session = session
        self._rest = rest
        self._params = params
        self._name = api.checked_name(params["name"])
        self._path = os.path.abspath(params["path"])
        self._password: str = params["backup_password"] or ""
        self._patience = Patience.of(params)
        self._content = b""
        self._of_provider: State = {}

    def _provider(self) -> Provider:
        providers = list_providers(self._session)
        for provider in providers:
            if provider.name == self._name:
                api.check_native(provider, self._session.hostname)
                return provider
        known = ", ".join(f"{provider.name} ({provider.type})" for provider in providers) or "none"
        raise NotFoundError(f"no key provider {self._name} on {self._session.hostname}; there are: {known}")

    def read(self) -> State | None:
        """The file as it is, None when there is none; the provider must be there."""
        self._of_provider = self._about(self._provider())
        if not os.path.lexists(self._path):
            return None
        self._content = read_bytes(self._path, "path")
        return self._state()

    @staticmethod
    def _about(provider: Provider) -> State:
        return {"name": provider.name, "key_id": provider.key_id, "has_backup": bool(provider.has_backup)}

    def _state(self, previous_path: str | None = None) -> State:
        found = os.stat(self._path)
        modified = datetime.datetime.fromtimestamp(found.st_mtime, tz=datetime.timezone.utc)
        return as_result(
            BackupRecord(
                **self._of_provider,
                path=self._path,
                sha256=hashlib.sha256(self._content).hexdigest(),
                size=len(self._content),
                created_at=iso(modified),
                mode=f"{stat.S_IMODE(found.st_mode):04o}",
                encrypted=is_encrypted(self._content),
                opened=opens(self._content, self._password),
                previous_path=previous_path,
            )
        )

    def wanted(self, before: State | None) -> State:
        """A private file that opens, of a provider that counts as backed up; new content when one of it is missing."""
        wanted: State = {**self._of_provider, "path": self._path, "mode": _MODE, "previous_path": None}
        wanted.update(has_backup=True, opened=True, encrypted=bool(self._password))
        new = before is None or self._params["force"] or any(before[key] != wanted[key] for key in _PROOFS)
        if new:
            wanted.update(dict.fromkeys(_NEW_CONTENT))
            wanted["previous_path"] = self._kept_path(before) if before else None
        return wanted

    def _kept_path(self, before: State) -> str:
        return f"{self._path}.until-{before['sha256'][:12]}"

    def guard(self, plan: Plan) -> None:
        """Refuse to take the place of a file that is perhaps not ours."""
        if plan.verb == "update" and not plan.before["opened"] and not self._params["force"]:
            raise GuardError(
                f"path: this password does not open {self._path}, so it may be another backup, or the password "
                "is wrong; nothing was changed. Choose another path or password, or set force: true to put a "
                "new backup in its place (the old file is kept beside it)"
            )

    def apply(self, plan: Plan) -> State:
        """Make a new backup, prove it, write it, and see that vCenter counts it."""
        if not set(plan.changes).intersection(_NEW_CONTENT):
            self._make_private()
            return self._state()
        previous_path: str | None = plan.after["previous_path"]
        with contextlib.ExitStack() as files:
            # before the export: with a full disk the file would be lost, and vCenter counts the provider as backed up
            new = self._reserved(files, self._path, _ROOM)
            previous = self._reserved(files, previous_path) if previous_path else None
            if previous:
                previous.fill(self._content)
            content = api.fetch_backup(self._rest, self._name, self._password)
            self._prove(content)
            self._put(content, new, previous)
        self._content = content
        self._confirm()
        return self._state(previous_path)

    @staticmethod
    def _reserved(files: contextlib.ExitStack, path: str, room: int = 0) -> Reserved:
        made = Reserved(path, room)
        files.callback(made.drop)
        return made

    def _put(self, content: bytes, new: Reserved, previous: Reserved | None) -> None:
        try:
            new.fill(content)
            if previous:
                previous.put()
            new.put()
        except InvalidInputError as error:
            there = "the previous file still exists" if previous else "there is no file"
            raise ApiError(
                f"the backup of the key provider {self._name} was downloaded, but {error.message}; {there}. {_COUNTS}",
                path=self._path,
            ) from error

    def _make_private(self) -> None:
        try:
            os.chmod(self._path, int(_MODE, 8))
        except OSError as error:
            raise InvalidInputError(f"path: cannot take the mode {_MODE}: {self._path}: {error.strerror}") from error

    def _prove(self, content: bytes) -> None:
        if not opens(content, self._password):
            raise ApiError(
                f"the backup of the key provider {self._name} was downloaded, but this password does not open it as "
                f"PKCS#12; nothing was written. {_COUNTS}"
            )
        if self._password and not is_encrypted(content):
            raise ApiError(
                f"the backup of the key provider {self._name} was downloaded, but it opens without the password; "
                f"nothing was written. {_COUNTS}"
            )

    def _confirm(self) -> None:
        found = wait_for(
            self._provider,
            lambda seen: bool(seen.has_backup),
            f"vCenter's word that the key provider {self._name} is backed up",
            self._patience,
            lambda _seen: "not backed up",
            path=self._path,
        )
        self._of_provider = self._about(found)
