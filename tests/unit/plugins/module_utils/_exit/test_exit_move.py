# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which VMs may move to another vCenter, and what has arrived."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.arrival import arrival, arrived_keys
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.move import move, wanted_keys
from ansible_collections.ovhcloud.vmware_encryption.plugins.module_utils._exit.record import (
    NotARecordError,
    loaded_record,
    recorded,
)

KEY = {"provider": "okms", "key_id": "k1"}
VM: dict[str, t.Any] = {
    "name": "db-01", "moid": "vm-1", "instance_uuid": "i1", "uuid": "b1", "encryption_state": "encrypted",
    "providers": ["okms"],
    "home": {"provider": "okms", "key_id": "k1"}, "disks": [{"provider": "okms", "key_id": "k1"}, {"key_id": None}],
}  # fmt: skip
PROVIDER: dict[str, t.Any] = {"name": "okms", "type": "standard", "key_id": None}
NATIVE = {"name": "okms", "type": "native", "key_id": "n1"}
GOOD = {**KEY, "available": True, "reason": None, "next_step": None}
BAD = {**KEY, "available": False, "reason": "not in the KMS", "next_step": "restore it"}


def side(name: str, provider: t.Any = (), version: str = "8.0.3", **more: t.Any) -> dict[str, t.Any]:
    """What is known of a vCenter."""
    provider = PROVIDER if provider == () else provider
    providers = [provider] if provider else []
    return {"vcenter": name, "vcenter_version": version, "key_providers": providers, "provider": "okms", **more}


def verdict(
    machine: t.Any = None, keys: t.Any = (GOOD,), old: t.Any = (), new: t.Any = (), **versions: str
) -> tuple[dict[str, t.Any], dict[str, str]]:
    """The whole verdict, and for its only VM the answers by way."""
    source = side("old", old, versions.get("source", "8.0.3"), virtual_machines=[machine or VM])
    made = move(source, side("new", new, versions.get("target", "8.0.3")), list(keys), {})
    return made, {one["way"]: one["may"] for one in made["virtual_machines"][0]["ways"]}


def test_vm_whose_keys_are_there_may_move() -> None:
    made, ways = verdict()
    assert made["may_move"] and made["held"] == [] and made["trouble"] == []
    assert ways == {"cross-vCenter vMotion": "yes", "replication": "no", "restore from a backup": "yes"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"keys": [BAD]}, "cannot get its key k1 of okms: not in the KMS"),
        ({"keys": []}, "nobody asked for it"),
        ({"new": None}, "new has no key provider okms"),
        ({"new": NATIVE}, "okms is native in new, and standard in old"),
        ({"old": NATIVE, "new": {**NATIVE, "key_id": "n2"}}, "has the key id n2, not n1"),
        ({"old": {**NATIVE, "key_id": None}, "new": {**NATIVE, "key_id": None}}, "has the key id unknown"),
        ({"source": "6.7.0"}, "old has version 6.7.0"),
        ({"target": "6.7.0"}, "new has version 6.7.0"),
        ({"machine": {**VM, "locked": True}}, "unlock it first"),
        ({"machine": {**VM, "template": True}}, "convert it to a VM first"),
        ({"machine": {**VM, "providers": [], "encryption_state": "unreadable"}}, "its configuration cannot be read"),
    ],
)
def test_what_holds_a_vm_is_told(options: dict[str, t.Any], words: str) -> None:
    made, ways = verdict(**options)
    assert not made["may_move"] and words in made["held"][0]["reason"]
    assert ways["cross-vCenter vMotion"] == "no"


def test_target_that_gets_no_key_at_all_has_two_causes() -> None:
    made = [verdict(keys=[BAD]), verdict(keys=[GOOD]), verdict(keys=[BAD], new=None)]
    told = ["may only answer for keys that it knows" in " ".join(one["table"]) for one, _ways in made]
    assert told == [True, False, False]


def test_same_native_provider_lets_vms_move() -> None:
    assert verdict(old=NATIVE, new=NATIVE)[0]["may_move"]


def test_vtpm_makes_a_restore_uncertain() -> None:
    made, ways = verdict({**VM, "vtpm": True})
    assert ways["restore from a backup"] == "not known"
    assert any("try it with a copy first" in line for line in made["table"])


def test_keys_of_other_providers_of_a_vm_are_asked_for_too() -> None:
    mixed = {**VM, "providers": ["nkp", "okms"], "disks": [{"provider": "nkp", "key_id": "k9"}]}
    assert wanted_keys([mixed, {**VM, "providers": ["nkp"]}], "okms") == [{"provider": "nkp", "key_id": "k9"}, KEY]


