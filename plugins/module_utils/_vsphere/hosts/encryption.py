# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn encryption mode of hosts on, with keys that vCenter takes from the key provider: no key passes through here."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ForbiddenError,
    GuardError,
    InvalidInputError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import listing
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import Plan, State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Resource
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience, wait_for
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.errors import maybe_done
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.sdk import vim
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.hosts.modes import (
    MODES,
    SAFE,
    Cluster,
    Host,
    HostInventory,
    as_record,
    chosen_clusters,
    chosen_hosts,
    read_host_inventory,
    reason_of,
    summary_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.key_sources import (
    KeySources,
    NewKeys,
    unused_text,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.key_providers.providers import (
    key_provider_id,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.causes import with_cause

HOST_FIELDS = ("hosts", "clusters", "summary")
HOST_VOLATILE = ("summary",)
_NAMED = 3  # failures after the first that a message tells in full
_WIRE_MODES = {ours: theirs for theirs, ours in MODES.items()}


def check_host_options(params: t.Mapping[str, t.Any]) -> None:
    """Raise InvalidInputError for what the argument spec cannot tell."""
    if params["cluster_mode"] is not None and params["clusters"] is None and not params["all"]:
        raise InvalidInputError("cluster_mode needs clusters (or all: true): it is a setting of clusters, not of hosts")
    if not params["all"] and params["hosts"] is None and params["clusters"] is None:
        raise InvalidInputError("no hosts selected: give hosts, clusters, or all: true")


class HostEncryption(Resource):
    """The chosen hosts, and the clusters that were named."""

    result_key = "host_encryption"
    fields = HOST_FIELDS
    volatile = HOST_VOLATILE

    def __init__(self, session: Session, params: t.Mapping[str, t.Any], warn: t.Callable[[str], None]) -> None:
        self._session = session
        self._params = params
        self._warn = warn
        self._patience = Patience.of(params)
        self._providers = KeySources(session)
        self._fleet = HostInventory([], [])
        self._due: list[Host] = []
        self._made: dict[str, tuple[str, ...]] = {}  # places by the id of the key that was made for them
        self._given: dict[tuple[str, ...], t.Any] = {}  # keys of the named provider by place: a cluster shares one

    # reading

    def _chosen(self) -> list[Host]:
        if self._params["all"]:
            return self._fleet.hosts
        return chosen_hosts(self._fleet, self._params["hosts"] or [], self._params["clusters"] or [])

    def _clusters(self) -> list[Cluster]:
        return chosen_clusters(self._fleet, None if self._params["all"] else self._params["clusters"] or [])

    def _state(self) -> State:
        self._fleet = read_host_inventory(self._session)
        hosts = [as_record(host, reason_of(host, self._fleet, self._providers.default_of)) for host in self._chosen()]
        clusters = [{"name": cluster.name, "mode": cluster.mode} for cluster in self._clusters()]
        return {"hosts": hosts, "clusters": clusters, "summary": summary_of(hosts)}

    def read(self) -> State:
        """Present state."""
        return self._state()

    def wanted(self, before: State | None) -> State:
        """The same with every host that can be safe being safe, and the clusters in the wanted mode."""
        present = before or {}
        self._due = [host for host in self._chosen() if self._needs(host) and host.obstacle() is None]
        due = {host.moid: host for host in self._due}
        hosts = [self._predicted(due[row["moid"]]) if row["moid"] in due else row for row in present["hosts"]]
        mode = self._params["cluster_mode"]
        clusters = [{**row, "mode": mode} if mode else row for row in present["clusters"]]
        return {"hosts": hosts, "clusters": clusters, "summary": summary_of(hosts)}

    def _needs(self, host: Host) -> bool:
        """It is not in encryption mode, or it has a key of another provider than the one that was named."""
        return not host.safe or self._foreign(host)

    def _foreign(self, host: Host) -> bool:
        wanted = self._params["provider"]
        return wanted is not None and (host.key is None or host.key.provider != wanted)

    def _predicted(self, host: Host) -> State:
        """As it will be; the id of a key that vCenter chooses, or has to make, is not known."""
        record = as_record(dataclasses.replace(host, state=SAFE), None)
        key_id = None if self._foreign(host) else record["key_id"]
        return {**record, "provider": self._provider_name(host), "key_id": key_id}

    def _provider_name(self, host: Host) -> str | None:
        """Whose key it gets: its own again, that of its cluster, or a new one of the default or the named provider."""
        if self._params["provider"] is not None:
            return str(self._params["provider"])
        key = host.key or self._fleet.key_of_cluster(host)
        if key is not None and key.provider:
            return key.provider
        return self._providers.default_of(host.places)

    # rules

    def guard(self, plan: Plan) -> None:
        """Hosts that were named must be able to; where keys come from must work."""
        self._check_hosts()
        if self._params["provider"] is not None:
            self._providers.get(self._params["provider"])
        if not plan.changed or not self._due:
            return
        lacking = [host for host in self._due if self._provider_name(host) is None]
        if lacking:
            raise GuardError(
                f"no default key provider gives a key to {listing([host.name for host in lacking])}; nothing was "
                "changed. Next step: make one the default with standard_key_provider or native_key_provider",
                hosts=[host.name for host in lacking],
            )
        self._providers.check_usable({str(self._provider_name(host)) for host in self._due})

    def _check_hosts(self) -> None:
        unable = [host for host in self._chosen() if self._needs(host) and host.obstacle()]
        named = [host for host in unable if host.name in (self._params["hosts"] or [])]
        if named:
            reasons = [f"{host.name} ({host.obstacle()})" for host in named]
            raise GuardError(
                f"encryption mode cannot be turned on for {listing(reasons)}; nothing was changed",
                hosts=[host.name for host in named],
            )
        for host in unable:
            self._warn(f"{host.name} stays unchanged: {host.obstacle()}")

    # writing

    def apply(self, plan: Plan) -> State:
        """Host by host; after a failure the other hosts of that cluster are not tried."""
        failed: dict[str, CollectionError] = {}
        for host in self._due:
            if host.places in {one.places for one in self._due if one.moid in failed}:
                continue
            try:
                self._enable(host)
            except CollectionError as error:
                failed[host.moid] = with_cause(error)
                if isinstance(error, ForbiddenError):
                    break  # the other hosts would be refused too
        if failed:
            self._fail(failed)
        self._set_modes(plan)
        return self._verified()

    def _enable(self, host: Host) -> None:
        if not self._foreign(host):
            # no key id: the host's own, else its cluster's, else a new one of the default provider (vSphere API)
            self._session.call(f"turn on encryption mode of {host.name}", host.object.ConfigureCryptoKey)
            return
        if host.places not in self._given:
            self._given[host.places] = self._new_key(host)
        what = f"give {host.name} a key of {self._params['provider']}"
        self._session.call(what, host.object.ConfigureCryptoKey, keyId=self._given[host.places])

    def _new_key(self, host: Host) -> t.Any:
        """A key of the named provider: the one that another host of the cluster has already, or a new one."""
        name = str(self._params["provider"])
        mates = [one for one in self._fleet.hosts if host.cluster is not None and one.places == host.places]
        key = next((one.key for one in mates if one.key is not None and one.key.provider == name), None)
        if key is not None:
            return vim.encryption.CryptoKeyId(keyId=key.id, providerId=key_provider_id(name))
        made = NewKeys(self._session, self._providers).take(name)
        self._made[made.keyId] = host.places
        return made

    def _fail(self, failed: t.Mapping[str, CollectionError]) -> t.NoReturn:
        """Raise the first error, which tells the others and the hosts as they are now."""
        error, *others = failed.values()
        if others:
            error.message += f". Also {listing([one.message for one in others], _NAMED)}"
        with contextlib.suppress(CollectionError):  # what failed counts for more than why it cannot be read again
            state = self._state()
            left = self._left(state)
            self._warn_of_unused(failed)
            error.message += f". {self._words()}: {listing(left)}"
            error.details["hosts"] = left
            error.results = {"changed": len(left) < len(self._due), "host_encryption": state}
        raise error

    def _warn_of_unused(self, failed: t.Mapping[str, CollectionError]) -> None:
        """Keys that were made and that no host has. After a lost answer, vCenter may still be giving one to a host."""
        used = {host.key.id for host in self._fleet.hosts if host.key is not None}
        unsure = {host.places for host in self._due if host.moid in failed and maybe_done(failed[host.moid])}
        # a native provider makes its keys itself: no id
        unused = sorted(key for key, places in self._made.items() if key and key not in used and places not in unsure)
        if unused:
            self._warn(unused_text(unused))

    def _words(self) -> str:
        wanted = self._params["provider"]
        return "Not in encryption mode" if wanted is None else f"Without a key of {wanted}"

    def _set_modes(self, plan: Plan) -> None:
        wanted = {row["name"]: row["mode"] for row in plan.after["clusters"]}
        for cluster in self._clusters():
            mode = wanted[cluster.name]
            if mode != cluster.mode:
                what = f"set the encryption mode {mode} of the cluster {cluster.name}"
                try:
                    self._session.call(what, cluster.object.SetCryptoMode, cryptoMode=_WIRE_MODES[mode])
                except CollectionError as error:
                    raise with_cause(error) from error

    def _verified(self) -> State:
        return wait_for(
            self._state,
            lambda state: not self._left(state),
            "encryption mode of the hosts",
            self._patience,
            lambda state: f"not safe yet: {listing(self._left(state))}",
        )

    def _left(self, state: State) -> list[str]:
        """Names of the hosts that should be safe, with a key of the named provider, and are not."""
        due = {host.moid for host in self._due}
        wanted = self._params["provider"]
        return [
            row["name"]
            for row in state["hosts"]
            if row["moid"] in due and (row["state"] != SAFE or wanted not in (None, row["provider"]))
        ]
