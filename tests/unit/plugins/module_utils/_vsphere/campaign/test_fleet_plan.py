# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with a VM, and what stands in the way: by tables."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign import plan as fleet_plan
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.campaign.plan import Step, Wish, Work
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.keys.key import Key
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines import obstacles
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.machine import (
    HOME,
    Disk,
    Machine,
    Snapshots,
)
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._vsphere.machines.obstacles import (
    ADD_VTPM,
    DECRYPT,
    DEEP_RECRYPT,
    ENCRYPT,
    OPERATIONS,
    RECRYPT,
    REMOVE_VTPM,
    VTPM_OPERATIONS,
)

A1, A2, B1 = Key("a", "1"), Key("a", "2"), Key("b", "1")


def disk(number: int = 0, key: Key | None = None, **more: t.Any) -> Disk:
    values = {"controller": f"SCSI 0:{number}", "bus": "scsi", "file": "", "datastore": "ds-1", "capacity": 10, **more}
    return Disk(key=2000 + number, label=f"Hard disk {number + 1}", crypto_key=key, **values)


def machine(home: Key | None = None, *keys: Key | None, **more: t.Any) -> Machine:
    disks = more.pop("disks", None) or tuple(disk(number, key) for number, key in enumerate(keys))
    return Machine(
        None, "vm", "vm-1", home=home, disks=disks, **{"vmotion": "required" if home else "disabled", **more}
    )


def plan(one: Machine, default: str | None = "default", **wish: t.Any) -> Work:
    return fleet_plan.plan_work(one, Wish(**{"state": "encrypted", **wish}), default)


def steps(work: Work) -> dict[int, tuple[str, t.Any]]:
    """By part: the operation, and the key or the provider of a new one."""
    return {part: (step.operation, step.key or step.provider) for part, step in work.steps.items()}


