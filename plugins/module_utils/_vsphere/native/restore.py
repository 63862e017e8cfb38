# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option `restore_from`: a native key provider from its backup, rehearsed before anything is written."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ConflictError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.files import read_bytes
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import Rest
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.native import api


class Restore:
    """A backup file and its password. After the rehearsal, `key_id` and `proved` (vCenter read it) are known."""

    def __init__(self, path: str, password: str | None, name: str) -> None:
        self._path = path
        self._password = password
        self._name = name
        self._content = b""
        self.key_id: str | None = None
        self.proved = False

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any], name: str) -> Restore | None:
        """From the options; None without restore_from and for an absent provider."""
        option = params["restore_from"]
        if not option or params["state"] == "absent":
            return None
        return cls(option["path"], option["password"], name)

    def rehearse(self, rest: Rest, tpm_required: bool, expected: str | None, present: str | None) -> str | None:
        """Have vCenter read the file; errors when it is not the backup of this provider.

        `expected` is the key id that the user named, `present` that of the provider when it is there. Returns a
        warning when the file cannot be compared with the present provider: whether vCenter rehearses over a present
        provider is not documented.
        """
        if present and expected and present != expected:
            raise ConflictError(
                f"the key provider {self._name} exists with the key id {present}, not {expected}; nothing was changed. "
                "A restore does not replace a provider that is there",
                key_id=present,
            )
        self._content = read_bytes(self._path, "restore_from.path")
        try:
            found = api.rehearse_import(rest, self._content, self._password, tpm_required)
        except ConflictError:
            # vCenter may refuse to rehearse because a provider has the name (assumption dry-run-of-existing)
            if present is None:
                raise
            return (
                f"the key provider {self._name} exists, so vCenter does not read {self._path}: whether it is a "
                "backup of this provider is unknown"
            )
        except InvalidInputError as error:
            raise InvalidInputError(
                f"restore_from: vCenter cannot use {self._path}; the password may be wrong, or the file is not a "
                f"backup; nothing was changed: {error.message}",
                **error.details,
            ) from error
        self.key_id = found.key_id.lower() if found.key_id else None
        self._check(found.provider, expected, present)
        self.proved = True
        return None

    def _check(self, provider: str, expected: str | None, present: str | None) -> None:
        if provider != self._name:
            raise InvalidInputError(
                f"restore_from: {self._path} is a backup of the key provider {provider}, not of {self._name}; "
                "nothing was changed. Encrypted VMs find their keys only under the old name"
            )
        if expected and self.key_id != expected:
            raise InvalidInputError(
                f"restore_from: {self._path} holds the key id {self.key_id}, but key_id is {expected}; nothing was "
                "changed"
            )
        if present and self.key_id != present:
            raise ConflictError(
                f"the key provider {self._name} exists with the key id {present}, but {self._path} holds "
                f"{self.key_id}: they are two providers of one name; nothing was changed. A restore does not replace "
                "a provider that is there",
                key_id=present,
            )

    def write(self, rest: Rest, tpm_required: bool) -> None:
        """Import it."""
        api.import_backup(rest, self._name, self._content, self._password, tpm_required)
