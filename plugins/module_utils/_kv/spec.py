# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that keep a file in a secret, and the shape of their result."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    file_path,
    integer,
    text,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._kv.secrets import checked_path

PRESENT, ABSENT, FETCHED = "present", "absent", "fetched"
# numbers of versions end there (swagger 2.14.0 of OKMS)
MOST_VERSIONS = 24000


@dataclasses.dataclass(frozen=True)
class StoredSecret:
    """A secret that holds a file; nothing of it is secret."""

    path: str
    version: int | None
    versions: list[int]
    created_at: str | None
    sha256: str | None
    size: int | None
    max_versions: int | None
    expires_after: str | None
    file: str | None
    mode: str | None


def secret_options() -> ArgSpec:
    """What both modules take beside their connection."""
    return ArgSpec(
        path=text(required=True),
        state=text(default=PRESENT, choices=(PRESENT, ABSENT, FETCHED)),
        file=file_path(),
        version=integer(),
        # servers keep 10 by default, and destroy the oldest version without a word (guide of Secret Manager; Vault)
        max_versions=integer(default=100),
        allow_version_loss=boolean(default=False),
        force=boolean(default=False),
        confirm_name=text(),
        rules={
            "required_if": [
                ("state", PRESENT, ("file",)),
                ("state", ABSENT, ("confirm_name",)),
            ]
        },
    )


def check_secret_options(params: t.Mapping[str, t.Any]) -> None:
    """Our own rules, before any call. Raises InvalidInputError."""
    checked_path(params["path"])
    if not 1 <= params["max_versions"] <= MOST_VERSIONS:
        raise InvalidInputError(f"max_versions: {params['max_versions']} is not between 1 and {MOST_VERSIONS}")
    if params["version"] is not None and (params["state"] != FETCHED or params["version"] < 1):
        raise InvalidInputError("version: it is a number from 1 on, for state=fetched only")