@pytest.mark.parametrize(
    ("one", "wish", "action", "expected"),
    [
        (machine(None, None, None), {"provider": "b"}, "encrypt", {part: (ENCRYPT, "b") for part in (0, 2000, 2001)}),
        (machine(None, None), {"provider": "b"}, "encrypt", {0: (ENCRYPT, "b"), 2000: (ENCRYPT, "b")}),
        (machine(None), {}, "encrypt", {0: (ENCRYPT, "default")}),
        (machine(A1, A1), {}, "none", {}),
        (machine(A1, A1), {"provider": "a"}, "none", {}),
        (machine(A1, A2), {"provider": "a"}, "none", {}),
        (machine(A1, A1), {"provider": "b"}, "move", {0: (RECRYPT, "b"), 2000: (RECRYPT, "b")}),
        # one key for a VM: what is there already is used for the rest
        (machine(A1, None, A1), {}, "complete", {2000: (ENCRYPT, A1)}),
        (machine(A1, None, vtpm=True), {}, "complete", {2000: (ENCRYPT, A1)}),
        (machine(A1, None), {"provider": "b"}, "complete", {0: (RECRYPT, "b"), 2000: (ENCRYPT, "b")}),
        (machine(B1, A1), {"provider": "b"}, "move", {2000: (RECRYPT, B1)}),
        (machine(A1, B1, A1), {"provider": "b"}, "move", {0: (RECRYPT, B1), 2001: (RECRYPT, B1)}),
        (machine(None, A1), {}, "complete", {0: (ENCRYPT, A1)}),
        # what is clear stays clear: the disks of a VM with a vTPM, or of one that was left half done
        (machine(A1, None, vtpm=True), {"state": "moved", "provider": "b"}, "move", {0: (RECRYPT, "b")}),
        (machine(A1, A2), {"state": "moved", "provider": "b"}, "move", {0: (RECRYPT, "b"), 2000: (RECRYPT, "b")}),
        (machine(B1, A1, None), {"state": "moved", "provider": "b"}, "move", {2000: (RECRYPT, B1)}),
        (machine(B1, None), {"state": "moved", "provider": "b"}, "none", {}),
        (machine(None, None), {"state": "moved", "provider": "b"}, "none", {}),
        (machine(A1, A1), {"state": "decrypted"}, "decrypt", {0: (DECRYPT, None), 2000: (DECRYPT, None)}),
        (machine(A1, None), {"state": "decrypted"}, "decrypt", {0: (DECRYPT, None)}),
        (machine(None, None), {"state": "decrypted"}, "none", {}),
        (machine(A1, A2, None), {"state": "rekeyed"}, "rekey", {0: (RECRYPT, "a"), 2000: (RECRYPT, "a")}),
        (machine(A1, B1), {"state": "rekeyed"}, "rekey", {0: (RECRYPT, "a"), 2000: (RECRYPT, "b")}),
        (machine(A1, A1), {"state": "rekeyed", "deep": True}, "rekey", dict.fromkeys((0, 2000), (DEEP_RECRYPT, "a"))),
        (machine(A1, A2), {"state": "rekeyed", "key_ids": frozenset({"2"})}, "rekey", {2000: (RECRYPT, "a")}),
        (machine(A1, A1), {"state": "rekeyed", "key_ids": frozenset({"2"})}, "none", {}),
        (machine(None, None), {"state": "rekeyed"}, "none", {}),
        (machine(None, None), {"state": "unchanged", "vmotion": "required"}, "set_vmotion", {}),
        (machine(A1, A1), {"state": "unchanged", "vmotion": "disabled"}, "none", {}),
        (machine(None, None), {"state": "unchanged", "vmotion": "disabled"}, "none", {}),
        (machine(None, None, ft="disabled"), {"state": "unchanged", "ft": "required"}, "set_fault_tolerance", {}),
        (machine(None, None, ft="required"), {"state": "unchanged", "ft": "required"}, "none", {}),
        (machine(A1, A1, ft="required"), {"state": "unchanged", "ft": "disabled"}, "none", {}),
        (
            machine(None, None, ft="disabled"),
            {"state": "unchanged", "ft": "required", "vmotion": "required"},
            "set_modes",
            {},
        ),
    ],
)  # fmt: skip
def test_steps_of_a_machine(one: Machine, wish: dict[str, t.Any], action: str, expected: dict[int, t.Any]) -> None:
    work = plan(one, power_off="force", **wish)
    assert (work.action, steps(work)) == (action, expected)
    # the work, done as planned, leaves nothing to be done, and what was not done is told
    if expected and wish.get("state") != "rekeyed":
        assert plan(done(work), power_off="force", **wish).steps == {}
    assert fleet_plan.shortfalls(work, done(work)) == []
    assert bool(fleet_plan.shortfalls(work, one)) == work.wanted


def done(work: Work) -> Machine:
    """The VM as it should be after the work; new keys get an id that nobody had."""
    after = {part: _done(step, f"new {step.provider}") for part, step in work.steps.items()}
    disks = tuple(
        dataclasses.replace(one, crypto_key=after.get(one.key, one.crypto_key)) if one.key in after else one
        for one in work.machine.disks
    )
    home = after.get(HOME, work.machine.home)
    return dataclasses.replace(
        work.machine, home=home, disks=disks, vmotion=work.vmotion or work.machine.vmotion, ft=work.ft
    )


def _done(step: Step, key_id: str) -> Key | None:
    if step.operation == DECRYPT:
        return None
    return step.key or Key(step.provider, key_id)


SHUTDOWN = {"power": "powered_on", "tools_running": True}
SNAPSHOT = Snapshots(1, 1)
TREE = Snapshots(3, 2, branched=True)


