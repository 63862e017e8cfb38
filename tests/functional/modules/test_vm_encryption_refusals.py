# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vm_encryption and vm_rekey refuse before the first write, with the reason and the next step."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.fleet_helpers import (
    NATIVE,
    is_clear,
    is_encrypted,
    outcomes,
    prepare,
    refused,
    rows,
    runner,
    watched,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.vcenter import Inventory

Machine = t.Any
Spoil = t.Callable[[Inventory, Machine], t.Any]


def _set(**fields: t.Any) -> Spoil:
    def change(_inventory: Inventory, machine: Machine) -> None:
        for name, value in fields.items():
            setattr(machine, name, value)

    return change


def _snapshots(branched: bool = False) -> Spoil:
    def change(inventory: Inventory, machine: Machine) -> None:
        first = inventory.snapshot(machine, "first")
        for name in ("second", "third")[: 2 if branched else 1]:
            inventory.snapshot(machine, name, first)

    return change


def _linked(inventory: Inventory, machine: Machine) -> None:
    inventory.snapshot(inventory.vm("vm2"), "base")
    machine.disks = inventory.clone(inventory.vm("vm2"), "clone", linked=True).disks


def _left_over(_inventory: Inventory, machine: Machine) -> None:
    """A delta disk in the VM's own folder, of a snapshot that is gone: what a failed backup leaves."""
    disk = machine.disks[0]
    disk.parents, disk.file_name = [disk.file_name], disk.file_name.replace(".vmdk", "-000001.vmdk")


def _off_tree(inventory: Inventory, machine: Machine) -> None:
    """Its disks hang on those of a snapshot, and vCenter names none as the current one."""
    inventory.snapshot(machine, "first")
    machine.off_tree = True


def _disk(**fields: t.Any) -> Spoil:
    return lambda inventory, machine: inventory.add_disk(machine, **fields)


def _ide(_inventory: Inventory, machine: Machine) -> None:
    machine.power_state = "poweredOn"


ENCRYPT: dict[str, t.Any] = {}
MOVE: dict[str, t.Any] = {"provider": "other"}
DECRYPT: dict[str, t.Any] = {"state": "decrypted"}
SHALLOW: dict[str, t.Any] = {"module": "vm_rekey"}
DEEP: dict[str, t.Any] = {"module": "vm_rekey", "mode": "deep"}

# what is wrong with the VM, and each operation that it stops with the code; others must be done
TABLE: list[tuple[str, Spoil, dict[str, list[dict[str, t.Any]]]]] = [
    ("vm1", _set(power_state="poweredOn"), {"powered_on": [ENCRYPT, DECRYPT, DEEP]}),
    ("vm1", _set(power_state="suspended"), {"suspended": [ENCRYPT, DECRYPT, DEEP]}),
    ("vm1", _snapshots(), {"snapshots": [ENCRYPT, DECRYPT, DEEP]}),
    (
        "vm1",
        _snapshots(branched=True),
        {"snapshots": [ENCRYPT, DECRYPT, DEEP], "branched_snapshots": [MOVE, SHALLOW]},
    ),
    ("vm6", _ide, {"powered_on": [ENCRYPT, DECRYPT, DEEP], "ide_powered_on": [MOVE, SHALLOW]}),
    ("vm1", _linked, {"linked_clone": [ENCRYPT, DECRYPT, MOVE, SHALLOW, DEEP]}),
    ("vm1", _left_over, {"consolidation": [ENCRYPT, DECRYPT, DEEP]}),
    ("vm1", _off_tree, {"snapshots": [ENCRYPT, DECRYPT, DEEP]}),
    ("vm1", _set(hardware="vmx-11"), {"hardware_version": [ENCRYPT]}),
    ("vm1", _disk(kind="rdm"), {"rdm": [ENCRYPT]}),
    ("vm1", _disk(sharing="sharingMultiWriter"), {"shared_disk": [ENCRYPT]}),
    ("vm1", _set(fault_tolerance="running"), {"fault_tolerance": [ENCRYPT, DECRYPT, MOVE, SHALLOW, DEEP]}),
    ("vm1", _set(template=True), {"template": [ENCRYPT, DECRYPT, MOVE, SHALLOW, DEEP]}),
    ("vm1", _set(connection_state="disconnected"), {"not_connected": [ENCRYPT, DECRYPT, MOVE, SHALLOW, DEEP]}),
    ("vm1", _set(locked=True), {"locked": [DECRYPT, MOVE, SHALLOW, DEEP]}),
    ("vm1", _set(tpm=True), {"vtpm": [DECRYPT]}),
]
CASES = [
    pytest.param(name, spoil, code, operation, id=f"{code}-{' '.join(map(str, operation.values())) or 'encrypt'}")
    for name, spoil, stopped in TABLE
    for code, operations in stopped.items()
    for operation in operations
]


