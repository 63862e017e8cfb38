# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When VMs and hosts are an event, and how little is kept of them."""

from __future__ import annotations

import types
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.connection.session import Session
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.events.conditions import (
    InventoryConditions,
    vm_event,
    vm_state,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.events.inventory import (
    InventoryChanges,
    InventoryWatch,
    Properties,
)

READY: Properties = {"name": "web", "config.template": False, "runtime.connectionState": "connected"}
Answer = types.SimpleNamespace  # making 100,000 objects of pyVmomi would take half a minute


def vm(state: str | None = None, moid: str = "vm-1", **more: t.Any) -> InventoryChanges:
    """A VM with that crypto state; `more` has points as underscores."""
    crypto = {"runtime.cryptoState": state} if state else {}
    return {f"vim.VirtualMachine:{moid}": {**READY, **crypto, **{key.replace("__", "."): v for key, v in more.items()}}}


def host(state: str, connection: str = "connected") -> InventoryChanges:
    return {
        "vim.HostSystem:host-1": {
            "name": "esx1",
            "runtime.connectionState": connection,
            "runtime.cryptoState": state,
        }
    }


def kinds(events: t.Sequence[dict[str, t.Any]]) -> list[str]:
    return [event["type"] for event in events]


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (READY, "unencrypted"),
        ({**READY, "runtime.cryptoState": "unlocked"}, "encrypted"),
        ({**READY, "runtime.cryptoState": "locked"}, "locked"),
        # a VM that is locked may be invalid: nobody can read its configuration
        ({"name": "web", "runtime.cryptoState": "locked", "runtime.connectionState": "invalid"}, "locked"),
        # being created
        ({"name": "web", "runtime.connectionState": "connected"}, None),
        # its host is gone, and its encryption with it
        ({**READY, "runtime.connectionState": "disconnected"}, None),
        ({**READY, "runtime.connectionState": "inaccessible"}, None),
        ({}, None),
    ],
)
def test_vm_is_judged_by_what_vcenter_says_for_sure(seen: Properties, state: str | None) -> None:
    assert vm_state(seen) == state


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        (None, "unencrypted", {"type": "vm_unencrypted", "new": True}),
        (None, "encrypted", None),
        (None, "locked", {"type": "vm_locked"}),
        ("unencrypted", "encrypted", None),
        ("unencrypted", "locked", {"type": "vm_locked"}),
        ("encrypted", "unencrypted", {"type": "vm_decrypted"}),
        ("encrypted", "locked", {"type": "vm_locked"}),
        ("locked", "encrypted", {"type": "vm_unlocked"}),
        ("locked", "unencrypted", {"type": "vm_decrypted"}),
    ],
)
def test_change_of_a_vm_is_at_most_one_event(before: str | None, after: str, event: t.Any) -> None:
    assert vm_event(before, after, initial=False) == event


@pytest.mark.parametrize(("tell", "expected"), [(False, []), (True, ["vm_unencrypted"])])
def test_first_state_is_told_only_on_request(tell: bool, expected: list[str]) -> None:
    conditions = InventoryConditions(tell)
    events = conditions.see({**vm(), **vm("unlocked", "vm-2"), **host("incapable")}, complete=True)
    assert kinds(events) == expected
    assert all(event["initial"] and not event["new"] for event in events)
    later = conditions.see(vm(moid="vm-3"), complete=False)
    assert later == [
        {
            "type": "vm_unencrypted",
            "new": True,
            "initial": False,
            "vm": {"moid": "vm-3", "name": "web", "template": False},
        }
    ]


def test_each_condition_is_told_once_and_again_after_a_change() -> None:
    conditions = InventoryConditions()
    conditions.see({}, complete=True)
    seen = [kinds(conditions.see(vm(state), complete=False)) for state in (None, None, "unlocked", "locked", "locked")]
    assert seen == [["vm_unencrypted"], [], [], ["vm_locked"], []]
    seen = [kinds(conditions.see(vm(state), complete=False)) for state in ("unlocked", "locked", None, None)]
    assert seen == [["vm_unlocked"], ["vm_locked"], ["vm_decrypted"], []]