@pytest.mark.parametrize(
    ("code", "more", "operations"),
    [
        ("powered_on", SHUTDOWN, {ENCRYPT, DEEP_RECRYPT, DECRYPT}),
        ("suspended", {"power": "suspended"}, {ENCRYPT, DEEP_RECRYPT, DECRYPT}),
        ("snapshots", {"snapshots": SNAPSHOT}, {ENCRYPT, DEEP_RECRYPT, DECRYPT}),
        ("branched_snapshots", {"snapshots": TREE}, {RECRYPT}),
        ("ide_powered_on", {**SHUTDOWN, "disks": (disk(bus="ide"),)}, {RECRYPT}),
        ("linked_clone", {"disks": (disk(depth=1, foreign=True),)}, set(OPERATIONS)),
        ("linked_clone", {"disks": (disk(depth=2, foreign=True),), "snapshots": SNAPSHOT}, set(OPERATIONS)),
        ("linked_clone", {"disks": (disk(depth=1, foreign=True),), "snapshots": SNAPSHOT}, set()),
        ("linked_clone", {"disks": (disk(depth=1),)}, set()),
        ("consolidation", {"disks": (disk(depth=1),)}, {ENCRYPT, DEEP_RECRYPT, DECRYPT}),
        ("consolidation", {"consolidation": True}, {ENCRYPT, DEEP_RECRYPT, DECRYPT}),
        ("consolidation", {"consolidation": True, "snapshots": SNAPSHOT}, set()),
        ("hardware_version", {"hardware": 12}, {ENCRYPT}),
        ("hardware_version", {"hardware": 13}, set()),
        ("hardware_version", {"hardware": None}, set()),
        ("rdm", {"disks": (disk(kind="rdm"),)}, {ENCRYPT}),
        ("rdm", {"disks": (disk(kind="other"),)}, {ENCRYPT}),
        ("shared_disk", {"disks": (disk(shared=True),)}, {ENCRYPT}),
        ("fault_tolerance", {"fault_tolerance": True}, set(OPERATIONS)),
        ("template", {"template": True}, set(OPERATIONS)),
        ("locked", {"locked": True}, set(OPERATIONS)),
        ("not_connected", {"connection": "disconnected"}, set(OPERATIONS)),
        ("unreadable", {"readable": False, "connection": "disconnected"}, set(OPERATIONS)),
        ("vtpm", {"vtpm": True}, {DECRYPT}),
    ],
)
def test_every_obstacle_and_the_operations_that_it_stops(
    code: str, more: dict[str, t.Any], operations: set[str]
) -> None:
    one = machine(None, None, **more)
    stopped = {
        operation for operation in OPERATIONS if code in {item.code for item in obstacles.obstacles(one, operation)}
    }
    assert stopped == operations
    for operation in operations:
        found = next(item for item in obstacles.obstacles(one, operation) if item.code == code)
        assert found.reason and found.next_step


def test_a_machine_without_obstacles_has_none() -> None:
    assert [obstacles.obstacles(machine(A1, A1), operation) for operation in OPERATIONS] == [[], [], [], []]
    # a disk that hangs on the disks of its own snapshots is no linked clone
    own = machine(A1, disks=(disk(0, A1, depth=1),), snapshots=SNAPSHOT)
    assert obstacles.obstacles(own, RECRYPT) == []


@pytest.mark.parametrize(
    ("more", "power_off", "shutdown", "codes"),
    [
        (SHUTDOWN, "never", False, ["powered_on"]),
        (SHUTDOWN, "shutdown", True, []),
        (SHUTDOWN, "force", True, []),
        ({"power": "powered_on"}, "shutdown", True, ["no_tools"]),
        ({"power": "powered_on"}, "force", True, []),
        ({}, "shutdown", False, []),
        ({**SHUTDOWN, "snapshots": SNAPSHOT}, "shutdown", True, ["snapshots"]),
    ],
)
def test_a_shutdown_takes_away_only_what_it_can(
    more: dict[str, t.Any], power_off: str, shutdown: bool, codes: list[str]
) -> None:
    work = plan(machine(None, None, **more), power_off=power_off)
    assert (work.shutdown, [one.code for one in work.obstacles]) == (shutdown, codes)


