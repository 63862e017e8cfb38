# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a login to vCenter leaves to the next task of the run, see _core.kept."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.argspec import given
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import (
    GetVmodlType,
    reference,
    vim,
)

# place: as of place_of; version: pyVmomi's name; cookie, session: of the login; about: texts; objects: type and id
LoginRecord = t.Mapping[str, t.Any]
_PLACE = ("hostname", "port", "proxy_host", "proxy_port", "validate_certs")


def place_of(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The options that say where vCenter is and whom to trust, for another process with another current folder."""
    path = given(params.get("ca_path"))
    return {**{name: params.get(name) for name in _PLACE}, "ca_path": os.path.abspath(path) if path else None}


def record_of(content: t.Any, stub: t.Any, place: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What another process needs to go on with the login of a stub, without a request."""
    about = {name: value for name, value in vars(content.about).items() if isinstance(value, str)}
    objects = {
        name: reference(value).split(":", 1)
        for name, value in vars(content).items()
        if isinstance(value, vim.ManagedObject)
    }
    login = {"cookie": stub.cookie, "session": stub.GetSessionId()}
    return {"place": dict(place), "version": stub.version, "about": about, "objects": objects, **login}


def resume(stub: t.Any, record: LoginRecord) -> None:
    """Let the stub go on with the login of a record."""
    stub.SetSessionId(record["session"])  # for services that take the login from the SOAP header, see Session.service
    stub.cookie = record["cookie"]  # SetSessionId has made one without the attributes of vCenter's own


class KnownServices:
    """The services of vCenter from a record, as `vim.ServiceInstanceContent` has them.

    Each is made when it is used: a task uses three of sixty, and pyVmomi builds their types anew in each process.
    """

    def __init__(self, record: LoginRecord, stub: t.Any) -> None:
        self._objects, self._stub = record["objects"], stub
        self.about = vim.AboutInfo(**record["about"])

    def __getattr__(self, name: str) -> t.Any:
        if name not in self._objects:
            vim.ServiceInstanceContent._GetPropertyInfo(name)  # refuses what no vCenter has
            return None
        kind, moid = self._objects[name]
        made = GetVmodlType(kind)(moid, self._stub)
        setattr(self, name, made)
        return made