def test_vm_that_loses_its_host_is_no_event_and_none_when_back() -> None:
    conditions = InventoryConditions()
    conditions.see(vm("unlocked"), complete=True)
    gone = vm(runtime__connectionState="disconnected")
    assert [conditions.see(one, complete=False) for one in (gone, vm("unlocked"))] == [[], []]


def test_new_vm_waits_for_its_configuration() -> None:
    conditions = InventoryConditions()
    conditions.see({}, complete=True)
    half: InventoryChanges = {"vim.VirtualMachine:vm-1": {"name": "web", "runtime.connectionState": "connected"}}
    assert conditions.see(half, complete=False) == []
    assert conditions.see(vm("unlocked"), complete=False) == []  # it was created encrypted


@pytest.mark.parametrize(
    "one",
    [
        {"name": "vCLS-1", "config__managedBy": "com.vmware.vim.eam"},
        {"name": "Z-VRA-esx1"},
        {"summary__config__product": "VMware vCenter Server Appliance"},
    ],
)
def test_infrastructure_without_encryption_is_no_event(one: dict[str, str]) -> None:
    conditions = InventoryConditions(True)
    assert conditions.see(vm(**one), complete=True) == []
    conditions.see(vm("unlocked", **one), complete=False)
    assert kinds(conditions.see(vm("locked", **one), complete=False)) == ["vm_locked"]


def test_after_an_outage_only_what_changed_meanwhile_is_told() -> None:
    conditions = InventoryConditions()
    first = {**vm(), **vm("unlocked", "vm-2"), **vm("unlocked", "vm-3"), **host("safe")}
    conditions.see(first, complete=True)
    after = {**vm(), **vm("locked", "vm-2"), **vm(moid="vm-4"), **host("safe")}
    events = conditions.see(after, complete=True)
    assert [(event["type"], event["vm"]["moid"], event["initial"]) for event in events] == [
        ("vm_locked", "vm-2", False),
        ("vm_unencrypted", "vm-4", False),
    ]
    assert set(conditions.vms) == {"vm-1", "vm-2", "vm-3", "vm-4"}
    conditions.see(after, complete=True)
    assert set(conditions.vms) == {"vm-1", "vm-2", "vm-4"}  # vm-3 is missing for the second time


LEFT: InventoryChanges = {"vim.VirtualMachine:vm-1": None}


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([({}, True), (vm(), False)], []),  # vCenter was starting: its objects come later
        ([({}, True), (vm(), True)], []),
        ([(host("safe"), True), (vm(), False)], []),  # only part of it was there
        ([({}, True), (vm(), True), ({}, True), (vm(), True)], []),  # not in a row
        ([({}, True), (vm(), False), ({}, True), (vm(), False)], []),
        ([({}, True), ({}, True), (vm(), False)], ["vm_unencrypted"]),
        ([(LEFT, False), (vm(), False)], ["vm_unencrypted"]),
    ],
)
def test_vm_that_one_reading_lacks_is_not_new_when_back(readings: t.Any, expected: list[str]) -> None:
    conditions = InventoryConditions()
    conditions.see(vm(), complete=True)
    events = [event for changes, complete in readings for event in conditions.see(changes, complete)]
    assert kinds(events) == expected


def test_host_that_leaves_encryption_mode_is_told_once() -> None:
    conditions = InventoryConditions()
    states = [("safe", "connected"), ("incapable", "notResponding"), ("incapable", "connected"), ("incapable",)]
    seen = [conditions.see(host(*one), complete=number == 0) for number, one in enumerate(states)]
    assert [kinds(events) for events in seen] == [[], [], ["host_left_encryption_mode"], []]
    assert seen[2][0]["host"] == {"moid": "host-1", "name": "esx1", "state": "incapable"}
    assert kinds(conditions.see(host("safe"), complete=False)) == []
    assert kinds(conditions.see(host("pendingIncapable"), complete=False)) == ["host_left_encryption_mode"]