def test_machines_with_nothing_to_do_have_no_obstacles() -> None:
    work = plan(machine(A1, A1, template=True, snapshots=TREE, power="powered_on"))
    assert (work.action, work.obstacles, work.wanted) == ("none", (), False)


def test_a_shallow_recrypt_of_a_running_machine_rewrites_nothing() -> None:
    moved = plan(machine(A1, A1, **SHUTDOWN), provider="b")
    assert (moved.obstacles, moved.shutdown, moved.rewritten) == ((), False, 0)
    assert plan(machine(None, None, None)).rewritten == 20
    assert plan(machine(A1, None, A1)).rewritten == 10


def test_vms_left_off_by_an_earlier_run_get_power_back() -> None:
    wish: dict[str, t.Any] = {"power_on": frozenset({"vm-1"})}
    assert plan(machine(A1, A1), **wish).action == "power_on"
    assert plan(machine(None, None), **wish).power_on
    assert not plan(machine(A1, A1, **SHUTDOWN), **wish).wanted
    assert plan(machine(A1, A1, instance_uuid="uuid"), power_on=frozenset({"uuid"})).power_on


def test_a_mode_that_vcenter_does_not_tell_is_the_default() -> None:
    """Otherwise, no VM would ever be done: neither decrypted, nor on the next run."""
    silent = machine(None, None, vmotion=None)
    usual = {"vmotion": "opportunistic", "ft": "opportunistic"}
    decrypts = plan(machine(A1, A1), state="decrypted", **usual)
    assert (decrypts.vmotion, decrypts.ft) == ("opportunistic", "opportunistic")
    assert fleet_plan.shortfalls(decrypts, silent) == []
    assert not plan(silent, state="decrypted", **usual).wanted
    changes = plan(silent, state="unchanged", vmotion="disabled", ft="required")
    assert (changes.vmotion, changes.ft) == ("disabled", "required")
    assert fleet_plan.shortfalls(changes, silent) == [
        "encrypted vMotion is opportunistic", "encrypted Fault Tolerance is opportunistic",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "wish", "expected"),
    [
        (machine(None, None, ft="disabled"), {}, "required"),
        (machine(A1, A1, ft="required"), {"state": "decrypted"}, None),
        (machine(A1, A1, ft="required"), {"state": "decrypted", "ft": "disabled"}, "disabled"),
        (machine(None, None, ft="disabled"), {"state": "unchanged"}, "disabled"),
    ],
)
def test_predicted_mode_of_fault_tolerance(one: Machine, wish: dict[str, t.Any], expected: str | None) -> None:
    assert fleet_plan.predicted(plan(one, **wish))["fault_tolerance_encryption"] == expected


@pytest.mark.parametrize(
    ("one", "wish", "expected"),
    [
        (machine(None, None), {}, ("encrypted", ["default"], None, "required")),
        (machine(A1, None), {}, ("encrypted", ["a"], ["1"], "required")),
        (machine(A1, A2), {"provider": "b"}, ("encrypted", ["b"], None, "required")),
        (machine(A1, B1), {"provider": "b"}, ("encrypted", ["b"], ["1"], "required")),
        (machine(A1, A1), {"state": "decrypted"}, ("unencrypted", [], [], None)),
        (machine(A1, A1), {"state": "decrypted", "vmotion": "disabled"}, ("unencrypted", [], [], "disabled")),
        (machine(None, None), {"state": "unchanged", "vmotion": "required"}, ("unencrypted", [], [], "required")),
        (machine(A1, None, vtpm=True), {"state": "rekeyed"}, ("vtpm_only", ["a"], None, "required")),
        (machine(A1, None), {"state": "rekeyed"}, ("partly_encrypted", ["a"], None, "required")),
    ],
)
def test_prediction(one: Machine, wish: dict[str, t.Any], expected: tuple[t.Any, ...]) -> None:
    found = fleet_plan.predicted(plan(one, **wish))
    assert (found["encryption_state"], found["providers"], found["key_ids"], found["vmotion_encryption"]) == expected


UNKNOWN = (None, None, None, None)


