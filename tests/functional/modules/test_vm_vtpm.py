# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vm_vtpm: vTPMs of many VMs, added where nothing stands in the way, removed where the names were typed again."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.ovhcloud.vmware_encryption.tests.functional.conftest import RunModule
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.fleet_helpers import (
    NATIVE,
    converge,
    is_clear,
    is_encrypted,
    keys_of,
    outcomes,
    prepare,
    refused,
    rows,
    runner,
    watched,
)
from ansible_collections.ovhcloud.vmware_encryption.tests.functional.modules.vsphere_helpers import PROVIDER
from ansible_collections.ovhcloud.vmware_encryption.tests.lab import Lab

ONE: dict[str, t.Any] = {"selection": {"names": ["vm1"]}}
TWO: dict[str, t.Any] = {"selection": {"names": ["vm1", "vm2"]}}
ABSENT: dict[str, t.Any] = {"state": "absent", "confirm_names": ["vm1", "vm2"]}


@pytest.mark.oldest("vm_vtpm", "life")
def test_added_and_removed(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    machines = [lab.vcenter.inventory.vm(name) for name in ("vm1", "vm2")]
    run = runner(run_module, "vm_vtpm", **TWO)
    done = converge(lab, run)
    assert outcomes(done) == {"vm1": "done", "vm2": "done"}
    for machine in machines:
        home, *disks = keys_of(machine)
        assert (machine.tpm, home.provider, any(disks)) == (True, NATIVE, False)
        after = rows(done)[machine.name]["after"]
        assert (after["vtpm"], after["encryption_state"], after["providers"]) == (True, "vtpm_only", [NATIVE])
    assert done.diff["before"]["vm1"]["vtpm"] is False and done.diff["after"]["vm1"]["vtpm"] is True
    assert "policies" not in done.output and "rewritten_bytes" not in done.output
    gone = converge(lab, run, **ABSENT)
    assert {row["action"] for row in rows(gone).values()} == {"remove_vtpm"}
    assert all(not machine.tpm and is_clear(machine) for machine in machines)
    converge(lab, run)


def test_the_key_comes_from_the_default_of_the_cluster(lab: Lab, run_module: RunModule) -> None:
    prepare(lab, run_module)
    cluster = lab.vcenter.inventory.cluster("C0")
    lab.vcenter.crypto.entity_defaults[cluster.reference._moId] = PROVIDER
    done = converge(lab, runner(run_module, "vm_vtpm", **ONE))
    assert rows(done)["vm1"]["after"]["providers"] == [PROVIDER]


def test_an_encrypted_vm_keeps_its_keys(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    machine = lab.vcenter.inventory.vm("vm1")
    lab.vcenter.inventory.encrypt(machine, NATIVE, "a key of before")
    before = keys_of(machine)
    lab.vcenter.crypto.default = None  # nothing needs a new key
    run = runner(run_module, "vm_vtpm", **ONE)
    converge(lab, run)
    assert machine.tpm and keys_of(machine) == before
    done = converge(lab, run, state="absent", confirm_names=["vm1"])
    assert rows(done)["vm1"]["after"]["encryption_state"] == "encrypted"
    assert is_encrypted(machine, NATIVE) and not done.warnings


def test_running_vms_are_shut_down_if_allowed(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    machine = lab.vcenter.inventory.vm("vm1")
    machine.power_state, machine.tools = "poweredOn", True
    run = runner(run_module, "vm_vtpm", **ONE)
    assert "it is powered on" in refused(lab, run, "refused_by_guard")
    done = converge(lab, run, power_off="shutdown")
    assert rows(done)["vm1"]["shutdown"] and machine.tpm and machine.power_state == "poweredOn"


OBSTACLES = [
    ({"firmware": "bios"}, "vtpm_firmware", "present"),
    ({"hardware": "vmx-13"}, "vtpm_hardware_version", "present"),
    ({"power_state": "suspended"}, "suspended", "both"),
    ({"template": True}, "template", "both"),
    ({"fault_tolerance": "running"}, "fault_tolerance", "both"),
    ({"connection_state": "disconnected"}, "not_connected", "both"),
    ({"locked": True}, "locked", "absent"),
    ({}, "snapshots", "both"),
]


@pytest.mark.parametrize(
    ("fields", "code", "state"),
    [
        pytest.param(fields, code, state, id=f"{code}-{state}")
        for fields, code, states in OBSTACLES
        for state in (("present", "absent") if states == "both" else (states,))
    ],
)
def test_every_obstacle_is_told_before_the_first_write(
    lab: Lab, run_module: RunModule, fields: dict[str, t.Any], code: str, state: str
) -> None:
    prepare(lab)
    inventory = lab.vcenter.inventory
    if state == "absent":
        for name in ("vm1", "vm2"):
            inventory.give_tpm(inventory.vm(name), NATIVE, "a key of before")
    machine = inventory.vm("vm1")
    for name, value in fields.items():
        setattr(machine, name, value)
    if code == "snapshots":
        inventory.snapshot(machine, "nightly")
    options = ABSENT if state == "absent" else {}
    run = runner(run_module, "vm_vtpm", **TWO, **options)
    assert refused(lab, run, "refused_by_guard").startswith("1 of 2 VMs are blocked")
    result, writes = watched(lab, lambda: run(blocked="skip"))
    assert (outcomes(result), writes) == ({"vm1": "blocked", "vm2": "done"}, ["ReconfigVM_Task"])
    assert code in [one["code"] for one in rows(result)["vm1"]["obstacles"]]


def test_what_is_no_obstacle(lab: Lab, run_module: RunModule) -> None:
    """Only the home is encrypted: disks that cannot be encrypted do no harm, and old firmware loses its vTPM."""
    prepare(lab)
    inventory = lab.vcenter.inventory
    inventory.add_disk(inventory.vm("vm1"), kind="rdm")
    inventory.add_disk(inventory.vm("vm1"), sharing="sharingMultiWriter")
    run = runner(run_module, "vm_vtpm", **ONE)
    assert not run().failed and inventory.vm("vm1").tpm
    inventory.vm("vm1").firmware = "bios"
    assert not run(state="absent", confirm_names=["vm-1"]).failed and not inventory.vm("vm1").tpm


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (None, "2 vTPMs would be removed, of vm1, vm2"),
        ([], "2 vTPMs would be removed, of vm1, vm2"),
        (["vm1"], "1 vTPM would be removed, of vm2"),
        (["vm1", "vm2", "vm9"], "confirm_names has vm9, which no selected VM is called"),
        (["VM1", "vm2"], "confirm_names has VM1"),
    ],
)
def test_no_vtpm_goes_whose_vm_was_not_named_again(
    lab: Lab, run_module: RunModule, typed: list[str] | None, words: str
) -> None:
    prepare(lab)
    inventory = lab.vcenter.inventory
    for name in ("vm1", "vm2"):
        inventory.give_tpm(inventory.vm(name), NATIVE, "a key of before")
    given = {} if typed is None else {"confirm_names": typed}
    for blocked in ("fail", "skip"):
        run = runner(run_module, "vm_vtpm", **TWO, state="absent", blocked=blocked, **given)
        assert words in refused(lab, run, "refused_by_guard")
    assert inventory.vm("vm1").tpm and inventory.vm("vm2").tpm


@pytest.mark.parametrize(("name", "typed"), [("vm1", "vm1"), ("a%2fb", "a%2fb"), ("a%2fb", "a/b")])
def test_vms_that_share_a_name_are_confirmed_by_their_ids(
    lab: Lab, run_module: RunModule, name: str, typed: str
) -> None:
    prepare(lab)
    inventory = lab.vcenter.inventory
    twins = [inventory.add_vm(name), inventory.add_vm(name, folder=inventory.add_folder("other"))]
    for machine in twins:
        inventory.give_tpm(machine, NATIVE, "a key of before")
    ids = [machine.reference._moId for machine in twins]
    run = runner(run_module, "vm_vtpm", selection={"ids": ids}, state="absent")
    assert f"confirm_names has {typed}" in refused(lab, run, "refused_by_guard", confirm_names=[typed])
    done = run(confirm_names=ids)
    assert done.changed and set(done.diff["before"]) == {f"{name} ({one})" for one in ids}, done.output
    assert not run(confirm_names=ids).changed
    assert not any(machine.tpm for machine in twins)


def test_name_that_is_the_id_of_another_vm_confirms_only_itself(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    inventory = lab.vcenter.inventory
    first, second = inventory.vm("vm1"), inventory.vm("vm2")
    second.name = first.reference._moId
    for machine in (first, second):
        inventory.give_tpm(machine, NATIVE, "a key of before")
    run = runner(run_module, "vm_vtpm", selection={"ids": [first.reference._moId, second.reference._moId]})
    message = refused(lab, run, "refused_by_guard", state="absent", confirm_names=[second.name])
    assert "1 vTPM would be removed, of vm1;" in message
    assert not run(state="absent", confirm_names=["vm1", second.name]).failed
    assert not first.tpm and not second.tpm


@pytest.mark.parametrize("name", ["web ", " web"])
def test_name_with_spaces_around_it_is_typed_with_them(lab: Lab, run_module: RunModule, name: str) -> None:
    """vCenter keeps them (rename in a script); lists do not show them."""
    prepare(lab)
    machine = lab.vcenter.inventory.vm("vm1")
    machine.name = name
    lab.vcenter.inventory.give_tpm(machine, NATIVE, "a key of before")
    run = runner(run_module, "vm_vtpm", selection={"ids": [machine.reference._moId]}, state="absent")
    assert f"would be removed, of {name!r};" in refused(lab, run, "refused_by_guard")
    message = refused(lab, run, "refused_by_guard", confirm_names=["web"])
    assert message.endswith(f"With their spaces, type {name!r}"), message
    assert not run(confirm_names=[name]).failed and not machine.tpm


@pytest.mark.parametrize("typed", ["", [" "]])
def test_blank_names_are_none(lab: Lab, run_module: RunModule, typed: t.Any) -> None:
    prepare(lab)
    assert not runner(run_module, "vm_vtpm", **ONE)(confirm_names=typed).failed
    message = refused(
        lab, runner(run_module, "vm_vtpm", **ONE), "refused_by_guard", state="absent", confirm_names=typed
    )
    assert "1 vTPM would be removed, of vm1" in message


@pytest.mark.oldest("vm_vtpm", "refusal")
@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"selection": {}}, "invalid_input", "selection is empty"),
        ({"selection": {"names": ["nobody"]}}, "not_found", "VM nobody"),
        ({"max_parallel": 0}, "invalid_input", "max_parallel"),
    ],
)
def test_bad_input(lab: Lab, run_module: RunModule, options: dict[str, t.Any], kind: str, words: str) -> None:
    prepare(lab)
    assert words in refused(lab, runner(run_module, "vm_vtpm"), kind, **options)


