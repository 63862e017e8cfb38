# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Native key providers: what the REST interface does with them, and what they mean for hosts and VMs."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime
import re
import secrets
import typing as t
import urllib.parse

from . import backup_file, rest_errors
from .backup_file import Backup
from .crypto_state import NATIVE, TRUSTED, Provider
from .entities import Cluster, Host, KeyRef
from .rest_errors import RestError

if t.TYPE_CHECKING:
    from .core import Core
    from .inventory import Inventory

HEALTH = ("NONE", "OK", "WARNING", "ERROR")
NOT_BACKED_UP = "com.vmware.vim.vpxd.encryption.keyProviderNotBackedUp"
DOWNLOAD = "/cryptomanager/kms/"
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
CONSTRAINTS = {"tpm_required": bool}


@dataclasses.dataclass
class Download:
    """A file that waits to be fetched, once."""

    provider: str
    user: str
    expiry: datetime.datetime
    password: str = dataclasses.field(default="", repr=False)


def timestamp(moment: datetime.datetime) -> str:
    """A time as REST writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def checked(given: t.Any, allowed: t.Mapping[str, type], required: t.Sequence[str] = ()) -> dict[str, t.Any]:
    """The fields of a structure that are set; raises for unknown, wrong and missing ones."""
    if not isinstance(given, dict):
        raise RestError("invalid_argument", "A structure is expected.")
    for name, value in given.items():
        if name not in allowed:
            raise RestError("unexpected_input", f"Unexpected field: {name}")
        if value is not None and not isinstance(value, allowed[name]):
            raise RestError("invalid_argument", f"Field {name} has a wrong type.")
    found = {name: value for name, value in given.items() if value is not None}
    for name in required:
        if name not in found:
            raise RestError("invalid_argument", f"Field {name} is missing.")
    return found


def decoded(text: str, name: str) -> bytes:
    """Bytes of a base64 text."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise RestError("invalid_argument", f"{name} is not in base64.") from exc