@pytest.mark.parametrize(
    ("one", "vtpm", "action", "expected"),
    [
        (machine(None, None), True, "add_vtpm", ("vtpm_only", ["default"], None, "required")),
        (machine(A1, A1), True, "add_vtpm", ("encrypted", ["a"], ["1"], "required")),
        (machine(A1, None), True, "add_vtpm", ("vtpm_only", ["a"], ["1"], "required")),
        (machine(A1, A1, vtpm=True), False, "remove_vtpm", ("encrypted", ["a"], ["1"], "required")),
        (machine(A1, None, A1, vtpm=True), False, "remove_vtpm", ("partly_encrypted", ["a"], ["1"], "required")),
        # whether vCenter decrypts a home that nothing else needs encrypted is not known
        (machine(A1, None, vtpm=True), False, "remove_vtpm", UNKNOWN),
    ],
)
def test_vtpm_that_comes_or_goes(one: Machine, vtpm: bool, action: str, expected: tuple[t.Any, ...]) -> None:
    work = plan(one, state="unchanged", vtpm=vtpm)
    found = fleet_plan.predicted(work)
    assert (work.action, work.wanted, work.rewritten, found["vtpm"]) == (action, True, 0, vtpm)
    assert (found["encryption_state"], found["providers"], found["key_ids"], found["vmotion_encryption"]) == expected
    assert work.providers == ({"default"} if one.home is None else set())
    assert "vTPM" in fleet_plan.shortfalls(work, one)[0]
    assert fleet_plan.shortfalls(work, dataclasses.replace(one, vtpm=vtpm)) == []
    assert not plan(dataclasses.replace(one, vtpm=vtpm), state="unchanged", vtpm=vtpm).wanted


@pytest.mark.parametrize(
    ("code", "more", "operations"),
    [
        ("vtpm_firmware", {"firmware": "bios"}, {ADD_VTPM}),
        ("vtpm_firmware", {"firmware": None}, set()),
        ("vtpm_hardware_version", {"hardware": 13}, {ADD_VTPM}),
        ("vtpm_hardware_version", {"hardware": 14, "firmware": "efi"}, set()),
        ("linked_clone", {"disks": (disk(depth=1, foreign=True),)}, {REMOVE_VTPM}),
        ("snapshots", {"snapshots": SNAPSHOT}, {ADD_VTPM, REMOVE_VTPM}),
        ("powered_on", {"power": "powered_on"}, {ADD_VTPM, REMOVE_VTPM}),
        ("locked", {"locked": True}, {ADD_VTPM, REMOVE_VTPM}),
        ("rdm", {"disks": (disk(kind="rdm"),)}, set()),
    ],
)
def test_obstacles_of_a_vtpm(code: str, more: dict[str, t.Any], operations: set[str]) -> None:
    one = machine(A1, None, **more)
    assert {
        operation for operation in VTPM_OPERATIONS for item in obstacles.obstacles(one, operation) if item.code == code
    } == operations


@pytest.mark.parametrize(
    ("wish", "after", "words"),
    [
        ({}, machine(A1, None), "Hard disk 1 is not encrypted"),
        ({"provider": "b"}, machine(B1, A1), "Hard disk 1 has a key of a, not of b"),
        ({}, machine(None, None, readable=False), "its configuration can no longer be read"),
    ],
)
def test_shortfalls_in_words(wish: dict[str, t.Any], after: Machine, words: str) -> None:
    assert words in fleet_plan.shortfalls(plan(machine(None, None), default="a", **wish), after)


def test_a_key_that_stayed_the_same_is_a_shortfall() -> None:
    work = plan(machine(A1, A1), state="rekeyed")
    assert fleet_plan.shortfalls(work, machine(A2, A1)) == ["Hard disk 1 still has its key 1"]
    assert fleet_plan.shortfalls(plan(machine(A1, A1), state="decrypted"), machine(None, A1)) == [
        "Hard disk 1 is still encrypted"
    ]