LAYERED = {**VM, "disks": [{"key_id": None, "keys_below": [{"provider": "nkp", "key_id": "k9"}]}]}


def test_keys_below_snapshots_are_asked_for_and_hold_the_vm() -> None:
    lost = {**BAD, "provider": "nkp", "key_id": "k9"}
    assert wanted_keys([LAYERED], "okms") == [{"provider": "nkp", "key_id": "k9"}, KEY]
    made, _ways = verdict(LAYERED, [GOOD, lost])
    assert not made["may_move"] and "its key k9 of nkp: not in the KMS" in made["held"][0]["reason"]
    # nothing of it is encrypted but what lies below a snapshot
    bare = {**LAYERED, "home": {}, "providers": [], "encryption_state": "unencrypted"}
    assert wanted_keys([bare, {**VM, "providers": []}], "nkp") == [{"provider": "nkp", "key_id": "k9"}]


def test_vm_that_left_the_provider_leaves_the_record() -> None:
    before = {"virtual_machines": [{"name": "db-01", "moid": "vm-1"}]}
    made = move(
        side("old", virtual_machines=[{**VM, "providers": [], "home": {}, "disks": []}]), side("new"), [], before
    )
    assert made["virtual_machines"] == []


def test_what_has_moved_stays_in_the_record() -> None:
    before = {"virtual_machines": [{"name": "gone", "moid": "vm-9"}, {"name": "db-01", "moid": "vm-1", "old": True}]}
    source = side("old", virtual_machines=[VM])
    made = move(source, side("new"), [GOOD], before)
    assert [(one["name"], one.get("old")) for one in made["virtual_machines"]] == [("db-01", None), ("gone", None)]


RECORD = {"provider": "okms", "source": {}, "target": {}, "virtual_machines": [VM]}


@pytest.mark.parametrize(
    ("target", "source", "standing"),
    [
        ([VM], [], "arrived"),
        ([VM], None, "arrived"),
        ([{**VM, "instance_uuid": "other"}], [], "arrived"),
        # a stranger of the same name, wherever the VM of the record is
        ([{**VM, "instance_uuid": "x", "uuid": "y"}], [], "only a VM of the same name"),
        ([{**VM, "instance_uuid": "x", "uuid": "y"}], [VM], "at the source"),
        ([VM], [{**VM, "instance_uuid": "x", "uuid": "y"}], "arrived"),
        ([], [VM], "at the source"),
        ([VM], [VM], "in both vCenters"),
        ([], [], "in neither vCenter"),
        # two have its name, and neither its UUIDs
        ([{**VM, "instance_uuid": x, "uuid": x} for x in "ab"], [], "in neither vCenter"),
        ([{**VM, "locked": True}], [], "arrived, but locked"),
        ([{**VM, "encryption_state": "unencrypted"}], [], "arrived unencrypted"),
        ([{**VM, "encryption_state": "unreadable"}], [], "arrived, but not readable"),
        ([{**VM, "providers": ["other"]}], [], "arrived with keys of another provider"),
    ],
)
def test_each_vm_has_its_standing(target: t.Any, source: t.Any, standing: str) -> None:
    made = arrival(RECORD, target, source, [GOOD])
    assert made["counts"] == {standing: 1} and made["complete"] == (standing == "arrived")
    assert bool(made["virtual_machines"][0]["next_step"]) == (standing != "arrived")


@pytest.mark.parametrize(
    ("known", "standing"),
    [({}, "arrived"), ({"uuid": "b1"}, "only a VM of the same name"), ({"uuid": "b2"}, "arrived")],
)
def test_name_counts_only_without_uuids(known: dict[str, t.Any], standing: str) -> None:
    record = {**RECORD, "virtual_machines": [{**VM, "instance_uuid": None, "uuid": None, "providers": [], **known}]}
    made = arrival(record, [{**VM, "instance_uuid": "i2", "uuid": "b2"}], [], [GOOD])
    assert made["counts"] == {standing: 1}


def test_key_that_is_lost_after_the_move_is_told() -> None:
    made = arrival(RECORD, [VM], [], [BAD])
    assert made["virtual_machines"][0]["standing"] == "arrived, but its key is unavailable"
    assert arrived_keys(RECORD, [VM]) == [KEY]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "ovhcloud.vmware_encryption.move", "schema": 1}'])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(NotARecordError):
        loaded_record(text)


def test_record_can_be_read_again() -> None:
    assert loaded_record(recorded({**RECORD, "table": ["x"]}))["virtual_machines"] == [VM]
