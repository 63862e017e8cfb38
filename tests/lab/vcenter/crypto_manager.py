# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CryptoManagerKmip: providers, servers, defaults and their status."""

from __future__ import annotations

import datetime
import re
import typing as t

from pyVmomi import vim, vmodl

from . import errors, sessions, vmomi
from .crypto_state import NATIVE, STANDARD, TRUSTED, KmipServer, Provider
from .dispatcher import Call, operation
from .entities import Cluster, Entity, Folder

if t.TYPE_CHECKING:
    from .core import Core
    from .inventory import Inventory
    from .kms_connections import KmsConnections
    from .tasks import Tasks

MANAGER = "CryptoManager"
NAME = re.compile(r"(?=.{1,253}$)[^.\s]{1,63}(\.[^.\s]{1,63})*\.?")  # of a host: no label is empty or too long
PRIVILEGE = "Cryptographer.ManageKeyServers"
# our name, vSphere's name; what an update deletes with: "" for texts, -1 for numbers
TEXT_FIELDS = (("proxy_address", "proxyAddress"), ("protocol", "protocol"), ("user_name", "userName"))
NUMBER_FIELDS = (("proxy_port", "proxyPort"), ("reconnect", "reconnect"), ("nbio", "nbio"), ("timeout", "timeout"))
# bits of managementTypeFilter; bit 4 is trusted and not registered, which this vCenter never has
TYPE_BITS = {STANDARD: 1, TRUSTED: 2, NATIVE: 8}
ACTIVE, INACTIVE = 1, 2
CONFIGURED = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)  # when a wrapping key was chosen


def provider_id(name: str | None) -> t.Any:
    """The vSphere form of a provider's name."""
    return vim.encryption.KeyProviderId(id=name) if name else None


def key_spec_of(spec: t.Any) -> tuple[str, str | int | None] | None:
    """How the keys of a server are wrapped, None for raw ones (vSphere Web Services API, KmipServerSpec, since 9.0)."""
    found = getattr(spec, "keySpec", None)
    if found is None:
        return None
    if isinstance(found, vim.encryption.KmipServerSpec.WrappingKeyIdKeySpec):
        return "keyId", found.keyId
    if isinstance(found, vim.encryption.KmipServerSpec.WrappingRotationIntervalKeySpec):
        return "rotationInterval", found.rotationInterval
    return None


def key_info(provider: Provider) -> t.Any:
    """The same as a provider shows it."""
    if provider.key_spec is None:
        return None
    kind, value = provider.key_spec
    infos = vim.encryption.KmipClusterInfo
    if kind == "keyId":
        return infos.WrappingKeyIdKeyInfo(keyId=value, configuredTime=CONFIGURED)
    return infos.WrappingRotationIntervalKeyInfo(rotationInterval=value)


def rejected(core: Core, text: str, name: str) -> Exception:
    """A wrong provider or server: vSphere does not declare which fault that is."""
    if core.settings.argument_fault == "RuntimeFault":
        return vmodl.RuntimeFault(msg=text)
    return errors.invalid_argument(name, text)


def find_provider(core: Core, given: t.Any, name: str) -> Provider:
    """The provider that a parameter names; `name` is the parameter's."""
    provider = core.crypto.providers.get(given.id if given else "")
    if provider is None:
        raise rejected(core, "Invalid cluster ID", name)
    return provider


def server_info(server: KmipServer) -> t.Any:
    """KmipServerInfo; unset texts come back empty."""
    return vim.encryption.KmipServerInfo(
        name=server.name,
        address=server.address,
        port=server.port,
        proxyPort=server.proxy_port,
        reconnect=server.reconnect,
        nbio=server.nbio,
        timeout=server.timeout,
        **{theirs: getattr(server, ours) or "" for ours, theirs in TEXT_FIELDS},
    )


def server_from(info: t.Any, password: str | None = None) -> KmipServer:
    """The server that a KmipServerInfo describes."""
    fields: dict[str, t.Any] = {ours: getattr(info, theirs) or None for ours, theirs in TEXT_FIELDS}
    fields.update({ours: _number(getattr(info, theirs)) for ours, theirs in NUMBER_FIELDS})
    return KmipServer(info.name, info.address, info.port, password=password or None, **fields)


def _number(value: int | None) -> int | None:
    return None if value is None or value < 0 else int(value)


