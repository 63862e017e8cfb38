# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A native key provider as the module `native_key_provider` sees it: read, wanted state, and the steps of a change."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ConflictError,
    GuardError,
    InvalidInputError,
    WaitTimeoutError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import confirmed
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.rest import (
    Rest,
    write_surely,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import (
    Session,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.defaults import Defaults
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    NATIVE,
    Provider,
    find_provider,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.native import api
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.native import hosts as native_hosts
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.native.hosts import HostFacts
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.native.restore import Restore
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.usage.users import (
    guard_removal,
    in_use,
    users_left_behind,
    users_of,
)


@dataclasses.dataclass(frozen=True)
class NativeRecord:
    """A native key provider; health, reasons and hosts are as the REST interface sees them now."""

    name: str
    type: str
    key_id: str | None
    tpm_required: bool | None
    has_backup: bool | None
    default: bool | None
    default_clusters: list[str]
    health: str | None = None
    reasons: list[str] | None = None
    hosts: list[State] | None = None


NATIVE_FIELDS = fields_of(NativeRecord)
NATIVE_VOLATILE = ("health", "reasons", "hosts")
_UNKNOWN_BEFORE = dict.fromkeys(NATIVE_VOLATILE)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def check_native_options(params: t.Mapping[str, t.Any]) -> None:
    """Raise InvalidInputError for options that cannot be right. Needs no session."""
    api.checked_name(params["name"])
    key_id = params["key_id"]
    if key_id and not _UUID.fullmatch(key_id.strip().lower()):
        raise InvalidInputError(f"key_id: {key_id} is no UUID of the form 8-4-4-4-12")
    try:
        base64.b64decode(params["key_derivation_key"] or "", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInputError("key_derivation_key: this is not base64") from None


class NativeProvider(Resource):
    """One provider by name, with the options of the module. Reads remember what later steps need."""

    result_key = "key_provider"
    fields = NATIVE_FIELDS
    volatile = NATIVE_VOLATILE

    def __init__(
        self, session: Session, rest: Rest, params: t.Mapping[str, t.Any], warn: t.Callable[[str], None]
    ) -> None:
        self._session = session
        self._rest = rest
        self._params = params
        self._warn = warn
        self._name = api.checked_name(params["name"])
        self._key_id: str | None = (params["key_id"] or "").strip().lower() or None
        self._tpm_required: bool = params["tpm_required"]
        self._patience = Patience.of(params)
        self._defaults = Defaults(session, self._name, params)
        self._restore = Restore.of(params, self._name)
        self._provider: Provider | None = None
        self._hosts: list[HostFacts] | None = None

    def read(self) -> State | None:
        """Present state, None when absent."""
        provider = self._find()
        self._provider = provider
        if provider is None:
            return None
        api.check_native(provider, self._session.hostname)
        seen = self._look() if self._params["state"] == "present" else {}
        return as_result(
            NativeRecord(
                name=provider.name,
                type=provider.type,
                key_id=_plain(provider.key_id),
                tpm_required=bool(provider.tpm_required),
                has_backup=bool(provider.has_backup),
                **self._defaults.state(provider),
                **seen,
            )
        )

    def _find(self) -> Provider | None:
        return find_provider(self._session, self._name)

    def _look(self) -> State:
        found = api.read_native_health(self._rest, self._name)
        return {"health": found.health, "reasons": found.reasons, "hosts": self._look_at_hosts()}

    def _look_at_hosts(self) -> list[State] | None:
        if not self._params["check_hosts"]:
            return None
        return native_hosts.on_hosts(self._rest, self._all_hosts(), self._name)

    def _all_hosts(self) -> list[HostFacts]:
        if self._hosts is None:
            self._hosts = native_hosts.read_hosts(self._session)
            for line in native_hosts.host_warnings(self._hosts, self._tpm_required):
                self._warn(line)
        return self._hosts

    def wanted(self, before: State | None) -> State:
        """What the user asked for, over what is there."""
        if before is not None and before["tpm_required"] != self._tpm_required:
            raise ConflictError(
                f"the key provider {self._name} on {self._session.hostname} was created with tpm_required: "
                f"{str(before['tpm_required']).lower()}, which cannot change later; nothing was changed. Set the "
                "option tpm_required to this value, or create another provider and move the VMs to it",
                tpm_required=before["tpm_required"],
            )
        wanted: State = {"name": self._name, "type": NATIVE, "tpm_required": self._tpm_required}
        if self._restore is not None:
            present = before["key_id"] if before else None
            message = self._restore.rehearse(self._rest, self._tpm_required, self._key_id, present)
            if message:
                self._warn(message)
        if before is None:
            # vCenter may count a restored provider as backed up, or not (assumption imported-is-backed-up)
            wanted.update(key_id=self._wanted_key_id(), has_backup=False if self._restore is None else None)
        elif self._key_id and self._key_id != before["key_id"]:
            # whether the old backup still counts, vCenter decides (assumption native-update-keeps-backup)
            wanted.update(key_id=self._key_id, has_backup=None)
        wanted.update(self._defaults.wanted())
        return wanted

    def _wanted_key_id(self) -> str | None:
        return self._restore.key_id if self._restore is not None else self._key_id

    def guard(self, plan: Plan) -> None:
        """Refuse what would lose keys, or leave hosts without them."""
        if plan.verb == "create":
            hosts = self._all_hosts()
            if self._tpm_required:
                native_hosts.check_tpm(hosts)
            # who gives a key derivation key may have that of the lost provider
            if self._restore is None and not self._params["key_derivation_key"]:
                check_nobody_left_behind(self._session, self._name, self._params["confirm_name"])
        elif plan.verb == "delete" and self._provider is not None:
            guard_removal(self._session, self._provider, self._params["confirm_name"], self._warn)
        elif self._provider is not None and "key_id" in plan.changes:
            check_key_id_change(self._session, self._provider, self._params["confirm_name"])
            self._warn(f"the key id of the key provider {self._name} is new: backups made before do not have it")
        if self._restore is None or plan.verb != "create":
            check_backed_up(self._name, plan)

    def predict(self, plan: Plan) -> State:
        """The planned state; health, and the key id that vCenter makes up, are not known before."""
        if plan.verb == "create":
            return {"default_clusters": [], **plan.after, **_UNKNOWN_BEFORE}
        if "key_id" in plan.changes:
            return {**plan.after, **_UNKNOWN_BEFORE}
        return plan.after

    def settle(self, plan: Plan) -> State:
        """Wait for the provider that an earlier run made without waiting."""
        if plan.after.get("health") != "NONE":
            return plan.after
        self._wait()
        return self.read() or {}

    def apply(self, plan: Plan) -> State:
        """Make or change it, wait until vCenter knows its health, set the defaults, and read the new state."""
        if plan.verb == "create":
            write_surely(self._create, lambda: self._find() is not None, self._patience)
        elif "key_id" in plan.changes:
            key_id: str = plan.changes["key_id"]
            write_surely(
                lambda: api.set_key_id(self._rest, self._name, key_id),
                lambda: _plain(getattr(self._find(), "key_id", None)) == key_id,
                self._patience,
            )
        if plan.verb == "create" or "key_id" in plan.changes:
            self._wait()
        if plan.verb == "create" and self._restore is not None:
            check_restored_default(self._find(), self._name, plan)
        self._defaults.write(plan)
        return self.read() or {}

    def _create(self) -> None:
        if self._restore is not None:
            self._restore.write(self._rest, self._tpm_required)
        else:
            key = self._params["key_derivation_key"]
            api.create(self._rest, self._name, self._tpm_required, self._key_id, key)

    def _wait(self) -> None:
        """A warning that stays is told and stops nothing: a host that is down keeps the health at WARNING."""
        try:
            api.wait_until_settled(self._rest, self._name, self._patience)
        except WaitTimeoutError as error:
            if api.read_native_health(self._rest, self._name).health == "NONE":
                raise
            self._warn(error.message)

    def delete(self, plan: Plan) -> None:
        """Remove it, and see that it is gone."""
        write_surely(lambda: api.delete(self._rest, self._name), lambda: self._find() is None, self._patience)
        what = f"removal of the key provider {self._name}"
        wait_for(self._find, lambda seen: seen is None, what, self._patience, lambda _seen: "still listed")

    def extras(self) -> dict[str, t.Any]:
        """Which vCenter it is, and whether that vCenter has read the backup."""
        return {
            "vcenter": self._session.hostname,
            "vcenter_id": self._session.vcenter_id,
            "backup_proved": None if self._restore is None else self._restore.proved,
        }


def _plain(key_id: str | None) -> str | None:
    return key_id.lower() if key_id else None


def becomes_default(plan: Plan) -> bool:
    """Whether the plan makes it the default of the system or of a cluster."""
    added = set(plan.after.get("default_clusters") or []) - set(plan.before.get("default_clusters") or [])
    return bool(added) or bool(plan.changes.get("default"))


def check_backed_up(name: str, plan: Plan) -> None:
    """Raise GuardError for a default without a backup: VMs would be encrypted with keys that exist once."""
    if plan.verb != "delete" and becomes_default(plan) and not plan.after.get("has_backup"):
        raise GuardError(
            f"the key provider {name} cannot become a default before it is backed up; nothing was changed. Run this "
            "without default and default_clusters, then native_key_provider_backup, then this again"
        )


def check_restored_default(provider: Provider | None, name: str, plan: Plan) -> None:
    """The same after a restore: only then it shows whether vCenter counts the backup."""
    if becomes_default(plan) and not (provider and provider.has_backup):
        raise GuardError(
            f"the key provider {name} is restored, but vCenter wants a new backup of it before it should become a "
            "default. Run native_key_provider_backup, then this again"
        )


def check_nobody_left_behind(session: Session, name: str, confirm_name: str | None) -> None:
    """Raise GuardError when something needs keys of a lost provider of this name, and it was not typed again.

    A new provider has another key, and its name would be taken when the backup of the lost one is found.
    """
    if confirmed(name, confirm_name, "the key provider"):
        return
    usage = users_left_behind(session, name)
    if usage:
        raise in_use(
            usage,
            f"a key provider {name} that {session.hostname} no longer has is {usage.summary()}; nothing was changed. A "
            "new one of this name has another key, so they would stay locked. Restore its backup (option "
            "restore_from), or give the new key provider another name",
        )


def check_key_id_change(session: Session, provider: Provider, confirm_name: str | None) -> None:
    """Raise GuardError when something is encrypted with the present key id and the name was not typed again."""
    if confirmed(provider.name, confirm_name, "the key provider"):
        return
    used = users_of(session, [provider])[provider.name]
    usage = dataclasses.replace(used, system_default=False, clusters_default=[])  # defaults do not mind
    if usage:
        raise in_use(
            usage,
            f"the key id of the key provider {provider.name} on {session.hostname} is {usage.summary()}; nothing was "
            "changed. Back the provider up first; then give confirm_name with its name to change the key id all the "
            "same",
        )
