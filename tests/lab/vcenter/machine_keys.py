# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys on their way to a host: from the KMIP server over real KMIP, or made by a native provider."""

from __future__ import annotations

import contextlib
import threading
import typing as t
import uuid

from ..kmip.vcenter_client import KmsRefused, KmsUnavailable
from . import vm_faults, vmomi
from .crypto_state import NATIVE, STANDARD, KeyRecord, Provider
from .entities import Cluster, Host, KeyRef

if t.TYPE_CHECKING:
    from .core import Core
    from .inventory import Inventory
    from .provider_keys import ProviderKeys


@contextlib.contextmanager
def as_fault() -> t.Iterator[None]:
    """Tell what a KMIP server refused as the fault of a task."""
    try:
        yield
    except KmsRefused as exc:
        key = "msg.keysafe.locator" if isinstance(exc, KmsUnavailable) else "msg.vigor.enc.keyNotFound"
        raise vm_faults.keyed(key, text=str(exc)) from exc


class MachineKeys:
    """Finds, makes and pushes keys; raises faults. Nothing here may be called with the lock held."""

    def __init__(self, core: Core, inventory: Inventory, keys: ProviderKeys) -> None:
        self._core = core
        self._inventory = inventory
        self._keys = keys
        self._one_host = threading.Lock()  # or two VMs that are encrypted at once would make it two keys

    def default_provider(self, host: Host | None) -> Provider:
        """The default of the host's cluster, else that of what is above it, else of the vCenter."""
        with self._core.lock:
            provider = self._keys.default_of(host)
        if provider is None:
            raise vm_faults.keyed("msg.keysafe.locator", text="No default key provider is set.")
        return provider

    def provider(self, name: str) -> Provider:
        """The provider of that name."""
        provider = self._core.crypto.providers.get(name)
        if provider is None:
            raise vm_faults.keyed("msg.keysafe.locator", text=f"The key provider {name} is not known.")
        return provider

    def wanted(self, given: t.Any, host: Host | None) -> KeyRef:
        """The key that a spec names, made now where it leaves that to vCenter, and pushed to the host."""
        provider = self.provider(given.providerId.id) if given and given.providerId else self.default_provider(host)
        if given and given.keyId:
            key = KeyRef(provider.id, str(given.keyId))
            self.push(key, host)
            return key
        if given and provider.management_type == STANDARD and not self._core.settings.standard_empty_key_id:
            raise vm_faults.keyed("msg.vigor.enc.keyNotFound", text="The id of the key is empty.")
        return self.new(provider, host)

    def new(self, provider: Provider, host: Host | None) -> KeyRef:
        """A fresh key of a provider, pushed to the host."""
        self._check_reach(provider, host)
        if provider.management_type == NATIVE:
            key = KeyRef(provider.id, str(uuid.uuid4()))
        else:
            with as_fault():
                key = self._keys.make(provider)
        with self._core.lock:
            self._core.crypto.keys[key] = KeyRecord(key)
            if host is not None:
                host.keys.add(key)
        return key

    def push(self, key: KeyRef, host: Host | None) -> None:
        """Get a key to the host; raises GenericVmConfigFault when it cannot be had."""
        provider = self.provider(key.provider)
        self._check_reach(provider, host)
        if provider.management_type == NATIVE:
            self._check_native_key(key)
        with as_fault():
            self._keys.fetch(key)
        with self._core.lock:
            if host is not None:
                host.keys.add(key)

    def _check_native_key(self, key: KeyRef) -> None:
        with self._core.lock:
            known = key in self._core.crypto.keys or key in self._inventory.keys_in_use()
            if not known:
                raise vm_faults.keyed("msg.vigor.enc.keyNotFound")

    def _check_reach(self, provider: Provider, host: Host | None) -> None:
        """Which hosts can use a native provider: members of a cluster, with a TPM 2.0 where it asks for one."""
        if provider.management_type != NATIVE or host is None:
            return
        if not isinstance(host.parent, Cluster):
            raise vm_faults.keyed(vm_faults.NOT_IN_CLUSTER)
        if provider.tpm_required and not host.has_tpm_2:
            raise vm_faults.not_supported(f"The key provider {provider.id} needs a host with a TPM 2.0.")
        if not provider.has_backup and not self._core.settings.native_unsaved_usable:
            raise vm_faults.not_supported(f"The key provider {provider.id} is not backed up.")

    def make_safe(self, host: Host, provider: Provider) -> None:
        """Turn a host's encryption mode on with its own key, else its cluster's, else a new one of the provider.

        The key comes from the provider of the VM's key (inferred).
        """
        with self._one_host:
            if host.crypto_state == "safe":
                return
            with self._core.lock:
                mates = [host, *(one for one in self._inventory.hosts if one.parent is host.parent)]
                key = next((one.crypto_key for one in mates if one.crypto_key), None)
            if key is None:
                key = self.new(provider, host)
            else:
                self.push(key, host)
            with self._core.lock:
                host.crypto_key, host.crypto_state = key, "safe"

    def available(self, key: KeyRef, host: Host | None) -> bool:
        """Whether a host has a key, or can get it now."""
        if host is not None and key in host.keys:
            return True
        try:
            self.push(key, host)
        except vmomi.MethodFault:
            return False
        return True
