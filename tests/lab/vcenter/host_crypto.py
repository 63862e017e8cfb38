# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encryption mode of hosts and clusters.

Sources: the API reference of HostSystem, CryptoManagerHost and ClusterComputeResource (states, which key is taken,
faults); "Cannot generate key" is what support articles quote. The texts after it are those of the KMIP server.
"""

from __future__ import annotations

import typing as t

from pyVmomi import vim, vmodl

from ..kmip.vcenter_client import KmsRefused
from . import errors
from .crypto_keys import key_ref
from .crypto_state import NATIVE, Provider
from .dispatcher import Call, operation
from .entities import Cluster, Host, KeyRef
from .vmomi import moid

if t.TYPE_CHECKING:
    from .core import Core
    from .inventory import Inventory
    from .provider_keys import ProviderKeys

INCAPABLE, PREPARED, SAFE, PENDING = "incapable", "prepared", "safe", "pendingIncapable"
MODES = ("onDemand", "forceEnable")


def invalid_state(text: str) -> Exception:
    """Not in this state."""
    return vim.fault.InvalidState(msg=text)


def manager_of(host: Host) -> t.Any:
    """Reference of a host's own crypto manager."""
    return vim.encryption.CryptoManagerHostKMS(f"cryptoManager-{moid(host.reference)}")


