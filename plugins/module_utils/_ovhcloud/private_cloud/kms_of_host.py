# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The KMS entries of one host as a set: what `private_cloud_kms` plans, writes, waits for and returns."""

from __future__ import annotations

import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.errors import (
    CollectionError,
    ConflictError,
    GuardError,
    UnreachableError,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.guards import refuse_while_used
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.plan import State, complete
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._core.runner import Context
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.kms_calls import (
    KmsCalls,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.kms_entries import (
    CHANGING,
    COMING,
    GOALS,
    GOING,
    KMS_ENTRY_FIELDS,
    by_address,
    entry_in_words,
    healthy_entry,
    in_use,
    own_elsewhere,
    port_warning,
    refuse_while_needed,
    resolve,
    shares_address,
    shows,
    thumbprints_of,
    wrong_ports,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._ovhcloud.private_cloud.tasks import (
    Observation,
    Task,
)

Entries = dict[str, State]  # by address


FieldsByAddress = dict[str, list[str]]  # by address

# all that a change can set: another address is another entry (schema v1/dedicatedCloud)
_SETTINGS = ("thumbprint", "description")


def _settings(entries: t.Mapping[str, State], fields: FieldsByAddress) -> Entries:
    """These fields of the entries that are there, for the diff."""
    return {ip: {name: entries[ip].get(name) for name in names} for ip, names in fields.items() if ip in entries}


def shown(entries: t.Mapping[str, State], port: int | None) -> list[State]:
    """Entries for the result."""
    found = []
    for _ip, entry in sorted(entries.items()):
        state = complete(entry, KMS_ENTRY_FIELDS)
        known = port is not None and state["port"] is not None
        found.append({**state, "port_matches": state["port"] == port if known else None})
    return found


class _OneHost:
    """Options, and what is known of the entries so far."""

    def __init__(self, context: Context, calls: KmsCalls) -> None:
        self.context = context
        self.params = context.params
        self.calls = calls
        self.host = str(self.params["host"])
        self.leaving: list[State] = []
        self.now: Entries = {}  # what is there, kept up to date with each write
        self.stale: Entries = {}

    def sort_out(self, entries: list[State], addresses: list[str]) -> None:
        """The entries of the host: at its addresses, on their way out, and for addresses that it no longer has."""
        chosen = by_address(entries, addresses)
        self.leaving = [entry for entry in chosen.values() if entry["state"] in GOING]
        staying = {ip: entry for ip, entry in chosen.items() if entry["state"] not in GOING}
        self.now = self.calls.with_tasks(entries, staying, {})
        self.stale = {entry["ip"]: entry for entry in own_elsewhere(entries, self.host, addresses)}

    def close(self, entries: Entries) -> None:
        """Send each removal, then wait for all; `entries` loses those that are sent."""
        sent: list[State] = []
        tasks: dict[int, Task | None] = {}
        for ip, entry in sorted(entries.items()):
            tasks[entry["id"]] = self.calls.close(entry)
            sent.append(entries.pop(ip))
        self.calls.wait_until_gone(sent, tasks)

    def report(self) -> dict[str, t.Any]:
        """The result keys."""
        port = self.params["port"]
        return {"kms_entries": shown(self.now, port), "stale_entries": shown(self.stale, port)}


class KmsEntries(_OneHost):
    """One entry for each address of the host, with the wanted thumbprint and description."""

    def __init__(self, context: Context, calls: KmsCalls) -> None:
        super().__init__(context, calls)
        self.wanted: Entries = {}
        self.missing: list[str] = []
        self.differing: list[str] = []
        self.sent: Entries = {}  # values that may not show yet
        self.predicted: Entries | None = None  # until something is written

    def plan(self) -> tuple[State, State]:
        """What is there and what will be; all that can be refused is refused here."""
        addresses = resolve(self.host)
        prints = thumbprints_of(addresses, self.params["thumbprint"], self.params["address_thumbprints"])
        self.sort_out(self.calls.entries(), addresses)
        for entry in self.now.values():
            healthy_entry(entry)
        self.wanted = {
            ip: {"thumbprint": prints[ip], "description": self._description(self.now.get(ip))} for ip in addresses
        }
        self.missing = [ip for ip in addresses if ip not in self.now]
        self.differing = [ip for ip, entry in self.now.items() if not shows(entry, **self.wanted[ip])]
        self._put_off()
        self._judge_stale()
        self._judge_ports()
        self.predicted = {**self.now, **{ip: self._prediction(ip) for ip in (*self.missing, *self.differing)}}
        after = {**self.predicted, **({} if self.params["remove_stale"] else self.stale)}
        return _settings({**self.now, **self.stale}, self._touched()), _settings(after, self._touched())

    def _put_off(self) -> None:
        """An entry that waits for vCenter takes no change; the firewall is open for vCenter, so continue first.

        Without waiting, nothing else that is under way does, and a new entry has to wait for the end of an old one.
        """
        waits = bool(self.params["wait"])
        # no source says whether it would take one (assumption creating-entry-changeable)
        if not (waits and self.params["wait_for"] == "delivered"):
            self._later(
                COMING, "OVHcloud changes it once vCenter uses the KMS; rerun with wait_for: delivered after that"
            )
        if waits:
            return
        self._later(CHANGING, "OVHcloud takes another change when this one is done; rerun after that")
        for entry in self.leaving:
            if entry["ip"] in self.missing:
                self.missing.remove(entry["ip"])
                del self.wanted[entry["ip"]]
                self.context.warn(f"{entry_in_words(entry)}: another one can be made when it is gone; rerun after that")

    def _later(self, states: t.Container[str], why: str) -> None:
        early = [ip for ip in self.differing if self.now[ip]["state"] in states]
        for ip in early:
            self.wanted[ip] = {name: self.now[ip][name] for name in _SETTINGS}
        self.differing = [ip for ip in self.differing if ip not in early]
        if early:
            self.context.warn(f"{', '.join(entry_in_words(self.now[ip]) for ip in early)}: {why}")

    def _description(self, entry: State | None) -> str:
        given = self.params["description"]
        if entry is not None and (given is None or shares_address(entry, self.host)):
            return str(entry["description"])
        return given or ""

    def _prediction(self, ip: str) -> State:
        """OVHcloud chooses the port of a new entry, and how far it is by then depends on vCenter."""
        if ip in self.now:
            return {**self.now[ip], **self.wanted[ip]}
        delivered = self.params["wait"] and self.params["wait_for"] == "delivered"
        progress = {"state": "delivered", "waiting_for_vcenter": False} if delivered else {}
        return {"ip": ip, **self.wanted[ip], **progress}

    def _judge_stale(self) -> None:
        if not self.stale:
            return
        if self.params["remove_stale"]:
            for entry in self.stale.values():
                refuse_while_needed(entry, self.params["needed_hosts"])
            return
        listed = ", ".join(f"{entry['ip']} (id {entry['id']})" for entry in self.stale.values())
        self.context.warn(
            f"host {self.host} no longer has the address of these KMS entries of {self.params['service_name']}, "
            f"which stay: {listed}. Remove them with remove_stale: true when nothing uses these addresses any "
            "more"
        )

    def _judge_ports(self) -> None:
        wrong = wrong_ports(self.now.values(), self.params["port"])
        if wrong:
            self.context.warn(port_warning(wrong, self.params["port"], self.params["service_name"]))

    def _touched(self) -> FieldsByAddress:
        """What the plan writes: all of an entry that comes or goes, else what differs."""
        whole = [*self.missing, *(self.stale if self.params["remove_stale"] else [])]
        differing = {
            ip: [name for name in _SETTINGS if self.now[ip][name] != self.wanted[ip][name]] for ip in self.differing
        }
        return {**{ip: list(_SETTINGS) for ip in whole}, **differing}

    def perform(self) -> tuple[State, CollectionError | None]:
        """Write what is planned, and wait for all; what was done before an error is in the state."""
        touched, self.predicted = self._touched(), None
        error = None
        try:
            self._write()
        except CollectionError as failure:
            error = failure
        there = {ip: {**entry, **self.sent.get(ip, {})} for ip, entry in {**self.now, **self.stale}.items()}
        return _settings(there, touched), error

    def _write(self) -> None:
        self.calls.wait_until_gone(self.leaving)
        tasks = {**{ip: self._open(ip) for ip in self.missing}, **self._correct()}
        asked = {ip: self.wanted[ip] if ip in self.differing else {} for ip in sorted(self.wanted)}
        self._reach(asked, tasks)
        self._judge_ports()
        if self.params["remove_stale"]:
            self.close(self.stale)

    def _open(self, ip: str) -> Task | None:
        wanted = self.wanted[ip]
        body = {"sslThumbprint": wanted["thumbprint"]}
        if wanted["description"]:
            body["description"] = wanted["description"]
        task = self.calls.open(ip, body)
        self.now[ip] = {"ip": ip, **wanted, "task_id": task.task_id if task else None}
        return task

    def _correct(self) -> dict[str, Task | None]:
        tasks: dict[str, Task | None] = {}
        quiet = self.calls.wait_until_quiet({ip: self.now[ip] for ip in self.differing})
        for ip, entry in quiet.items():
            if entry is None:
                raise ConflictError(f"somebody removed {entry_in_words(self.now[ip])} meanwhile; rerun")
            if not shows(entry, **self.wanted[ip]):
                tasks[ip] = self.calls.correct(entry, self.wanted[ip])
                self.sent[ip] = self.wanted[ip]
            self.now[ip] = {**self.now[ip], **self.wanted[ip]}
        return tasks

    def _reach(self, asked: Entries, tasks: t.Mapping[str, Task | None]) -> None:
        for ip, entry in self.calls.reach(asked, tasks, self.params["wait_for"]).items():
            self.now[ip] = {**self.now[ip], **self.wanted[ip], **entry}

    def settle(self) -> None:
        """Wait for what an earlier run has started."""
        self.predicted = None
        goal = GOALS[self.params["wait_for"]]
        reached = [goal(Observation(entry, None)) for entry in self.now.values()]  # each is asked: one in error raises
        if not all(reached):
            self._reach({ip: {} for ip in sorted(self.wanted)}, {})

    def report(self) -> dict[str, t.Any]:
        """The result keys; in check mode as they would be."""
        if self.predicted is None:
            return super().report()
        gone = self.params["remove_stale"]
        port = self.params["port"]
        return {"kms_entries": shown(self.predicted, port), "stale_entries": shown({} if gone else self.stale, port)}


class KmsRemoval(_OneHost):
    """No entry is left for the host."""

    def plan(self) -> tuple[State, State]:
        """The entries that will go; raises when one of them is needed or in use."""
        unresolved = None
        addresses: list[str] = []
        try:
            addresses = resolve(self.host)
        except UnreachableError as error:
            unresolved = error
        entries = self.calls.entries()
        self.sort_out(entries, addresses)
        self.going = {**self.now, **self.stale}
        self.now, self.stale = {}, {}
        if unresolved and entries and not self.going:
            raise unresolved
        for entry in self.going.values():
            refuse_while_needed(entry, self.params["needed_hosts"])
        if self.going and not self._confirmed():
            self._refuse_in_use()
        return self._left(), {}

    def _confirmed(self) -> bool:
        given = (self.params["confirm_host"] or "").strip().lower()
        if not given:
            return False
        single = list(self.going) if len(self.going) == 1 else []
        if given not in (self.host.strip().lower(), *single):
            meant = f" nor its IP {single[0]}" if single else f", which has {len(self.going)} entries"
            raise GuardError(f"confirm_host {given} is {'neither' if single else 'not'} host {self.host}{meant}")
        return True

    def _refuse_in_use(self) -> None:
        service = self.params["service_name"]
        again = next(iter(self.going)) if len(self.going) == 1 else self.host.strip()
        listed = ", ".join(f"entry {entry['id']} ({ip})" for ip, entry in self.going.items())
        way_out = f"remove the entry anyway with confirm_host: {again}"
        refuse_while_used(f"the KMS of {listed} of {service}", self.params["in_use_by"], way_out)
        encryption = self.calls.encryption()
        for entry in self.going.values():
            if in_use(entry, encryption):
                raise GuardError(
                    f"KMS entry {entry['id']} ({entry['ip']}) of {service} is {entry['state']} and VM encryption "
                    "is not disabled, so a key provider may depend on it: encrypted VMs do not start without "
                    f"their keys. To remove the entry anyway, set confirm_host: {again}",
                    kms_id=entry["id"],
                )

    def perform(self) -> tuple[State, CollectionError | None]:
        """Remove them; those that are left after an error are in the state."""
        error = None
        try:
            self.close(self.going)
            self.calls.wait_until_gone(self.leaving)
        except CollectionError as failure:
            error = failure
        self.now = self.going
        return self._left(), error

    def _left(self) -> State:
        return _settings(self.going, {ip: list(_SETTINGS) for ip in self.going})

    def settle(self) -> None:
        """Wait for the end of entries that an earlier run has removed."""
        self.calls.wait_until_gone(self.leaving)
