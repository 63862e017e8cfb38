# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether vCenter, its hosts and this vSphere user are ready for an encryption option."""

from __future__ import annotations

import contextlib
import datetime
import socket
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.errors import reference
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.host_modes import state_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.native_hosts import tpm_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.properties import Found, inventory
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.session import Session

# to keep key providers, and to encrypt machines with them (vSphere, "Cryptographic Operations Privileges")
PROVIDER_PRIVILEGES = tuple(
    f"Cryptographer.{name}" for name in ("ManageKeyServers", "ManageKeys", "ReadKeyServersInfo")
)
MACHINE_PRIVILEGES = tuple(
    f"Cryptographer.{name}"
    for name in (
        *("Access", "AddDisk", "Clone", "Decrypt", "Encrypt", "EncryptNew", "ManageEncryptionPolicy"),
        *("Migrate", "Recrypt", "RegisterHost", "RegisterVM"),
    )
)
_HOST_PATHS = (
    "name",
    "parent",
    "config.product.version",
    "config.product.build",
    "runtime.connectionState",
    "runtime.cryptoState",
    "capability.tpmSupported",
    "capability.tpmVersion",
)


def source_address(hostname: str, port: int) -> str | None:
    """This machine's address on the way to vCenter; nothing is sent for it. Behind NAT others see another one."""
    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
        kind, address = socket.getaddrinfo(hostname, port, type=socket.SOCK_DGRAM)[0][::4]
        probe = stack.enter_context(socket.socket(kind, socket.SOCK_DGRAM))
        probe.connect(address)
        return str(probe.getsockname()[0])
    return None


def clock_offset(session: Session) -> tuple[str, float]:
    """vCenter's time, and the seconds by which its clock is ahead of this machine's."""
    before = datetime.datetime.now(datetime.timezone.utc)
    moment = session.now()
    middle = before + (datetime.datetime.now(datetime.timezone.utc) - before) / 2
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ"), round((moment - middle).total_seconds(), 3)


def privileges(session: Session) -> dict[str, bool]:
    """For each privilege whether this session has it on the root folder."""
    wanted = [*PROVIDER_PRIVILEGES, *MACHINE_PRIVILEGES]
    manager = session.content.authorizationManager
    what = "ask for the privileges of this user"
    user = session.fetch(what, session.content.sessionManager, "currentSession")
    rows = session.call(
        what, manager.HasPrivilegeOnEntities, [session.content.rootFolder], str(user.key), privId=wanted
    )
    found = dict.fromkeys(wanted, False)
    for row in rows or []:
        found.update({item.privId: bool(item.isGranted) for item in row.privAvailability or []})
    return found


def host_state(found: Found, clusters: t.Mapping[str, str]) -> State:
    """One host."""
    values = found.properties
    parent = values.get("parent")
    return {
        "name": found.name,
        "cluster": clusters.get(reference(parent)) if parent is not None else None,
        "version": values.get("config.product.version"),
        "build": values.get("config.product.build"),
        "connection_state": str(values.get("runtime.connectionState") or "unknown"),
        "crypto_state": state_of(values.get("runtime.cryptoState")),
        "tpm": tpm_of(found),
    }


def hosts(session: Session) -> list[State]:
    """All hosts by name, in one read."""
    found = inventory(session, {vim.HostSystem: _HOST_PATHS, vim.ClusterComputeResource: ("name",)})
    clusters = {item.id: item.name for item in found if isinstance(item.object, vim.ClusterComputeResource)}
    states = [host_state(item, clusters) for item in found if isinstance(item.object, vim.HostSystem)]
    return sorted(states, key=lambda state: str(state["name"]))


def readiness(session: Session) -> State:
    """Everything that one login can tell."""
    about = session.content.about
    moment, offset = clock_offset(session)
    granted = privileges(session)
    return {
        "version": about.version,
        "build": about.build,
        "api_version": session.version,
        "time": moment,
        "clock_offset": offset,
        "privileges": granted,
        "missing_privileges": sorted(name for name, has in granted.items() if not has),
        "hosts": hosts(session),
    }
