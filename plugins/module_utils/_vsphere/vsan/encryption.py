# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring vSAN data-at-rest encryption of a cluster into a state, with all checks before the first write."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ApiError,
    CollectionError,
    ConflictError,
    GuardError,
    InvalidInputError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import confirmed, listing, plural
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.results import as_result, fields_of
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.retry import TryAgain
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import from_fault
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import reference
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.key_sources import (
    KeySources,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.causes import with_cause
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.fleet import read_fleet
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.vsan.service import (
    DUAL,
    Encryption,
    VsanCluster,
    VsanService,
    named_cluster,
    read_clusters,
)

VSAN_FIELDS = ("cluster", "moid", "esa", *fields_of(Encryption), "rekey")
VSAN_VOLATILE = ("changing",)
NONE, SHALLOW, DEEP = "none", "shallow", "deep"
_SETTINGS = ("enabled", "provider", "erase_disks")
_UNKNOWN_KEYS: State = {"key_id": None, "host_key_id": None}

_T = t.TypeVar("_T")


def check_vsan_options(params: t.Mapping[str, t.Any]) -> None:
    """Raise InvalidInputError for what the argument spec cannot tell."""
    if not 0 <= params["min_free_percent"] <= 100:
        raise InvalidInputError("min_free_percent must be between 0 and 100")
    if params["state"] == "disabled" and params["rekey"] != NONE:
        raise InvalidInputError("rekey needs state: enabled")
    if params["key_ids"] is not None and params["rekey"] == NONE:
        raise InvalidInputError("key_ids says which keys to replace: it requires rekey")


def vsan_record(cluster: VsanCluster, found: Encryption) -> State:
    """A cluster and its encryption for a module's result."""
    return {"cluster": cluster.name, "moid": cluster.moid, "esa": cluster.esa, **as_result(found)}


def checks_of(vsan: VsanService) -> dict[str, t.Any]:
    """Health and space for a module's result."""
    health, space = vsan.health(), vsan.space()
    return {
        "health": health.overall,
        "problems": health.problems,
        "capacity_bytes": space.capacity,
        "free_bytes": space.free,
        "free_percent": space.free_percent,
    }


def read_report(session: Session, names: t.Sequence[str] | None, check_health: bool) -> list[State]:
    """Clusters with vSAN, all or those named."""
    clusters = read_clusters(session)
    if names is not None:
        clusters = [named_cluster(clusters, name) for name in sorted(set(names))]
    found = []
    for cluster in clusters:
        if cluster.vsan:
            vsan = VsanService(session, cluster)
            found.append(
                {**vsan_record(cluster, vsan.encryption()), "checks": checks_of(vsan) if check_health else None}
            )
    return found


class VsanEncryption(Resource):
    """One cluster."""

    result_key = "vsan_encryption"
    fields = VSAN_FIELDS
    volatile = VSAN_VOLATILE

    def __init__(self, session: Session, params: t.Mapping[str, t.Any], warn: t.Callable[[str], None]) -> None:
        self._session = session
        self._params = params
        self._warn = warn
        self._patience = Patience.of(params)
        self._providers = KeySources(session)
        self._cluster: VsanCluster
        self._vsan: VsanService
        self.checks: dict[str, t.Any] | None = None

    # reading

    def read(self) -> State:
        """Present state; ConflictError when the cluster has no vSAN."""
        self._cluster = named_cluster(read_clusters(self._session), self._params["cluster"])
        self._vsan = VsanService(self._session, self._cluster)
        if not self._cluster.vsan:
            raise ConflictError(f"vSAN is not switched on in the cluster {self._cluster.name}; nothing was changed")
        return self._state()

    def _state(self, rekey: str = NONE) -> State:
        return {**vsan_record(self._cluster, self._vsan.encryption()), "rekey": rekey}

    def wanted(self, before: State | None) -> State:
        """The values that the options name; keys that will be new are not known (null)."""
        if self._params["state"] == "disabled":
            return {"enabled": False, "provider": None, "erase_disks": None, **_UNKNOWN_KEYS}
        present = before or {}
        provider, rekey = self._provider(present), self._rekey(present)
        wanted: State = {"enabled": True, "provider": provider, "rekey": rekey}
        erase = self._params["erase_disks"]
        if erase is not None or not present["enabled"]:
            wanted["erase_disks"] = bool(erase)
        if rekey != NONE or provider != present["provider"]:
            wanted.update(_UNKNOWN_KEYS)
        return wanted

    def _provider(self, before: State) -> str | None:
        """The named one, else the present one (null when vSAN does not tell), else the default for the cluster."""
        if before["enabled"]:
            return self._params["provider"] or t.cast("str | None", before["provider"])
        name = self._params["provider"] or self._providers.default_of(self._cluster.places)
        if name is None:
            raise GuardError(
                f"there is no default key provider for the cluster {self._cluster.name}; nothing was changed. "
                "Set provider, or make one the default with standard_key_provider or native_key_provider"
            )
        return str(name)

    def _rekey(self, before: State) -> str:
        """What to do: nothing with keys that are new anyway, or that nobody asked to replace."""
        mode, listed = str(self._params["rekey"]), self._params["key_ids"]
        if not before["enabled"] or (listed is not None and before["key_id"] not in listed):
            return NONE
        # another provider means a new key; a rekey alone cannot change the provider (vSAN API, RekeyEncryptedCluster)
        moves = self._params["provider"] not in (None, before["provider"])
        return NONE if moves and mode == SHALLOW else mode

    def predict(self, plan: Plan) -> State:
        """As it will be when the work is done; without waiting it may still be going on."""
        return {**plan.after, "changing": None} if plan.changed and not self._patience.wait else plan.after

    # rules

    def guard(self, plan: Plan) -> None:
        """Everything that can be known before the first write."""
        if not plan.changed:
            return
        if plan.before["changing"]:
            raise ConflictError(
                f"vSAN of the cluster {self._cluster.name} is still changing; nothing was done. Rerun when it "
                "has finished"
            )
        self._check_confirmed(plan)
        provider = plan.after["provider"]
        if provider is not None and (plan.after["rekey"] != NONE or "provider" in plan.changes):
            self._providers.check_usable({provider})
        self._check_cluster(plan)

    def _check_confirmed(self, plan: Plan) -> None:
        if plan.after["enabled"] or confirmed(self._cluster.name, self._params["confirm_name"], "the cluster"):
            return
        raise GuardError(
            f"the data on vSAN of the cluster {self._cluster.name} would be rewritten unencrypted; nothing was "
            "changed. Set confirm_name to the cluster's name to do it"
        )

    def _rewrites(self, plan: Plan) -> bool:
        """Whether all disks are written anew."""
        return "enabled" in plan.changes or plan.after["rekey"] == DEEP

    def _check_cluster(self, plan: Plan) -> None:
        self.checks = checks_of(self._vsan)
        health, problems = self.checks["health"], self.checks["problems"]
        where = f"vSAN of the cluster {self._cluster.name}"
        said = f"{where} is {health}" + (f" ({listing(problems)})" if problems else "")
        if health == "red" and self._params["require_healthy"]:
            raise GuardError(f"{said}; nothing was changed. Fix it first, or set require_healthy: false", **self.checks)
        if health != "green":
            self._warn(said)
        if "enabled" in plan.changes and plan.after["enabled"]:
            self._warn_of_use(where)
        self._check_space(plan, where, self.checks)
        # a warning only, because vendor documents disagree (assumption vsan-esa-can-change)
        if self._cluster.esa and "enabled" in plan.changes:
            self._warn(
                f"{where} has the Express Storage Architecture: in many versions, it can only be encrypted when "
                "the cluster is created"
            )

    def _warn_of_use(self, where: str) -> None:
        """What those should know who turn it on."""
        self._warn(
            f"{where}: on OVHcloud's own vSAN clusters, its encryption is not supported by default. Ask the "
            "Technical Account Manager first; the supported way there is to encrypt the VMs"
        )
        fleet = read_fleet(self._session)
        used = [one.name for one in fleet.machines if one.keys and fleet.cluster(one) == self._cluster.moid]
        if used:
            count = plural(len(used), "VM is", "VMs are")
            self._warn(f"{count} encrypted too in the cluster {self._cluster.name} ({listing(used)}): {DUAL}")

    def _check_space(self, plan: Plan, where: str, checks: dict[str, t.Any]) -> None:
        # disk groups are reformatted one by one (vSAN OSA), and the data of each has to fit on the others meanwhile
        least, free = self._params["min_free_percent"], checks["free_percent"]
        if self._rewrites(plan) and least > 0 and (free is None or free < least):
            has = f"{free:g} % free space" if free is not None else "an unknown amount of free space"
            raise GuardError(
                f"{where} has {has}, less than the {least:g} % that rewriting its disks needs; nothing was "
                "changed. Free some space, or lower min_free_percent",
                **checks,
            )

    # writing

    def apply(self, plan: Plan) -> State:
        """Settings first, then new keys."""
        if any(name in plan.changes for name in _SETTINGS):
            self._do("change the vSAN encryption", lambda: self._reconfigure(plan))
        if plan.after["rekey"] != NONE:
            self._do_rekey(plan)
        return self._checked(plan, self.settle(plan))

    def _reconfigure(self, plan: Plan) -> t.Any:
        erase = plan.after["erase_disks"] if "erase_disks" in plan.changes else None
        reduced = bool(self._params["allow_reduced_redundancy"])
        return self._vsan.reconfigure(plan.after["enabled"], plan.after["provider"], erase, reduced)

    def _do_rekey(self, plan: Plan) -> None:
        deep, reduced = plan.after["rekey"] == DEEP, bool(self._params["allow_reduced_redundancy"])
        if self._patience.wait and any(name in plan.changes for name in _SETTINGS):
            self.settle(plan)
        self._do("rekey the vSAN encryption", lambda: self._vsan.rekey(deep, reduced))

    def _do(self, what: str, start: t.Callable[[], t.Any]) -> None:
        """Start a task and wait for its end; what it says is put into words."""
        what = f"{what} of the cluster {self._cluster.name}"
        try:
            task = start()
            info = wait_for(
                lambda: self._patiently(lambda: self._session.fetch(what, task, "info")),
                lambda seen: seen.state in ("success", "error"),
                what,
                self._patience,
                lambda seen: f"{seen.state} ({seen.progress or 0} %)",
                task_id=reference(task),
            )
            if info.state == "error":
                raise from_fault(info.error, f"{what} on {self._session.hostname}")
        except CollectionError as error:
            raise with_cause(error) from error

    def settle(self, plan: Plan) -> State:
        """Wait until no change is going on, of this run or of an earlier one."""
        return wait_for(
            lambda: self._patiently(lambda: self._state(plan.after["rekey"])),
            lambda seen: not seen["changing"],
            f"vSAN of the cluster {self._cluster.name}",
            self._patience,
            lambda _seen: "still changing",
        )

    def _checked(self, plan: Plan, after: State) -> State:
        """The wanted settings and other keys than before, or ApiError."""
        if after["changing"]:
            return after
        wrong = [name for name in _SETTINGS if after[name] != plan.after[name]]
        if wrong:
            raise ApiError(
                f"vSAN of the cluster {self._cluster.name} reported success, but {', '.join(wrong)} did not change"
            )
        if plan.after["rekey"] != NONE and after["key_id"] == plan.before["key_id"]:
            raise ApiError(
                f"vSAN of the cluster {self._cluster.name} reported success, but the key is the same as before "
                f"({after['key_id'] or 'no key id is known'})",
                key_id=after["key_id"],
            )
        return after

    def _patiently(self, look: t.Callable[[], _T]) -> _T:
        """Reading survives short losses of the connection: the work takes hours."""

        def attempt() -> _T:
            try:
                return look()
            except UnreachableError as error:
                raise TryAgain(error) from error

        return self._session.retry.call(attempt)

    def extras(self) -> dict[str, t.Any]:
        """What was looked at before the change."""
        return {"checks": self.checks}
