# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key providers as vCenter lists them: reading, shape changes, and the writers for their servers."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ConflictError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session

Server = dict[str, t.Any]

STANDARD, NATIVE = "standard", "native"
_TYPES = {"vCenter": STANDARD, "nativeProvider": NATIVE, "trustAuthority": "trusted"}
# Our key, vCenter's field, and the value that deletes the entry on update.
_SERVER_FIELDS = (
    ("name", "name", ""),
    ("address", "address", ""),
    ("port", "port", -1),
    ("username", "userName", ""),
    ("proxy_address", "proxyAddress", ""),
    ("proxy_port", "proxyPort", -1),
    ("protocol", "protocol", ""),
    ("reconnect", "reconnect", -1),
    ("nbio", "nbio", -1),
    ("timeout", "timeout", -1),
)
SERVER_KEYS = tuple(key for key, _field, _unset in _SERVER_FIELDS)


@dataclasses.dataclass(frozen=True)
class Provider:
    """One key provider. `entities` are the clusters (or folders) whose default it is; `raw` is vCenter's own object."""

    name: str
    type: str
    servers: list[Server]
    default: bool
    entities: list[t.Any]
    has_backup: bool | None
    tpm_required: bool | None
    key_id: str | None
    raw: t.Any = dataclasses.field(repr=False)


def unset(value: t.Any) -> t.Any:
    """None for the values with which vCenter says "not set": nothing, an empty text, -1."""
    return None if value in ("", -1) else value


def server_of(info: t.Any) -> Server:
    """A KmipServerInfo in our shape."""
    return {key: unset(getattr(info, field)) for key, field, _deleted in _SERVER_FIELDS}


def provider_of(cluster: t.Any) -> Provider:
    """A KmipClusterInfo in our shape."""
    kind = str(cluster.managementType) if cluster.managementType else None
    return Provider(
        name=cluster.clusterId.id,
        # Before 7.0 nothing but standard providers existed, and nothing said so.
        type=STANDARD if kind is None else _TYPES.get(kind, "unknown"),
        servers=sorted((server_of(info) for info in cluster.servers or []), key=lambda server: str(server["name"])),
        default=bool(cluster.useAsDefault),
        entities=list(cluster.useAsEntityDefault or []),
        has_backup=cluster.hasBackup,
        tpm_required=cluster.tpmRequired,
        key_id=unset(cluster.keyId),
        raw=cluster,
    )


def list_providers(session: Session) -> list[Provider]:
    """All key providers of all kinds, by name."""
    # includeKmsServers is false by default, and providers then have no servers (vSphere API, ListKmsClusters)
    clusters = session.call("list the key providers", session.crypto.ListKmsClusters, includeKmsServers=True)
    return sorted((provider_of(cluster) for cluster in clusters or []), key=lambda provider: provider.name)


def find_provider(session: Session, name: str) -> Provider | None:
    """The provider of that name, or None."""
    return next((provider for provider in list_providers(session) if provider.name == name), None)


def standard_provider(session: Session, name: str) -> Provider:
    """The standard provider of that name; NotFoundError lists what there is, ConflictError names the other kind."""
    providers = list_providers(session)
    for provider in providers:
        if provider.name == name:
            check_standard(provider, session.hostname)
            return provider
    known = ", ".join(f"{provider.name} ({provider.type})" for provider in providers) or "none"
    raise NotFoundError(f"no key provider {name} on {session.hostname}; there are: {known}")


def check_standard(provider: Provider, hostname: str) -> None:
    """Raise ConflictError when a provider of another kind has the name."""
    if provider.type != STANDARD:
        raise ConflictError(
            f"the key provider {provider.name} on {hostname} is of type {provider.type}, not {STANDARD}: names are "
            "shared "
            "by all kinds; choose another name",
            type=provider.type,
        )


def key_provider_id(name: str) -> t.Any:
    """vCenter's KeyProviderId."""
    return vim.encryption.KeyProviderId(id=name)


def server_info(server: t.Mapping[str, t.Any]) -> t.Any:
    """A KmipServerInfo with what is set; keys that are present with None are written as vCenter's "delete" value."""
    values: dict[str, t.Any] = {}
    for key, field, deleted in _SERVER_FIELDS:
        if key in server:
            values[field] = deleted if server[key] is None else server[key]
    return vim.encryption.KmipServerInfo(**values)


def _server_spec(provider: str, info: t.Any, password: str | None) -> t.Any:
    spec = vim.encryption.KmipServerSpec(clusterId=key_provider_id(provider), info=info)
    if password is not None:
        spec.password = password
    return spec


def _take_key_type(spec: t.Any, cluster: t.Any) -> None:
    """The kind of keys that the provider has: from vSphere 9.0 on, vCenter refuses a further server of another kind."""
    kind = getattr(cluster, "defaultKeyType", None)
    if not kind:
        return
    spec.defaultKeyType, told, specs = kind, cluster.keyInfo, vim.encryption.KmipServerSpec
    if isinstance(told, vim.encryption.KmipClusterInfo.WrappingKeyIdKeyInfo):
        spec.keySpec = specs.WrappingKeyIdKeySpec(keyId=told.keyId)
    elif isinstance(told, vim.encryption.KmipClusterInfo.WrappingRotationIntervalKeyInfo):
        spec.keySpec = specs.WrappingRotationIntervalKeySpec(rotationInterval=told.rotationInterval)


def register_server(
    session: Session, provider: str, server: Server, password: str | None, present: Provider | None = None
) -> None:
    """Add a server; the first one makes the provider. `present`: the provider that is there."""
    info = server_info({key: server[key] for key in SERVER_KEYS if server.get(key) is not None})
    what = f"register the KMS {server['name']} in the key provider {provider}"
    spec = _server_spec(provider, info, password)
    if present is not None:
        _take_key_type(spec, present.raw)
    # not RegisterKmsCluster for a new provider: that one makes trusted providers (vSphere API)
    session.call(what, session.crypto.RegisterKmipServer, server=spec)


def update_server(session: Session, provider: str, before: Server, after: Server, password: str | None) -> None:
    """Change a server: fields that vCenter requires and those that differ, and the password when given."""
    always = ("name", "address", "port")
    info = server_info({key: after[key] for key in SERVER_KEYS if key in always or after[key] != before[key]})
    what = f"update the KMS {after['name']} in the key provider {provider}"
    session.call(what, session.crypto.UpdateKmipServer, server=_server_spec(provider, info, password))


def remove_server(session: Session, provider: str, server: str) -> None:
    """Take a server out; the provider goes with its last one."""
    what = f"remove the KMS {server} from the key provider {provider}"
    session.call(what, session.crypto.RemoveKmipServer, clusterId=key_provider_id(provider), serverName=server)


def remove_provider(session: Session, provider: Provider) -> None:
    """Remove all servers, and what is left of the provider; ConflictError when it is still listed after that."""
    for server in provider.servers:
        remove_server(session, provider.name, server["name"])
    if find_provider(session, provider.name) is None:
        return
    # vCenter may keep a provider without servers (assumption empty-provider-remains)
    what = f"unregister the key provider {provider.name}"
    session.call(what, session.crypto.UnregisterKmsCluster, clusterId=key_provider_id(provider.name))
    if find_provider(session, provider.name) is not None:
        raise ConflictError(f"the key provider {provider.name} is still listed on {session.hostname} after its removal")