class Churn:
    """Stands for a collector of vCenter: VMs come, change and go, a few are there at any time."""

    def __init__(self, updates: int, alive: int) -> None:
        self.updates, self.alive, self.told = updates, alive, 0

    def WaitForUpdatesEx(self, version: str, options: t.Any) -> t.Any:  # noqa: N802 (vCenter's name)
        if self.told >= self.updates:
            return None
        step = range(self.told, min(self.told + 1000, self.updates))
        self.told = step.stop
        part = Answer(objectSet=[one for number in step for one in self._of(number)])
        return Answer(version=str(step.stop), filterSet=[part], truncated=self.told < self.updates)

    def _of(self, number: int) -> t.Iterator[t.Any]:
        values = {**READY, "name": f"vm {number}", "runtime.cryptoState": "locked" if number % 3 else None}
        changes = [Answer(name=name, op="assign", val=value) for name, value in values.items()]
        yield Answer(kind="enter", obj=f"'vim.VirtualMachine:vm-{number}'", changeSet=changes)
        if number >= self.alive:
            yield Answer(kind="leave", obj=f"'vim.VirtualMachine:vm-{number - self.alive}'")


def test_memory_is_flat_over_a_hundred_thousand_updates() -> None:
    session = Session("vc.example", None, None, "8.0.3.0", lambda *_: None, t.cast(t.Any, None))
    watch, conditions = InventoryWatch(session), InventoryConditions()
    watch._collector = Churn(100_000, alive=40)
    changes = watch.wait(0)
    assert len(conditions.see(changes, complete=False)) == 0  # the first state
    assert len(changes) == 100_000
    assert (len(watch.objects), len(conditions.vms), len(conditions.hosts)) == (40, 40, 0)
    assert set(watch.objects) == {f"vim.VirtualMachine:vm-{number}" for number in range(99_960, 100_000)}
    assert all(isinstance(value, (str, bool)) for seen in watch.objects.values() for value in seen.values())


class Told:
    """Stands for a collector that has these updates to tell: version, truncated, objects."""

    def __init__(self, *updates: tuple[str, bool, list[t.Any]]) -> None:
        self.updates = list(updates)

    def WaitForUpdatesEx(self, version: str, options: t.Any) -> t.Any:  # noqa: N802 (vCenter's name)
        number, truncated, objects = self.updates.pop(0)
        return Answer(version=number, truncated=truncated, filterSet=[Answer(objectSet=objects)])


def update(kind: str, **values: str) -> t.Any:
    changes = [Answer(name=name.replace("__", "."), op="assign", val=value) for name, value in values.items()]
    return Answer(kind=kind, obj="'vim.VirtualMachine:vm-1'", changeSet=changes)


def watching(*updates: tuple[str, bool, list[t.Any]]) -> InventoryWatch:
    watch = InventoryWatch(Session("vc.example", None, None, "8.0.3.0", lambda *_: None, t.cast(t.Any, None)))
    watch._collector = Told(*updates)
    return watch


def test_object_that_enters_again_has_only_what_it_tells_now() -> None:
    locked = update("enter", name="web", runtime__cryptoState="locked")
    watch = watching(("1", False, [locked]), ("", False, [update("enter", name="web")]))
    assert watch.wait(0)["vim.VirtualMachine:vm-1"] == {"name": "web", "runtime.cryptoState": "locked"}
    assert watch.wait(0)["vim.VirtualMachine:vm-1"] == {"name": "web"}


@pytest.mark.parametrize("stuck", ["", "7"])
def test_truncated_updates_of_one_version_end(stuck: str) -> None:
    web = update("enter", name="web")
    watch = watching((stuck, True, [web]), (stuck, True, [web]), (stuck, True, [web]))
    assert list(watch.wait(0)) == ["vim.VirtualMachine:vm-1"]
    assert len(t.cast(Told, watch._collector).updates) == (1 if stuck else 2)