class CryptoManager:
    """Providers and their servers."""

    def __init__(self, core: Core, inventory: Inventory, connections: KmsConnections, tasks: Tasks) -> None:
        self._core = core
        self._inventory = inventory
        self._connections = connections
        self._tasks = tasks
        core.store.add(
            vim.encryption.CryptoManagerKmip(MANAGER),
            self,
            {"enabled": lambda _own: True, "kmipServers": CryptoManager._property},
        )

    # registering

    @operation("RegisterKmipServer", kind="write")
    def register_server(self, call: Call) -> None:
        """Add a server; the first one makes the provider."""
        spec = call.arguments["server"]
        if not spec.info.name:
            raise errors.invalid_argument("server.info.name")
        if not spec.clusterId.id:
            raise errors.invalid_argument("server.clusterId.id")
        self._check_address(spec.info.address)
        name = spec.clusterId.id
        key_type = getattr(spec, "defaultKeyType", None) or "rawKey"
        key_spec = key_spec_of(spec)
        provider = self._core.crypto.providers.get(name) or Provider(name, default_key_type=key_type, key_spec=key_spec)
        if provider.management_type != STANDARD:
            raise rejected(self._core, "Already registered", "server.clusterId")
        if spec.info.name in provider.servers:
            raise rejected(self._core, "Already registered", "server.info.name")
        if provider.servers and provider.default_key_type != key_type:
            raise errors.invalid_argument("server.defaultKeyType")
        if provider.servers and provider.key_spec != key_spec:
            raise errors.invalid_argument("server.keySpec")
        provider.servers[spec.info.name] = server_from(spec.info, spec.password)
        self._core.crypto.providers[name] = provider

    def _check_address(self, address: str) -> None:
        if self._core.settings.bad_address_refused and not NAME.fullmatch(address) and not address.count(":") > 1:
            raise errors.invalid_argument("server.info.address")

    def _server(self, provider: Provider, name: str, parameter: str) -> KmipServer:
        if name not in provider.servers:
            raise rejected(self._core, "Invalid server name", parameter)
        return provider.servers[name]

    @operation("UpdateKmipServer", kind="write")
    def update_server(self, call: Call) -> None:
        """Change a server: what is unset stays, "" and -1 delete."""
        spec = call.arguments["server"]
        provider = find_provider(self._core, spec.clusterId, "server.clusterId")
        server = self._server(provider, spec.info.name, "server.info.name")
        self._check_address(spec.info.address)
        server.address, server.port = spec.info.address, spec.info.port
        for ours, theirs in TEXT_FIELDS:
            if getattr(spec.info, theirs) is not None:
                setattr(server, ours, getattr(spec.info, theirs) or None)
        for ours, theirs in NUMBER_FIELDS:
            if getattr(spec.info, theirs) is not None:
                setattr(server, ours, _number(getattr(spec.info, theirs)))
        if spec.password is not None:
            server.password = spec.password or None
        provider.default_key_type = spec.defaultKeyType or provider.default_key_type

    @operation("RemoveKmipServer", kind="write")
    def remove_server(self, call: Call) -> None:
        """Remove a server, even of a provider in use; the provider goes with its last one."""
        provider = find_provider(self._core, call.arguments["clusterId"], "clusterId")
        self._server(provider, call.arguments["serverName"], "serverName")
        if len(provider.servers) == 1:
            self._check_unused(provider)
        del provider.servers[call.arguments["serverName"]]
        if not provider.servers and not self._core.settings.empty_provider_remains:
            self._core.crypto.drop(provider.id)

    def _check_unused(self, provider: Provider) -> None:
        used = {key.provider for key in self._inventory.keys_in_use()}
        if provider.id in used and not self._core.settings.used_provider_removable:
            raise vim.fault.ResourceInUse(name=provider.id, msg=f"The key provider {provider.id} is in use.")

    @operation("RegisterKmsCluster", kind="write")
    def register_cluster(self, call: Call) -> None:
        """Register a provider without servers; native ones are not made this way."""
        name = call.arguments["clusterId"].id
        kind = call.arguments.get("managementType") or TRUSTED
        if kind not in (STANDARD, TRUSTED):
            raise errors.invalid_argument("managementType")
        if not name:
            raise errors.invalid_argument("clusterId.id")
        if name in self._core.crypto.providers:
            raise rejected(self._core, "Already registered", "clusterId")
        self._core.crypto.providers[name] = Provider(name, kind)

    @operation("UnregisterKmsCluster", kind="write")
    def unregister_cluster(self, call: Call) -> None:
        """Remove a provider with all its servers; use is not looked at."""
        provider = find_provider(self._core, call.arguments["clusterId"], "clusterId")
        self._check_unused(provider)
        self._core.crypto.drop(provider.id)

    # reading

    def _info(self, provider: Provider, with_servers: bool = True) -> t.Any:
        state = self._core.crypto
        entities = [moid for moid, name in state.entity_defaults.items() if name == provider.id]
        references = [entity.reference for entity in map(self._inventory.entity, entities) if entity]
        standard = provider.management_type == STANDARD
        return vim.encryption.KmipClusterInfo(
            clusterId=provider_id(provider.id),
            servers=[server_info(server) for server in provider.servers.values()] if with_servers else [],
            useAsDefault=state.default == provider.id,
            managementType=provider.management_type,
            useAsEntityDefault=references,
            hasBackup=provider.has_backup,
            tpmRequired=provider.tpm_required,
            keyId=provider.key_id,
            defaultKeyType=provider.default_key_type if standard else None,
            keyInfo=key_info(provider),
        )

    def _property(self) -> list[t.Any]:
        if self._core.settings.property_needs_privilege and not sessions.current().may(PRIVILEGE):
            raise errors.no_permission(vim.encryption.CryptoManagerKmip(MANAGER), PRIVILEGE)
        return [self._info(provider) for provider in self._core.crypto.providers.values()]

    @operation("ListKmipServers")
    def list_servers(self, call: Call) -> list[t.Any]:
        """All providers with their servers, up to `limit` providers."""
        limit = call.arguments.get("limit")
        providers = list(self._core.crypto.providers.values())
        return [self._info(provider) for provider in (providers[:limit] if limit and limit > 0 else providers)]

    @operation("ListKmsClusters", blocking=True)
    def list_clusters(self, call: Call) -> list[t.Any]:
        """Providers of some types and states, with servers only on request."""
        types = call.arguments.get("managementTypeFilter")
        states = call.arguments.get("statusFilter")
        with self._core.lock:
            providers = list(self._core.crypto.providers.values())
        if types is not None and types != -1:
            providers = [one for one in providers if TYPE_BITS[one.management_type] & types]
        if states is not None and states != -1:
            providers = [one for one in providers if self._state_bit(one) & states]
        with self._core.lock:
            return [self._info(one, bool(call.arguments.get("includeKmsServers"))) for one in providers]

    def _state_bit(self, provider: Provider) -> int:
        return ACTIVE if self._connections.is_active(provider) else INACTIVE

    @operation("IsKmsClusterActive", blocking=True)
    def is_active(self, call: Call) -> bool:
        """Whether a provider, or the default one, can be used."""
        with self._core.lock:
            given = call.arguments.get("cluster") or provider_id(self._core.crypto.default)
            provider = self._core.crypto.providers.get(given.id) if given else None
        if provider is None:
            raise errors.invalid_argument("cluster")
        return self._connections.is_active(provider)

    @operation("RetrieveKmipServersStatus_Task", blocking=True)
    def status(self, call: Call) -> t.Any:
        """Contact the servers of the given providers (those that are listed in them), or of all."""
        asked: list[tuple[Provider, set[str] | None]] = []
        failure: Exception | None = None
        with self._core.lock:
            given = call.arguments.get("clusters")
            if not given:
                asked = [(provider, None) for provider in self._core.crypto.providers.values()]
            for cluster in given or []:
                try:
                    provider = find_provider(self._core, cluster.clusterId, "clusters")
                except vmomi.MethodFault as exc:
                    failure = exc
                    break
                # without a list of servers: all of them
                asked.append((provider, {server.name for server in cluster.servers} or None))
        if failure is not None:
            return self._tasks.finish(call.this, "CryptoManagerKmip.retrieveKmipServersStatus", error=failure)
        results = [self._connections.status(provider, names) for provider, names in asked]
        result = vmomi.array_of(vim.encryption.CryptoManagerKmip.ClusterStatus, results)
        return self._tasks.finish(call.this, "CryptoManagerKmip.retrieveKmipServersStatus", result=result)

    # defaults

    @operation("MarkDefault", kind="write")
    def mark_default(self, call: Call) -> None:
        """Make a provider the default of the whole vCenter."""
        self._core.crypto.default = find_provider(self._core, call.arguments["clusterId"], "clusterId").id

    @operation("SetDefaultKmsCluster", kind="write")
    def set_default(self, call: Call) -> None:
        """Set or clear the default of the whole vCenter, a cluster or a host folder."""
        given = call.arguments.get("clusterId")
        name = find_provider(self._core, given, "clusterId").id if given else None
        entity = self._entity(call)
        if entity is None:
            self._core.crypto.default = name
            return
        moid = vmomi.moid(entity.reference)
        self._core.crypto.entity_defaults.pop(moid, None)
        if name:
            self._core.crypto.entity_defaults[moid] = name

    def _entity(self, call: Call) -> Entity | None:
        given = call.arguments.get("entity")
        if given is None:
            return None
        entity = self._inventory.entity(given)
        if entity is None:
            raise errors.not_found(given)
        if not isinstance(entity, Cluster) and not (
            isinstance(entity, Folder) and entity.child_types[-1] == "ComputeResource"
        ):
            raise errors.invalid_argument("entity")
        return entity

    @operation("GetDefaultKmsCluster")
    def get_default(self, call: Call) -> t.Any:
        """The default of the vCenter or of an entity, on request with that of its parents; unset when there is none."""
        state = self._core.crypto
        entity = self._entity(call)
        if entity is None:
            return provider_id(state.default)
        own = state.entity_defaults.get(vmomi.moid(entity.reference))
        if own or not call.arguments.get("defaultsToParent"):
            return provider_id(own)
        inherited = (state.entity_defaults.get(vmomi.moid(above.reference)) for above in entity.ancestors())
        return provider_id(next(filter(None, inherited), state.default))
