# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When VMs and hosts are an event: each condition once, and again only after it has changed. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.events.inventory import (
    HOST,
    VM,
    InventoryChanges,
    Properties,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.hosts.modes import (
    SAFE,
    crypto_state_of,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import Machine
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.recognition import (
    Surroundings,
    recognise,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.selection import plain

Event = dict[str, t.Any]
_UNENCRYPTED, _ENCRYPTED, _LOCKED = "unencrypted", "encrypted", "locked"
_CONNECTED = "connected"
_NOWHERE = Surroundings()


def vm_state(seen: Properties) -> str | None:
    """What vCenter says of the VM's home; None while it does not say enough.

    A VM that is being created has no configuration yet, and one whose host is gone may have lost its properties: both
    look unencrypted, and are not judged.
    """
    state = seen.get("runtime.cryptoState")
    if state is not None:
        return _LOCKED if state == "locked" else _ENCRYPTED
    judged = "config.template" in seen and seen.get("runtime.connectionState") == _CONNECTED
    return _UNENCRYPTED if judged else None


def vm_event(before: str | None, after: str, initial: bool) -> Event | None:
    """The event of a VM's change; `before` is None for a VM that is new."""
    if after == _LOCKED:
        return {"type": "vm_locked"}
    if after == _ENCRYPTED:
        return {"type": "vm_unlocked"} if before == _LOCKED else None
    if before is None:
        return {"type": "vm_unencrypted", "new": not initial}
    return {"type": "vm_decrypted"}


def infrastructure_of(moid: str, seen: Properties) -> str | None:
    """What a VM is that must not be changed, as far as its own properties tell."""
    product, manager = seen.get("summary.config.product"), seen.get("config.managedBy")
    name = str(seen.get("name") or moid)
    machine = Machine(reference=None, name=name, moid=moid, product=product, managed_by=manager)
    return recognise(machine, _NOWHERE)


@dataclasses.dataclass
class InventoryConditions:
    """What was told of VMs and hosts. `started` is False until the first state of the inventory was taken."""

    tell_initial: bool = False
    started: bool = False
    vms: dict[str, str] = dataclasses.field(default_factory=dict)
    hosts: dict[str, str] = dataclasses.field(default_factory=dict)
    missing: set[str] = dataclasses.field(default_factory=set)  # from the last complete reading

    def see(self, changes: InventoryChanges, complete: bool) -> list[Event]:
        """The events of changes. `complete`: the changes are the whole inventory."""
        if complete:
            self._forget(changes)
        else:
            self.missing -= set(changes)
        events = [event for name, seen in changes.items() for event in self._one(name, seen)]
        initial, self.started = not self.started, True
        return [{**event, "initial": initial} for event in events if self.tell_initial or not initial]

    def _forget(self, changes: InventoryChanges) -> None:
        """What is missing twice in a row: a vCenter that is starting, or a permission that comes back, hides VMs once,
        and a VM that was forgotten would be new when it returns."""
        missing: set[str] = set()
        for known, kind in ((self.vms, VM), (self.hosts, HOST)):
            for moid in [moid for moid in known if f"{kind}:{moid}" not in changes]:
                if f"{kind}:{moid}" in self.missing:
                    del known[moid]
                else:
                    missing.add(f"{kind}:{moid}")
        self.missing = missing

    def _one(self, name: str, seen: Properties | None) -> t.Iterator[Event]:
        kind, _colon, moid = name.rpartition(":")
        if seen is None:
            (self.vms if kind == VM else self.hosts).pop(moid, None)
        elif kind == VM:
            yield from self._vm(moid, seen)
        elif kind == HOST:
            yield from self._host(moid, seen)

    def _vm(self, moid: str, seen: Properties) -> t.Iterator[Event]:
        before, after = self.vms.get(moid), vm_state(seen)
        if after is None or after == before:
            return
        self.vms[moid] = after
        event = vm_event(before, after, not self.started)
        if event is None or (event["type"] == "vm_unencrypted" and infrastructure_of(moid, seen)):
            return
        yield {**event, "vm": {**_named(moid, seen), "template": bool(seen.get("config.template"))}}

    def _host(self, moid: str, seen: Properties) -> t.Iterator[Event]:
        """A host that is not connected says nothing about its mode."""
        if seen.get("runtime.connectionState") != _CONNECTED:
            return
        before, after = self.hosts.get(moid), crypto_state_of(seen.get("runtime.cryptoState"))
        self.hosts[moid] = after
        if before == SAFE and after != SAFE:
            yield {"type": "host_left_encryption_mode", "host": {**_named(moid, seen), "state": after}}


def _named(moid: str, seen: Properties) -> dict[str, t.Any]:
    return {"moid": moid, "name": plain(str(seen.get("name") or moid))}
