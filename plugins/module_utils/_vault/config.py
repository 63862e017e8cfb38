# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options of HashiCorp Vault, mirrored by the documentation fragment _vault."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t
from urllib.parse import urlsplit

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import (
    ArgSpec,
    boolean,
    file_path,
    integer,
    text,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.hosts import (
    check_host,
    check_sendable,
    quoted,
)

_MOUNT = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")


def connection() -> ArgSpec:
    """The names of the variables are those of Vault's own clients."""
    return ArgSpec(
        url=text(env=["VAULT_ADDR"]),
        token=text(env=["VAULT_TOKEN"], secret=True),
        namespace=text(env=["VAULT_NAMESPACE"]),
        mount=text(default="secret"),
        ca_path=file_path(env=["VAULT_CACERT"]),
        validate_certs=boolean(default=True),
        timeout=integer(default=60),
    )


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything the client needs. verify is False, True or the path of a CA bundle."""

    url: str
    token: str = dataclasses.field(repr=False)
    namespace: str
    mount: str
    verify: bool | str
    timeout: float


def load(params: t.Mapping[str, t.Any]) -> Settings:
    """Settings from the options. Raises InvalidInputError."""
    url, token = _given(params, "url").rstrip("/"), _given(params, "token")
    if not url or not token:
        missing = "url (VAULT_ADDR)" if not url else "token (VAULT_TOKEN)"
        raise InvalidInputError(f"{missing} of Vault is not given, as option or as variable")
    mount = _given(params, "mount").strip("/")
    if not _MOUNT.fullmatch(mount):
        raise InvalidInputError("mount: what was given is not the path of a secrets engine, such as secret")
    if params["timeout"] <= 0:
        raise InvalidInputError(f"timeout: {params['timeout']} is not a positive number of seconds")
    return Settings(
        url=_checked_url(url),
        token=token,
        namespace=_given(params, "namespace").strip("/"),
        mount=mount,
        verify=_verify(params),
        timeout=float(params["timeout"]),
    )


def _given(params: t.Mapping[str, t.Any], name: str) -> str:
    return check_sendable(name, str(params.get(name) or "").strip())


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        more = parts.query or parts.fragment or "@" in parts.netloc
        plain = parts.scheme == "https" and parts.hostname and not more and parts.port != 0
    except ValueError:
        plain = False
    if not plain:
        raise InvalidInputError(
            f"url {quoted(url)} is not a plain https:// URL, such as https://vault.example.com:8200"
        )
    check_host("url", urlsplit(url).hostname or "")
    return url


def _verify(params: t.Mapping[str, t.Any]) -> bool | str:
    if params.get("validate_certs") is False:
        return False
    ca_path = str(params.get("ca_path") or "")
    if ca_path and not os.path.exists(ca_path):
        raise InvalidInputError(f"ca_path {ca_path} does not exist")
    return ca_path or True
