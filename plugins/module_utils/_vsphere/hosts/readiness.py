# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether vCenter, its hosts and this vSphere user are ready for an encryption option."""

from __future__ import annotations

import contextlib
import datetime
import socket
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.deps import version_tuple
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.properties import (
    Found,
    inventory,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import reference, vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.hosts.modes import crypto_state_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.hosts.tpm import tpm_of

# to keep key providers, and to encrypt VMs with them (vSphere, "Cryptographic Operations Privileges")
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
# what policies and reconfigurations need besides; they may be given on a datacenter only
WORK_PRIVILEGES = (
    "StorageProfile.Update",
    "StorageProfile.View",
    "VirtualMachine.Config.EditDevice",
    "VirtualMachine.Config.Settings",
)
# whether vCenter asks for these: assumptions policy-needs-apply and shallow-rekey-privilege
_APPLY, _APPLY_SINCE = "StorageProfile.Apply", "8.0"
_SHALLOW_REKEY = "Vsan.Cluster.ShallowRekey"
ALL_PRIVILEGES = (*PROVIDER_PRIVILEGES, *MACHINE_PRIVILEGES, *WORK_PRIVILEGES, _APPLY, _SHALLOW_REKEY)
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
    """The control node's address on the way to vCenter; nothing is sent for it. Behind NAT others see another one."""
    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
        kind, address = socket.getaddrinfo(hostname, port, type=socket.SOCK_DGRAM)[0][::4]
        probe = stack.enter_context(socket.socket(kind, socket.SOCK_DGRAM))
        probe.connect(address)
        return str(probe.getsockname()[0])
    return None


def clock_offset(session: Session) -> tuple[str, float]:
    """vCenter's time, and the seconds by which its clock is ahead of the control node's."""
    before = datetime.datetime.now(datetime.timezone.utc)
    moment = session.now()
    # both ways are taken to last equally long, as in NTP (RFC 5905, section 8)
    middle = before + (datetime.datetime.now(datetime.timezone.utc) - before) / 2
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ"), round((moment - middle).total_seconds(), 3)


def privileges(session: Session, inventory_read: t.Sequence[Found]) -> dict[str, bool]:
    """For each privilege whether this session has it: those of encryption on the root folder, others anywhere."""
    encryption = [*PROVIDER_PRIVILEGES, *MACHINE_PRIVILEGES]
    work = [*WORK_PRIVILEGES]
    if version_tuple(session.version) >= version_tuple(_APPLY_SINCE):
        work.append(_APPLY)
    if any(_vsan(item) for item in inventory_read):
        work.append(_SHALLOW_REKEY)
    root = session.content.rootFolder
    places = [root, *(item.object for item in inventory_read if isinstance(item.object, vim.Datacenter))]
    manager = session.content.authorizationManager
    what = "ask for the privileges of this user"
    user = session.fetch(what, session.content.sessionManager, "currentSession")
    rows = session.call(what, manager.HasPrivilegeOnEntities, places, str(user.key), privId=[*encryption, *work])
    found = dict.fromkeys([*encryption, *work], False)
    for row in rows or []:
        for item in row.privAvailability or []:
            counts = item.privId in work or reference(row.entity) == reference(root)
            found[item.privId] = found[item.privId] or (counts and bool(item.isGranted))
    return found


def _vsan(found: Found) -> bool:
    """Whether it is a cluster with vSAN."""
    info = getattr(found.properties.get("configurationEx"), "vsanConfigInfo", None)
    return bool(getattr(info, "enabled", False))


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
        "crypto_state": crypto_state_of(values.get("runtime.cryptoState")),
        "tpm": tpm_of(found),
    }


def read_places(session: Session) -> list[Found]:
    """Hosts, clusters and datacenters, in one read."""
    paths = {
        vim.HostSystem: _HOST_PATHS,
        vim.ClusterComputeResource: ("name", "configurationEx"),
        vim.Datacenter: ("name",),
    }
    return inventory(session, paths)


def vsan_clusters(found: t.Sequence[Found]) -> list[str]:
    """Names of the clusters with vSAN."""
    return sorted(item.name for item in found if _vsan(item))


def hosts(found: t.Sequence[Found]) -> list[State]:
    """All hosts by name."""
    clusters = {item.id: item.name for item in found if isinstance(item.object, vim.ClusterComputeResource)}
    states = [host_state(item, clusters) for item in found if isinstance(item.object, vim.HostSystem)]
    return sorted(states, key=lambda state: str(state["name"]))


def readiness(session: Session) -> State:
    """Everything that one login can tell."""
    about = session.content.about
    moment, offset = clock_offset(session)
    found = read_places(session)
    granted = privileges(session, found)
    return {
        "version": about.version,
        "build": about.build,
        "api_version": session.version,
        "time": moment,
        "clock_offset": offset,
        "privileges": granted,
        "missing_privileges": sorted(name for name, has in granted.items() if not has),
        "hosts": hosts(found),
        "vsan_clusters": vsan_clusters(found),
    }
