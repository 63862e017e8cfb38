# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of a KV engine of version 2, whoever serves it: HashiCorp Vault, or Secret Manager of OKMS."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from urllib.parse import quote

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.errors import (
    explained,
    outcome_unknown,
    refused,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.versions import (
    History,
    Version,
    data_in,
    history_of,
    made_of,
)

# limits of Secret Manager (swagger 2.14.0 of OKMS); Vault allows more
LONGEST_PATH = 255
_SEGMENT = re.compile(r"[a-zA-Z0-9_.:=@-]+")


class Calls(t.Protocol):
    """A client. Reads may be repeated, writes are sent once."""

    def get(self, call_path: str, params: t.Mapping[str, t.Any] | None = None) -> t.Any:
        """Read."""

    def post(self, call_path: str, body: t.Any) -> t.Any:
        """Write."""

    def delete(self, call_path: str) -> t.Any:
        """Remove."""


@dataclasses.dataclass(frozen=True)
class Rights:
    """What each call needs, in words for a message."""

    look: str
    read: str
    create: str
    write: str
    keep: str
    remove: str


class Secrets:
    """The secrets of one engine. base: path of the engine; where: what people call it; limit: bytes of a secret."""

    def __init__(self, calls: Calls, base: str, where: str, rights: Rights, limit: int = 0) -> None:
        self._calls = calls
        self._base = base.rstrip("/")
        self._rights = rights
        self.where = where
        self.limit = limit

    def label(self, path: str) -> str:
        """A secret, for messages."""
        return f"secret {path} of {self.where}"

    def history(self, path: str) -> History | None:
        """What there is, without data; None when there is nothing."""
        try:
            return history_of(self._calls.get(self._path("metadata", path)), f"{self.label(path)}, its metadata,")
        except NotFoundError:
            return None
        except CollectionError as error:
            raise explained(error, self._rights.look) from error

    def data(self, path: str, number: int) -> t.Any:
        """The data of a version; NotFoundError when it is hidden or destroyed."""
        try:
            return data_in(self._calls.get(self._path("data", path), {"version": number}), self.label(path))
        except CollectionError as error:
            raise explained(error, self._rights.read) from error

    def write(self, path: str, data: t.Mapping[str, t.Any], current: int) -> Version:
        """A new version, if the newest one is still the one with that number (0: none). Sent once."""
        try:
            answer = self._calls.post(self._path("data", path), {"data": dict(data), "options": {"cas": current}})
        except CollectionError as error:
            raise self._not_written(path, current, error) from error
        return made_of(answer, self.label(path))

    def _not_written(self, path: str, current: int, error: CollectionError) -> CollectionError:
        """The error of a write; a refusal because of somebody else's write says so, whatever its status and words."""
        if outcome_unknown(error) or refused(error):
            return explained(error, self._rights.write if current else self._rights.create)
        # the numbers decide and not the status, which may be 400 or 409 (assumption secret-cas-status)
        found = self.history(path)
        now = found.current if found else 0
        if now == current:
            return error
        return ConflictError(
            f"{self.label(path)} is now at version {now}, and was at {current or 'none'} before: somebody "
            "else writes it, too. This run wrote nothing there: rerun",
            **error.details,
        )

    def keep(self, path: str, changes: t.Mapping[str, t.Any]) -> None:
        """Set what is kept and how: fields of the metadata."""
        try:
            self._calls.post(self._path("metadata", path), dict(changes))
        except CollectionError as error:
            raise explained(error, self._rights.keep) from error

    def remove(self, path: str) -> None:
        """Delete the secret with all its versions, for good."""
        try:
            self._calls.delete(self._path("metadata", path))
        except NotFoundError:
            return  # somebody else was faster
        except CollectionError as error:
            raise explained(error, self._rights.remove) from error

    def _path(self, part: str, path: str) -> str:
        # clients of Vault write the slashes as they are
        return f"{self._base}/{part}/{quote(path, safe='/')}"


def checked_path(path: str | None, name: str = "path") -> str:
    """A path that both kinds of servers take. Raises InvalidInputError."""
    given = (path or "").strip()
    segments = given.split("/")
    # HTTP libraries take . and .. out of a URL (RFC 3986, 5.2.4), which then names another secret
    plain = all(_SEGMENT.fullmatch(one) and one.strip(".") for one in segments)
    if not plain or len(given) > LONGEST_PATH:
        raise InvalidInputError(
            # not shown: what was pasted here by mistake may be a key
            f"{name}: what was given is not the path of a secret: 1 to {LONGEST_PATH} characters, letters, digits and "
            "_ . : = @ -, with / between its parts, for example vmware/nkp-prod"
        )
    return given