@pytest.mark.parametrize(("name", "spoil", "code", "operation"), CASES)
def test_every_obstacle_is_told_before_the_first_write(
    lab: Lab, run_module: RunModule, name: str, spoil: Spoil, code: str, operation: dict[str, t.Any]
) -> None:
    prepare(lab)
    lab.vcenter.crypto.add_native("other", has_backup=True)
    inventory = lab.vcenter.inventory
    machine = inventory.vm(name)
    options = dict(operation)
    module = options.pop("module", "vm_encryption")
    if operation is not ENCRYPT:
        for one in inventory.vms:
            inventory.encrypt(one, NATIVE, "a key of before")
    spoil(inventory, machine)
    run = runner(run_module, module, selection={"names": [name, "vm3"]}, **options)
    # the VM alone is named, and nothing was done to the other one either
    assert refused(lab, run, "refused_by_guard").startswith("1 of 2 VMs are blocked")
    result, writes = watched(lab, lambda: run(blocked="skip"))
    assert not result.failed, result.msg
    assert outcomes(result) == {name: "blocked", "vm3": "done"}
    assert writes == ["ReconfigVM_Task"]
    found = rows(result)[name]["obstacles"]
    assert code in [one["code"] for one in found]
    assert all(one["reason"] and one["next_step"] for one in found)


ALLOWED = [
    pytest.param(name, spoil, operation, id=f"{'-'.join(stopped)}-{' '.join(map(str, operation.values()))}")
    for name, spoil, stopped in TABLE
    # that a VM is locked, disconnected, or has a disk that is never encrypted, is no matter of rules
    if not {"locked", "rdm", "shared_disk"} & set(stopped)
    for operation in (MOVE, SHALLOW, DEEP, DECRYPT)
    if not any(operation in some for some in stopped.values())
]


@pytest.mark.parametrize(("name", "spoil", "operation"), ALLOWED)
def test_the_rules_are_no_stricter_than_vcenter(
    lab: Lab, run_module: RunModule, name: str, spoil: Spoil, operation: dict[str, t.Any]
) -> None:
    """What is not in the table as stopped succeeds."""
    prepare(lab)
    lab.vcenter.crypto.add_native("other", has_backup=True)
    inventory = lab.vcenter.inventory
    inventory.encrypt(inventory.vm(name), NATIVE, "a key of before")
    spoil(inventory, inventory.vm(name))
    options = dict(operation)
    run = runner(run_module, options.pop("module", "vm_encryption"), selection={"names": [name]}, **options)
    result, writes = watched(lab, run)
    assert (result.failed, writes) == (False, ["ReconfigVM_Task"]), result.msg


def test_an_unreadable_machine_is_blocked(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    lab.vcenter.inventory.vm("vm1").connection_state = "inaccessible"
    result = runner(run_module, blocked="skip")()
    assert outcomes(result)["vm1"] == "blocked"


def test_infrastructure_is_left_alone_unless_told_otherwise(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    inventory = lab.vcenter.inventory
    appliance = inventory.add_vm("appliance", product="VMware vCenter Server Appliance")
    result, _writes = watched(lab, runner(run_module))
    assert not result.failed, result.msg
    assert (rows(result)["appliance"]["outcome"], is_clear(appliance)) == ("excluded", True)
    assert rows(result)["appliance"]["obstacles"][0]["code"] == "infrastructure"
    result = runner(run_module, selection={"names": ["appliance"]}, exclude={"infrastructure": False})()
    assert (result.failed, is_encrypted(appliance, NATIVE)) == (False, True)


@pytest.mark.oldest("vm_encryption", "refusal")
@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"selection": {}}, "invalid_input", "selection is empty"),
        ({"selection": {"names": ["vm1", "nobody"]}}, "not_found", "VM nobody"),
        ({"provider": "nobody"}, "not_found", "no key provider nobody"),
        ({"policy": "nobody"}, "not_found", "nobody"),
        ({"policy": "vSAN Default Storage Policy"}, "invalid_input", "vSAN Default Storage Policy"),
        ({"state": "decrypted", "provider": NATIVE}, "invalid_input", "provider and policy"),
        ({"max_parallel": 0}, "invalid_input", "max_parallel"),
        ({"max_failures": -1}, "invalid_input", "max_failures"),
        ({"shutdown_timeout": 0}, "invalid_input", "shutdown_timeout"),
        ({"provider": "unsaved"}, "refused_by_guard", "has no backup"),
        ({"provider": "dark"}, "key_refused", "gives no keys now"),
    ],
)
def test_bad_input(lab: Lab, run_module: RunModule, options: dict[str, t.Any], kind: str, words: str) -> None:
    prepare(lab)
    lab.vcenter.crypto.add_native("unsaved")
    _dark(lab, run_module)
    assert words in refused(lab, runner(run_module), kind, **options)


def _dark(lab: Lab, run_module: RunModule) -> None:
    """A standard provider whose server trusts nobody."""
    address, port = lab.okms_kmip.address
    server = {"name": "kms", "address": address, "port": port}
    made = run_module(
        "standard_key_provider", name="dark", servers=[server], server_ca=lab.okms_public_ca, wait_timeout=1
    )
    assert not made.failed, made.msg


def test_no_default_provider(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    lab.vcenter.crypto.default = None
    assert "has a default key provider" in refused(lab, runner(run_module), "invalid_input")


@pytest.mark.parametrize(
    "privilege", ["Cryptographer.Encrypt", "Cryptographer.ManageKeyServers", "StorageProfile.View"]
)
def test_a_missing_right_is_named(lab: Lab, run_module: RunModule, privilege: str) -> None:
    prepare(lab)
    granted = lab.vcenter.authenticate(lab.vcenter_username, lab.vcenter_password)
    assert granted is not None
    lab.vcenter.authenticate = lambda _login, _password: frozenset(granted) - {privilege}
    result = runner(run_module)()
    assert result.failed and privilege in result.msg and "\n" not in result.msg
    assert all(is_clear(machine) for machine in lab.vcenter.inventory.vms)
