# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The KMS flow of a private cloud: entries of `vmEncryption/kms`, found by IPv4, never by host name."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._certificates.facts import thumbprint
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    AmbiguousError,
    ApiError,
    ForbiddenError,
    GuardError,
    InvalidInputError,
    NotFoundError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.wait import Patience
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.client import Client, path
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.tasks import Seen, Task, Tasks

FIELDS = ("id", "ip", "port", "thumbprint", "description", "state", "waiting_for_vcenter", "task_id")
_PORT = 5696
GOING = frozenset({"toDelete", "deleting"})
_CHANGING = frozenset({"toUpdate", "updating"})
_OPENING = frozenset({"toCreate", "creating", "unknown"})
_UNUSED = frozenset({"disabled", "disabling"})


def resolve(host: str, lookup: t.Callable[..., t.Any] | None = None) -> list[str]:
    """The IPv4 addresses of a host name, sorted; an IPv4 address is returned as it is."""
    name = host.strip()
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        pass
    else:
        if address.version == 4:
            return [str(address)]
        raise InvalidInputError(f"host {host}: the OVHcloud flow knows IPv4 only, give an IPv4 address or a host name")
    if not name or ":" in name or "/" in name:
        raise InvalidInputError(f"host {host!r}: give a host name or an IPv4 address, without scheme and port")
    try:
        answers = (lookup or socket.getaddrinfo)(name, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnreachableError(
            f"host {name} has no IPv4 address here: {error}; give the IPv4 address itself"
        ) from error
    return sorted({str(answer[4][0]) for answer in answers})


def canonical_thumbprint(value: str) -> str:
    """Upper case with colons, as OVHcloud documents it; what is no thumbprint stays as it is, to be shown."""
    try:
        return thumbprint(value)[1]
    except InvalidInputError:
        return value


def entry_state(raw: t.Mapping[str, t.Any]) -> State:
    """From a `dedicatedCloud.VMEncryptionAccessNetwork`, without the fields that tell about its task."""
    return {
        "id": int(raw["kmsId"]),
        "ip": str(raw["ip"]),
        "port": int(raw.get("kmsTcpPort") or _PORT),
        "thumbprint": canonical_thumbprint(str(raw.get("sslThumbprint") or "")),
        "description": str(raw.get("description") or ""),
        "state": str(raw.get("state") or "unknown"),
    }


def match(entries: t.Iterable[State], addresses: t.Sequence[str], host: str) -> State | None:
    """The entry for one of the addresses. Entries on their way out count only when nothing else matches."""
    found = [entry for entry in entries if entry["ip"] in addresses]
    staying = [entry for entry in found if entry["state"] not in GOING]
    chosen = staying or found
    if len(chosen) > 1:
        listed = ", ".join(f"{entry['ip']} (id {entry['id']}, {entry['state']})" for entry in chosen)
        raise AmbiguousError(f"host {host} matches several KMS entries: {listed}; give one IPv4 address as host")
    return chosen[0] if chosen else None


def entry_in_words(entry: State | None) -> str:
    """For messages about waiting."""
    return f"KMS entry {entry['id']} ({entry['ip']}) in state {entry['state']}" if entry else "no KMS entry"


def is_open(seen: Seen[State | None]) -> bool:
    """vCenter can reach the KMS: the task waits for vCenter, or all is finished."""
    entry = healthy(seen.item)
    if entry is None:
        return False
    if seen.task is not None:
        return seen.task.done or seen.task.waiting_for_vcenter
    return entry["state"] == "delivered" or bool(entry.get("waiting_for_vcenter"))


def is_delivered(seen: Seen[State | None]) -> bool:
    """vCenter uses the KMS: the task is done (or long gone) and the entry delivered."""
    entry = healthy(seen.item)
    return entry is not None and entry["state"] == "delivered" and (seen.task is None or seen.task.done)


GOALS: dict[str, t.Callable[[Seen[t.Any]], bool]] = {"flow_open": is_open, "delivered": is_delivered}


def is_gone(seen: Seen[State | None]) -> bool:
    """The entry has disappeared."""
    return seen.item is None


def healthy(entry: State | None) -> State | None:
    """The entry itself; raises when it is in error, which no waiting mends."""
    if entry is not None and entry["state"] == "error":
        raise ApiError(
            f"{entry_in_words(entry)}: OVHcloud could not set it up; remove it with state=absent and create it "
            "again, or ask OVHcloud's support",
            kms_id=entry["id"],
        )
    return entry


def in_use(entry: State, encryption: str | None) -> bool:
    """True when a key provider may depend on the entry. `encryption`: state of vmEncryption, None when unreadable."""
    live = entry["state"] == "delivered" or entry["state"] in _CHANGING
    return live and encryption not in _UNUSED


def refuse_while_needed(entry: State, hosts: t.Iterable[str]) -> None:
    """Raise GuardError when a host that must stay in reach has the address of the entry.

    A name that cannot be resolved here may be that address, so its error is raised.
    """
    needed = [host for host in hosts if host.strip() and entry["ip"] in _addresses_of(host)]
    if needed:
        raise GuardError(
            f"{entry_in_words(entry)} is also the way to {', '.join(needed)}, which is still needed; nothing was "
            "changed",
            kms_id=entry["id"],
            needed_by=needed,
        )


def _addresses_of(host: str) -> list[str]:
    with contextlib.suppress(InvalidInputError):  # IPv6, which no entry has
        return resolve(host)
    return []


class KmsFlow:
    """KMS entries of one private cloud and the writes that change them; each write is sent once."""

    def __init__(self, client: Client, service_name: str, patience: Patience) -> None:
        self.client = client
        self.service_name = service_name
        self.patience = patience
        self.tasks = Tasks(client, service_name)

    def encryption(self) -> str | None:
        """State of VM encryption, None when this identity may not read it."""
        try:
            state = self.client.get(path("/dedicatedCloud/{}/vmEncryption", self.service_name))["state"]
        except (ForbiddenError, NotFoundError):
            return None
        return str(state)

    def entry(self, kms_id: int) -> State | None:
        """One entry, None when it is gone."""
        try:
            return entry_state(self.client.get(self._path(kms_id)))
        except NotFoundError:
            return None

    def entries(self) -> list[State]:
        """All entries, in order of their ids."""
        found = [self.entry(kms_id) for kms_id in sorted(self.client.get(self._path()))]
        return [entry for entry in found if entry is not None]

    def find(self, addresses: t.Sequence[str], host: str) -> State | None:
        """The entry for one of the addresses."""
        return match(self.entries(), addresses, host)

    def with_task(self, entry: State, task: Task | None = None) -> State:
        """The entry with `waiting_for_vcenter` and `task_id` (null when nothing is to be followed any more).

        A task that nobody kept is looked for among those that wait for vCenter. With several of them nobody can tell
        which belongs to the entry: then the id stays unknown.
        """
        if task is None and entry["state"] in _OPENING | _CHANGING:
            waiting = self.tasks.waiting_for_vcenter()
            return {
                **entry,
                "waiting_for_vcenter": bool(waiting),
                "task_id": waiting[0].task_id if len(waiting) == 1 else None,
            }
        waits = task is not None and task.waiting_for_vcenter
        running = task is not None and not task.done
        return {
            **entry,
            "waiting_for_vcenter": waits,
            "task_id": task.task_id if task is not None and running else None,
        }

    def create(self, ip: str, body: t.Mapping[str, t.Any], goal: str, leaving: State | None = None) -> State:
        """Open the flow and wait for the goal; `leaving`: an entry of the same address that has to be gone first."""

        def look() -> State | None:
            found = self.find([ip], ip)
            return found if found is not None and found["state"] not in GOING else None

        self._wait_until_gone(leaving, None)
        what = f"opening the KMS flow of {self.service_name} to {ip}"
        task = self.tasks.start(
            lambda: self.client.post(self._path(), {"ip": ip, **body}), lambda: look() is not None, self.patience
        )
        return self._reach(GOALS[goal], task, look, what)

    def change(self, before: State, thumbprint: str, description: str, goal: str) -> State:
        """Correct an entry. Both values are sent: the thumbprint must, and a missing description might be cleared."""
        kms_id = before["id"]
        what = f"changing KMS entry {kms_id} ({before['ip']}) of {self.service_name}"

        def look() -> State | None:
            return self.entry(kms_id)

        def shows_it(entry: State | None) -> bool:
            return entry is not None and (entry["thumbprint"], entry["description"]) == (thumbprint, description)

        def ready(seen: Seen[State | None]) -> bool:
            waits = seen.task is not None and seen.task.waiting_for_vcenter
            return GOALS[goal](seen) and (waits or shows_it(seen.item))

        if before["state"] in _CHANGING:  # an earlier run's change: let it end, it may be the same
            quiet = self.tasks.follow(None, look, _is_quiet, what, self.patience, entry_in_words)
            if shows_it(quiet.item):
                return self._reach(ready, None, look, what)
        task = self.tasks.start(
            lambda: self.client.post(
                self._path(kms_id) + "/changeProperties", {"sslThumbprint": thumbprint, "description": description}
            ),
            lambda: shows_it(look()),
            self.patience,
        )
        return self._reach(ready, task, look, what)

    def remove(self, before: State) -> None:
        """Close the flow and wait until the entry is gone."""

        def leaving() -> bool:
            entry = self.entry(before["id"])
            return entry is None or entry["state"] in GOING

        try:
            task = self.tasks.start(lambda: self.client.delete(self._path(before["id"])), leaving, self.patience)
        except NotFoundError:
            return
        self._wait_until_gone(before, task)

    def settle(self, entry: State, goal: str) -> State:
        """Wait for the goal of an entry that an earlier run has made."""
        if GOALS[goal](Seen(entry, None)):
            return entry
        what = f"KMS flow of {self.service_name} to {entry['ip']}"
        return self._reach(GOALS[goal], None, lambda: self.entry(entry["id"]), what)

    def settle_removal(self, leaving: State) -> None:
        """Wait for the end of an entry that an earlier run has removed."""
        self._wait_until_gone(leaving, None)

    def _reach(
        self,
        ready: t.Callable[[Seen[State | None]], bool],
        task: Task | None,
        look: t.Callable[[], State | None],
        what: str,
    ) -> State:
        """Wait until `ready`; a task that is not known here is looked for, see with_task.

        Without patience the entry may not be listed yet: then only the task's id is returned.
        """

        def decorated() -> State | None:
            entry = look()
            return self.with_task(entry) if entry is not None and task is None else entry

        seen = self.tasks.follow(task, decorated, ready, what, self.patience, entry_in_words)
        if seen.item is None:
            return {"task_id": task.task_id} if task is not None else {}
        if task is None:
            return seen.item
        return self.with_task(seen.item, seen.task)

    def _wait_until_gone(self, entry: State | None, task: Task | None) -> None:
        if entry is None:
            return
        what = f"removal of KMS entry {entry['id']} ({entry['ip']}) of {self.service_name}"
        self.tasks.follow(task, lambda: self.entry(entry["id"]), is_gone, what, self.patience, entry_in_words)

    def _path(self, kms_id: int | None = None) -> str:
        if kms_id is None:
            return path("/dedicatedCloud/{}/vmEncryption/kms", self.service_name)
        return path("/dedicatedCloud/{}/vmEncryption/kms/{}", self.service_name, kms_id)


def _is_quiet(seen: Seen[State | None]) -> bool:
    entry = healthy(seen.item)
    return entry is None or entry["state"] not in _CHANGING