class NativeProviders:
    """Callers hold the lock of the vCenter."""

    def __init__(self, core: Core, inventory: Inventory) -> None:
        self._core = core
        self._inventory = inventory
        self._downloads: dict[str, Download] = {}
        self._lost: dict[KeyRef, bytes] = {}  # keys in use whose provider is gone -> what they were derived from
        self.known_secrets: set[str] = set()  # tokens, passwords and keys, for tests that look for leaks
        core.crypto.on_added.append(self._unlock)
        core.crypto.on_dropped.append(self._lock)

    # VMs

    def _lock(self, provider: Provider) -> None:
        """VMs that are off lose their key with the provider; hosts still hold the keys of running ones."""
        if provider.management_type != NATIVE:
            return
        for machine in self._inventory.vms:
            keys = [key for key in machine.crypto_keys() if key.provider == provider.id]
            for key in keys:
                self._lost.setdefault(key, provider.derivation_key)
            machine.locked = machine.locked or (bool(keys) and machine.power_state == "poweredOff")

    def _unlock(self, provider: Provider) -> None:
        """The same provider is back, by name and key: its keys can be derived again."""
        self.known_secrets.add(base64.b64encode(provider.derivation_key).decode())
        back = {key for key, origin in self._lost.items() if (key.provider, origin) == self._origin(provider)}
        for machine in self._inventory.vms:
            keys = set(machine.crypto_keys())
            if keys & back and not keys & (set(self._lost) - back):
                machine.locked = False
        for key in back:
            del self._lost[key]

    @staticmethod
    def _origin(provider: Provider) -> tuple[str, bytes]:
        return provider.id, provider.derivation_key

    def is_lost(self, key: KeyRef) -> bool:
        """Whether a key was derived by a provider that is gone, even if another has its name now."""
        return key in self._lost

    # reading

    def _health(self, provider: Provider) -> tuple[str, list[dict[str, t.Any]]]:
        if provider.settling_reads > 0:
            provider.settling_reads -= 1
            return provider.settling_health, []
        if provider.has_backup:
            return "OK", []
        text = f"Key provider {provider.id} requires backup."
        detail = rest_errors.message(NOT_BACKED_UP, text, keyProviderId=provider.id)
        return self._core.settings.native_unsaved_health, [detail]

    def _get(self, name: str, other: str = "unsupported") -> Provider:
        provider = self._core.crypto.providers.get(name)
        if provider is None or (provider.management_type != NATIVE and other == "not_found"):
            raise RestError("not_found", f"Key provider {name} is not found.")
        if provider.management_type != NATIVE:
            raise RestError(other, f"Key provider {name} is not a native key provider.")
        return provider

    def list_all(self, names: t.Sequence[str], health: t.Sequence[str]) -> t.Any:
        """Summaries of all, or of those that both filters let through."""
        for one in health:
            if one not in HEALTH:
                raise RestError("invalid_argument", f"Unknown health {one}.")
        found = []
        for provider in self._core.crypto.providers.values():
            if provider.management_type == NATIVE and (not names or provider.id in names):
                found.append({"provider": provider.id, "type": "NATIVE", "health": self._health(provider)[0]})
        return [one for one in found if not health or one["health"] in health]

    def get(self, name: str) -> t.Any:
        """One in full."""
        provider = self._get(name, "not_found")
        health, details = self._health(provider)
        info = {"health": health, "details": details, **self._common(provider.key_id, provider.tpm_required)}
        return info

    @staticmethod
    def _common(key_id: str | None, tpm_required: bool | None) -> dict[str, t.Any]:
        found: dict[str, t.Any] = {"type": "NATIVE", "native_info": {"key_id": key_id}}
        if tpm_required is not None:
            found["constraints"] = {"tpm_required": tpm_required}
        return found

    # writing

    def create(self, body: t.Any) -> None:
        """Make a provider; it is not backed up yet."""
        given = checked(body, {"provider": str, "constraints": dict, "native_spec": dict}, ["provider"])
        name = given["provider"]
        if not name:
            raise RestError("invalid_argument", "The name of the key provider is empty.")
        constraints = checked(given.get("constraints", {}), CONSTRAINTS)
        spec = checked(given.get("native_spec", {}), {"key_id": str, "key_derivation_key": str})
        key_id = self._key_id(spec)
        key = decoded(spec.get("key_derivation_key", ""), "key_derivation_key")
        if key and len(key) != backup_file.KEY_BYTES:
            raise RestError("invalid_argument", f"key_derivation_key has {len(key)} bytes.")
        self._check_free(name)
        provider = self._core.crypto.add_native(name, False, constraints.get("tpm_required"), key_id, key)
        provider.settling_reads = self._core.settings.native_settling_reads

    @staticmethod
    def _key_id(spec: dict[str, t.Any]) -> str:
        key_id = str(spec.get("key_id", ""))
        if "key_id" in spec and not UUID.fullmatch(key_id):
            raise RestError("invalid_argument", "key_id is not a UUID.")
        return key_id

    def _check_free(self, name: str) -> None:
        if name in self._core.crypto.providers:
            raise RestError("already_exists", f"Key provider {name} already exists.")

    def update(self, name: str, body: t.Any) -> None:
        """Change the key id, the only thing that can be changed."""
        provider = self._get(name)
        given = checked(body, {"native_spec": dict})
        key_id = self._key_id(checked(given.get("native_spec", {}), {"key_id": str}))
        if key_id and key_id != provider.key_id:
            provider.key_id = key_id
            provider.has_backup = provider.has_backup and self._core.settings.native_update_keeps_backup

    def delete(self, name: str) -> None:
        """Remove a provider; use is not looked at."""
        self._core.crypto.drop(self._get(name).id)

    # backup

    def export(self, body: t.Any, host: str, user: str) -> t.Any:
        """Get a backup ready to be fetched; `host` is what the client calls this vCenter, with its port."""
        given = checked(body, {"provider": str, "password": str}, ["provider"])
        if not given["provider"]:
            raise RestError("invalid_argument", "The name of the key provider is empty.")
        provider = self._get(given["provider"])
        settings = self._core.settings
        expiry = self._core.clock.now() + datetime.timedelta(seconds=settings.download_token_lifetime)
        token = secrets.token_urlsafe(32)
        self._downloads[token] = Download(provider.id, user, expiry, given.get("password", ""))
        self.known_secrets.update({token, given.get("password", "")} - {""})
        url = f"https://{settings.download_host or host}{DOWNLOAD}{urllib.parse.quote(provider.id, safe='')}"
        return {
            "type": "LOCATION",
            "location": {"url": url, "download_token": {"token": token, "expiry": timestamp(expiry)}},
        }

    def owner(self, token: str) -> str:
        """Who asked for the download with that token."""
        download = self._downloads.get(token)
        return download.user if download else ""

    def download(self, name: str, token: str) -> bytes:
        """The file. The token is used up, and the provider counts as backed up."""
        waiting = self._downloads.get(token)
        if waiting is None or waiting.provider != name:
            raise rest_errors.unauthenticated()
        del self._downloads[token]
        if waiting.expiry < self._core.clock.now():
            raise rest_errors.unauthenticated()
        provider = self._get(name)
        now = self._core.clock.now()
        backup = Backup(
            provider.id, provider.key_id or "", provider.derivation_key, provider.tpm_required, timestamp(now)
        )
        content = backup_file.write(backup, waiting.password, now)
        provider.has_backup = True
        return content

    def restore(self, body: t.Any) -> t.Any:
        """Make a provider from a backup, or with `dry_run` only read the file."""
        fields = {"config": str, "password": str, "constraints": dict, "dry_run": bool}
        given = checked(body, fields, ["config"])
        constraints = checked(given.get("constraints", {}), CONSTRAINTS)
        settings, dry_run = self._core.settings, bool(given.get("dry_run"))
        self.known_secrets.update({given.get("password", "")} - {""})
        try:
            backup = backup_file.read(decoded(given["config"], "config"), given.get("password", ""))
        except ValueError as exc:
            text = "The configuration cannot be read, or the password is wrong."
            raise RestError("invalid_argument", text) from exc
        if not dry_run or settings.dry_run_refuses_existing:
            self._check_free(backup.provider)
        kept = backup.tpm_required if settings.backup_keeps_constraints else None
        tpm_required = constraints.get("tpm_required", kept)
        if not dry_run:
            saved = settings.imported_is_backed_up
            provider = self._core.crypto.add_native(backup.provider, saved, tpm_required, backup.key_id, backup.key)
            provider.settling_reads, provider.settling_health = settings.native_settling_reads, "WARNING"
        return {
            "provider": backup.provider,
            "export_time": backup.export_time,
            **self._common(backup.key_id, tpm_required),
        }

    # hosts

    def _reached(self, moid: str) -> t.Iterator[Provider]:
        """The providers that a host has received."""
        host = self._inventory.entity(moid)
        if not isinstance(host, Host):
            raise RestError("not_found", f"Host {moid} is not found.")
        can = isinstance(host.parent, Cluster) and host.connection_state == "connected"
        for provider in self._core.crypto.providers.values():
            fits = host.has_tpm_2 or not provider.tpm_required
            if provider.management_type == TRUSTED:
                yield provider
            elif provider.management_type == NATIVE and provider.settling_reads > 0:
                provider.settling_reads -= 1
            elif provider.management_type == NATIVE and fits and can:
                yield provider

    def _on_host(self, provider: Provider) -> dict[str, t.Any]:
        if provider.management_type == TRUSTED:
            return {"type": "TRUST_AUTHORITY", "health": "OK", "details": []}
        health, details = self._health(provider)
        info = {"key_id": provider.key_id}
        return {"type": "NATIVE", "health": health, "details": details, "native_info": info}

    def list_on_host(self, moid: str) -> t.Any:
        """Summaries of the providers that a host has received."""
        found = []
        for provider in self._reached(moid):
            seen = self._on_host(provider)
            found.append({"provider": provider.id, "type": seen["type"], "health": seen["health"]})
        return found

    def get_on_host(self, moid: str, name: str) -> t.Any:
        """One of them in full."""
        for provider in self._reached(moid):
            if provider.id == name:
                return self._on_host(provider)
        raise RestError("not_found", f"Key provider {name} is not found on the host.")
