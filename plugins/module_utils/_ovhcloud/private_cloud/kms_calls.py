# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of `vmEncryption/kms`: the KMS entries of one private cloud, several of them in one wait."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    ForbiddenError,
    NotFoundError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._http.exchange import api_path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.client import Client
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.connection.fields import (
    numbers,
    record,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.kms_entries import (
    CHANGING,
    COMING,
    GOALS,
    GOING,
    OPENING,
    by_address,
    entry_in_words,
    entry_state,
    is_quiet,
    shows,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.tasks import (
    Observation,
    Task,
    Tasks,
)

Found = dict[str, t.Optional[State]]
Wanted = t.Mapping[str, State]  # by address: thumbprint and description


class KmsCalls:
    """KMS entries of one private cloud and the writes that change them; each write is sent once."""

    def __init__(self, client: Client, service_name: str, patience: Patience) -> None:
        self.client = client
        self.service_name = service_name
        self.patience = patience
        self.tasks = Tasks(client, service_name)

    def encryption(self) -> str | None:
        """State of VM encryption, None when this identity may not read it."""
        try:
            answer = self.client.get(api_path("/dedicatedCloud/{}/vmEncryption", self.service_name))
        except (ForbiddenError, NotFoundError):
            return None
        return record(answer, f"the encryption of {self.service_name}").text("state")

    def entry(self, kms_id: int) -> State | None:
        """One entry, None when it is gone."""
        try:
            return entry_state(self.client.get(self._path(kms_id)))
        except NotFoundError:
            return None

    def entries(self) -> list[State]:
        """All entries, in order of their ids."""
        found = [self.entry(kms_id) for kms_id in numbers(self.client.get(self._path()), "the list of KMS entries")]
        return [entry for entry in found if entry is not None]

    def staying(self, addresses: t.Collection[str], tasks: t.Mapping[str, Task | None] | None = None) -> Found:
        """The entry of each address, None where there is none or where it is on its way out; see with_tasks."""
        entries = self.entries()
        found = {ip: entry for ip, entry in by_address(entries, addresses).items() if entry["state"] not in GOING}
        return {ip: self.with_tasks(entries, found, tasks or {}).get(ip) for ip in addresses}

    def with_tasks(
        self, entries: t.Sequence[State], found: t.Mapping[str, State], tasks: t.Mapping[str, Task | None]
    ) -> dict[str, State]:
        """The entries with `waiting_for_vcenter` and `task_id` (null when there is nothing left to follow).

        Tasks do not say which entry they belong to. Entries whose task nobody kept wait for vCenter for sure when as
        many tasks wait as entries (of the whole cloud) are under way; only a single one can be told apart.
        """
        flux = [entry for entry in entries if entry["state"] in OPENING | CHANGING and not tasks.get(entry["ip"])]
        kept = {task.task_id for task in tasks.values() if task is not None}
        waiting: list[Task] = []
        if any(entry["ip"] in found for entry in flux):
            waiting = [task for task in self.tasks.waiting_for_vcenter() if task.task_id not in kept]
        enough = len(waiting) >= len([entry for entry in flux if entry["state"] != "unknown"]) and bool(waiting)
        decorated = {}
        for ip, entry in found.items():
            task = tasks.get(ip)
            if task is not None:
                more = (task.waiting_for_vcenter, None if task.done else task.task_id)
            elif entry in flux:
                more = (enough, waiting[0].task_id if len(waiting) == len(flux) == 1 else None)
            else:
                more = (False, None)
            decorated[ip] = {**entry, "waiting_for_vcenter": more[0], "task_id": more[1]}
        return decorated

    def open(self, ip: str, body: t.Mapping[str, t.Any]) -> Task | None:
        """Send the creation of an entry; None when its answer was lost and the entry is there."""
        return self.tasks.start(
            lambda: self.client.post(self._path(), {"ip": ip, **body}),
            lambda: self._there(ip) is not None,
            self.patience,
        )

    def correct(self, entry: State, wanted: State) -> Task | None:
        """Send a change. Both values are sent: the thumbprint must, and a missing description might be cleared."""
        address = self._path(entry["id"]) + "/changeProperties"
        body = {"sslThumbprint": wanted["thumbprint"], "description": wanted["description"]}
        return self.tasks.start(
            lambda: self.client.post(address, body),
            lambda: shows(self.entry(entry["id"]), wanted["thumbprint"], wanted["description"]),
            self.patience,
        )

    def close(self, entry: State) -> Task | None:
        """Send the removal of an entry; None when it is gone, or going, although the answer was lost."""

        def leaving() -> bool:
            now = self.entry(entry["id"])
            return now is None or now["state"] in GOING

        try:
            return self.tasks.start(lambda: self.client.delete(self._path(entry["id"])), leaving, self.patience)
        except NotFoundError:
            return None

    def wait_until_quiet(self, entries: t.Mapping[str, State]) -> Found:
        """Let changes of an earlier run end, they may be the same, and entries come; the entries afterwards."""
        if all(entry["state"] not in CHANGING | COMING for entry in entries.values()):
            return dict(entries)
        what = f"changing {self._named(entries)} of {self.service_name}"
        tasks: dict[str, Task | None] = dict.fromkeys(entries)
        seen = self.tasks.follow_each(
            tasks,
            lambda: {ip: self.entry(entry["id"]) for ip, entry in entries.items()},
            lambda _ip, found: is_quiet(found),
            what,
            self.patience,
            entry_in_words,
        )
        return {ip: found.item for ip, found in seen.items()}

    def reach(self, wanted: Wanted, tasks: t.Mapping[str, Task | None], goal: str) -> dict[str, State]:
        """Wait until every address has an entry that has its values and the goal; the entries as they were seen last.

        `wanted` holds thumbprint and description for entries that are being changed, for others it is empty.
        Without patience an entry may not be listed yet: then only its task's id is returned.
        """

        def ready(ip: str, seen: Observation[State | None]) -> bool:
            if not GOALS[goal](seen) or not wanted[ip]:
                return GOALS[goal](seen)
            waits = seen.task is not None and seen.task.waiting_for_vcenter
            return waits or shows(seen.item, wanted[ip]["thumbprint"], wanted[ip]["description"])

        def settled(entry: State | None) -> bool:
            if entry is None or entry["state"] != "delivered":
                return False
            asked = wanted[entry["ip"]]
            return not asked or shows(entry, asked["thumbprint"], asked["description"])

        what = f"KMS entries of {self.service_name} for {', '.join(wanted)}"
        latest: dict[str, Task | None] = {ip: tasks.get(ip) for ip in wanted}
        seen = self.tasks.follow_each(
            latest, lambda: self.staying(list(wanted), latest), ready, what, self.patience, entry_in_words, settled
        )
        return {ip: self._seen(found, latest[ip]) for ip, found in seen.items()}

    @staticmethod
    def _seen(found: Observation[State | None], task: Task | None) -> State:
        if found.item is None:
            return {"task_id": task.task_id} if task is not None else {}
        if task is None:
            return found.item
        now = found.task
        running = now is not None and not (now.done or now.failed)
        return {
            **found.item,
            "waiting_for_vcenter": now is not None and now.waiting_for_vcenter,
            "task_id": now.task_id if now is not None and running else None,
        }

    def wait_until_gone(self, entries: t.Sequence[State], tasks: t.Mapping[int, Task | None] | None = None) -> None:
        """Wait until the entries have disappeared."""
        if not entries:
            return
        found = {entry["id"]: entry for entry in entries}
        self.tasks.follow_each(
            {kms_id: (tasks or {}).get(kms_id) for kms_id in found},
            lambda: {kms_id: self.entry(kms_id) for kms_id in found},
            lambda _kms_id, seen: seen.item is None,
            f"removal of {self._named({entry['ip']: entry for entry in entries})} of {self.service_name}",
            self.patience,
            entry_in_words,
            lambda entry: entry is None,
        )

    def _there(self, ip: str) -> State | None:
        found = by_address(self.entries(), [ip]).get(ip)
        return found if found is not None and found["state"] not in GOING else None

    @staticmethod
    def _named(entries: t.Mapping[str, State]) -> str:
        return ", ".join(f"KMS entry {entry['id']} ({ip})" for ip, entry in entries.items())

    def _path(self, kms_id: int | None = None) -> str:
        if kms_id is None:
            return api_path("/dedicatedCloud/{}/vmEncryption/kms", self.service_name)
        return api_path("/dedicatedCloud/{}/vmEncryption/kms/{}", self.service_name, kms_id)