class HostCrypto:
    """HostSystem's and the cluster's methods."""

    def __init__(self, core: Core, inventory: Inventory, keys: ProviderKeys) -> None:
        self._core = core
        self._inventory = inventory
        self._keys = keys
        for host in inventory.hosts:
            core.store.add(manager_of(host), host, {"enabled": lambda one: one.crypto_state == SAFE})
        inventory.on_added.append(self._added)

    def _added(self, entity: t.Any) -> None:
        if isinstance(entity, Host):
            self._core.store.add(manager_of(entity), entity, {"enabled": lambda one: one.crypto_state == SAFE})

    # by hand, with a key unencrypted text

    @operation("PrepareCrypto", kind="write")
    def prepare(self, call: Call) -> None:
        """From incapable to prepared."""
        self._prepare(self._host(call))

    @operation("CryptoManagerHostPrepare", kind="write")
    def prepare_by_manager(self, call: Call) -> None:
        """The same at the host's manager."""
        self._prepare(self._core.store.source(call.this))

    def _prepare(self, host: Host) -> None:
        self._check(host)
        if host.crypto_state != INCAPABLE:
            raise invalid_state("The host is not in the state incapable.")
        host.crypto_state = PREPARED

    @operation("EnableCrypto", kind="write")
    def enable(self, call: Call) -> None:
        """From prepared to safe, with that key."""
        self._enable(self._host(call), call.arguments["keyPlain"])

    @operation("CryptoManagerHostEnable", kind="write")
    def enable_by_manager(self, call: Call) -> None:
        """The same at the host's manager."""
        self._enable(self._core.store.source(call.this), call.arguments["initialKey"])

    def _enable(self, host: Host, plain: t.Any) -> None:
        self._check(host)
        if host.crypto_state != PREPARED:
            raise invalid_state("The host is not in the state prepared.")
        host.crypto_state, host.crypto_key = SAFE, key_ref(plain.keyId)

    @operation("CryptoManagerHostDisable", kind="write")
    def disable(self, call: Call) -> None:
        """From safe to pendingIncapable: the next start makes it incapable. Never where vSAN is encrypted."""
        host: Host = self._core.store.source(call.this)
        if host.crypto_state != SAFE:
            raise invalid_state("The host is not in the state safe.")
        if isinstance(host.parent, Cluster) and host.parent.vsan_encryption:
            raise invalid_state("The host is in a cluster whose vSAN is encrypted.")
        host.crypto_state = PENDING

    # with keys of a provider

    def _host(self, call: Call) -> Host:
        return t.cast(Host, self._inventory.entity(call.this))

    @staticmethod
    def _check(host: Host) -> None:
        if host.connection_state != "connected":
            raise vmodl.fault.HostNotConnected(msg="The host is not connected.")
        if not host.crypto_supported:
            raise vmodl.fault.NotSupported(msg="The operation is not supported on the object.")

    @operation("ConfigureCryptoKey", kind="write", blocking=True)
    def configure(self, call: Call) -> None:
        """To safe, with the given key or the one that is due, and its VMs are unlocked."""
        host, given = self._host(call), call.arguments.get("keyId")
        self._check(host)
        self.make_safe(host, key_ref(given) if given else None)

    def make_safe(self, host: Host, given: KeyRef | None = None) -> None:
        """Give a host its key; raises RuntimeFault with the reason."""
        with self._core.lock:
            key = given or host.crypto_key or self._cluster_key(host)
            provider = self._keys.default_of(host)
            if given is not None and not given.key_id:
                # inferred: an empty key id has a native provider make one, as it does for VMs
                key, provider = None, self._native(given.provider)
        try:
            if key is not None:
                self._keys.fetch(key, [host])
            elif provider is None:
                raise KmsRefused("The default key provider is not set.")
            else:
                key = self._keys.make(provider, [host])
        except KmsRefused as exc:
            what = "Cannot generate key." if key is None else "Cannot retrieve key."
            raise vmodl.RuntimeFault(msg=f"A general runtime error occurred. {what} {exc}") from exc
        with self._core.lock:
            host.crypto_state, host.crypto_key = SAFE, key
        self._unlock_machines(host)

    def _native(self, name: str) -> Provider:
        provider = self._core.crypto.providers.get(name)
        if provider is None or provider.management_type != NATIVE:
            raise errors.invalid_argument("keyId")
        return provider

    @staticmethod
    def _cluster_key(host: Host) -> KeyRef | None:
        """The key that the cluster's other hosts have."""
        siblings = host.parent.children if isinstance(host.parent, Cluster) else []
        return next((one.crypto_key for one in siblings if isinstance(one, Host) and one.crypto_key), None)

    def _unlock_machines(self, host: Host) -> None:
        """The keys of its VMs are pushed too, as far as they are available."""
        for machine in [one for one in self._inventory.vms if one.host is host and one.locked]:
            try:
                for key in dict.fromkeys(machine.crypto_keys()):
                    self._keys.fetch(key, [host])
            except KmsRefused:
                continue
            with self._core.lock:
                machine.locked = False

    @operation("SetCryptoMode", kind="write", blocking=True)
    def set_mode(self, call: Call) -> None:
        """onDemand: hosts become safe when it is needed. forceEnable: all of them at once."""
        cluster = t.cast(Cluster, self._inventory.entity(call.this))
        mode = call.arguments["cryptoMode"]
        if mode not in MODES:
            raise errors.invalid_argument("cryptoMode")
        if mode == "forceEnable":
            hosts = [one for one in cluster.children if isinstance(one, Host)]
            if not all(one.crypto_supported for one in hosts):
                raise vmodl.fault.InvalidRequest(msg="A host of the cluster does not support encryption.")
            for host in hosts:
                if host.crypto_state != SAFE and host.connection_state == "connected":
                    self.make_safe(host)
        with self._core.lock:
            cluster.crypto_mode = mode

    # what happens to a host

    def restart(self, host: Host, with_keys: bool = False) -> None:
        """Start a host anew. Without its keys it is not safe, and its encrypted VMs are off and locked."""
        with self._core.lock:
            host.keys.clear()
            if host.crypto_state == PENDING:
                host.crypto_state, host.crypto_key = INCAPABLE, None
            for machine in self._inventory.vms:
                if machine.host is host:
                    machine.power_state = "poweredOff"
                    machine.locked = not with_keys and next(machine.crypto_keys(), None) is not None
            if not with_keys and host.crypto_state == SAFE:
                host.crypto_state = PREPARED