def test_a_default_provider_that_gives_keys_is_needed(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    run = runner(run_module, "vm_vtpm", **ONE)
    lab.vcenter.crypto.default = None
    message = refused(lab, run, "invalid_input")
    assert "has a default key provider" in message and "native_key_provider" in message
    lab.vcenter.crypto.add_native("unsaved")
    lab.vcenter.crypto.default = "unsaved"
    assert "has no backup" in refused(lab, run, "refused_by_guard")
    address, port = lab.okms_kmip.address
    server = {"name": "kms", "address": address, "port": port}
    dark: dict[str, t.Any] = {"name": "dark", "servers": [server], "server_ca": lab.okms_public_ca, "default": True}
    assert not run_module("standard_key_provider", wait_timeout=1, **dark).failed  # it has no client certificate
    assert "dark gives no keys now" in refused(lab, run, "key_refused")
    assert not lab.vcenter.inventory.vm("vm1").tpm


@pytest.mark.parametrize("module", ["vm_vtpm", "vm_encryption"])
def test_a_blocked_vm_needs_no_default_provider(lab: Lab, run_module: RunModule, module: str) -> None:
    """It is skipped: what stops the others must be theirs."""
    prepare(lab)
    inventory = lab.vcenter.inventory
    inventory.vm("vm1").template = True
    inventory.encrypt(inventory.vm("vm2"), NATIVE, "a key of before")
    lab.vcenter.crypto.default = None
    run = runner(run_module, module, **TWO)
    assert refused(lab, run, "refused_by_guard").startswith("1 of 2 VMs are blocked")
    expected = "done" if module == "vm_vtpm" else "already"
    assert outcomes(run(blocked="skip")) == {"vm1": "blocked", "vm2": expected}


def test_infrastructure_is_left_alone(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    appliance = lab.vcenter.inventory.add_vm("appliance", product="VMware vCenter Server Appliance")
    result, _writes = watched(lab, runner(run_module, "vm_vtpm"))
    assert (rows(result)["appliance"]["outcome"], appliance.tpm) == ("excluded", False)


def test_zerto_ends_where_a_home_becomes_encrypted(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    inventory = lab.vcenter.inventory
    inventory.add_vm("Z-VRA-esx1")
    encrypted = inventory.vm("vm2")
    inventory.encrypt(encrypted, NATIVE, "a key of before")
    run = runner(run_module, "vm_vtpm", **TWO)
    assert "Zerto" in refused(lab, run, "refused_by_guard", zerto="block")
    done = run()
    assert not done.failed and [one for one in done.warnings if "Zerto replicates vm1," in one], done.output
    assert not [one for one in run().warnings if "Zerto" in one]


def test_a_failed_vm_is_named_and_a_second_run_goes_on(lab: Lab, run_module: RunModule) -> None:
    prepare(lab)
    lab.vcenter.machine_faults.add("vm1", "error", key="msg.vtpm.add.notEncrypted")
    run = runner(run_module, "vm_vtpm", **TWO, max_failures=5)
    result = run()
    assert result.failed and "could not add a vTPM to vm1" in result.msg and "\n" not in result.msg
    assert outcomes(result) == {"vm1": "failed", "vm2": "done"}
    assert outcomes(run()) == {"vm1": "done", "vm2": "already"}


@pytest.mark.parametrize(
    "privilege", ["Cryptographer.Encrypt", "Cryptographer.ManageKeyServers", "VirtualMachine.Config.AddRemoveDevice"]
)
def test_a_missing_right_is_named(lab: Lab, run_module: RunModule, privilege: str) -> None:
    prepare(lab)
    granted = lab.vcenter.authenticate(lab.vcenter_username, lab.vcenter_password)
    assert granted is not None
    lab.vcenter.authenticate = lambda _login, _password: frozenset(granted) - {privilege}
    result = runner(run_module, "vm_vtpm", **ONE)()
    assert result.failed and privilege in result.msg and "\n" not in result.msg
    assert not lab.vcenter.inventory.vm("vm1").tpm
