# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several OVHcloud accounts in one file of an inventory: the connection options of each."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import ArgSpec, text
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import InvalidInputError
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.config import (
    METHODS,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.spec import connection

SHARED = ("endpoint", "token_url", "ca_path", "validate_certs", "timeout")
CREDENTIALS = tuple(name for names in METHODS.values() for name in names)
_VARIABLES = ("endpoint", "token_url", *CREDENTIALS)
Params = dict[str, t.Any]


def account_options() -> dict[str, t.Any]:
    """Options of one account among several: those of the modules, without their variables, which are of one account."""
    options = {name: {key: value for key, value in one.items() if key != "fallback"} for name, one in _connection()}
    more = ArgSpec(name=text(required=True), conf_section=text(), env_prefix=text()).options
    del options["validate_certs"]["default"], options["timeout"]["default"]
    return {**more, **options}


def accounts_of(accounts: t.Sequence[Params], common: Params) -> list[Params]:
    """Options of each account. What the accounts lack of SHARED comes from `common`, credentials never do.

    Without accounts, `common` is the only one. Raises InvalidInputError.
    """
    if not accounts:
        return [{**common, "name": None}]
    given = [name for name in CREDENTIALS if common.get(name) and common[name] != os.environ.get(f"OVH_{name.upper()}")]
    if given or common.get("conf_section"):
        named = ", ".join([*given, *(["conf_section"] if common.get("conf_section") else [])])
        raise InvalidInputError(f"{named}: with accounts, credentials belong to each account")
    listed = [str(account["name"]).strip() for account in accounts]
    twice = sorted({name for name in listed if listed.count(name) > 1})
    if twice or not all(listed):
        raise InvalidInputError(f"accounts: each needs a name of its own, {twice[0] if twice else 'one has none'!r}")
    return [_account(account, common) for account in accounts]


def _account(account: Params, common: Params) -> Params:
    made = {**account, "name": str(account["name"]).strip()}
    prefix = str(account.get("env_prefix") or "").strip().rstrip("_")
    for name in _VARIABLES if prefix else ():
        made[name] = made.get(name) or os.environ.get(f"{prefix}_{name.upper()}", "")
    if prefix and not any(made.get(name) for name in CREDENTIALS):
        raise InvalidInputError(f"account {made['name']}: no variable {prefix}_CLIENT_ID or other credentials are set")
    # an address of the file must not meet credentials of a section of ovh.conf, which has its own
    inherited = SHARED if not made.get("conf_section") else ("ca_path", "validate_certs", "timeout")
    for name in inherited:
        if made.get(name) in (None, ""):
            made[name] = common.get(name)
    return made


def _connection() -> t.Iterable[tuple[str, dict[str, t.Any]]]:
    return connection().options.items()
