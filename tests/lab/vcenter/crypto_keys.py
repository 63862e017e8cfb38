# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CryptoManagerKmip: keys. They live in the KMIP server; here is only what vCenter knows of them."""

from __future__ import annotations

import typing as t

from pyVmomi import vim, vmodl

from ..kmip.vcenter_client import KmsRefused, KmsUnavailable
from . import errors, vmomi
from .crypto_manager import find_provider, provider_id, rejected
from .crypto_state import NATIVE, STANDARD, KeyRecord, Provider
from .dispatcher import Call, operation
from .entities import KeyRef, VirtualMachine
from .vm_properties import crypto_key_id

if t.TYPE_CHECKING:
    from .core import Core
    from .inventory import Inventory
    from .kms_connections import KmsConnections
    from .native_providers import NativeProviders

AVAILABILITY, MACHINES, HOSTS, REFERENCES = 1, 2, 4, 8  # bits of QueryCryptoKeyStatus


def key_ref(key: t.Any) -> KeyRef:
    """Our form of a CryptoKeyId."""
    return KeyRef(key.providerId.id if key.providerId else "", key.keyId)


class CryptoKeys:
    """Keys of all providers."""

    def __init__(self, core: Core, inventory: Inventory, connections: KmsConnections, native: NativeProviders) -> None:
        self._core = core
        self._inventory = inventory
        self._connections = connections
        self._native = native

    @operation("GenerateKey", kind="write", blocking=True)
    def generate(self, call: Call) -> t.Any:
        """A new key in the KMIP server; a refusal is a result, not a fault."""
        with self._core.lock:
            given = call.arguments.get("keyProvider") or provider_id(self._core.crypto.default)
            if given is None:
                return self._failed(KeyRef("", ""), "No default key provider is set.")
            provider = find_provider(self._core, given, "keyProvider")
            if provider.management_type != STANDARD:
                raise rejected(self._core, "Cannot generate keys with this key provider", "keyProvider")
        try:
            key = KeyRef(provider.id, self._connections.create_key(provider))
        except KmsRefused as exc:
            return self._failed(KeyRef(provider.id, ""), self._words(provider, exc))
        spec = call.arguments.get("spec")
        record = KeyRecord(key, {pair.key: pair.value for pair in spec.attributes} if spec else {})
        with self._core.lock:
            self._core.crypto.keys[key] = record
        return vim.encryption.CryptoKeyResult(keyId=crypto_key_id(key), success=True)

    def _words(self, provider: Provider, refusal: KmsRefused) -> str:
        """What vCenter says of a key that it does not get; the frame of the codes is that of Broadcom KB 396701."""
        if self._core.settings.key_refusal_words == "plain" or not isinstance(refusal, KmsUnavailable):
            return str(refusal)
        code = "QLC_ERR_SSL" if refusal.in_tls else "QLC_ERR_COMMUNICATE"
        lines = [f"Failed to generate key on KMS {server.address}: {code}" for server in provider.servers.values()]
        return "Reason: " + " ".join(lines)

    @staticmethod
    def _failed(key: KeyRef, reason: str) -> t.Any:
        return vim.encryption.CryptoKeyResult(
            keyId=crypto_key_id(key), success=False, reason=reason, fault=vmodl.RuntimeFault(msg=reason)
        )

    def _cached(self) -> list[KeyRef]:
        """Keys that VMs and hosts use, or that were pushed."""
        found = self._inventory.keys_in_use()
        for key, record in self._core.crypto.keys.items():
            if self._core.settings.list_generated_keys or not record.generated:
                found[key] = None
        return list(found)

    @operation("ListKeys")
    def list_keys(self, call: Call) -> list[t.Any]:
        """vCenter's cache, not what the KMIP servers hold."""
        limit = call.arguments.get("limit")
        keys = self._cached()
        return [crypto_key_id(key) for key in (keys[:limit] if limit and limit > 0 else keys)]

    @operation("QueryCryptoKeyStatus", blocking=True)
    def status(self, call: Call) -> list[t.Any]:
        """For each key what the bits ask for; without keys for all that are cached."""
        bits = call.arguments["checkKeyBitMap"]
        with self._core.lock:
            given = call.arguments.get("keyIds")
            keys = [key_ref(key) for key in given] if given else self._cached()
            machines = self._inventory.users() if bits & MACHINES else {}
            results = [self._usage(key, bits, machines.get(key, [])) for key in keys]
            known = set(self._inventory.keys_in_use()) | set(self._core.crypto.keys)
        if bits & AVAILABILITY:
            states = self._states(keys)
            for key, result in zip(keys, results):
                result.keyAvailable, result.reason = self._availability(key, states, key in known)
        return results

    def _states(self, keys: list[KeyRef]) -> dict[KeyRef, str]:
        """What the servers of standard providers say: all keys of one provider over one connection."""
        found: dict[KeyRef, str] = {}
        for name in dict.fromkeys(key.provider for key in keys):
            provider = self._core.crypto.providers.get(name)
            if provider is not None and provider.management_type == STANDARD:
                wanted = [key.key_id for key in keys if key.provider == name]
                states = self._connections.key_states(provider, wanted)
                found.update({KeyRef(name, key_id): state for key_id, state in states.items()})
        return found

    def _usage(self, key: KeyRef, bits: int, machines: list[VirtualMachine]) -> t.Any:
        result = vim.encryption.CryptoManagerKmip.CryptoKeyStatus(keyId=crypto_key_id(key))
        if bits & MACHINES:
            result.encryptedVMs = [machine.reference for machine in machines]
        if bits & HOSTS:
            result.affectedHosts = [host.reference for host in self._inventory.hosts if host.crypto_key == key]
        if bits & REFERENCES:
            result.referencedByTags = list(self._core.crypto.references.get(key, []))
        return result

    def _availability(self, key: KeyRef, states: dict[KeyRef, str], known: bool) -> tuple[bool | None, str | None]:
        if key in self._core.crypto.told_states:
            return False, self._core.crypto.told_states[key]
        provider = self._core.crypto.providers.get(key.provider)
        if provider is None:
            return False, "KeyStateClusterInvalid"
        if provider.management_type == NATIVE:
            if self._native.is_lost(key):
                return False, "KeyStateMissingInCache"
            # the reason came with 8.0.3
            return True, "KeyStateManagedByNKP" if self._core.release.api_version >= "8.0.3" else None
        if provider.management_type != STANDARD:
            return True, "KeyStateManagedByTrustAuthority"
        if not known and self._core.settings.unknown_key_status != "asked":
            said = self._core.settings.unknown_key_status
            return (None, None) if said == "unsaid" else (False, said)
        state = states[key]
        return (True, None) if state == "available" else (False, state)

    def _add(self, key: t.Any) -> KeyRef:
        reference = key_ref(key.keyId)
        if reference in self._core.crypto.keys:
            raise vim.fault.AlreadyExists(name=reference.key_id, msg="The specified key already exists.")
        self._core.crypto.keys[reference] = KeyRecord(reference, generated=False)
        return reference

    @operation("AddKey", kind="write")
    def add(self, call: Call) -> None:
        """Push a key into the cache."""
        self._add(call.arguments["key"])

    @operation("AddKeys", kind="write")
    def add_all(self, call: Call) -> list[t.Any]:
        """Push keys; one result each."""
        return [self._result(key.keyId, self._add, key) for key in call.arguments.get("keys") or []]

    @staticmethod
    def _result(key: t.Any, function: t.Callable[..., t.Any], *arguments: t.Any) -> t.Any:
        try:
            function(*arguments)
        except vmomi.MethodFault as fault:
            return vim.encryption.CryptoKeyResult(keyId=key, success=False, reason=fault.msg, fault=fault)
        return vim.encryption.CryptoKeyResult(keyId=key, success=True)

    def _remove(self, key: t.Any, force: bool) -> None:
        reference = key_ref(key)
        used = reference in self._inventory.keys_in_use()
        if used and not force:
            raise vim.fault.ResourceInUse(name=reference.key_id, msg="The resource is in use.")
        if not force and reference not in self._core.crypto.keys:
            raise errors.invalid_argument("key")
        self._core.crypto.keys.pop(reference, None)

    @operation("RemoveKey", kind="write")
    def remove(self, call: Call) -> None:
        """Take a key out of the cache; it stays in the KMIP server."""
        self._remove(call.arguments["key"], call.arguments["force"])

    @operation("RemoveKeys", kind="write")
    def remove_all(self, call: Call) -> list[t.Any]:
        """Take keys out; one result each."""
        force = call.arguments["force"]
        return [self._result(key, self._remove, key, force) for key in call.arguments.get("keys") or []]

    @operation("SetKeyCustomAttributes", kind="write")
    def set_attributes(self, call: Call) -> t.Any:
        """Set attributes of a key that this vCenter made."""
        key = key_ref(call.arguments["keyId"])
        record = self._core.crypto.keys.get(key)
        if record is None:
            return self._failed(key, "The key is not known.")
        record.attributes.update({pair.key: pair.value for pair in call.arguments["spec"].attributes})
        return vim.encryption.CryptoKeyResult(keyId=crypto_key_id(key), success=True)
