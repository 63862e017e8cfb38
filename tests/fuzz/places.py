# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets: places of a native backup, secrets with one, and what the drift check compares."""

from __future__ import annotations

import typing as t

from hypothesis import strategies as st

from ansible_collections.ovhcloud.vmware_encryption.tests.unit.plugins.module_utils._drift import drift_site

from .engine import target
from .filters import NOW, filter_of
from .inputs import bent, odd_text

places, copied = map(filter_of, ("backup_places", "backup_copy"))
COPIES: list[dict[str, t.Any]] = [
    {"host": "vault", "path": "/nkp.p12", "owner": "root"},
    {"host": "other", "path": "relative"},
]
COPIES += [{"vault": "https://v.example.com", "path": "a/b", "mount": "kv", "max_versions": 3}]
HOSTVARS = {"vault": {"ansible_host": "192.0.2.1", "ansible_port": 22, "ansible_become": "yes"}}
STAT = {"stat": {"exists": True, "isreg": True, "size": 9, "checksum": "ab", "mode": "0600", "mtime": 1.5}}
PLACE = {
    "host": "vault",
    "path": "/nkp.p12",
    "label": "vault:/nkp.p12",
    "outside": True,
    "owner": "",
    "group": "",
    "own": {"user": "u"},
}


@target("filter backup_places", st.tuples(bent([COPIES]), bent([HOSTVARS]), bent([["vault"]])))
def _places(value: tuple[t.Any, t.Any, t.Any]) -> None:
    places(*value, of="vault", port=22)


@target("filter backup_copy", st.tuples(bent([PLACE]), bent([STAT]), bent([STAT]), bent([{"content": "aWQ="}])))
def _copied(value: tuple[t.Any, t.Any, t.Any, t.Any]) -> None:
    place, file, folder, machine = value
    copied(place, file, folder, machine, "id")
    copied(place, file, folder, machine, "id", [file], "ab")


in_secret = filter_of("backup_secret")
STORED = {
    "failed": False,
    "failure": {"kind": "not_found", "versions": [1]},
    "secret": {"sha256": "ab", "created_at": "2026-11-29T06:40:00Z", "max_versions": 9, "expires_after": "1h"},
}


@target("filter backup_secret", st.tuples(bent([PLACE]), bent([STORED])))
def _in_secret(value: tuple[t.Any, t.Any]) -> None:
    in_secret(*value)
    in_secret(*value, "ab")


wanted_there, differences = map(filter_of, ("drift_expected", "drift_report"))
WANTED = {
    "dossier": drift_site.DOSSIER,
    "variables": {"okms": {"region": "eu-west-rbx", "provider": "okms-prod", "vsphere_user": "ops"}},
    "domains": drift_site.DOMAINS,
}


@target("filter drift_expected", bent([WANTED], most=4))
def _wanted_there(value: t.Any) -> None:
    wanted_there(value)


@target("filter drift_report", st.tuples(bent([drift_site.with_expected(drift_site.site())], most=4), odd_text))
def _differences(value: tuple[t.Any, str]) -> None:
    differences(value[0], previous=value[1], before=value[1], now=NOW)
